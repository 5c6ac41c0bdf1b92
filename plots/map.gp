# Every reported quantity over the two swept keys, each cell the median over seeds. Grey, in print white: never; hatched: not known, for runs
# ended while more was to come; a cross: no run succeeded. Lines are at the labelled ticks of the colour scale, where both axes hold numbers.
panels = shown(drawn_quantities)
# The cell of number n, from 0: columns of cells one after the other.
cells = x_count * y_count
column_of(n) = int(n) / y_count + 1
line_of(n) = int(n) % y_count + 1
row(n) = (int(n) / y_count) * x_stride + (int(n) % y_count) * y_stride + 1
rows = x_count * x_stride
array value[rows]
array runs[rows]
array cut[rows] # runs that ended while more was to come
$lines << END
0 0
END
do for [i = 1:rows] { runs[i] = 0; cut[i] = 0 }
stats summary using (runs[int(column(0)) + 1] = column("runs"), cut[int(column(0)) + 1] = column("censored"), 0) nooutput
any_cut = 0
do for [n = 0:cells - 1] { if (cut[row(n)] > 0) { any_cut = 1 } }
seeds_note = seeds > 1 ? sprintf("medians over %d seeds", seeds) : ""
# Lines are there where what is drawn is no count and changes gently from cell to cell.
some_lines = 0
do for [p = 1:panels] { if (!is_count[drawn[p]]) { some_lines = 1 } }
lines_note = x_labelled || y_labelled || !some_lines ? "" : "lines: ticks of the colour scale"
never_note = any_cut ? never_name . ": never; hatched: not known, runs ended while more was to come" : never_name . ": not within the run"
figure_note = and_note(and_note(and_note(seeds_note, lines_note), and_note(never_note, slice)), constant_note)

# Layout; y is counted from the top. Right of every panel stands its colour scale.
columns = columns_for(panels, !paged ? 3 : page > 900 ? 4 : page > 620 ? 3 : page > 440 ? 2 : 1)
blocks = ceil(panels / real(columns))
left = y_labelled ? (paged ? 100.0 : 140.0) : paged ? 70.0 : 95.0; right = paged ? 82.0 : 105.0; gap = paged ? 104.0 : 165.0
row_gap = paged ? 50.0 : 78.0
width = paged ? page : left + columns * (columns > 2 ? 360.0 : columns > 1 ? 440.0 : 620.0) + (columns - 1) * gap + right
wide = (width - left - right - (columns - 1) * gap) / columns
high = paged ? most(90.0, least(200.0, columns > 1 ? wide : 0.7 * wide)) : blocks > 1 ? 320.0 : 400.0
top = head_high + note_high(figure_note) + (paged ? 26.0 : 0.0)
height = top + blocks * high + (blocks - 1) * row_gap + (paged ? below : 70.0)

# Cells reach half way to their neighbours; on a logarithmic axis half way is the geometric mean.
middle(a, b, logarithmic) = logarithmic ? sqrt(a) * sqrt(b) : (a + b) / 2.0
beyond(a, b, logarithmic) = logarithmic ? a * sqrt(a / b) : a + (a - b) / 2.0
alone(a, logarithmic, side) = logarithmic ? a * 2.0**side : a + 0.5 * side
x_edge(i, side) = x_count == 1 ? alone(x_at[1], x_log, side) : i + side < 1 || i + side > x_count ? \
                  beyond(x_at[i], x_at[i - side], x_log) : middle(x_at[i], x_at[i + side], x_log)
y_edge(j, side) = y_count == 1 ? alone(y_at[1], y_log, side) : j + side < 1 || j + side > y_count ? \
                  beyond(y_at[j], y_at[j - side], y_log) : middle(y_at[j], y_at[j + side], y_log)
# Half a pixel over the next cell, so that no gap shines through.
x_over(x) = x_log ? x * (x_high / x_low)**(0.6 / wide) : x + 0.6 / wide * (x_high - x_low)
y_over(y) = y_log ? y * (y_high / y_low)**(0.6 / high) : y + 0.6 / high * (y_high - y_low)
smaller(a, b) = a < b ? a : b
larger(a, b) = a > b ? a : b
x_low = smaller(x_edge(1, -1), x_edge(x_count, 1)); x_high = larger(x_edge(1, -1), x_edge(x_count, 1))
y_low = smaller(y_edge(1, -1), y_edge(y_count, 1)); y_high = larger(y_edge(1, -1), y_edge(y_count, 1))

is_there(z) = is_finite(z)

