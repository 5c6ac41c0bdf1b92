# Of a single run: its tables.
trajectory = folder . source . "trajectory.tsv"
attention = folder . source . "attention.tsv"
spectrum = folder . source . "spectrum.tsv"
events = folder . source . "events.tsv"
plateaus = folder . source . "plateaus.tsv"
pattern_shade(j) = shade_of(j, patterns)
pattern_dash(j) = dash_of(j)

# The time axis, from t_begin to t_last; a run may have ended before t_end. x_of(t) is where t stands on it. A logarithmic one begins
# in the decade before the loss has fallen by a hundredth of all that it falls, or at t_from, which can be set from outside.
eval forget
stats trajectory using (see(column(axis_column))) nooutput
time_records = seen
t_last = seen && seen_high > 1e-290 ? seen_high : t_end
t_begin = !log_time ? 0.0 : t_first < t_last ? t_first : t_last / 10.0
x_of(t) = t
loss_at_first = NaN
loss_at_start = NaN
note_start(x) = loss_at_start == loss_at_start || !is_finite(x) ? 0 : (loss_at_start = x, 0)
stats trajectory using (note_start(column("loss"))) nooutput
moved_at = t_last
note_first(t, x) = loss_at_first == loss_at_first || !is_finite(x) ? 0 : (loss_at_first = x, 0)
note_move(t, x) = is_finite(x) && is_finite(t) && abs(x - loss_at_first) > 0.01 * (seen_high - seen_low) ? (moved_at = least(moved_at, t), 0) : 0
if (log_time) {
  eval forget
  stats trajectory using (note_first(column(axis_column), column("loss")), see(column("loss"))) nooutput
  stats trajectory using (note_move(column(axis_column), column("loss"))) nooutput
  t_wanted = exists("t_from") ? t_from : moved_at > 1e-290 ? 10.0**floor(log10(moved_at) - 0.15) : t_begin
  if (is_finite(t_wanted) && t_wanted > t_begin) { t_begin = least(t_wanted, t_last / 10.0) }
}

# Its ticks in a panel that is w units wide, with or without labels: eval time_ticks(w, labelled). A logarithmic axis has
# labels at powers of ten and, where these are few, at digits between. end_room: how near the right end labels may stand.
decades = log_time ? log10(t_last / t_begin) : 0
decade_first = log_time ? int(floor(log10(t_begin))) : 0
decade_last = log_time ? int(ceil(log10(t_last))) : 0
decade(k) = decades < 2 ? numeral(10.0**k) : power(k)
digits = decades < 1 ? "234568" : decades < 2 ? "25" : ""
between(k, m) = strstrt(digits, sprintf("%d", m)) ? numeral(m * 10.0**k) : ""
end_room = 0.0
is_off_end(t, w) = end_room <= 0 || log10(t_last / t) * w / decades > end_room
time_ticks(w, labelled) = log_time ? \
  sprintf("set xtics ();" . \
          "set for [k = decade_first:decade_last] xtics add (%d && k %% %d == 0 && is_off_end(10.0**k, %g) ? decade(k) : '' x_of(10.0**k));" . \
          (ceil(42.0 * decades / w) > 2 ? "#" : "") . "set for [k = decade_first:decade_last] for [m = 2:9] xtics add" . \
          "  (%d && is_off_end(m * 10.0**k, %g) ? between(k, m) : '' x_of(m * 10.0**k) between(k, m) eq '')", \
          labelled, ceil(42.0 * decades / w), w, labelled, w) : \
  sprintf("set xtics %g; set format x '%s'", round_up(70.0 * t_last / w), labelled ? number_format : "")

# What was found, if it was looked for: rests on plateaus, from word(rest_from, k) to word(rest_to, k), t_split, when heads
# part, and t_emerged; -1: never. Events are in order of time; the flow leaves a plateau at an onset and settles on the next. It starts on
# the first one, or falls to it: then the speed before it has been contrast times its least, and while it was above the root of both
# a hundredth of all that the loss falls has been lost. The first plateau begins where that ends, like every other.
within(t) = t < t_begin ? t_begin : t > t_last ? t_last : t
rest_from = ""; rest_to = ""; t_split = -1; t_emerged = -1; onsets = 0
and_time(list, t) = !is_finite(t) ? list : list . sprintf(" %.17g", within(t))
note(event, t) = event eq "settle" ? (rest_from = and_time(rest_from, t), 0) : \
                 event eq "onset" ? (rest_to = and_time(rest_to, t), onsets = onsets + is_finite(t), 0) : \
                 event eq "split" && is_finite(t) ? (t_split = t, 0) : \
                 event eq "emerged" && is_finite(t) ? (t_emerged = t, 0) : 0
