# What a model of a Markov chain or of recall knows, where its heads look, and what their values are, against the step.
trajectory = folder . source . "trajectory.tsv"
stages = folder . source . "stages.tsv"
head_colour(h) = heads <= words(head_colours) ? word(head_colours, h) : \
  sprintf("#%06x", int(hsv2rgb((0.6 + (h - 1) / real(heads)) - floor(0.6 + (h - 1) / real(heads)), 0.85, 0.8)))
span_dash(k) = word("1 2 4 5 3", (k - 1) % 5 + 1) + 0
known_colour(k) = word(viridis, 1 + int(lightest * (words(viridis) - 1) * (levels > 1 ? (k - 1) / (levels - 1.0) : 0) + 0.5))
known_dash(k) = k == levels ? 1 : dash_of(k)

has_cuts = words(cuts) > 0
panels = (has_values ? 3 : 2) + has_cuts
left = beside; right = paged ? rim : 245.0
width = paged ? page : left + 900.0 + right
wide = width - left - right
high = paged ? 120.0 : 230.0

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
names_levels = levels > 1 || !has_divergence
room = lines_there - spans_named - (levels > spans_named)
heads_drawn = shown(heads)
heads_named = heads <= room ? heads : room - 1
more_heads = heads_drawn < heads ? sprintf("%d heads of %d", heads_drawn, heads) : sprintf("and %d more heads", heads - heads_named)
legend_heads = "for [h = 1:heads_named] NaN with lines lw 2.5 lc rgb head_colour(h) title sprintf('head %d', h)" . \
  (heads > heads_named ? ", NaN with lines lc rgb 'white' title more_heads" : "") . \
  (names_levels ? ", for [k = 1:spans_named] NaN with lines lw 2 dt span_dash(k) lc rgb '#606060' title of_span(k)" : "") . \
  (levels > spans_named ? ", NaN with lines lc rgb 'white' title sprintf('and %d more spans', levels - spans_named)" : "")

# Layout; y is counted from the top. Row k has so many entries in its legend.
first_entries = (has_divergence ? least(levels, 6) : 0) + 2
entries(k) = k == 1 ? first_entries : k == 2 && has_cuts ? words(cuts) + 1 : \
  least(heads, heads_named) + (heads > heads_named) + (names_levels ? spans_named : 0) + (levels > spans_named)
letters(k) = k == 1 ? most(17, 10 + strlen(level_known(1))) : k == 2 && has_cuts ? 24 : most(heads > heads_named ? 16 : 10, 3 + strlen(level_place(1)))
room_above(k) = (k == 1 ? (paged ? head_high + 16 : 78.0) : paged ? 10.0 : 18.0) + legend_high(wide, entries(k), letters(k))
row_top(k) = room_above(k) + (k > 1 ? row_top(k - 1) + high : 0)
height = row_top(panels) + high + below

eval canvas(width, height)
set multiplot
eval frame
if (log_steps) { set logscale x }
set xrange [first_step:last_step]
legend_of(k) = letter(k, 2, row_top(k)) . ";" . legend(left, row_top(k), wide, entries(k), letters(k))

eval place(left, row_top(1), wide, high)
set format x ""
eval shade
eval best_line
eval legend_of(1)
eval title_at(left)
if (has_best) {
  set label 2 paged ? sprintf("best step %d", best_step) : sprintf("least held-out excess, step %d", best_step) at first best_step, graph paged ? 0.9 : 1 + 11 / high font note_font textcolor rgb "#404040" front
  if (is_late) { set label 2 right offset paged ? -0.6 : 0, 0 } else { set label 2 left offset paged ? 0.6 : 0, 0 }
}
set ylabel !has_divergence ? label_loss : paged ? label_divergence : "nats"
if (paged) { set ytics round_up((excess_most - excess_least) / (high / 34.0)) }
set yrange [excess_least * 1.05:excess_most * 1.05]
known_width(k) = k == levels ? 4 : 2.5
divergences = !has_divergence ? "" : "for [k = 1:shown(levels)] trajectory using 'step':sprintf('kl_%d', k) with lines lw known_width(k) dt known_dash(k)" . \
  " lc rgb known_colour(k) title k == levels ? 'KL from the truth' : k < 6 ? sprintf('KL, %s known', level_known(k)) : '',"
plot @divergences \
     trajectory using "step":"excess" with lines lw 1.2 lc rgb "black" title has_divergence ? "excess, held-out" : "held-out", \
     trajectory using "step":"train_excess" with lines lw 1.5 dt 2 lc rgb "#606060" title has_divergence ? "excess, training" : "training"
unset label 1
unset label 2

if (has_cuts) {
  eval place(left, row_top(2), wide, high)
  eval legend_of(2)
  set ylabel paged ? "KL (nats)" : "nats"
  set ytics autofreq
  set yrange [0:*]
  plot for [i = 1:words(cuts)] trajectory using "step":"cut_" . word(cuts, i) with lines lw 2.5 dt 2 \
         lc rgb known_colour(word(cuts, i)) title sprintf("KL, context of %s span%s", word(cuts, i), word(cuts, i) eq "1" ? "" : "s"), \
       trajectory using "step":(column(sprintf("kl_%d", levels))) with lines lw 2.5 lc rgb known_colour(levels) title "KL from the truth"
}

eval place(left, row_top(2 + has_cuts), wide, high)
if (!has_values) { set format x number_format; set xlabel words(stage_from) > 0 ? label_step . " (shaded: stages)" : label_step }
eval legend_of(2 + has_cuts)
set ylabel paged ? label_attention : "attention of the last query"
set ytics paged ? 0.5 : 0.2
set yrange [-0.02:1.05]
of_span(k) = "on " . level_place(k)
plot for [h = 1:heads_drawn] for [k = 1:shown(levels)] trajectory using "step":sprintf("last_%d_%d", h, k) with lines lw 2 \
       dt span_dash(k) lc rgb head_colour(h) notitle, @legend_heads

if (has_values) {
  eval place(left, row_top(3 + has_cuts), wide, high)
  set format x number_format
  set xlabel words(stage_from) > 0 ? label_step . " (shaded: stages)" : label_step
  eval legend_of(3 + has_cuts)
  set ylabel paged ? label_value : say("value $\\langle V_h, A_k\\rangle$", "value ⟨{/:Italic V}_{/:Italic h}, {/:Italic A}_{/:Italic k}⟩")
  set ytics autofreq
  eval forget
  do for [k = 1:shown(levels)] { stats trajectory using (sum [h = 1:heads_drawn] see(column(sprintf("value_%d_%d", h, k)))) nooutput }
  if (log_steps) { set logscale x }
  set xrange [first_step:last_step]
  if (paged && seen && has_room(seen_low, seen_high)) { set ytics round_up((seen_high - seen_low) / (high / 34.0)) }
  set yrange [*:*]
  of_span(k) = sprintf(say("along $A_%d$", "along {/:Italic A}_{/*1.1 %d}"), k)
  plot for [h = 1:heads_drawn] for [k = 1:shown(levels)] trajectory using "step":sprintf("value_%d_%d", h, k) with lines lw 2 \
         dt span_dash(k) lc rgb head_colour(h) notitle, @legend_heads
}
unset multiplot
set output
