# The loss of all training runs, beside the flow they stand for, and how far their stages are from the flow's.
flow_table = folder . "../flow/trajectory.tsv"
drift_table = folder . "../drift/trajectory.tsv"
step_table = folder . "../step/trajectory.tsv"
both_table = folder . "../step-drift/trajectory.tsv"
has_both = has_step && has_drift
summary = folder . "../train/summary.tsv"
compare = folder . "../compare.tsv"
bands = folder . "../bands.tsv"
optimizer_table(k) = sprintf("%s../optimizer/seed-%d/trajectory.tsv", folder, first_seed + k)
seed_table(k) = sprintf("%s../train/seed-%d/trajectory.tsv", folder, first_seed + k)
is_timed = axis_column eq "t"
with_flow = has_flow && is_timed

# The stages of the flow.
stages = 0
if (with_flow) {
  eval forget
  stats compare using (strcol("curve") eq "flow" ? see(column("stage")) : 0) nooutput
  if (seen) { stages = int(seen_high) }
}
with_stages = stages > 0

# Layout; y is counted from the top.
left = beside; right = paged ? rim : 265.0
width = paged ? page : left + 900.0 + right
wide = width - left - right
high = paged ? 180.0 : 430.0; stage_high = !with_stages ? 0.0 : paged ? 110.0 : 260.0
step_name = paged ? "with finite steps" : "flow with finite steps"
both_name = paged ? "with both" : "flow with both"
drift_name = paged ? "with SGD's drift" : "flow with SGD's drift"
longest = paged ? 17 : 21
shows_bands = has_bands && with_flow
entries = 2 + (seeds > 1) + (has_flow > 0) + has_drift + has_step + has_both + shows_bands + has_optimizer + (samples > 0) + (validation > 0)
stage_entries = 3 + has_drift + has_step + has_both + has_bands
band_name = paged ? "predicted 10--90 \\%" : "predicted, 10–90 %"
top = (paged && has_title ? 52.0 : head_high) + legend_high(wide, entries, longest)
stage_top = top + high + (paged ? below + 12 + legend_high(wide, stage_entries, longest) : 95.0)
height = (with_stages ? stage_top + stage_high + (paged ? 26.0 : 62.0) : top + high + below)

training_colour = main_colour
drift_colour = mark_colour
step_colour = third_colour
both_colour = is_grey ? "#606060" : "#7B3294"

eval forget
stats summary using (see(column("loss"))) every ::0::0 nooutput
start = seen ? seen_high : 0.0
eval forget
stats summary using (see(column("loss_p10"))) nooutput
lowest = seen ? seen_low : 0.0
is_log = has_decades(lowest, start) && (exists("log_loss") ? log_loss : start > 1e4 * lowest)
loss_low = least(lowest, 0)
loss_high = start > 1e-290 ? start : seen && seen_high > 1e-290 ? seen_high : loss_low < -1e-290 ? 0.0 : 1.0

# Where the flow rests, beside runs whose steps are no time.
levels = ""
add_level(x) = is_finite(x) ? (levels = levels . sprintf(" %.9g", x), 0) : 0
if (has_flow && !is_timed) { stats folder . "../flow/plateaus.tsv" using (add_level(column("loss"))) nooutput }
level(k) = k > words(levels) ? NaN : as_number(word(levels, k))

eval canvas(width, height)
set multiplot
eval frame

eval place(left, top, wide, high)
eval title_at(left)
what = batch > 0 ? sprintf("%s, lr %g, batch %d", optimizer, lr, batch) : sprintf("%s, lr %g, exact gradient", optimizer, lr)
if (samples > 0) { what = what . sprintf(", %d fixed samples", samples) }
if (has_title) { set label 2 what at screen across(left + (paged ? 0 : wide)), up(paged ? 36 : 24) font paged ? note_font : ""; if (!paged) { set label 2 right } }
eval letter(1, 2, top)
if (log_time) { set logscale x }
set xrange [t_begin:t_last]
eval time_ticks(wide, 1)
set xlabel axis_label
set ylabel paged ? label_loss : "loss (without the floor of the label noise)"
if (is_log) {
  eval scale("y", 10.0**floor(log10(lowest)), start * 1.5, 1, high / 30)
} else { set yrange [loss_low * 1.05:loss_high * 1.05]; set ytics round_up((loss_high - loss_low) / (high / 45.0)) }
eval legend(left, top, wide, entries, longest)
faint = seeds > 12 ? 1 : seeds
plot summary using axis_column:"loss_p10":"loss_p90" with filledcurves lc rgb training_colour fillstyle solid 0.25 noborder \
       title seeds > 1 ? say("10--90 \\% of seeds", "10–90 % of seeds") : "", \
     for [k = 0:faint - 1] seed_table(k) using axis_column:"loss" with lines lc rgb training_colour lw 0.8 \
       title k > 0 ? "" : seeds > 12 ? "first seed" : "every seed", \
     summary using axis_column:"loss" with lines lc rgb training_colour lw 2.5 title sprintf("median of %d", seeds), \
     for [k = 0:has_optimizer ? faint - 1 : 0] (has_optimizer ? optimizer_table(k) : summary) using (has_optimizer ? column(axis_column) : NaN):"loss" \
       with lines lc rgb "black" dt 2 lw 1.5 title k > 0 || !has_optimizer ? "" : "flow of " . optimizer, \
     for [k = 1:words(levels)] level(k) with lines lc rgb "black" dt 3 lw 1.2 title k == 1 ? (paged ? "flow's plateaus" : "plateaus of the flow") : "", \
     (with_flow ? flow_table : summary) using (with_flow ? column("t") : NaN):"loss" with lines lc rgb "black" lw 2.5 \
       title with_flow ? "flow" : "", \
     (has_drift ? drift_table : summary) using (has_drift ? column("t") : NaN):"loss" with lines lc rgb drift_colour dt 2 lw 2.5 \
       title has_drift ? drift_name : "", \
     (shows_bands ? bands : summary) using (shows_bands ? (column("p10") + column("p90")) / 2 : NaN):(shows_bands ? column("level") : NaN):(shows_bands ? column("p10") : NaN):(shows_bands ? column("p90") : NaN) \
       with xerrorbars pt 2 ps 0.6 lw 2 lc rgb drift_colour title shows_bands ? band_name : "", \
     (has_step ? step_table : summary) using (has_step ? column("t") : NaN):"loss" with lines lc rgb step_colour dt 4 lw 2.5 \
       title has_step ? step_name : "", \
     (has_both ? both_table : summary) using (has_both ? column("t") : NaN):"loss" with lines lc rgb both_colour dt 3 lw 2.5 \
       title has_both ? both_name : "", \
     summary using axis_column:(samples > 0 ? column("train_loss") : NaN) with lines lc rgb "#909090" lw 2 \
       title samples > 0 ? "training samples" : "", \
     summary using axis_column:(validation > 0 ? column("validation_loss") : NaN) with lines lc rgb third_colour lw 2 \
       title validation > 0 ? "held-out samples" : ""
