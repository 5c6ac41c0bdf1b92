# What is known of every eigendirection, the value of every head, and the loss with the levels that it should rest on.
left = 95.0; right = 175.0; top = 72.0; row_gap = 18.0; bottom = 62.0
wide = 950.0; high = 230.0
width = left + wide + right
height = top + 3 * high + 2 * row_gap + bottom
row_top(k) = top + (k - 1) * (high + row_gap)

do for [h = 1:heads] { set style line h lc rgb head_colour(h) dt head_dash(h) lw 2.5 }
do for [j = 1:patterns] { set style line heads + j lc palette frac pattern_shade(j) dt pattern_dash(j) lw 3 }

# Where the loss should come to rest, after what has been learned so far.
levels = ""
add_level(x) = !is_finite(x) ? 0 : (l = sprintf(" %.9g", x), levels = strstrt(levels . " ", l . " ") ? levels : levels . l, 0)
if (has_events) { stats plateaus using (add_level(column("predicted_loss"))) nooutput }
level(k) = k > words(levels) ? NaN : as_number(word(levels, k))
eval forget
stats trajectory using (sum [h = 1:shown(heads)] see(column(sprintf("value_%d", h)))) nooutput
values_move = seen && has_room(seen_low, seen_high)
value_middle = seen ? (seen_low + seen_high) / 2 : 0.0
eval forget
stats trajectory using (see(column("loss"))) nooutput
loss_most = seen && seen_high > 1e-290 ? seen_high : 1.0

eval canvas(width, height)
set multiplot
set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3 format "%g" textcolor rgb "black"
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
unset colorbox
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
legend_at(y) = sprintf("set key at screen %g, %g left top Left reverse samplen 2.8 spacing 1.25", \
                       across(width - right + 12), up(y))

eval place(left, row_top(1), wide, high)
eval time_ticks(wide, 0)
eval findings(1)
eval legend_at(row_top(1))
set label 1 run_title at screen across(left), up(24) font title_font
set ylabel "known of a direction"
set yrange [-0.05:1.1]
set ytics 0.25
plot for [j = 1:shown(patterns)] trajectory using axis_column:sprintf("known_%d", j) with lines ls heads + j \
       title j > 12 ? "" : sprintf("direction %d", j)
unset label 1

eval place(left, row_top(2), wide, high)
eval findings(0)
eval legend_at(row_top(2))
set ylabel "value of a head"
if (values_move) { set yrange [*:*]; set offsets 0, 0, graph 0.05, graph 0.05 } \
else { set yrange [value_middle - 1:value_middle + 1] }
set ytics autofreq
plot for [h = 1:shown(heads)] trajectory using axis_column:sprintf("value_%d", h) with lines ls h \
       title h > 12 ? "" : sprintf("head %d", h)
unset offsets

eval place(left, row_top(3), wide, high)
eval time_ticks(wide, 1)
eval findings(0)
eval legend_at(row_top(3))
set ylabel "loss"
set xlabel findings_xlabel
set yrange [0:loss_most * 1.08]
plot for [k = 1:words(levels)] level(k) with lines dt 3 lw 1.2 lc rgb "#505050" notitle, \
     trajectory using axis_column:"loss" with lines lc rgb "black" lw 4 title "loss", \
     NaN with lines dt 3 lw 1.2 lc rgb "#505050" title words(levels) > 0 ? "predicted" : ""
unset multiplot
set output
