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
output_name = exists("output") ? output : folder . figure . "." . (tex ? "tex" : terminal_name)

# From outside come also, for print: page_width, the width of the whole figure in mm; font_size in points; no_title; colours, light
# or print; and style, a file of commands, read below: it may set what stands above it here, and labels.
page_mm = exists("page_width") ? page_width + 0.0 : 0.0
text_pt = exists("font_size") ? font_size + 0.0 : page_mm > 0 || tex ? 8.0 : 12.0
is_print = page_mm > 0 || exists("font_size") || tex
has_title = exists("no_title") ? !no_title : 1
has_letters = page_mm > 0
letter_form = "(%s)"
font_name = "Helvetica"
is_grey = exists("colours") ? colours eq "print" : 0
# Colours: Okabe and Ito's for heads, dashed from the seventh on; in print those that differ as shades of grey, and dashes.
head_colours = is_grey ? "#0b2f5e #bf4a00 #7fa8c9 #542788 #4d9221 #d98fb3" : "#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9"
rest_colour = "#f2f2f2"
stage_colour = is_grey ? "#d9d9d9" : "#fbe3d3"
band_colour = is_grey ? "#c9c9c9" : "#bcd4e6"
main_colour = is_grey ? "#0b2f5e" : "#0072B2"
mark_colour = is_grey ? "#bf4a00" : "#D55E00"
third_colour = is_grey ? "#7fa8c9" : "#009E73"
never_colour = is_grey ? "#ffffff" : "#d9d9d9" # of a map; as a shade of grey the latter is the end of viridis
never_name = is_grey ? "white" : "grey"
lightest = 0.62 # of lines, along viridis: none is pale
viridis = "#440154 #482475 #414487 #355f8d #2a788e #21918c #22a884 #44bf70 #7ad151 #bddf26 #fde725"
if (exists("style")) { load style }

# Layout is in units of which a letter has 16: pixels on a screen at 100 %, text_pt / 16 points in print. page: how many of them a
# figure is wide; 0: as it likes.
scale_unit = text_pt / 16.0
page = page_mm > 0 ? page_mm / 25.4 * 72 / scale_unit : 0.0
paged = page > 0
# Letters of notes: no less than 7 points in print. LaTeX has its own sizes.
note_size = !is_print ? 10.0 : text_pt < 8.4 ? (text_pt > 7 ? 84 / text_pt : 12.0) : 10.0
# ... and of those with an index, which is smaller
index_font = is_print ? "" : sprintf(",%.3g", note_size)
note_font = tex ? "" : sprintf(",%.3g", note_size)
title_font = tex ? "" : is_print ? ",12" : ",15"
number_format = tex ? "$%g$" : "%g"
numeral(x) = sprintf(number_format, x)
percent = tex ? "\\%" : "%"
say(in_tex, in_text) = tex ? in_tex : in_text
bold(text) = tex ? "\\textbf{" . text . "}" : "{/:Bold " . text . "}"

# Starts an image of w x h units: eval canvas(w, h). Text is gnuplot's enhanced one, in which what users say has been quoted, or
# LaTeX's. Without a size in print letters are as large everywhere as in png.
dash_length = is_print ? 0.4 : 0.6
pixel = is_print ? scale_unit * 300 / 72 : 1.0 # of png, at 300 to an inch
inches(w, h) = sprintf("size %.9gin,%.9gin", w * scale_unit / 72, h * scale_unit / 72)
by_cairo(name, w, h) = sprintf("set terminal %s ", name) . \
  (is_print ? inches(w, h) . sprintf(" fontscale %.9g linewidth %.9g pointscale %.9g", scale_unit, 2 * scale_unit, scale_unit) : \
              sprintf("size %g,%g fontscale 0.67", w / 96.0, h / 96.0))