unset label 1
unset label 2

# When each stage comes, relative to the flow.
if (with_stages) {
  of(curve, value) = strcol("curve") eq curve ? value : NaN
  percent(curve) = 100 * of(curve, column("deviation_flow"))
  unset logscale
  set ytics autofreq
  set xtics () format number_format
  set for [k = 1:stages] xtics add (sprintf(stages > 6 ? "%d" : "stage %d", k) k)
  set xlabel ""
  set format y say("$%+g$", "%+g")
  set ylabel say("later than the flow by, in \\%", "later than the flow by, in %")
if (paged) { set ylabel label_later }
eval letter(2, 2, stage_top)
  eval place(left, stage_top, wide, stage_high)
  eval legend(left, stage_top, wide, stage_entries, longest)
  # quantiles stand in rows of their own: they are collected by stage
  array low[stages]; array middle[stages]; array high_at[stages]
  do for [k = 1:stages] { low[k] = NaN; middle[k] = NaN; high_at[k] = NaN }
  is_stage(k) = k >= 1 && k <= stages
  put(curve, k, x) = curve eq "p10" ? (low[k] = x, 0) : curve eq "median" ? (middle[k] = x, 0) : curve eq "p90" ? (high_at[k] = x, 0) : 0
  is_shown(curve) = strstrt("seed p10 median p90", curve) || (has_drift && curve eq "drift") || (has_step && curve eq "step") || (has_both && curve eq "step-drift")
  note_deviation(curve, k, x) = is_shown(curve) ? (see(x), is_stage(k) ? put(curve, int(k), x) : 0) : 0
  eval forget
  stats compare using (note_deviation(strcol("curve"), column("stage"), 100 * column("deviation_flow"))) nooutput
  set xrange [0.5:stages + 0.5]
  if (seen && has_room(least(seen_low, 0), most(seen_high, 0))) { set yrange [*:*]; set offsets 0, 0, graph 0.12, graph 0.12 } \
  else { set yrange [-1:1] }
  if (paged && seen && has_room(least(seen_low, 0), most(seen_high, 0))) { set ytics round_up((most(seen_high, 0) - least(seen_low, 0)) / 3.0) }
  plot 0 with lines lc rgb "black" lw 2 title "flow", \
       compare using (column("stage") - 0.12):(percent("seed")) with points pt 6 ps 1 lw 1.2 lc rgb training_colour title "every seed", \
       for [k = 1:stages] '+' using (k):(middle[k]):(low[k]):(high_at[k]) every ::0::0 with yerrorbars pt 7 ps 1.4 lw 2 \
         lc rgb training_colour title k == 1 ? say("median, 10--90 \\%", "median, 10–90 %") : "", \
       compare using (column("stage") + 0.12):(has_drift ? percent("drift") : NaN) with points pt 13 ps 2 lc rgb drift_colour \
         title has_drift ? drift_name : "", \
       (has_bands ? bands : compare) using (column("stage") + 0.12):(has_bands ? 100 * ((column("p10") + column("p90")) / 2 / column("t_flow") - 1) : NaN):(has_bands ? 100 * (column("p10") / column("t_flow") - 1) : NaN):(has_bands ? 100 * (column("p90") / column("t_flow") - 1) : NaN) \
         with yerrorbars pt 13 ps 0.5 lw 2 lc rgb drift_colour title has_bands ? band_name : "", \
       compare using (column("stage") + 0.24):(has_step ? percent("step") : NaN) with points pt 9 ps 2 lc rgb step_colour \
         title has_step ? step_name : "", \
       compare using (column("stage") + 0.32):(has_both ? percent("step-drift") : NaN) with points pt 11 ps 2 lc rgb both_colour \
         title has_both ? both_name : ""
}
unset multiplot
set output
