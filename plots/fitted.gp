# A log and the flow that was fitted to it, and below what is left.
table = folder . "../fitted.tsv"

left = paged ? beside + 22 : beside; right = paged ? rim : 150.0
width = paged ? page : left + 900.0 + right
wide = width - left - right
high = paged ? 150.0 : 360.0
low_high = paged ? 70.0 : 150.0
inner = paged ? 12.0 : 18.0
longest = 11
entries = 3
top = head_high + legend_high(wide, entries, longest)
height = top + high + inner + low_high + below

eval forget
stats table using (see(column("step"))) nooutput
x_low = seen ? seen_low : 0.0
x_high = seen && has_room(seen_low, seen_high) ? seen_high : x_low + 1
eval forget
stats table using (see(column("loss")), see(column("fitted"))) nooutput
y_low = seen ? seen_low : 0.0
y_high = seen && has_room(seen_low, seen_high) ? seen_high : y_low + 1
margin = 0.05 * (y_high - y_low)
eval forget
stats table using (see(column("residual"))) nooutput
r_most = seen ? 1.08 * most(abs(seen_low), abs(seen_high)) : 1.0
if (!has_room(-r_most, r_most)) { r_most = 1.0 }
size = (paged ? 0.7 : 1.0) * (seen > 2000 ? 0.15 : 0.3)

eval canvas(width, height)
set multiplot
eval frame
set format number_format
set xrange [x_low:x_high]
eval place(left, top, wide, high)
eval title_at(left)
eval letter(1, 2, top)
set format x ""
set yrange [y_low - margin:y_high + margin]
set ylabel label_loss
do for [k = 1:fitted_count] { set label 10 + k fitted_says[k] at graph 0.98, graph 1 - (paged ? 0.11 : 0.06) * k right font note_font }
eval legend(left, top, wide, entries, longest)
plot table using "step":"loss" with points pt 7 ps size lc rgb "#909090" notitle, \
     NaN with points pt 7 ps 0.9 lc rgb "#909090" title "log", \
     table using "step":"start" with lines lc rgb mark_colour dt 3 lw 1.5 title "start", \
     table using "step":"fitted" with lines lc rgb main_colour lw 2.5 title "fitted flow"
unset label
eval place(left, top + high + inner, wide, low_high)
eval letter(2, 2, top + high + inner)
set format x number_format
set yrange [-r_most:r_most]
set xlabel "step"
set ylabel "residual"
set ytics round_up(r_most / 2.5)
unset key
plot 0 with lines lc rgb main_colour lw 1.5 notitle, \
     table using "step":"residual" with points pt 7 ps size lc rgb "#909090" notitle
unset multiplot
set output
