# Of a sweep: its tables and the scales of its figures.
summary = folder . "../summary.tsv"
results = folder . "../results.tsv"
set datafile separator "\t"
set datafile missing
never = 1e308 # in place of inf
number(text) = text eq "nan" || text eq "" ? NaN : text eq "inf" ? never : text eq "-inf" ? -never : as_number(text)

# The scale of an axis ("x", "y", "cb") from low to high: its range and ticks with room for so many labels. A logarithmic one
# has labels at powers of ten and, where these are few, at digits between; within half a decade at equal steps.
in_decade(low, high) = log10(high / low) < 1 ? "12345678" : log10(high / low) < 2.2 ? "125" : "1"
is_short(k) = k > -4 && k < 5
tick_name(k, m, digits) = !strstrt(digits, sprintf("%d", m)) ? "" : \
                          strlen(digits) > 1 && is_short(k) ? sprintf("%g", m * 10.0**k) : \
                          (m > 1 ? sprintf("%d·", m) : "") . "10" . raised(k)
narrow_scale(axis, low, high, step) = \
  sprintf("set logscale %s; set %stics (); set for [k = %d:%d] %stics add (sprintf('%%g', k * %.9g) k * %.9g)", \
          axis, axis, ceil(low / step), floor(high / step), axis, step, step)
decades_scale(axis, low, high, labels) = \
  sprintf("set logscale %s; set %stics ();", axis, axis) . \
  sprintf("set for [k = %d:%d] %stics add (k %% %d == 0 ? tick_name(k, 1, '%s') : '' 10.0**k);", \
          floor(log10(low)), ceil(log10(high)), axis, ceil(log10(high / low) / labels), in_decade(low, high)) . \
  sprintf("set for [k = %d:%d] for [m = 2:9] %stics add (tick_name(k, m, '%s') m * 10.0**k strlen(tick_name(k, m, '%s')) == 0)", \
          floor(log10(low)), ceil(log10(high)), axis, in_decade(low, high), in_decade(low, high))
log_scale(axis, low, high, labels) = log10(high / low) > 0.5 ? decades_scale(axis, low, high, labels) : \
                                     narrow_scale(axis, low, high, round_up((high - low) / real(labels)))
linear_scale(axis, low, high, labels) = \
  sprintf("unset logscale %s; set %stics %.9g; set format %s '%%g'", axis, axis, round_up((high - low) / real(labels)), axis)
scale(axis, low, high, logarithmic, labels) = \
  sprintf("set %srange [%.17g:%.17g];", axis, low, high) . \
  (logarithmic ? log_scale(axis, low, high, labels) : linear_scale(axis, low, high, labels))

with_unit(name, its_unit) = its_unit eq "1" || its_unit eq "" ? name : name . "  [" . its_unit . "]"
and_note(a, b) = strlen(a) && strlen(b) ? a . "; " . b : a . b

# A title, and below it what the figure shows, in pixels from the left.
heading(x, note) = \
  sprintf("set label 1 run_title at screen %g, %g font title_font;", across(x), up(24)) . \
  sprintf("set label 2 '%s' at screen %g, %g font ',11' tc rgb '#505050'", note, across(x), up(48))
look = "set border 31 lw 1.2 lc rgb '#404040'; set tics nomirror out scale 0.6, 0.3 textcolor rgb 'black'"
