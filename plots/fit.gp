# Every run against the power law: on one parameter the response itself, on several what was found over what the law says.
left = 95.0; right = parameters > 1 ? 110.0 : 50.0; top = 100.0; bottom = 70.0
wide = 720.0; high = 520.0
width = left + wide + right
height = top + high + bottom

x_of(dummy) = parameters == 1 ? column(parameter[1]) : predicted(0)
power(k) = k == 0 ? constant : power(k - 1) * column(parameter[k])**exponent[k]
predicted(dummy) = power(parameters)
is_good(dummy) = strcol("status") eq "OK" && number(strcol(response_column)) > 0 && number(strcol(response_column)) < never

set table $points
plot results using (is_good(0) ? sprintf("%.17g\t%.17g\t%.17g", x_of(0), number(strcol(response_column)), \
                                         column(parameter[parameters])) : "") with table
unset table
set datafile nocolumnheaders
positive(x) = is_finite(x) && x > 1e-290 ? see(x) : 0
if (|$points| == 0) { set print $points; print "nan\tnan\tnan"; unset print }
eval forget
stats $points using (positive($1)) nooutput
x_min = seen ? seen_low : 1.0; x_max = seen ? seen_high : 1.0
eval forget
stats $points using (positive($2)) nooutput
y_min = seen ? seen_low : 1.0; y_max = seen ? seen_high : 1.0
eval forget
stats $points using (positive($3)) nooutput
z_min = seen ? seen_low : 1.0; z_max = seen ? seen_high : 1.0
x_low = x_min / (x_max / x_min)**0.04; x_high = x_max * (x_max / x_min)**0.04
y_low = y_min / (y_max / y_min)**0.04; y_high = y_max * (y_max / y_min)**0.04
if (!has_room(x_low, x_high)) { x_low = x_low / 2; x_high = x_high * 2 }
if (!has_room(y_low, y_high)) { y_low = y_low / 2; y_high = y_high * 2 }
line(x) = parameters == 1 ? constant * x**exponent[1] : x

eval canvas(width, height)
eval look
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
eval place(left, top, wide, high)
eval heading(left, law)
eval scale("x", x_low, x_high, 1, wide / 70)
eval scale("y", y_low, y_high, 1, high / 45)
set xlabel parameters == 1 ? parameter[1] : "what the law says"
set ylabel with_unit(response, response_unit)
if (parameters > 1 && !has_room(z_min, z_max)) { set cbrange [z_min / 2:z_max * 2] }
if (parameters > 1 && has_room(z_min, z_max)) {
  eval scale("cb", z_min, z_max, 1, 10)
  set colorbox user origin across(left + wide + 20), up(top + high) size across(16), 1 - up(high)
  set cblabel parameter[parameters]
} else { unset colorbox }
set key reverse Left samplen 2
if (parameters == 1 && exponent[1] < 0) { set key bottom left } else { set key bottom right }
plot line(x) with lines lc rgb "#505050" lw 2 title "power law", \
     for [k = 1:parameters == 1] $points using 1:2 with points pt 7 ps 0.9 lc rgb "#0072B2" title "runs", \
     for [k = 1:parameters > 1] $points using 1:2:3 with points pt 7 ps 0.9 lc palette title "runs"
set output
