# What every head attends to at some steps: queries downwards, keys to the right, mean over the held-out sequences. Heads shine on
# a key in lights of their own that add up to white: white or grey is what all attend to alike. Thin lines part the spans.
maps = folder . source . "maps.tsv"
keys = query_first + queries - 1
blocks_here = shown(blocks)
steps_here = blocks_here * words(map_steps) <= 24 ? words(map_steps) : most(1, 24 / blocks_here)
panels = blocks_here * steps_here
columns = columns_for(steps_here, !paged ? 4 : most(1, floor((page - 220) / 110)))
lines_of_block = ceil(steps_here / real(columns))
rows = blocks_here * lines_of_block

# Layout; y is counted from the top.
left = paged ? 62.0 : 72.0; right = paged ? 182.0 : 205.0; gap = paged ? 14.0 : 26.0; top = head_high + (paged ? 34.0 : 20.0)
row_gap = paged ? 40.0 : 52.0; bottom = below
legend_gap = paged ? 20.0 : 28.0
wide = paged ? (page - left - right - (columns - 1) * gap) / columns : columns == 1 ? 460.0 : columns == 2 ? 360.0 : 280.0
high = least(2 * wide, most(wide / 4.0, wide * queries / keys))
legend_left = left + columns * wide + (columns - 1) * gap + legend_gap
width = left + columns * wide + (columns - 1) * gap + right
height = most(top + rows * high + (rows - 1) * row_gap + bottom, paged ? 190.0 : 330.0)

# Every head's light, red green blue. Three make white as they are; others are taken from the circle of hues and balanced.
array light[3 * heads]
hue_part(h, c) = (int(hsv2rgb((0.6 + (h - 1) / real(heads)) - floor(0.6 + (h - 1) / real(heads)), 0.9, 0.95)) / (c == 1 ? 65536 : c == 2 ? 256 : 1) % 256) / 255.0
three = "0.05 0.25 0.75 0.90 0.20 0.05 0.05 0.55 0.20"
two = "0.05 0.42 0.90 0.95 0.58 0.10"
do for [h = 1:heads] { do for [c = 1:3] {
  light[3 * h - 3 + c] = heads == 1 ? 1.0 : heads == 2 ? word(two, 3 * h - 3 + c) + 0 : heads == 3 ? word(three, 3 * h - 3 + c) + 0 : hue_part(h, c)
} }
light_of_all(c) = sum [h = 1:heads] light[3 * h - 3 + c]
dimmest = least(light_of_all(1), least(light_of_all(2), light_of_all(3)))
balance_1 = dimmest / light_of_all(1); balance_2 = dimmest / light_of_all(2); balance_3 = dimmest / light_of_all(3)
do for [h = 1:heads] {
  light[3 * h - 2] = light[3 * h - 2] * balance_1; light[3 * h - 1] = light[3 * h - 1] * balance_2; light[3 * h] = light[3 * h] * balance_3
}

# The lights of every pixel of every panel, added up row by row of the table.
size = queries * keys
array red[panels * size]
array green[panels * size]
array blue[panels * size]
do for [i = 1:panels * size] { red[i] = 0.0; green[i] = 0.0; blue[i] = 0.0 }
same_step(i, step) = word(map_steps, i) + 0 == step
step_number(step) = sum [i = 1:steps_here] (same_step(i, step) ? i : 0)
is_in(x, from, to) = is_finite(x) && x >= from && x <= to
is_pixel(block, head, query, key) = is_in(block, 1, blocks_here) && is_in(head, 1, heads) && is_in(query, query_first, keys) && is_in(key, 1, query)
place_of(step, block, query, key) = step_number(step) == 0 ? 0 : \
  ((int(block) - 1) * steps_here + step_number(step) - 1) * size + (int(query) - query_first) * keys + int(key)
strongest = 0.0
shine(i, h, a) = i < 1 ? 0 : (strongest = most(strongest, a), red[i] = red[i] + a * light[3 * h - 2], \
                              green[i] = green[i] + a * light[3 * h - 1], blue[i] = blue[i] + a * light[3 * h], 0)
take(step, block, head, query, key, a) = is_in(a, 0, 1) && is_pixel(block, head, query, key) ? \
  shine(place_of(step, block, query, key), int(head), a) : 0
set autoscale
stats maps using (take(column("step"), column("block"), column("head"), column("query"), column("key"), column("attention"))) nooutput
if (strongest < 1e-290) { strongest = 1.0 }
brightest = 0.0
do for [i = 1:panels * size] { brightest = most(brightest, most(red[i], most(green[i], blue[i]))) }
if (brightest < 1e-290) { brightest = 1.0 }

# Light is added, the most there is being full, and shown as eyes see it.
shade(x) = int(255 * least(1.0, x / brightest)**(1 / 1.8) + 0.5)
unseen = "235 235 235"
half(n) = n > 1 ? 1 : 2 # an image has two rows and two columns at least
pixel_place(first, n, i, k) = n > 1 ? first + i : first - 0.25 + 0.5 * k
pixels = terminal_name eq "svg" ? "pixels" : "" # browsers smooth an image that is scaled up

