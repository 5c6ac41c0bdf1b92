# From here on nothing depends on the run but the variables above.
set encoding utf8
if (!exists("terminal")) terminal = "png"
slash = strlen(ARG0)
while (slash > 0 && ARG0[slash:slash] ne "/") { slash = slash - 1 }
folder = slash > 0 ? ARG0[1:slash] : "./"
if (!exists("output")) output = folder . figure . "." . terminal
trajectory = folder . "../flow/trajectory.tsv"
attention = folder . "../flow/attention.tsv"
set datafile separator tab commentschars "#" missing "nan" columnheaders

# canvas(w, h): the commands that start an image of w x h pixels at 100 %. Text is plain: nothing in a title is markup.
canvas(w, h) = \
  terminal eq "png" ? sprintf("set terminal pngcairo size %d,%d font 'Helvetica,12' noenhanced; set output output", w, h) : \
  terminal eq "svg" ? sprintf("set terminal svg size %d,%d font 'Helvetica,16' noenhanced background 'white'; set output output", w, h) : \
  terminal eq "pdf" ? sprintf("set terminal pdfcairo size %g,%g font 'Helvetica,12' noenhanced; set output output", w / 96.0, h / 96.0) : \
  sprintf("set terminal %s size %d,%d font 'Helvetica,12' noenhanced persist", terminal, w, h)

# Colours: Okabe and Ito's for heads (dashed from the seventh on), viridis for attention and, in order, for patterns.
head_colour(h) = word("#0072B2 #D55E00 #009E73 #CC79A7 #E69F00 #56B4E9", (h - 1) % 6 + 1)
head_dash(h) = (h - 1) / 6 % 4 + 1
set palette defined (0 '#440154', 1 '#482475', 2 '#414487', 3 '#355f8d', 4 '#2a788e', 5 '#21918c', 6 '#22a884', 7 '#44bf70', \
                     8 '#7ad151', 9 '#bddf26', 10 '#fde725')
pattern_shade(j) = patterns > 1 ? 0.8 * (j - 1) / (patterns - 1) : 0.0

pattern_dash(j) = word("1 2 4 5", (j - 1) % 4 + 1) + 0

# Panels for n patterns or heads, 24 at most, in rows of nearly the same length, at most most panels long.
shown(n) = n < 24 ? n : 24
columns_for(n, most) = ceil(n / ceil(n / real(most)))

# The time axis, from t_begin to t_last; a run may have ended before t_end. x_of(t) is where t stands on it.
stats trajectory using (column("t")) name "time" nooutput
t_last = time_max
t_begin = !log_time ? 0.0 : t_first < t_last ? t_first : t_last / 10.0
x_of(t) = t

# Its ticks for panels that are w pixels wide: eval time_ticks(w, labelled). Powers of ten; 2 and 5 as well where these are few.
raised(n) = n < 0 ? "⁻" . raised(-n) : n > 9 ? raised(n / 10) . raised(n % 10) : word("⁰ ¹ ² ³ ⁴ ⁵ ⁶ ⁷ ⁸ ⁹", n + 1)
decade_first = log_time ? int(floor(log10(t_begin))) : 0
decade_last = log_time ? int(ceil(log10(t_last))) : 0
few = decade_last - decade_first < 3
decade_step(w) = ceil(42.0 * (decade_last - decade_first) / w)
decade(k) = few ? sprintf("%g", 10.0**k) : "10" . raised(k)
round_up(x) = (p = 10.0**floor(log10(x)), x <= p ? p : x <= 2 * p ? 2 * p : x <= 5 * p ? 5 * p : 10 * p)
time_ticks(w, labelled) = log_time ? \
  sprintf("set xtics (); do for [k = decade_first:decade_last] {" . \
          "  set xtics add (%d && k %% %d == 0 ? decade(k) : '' x_of(10.0**k));" . \
          "  set for [m = 2:9] xtics add (%d && few && (m == 2 || m == 5) ? sprintf('%%g', m * 10.0**k) : '' x_of(m * 10.0**k) 1) }", \
          labelled, decade_step(w), labelled) : \
  sprintf("set xtics %g; set format x '%s'", round_up(70.0 * t_last / w), labelled ? "%g" : "")