rest_t = NaN; rest_speed = NaN; fall_high = 0.0; fall_end = NaN; fall_loss = NaN
note_rest(k, t, speed) = k == 1 && is_finite(t) && is_finite(speed) ? (rest_t = t, rest_speed = most(speed, 1e-290), 0) : 0
note_fast(t, x) = t <= rest_t && is_finite(x) ? (fall_high = most(fall_high, x), 0) : 0
note_fall(t, x, loss) = t <= rest_t && x >= sqrt(rest_speed) * sqrt(fall_high) ? (fall_end = t, fall_loss = loss, 0) : 0
first_rest = t_begin
if (has_events) {
  eval forget
  stats plateaus using (note_rest(column("plateau"), column("t"), column("speed"))) nooutput
  stats trajectory using (note_fast(column(axis_column), column("speed")), see(column("loss"))) nooutput
  if (fall_high >= contrast * rest_speed) {
    stats trajectory using (note_fall(column(axis_column), column("speed"), column("loss"))) nooutput
    if (is_finite(fall_end) && is_finite(loss_at_start) && loss_at_start - fall_loss > 0.01 * (seen_high - seen_low)) { first_rest = most(fall_end, t_begin) }
  }
  rest_from = and_time("", first_rest)
  stats events using (note(strcol("event"), column("t"))) nooutput
  if (words(rest_to) < words(rest_from)) { rest_to = and_time(rest_to, t_last) }
}
rests = words(rest_to)

# Where the loss should rest, after what has been learned so far: a line for every plateau, as long as it lasts.
$predicted << END
END
level_time = t_begin
levels_known = 0; levels_drawn = 0
level_to(k) = k > rests ? t_last : as_number(word(rest_to, k))
level_from(k) = k > words(rest_from) ? t_last : as_number(word(rest_from, k))
is_level_seen(k) = level_to(k) > level_from(k)
array levels[least(rests, 500) + 1]
note_level(k, x) = is_finite(k) && k >= 1 && k <= |levels| && is_finite(x) ? (levels[int(k)] = x, levels_known = levels_known + 1, 0) : 0
do for [k = 1:|levels|] { levels[k] = NaN }
if (has_events) { stats plateaus using (note_level(column("plateau"), column("predicted_loss"))) nooutput }
set print $predicted
do for [k = 1:|levels|] {
  if (is_finite(levels[k]) && is_level_seen(k)) {
    print sprintf("%.17g %.17g", level_from(k), levels[k])
    print sprintf("%.17g %.17g", level_to(k), levels[k])
    print ""
    levels_drawn = levels_drawn + 1
  }
}
unset print

# The axis on the right of a loss names the levels after the patterns (directions) that are learned there: those acquired by the time of
# the plateau, which are those that its predicted loss counts. Names that would run into each other are left out.
# eval level_axis(low, high of the loss axis, whether it is logarithmic, the panel's height).
array level_t[|levels|]
array level_of[|levels|]
do for [k = 1:|levels|] { level_t[k] = NaN; level_of[k] = "" }
note_level_t(k, t) = is_finite(k) && k >= 1 && k <= |levels| ? (level_t[int(k)] = t, 0) : 0
note_learned(t, j) = is_finite(t) && is_finite(j) ? (sum [k = 1:|levels|] (t <= level_t[k] ? (level_of[k] = level_of[k] . sprintf(" %d", j), 0) : 0)) : 0
if (levels_known > 0) {
  stats plateaus using (note_level_t(column("plateau"), column("t"))) nooutput
  do for [j = 1:patterns] { stats events using (strcol("event") eq "acquired" && column("pattern") == j ? note_learned(column("t"), j) : 0) nooutput }
}
plus(list) = words(list) < 2 ? list[2:*] : word(list, 1) . "+" . plus(" " . list[strlen(word(list, 1)) + 3:*])
is_first_ones(list) = word(list, words(list)) + 0 == words(list)
level_named(list) = words(list) == 0 ? "none" : words(list) > 2 && is_first_ones(list) ? sprintf("1–%d", words(list)) : \
                    words(list) > 4 ? sprintf("%d of %d", words(list), patterns) : plus(list)
