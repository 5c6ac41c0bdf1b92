# Distance to every simpler model against time: the one that knows nothing, the first pattern, the first two and so on. On its
# way the flow comes close to one after the other.
rungs = shown(patterns)

# Layout; y is counted from the top.
left = beside; right = paged ? rim : 190.0
width = paged ? page : left + 950.0 + right
wide = width - left - right
named = least(rungs + 1, 21) + 1
high = paged ? most(150.0, 0.55 * wide) : 520.0
top = head_high + legend_high(wide, named, 12) + stage_room
height = top + high + below

# A wide table is read once. Column 1 is t, column k + 2 the distance to the model that knows k patterns.
fields_to(k) = k < 0 ? strcol(axis_column) : fields_to(k - 1) . " " . strcol(sprintf("distance_%d", k))
set table $distances
plot trajectory using (fields_to(rungs)) with table
unset table
eval at_least_a_row("$distances")
set datafile nocolumnheaders

# The minimum of each curve, but for a curve that starts there.
lowest(t, d) = is_finite(d) && d < low ? (low = d, t_low = t, is_first = rows == 0, rows = rows + 1, 0) : (rows = rows + 1, 0)
highest = 0.0
floor_at = 1e300
array low_at[rungs + 1]
array low_is[rungs + 1]
do for [k = 0:rungs] {
  low = 1e300; t_low = 0; is_first = 1; rows = 0
  stats $distances using (column(1) > 0 || !log_time ? lowest(column(1), column(k + 2)) : 0) nooutput
  eval forget
  stats $distances using (see(column(k + 2))) nooutput
  if (seen) { highest = most(highest, seen_high) }
  low_at[k + 1] = is_first ? NaN : t_low
  low_is[k + 1] = low
  if (!is_first && low < floor_at) { floor_at = low }
}
# The axis spans two decades at least and six at most; a minimum below it is marked at its end. Where all distances are 0 or
# none there is, it is that of 1.
if (highest < 1e-280) { highest = 1.0 }
floor_at = floor_at / 2
if (floor_at > highest / 1e2) { floor_at = highest / 1e2 }
if (floor_at < highest / 1e6) { floor_at = highest / 1e6 }
decade_low = int(floor(log10(floor_at)))
decade_high = int(ceil(log10(highest)))

is_below(k) = low_is[k + 1] < floor_at
rung_name(k) = k == 0 ? "nothing" : k == 1 ? "pattern 1" : sprintf("patterns 1–%d", k)
do for [k = 0:rungs] {
  if (k == 0) { set style line 1 lc rgb "#808080" dt 1 lw 2.5 } \
  else { set style line k + 1 lc palette frac pattern_shade(k) dt pattern_dash(k) lw 2.5 }
}

eval canvas(width, height)
eval frame
eval place(left, top, wide, high)
eval title_at(left)
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
eval time_ticks(wide, 1)
set logscale y
set yrange [floor_at:highest * 3]
set ytics ()
decade_step = int(ceil((decade_high - decade_low) / (high / 30.0)))
set for [n = decade_low:decade_high] ytics add (n % decade_step == 0 ? power(n) : "" 10.0**n)
set for [n = decade_low:decade_high] for [m = 2:9] ytics add ('' m * 10.0**n 1)
set xlabel findings_xlabel
set ylabel paged ? label_distance : "distance to a model that knows only some patterns"
mark_height = 0.14
eval findings(1)
eval stage_numbers(high)
eval legend(left, top - stage_room, wide, named, 12)
if (!paged) { set key title "a model that knows" left }
plot for [k = 0:rungs] $distances using 1:k + 2 with lines ls k + 1 title k > 20 ? "" : rung_name(k), \
     for [k = 0:rungs] '+' using (low_at[k + 1]):(is_below(k) ? floor_at : low_is[k + 1]) every ::0::0 \
       with points ls k + 1 pt is_below(k) ? 11 : 7 ps is_below(k) ? 1.8 : 1.2 notitle, \
     NaN with points pt 7 ps 1.2 lc rgb "#505050" title "nearest"
set output
