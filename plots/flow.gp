# Attention and value of every head on every pattern, one column a pattern, and the losses below.
# Layout; y is counted from the top. Panels of a row share their axes.
panels = shown(patterns)
columns = columns_for(panels, paged ? least(5, most(1, floor((page - 75) / 105))) : 5)
blocks = ceil(panels / real(columns)) # of two rows of panels each
left = paged ? 70.0 : 85.0; right = (paged ? rim : 150.0) + level_wide; gap = 12.0; row_gap = paged ? 12.0 : 14.0; loss_gap = paged ? 28.0 : 65.0
block_gap = paged ? 48.0 : 78.0; bottom = below
width = paged ? page : columns > 2 ? 1500.0 : columns > 1 ? 1150.0 : 850.0
across_all = width - left - right
wide = (across_all - (columns - 1) * gap) / columns
high = paged ? most(84.0, least(150.0, 0.75 * wide)) : blocks == 1 ? 270.0 : 190.0
loss_high = paged ? 160.0 : 290.0
heads_named = least(heads, paged ? 12 : 24)
head_room = legend_high(across_all + level_wide, heads_named, 8)
top = head_high + head_room + (paged ? 22.0 : 0.0)
loss_entries = 1 + has_test + least(patterns, 12) + (levels_drawn > 0)
block = 2 * high + row_gap + block_gap
loss_top = top + blocks * block - block_gap + loss_gap + legend_high(across_all, loss_entries, 9) + stage_room
height = loss_top + loss_high + bottom

# Heads that coincide show as nested bands: the first is the widest.
head_width(h) = heads > 1 ? (paged ? 4.0 - 2.0 * (h - 1) / (heads - 1) : 4.6 - 2.8 * (h - 1) / (heads - 1)) : 2.5
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

# All values have one range.
eval forget
stats trajectory using (sum [j = 1:panels] (sum [h = 1:heads] see(column(sprintf("value_%d_%d", h, j))))) nooutput
has_values = seen && has_room(seen_low, seen_high)
value_low = has_values ? least(seen_low, 0) : seen && seen_low < -1e-290 ? seen_low * 1.1 : -1
value_high = has_values ? most(seen_high, 0) : seen && seen_high > 1e-290 ? seen_high * 1.1 : 1
value_margin = 0.06 * (value_high - value_low)
is_edge_room = log_time && columns > 1

eval canvas(width, height)
set multiplot

# The title and the legend of the heads, as a plot of nothing with the whole height to itself.
eval place(left, top, across_all, height - top - bottom)
eval legend(left, top - (paged ? 22 : 0), across_all + level_wide, heads_named, 8)
eval title_at(left)
set border 0
set tics nomirror out scale 0 format ""
plot [0:1] [0:1] for [h = 1:heads_named] NaN with lines ls h title sprintf("head %d", h)
unset label 1
unset key

eval frame
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
  end_room = is_edge_room && (j % columns != 0) && j < panels ? 24.0 : 0.0

  eval place(x, y, wide, high)
  set title sprintf("pattern %d", j) offset 0, -0.6
  set ylabel first ? label_attention : ""
  set xrange [t_begin:t_last]
  set yrange [-0.03:1.03]
  set ytics 0.25
  if (paged) { set ytics 0.5 }
  set format y first ? number_format : ""
  eval time_ticks(wide, 0)
  set xlabel ""
  if (j == 1) { eval letter(1, 2, y) } else { unset label 9090 }
  plot for [h = 1:heads] $panel using 1:2 * h with lines ls h
  unset title

  eval place(x, y + high + row_gap, wide, high)
  set ylabel first ? label_value : ""
  set xrange [t_begin:t_last]
  set yrange [value_low - value_margin:value_high + value_margin]
  set ytics round_up((value_high - value_low) / (high / 38.0))
  set format y first ? number_format : ""
  eval time_ticks(wide, 1)
  set xlabel lowest && !paged ? axis_label : ""
  if (j == 1) { eval letter(2, 2, y + high + row_gap + 12) } else { unset label 9090 }
  plot for [h = 1:heads] $panel using 1:2 * h + 1 with lines ls h
}
end_room = 0.0
set format y number_format

# The losses, and where they should come to rest.
set datafile columnheaders
eval place(left, loss_top, across_all, loss_high)
eval time_ticks(across_all, 1)
eval findings(1)
eval stage_numbers(loss_high)
eval letter(3, 2, loss_top)
set ylabel label_loss
set xlabel findings_xlabel
set ytics autofreq
if (is_log) {
  eval scale("y", most(weakest / 10, loss_most * 1e-30), loss_most * 1.5, 1, loss_high / 30)
} else {
  set yrange [loss_least * 1.05:loss_most * 1.05]
  set ytics round_up((loss_most - loss_least) / (loss_high / 45.0))
}
level_bottom = is_log ? most(weakest / 10, loss_most * 1e-30) : loss_least * 1.05
eval level_axis(level_bottom, is_log ? loss_most * 1.5 : loss_most * 1.05, is_log, loss_high)
eval legend(left, loss_top - stage_room, across_all + (paged ? 0 : level_wide), loss_entries, 9)
plot trajectory using axis_column:"loss" with lines lc rgb "black" lw 4 title "total", \
     trajectory using axis_column:(has_test ? column("test_loss") : NaN) with lines lc rgb "#909090" dt 2 lw 3.5 \
       title has_test ? "test" : "", \
     for [j = 1:patterns] trajectory using axis_column:sprintf("pattern_loss_%d", j) with lines ls heads + j \
       title j > 12 ? "" : sprintf("pattern %d", j) @and_predicted
unset multiplot
set output
