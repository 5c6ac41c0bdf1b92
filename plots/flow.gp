# Attention and value of every head on every pattern, one column a pattern, and the losses below.
panels = shown(patterns)
columns = columns_for(panels, 5)
blocks = ceil(panels / real(columns)) # of two rows of panels each

# Layout in pixels; y is counted from the top.
left = 85.0; right = 150.0; gap = 52.0; top = 62.0; row_gap = 14.0; block_gap = 70.0; loss_gap = 65.0; bottom = 62.0
high = blocks == 1 ? 270.0 : 190.0
loss_high = 290.0
width = columns > 2 ? 1500.0 : columns > 1 ? 1150.0 : 850.0
wide = (width - left - right - (columns - 1) * gap) / columns
block = 2 * high + row_gap + block_gap
loss_top = top + blocks * block - block_gap + loss_gap
height = loss_top + loss_high + bottom
place(x, y, w, h) = sprintf("set lmargin at screen %g; set rmargin at screen %g; set tmargin at screen %g; set bmargin at screen %g", \
                            x / width, (x + w) / width, 1 - y / height, 1 - (y + h) / height)

# Heads that coincide show as nested bands: the first is the widest.
do for [h = 1:heads] { set style line h lc rgb head_colour(h) dt head_dash(h) lw (heads > 1 ? 4.0 - 2.4 * (h - 1) / (heads - 1) : 2.5) }
do for [j = 1:patterns] { set style line heads + j lc palette frac pattern_shade(j) dt pattern_dash(j) lw 2.5 }

# The loss is drawn on a linear axis unless that would hide what the weakest pattern contributes.
stats trajectory using (column("loss")) every ::0::0 name "start" nooutput
weakest = start_max
do for [j = 1:patterns] {
  stats trajectory using (column(sprintf("pattern_loss_%d", j))) every ::0::0 name "part" nooutput
  if (part_max > 0 && part_max < weakest) { weakest = part_max }
}
if (!exists("log_loss")) log_loss = start_max > 30 * weakest

eval canvas(width, height)
set multiplot
set label 1 run_title at screen left / width, 1 - 24.0 / height font "Helvetica-Bold,15"
set border lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3 textcolor rgb "black"
set grid xtics ytics lc rgb "#d8d8d8" lw 0.8 dt 1
unset colorbox
if (log_time) { set logscale x }
set xrange [t_begin:t_last]

do for [j = 1:panels] {
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
  if (j == 1) { set key at screen 1 - (right - 12) / width, 1 - top / height left top Left reverse samplen 2.2 } else { unset key }
  plot for [h = 1:heads] trajectory using "t":sprintf("mass_%d_%d", h, j) with lines ls h title h > 24 ? "" : sprintf("head %d", h)
  unset label 1
  unset title
  unset key

  eval place(x, y + high + row_gap, wide, high)
  set ylabel first ? "value along its feature" : ""
  set yrange [*<0:0<*]
  set ytics autofreq
  set offsets 0, 0, graph 0.04, graph 0.04
  eval time_ticks(wide, 1)
  set xlabel lowest ? "flow time t" : ""
  plot for [h = 1:heads] trajectory using "t":sprintf("value_%d_%d", h, j) with lines ls h
  unset offsets
}

# The losses.
eval place(left, loss_top, width - left - right, loss_high)
eval time_ticks(width - left - right, 1)
set ylabel "loss"
set xlabel "flow time t"
if (log_loss) { set logscale y; set yrange [weakest / 10:start_max * 1.5] } else { set yrange [0:start_max * 1.05] }
set key at screen 1 - (right - 12) / width, 1 - loss_top / height left top Left reverse samplen 2.2
plot trajectory using "t":"loss" with lines lc rgb "black" lw 4 title "total", \
     for [j = 1:patterns] trajectory using "t":sprintf("pattern_loss_%d", j) with lines ls heads + j \
       title j > 12 ? "" : sprintf("pattern %d", j)
unset multiplot
set output