# Lines of equal value are for what changes gently: where two cells that touch are further apart than three lines, or one of them is
# not known, one kind of run ends and another begins, and there is no line. (x, y) is a point of a line, as it was found.
x_found(i) = x_log ? log10(x_at[i]) : x_at[i]
y_found(j) = y_log ? log10(y_at[j]) : y_at[j]
between_1(n, last) = n < 1 ? 1 : n > last - 1 ? last - 1 : n
x_rises = x_at[x_count] >= x_at[1] ? 1 : -1
y_rises = y_at[y_count] >= y_at[1] ? 1 : -1
column_at(x) = between_1(int(sum [i = 1:x_count] (x_rises * x_found(i) <= x_rises * x ? 1 : 0)), x_count)
line_at(y) = between_1(int(sum [j = 1:y_count] (y_rises * y_found(j) <= y_rises * y ? 1 : 0)), y_count)
found(i, j) = (z_there = value[row((i - 1) * y_count + j - 1)], !z_log ? z_there : z_there > 0 ? log10(z_there) : NaN)
see_corners(i, j) = (corners = 0, corner_low = 1e300, corner_high = -1e300, corner(found(i, j)) + corner(found(i + 1, j)) + corner(found(i, j + 1)) + corner(found(i + 1, j + 1)))
corner(z) = is_finite(z) ? (corners = corners + 1, corner_low = least(corner_low, z), corner_high = most(corner_high, z), 0) : 0
is_coarse = x_count * y_count < 50 # too coarse to tell
is_gentle(x, y) = is_coarse ? 1 : (see_corners(column_at(x), line_at(y)), corners == 4 && corner_high - corner_low < 3 * line_step)

# The palette in n steps.
step_colour(k, n) = word(viridis, int((k + 0.5) / n * words(viridis)) + 1)
steps_to(k, n) = k < 0 ? "" : steps_to(k - 1, n) . (k > 0 ? "," : "") . \
                 sprintf("%d '%s', %d '%s'", k, step_colour(k, n), k + 1, step_colour(k, n))
steps(n) = steps_to(n - 1, n)

eval canvas(width, height)
set multiplot
eval frame
unset grid
set colorbox
unset key
eval place(left, top, wide, high)
eval heading(left)

