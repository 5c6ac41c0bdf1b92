# Curves of logs beside the flow, in flow time, with the levels at which their stages are compared.
flow_table = folder . "../flow/trajectory.tsv"
samples = folder . "../samples.tsv"
panels = shown(curves)

# Flow time of a step: of late ones lr/(1 - momentum), less at first.
time_of(n) = momentum == 0 ? lr * n : lr / (1 - momentum) * (n - momentum * (1 - momentum**n) / (1 - momentum))

left = 95.0; right = 240.0; top = 72.0; wide = 900.0; high = 430.0; bottom = 62.0
width = left + wide + right
height = top + high + bottom
colour(k) = word("#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9", (k - 1) % 6 + 1)

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
set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3 format "%g" textcolor rgb "black"
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
eval place(left, top, wide, high)
set label 1 run_title at screen across(left), up(24) font title_font
set label 2 momentum > 0 ? sprintf("lr %g, momentum %g", lr, momentum) : sprintf("lr %g", lr) at screen across(left + wide), up(24) right
if (log_time) { set logscale x }
set xrange [t_low:t_last]
set yrange [loss_low - margin:loss_high + margin]
set xlabel "flow time t"
set ylabel "loss"
set key at screen across(left + wide + 14), up(top) left top Left reverse samplen 2.4 spacing 1.25
plot for [k = 1:words(levels)] as_number(word(levels, k)) with lines lc rgb "#909090" dt 3 lw 1.2 \
       title k == 1 ? "levels compared" : "", \
     for [k = 1:panels] samples using (column("curve") == k ? time_of(column("t")) : NaN):"loss" with points pt 7 ps 0.3 \
       lc rgb colour(k) notitle, \
     for [k = 1:panels] NaN with points pt 7 ps 0.9 lc rgb colour(k) title curve_names[k], \
     flow_table using "t":"loss" with lines lc rgb "black" lw 2.5 title "flow"
set output
