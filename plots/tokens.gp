# What a model of a Markov chain knows, where its heads look, and what their values are, against the step.
trajectory = folder . source . "trajectory.tsv"
stages = folder . source . "stages.tsv"
head_colour(h) = word("#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9", (h - 1) % 6 + 1)
span_dash(k) = word("1 2 4 5", (k - 1) % 4 + 1) + 0
known_colour(k) = word(viridis, 1 + int(0.8 * (words(viridis) - 1) * (levels > 1 ? (k - 1) / (levels - 1.0) : 0)))

panels = has_values ? 3 : 2
left = 95.0; right = 235.0; top = 72.0; row_gap = 18.0; bottom = 62.0
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
eval forget
stats trajectory using (see(column("excess"))) nooutput
excess_most = seen && seen_high > 1e-290 ? seen_high : 1.0

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
eval legend_at(row_top(1))
set label 1 run_title at screen across(left), up(24) font title_font
set ylabel "nats"
set yrange [0:excess_most * 1.05]
plot for [k = 1:shown(levels)] trajectory using "step":sprintf("kl_%d", k) with lines lw 2.5 lc rgb known_colour(k) \
       title k == levels ? "KL from the truth" : sprintf("KL, %d span%s known", k, k == 1 ? "" : "s"), \
     trajectory using "step":"train_excess" with lines lw 1.5 dt 2 lc rgb "#606060" title "training excess", \
     trajectory using "step":(column("step") == best_step ? column("excess") : NaN) with points pt 7 ps 1.2 lc rgb "black" \
       title sprintf("least, step %d", best_step)
unset label 1

eval place(left, row_top(2), wide, high)
if (!has_values) { set format x "%g"; set xlabel words(stage_from) > 0 ? "step (shaded: stages)" : "step" }
eval legend_at(row_top(2))
set ylabel "last query on a span"
set yrange [-0.02:1.05]
plot for [h = 1:shown(heads)] for [k = 1:shown(levels)] trajectory using "step":sprintf("last_%d_%d", h, k) with lines lw 2 \
       dt span_dash(k) lc rgb head_colour(h) title h * levels > 12 ? "" : sprintf("head %d, span %d", h, k)

if (has_values) {
  eval place(left, row_top(3), wide, high)
  set format x "%g"
  set xlabel words(stage_from) > 0 ? "step (shaded: stages)" : "step"
  eval legend_at(row_top(3))
  set ylabel "value along a span's matrix"
  set yrange [*:*]
  plot for [h = 1:shown(heads)] for [k = 1:shown(levels)] trajectory using "step":sprintf("value_%d_%d", h, k) with lines lw 2 \
         dt span_dash(k) lc rgb head_colour(h) title h * levels > 12 ? "" : sprintf("<V_%d, A_%d>", h, k)
}
unset multiplot
set output