level_last = -1.0
level_height(x) = level_is_log ? log10(x / level_low) / log10(level_high / level_low) : (x - level_low) / (level_high - level_low)
is_level_free(x) = x > level_high || x < level_low || abs(level_height(x) - level_last) * level_panel < 13 ? 0 : (level_last = level_height(x), 1)
level_tick(k) = is_finite(levels[k]) && is_level_free(levels[k]) ? level_named(level_of[k]) : ""
level_at(k) = is_finite(levels[k]) ? levels[k] : level_low - 1
level_axis(low, high, logarithmic, h) = levels_drawn == 0 ? "" : \
  sprintf("level_low = %.17g; level_high = %.17g; level_is_log = %d; level_panel = %g; level_last = -1.0;", low, high, logarithmic, h) . \
  sprintf("set y2range [%.17g:%.17g]; %sset y2tics () scale 0.6 font note_font offset %g, 0;", low, high, logarithmic ? "set logscale y2; " : "", paged ? -0.4 : 0) . \
  "set for [k = 1:|levels|] y2tics add (level_tick(k) level_at(k)); set y2label 'learned' font note_font offset " . (paged ? "-1.8" : "-1") . ", 0"
level_wide = levels_drawn == 0 ? 0.0 : paged ? 58.0 : 62.0
and_predicted = levels_drawn == 0 ? "" : ", $predicted using 1:2 with lines dt 3 lw 2 lc rgb mark_colour notitle" . \
  ", NaN with lines dt 3 lw 2 lc rgb mark_colour title 'predicted'"

# Shades the rests and draws lines where heads part and where the target has emerged, with or without their names, in the panels that follow:
# eval findings(labelled). eval stage_numbers(h) writes the number of every stage above a panel that is h units high.
mark_height = 0.93 # of their names
findings_xlabel = rests == 0 ? axis_label : axis_label . (paged || onsets == 0 ? " (shaded: plateaus)" : " (shaded: plateaus; numbers: stages)")
is_late(t) = log_time ? log10(t / t_begin) > 0.75 * decades : t > 0.75 * t_last
time_line(tag, name, t, y, labelled) = t < t_begin ? "" : \
  sprintf("set arrow %d from first %.17g, graph 0 to first %.17g, graph 1 nohead back dt 2 lw 1 lc rgb '#606060';", tag, t, t) . \
  (!labelled ? "" : \
   sprintf("set label %d %s at first %.17g, graph %g font index_font tc rgb '#404040' front %s;", tag + 1, name, t, y, \
           is_late(t) ? "right offset -0.6, 0" : "left offset 0.6, 0"))
findings(labelled) = "set for [k = 1:rests] object k rectangle behind fillcolor rgb rest_colour fillstyle solid noborder" . \
  "  from first as_number(word(rest_from, k)), graph 0 to first as_number(word(rest_to, k)), graph 1;" . \
  time_line(1, "label_t_split", t_split, mark_height, labelled) . time_line(3, "label_t_emerged", t_emerged, mark_height - 0.09, labelled)
stage_begin(k) = as_number(word(rest_to, k))
stage_end(k) = k + 1 > words(rest_from) ? t_last : as_number(word(rest_from, k + 1))
stage_middle(k) = log_time ? sqrt(stage_begin(k)) * sqrt(stage_end(k)) : (stage_begin(k) + stage_end(k)) / 2
stages_numbered = least(onsets, 24)
stage_room = stages_numbered > 0 ? 14.0 : 0.0
stage_numbers(h) = "set for [k = 1:stages_numbered] label 9100 + k numeral(k) at first stage_middle(k), graph " . \
  sprintf("%g center font note_font tc rgb '#404040'", 1 + 9 / real(h))
