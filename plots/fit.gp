# Every run against the law: on one parameter the response itself, on several what was found over what the law says. Axes are on
# the scales of the law, on which it is a straight line.
figure_note = law
left = beside; right = parameters > 1 ? (paged ? 104.0 : 110.0) : paged ? rim : 50.0
width = paged ? page : left + 720.0 + right
wide = width - left - right
high = paged ? 0.7 * wide : 520.0
warning_rows = strlen(law_warning) ? (paged ? note_rows(law_warning) : 1) : 0
top = head_high + note_high(law) + (paged ? 17.0 * warning_rows + 8 : 0.0)
height = top + high + (paged ? below : 70.0)

x_of(dummy) = parameters == 1 ? column(parameter[1]) : predicted(0)
# Scales: 0 as it is, 1 logarithm, 2 root.
to(scale, x) = scale == 1 ? log(x) : scale == 2 ? sqrt(x) : x
back(scale, y) = scale == 1 ? exp(y) : scale == 2 ? (y > 0 ? y * y : 0.0) : y
sum(k) = k == 0 ? constant : sum(k - 1) + exponent[k] * to(parameter_scale, column(parameter[k]))
predicted(dummy) = back(response_scale, sum(parameters))
has_place(y) = abs(y) < never && (y > 0 || (response_scale != 1 && !response_is_time && (y >= 0 || response_scale == 0)))
is_good(dummy) = strcol("status") eq "OK" && has_place(number(strcol(response_column)))

set table $points
plot results using (is_good(0) ? sprintf("%.17g\t%.17g\t%.17g", x_of(0), number(strcol(response_column)), \
                                         column(parameter[parameters])) : "") with table
unset table
set datafile nocolumnheaders
finite(x) = is_finite(x) ? see(x) : 0
if (|$points| == 0) { set print $points; print "nan\tnan\tnan"; unset print }
eval forget
stats $points using (finite($1)) nooutput
x_min = seen ? seen_low : 1.0; x_max = seen ? seen_high : 1.0
eval forget
stats $points using (finite($2)) nooutput
y_min = seen ? seen_low : 1.0; y_max = seen ? seen_high : 1.0
eval forget
stats $points using (finite($3)) nooutput
z_min = seen ? seen_low : 1.0; z_max = seen ? seen_high : 1.0
x_scale = parameters == 1 ? parameter_scale : response_scale
# From one end of a scale to the other, and four hundredths more.
wider(scale, from, to_) = back(scale, to(scale, to_) + 0.04 * (to(scale, to_) - to(scale, from)))
x_low = wider(x_scale, x_max, x_min); x_high = wider(x_scale, x_min, x_max)
y_low = wider(response_scale, y_max, y_min); y_high = wider(response_scale, y_min, y_max)
if (!has_room(x_low, x_high)) { x_low = x_scale == 1 ? x_low / 2 : x_low - 0.5; x_high = x_scale == 1 ? x_high * 2 : x_high + 0.5 }
if (!has_room(y_low, y_high)) { y_low = response_scale == 1 ? y_low / 2 : y_low - 0.5; y_high = response_scale == 1 ? y_high * 2 : y_high + 0.5 }
line(x) = parameters == 1 ? back(response_scale, constant + exponent[1] * to(parameter_scale, x)) : x

eval canvas(width, height)
eval frame
set colorbox
eval place(left, top, wide, high)
eval heading(left)
if (warning_rows) { set label 3 wrapped(law_warning) at screen across(paged ? 10 : left), up(top - (paged ? 17 * warning_rows : 28)) font paged ? note_font : ",11" tc rgb mark_colour }
eval scale("x", x_low, x_high, x_scale == 1, wide / 70)
eval scale("y", y_low, y_high, response_scale == 1, high / 45)
if (response_scale == 2) { set nonlinear y via (y > 0 ? sqrt(y) : 0) inverse y * y }
if (x_scale == 2) { set nonlinear x via (x > 0 ? sqrt(x) : 0) inverse x * x }
set xlabel parameters == 1 ? parameter_label[1] : "what the law says"
set ylabel with_unit(response, response_unit)
if (parameters > 1 && !has_room(z_min, z_max)) { set cbrange [z_min / 2:z_max * 2] }
if (parameters > 1 && has_room(z_min, z_max)) {
  eval scale("cb", z_min, z_max, 1, 10)
  set colorbox user origin across(left + wide + 20), up(top + high) size across(paged ? 10 : 16), 1 - up(high)
  set cblabel parameter_label[parameters]
} else { unset colorbox }
set samples 400
set key reverse Left samplen 2 spacing 1.1
if (parameters == 1 && exponent[1] < 0) { set key bottom left } else { set key bottom right }
plot line(x) with lines lc rgb "#505050" lw 2 title law_name eq "power" ? "power law" : "law: " . law_name, \
     for [k = 1:parameters == 1] $points using 1:2 with points pt 7 ps 0.9 lc rgb main_colour title "runs", \
     for [k = 1:parameters > 1] $points using 1:2:3 with points pt 7 ps 0.9 lc palette title "runs"
set output
