# From here on nothing depends on the run but the variables above: nothing on settings that were made before, by another
# script or in ~/.gnuplot. From outside come terminal and output; they and whatever else may be set so is not set here.
reset
unset multiplot
unset table
unset print
set output
set encoding utf8 # under LANG=C gnuplot may warn about its degree sign here, which is not drawn
unset decimalsign
unset minussign
unset micro
set overflow float
set colorsequence default
do for [i = 1:100] { unset linetype i }
set linetype cycle 0
set datafile nofortran
set datafile separator whitespace
set datafile commentschars "#" missing "nan" columnheaders
terminal_name = exists("terminal") ? terminal : "png"
slash = strlen(ARG0)
while (slash > 0 && ARG0[slash:slash] ne "/") { slash = slash - 1 }
folder = slash > 0 ? ARG0[1:slash] : "./"
output_name = exists("output") ? output : folder . figure . "." . terminal_name

# Starts an image of w x h pixels at 100 %: eval canvas(w, h). Text is plain, nothing in a title is markup; the scales make
# letters as large everywhere as in png.
canvas(w, h) = \
  (terminal_name eq "png" ? sprintf("set terminal pngcairo size %d,%d", w, h) : \
   terminal_name eq "svg" ? sprintf("set terminal svg size %d,%d background 'white' fontscale 1.33", w, h) : \
   terminal_name eq "pdf" ? sprintf("set terminal pdfcairo size %g,%g fontscale 0.67", w / 96.0, h / 96.0) : \
   sprintf("set terminal %s size %d,%d persist", terminal_name, w, h)) . \
  " font 'Helvetica,12' dashlength 0.6 noenhanced" . \
  (strstrt(" png svg pdf ", " " . terminal_name . " ") ? "; set output output_name" : "")
title_font = terminal_name eq "svg" ? "Helvetica,15" : "Helvetica:Bold,15"

# Places the next panel on an image of width x height, in pixels from its left and top: eval place(x, y, w, h).
across(x) = x / real(width)
up(y) = 1 - y / real(height)
place(x, y, w, h) = sprintf("set lmargin at screen %g; set rmargin at screen %g;", across(x), across(x + w)) . \
                    sprintf("set tmargin at screen %g; set bmargin at screen %g", up(y), up(y + h))

# n panels, 24 at most, stand in rows of nearly the same length, none longer than most.
shown(n) = n < 24 ? n : 24
columns_for(n, most) = ceil(real(n) / ceil(real(n) / most))

# Viridis.
viridis = "#440154 #482475 #414487 #355f8d #2a788e #21918c #22a884 #44bf70 #7ad151 #bddf26 #fde725"
gradient_to(k) = k == 0 ? "" : gradient_to(k - 1) . (k > 1 ? "," : "") . sprintf("%d '%s'", k, word(viridis, k))
gradient = gradient_to(words(viridis))
eval "set palette defined (" . gradient . ")"

# Powers of ten, and steps between ticks.
raised(n) = n < 0 ? "⁻" . raised(-n) : n > 9 ? raised(n / 10) . raised(n % 10) : word("⁰ ¹ ² ³ ⁴ ⁵ ⁶ ⁷ ⁸ ⁹", n + 1)
round_up(x) = x < 1e-290 ? 1.0 : (p = 10.0**floor(log10(x)), x <= p ? p : x <= 2 * p ? 2 * p : x <= 5 * p ? 5 * p : 10 * p)

# A look at data: how many finite numbers there are (seen), the least and the greatest. They may be none, one, or all equal.
#   eval forget; stats TABLE using (see(column("loss"))) nooutput
# stats of gnuplot leaves its variables undefined where there are none, and looks only at what the ranges of the axes hold.
least(x, y) = y < x ? y : x
most(x, y) = y > x ? y : x
is_finite(x) = x == x && abs(x) < 1e300
see(x) = is_finite(x) ? (seen = seen + 1, seen_low = least(seen_low, x), seen_high = most(seen_high, x), 0) : 0
forget = "set autoscale; seen = 0; seen_low = 1e300; seen_high = -1e300"
# A number from a text that may read 1e-30, which gnuplot takes for the whole number 1 and something behind it.
as_number(text) = text[1:1] eq "n" || text[1:2] eq "-n" ? NaN : \
  strstrt(text, ".") || !strstrt(text, "e") ? text + 0 : \
  (text[1:strstrt(text, "e") - 1] . ".0" . text[strstrt(text, "e"):*]) + 0

# A table that is made of another one and has no rows gets one: eval at_least_a_row("$panel").
at_least_a_row(table) = sprintf("if (|%s| == 0) { set print %s; print 'nan nan nan nan'; unset print }", table, table)

# Whether an axis from low to high has room for a scale, a logarithmic one in particular.
has_room(low, high) = high - low > 1e-290 && high - low > 1e-12 * abs(low)
has_decades(low, high) = low > 1e-290 && has_room(low, high)