eval canvas(width, height)
set multiplot
eval frame
unset grid
set border front
set tics front
unset key
set xrange [0.5:keys + 0.5]
set yrange [keys + 0.5:query_first - 0.5]
x_step = round_up(keys / (paged ? wide / 32 : 7.0)); y_step = round_up(queries / (paged ? high / 22 : 7.0))
set xtics x_step > 1 ? x_step : 1
set ytics y_step > 1 ? y_step : 1
room = wide / keys # pixels a key

# Where the spans begin and end, and their numbers above the first query.
$edges << END
0 0
END
$image << END
0 0
END
if (words(span_from) > 0) { set print $edges }
do for [k = 1:words(span_from)] { do for [side = 0:1] {
  lag = side == 0 ? word(span_from, k) - 1 : word(span_to, k) + 0
  do for [query = query_first:keys] {
    x = query + 0.5 - lag
    if (x > 0.5) { print sprintf("%g %g", x, query - 0.5); print sprintf("%g %g", x, query + 0.5) }
  }
  print ""
} }
unset print
do for [k = 1:words(span_from)] {
  middle = query_first + 1 - (word(span_from, k) + word(span_to, k)) / 2.0
  if (words(span_from) < 8 && room * (word(span_to, k) - word(span_from, k) + 1) > 9) {
    set label 10 + k sprintf("%d", k) at first middle, graph 1 + 9 / high center font note_font textcolor rgb "#606060"
  }
}

do for [p = 1:panels] {
  block = (p - 1) / steps_here + 1
  i = (p - 1) % steps_here + 1
  x = left + ((i - 1) % columns) * (wide + gap)
  y = top + ((block - 1) * lines_of_block + (i - 1) / columns) * (high + row_gap)
  lowest = block == blocks_here && i + columns > steps_here
  eval place(x, y, wide, high)
  set title (blocks > 1 ? sprintf("block %d, ", block) : "") . "step " . word(map_steps, i) offset 0, -0.1
  set ylabel x > left ? "" : paged ? "query" : "position of the query"
  set format y x == left ? number_format : ""
  set format x lowest ? number_format : ""
  set xlabel lowest ? (paged ? "key" : "position of the key") : ""
  if (!paged) { set xlabel offset 0, 0.3 }
  if (p == 1) { eval title_at(left) } else { unset label 1 }
  set print $image
  do for [q = 0:queries - 1] { do for [l = 1:half(queries)] {
    do for [k = 0:keys - 1] { do for [m = 1:half(keys)] {
      n = (p - 1) * size + q * keys + k + 1
      print sprintf("%g %g ", pixel_place(1, keys, k, m - 1), pixel_place(query_first, queries, q, l - 1)) . \
        (k + 1 > query_first + q ? unseen : sprintf("%d %d %d", shade(red[n]), shade(green[n]), shade(blue[n])))
    } }
  } }
  unset print
  set datafile nocolumnheaders separator whitespace
  plot $image using 1:2:3:4:5 with rgbimage @pixels, $edges using 1:2 with lines lw 0.8 lc rgb "#b0b0b0"
  set datafile columnheaders separator "\t"
}
do for [k = 1:words(span_from)] { unset label 10 + k }
unset label 1

# The lights of the heads, alone and together, from no attention to the most there is.
lights = heads > 1 ? least(heads, floor((height - top - bottom - 40) / 24.0) - 2) : 1
more = heads - lights
ramp = heads > 1 ? lights + 1 : 1
light_of(h, c) = h > lights ? light_of_all(c) : light[3 * h - 3 + c]
$ramps << END
END
set print $ramps
do for [h = 1:ramp] { do for [l = 1:half(ramp)] { do for [i = 0:40] {
  a = strongest * i / 40.0
  print sprintf("%g %g %d %d %d", a, pixel_place(h, ramp, 0, l - 1), shade(a * light_of(h, 1)), shade(a * light_of(h, 2)), shade(a * light_of(h, 3)))
} } }
unset print
eval place(legend_left, top, paged ? 50 : 70, 24.0 * ramp)
set title "attention" offset 0, -0.6
set xrange [0:strongest]
set yrange [ramp + 0.5:0.5]
set format x say("$%.2g$", "%.2g")
set xtics strongest offset 0, 0.3
set xlabel ""
set ylabel ""
unset ytics
set label 2 sprintf(heads > 1 ? "each of all" : "") at first strongest, first ramp offset 1, 0
do for [h = 1:lights] { set label 2 + h sprintf(heads > 1 ? "head %d" : "the head", h) at first strongest, first h offset 1, 0 }
if (more > 0) { set label 3 + lights sprintf("and %d more heads", more) at screen across(legend_left), up(top + 24.0 * ramp + 36) font note_font }
set label 4 + lights sprintf(words(span_from) > 0 ? paged ? "numbers: spans" : "numbers above: spans" : "") at screen across(legend_left), up(top + 24.0 * ramp + 56) font note_font textcolor rgb "#606060"
if (steps_here < words(map_steps) || blocks_here < blocks) {
  set label 5 + lights sprintf("%d maps of %d", panels, words(map_steps) * blocks) at screen across(legend_left), up(top + 24.0 * ramp + 74) font note_font
}
set datafile nocolumnheaders separator whitespace
plot $ramps using 1:2:3:4:5 with rgbimage @pixels
unset multiplot
set output
