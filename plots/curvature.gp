# Curvature of the loss along the flow: the Hessian's lowest eigenvalues, and how many of them lead down. Points are plateaus;
# lines are there if the run kept a spectrum (output.spectrum).

# Layout; y is counted from the top.
left = paged ? beside + 12 : beside; right = paged ? 56.0 : 295.0
width = paged ? page : left + 950.0 + right
wide = width - left - right
high = paged ? 180.0 : 340.0; low = paged ? 110.0 : 220.0
lines = shown(eigenvalues)
named = 1 + (lines > 0 ? least(lines, lines <= 12 ? 12 : 2) + 1 : 0)
named_below = 2 + (lines > 0)
top = head_high + legend_high(wide, named, 21)
low_top = top + high + (paged ? 20.0 + legend_high(wide, named_below, 14) + stage_room : 22.0)
height = low_top + low + below

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
step = int(ceil((downward + upward) / (high / 30.0)))
is_drawn(k) = k % step == 0

eval canvas(width, height)
set multiplot
eval frame
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
mark = "lc rgb mark_colour"
mark_text = "tc rgb mark_colour"

# Above: the eigenvalues, and every plateau's lowest with the number of directions that lead down from it.
eval place(left, top, wide, high)
eval time_ticks(wide, 0)
eval findings(1)
eval legend(paged ? left : left + 51, top, wide, named, 21)
eval title_at(left)
eval letter(1, 2, top)
set ylabel paged ? label_eigenvalues : "lowest eigenvalues of the Hessian"
set yrange [-downward - (paged ? 1.2 : 0.6):upward + 0.4]
set ytics (numeral(0) 0)
set for [k = 1:downward] ytics add (is_drawn(k) ? say("$-10^{" . sprintf("%d", unit_power + k) . "}$", "−10" . raised(unit_power + k)) : '' -squash(10.0**k * unit))
set for [k = 1:upward] ytics add (is_drawn(k) ? power(unit_power + k) : '' squash(10.0**k * unit))
curves = "plot 0 with lines lc rgb '#606060' lw 1 notitle"
line_name(i) = lines <= 12 || i == 1 || i == lines ? sprintf("eigenvalue %d", i) : ""
line_shade(i) = lines > 1 ? lightest * (i - 1) / (lines - 1) : 0.0
if (lines > 0) {
  curves = curves . ", for [i = 1:lines] $spectrum using 1:(squash(column(i + 3))) with lines lw 2 dt is_grey ? dash_of(i) : 1" . \
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
    set label 10 + k word($saddles[k], 3) at first t, first squash(as_number(word($saddles[k], 2))) center offset 0, -0.8 @mark_text front
    if (t == t_begin) { set label 10 + k left offset 0.8, 0 }
    if (t == t_last) { set label 10 + k right offset -0.8, 0 }
  }
}
eval curves

# Below: their number, and the loss to see where one is.
eval place(left, low_top, wide, low)
eval time_ticks(wide, 1)
eval findings(0)
unset label
eval legend(paged ? left : left + 51, low_top - (paged ? stage_room : 0), wide, named_below, 14)
eval letter(2, 2, low_top)
eval stage_numbers(low)
set xlabel findings_xlabel
set ylabel paged ? label_index : "directions down (index)"
set yrange [-0.05 * index_most:1.1 * index_most]
set ytics most(round_up(index_most / (paged ? 3.0 : 6.0)), 1)
set y2label paged ? "" : label_loss textcolor rgb "#808080"
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
