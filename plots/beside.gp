# Curves of logs beside the flow, in flow time, with the levels at which their stages are compared.
flow_table = folder . "../flow/trajectory.tsv"
samples = folder . "../samples.tsv"
panels = shown(curves)

# Flow time of a step: of late ones lr/(1 - momentum), less at first.
time_of(n) = momentum == 0 ? lr * n : lr / (1 - momentum) * (n - momentum * (1 - momentum**n) / (1 - momentum))

left = beside; right = paged ? rim : 240.0
width = paged ? page : left + 900.0 + right
wide = width - left - right
high = paged ? 190.0 : 430.0
longest = 15
do for [k = 1:panels] { longest = most(longest, strlen(curve_names[k])) }
top = head_high + legend_high(wide, panels + 2, longest)
height = top + high + below
colour(k) = head_colour(k)

eval forget
stats samples using (see(time_of(column("t")))) nooutput
t_last = seen && seen_high > 1e-290 ? seen_high : t_end
t_low = log_time ? least(t_first, t_last / 10.0) : 0.0
eval forget
stats flow_table using (see(column("loss"))) nooutput
loss_low = seen ? seen_low : 0.0
loss_high = seen ? seen_high : 1.0
eval forget
stats samples using (see(column("loss"))) nooutput
if (seen) { loss_low = least(loss_low, seen_low); loss_high = most(loss_high, seen_high) }
if (!has_room(loss_low, loss_high)) { loss_high = loss_low + 1 }
margin = 0.05 * (loss_high - loss_low)

eval canvas(width, height)
eval frame
eval place(left, top, wide, high)
eval title_at(left)
if (!paged && has_title) { set label 2 momentum > 0 ? sprintf("lr %g, momentum %g", lr, momentum) : sprintf("lr %g", lr) at screen across(left + wide), up(24) right }
if (log_time) { set logscale x }
set xrange [t_low:t_last]
set yrange [loss_low - margin:loss_high + margin]
set xlabel label_time
set ylabel label_loss
eval legend(left, top, wide, panels + 2, longest)
if (log_time) { eval scale("x", t_low, t_last, 1, wide / 60) }
if (paged) { if (!log_time) { set xtics round_up((t_last - t_low) / (wide / 70.0)) } }
plot for [k = 1:words(levels)] as_number(word(levels, k)) with lines lc rgb "#909090" dt 3 lw 1.2 \
       title k == 1 ? "levels compared" : "", \
     for [k = 1:panels] samples using (column("curve") == k ? time_of(column("t")) : NaN):"loss" with points pt 7 ps 0.3 \
       lc rgb colour(k) notitle, \
     for [k = 1:panels] NaN with points pt 7 ps 0.9 lc rgb colour(k) title curve_names[k], \
     flow_table using "t":"loss" with lines lc rgb "black" lw 2.5 title "flow"
set output
