# Every reported quantity against the swept key: the median over seeds in a band from the 10 to the 90 % quantile. A triangle
# at the upper edge: so many runs never came to it that the median is beyond the end of the run. An open circle at the lower
# edge: not known, for runs ended while more was to come. Values that are no numbers have a box each in the place of the band.
panels = shown(drawn_quantities)

seeds_note = seeds > 1 ? sprintf("medians over %d seeds", seeds) : ""
band_name = x_labelled ? "box" : "band"
band_note = seeds < 2 ? "" : band_name . ": 10 to 90 " . percent . (seeds < 11 ? " quantiles, of so few runs nearly their range" : " of the runs")
row(i) = (int(i) - 1) * x_stride + 1
rows = x_count * x_stride
array median[rows]
array low[rows]
array up_to[rows]
array cut[rows] # runs that ended while more was to come
do for [i = 1:rows] { cut[i] = 0 }
stats summary using (cut[int(column(0)) + 1] = column("censored"), 0) nooutput
any_cut = 0
do for [i = 1:x_count] { if (cut[row(i)] > 0) { any_cut = 1 } }
open_note = any_cut ? "triangle: not within the run; circle: not known, more was to come" : "triangle: not within the run"
figure_note = and_note(and_note(and_note(seeds_note, band_note), and_note(open_note, slice)), constant_note)

# Layout; y is counted from the top.
columns = columns_for(panels, !paged ? 3 : page > 900 ? 3 : page > 440 ? 2 : 1)
blocks = ceil(panels / real(columns))
left = paged ? 74.0 : 95.0; right = paged ? rim : 40.0; gap = paged ? 80.0 : 85.0; row_gap = paged ? 54.0 : 78.0
width = paged ? page : left + columns * (columns > 2 ? 400.0 : columns > 1 ? 520.0 : 800.0) + (columns - 1) * gap + right
wide = (width - left - right - (columns - 1) * gap) / columns
high = paged ? most(90.0, least(170.0, 0.8 * wide)) : blocks > 1 ? 260.0 : 330.0
top = head_high + note_high(figure_note) + (paged ? 26.0 : 0.0)
height = top + blocks * high + (blocks - 1) * row_gap + (paged ? below : 70.0)

# The x axis: numbers, or the values' names.
x_low = x_at[1]; x_high = x_at[1]
do for [i = 2:x_count] {
  if (x_at[i] < x_low) { x_low = x_at[i] }
  if (x_at[i] > x_high) { x_high = x_at[i] }
}
if (x_low == x_high) { x_low = x_log ? x_low / 2 : x_low - 0.5; x_high = x_log ? x_high * 2 : x_high + 0.5 }
x_margin = x_labelled ? 0.4 : x_log ? (x_high / x_low)**0.02 : 0.02 * (x_high - x_low)
x_low = x_log ? x_low / x_margin : x_low - x_margin
x_high = x_log ? x_high * x_margin : x_high + x_margin

eval canvas(width, height)
set multiplot
eval frame
unset key
eval place(left, top, wide, high)

eval heading(left)
is_there(y) = is_finite(y)

# A panel's curve in its band, or boxes. Macros are replaced where the loop is read: this stands before it, and looks at what the loop sets.
half = 0.28 # of a box
middle(i) = is_there(median[i]) ? median[i] : NaN
from_edge(i) = seeds < 2 ? NaN : is_there(low[i]) ? clipped(low[i]) : NaN
to_edge(i) = seeds < 2 || !is_there(low[i]) ? NaN : is_there(up_to[i]) ? up_to[i] : y_high
boxes = "median using (x_at[int(column(1))]):(from_edge(row(column(1)))):(x_at[int(column(1))] - half):(x_at[int(column(1))] + half):" . \
  "(from_edge(row(column(1)))):(to_edge(row(column(1)))) every ::0::x_count - 1 with boxxyerror fc rgb band_colour fs solid noborder, " . \
  "median using (x_at[int(column(1))] - half):(middle(row(column(1)))):(2 * half):(0) every ::0::x_count - 1 with vectors nohead lc rgb main_colour lw 4, " . \
  "for [k = 1:missing > 0] median using (x_at[int(column(1))]):(median[row(column(1))] == never ? edge : NaN):('later') " . \
  "every ::0::x_count - 1 with labels offset 0, -1 font note_font tc rgb mark_colour"
