# Attention of every head over time, one map a head: position 1 at the top, each pattern's positions marked on the right.
panels = shown(heads)
columns = columns_for(panels, 4)
rows = ceil(panels / real(columns))

# Layout in pixels; y is counted from the top.
left = 75.0; right = 115.0; gap = 34.0; top = 80.0; row_gap = 45.0; bottom = 60.0
wide = columns > 1 ? 420.0 : 760.0
if (columns > 3) { wide = 330.0 }
high = rows > 2 ? 260.0 : rows > 1 ? 320.0 : 400.0
width = left + columns * wide + (columns - 1) * gap + right
height = top + rows * high + (rows - 1) * row_gap + bottom
across(x) = x / width
up(y) = 1 - y / height

# An image needs a uniform grid, so time enters as log10 t where it is spaced so; t = 0 is left out.
x_of(t) = log_time ? log10(t) : t
eval canvas(width, height)
set multiplot
set label 1 run_title at screen across(left), up(24) font "Helvetica-Bold,15"
set border lw 1.2 lc rgb "#404040" front
set tics nomirror out scale 0.6, 0.3 textcolor rgb "black"
set xrange [x_of(t_begin):x_of(t_last)]
set yrange [positions + 0.5:0.5]
set cbrange [0:1]
set cblabel "attention of one position"
set cbtics 0.25
unset key

do for [h = 1:panels] {
  x = left + ((h - 1) % columns) * (wide + gap)
  y = top + ((h - 1) / columns) * (high + row_gap)
  lowest = h + columns > panels
  set lmargin at screen across(x); set rmargin at screen across(x + wide)
  set tmargin at screen up(y); set bmargin at screen up(y + high)
  set title sprintf("head %d", h) offset 0, -0.6
  set ylabel x == left ? "position" : ""
  set format y x == left ? "%g" : ""
  eval time_ticks(wide, lowest)
  set xlabel lowest ? "flow time t" : ""
  if (h == 1) {
    set colorbox vertical user origin screen across(width - right + 26), up(top + high) size screen across(18), high / height
  } else { unset colorbox }
  plot attention using (x_of(column("t"))):"position":sprintf("attention_%d", h) every ::positions with image, \
       $patterns using (x_of(t_last)):($2 - 0.5):(0):($3 - $2 + 1) with vectors nohead lw 6 lc palette frac 0.5
  unset label 1
}
unset multiplot
set output