canvas(w, h) = \
  terminal_name eq "cairolatex" ? "set terminal cairolatex pdf input colourtext " . inches(w, h) . \
    sprintf(" font ',%g' linewidth %.9g pointscale %.9g dashlength %g header '\\fontsize{%g}{%g}\\selectfont'; set output output_name", \
            text_pt, 4 * scale_unit, scale_unit, dash_length, text_pt, 1.2 * text_pt) : \
  terminal_name eq "tikz" ? "set terminal tikz " . inches(w, h) . \
    sprintf(" linewidth %.9g font ',%g'; set output output_name", scale_unit / 0.4, text_pt) : \
  (terminal_name eq "png" ? sprintf("set terminal pngcairo size %d,%d fontscale %.9g linewidth %.9g pointscale %.9g", \
                                    w * pixel, h * pixel, pixel, pixel, pixel) : \
   terminal_name eq "svg" ? sprintf("set terminal svg size %d,%d background 'white' fontscale 1.33", w, h) : \
   terminal_name eq "pdf" ? by_cairo("pdfcairo", w, h) : \
   terminal_name eq "eps" ? by_cairo("epscairo", w, h) : \
   sprintf("set terminal %s size %d,%d persist", terminal_name, w, h)) . \
  sprintf(" font '%s,12' dashlength %g enhanced", font_name, dash_length) . \
  (strstrt(" png svg pdf eps ", " " . terminal_name . " ") ? "; set output output_name" : "")
if (tex) { unset minussign } else { set minussign }

# The title above all panels, x units from the left: eval title_at(x).
head_high = has_title ? (paged ? 34.0 : 72.0) : paged ? 8.0 : 30.0
title_at(x) = has_title ? sprintf("set label 1 bold(run_title) at screen %g, %g font title_font", across(x), up(paged ? 16 : 24)) : ""

# Legends stand to the right of a panel or, on a page, in rows above it: n entries, the longest of so many letters, for the panel at
# x, y that is w units wide. eval legend(x, y, w, n, letters); legend_high is the room that it needs above.
# gnuplot takes letters for as wide as digits are, and most are narrower.
narrower(letters) = letters > 14 ? 0.2 * letters : 0.1 * letters
in_row(w, letters) = most(1, floor(w / (10.2 * (4.5 + letters - narrower(letters)))))
legend_high(w, n, letters) = !paged ? 0.0 : 8.0 + 19.0 * ceil(n / real(in_row(w, letters)))
legend(x, y, w, n, letters) = !paged ? \
  sprintf("set key at screen %g, %g left top Left reverse vertical samplen 2.6 spacing 1.25 width 0", across(x + w + 14), up(y)) : \
  sprintf("set key at screen %g, %g left bottom Left reverse horizontal maxcols %d samplen 2 spacing %g width %g", \
          across(x - 12), up(y - 3), in_row(w, letters), tex ? 1.15 : 0.95, -narrower(letters))

# The letter of panel number k, at x units from the left, a little above y: eval letter(k, x, y).
letter(k, x, y) = !has_letters ? "" : \
  sprintf("set label 9090 '%s' at screen %g, %g left", \
          bold(sprintf(letter_form, "abcdefghijklmnopqrstuvwxyz"[(k - 1) % 26 + 1:(k - 1) % 26 + 1])), across(x), up(y - 4))

# The frames of panels and the room that their ticks and labels need, below and on the left.
frame = "set border 31 lw 1.2 lc rgb '#404040'; set tics nomirror out scale 0.6, 0.3 format number_format textcolor rgb 'black';" . \
  "set grid xtics ytics lt 1 dt solid lc rgb '#e2e2e2' lw 1; unset colorbox" . \
  (paged ? (tex ? "; set xtics offset 0, 0.1" : "; set xtics offset 0, 0.35") . "; set ytics offset 0.4, 0; set xlabel offset 0, 0.9; set ylabel offset 0.4, 0" : "")
below = paged ? 46.0 : 62.0
beside = paged ? 74.0 : 95.0 # of labels such as 10⁻²
rim = 16.0 # on the right of a page

# Places the next panel on an image of width x height, in pixels from its left and top: eval place(x, y, w, h).
across(x) = x / real(width)
up(y) = 1 - y / real(height)
place(x, y, w, h) = sprintf("set lmargin at screen %g; set rmargin at screen %g;", across(x), across(x + w)) . \
                    sprintf("set tmargin at screen %g; set bmargin at screen %g", up(y), up(y + h))

# n panels, 24 at most, stand in rows of nearly the same length, none longer than most.
shown(n) = n < 24 ? n : 24
columns_for(n, most) = ceil(real(n) / ceil(real(n) / most))

