# How the stages of training approach those of the flow as the learning rate falls, for every batch size.
ladder = folder . "../ladder.tsv"
left = paged ? beside + 10 : beside; right = paged ? rim : 190.0; gap = paged ? 66.0 : 110.0
columns = !paged || page > 900 ? 3 : page > 620 ? 2 : 1
width = paged ? page : left + 3 * 420.0 + 2 * gap + right
wide = (width - left - right - (columns - 1) * gap) / columns
high = paged ? most(120.0, least(190.0, 0.75 * wide)) : 420.0
row_gap = paged ? 12.0 + below : 0.0
panel_left(k) = left + ((k - 1) % columns) * (wide + gap)
panel_top(k) = top + ((k - 1) / columns) * (high + row_gap)

# Batch sizes in order of appearance, and the number of stages.
batches = ""
add_batch(b) = !is_finite(b) ? 0 : (n = sprintf(" %d", b), batches = strstrt(batches . " ", n . " ") ? batches : batches . n, 0)
stats ladder using (add_batch(column("batch"))) nooutput
if (batches eq "") { batches = " 0" }
eval forget
stats ladder using (see(column("stage"))) nooutput
stages = seen ? int(most(seen_high, 1)) : 1
# Whether there is anything to draw: one seed has no spread, a level that no run reaches no mean.
eval forget
stats ladder using (see(column("mean_deviation"))) nooutput
means = seen && has_room(least(seen_low, 0), most(seen_high, 0))
positive(x) = is_finite(x) && x > 1e-290 ? see(x) : 0
eval forget
stats ladder using (positive(column("spread"))) nooutput
spreads = seen; spread_low = seen ? seen_low : 1e-3; spread_high = seen ? seen_high : 1.0; is_one_spread = seen && !has_room(seen_low, seen_high); spread_at = seen_high
eval forget
stats ladder using (positive(column("loss_deviation"))) nooutput
deviations = seen; deviation_low = seen ? seen_low : 1e-3; deviation_high = seen ? seen_high : 1.0; is_one_deviation = seen && !has_room(seen_low, seen_high); deviation_at = seen_high
batch_name(i) = word(batches, i) + 0 > 0 ? "batch " . word(batches, i) : "exact gradient"
entries = words(batches) + 2 * stages
longest = 14
legend_wide = width - left - right
top = (has_title ? (paged ? 34.0 : 72.0) : paged ? 8.0 : 30.0) + legend_high(legend_wide, entries, longest) + (paged ? 6.0 : 0.0)
height = top + ceil(3.0 / columns) * (high + row_gap) - row_gap + below
is_at(i, k) = column("batch") == word(batches, i) + 0 && column("stage") == k

# What was fitted: the mean per lr and per lr / batch, factor and exponent of the spread; 0 and NaN where it was not.
fits = folder . "../ladder-fit.tsv"
array per_lr[stages]; array per_noise[stages]; array factor[stages]; array exponent[stages]
do for [k = 1:stages] { per_lr[k] = NaN; per_noise[k] = 0; factor[k] = NaN; exponent[k] = NaN }
put(fit, k, x) = !is_finite(x) || k < 1 || k > stages ? 0 : fit eq "mean_per_lr" ? (per_lr[k] = x) : fit eq "mean_per_lr_over_batch" ? (per_noise[k] = x) : \
                 fit eq "spread_factor" ? (factor[k] = x) : fit eq "spread_exponent" ? (exponent[k] = x) : 0
put_at(fit, k, x) = is_finite(k) && is_finite(x) ? (put(fit, int(k), x), 0) : 0
stats fits using (put_at(strcol("fit"), column("stage"), column("value"))) nooutput
size(i) = word(batches, i) + 0
mean_fit(i, k, lr) = 100 * lr * (per_lr[k] + (size(i) > 0 ? per_noise[k] / size(i) : 0))
spread_fit(i, k, lr) = size(i) > 0 ? factor[k] * (lr / size(i))**exponent[k] : NaN

