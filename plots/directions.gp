# What is known of every eigendirection, the value of every head, and the loss with the levels that it should rest on.
left = beside; right = (paged ? rim : 175.0) + level_wide
width = paged ? page : left + 950.0 + right
wide = width - left - right
high = paged ? 110.0 : 230.0
entries(k) = k == 1 ? least(shown(patterns), 12) : k == 2 ? least(shown(heads), 12) : 1 + (levels_drawn > 0)
room_above(k) = (k == 1 ? head_high : paged ? 10.0 : 18.0) + legend_high(wide, entries(k), k == 1 ? 12 : 9) + (k == 3 && paged ? stage_room : 0)
row_top(k) = room_above(k) + (k > 1 ? row_top(k - 1) + high : 0)
height = row_top(3) + high + below

do for [h = 1:heads] { set style line h lc rgb head_colour(h) dt head_dash(h) lw 2.5 }
do for [j = 1:patterns] { set style line heads + j lc palette frac pattern_shade(j) dt pattern_dash(j) lw 3 }

eval forget
stats trajectory using (sum [h = 1:shown(heads)] see(column(sprintf("value_%d", h)))) nooutput
values_move = seen && has_room(seen_low, seen_high)
value_middle = seen ? (seen_low + seen_high) / 2 : 0.0
eval forget
stats trajectory using (see(column("loss"))) nooutput
loss_most = seen && seen_high > 1e-290 ? seen_high : 1.0

eval canvas(width, height)
set multiplot
eval frame
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
legend_of(k) = letter(k, 2, row_top(k)) . ";" . \
  legend(left, row_top(k) - (k == 3 && paged ? stage_room : 0), wide + (paged ? 0 : level_wide), entries(k), k == 1 ? 12 : 9)

eval place(left, row_top(1), wide, high)
eval time_ticks(wide, 0)
eval findings(1)
eval legend_of(1)
eval title_at(left)
set ylabel paged ? label_known : "known of a direction"
set yrange [-0.05:1.1]
set ytics paged ? 0.5 : 0.25
plot for [j = 1:shown(patterns)] trajectory using axis_column:sprintf("known_%d", j) with lines ls heads + j \
       title j > 12 ? "" : sprintf("direction %d", j)
unset label 1

eval place(left, row_top(2), wide, high)
eval findings(0)
eval legend_of(2)
set ylabel paged ? label_value : "value of a head"
if (values_move) { set yrange [*:*]; set offsets 0, 0, graph 0.05, graph 0.05 } \
else { set yrange [value_middle - 1:value_middle + 1] }
set ytics autofreq
plot for [h = 1:shown(heads)] trajectory using axis_column:sprintf("value_%d", h) with lines ls h \
       title h > 12 ? "" : sprintf("head %d", h)
unset offsets

eval place(left, row_top(3), wide, high)
eval time_ticks(wide, 1)
eval findings(0)
eval legend_of(3)
eval stage_numbers(high)
set ylabel label_loss
set xlabel findings_xlabel
set yrange [0:loss_most * 1.08]
eval level_axis(0, loss_most * 1.08, 0, high)
plot trajectory using axis_column:"loss" with lines lc rgb "black" lw 4 title "loss" @and_predicted
unset multiplot
set output
