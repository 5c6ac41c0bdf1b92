# From here on nothing depends on the run but the variables above.
set encoding utf8
if (!exists("terminal")) terminal = "png"
slash = strlen(ARG0)
while (slash > 0 && ARG0[slash:slash] ne "/") { slash = slash - 1 }
folder = slash > 0 ? ARG0[1:slash] : "./"
if (!exists("output")) output = folder . figure . "." . terminal
set datafile commentschars "#" missing "nan" columnheaders

# Starts an image of w x h pixels at 100 %: eval canvas(w, h). Text is plain, nothing in a title is markup; the scales make
# letters as large everywhere as in png.
canvas(w, h) = \
  (terminal eq "png" ? sprintf("set terminal pngcairo size %d,%d", w, h) : \
   terminal eq "svg" ? sprintf("set terminal svg size %d,%d background 'white' fontscale 1.33", w, h) : \
   terminal eq "pdf" ? sprintf("set terminal pdfcairo size %g,%g fontscale 0.67", w / 96.0, h / 96.0) : \
   sprintf("set terminal %s size %d,%d persist", terminal, w, h)) . \
  " font 'Helvetica,12' dashlength 0.6 noenhanced" . \
  (terminal eq "png" || terminal eq "svg" || terminal eq "pdf" ? "; set output output" : "")
title_font = terminal eq "svg" ? "Helvetica,15" : "Helvetica:Bold,15"

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
round_up(x) = (p = 10.0**floor(log10(x)), x <= p ? p : x <= 2 * p ? 2 * p : x <= 5 * p ? 5 * p : 10 * p)
