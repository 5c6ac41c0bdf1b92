# What a model of a Markov chain knows, where its heads look, and what their values are, against the step.
trajectory = folder . source . "trajectory.tsv"
stages = folder . source . "stages.tsv"
head_colour(h) = heads <= 6 ? word("#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9", h) : \
  sprintf("#%06x", int(hsv2rgb((0.6 + (h - 1) / real(heads)) - floor(0.6 + (h - 1) / real(heads)), 0.85, 0.8)))
span_dash(k) = word("1 2 4 5 3", (k - 1) % 5 + 1) + 0
known_colour(k) = word(viridis, 1 + int(0.8 * (words(viridis) - 1) * (levels > 1 ? (k - 1) / (levels - 1.0) : 0)))

has_cuts = words(cuts) > 0
panels = (has_values ? 3 : 2) + has_cuts
left = 95.0; right = 245.0; top = 78.0; row_gap = 18.0; bottom = 62.0
wide = 900.0; high = 230.0
width = left + wide + right
height = top + panels * high + (panels - 1) * row_gap + bottom
row_top(k) = top + (k - 1) * (high + row_gap)

# Stages from word(from, i) to word(to, i); one that the run ends in goes to its end.
eval forget
stats trajectory using (see(column("step"))) nooutput
last_step = seen && seen_high > 1 ? seen_high : 2.0
first_step = log_steps ? 1.0 : 0.0
stage_from = ""; stage_to = ""
note(a, b) = (stage_from = stage_from . sprintf(" %.9g", a), \
              stage_to = stage_to . sprintf(" %.9g", is_finite(b) ? b : last_step), 0)
if (has_stages) { stats stages using (note(column("t_onset"), column("t_settle"))) nooutput }
shade = "set for [i = 1:words(stage_from)] object i rectangle behind fillcolor rgb '#eeeeee' fillstyle solid noborder" . \
  "  from first as_number(word(stage_from, i)), graph 0 to first as_number(word(stage_to, i)), graph 1"

# From the least to the most that the first panel shows; who knows the training sequences by heart is below 0.
eval forget
stats trajectory using (see(column("excess")), see(column("train_excess"))) nooutput
do for [k = 1:shown(levels)] { stats trajectory using (see(column(sprintf("kl_%d", k)))) nooutput }
excess_most = seen && seen_high > 1e-290 ? seen_high : 1.0
excess_least = seen && seen_low < 0 ? seen_low : 0.0

# Where the held-out excess was least.
is_late = log_steps ? log10(most(1, best_step)) > 0.8 * log10(last_step) : best_step > 0.8 * last_step
has_best = best_step >= first_step && best_step <= last_step
best_line = !has_best ? "" : \
  sprintf("set arrow 1 from first %.17g, graph 0 to first %.17g, graph 1 nohead back dt 2 lw 1 lc rgb '#606060'", best_step, best_step)

# A panel's legend has room for so many lines: heads by their colours, spans by their dashes.
lines_there = 8
spans_named = levels > 4 ? 3 : levels
room = lines_there - spans_named - (levels > spans_named)
heads_drawn = shown(heads)
heads_named = heads <= room ? heads : room - 1
more_heads = heads_drawn < heads ? sprintf("%d heads of %d", heads_drawn, heads) : sprintf("and %d more heads", heads - heads_named)
legend_heads = "for [h = 1:heads_named] NaN with lines lw 2.5 lc rgb head_colour(h) title sprintf('head %d', h)," . \
  " for [i = 1:heads > heads_named] NaN with lines lc rgb 'white' title more_heads," . \
  " for [k = 1:levels > 1 ? spans_named : 0] NaN with lines lw 2 dt span_dash(k) lc rgb '#606060' title sprintf(of_span, k)," . \
  " for [i = 1:levels > spans_named] NaN with lines lc rgb 'white' title sprintf('and %d more spans', levels - spans_named)"

eval canvas(width, height)
set multiplot
set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3 format "%g" textcolor rgb "black"
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
unset colorbox
if (log_steps) { set logscale x }
set xrange [first_step:last_step]
legend_at(y) = sprintf("set key at screen %g, %g left top Left reverse samplen 2.8 spacing 1.25", \
                       across(width - right + 12), up(y))

eval place(left, row_top(1), wide, high)
set format x ""
eval shade
eval best_line
eval legend_at(row_top(1))
set label 1 run_title at screen across(left), up(24) font title_font
if (has_best) {
  set label 2 sprintf("least held-out excess, step %d", best_step) at first best_step, graph 1 + 11 / high font ",10" textcolor rgb "#404040"
  if (is_late) { set label 2 right } else { set label 2 left }
}
set ylabel "nats"
set yrange [excess_least * 1.05:excess_most * 1.05]
known_width(k) = k == levels ? 4 : 2.5
plot for [k = 1:shown(levels)] trajectory using "step":sprintf("kl_%d", k) with lines lw known_width(k) lc rgb known_colour(k) \
       title k == levels ? "KL from the truth" : k < 6 ? sprintf("KL, %d span%s known", k, k == 1 ? "" : "s") : "", \
     trajectory using "step":"excess" with lines lw 1.2 lc rgb "black" title "excess, held-out", \
     trajectory using "step":"train_excess" with lines lw 1.5 dt 2 lc rgb "#606060" title "excess, training"
unset label 1
unset label 2

if (has_cuts) {
  eval place(left, row_top(2), wide, high)
  eval legend_at(row_top(2))
  set ylabel "nats"
  set yrange [0:*]
  plot for [i = 1:words(cuts)] trajectory using "step":"cut_" . word(cuts, i) with lines lw 2.5 dt 2 \
         lc rgb known_colour(word(cuts, i)) title sprintf("KL, context of %s span%s", word(cuts, i), word(cuts, i) eq "1" ? "" : "s"), \
       trajectory using "step":(column(sprintf("kl_%d", levels))) with lines lw 2.5 lc rgb known_colour(levels) title "KL from the truth"
}

eval place(left, row_top(2 + has_cuts), wide, high)
if (!has_values) { set format x "%g"; set xlabel words(stage_from) > 0 ? "step (shaded: stages)" : "step" }
eval legend_at(row_top(2 + has_cuts))
set ylabel "attention of the last query"
set yrange [-0.02:1.05]
of_span = "on span %d"
plot for [h = 1:heads_drawn] for [k = 1:shown(levels)] trajectory using "step":sprintf("last_%d_%d", h, k) with lines lw 2 \
       dt span_dash(k) lc rgb head_colour(h) notitle, @legend_heads

if (has_values) {
  eval place(left, row_top(3 + has_cuts), wide, high)
  set format x "%g"
  set xlabel words(stage_from) > 0 ? "step (shaded: stages)" : "step"
  eval legend_at(row_top(3 + has_cuts))
  set ylabel "value <V_h, A_k>"
  set yrange [*:*]
  of_span = "along A_%d"
  plot for [h = 1:heads_drawn] for [k = 1:shown(levels)] trajectory using "step":sprintf("value_%d_%d", h, k) with lines lw 2 \
         dt span_dash(k) lc rgb head_colour(h) notitle, @legend_heads
}
unset multiplot
set output