do for [p = 1:panels] {
  q = drawn[p]
  unset logscale
  set autoscale # stats looks at ranges
  do for [i = 1:rows] { value[i] = NaN }
  stats summary using (value[int(column(0)) + 1] = number(strcol(quantity[q] . "_median")), 0) nooutput
  z_low = 1e308; z_high = -1e308; failed = 0; there = 0; hatched = 0
  do for [n = 0:cells - 1] {
    z = value[row(n)]
    if (is_there(z) && z < z_low) { z_low = z }
    if (is_there(z) && z > z_high) { z_high = z }
    if (is_there(z)) { there = there + 1 }
    if (!is_there(z) && cut[row(n)] > 0) { hatched = hatched + 1 }
    if (runs[row(n)] == 0) { failed = failed + 1 }
  }
  if (z_low > z_high) { z_low = 0.0; z_high = 1.0 }
  is_one_value = !has_room(z_low, z_high)
  z_log = !is_count[q] && has_decades(z_low, z_high) && z_high > 30 * z_low
  if (is_one_value && !is_count[q]) {
    z_margin = abs(z_low) > 1e-290 ? 0.5 * abs(z_low) : 0.5
    z_low = z_low - z_margin; z_high = z_high + z_margin
  }
  discrete = is_count[q] && z_high - z_low < 12
  if (discrete) { z_low = floor(z_low) - 0.5; z_high = ceil(z_high) + 0.5 }

  # Lines of equal value, found where the axes and, if need be, the colours are logarithmic.
  levels = ""; line_step = 1.0
  if (!discrete && z_log) {
    few = log10(z_high / z_low) < 2.2
    line_step = few ? log10(10) / 3 : ceil(log10(z_high / z_low) / 8)
    do for [k = floor(log10(z_low)):ceil(log10(z_high))] {
      if (few || k % ceil(log10(z_high / z_low) / 8) == 0) { levels = levels . sprintf(" %.9g", k) }
      if (few) { levels = levels . sprintf(" %.9g %.9g", k + log10(2), k + log10(5)) }
    }
  }
  if (!discrete && !z_log) {
    step = round_up((z_high - z_low) / 8.0)
    line_step = step
    do for [k = ceil(z_low / step):floor(z_high / step)] { levels = levels . sprintf(" %.9g", k * step) }
  }
  inner = ""
  do for [k = 1:words(levels)] {
    z = as_number(word(levels, k))
    if (z > (z_log ? log10(z_low) : z_low) && z < (z_log ? log10(z_high) : z_high)) { inner = inner . (strlen(inner) ? "," : "") . word(levels, k) }
  }
  has_lines = strlen(inner) > 0 && !is_count[q] && !is_one_value && !x_labelled && !y_labelled && there > 3 && x_count > 1 && y_count > 1
  if (has_lines) {
    set print $grid
    do for [n = 0:cells - 1] {
      z = value[row(n)]
      x = x_at[column_of(n)]; y = y_at[line_of(n)]
      print sprintf("%.9g\t%.9g\t%s", x_log ? log10(x) : x, y_log ? log10(y) : y, \
                    is_there(z) ? sprintf("%.9g", z_log ? log10(z) : z) : "NaN")
      if (line_of(n) == y_count) { print "" }
    }
    unset print
    set datafile nocolumnheaders
    unset logscale
    set autoscale
    set contour base
    unset surface
    eval "set cntrparam levels discrete " . inner
    set table $lines
    splot $grid using 1:2:3 with lines
    unset table
    unset contour
    set surface
    set datafile columnheaders
    has_lines = 0
    do for [k = 1:|$lines|] { line = $lines[k]; if (strlen(line) > 1 && line[1:1] ne "#") { has_lines = 1 } }
    if (!has_lines) { set print $lines; print "0 0"; unset print } # gnuplot looks at them even if they are not plotted
  }

  x = left + ((p - 1) % columns) * (wide + gap)
  y = top + ((p - 1) / columns) * (high + row_gap)
  eval place(x, y, wide, high)
  if (panels > 1) { eval letter(p, x - (paged ? 46 : 0), y - 14) }
  set title with_unit(quantity_label[q], unit[q]) offset 0, -0.6
  lowest = p + columns > panels
  first = (p - 1) % columns == 0
  set xlabel lowest ? x_name : ""
  set ylabel first ? y_name : ""
  set object 1 rectangle from graph 0, graph 0 to graph 1, graph 1 behind fc rgb never_colour fs solid noborder
  eval scale("x", x_low, x_high, x_log, wide / (paged ? 58 : 70))
  eval scale("y", y_low, y_high, y_log, high / (paged ? 36 : 45))
  if (x_labelled) { set xtics (); set for [i = 1:x_count] xtics add (x_label[i] i) }
  if (y_labelled) { set ytics (); set for [j = 1:y_count] ytics add (first ? y_label[j] : "" j) }
  eval scale("cb", z_low, z_high, z_log, paged ? high / 28 : 8)
  eval "set palette defined (" . (discrete ? steps(int(z_high - z_low + 0.5)) : gradient) . ")"
  if (discrete) { set cbtics round_up((z_high - z_low - 1) / (high / 20.0)) > 1 ? round_up((z_high - z_low - 1) / (high / 20.0)) : 1 }
  set colorbox user origin across(x + wide + (paged ? 8 : 14)), up(y + high) size across(paged ? 9 : 16), 1 - up(high)
  set cbtics out scale 0.5 offset -0.6, 0

  if (there == 0) { set label 3 (hatched > 0 ? "not known" : "never") at graph 0.5, graph 0.5 center tc rgb "#606060" }
  set datafile nocolumnheaders separator whitespace
  plot value using (is_there(value[row($1 - 1)]) ? x_at[column_of($1 - 1)] : NaN):(y_at[line_of($1 - 1)]): \
                   (x_edge(column_of($1 - 1), -1)):(x_over(x_edge(column_of($1 - 1), 1))): \
                   (y_edge(line_of($1 - 1), -1)):(y_over(y_edge(line_of($1 - 1), 1))):(value[row($1 - 1)]) \
         every ::0::cells - 1 with boxxyerror fc palette fs solid noborder, \
       for [k = 1:hatched > 0] value using (!is_there(value[row($1 - 1)]) && cut[row($1 - 1)] > 0 ? x_at[column_of($1 - 1)] : NaN): \
                   (y_at[line_of($1 - 1)]):(x_edge(column_of($1 - 1), -1)):(x_edge(column_of($1 - 1), 1)): \
                   (y_edge(line_of($1 - 1), -1)):(y_edge(line_of($1 - 1), 1)) \
         every ::0::cells - 1 with boxxyerror fc rgb "#909090" fs transparent pattern 4 noborder, \
       for [k = 1:failed > 0] runs using (x_at[column_of($1 - 1)]):(runs[row($1 - 1)] == 0 ? y_at[line_of($1 - 1)] : NaN) \
         every ::0::cells - 1 with points pt 2 ps 0.8 lc rgb "#404040", \
       for [k = 1:has_lines] $lines using (x_log ? 10.0**$1 : $1):(is_gentle($1, $2) ? (y_log ? 10.0**$2 : $2) : NaN) with lines lc rgb "white" lw 1
  set datafile columnheaders separator "\t"
  unset label 1
  unset label 2
  unset label 3
}
unset multiplot
set output
