# How sharply every head looks, the entropy of its attention over time, and the attention itself on the positions of the patterns, on a
# logarithmic axis: a decay by many orders can be read, and where time is logarithmic, too, a power of time is a straight line.
shown_heads = shown(heads)
heads_named = least(shown_heads, paged ? 12 : 24)

# Layout; y is counted from the top.
left = beside; right = paged ? rim : 190.0
width = paged ? page : left + 950.0 + right
wide = width - left - right
high = paged ? most(110.0, 0.36 * wide) : 300.0
low = paged ? most(130.0, 0.45 * wide) : 380.0
top = head_high + legend_high(wide, heads_named + 1, 8) + stage_room
low_top = top + high + (paged ? 20.0 + stage_room : 28.0) + legend_high(wide, 1 + least(patterns, 12), 9)
height = low_top + low + below
do for [h = 1:heads] { set style line h lc rgb head_colour(h) dt head_dash(h) lw 2.5 }

# The positions of patterns as runs of neighbours, and how many each pattern has.
panels = least(patterns, 12)
array run_pattern[|$patterns|]
array run_from[|$patterns|]
array run_to[|$patterns|]
array places[patterns]
do for [j = 1:patterns] { places[j] = 0 }
do for [k = 2:|$patterns|] {
  run_pattern[k] = int(word($patterns[k], 1)); run_from[k] = int(word($patterns[k], 2)); run_to[k] = int(word($patterns[k], 3))
  places[run_pattern[k]] = places[run_pattern[k]] + run_to[k] - run_from[k] + 1
}
is_in(i, j) = (sum [k = 2:|$patterns|] (run_pattern[k] == j && i >= run_from[k] && i <= run_to[k])) > 0

# attention.tsv has a row for every time and class of positions, the classes in turn. What is wanted of all classes of a time is summed, and
# taken at the last one: of every head the entropy -sum n p ln p, p = s / sum n s, in nats (attention below 0 has none), and the mean
# attention on one position over the classes of every pattern.
size(i) = as_number($sizes[has_sizes ? int(i) : 1])
array mass[shown_heads]
array sum_log[shown_heads]
array weight[shown_heads * panels]
part(s) = s > 0 ? s * log(s) : s == 0 ? 0 : NaN
add_mass(n, h, s) = (mass[h] = mass[h] + n * s, sum_log[h] = sum_log[h] + n * part(s), 0)
of(j, h) = (j - 1) * shown_heads + h
add_weight(j, h, s) = (weight[of(j, h)] = weight[of(j, h)] + s / places[j], 0)
start(h) = (mass[h] = 0.0, sum_log[h] = 0.0, sum [j = 1:panels] (weight[of(j, h)] = 0.0, 0))
attention_of(h) = column(sprintf("attention_%d", h))
add_heads(i) = sum [h = 1:shown_heads] ((i == 1 ? start(h) : 0) + add_mass(size(i), h, attention_of(h)))
add_pattern(j) = sum [h = 1:shown_heads] add_weight(j, h, attention_of(h))
do for [h = 1:shown_heads] { dummy = start(h) }
is_last(i) = !is_finite(i) ? 0 : (add_heads(i), (sum [j = 1:panels] (is_in(i, j) ? add_pattern(j) : 0)), i == positions)
entropy(h) = mass[h] > 0 ? log(mass[h]) - sum_log[h] / mass[h] : NaN
entropies(h) = h == 0 ? "" : entropies(h - 1) . sprintf(" %.10g", entropy(h))
weights(n) = n == 0 ? "" : weights(n - 1) . sprintf(" %.10g", weight[n])
is_whole = 0
set table $weights
row(dummy) = strcol(axis_column) . entropies(shown_heads) . weights(shown_heads * panels)
plot attention using (is_whole = is_last(column("position")), is_whole ? row(0) : "") with table if (is_whole)
unset table
eval at_least_a_row("$weights")
set datafile nocolumnheaders
count_all = has_sizes ? 0.0 : positions
if (has_sizes) { do for [i = 1:positions] { count_all = count_all + size(i) } }
uniform = most(log(count_all), 1e-3)

# The axis of the weights goes down to the least that is there, and 40 decades at most.
smallest = 1e300
smaller(x) = is_finite(x) && x > 1e-290 ? (smallest = least(smallest, x), 0) : 0
set autoscale
stats $weights using (sum [n = 1:shown_heads * panels] smaller(column(1 + shown_heads + n))) nooutput
floor_at = most(least(smallest, 0.1) / 2, 1e-40)

eval canvas(width, height)
set multiplot
eval frame
eval place(left, top, wide, high)
eval title_at(left)
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
eval time_ticks(wide, 0)
set yrange [-0.03 * uniform:1.08 * uniform]
set ytics round_up(uniform / (high / 45.0))
set ylabel label_entropy
set xlabel ""
eval findings(0)
eval stage_numbers(high)
eval letter(1, 2, top)
eval legend(left, top - stage_room, wide, heads_named + 1, 8)
plot for [h = 1:shown_heads] $weights using 1:(column(h + 1)) with lines ls h title h > heads_named ? "" : sprintf("head %d", h), \
     uniform with lines dt 3 lw 1.5 lc rgb "#606060" title "uniform"
unset label 1

eval place(left, low_top, wide, low)
eval time_ticks(wide, 1)
eval scale("y", floor_at, 2, 1, low / 30)
set ylabel label_attention
set xlabel findings_xlabel
eval findings(1)
eval letter(2, 2, low_top)
eval legend(left, low_top - (paged ? stage_room : 0), wide, panels, 9)
plot for [j = 1:panels] for [h = 1:shown_heads] $weights using 1:(column(1 + shown_heads + of(j, h))) \
       with lines lc rgb head_colour(h) dt dash_of(j) lw 2.5 notitle, \
     for [j = 1:panels] NaN with lines lc rgb "black" dt dash_of(j) lw 2.5 title sprintf("pattern %d", j)
unset multiplot
set output