eval canvas(width, height)
set multiplot
set samples 50
eval frame
eval title_at(left)
set logscale x
rates = ""
add_rate(x) = !is_finite(x) ? 0 : (n = sprintf(" %.9g", x), rates = strstrt(rates . " ", n . " ") ? rates : rates . n, 0)
stats ladder using (add_rate(column("lr"))) nooutput
set xtics ()
rate_step = int(ceil(words(rates) / (wide / 62.0)))
rate_name(k) = k % rate_step == 0 || rate_step == 1 ? numeral(as_number(word(rates, k))) : ""
set for [k = 1:words(rates)] xtics add (rate_name(k) as_number(word(rates, k)))
set xlabel label_learning_rate
eval forget
stats ladder using (positive(column("lr"))) nooutput
set xrange [(seen ? seen_low : 1) / 1.3:(seen ? seen_high : 1) * 1.3]

# Colour: the batch size; shape: the stage.
shape(k) = word("7 5 9 11 13 15", (k - 1) % 6 + 1) + 0
eval place(panel_left(1), panel_top(1), wide, high)
eval letter(1, 2, panel_top(1))
if (!means) { set yrange [-1:1] }
if (!paged) { set label 2 "bars: standard error over the seeds, which all rungs share" at screen across(left), up(48) font ",11" tc rgb "#505050" }
set ylabel paged ? label_later : say("stages later than the flow by, in \\% (mean)", "stages later than the flow by, in % (mean)")
unset key
# A standard error over the seeds; all rungs share these, so that the points of one stage are off together.
error(spread, n) = spread == spread && n > 2 ? 100 * spread / sqrt(n) : NaN
aside(lr, i) = lr * 1.03**(i - 0.5 - words(batches) / 2.0)
plot 0 with lines lc rgb "black" lw 1 notitle, \
     for [i = 1:words(batches)] for [k = 1:stages] \
       ladder using (is_at(i, k) ? aside(column("lr"), i) : NaN):(100 * column("mean_deviation")):(error(column("spread"), column("reached"))) \
       with yerrorbars pt 0 lw 1 lc rgb head_colour(i) notitle, \
     for [i = 1:words(batches)] for [k = 1:stages] \
       ladder using (is_at(i, k) ? aside(column("lr"), i) : NaN):(100 * column("mean_deviation")) \
       with points pt shape(k) ps 1.3 lc rgb head_colour(i) notitle, \
     for [i = 1:words(batches)] for [k = 1:stages] mean_fit(i, k, x) with lines lc rgb head_colour(i) dt k lw 1.5 notitle
unset label 1
unset label 2
set yrange [*:*]

eval place(panel_left(2), panel_top(2), wide, high)
eval letter(2, columns > 1 ? panel_left(2) - 60 : 2, panel_top(2))
if (is_one_spread) { spread_low = spread_at / 7; spread_high = spread_at * 7 }
eval scale("y", most(spread_low / 1.5, 1e-290), spread_high * 1.5, 1, high / 34)
if (!spreads) { set label 2 "no spread: one seed at each rung" at graph 0.5, 0.5 center }
set ylabel paged ? "spread over seeds" : say("spread of that over the seeds (1: 100 \\%)", "spread of that over the seeds (1: 100 %)")
plot for [i = 1:words(batches)] for [k = 1:stages] ladder using "lr":(is_at(i, k) && column("spread") > 0 ? column("spread") : NaN) \
       with points pt shape(k) ps 1.3 lc rgb head_colour(i) notitle, \
     for [i = 1:words(batches)] for [k = 1:stages] spread_fit(i, k, x) with lines lc rgb head_colour(i) dt k lw 1.5 notitle

unset label 2
eval place(panel_left(3), panel_top(3), wide, high)
eval letter(3, columns > 2 ? panel_left(3) - 60 : 2, panel_top(3))
if (is_one_deviation) { deviation_low = deviation_at / 7; deviation_high = deviation_at * 7 }
eval scale("y", most(deviation_low / 1.5, 1e-290), deviation_high * 1.5, 1, high / 34)
eval legend(paged ? left : panel_left(3), top, paged ? legend_wide : wide, entries, longest)
set ylabel paged ? "deviation of the loss" : "largest deviation of the loss up to the first plateau"
plot for [i = 1:words(batches)] ladder using "lr":(is_at(i, 1) ? column("loss_deviation") : NaN) \
       with points pt 7 ps 1.3 lc rgb head_colour(i) title batch_name(i), \
     for [k = 1:stages] NaN with points pt shape(k) ps 1.3 lc rgb "#505050" title sprintf("stage %d", k), \
     for [k = 1:stages] NaN with lines lc rgb "#505050" lw 1.5 dt k title sprintf("fit, stage %d", k)
unset multiplot
set output