band = "median using (x_at[int(column(1))]):(band_from(row(column(1)))):(band_to(row(column(1)))) " . \
  "every ::0::x_count - 1 with filledcurves fc rgb band_colour fs solid noborder, " . \
  "median using (x_at[int(column(1))]):(middle(row(column(1)))) " . \
  "every ::0::x_count - 1 with linespoints lc rgb main_colour lw 2.5 pt 7 ps x_count > 30 ? 0.45 : 0.8"
shape = x_labelled ? boxes : band

do for [p = 1:panels] {
  q = drawn[p]
  name = quantity[q]
  unset logscale
  set autoscale # stats looks at ranges
  do for [i = 1:rows] { median[i] = NaN; low[i] = NaN; up_to[i] = NaN }
  set datafile columnheaders
  stats summary using (median[int(column(0)) + 1] = number(strcol(name . "_median")), \
                       low[int(column(0)) + 1] = number(strcol(name . "_low")), \
                       up_to[int(column(0)) + 1] = number(strcol(name . "_high")), 0) nooutput

  # What the panel must hold.
  y_low = 1e308; y_high = -1e308; missing = 0; unknown = 0
  do for [i = 1:x_count] {
    if (median[row(i)] != median[row(i)] && cut[row(i)] > 0) { unknown = unknown + 1 }
    if (median[row(i)] == never) { missing = missing + 1 }
    if (is_there(low[row(i)]) && low[row(i)] < y_low) { y_low = low[row(i)] }
    if (is_there(median[row(i)]) && median[row(i)] > y_high) { y_high = median[row(i)] }
    if (is_there(up_to[row(i)]) && up_to[row(i)] > y_high) { y_high = up_to[row(i)] }
    if (is_there(low[row(i)]) && low[row(i)] > y_high) { y_high = low[row(i)] }
  }
  if (y_low > y_high) { y_low = 0.0; y_high = 1.0 }
  y_log = !is_count[q] && y_low > 0 && y_high > 30 * y_low
  if (y_low == y_high) { y_low = y_low - 0.5; y_high = y_high + 0.5 }
  if (y_log) { y_margin = (y_high / y_low)**0.05; y_low = y_low / y_margin; y_high = y_high * y_margin**2 } \
  else { y_margin = 0.06 * (y_high - y_low); y_low = y_low - y_margin; y_high = y_high + 2 * y_margin }
  clipped(y) = y != y ? NaN : y > y_high ? y_high : y
  lower_edge = y_log ? y_low * (y_high / y_low)**0.03 : y_low + 0.03 * (y_high - y_low)
  edge = y_log ? y_high / (y_high / y_low)**0.03 : y_high - 0.03 * (y_high - y_low)

  x = left + ((p - 1) % columns) * (wide + gap)
  y = top + ((p - 1) / columns) * (high + row_gap)
  eval place(x, y, wide, high)
  if (panels > 1) { eval letter(p, x - 64, y - 14) }
  set title with_unit(quantity_label[q], unit[q]) offset 0, -0.6
  lowest = p + columns > panels
  set xlabel lowest ? x_name : ""
  eval scale("x", x_low, x_high, x_log, wide / (paged ? 58 : 70))
  if (x_labelled) { set xtics (); set for [i = 1:x_count] xtics add (x_label[i] i) }
  eval scale("y", y_low, y_high, y_log, high / (paged ? 36 : 45))
  if (is_count[q] && y_high - y_low < 8) { set ytics 1 }
  set datafile nocolumnheaders
  # An end of the band that is not known reaches the edge.
  band_from(i) = seeds < 2 || median[i] != median[i] ? NaN : low[i] != low[i] && cut[i] > 0 ? y_low : clipped(low[i])
  band_to(i) = median[i] != median[i] ? NaN : up_to[i] != up_to[i] && cut[i] > 0 ? y_high : clipped(up_to[i])
  plot @shape, \
       for [k = 1:missing > 0] median using (x_at[int(column(1))]):(median[row(column(1))] == never ? edge : NaN) \
         every ::0::x_count - 1 with points lc rgb mark_colour pt 8 ps 1.1, \
       for [k = 1:unknown > 0] median using (x_at[int(column(1))]): \
           (median[row(column(1))] != median[row(column(1))] && cut[row(column(1))] > 0 ? lower_edge : NaN) \
         every ::0::x_count - 1 with points lc rgb "#707070" pt 6 ps 1.1
  unset label 1
  unset label 2
}
unset multiplot
set output
