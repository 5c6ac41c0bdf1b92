# Attention and value of every head on every pattern, one column a pattern, and the losses below.
panels = shown(patterns)
columns = columns_for(panels, 5)
blocks = ceil(panels / real(columns)) # of two rows of panels each

# Layout in pixels; y is counted from the top.
left = 85.0; right = 150.0; gap = 52.0; top = 72.0; row_gap = 14.0; block_gap = 70.0; loss_gap = 65.0; bottom = 62.0
high = blocks == 1 ? 270.0 : 190.0
loss_high = 290.0
width = columns > 2 ? 1500.0 : columns > 1 ? 1150.0 : 850.0
wide = (width - left - right - (columns - 1) * gap) / columns
block = 2 * high + row_gap + block_gap
loss_top = top + blocks * block - block_gap + loss_gap
height = loss_top + loss_high + bottom

# Heads that coincide show as nested bands: the first is the widest.
head_width(h) = heads > 1 ? 4.6 - 2.8 * (h - 1) / (heads - 1) : 2.5
do for [h = 1:heads] { set style line h lc rgb head_colour(h) dt head_dash(h) lw head_width(h) }
do for [j = 1:patterns] { set style line heads + j lc palette frac pattern_shade(j) dt pattern_dash(j) lw 2.5 }

# The loss is drawn on a linear axis unless that would hide what the weakest pattern contributes.
eval forget
stats trajectory using (see(column("loss"))) every ::0::0 nooutput
start = seen ? seen_high : 0.0
part_loss(j) = column(sprintf("pattern_loss_%d", j))
weakest = start
weaker(x) = is_finite(x) && x > 0 && x < weakest ? (weakest = x, 0) : 0
stats trajectory using (sum [j = 1:patterns] weaker(part_loss(j))) every ::0::0 nooutput
if (has_test) { stats trajectory using (see(column("test_loss"))) nooutput }
loss_most = seen ? seen_high : 0.0
is_log = has_decades(weakest, loss_most) && (exists("log_loss") ? log_loss : start > 30 * weakest)
# A loss that starts at 0, below it or nowhere.
if (loss_most < 1e-290) { stats trajectory using (see(column("loss"))) nooutput }
loss_least = seen ? least(seen_low, 0) : 0.0
if (loss_most < 1e-290) { loss_most = seen && seen_high > 1e-290 ? seen_high : loss_least < -1e-290 ? 0.0 : 1.0 }

# Where the loss should come to rest, after what has been learned so far.
levels = ""
add_level(x) = !is_finite(x) ? 0 : (l = sprintf(" %.9g", x), levels = strstrt(levels . " ", l . " ") ? levels : levels . l, 0)
if (has_events) { stats plateaus using (add_level(column("predicted_loss"))) nooutput }
level(k) = k > words(levels) ? NaN : as_number(word(levels, k))

eval canvas(width, height)
set multiplot

# The title and the legend of the heads, as a plot of nothing with the whole height to itself.
legend_at(y) = sprintf("set key at screen %g, %g left top Left reverse samplen 2.8 spacing 1.25", \
                       across(width - right + 12), up(y))
eval place(left, top, width - left - right, height - top - bottom)
eval legend_at(top)
set label 1 run_title at screen across(left), up(24) font title_font
set border 0
set tics nomirror out scale 0 format ""
plot [0:1] [0:1] for [h = 1:shown(heads)] NaN with lines ls h title sprintf("head %d", h)
unset label 1
unset key

set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3 format "%g" textcolor rgb "black"
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
unset colorbox
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
eval findings(0)

# What a panel needs is copied into $panel first: reading a table of hundreds of columns once for every curve takes seconds.
field(name, h) = " " . strcol(sprintf("%s_%d_%d", name, h, j))
fields_to(h) = h == 0 ? strcol(axis_column) : fields_to(h - 1) . field("mass", h) . field("value", h)

do for [j = 1:panels] {
  set datafile columnheaders
  set table $panel
  plot trajectory using (fields_to(heads)) with table
  unset table
  eval at_least_a_row("$panel")
  set datafile nocolumnheaders

  x = left + ((j - 1) % columns) * (wide + gap)
  y = top + ((j - 1) / columns) * block
  first = (j - 1) % columns == 0
  lowest = j + columns > panels

  eval place(x, y, wide, high)
  set title sprintf("pattern %d", j) offset 0, -0.6
  set ylabel first ? "attention on the pattern" : ""
  set yrange [-0.03:1.03]
  set ytics 0.25
  eval time_ticks(wide, 0)
  set xlabel ""
  plot for [h = 1:heads] $panel using 1:2 * h with lines ls h
  unset title

  eval place(x, y + high + row_gap, wide, high)
  set ylabel first ? "value along its feature" : ""
  eval forget
  stats $panel using (sum [h = 1:heads] see(column(2 * h + 1))) nooutput
  set xrange [t_begin:t_last]
  if (seen && has_room(seen_low, seen_high)) { set yrange [*<0:0<*]; set autoscale yfix } \
  else { set yrange [seen && seen_low < -1e-290 ? seen_low * 1.1 : -1:seen && seen_high > 1e-290 ? seen_high * 1.1 : 1] }
  set ytics autofreq
  set offsets 0, 0, graph 0.04, graph 0.04
  eval time_ticks(wide, 1)
  set xlabel lowest ? axis_label : ""
  plot for [h = 1:heads] $panel using 1:2 * h + 1 with lines ls h
  unset offsets
}

# The losses, and where they should come to rest.
set datafile columnheaders
eval place(left, loss_top, width - left - right, loss_high)
eval time_ticks(width - left - right, 1)
eval findings(1)
set ylabel "loss"
set xlabel findings_xlabel
if (is_log) {
  set logscale y
  set yrange [most(weakest / 10, loss_most * 1e-30):loss_most * 1.5]
} else {
  set yrange [loss_least * 1.05:loss_most * 1.05]
}
eval legend_at(loss_top)
plot for [k = 1:words(levels)] level(k) with lines dt 3 lw 1.2 lc rgb "#505050" notitle, \
     trajectory using axis_column:"loss" with lines lc rgb "black" lw 4 title "total", \
     trajectory using axis_column:(has_test ? column("test_loss") : NaN) with lines lc rgb "#909090" dt 2 lw 3.5 \
       title has_test ? "test" : "", \
     for [j = 1:patterns] trajectory using axis_column:sprintf("pattern_loss_%d", j) with lines ls heads + j \
       title j > 12 ? "" : sprintf("pattern %d", j), \
     NaN with lines dt 3 lw 1.2 lc rgb "#505050" title words(levels) > 0 ? "predicted" : ""
unset multiplot
set output
