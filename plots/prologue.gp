# Of a single run: its tables.
trajectory = folder . source . "trajectory.tsv"
attention = folder . source . "attention.tsv"
spectrum = folder . source . "spectrum.tsv"
events = folder . source . "events.tsv"
plateaus = folder . source . "plateaus.tsv"

# Colours: Okabe and Ito's for heads, dashed from the seventh on; viridis for attention and, dark to light, for patterns.
head_colour(h) = word("#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9", (h - 1) % 6 + 1)
head_dash(h) = (h - 1) / 6 % 4 + 1
pattern_shade(j) = patterns > 1 ? 0.8 * (j - 1) / (patterns - 1) : 0.0
pattern_dash(j) = word("1 2 4 5", (j - 1) % 4 + 1) + 0

# The time axis, from t_begin to t_last; a run may have ended before t_end. x_of(t) is where t stands on it.
eval forget
stats trajectory using (see(column(axis_column))) nooutput
time_records = seen
t_last = seen && seen_high > 1e-290 ? seen_high : t_end
t_begin = !log_time ? 0.0 : t_first < t_last ? t_first : t_last / 10.0
x_of(t) = t

# Its ticks in a panel that is w pixels wide, with or without labels: eval time_ticks(w, labelled). A logarithmic axis has
# labels at powers of ten and, where these are few, at digits between.
decades = log_time ? log10(t_last / t_begin) : 0
decade_first = log_time ? int(floor(log10(t_begin))) : 0
decade_last = log_time ? int(ceil(log10(t_last))) : 0
decade(k) = decades < 2 ? sprintf("%g", 10.0**k) : "10" . raised(k)
digits = decades < 1 ? "234568" : decades < 2 ? "25" : ""
between(k, m) = strstrt(digits, sprintf("%d", m)) ? sprintf("%g", m * 10.0**k) : ""
time_ticks(w, labelled) = log_time ? \
  sprintf("set xtics ();" . \
          "set for [k = decade_first:decade_last] xtics add (%d && k %% %d == 0 ? decade(k) : '' x_of(10.0**k));" . \
          "set for [k = decade_first:decade_last] for [m = 2:9] xtics add" . \
          "  (%d ? between(k, m) : '' x_of(m * 10.0**k) between(k, m) eq '')", \
          labelled, ceil(42.0 * decades / w), labelled) : \
  sprintf("set xtics %g; set format x '%s'", round_up(70.0 * t_last / w), labelled ? "%g" : "")

# What was found, if it was looked for: rests on plateaus, from word(rest_from, k) to word(rest_to, k), t_split, when heads
# part, and t_emerged; -1: never. Events are in order of time; the flow starts on a plateau, leaves one at an onset and settles on
# the next.
within(t) = t < t_begin ? t_begin : t > t_last ? t_last : t
rest_from = ""; rest_to = ""; t_split = -1; t_emerged = -1
and_time(list, t) = !is_finite(t) ? list : list . sprintf(" %.17g", within(t))
note(event, t) = event eq "settle" ? (rest_from = and_time(rest_from, t), 0) : \
                 event eq "onset" ? (rest_to = and_time(rest_to, t), 0) : \
                 event eq "split" && is_finite(t) ? (t_split = t, 0) : \
                 event eq "emerged" && is_finite(t) ? (t_emerged = t, 0) : 0
if (has_events) {
  rest_from = and_time("", t_begin)
  stats events using (note(strcol("event"), column("t"))) nooutput
  if (words(rest_to) < words(rest_from)) { rest_to = and_time(rest_to, t_last) }
}
rests = words(rest_to)

# Shades the rests and draws lines where heads part and where the target has emerged, with or without their names, in the panels that follow:
# eval findings(labelled).
rest_colour = "#f2f2f2"
findings_xlabel = rests > 0 ? axis_label . " (shaded: plateaus)" : axis_label
is_late(t) = log_time ? log10(t / t_begin) > 0.85 * decades : t > 0.85 * t_last
time_line(tag, name, t, y, labelled) = t < t_begin ? "" : \
  sprintf("set arrow %d from first %.17g, graph 0 to first %.17g, graph 1 nohead back dt 2 lw 1 lc rgb '#606060';", tag, t, t) . \
  (!labelled ? "" : \
   sprintf("set label %d '%s' at first %.17g, graph %g font ',10' tc rgb '#404040' %s;", tag + 1, name, t, y, \
           is_late(t) ? "right offset -0.6, 0" : "left offset 0.6, 0"))
findings(labelled) = "set for [k = 1:rests] object k rectangle behind fillcolor rgb rest_colour fillstyle solid noborder" . \
  "  from first as_number(word(rest_from, k)), graph 0 to first as_number(word(rest_to, k)), graph 1;" . \
  time_line(1, "heads part", t_split, 0.94, labelled) . time_line(2, "emerged", t_emerged, 0.88, labelled)