# Viridis.
gradient_to(k) = k == 0 ? "" : gradient_to(k - 1) . (k > 1 ? "," : "") . sprintf("%d '%s'", k, word(viridis, k))
gradient = gradient_to(words(viridis))
eval "set palette defined (" . gradient . ")"

# Colours of heads and of patterns.
head_colour(h) = word(head_colours, (h - 1) % words(head_colours) + 1)
head_dash(h) = is_grey ? word("1 2 4 3 5", (h - 1 + (h - 1) / 6) % 5 + 1) + 0 : (h - 1) / words(head_colours) % 4 + 1
shade_of(k, n) = n > 1 ? lightest * (k - 1) / (n - 1.0) : 0.0
dash_of(k) = word("1 2 4 5", (k - 1) % 4 + 1) + 0

# Powers of ten, and steps between ticks.
power(k) = tex ? sprintf("$10^{%d}$", k) : "10" . raised(k)
raised(n) = n < 0 ? "⁻" . raised(-n) : n > 9 ? raised(n / 10) . raised(n % 10) : word("⁰ ¹ ² ³ ⁴ ⁵ ⁶ ⁷ ⁸ ⁹", n + 1)
round_up(x) = x < 1e-290 ? 1.0 : (decade_of = 10.0**floor(log10(x)), x <= decade_of ? decade_of : x <= 2 * decade_of ? 2 * decade_of : \
  x <= 5 * decade_of ? 5 * decade_of : 10 * decade_of)

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

# Where not every power of ten has a label, there are no ticks between powers.
# The scale of an axis ("x", "y", "cb") from low to high: its range and ticks with room for so many labels. A logarithmic one
# has labels at powers of ten and, where these are few, at digits between; within half a decade at equal steps.
in_decade(low, high, labels) = log10(high / low) < 1 ? (labels > 4 ? "12345678" : "125") : \
                               log10(high / low) < 2.2 && 1.3 * labels >= 3 * log10(high / low) ? "125" : "1"
is_short(k) = k > -4 && k < 5
tick_name(k, m, digits) = !strstrt(digits, sprintf("%d", m)) ? "" : \
                          strlen(digits) > 1 && is_short(k) ? numeral(m * 10.0**k) : \
                          m > 1 ? (tex ? sprintf("$%d\\cdot10^{%d}$", m, k) : sprintf("%d·", m) . power(k)) : power(k)
narrow_scale(axis, low, high, step) = \
  sprintf("set logscale %s; set %stics (); set for [k = %d:%d] %stics add (numeral(k * %.9g) k * %.9g)", \
          axis, axis, ceil(low / step), floor(high / step), axis, step, step)
decades_scale(axis, low, high, labels) = \
  sprintf("set logscale %s; set %stics ();", axis, axis) . \
  sprintf("set for [k = %d:%d] %stics add (k %% %d == 0 ? tick_name(k, 1, '%s') : '' 10.0**k);", \
          floor(log10(low)), ceil(log10(high)), axis, ceil(log10(high / low) / labels), in_decade(low, high, labels)) . \
  (ceil(log10(high / low) / labels) > 1 ? "" : \
  sprintf("set for [k = %d:%d] for [m = 2:9] %stics add (tick_name(k, m, '%s') m * 10.0**k strlen(tick_name(k, m, '%s')) == 0)", \
          floor(log10(low)), ceil(log10(high)), axis, in_decade(low, high, labels), in_decade(low, high, labels)))
log_scale(axis, low, high, labels) = log10(high / low) > 0.5 ? decades_scale(axis, low, high, labels) : \
                                     narrow_scale(axis, low, high, round_up((high - low) / real(labels)))
linear_scale(axis, low, high, labels) = \
  sprintf("unset logscale %s; set %stics %.9g; set format %s number_format", axis, axis, round_up((high - low) / real(labels)), axis)
scale(axis, low, high, logarithmic, labels) = \
  sprintf("set %srange [%.17g:%.17g];", axis, low, high) . \
  (logarithmic ? log_scale(axis, low, high, labels) : linear_scale(axis, low, high, labels))
