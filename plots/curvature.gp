# Curvature of the loss along the flow: the Hessian's lowest eigenvalues, and how many of them lead down. Points are plateaus;
# lines are there if the run kept a spectrum (output.spectrum).

# Layout in pixels; y is counted from the top.
left = 95.0; right = 295.0; top = 72.0; row_gap = 22.0; bottom = 62.0
wide = 950.0; high = 340.0; low = 220.0
width = left + wide + right
low_top = top + high + row_gap
height = low_top + low + bottom

# The saddles that were analyzed: t, lowest eigenvalue, index. The loss and the spectrum, read once.
lambda_low = 0.0; lambda_high = 0.0; zero_least = 1e300; index_most = 1
saddles = ""
smaller_zero(x) = is_finite(x) && x > 1e-290 ? least(zero_least, x) : zero_least
add_saddle(t, lambda, index, zero) = !is_finite(t) || !is_finite(lambda) || !is_finite(index) ? 0 : \
  (saddles = saddles . sprintf("%.17g %.17g %d\n", within(t), lambda, index), \
   lambda_low = least(lambda_low, lambda), lambda_high = most(lambda_high, lambda), \
   zero_least = smaller_zero(zero), index_most = most(index_most, index), 0)
stats plateaus using (add_saddle(column("t"), column("lambda_min"), column("saddle_index"), column("threshold"))) nooutput
set print $saddles
print saddles
unset print
set table $loss
plot trajectory using axis_column:"loss" with table
unset table
eval at_least_a_row("$loss")

# Of the spectrum: t, what counts as zero, how many eigenvalues are below it, the eigenvalues.
lines = shown(eigenvalues)
zero_at(t, largest) = t > 0 ? least(1e-4 * largest, 1 / t) : 1e-4 * largest
below(zero) = sum [i = 1:eigenvalues] (column(i + 1) < -zero ? 1 : 0)
fields_to(i) = i == 0 ? "" : fields_to(i - 1) . " " . strcol(i + 1)
row(t, zero) = sprintf("%.17g %.17g %d", t, zero, below(zero)) . fields_to(lines)
if (eigenvalues > 0) {
  set table $spectrum
  plot spectrum using (row(column("t"), zero_at(column("t"), column(eigenvalues + 2)))) with table
  unset table
  eval at_least_a_row("$spectrum")
  set datafile nocolumnheaders
  index_along = 0
  note_row(zero, index, first, last) = \
    (zero_least = smaller_zero(zero), index_along = is_finite(index) ? most(index_along, index) : index_along, see(first), see(last))
  eval forget
  stats $spectrum using (note_row($2, $3, $4, column(lines + 3))) nooutput
  index_most = most(index_most, index_along)
  if (seen) { lambda_low = least(lambda_low, seen_low); lambda_high = most(lambda_high, seen_high) }
}
set datafile nocolumnheaders
eval forget
stats $loss using (see($2)) nooutput
loss_low = seen ? least(seen_low, 0) : 0.0
loss_high = seen && seen_high > 1e-290 ? seen_high : loss_low < -1e-290 ? 0.0 : 1.0

# Eigenvalues have both signs and many sizes: the axis is linear up to unit, at most a tenth of what counts as zero, and
# logarithmic beyond.
unit_power = zero_least < 1e300 ? int(floor(log10(zero_least))) - 1 : -6
unit = 10.0**unit_power
squash(x) = asinh(x / (2 * unit)) / log(10)
decades_beyond(x) = int(most(ceil(squash(x) - 0.05), 1))
downward = decades_beyond(-lambda_low)
upward = decades_beyond(lambda_high)
step = int(ceil((downward + upward) / 10.0))
is_drawn(k) = k % step == 0

eval canvas(width, height)
set multiplot
set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3 format "%g" textcolor rgb "black"
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
unset colorbox
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
legend_at(y) = sprintf("set key at screen %g, %g left top Left reverse samplen 2.8 spacing 1.25", \
                       across(width - right + 65), up(y))
mark = "lc rgb '#D55E00'"
mark_text = "tc rgb '#D55E00'"

# Above: the eigenvalues, and every plateau's lowest with the number of directions that lead down from it.
eval place(left, top, wide, high)
eval time_ticks(wide, 0)
eval findings(1)
eval legend_at(top)
set label 1 run_title at screen across(left), up(24) font title_font
set ylabel "lowest eigenvalues of the Hessian"
set yrange [-downward - 0.6:upward + 0.4]
set ytics ("0" 0)
set for [k = 1:downward] ytics add (is_drawn(k) ? "-10" . raised(unit_power + k) : '' -squash(10.0**k * unit))
set for [k = 1:upward] ytics add (is_drawn(k) ? "10" . raised(unit_power + k) : '' squash(10.0**k * unit))
curves = "plot 0 with lines lc rgb '#606060' lw 1 notitle"
line_name(i) = lines <= 12 || i == 1 || i == lines ? sprintf("eigenvalue %d", i) : ""
line_shade(i) = lines > 1 ? 0.9 * (i - 1) / (lines - 1) : 0.0
if (lines > 0) {
  curves = curves . ", for [i = 1:lines] $spectrum using 1:(squash(column(i + 3))) with lines lw 2" . \
    " lc palette frac line_shade(i) title line_name(i)" . \
    ", $spectrum using 1:(squash(-$2)) with lines lc rgb 'black' lw 1.5 dt 3 title 'counts as zero above'"
}
if (saddles ne "") {
  curves = curves . ", $saddles using 1:(squash($2)) with points pt 7 ps 1.2 " . mark . " title 'on a plateau: index'"
  if (lines == 0) { curves = curves . ", $saddles using 1:(squash($2)) with impulses lw 1.5 " . mark . " notitle" }
}
do for [k = 1:|$saddles|] {
  if (words($saddles[k]) == 3) {
    t = as_number(word($saddles[k], 1))
    set label 10 + k word($saddles[k], 3) at first t, first squash(as_number(word($saddles[k], 2))) center offset 0, -0.8 @mark_text
    if (t == t_begin) { set label 10 + k left offset 0.8, 0 }
    if (t == t_last) { set label 10 + k right offset -0.8, 0 }
  }
}
eval curves

# Below: their number, and the loss to see where one is.
eval place(left, low_top, wide, low)
eval time_ticks(wide, 1)
eval findings(0)
eval legend_at(low_top)
unset label
set xlabel findings_xlabel
set ylabel "directions down (index)"
set yrange [-0.05 * index_most:1.1 * index_most]
set ytics most(round_up(index_most / 6.0), 1)
set y2label "loss" textcolor rgb "#808080"
set y2tics textcolor rgb "#808080"
set y2range [1.05 * loss_low - 0.05 * loss_high:1.1 * loss_high]
curves = "plot $loss using 1:2 axes x1y2 with lines lc rgb '#b8b8b8' lw 2 title 'loss'"
if (lines > 0) {
  curves = curves . ", $spectrum using 1:3 with steps lc rgb 'black' lw 2 title " . \
    (index_along < eigenvalues ? "'along the flow'" : sprintf("'of the lowest %d'", eigenvalues))
}
if (saddles ne "") { curves = curves . ", $saddles using 1:3 with points pt 7 ps 1.2 " . mark . " title 'on a plateau'" }
eval curves
unset multiplot
set output
