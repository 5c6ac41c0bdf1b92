# Two columns of the trajectory against each other, with time as colour from dark to light: a circle where it begins, a disc where it ends.
left = beside; right = paged ? 114.0 : 150.0; top = head_high + (paged ? 16.0 : 0.0)
width = paged ? page : left + 560.0 + right
wide = width - left - right
high = paged ? least(260.0, wide) : 480.0
height = top + high + below

# Where it is, and when; columns that are nowhere finite or do not move have room around them.
range_from(low, high) = has_room(low, high) ? low - 0.05 * (high - low) : low - most(1.0, abs(low))
range_to(low, high) = has_room(low, high) ? high + 0.05 * (high - low) : high + most(1.0, abs(high))
eval forget
stats trajectory using (see(column(phase_x))) nooutput
x_low = seen ? seen_low : 0.0; x_high = seen ? seen_high : 0.0
eval forget
stats trajectory using (see(column(phase_y))) nooutput
y_low = seen ? seen_low : 0.0; y_high = seen ? seen_high : 0.0
# Colours are linear or logarithmic in time as the axes of other figures are; log_clock can be set from outside. Without it, where half of the way
# is behind in the first tenth of a linear time, they are logarithmic, too, from the first row behind the start on.
way = 0.0; x_before = NaN; y_before = NaN; half_t = t_last; first_t = t_last
x_size = most(x_high - x_low, 1e-290); y_size = most(y_high - y_low, 1e-290)
step_of(x, y) = is_there(x_before, y_before) ? sqrt(((x - x_before) / x_size)**2 + ((y - y_before) / y_size)**2) : 0.0
go_on(x, y) = !is_there(x, y) ? 0 : (way = way + step_of(x, y), x_before = x, y_before = y, 0)
note_half(t, x, y) = (go_on(x, y), is_finite(t) && t > 1e-290 ? (first_t = least(first_t, t), 2 * way > whole ? (half_t = least(half_t, t), 0) : 0) : 0)
is_there(x, y) = is_finite(x) && is_finite(y)
eval forget
stats trajectory using (go_on(column(phase_x), column(phase_y))) nooutput
whole = way; way = 0.0; x_before = NaN; y_before = NaN
stats trajectory using (note_half(column(axis_column), column(phase_x), column(phase_y))) nooutput
is_early = half_t < 0.1 * t_last
wants_log = exists("log_clock") ? log_clock : log_time || is_early
if (!log_time && wants_log) { t_begin = first_t }
is_log_clock = wants_log && has_decades(t_begin, t_last)
clock(t) = is_log_clock ? most(t, t_begin) : t
is_clock = has_room(t_begin, t_last)
began = 0; x_began = NaN; y_began = NaN; x_ended = NaN; y_ended = NaN
note_end(x, y) = !is_there(x, y) ? 0 : (began == 0 ? (began = 1, x_began = x, y_began = y, 0) : 0, x_ended = x, y_ended = y, 0)
eval forget
stats trajectory using (note_end(column(phase_x), column(phase_y))) nooutput

eval canvas(width, height)
set multiplot
eval frame
set border front
eval place(left, top, wide, high)
eval title_at(left)
eval scale("x", range_from(x_low, x_high), range_to(x_low, x_high), 0, most(2, floor(wide / 80.0)))
eval scale("y", range_from(y_low, y_high), range_to(y_low, y_high), 0, most(2, floor(high / 50.0)))
if (is_clock) {
  eval scale("cb", t_begin, t_last, is_log_clock, 5)
} else {
  set cbrange [0:1]
}
set colorbox vertical user origin screen across(left + wide + (paged ? 10 : 16)), screen up(top + high) \
                           size screen across(paged ? 10 : 18), screen high / height
set cblabel axis_label
if (paged) { set cbtics offset -0.6, 0 }
set cblabel offset paged ? 1 : 2, 0
set xlabel phase_x_label
set ylabel phase_y_label
unset key
colour(t) = is_clock ? clock(t) : 0.0
if (began) {
  set label 11 "" at x_began, y_began point pt 6 ps 1.6 lw 2 lc rgb "black" front
  set label 12 "" at x_ended, y_ended point pt 7 ps 1.4 lc rgb "black" front
}
plot trajectory using (column(phase_x)):(column(phase_y)):(colour(column(axis_column))) with lines lw 4 lc palette
unset multiplot
set output
