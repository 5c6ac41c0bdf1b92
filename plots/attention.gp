# Attention of every head over time, one map a head: position 1 at the top, each pattern's positions marked on the right.
# Where classes hold several positions each, it is that of all of them together.
panels = shown(heads)
columns = columns_for(panels, paged ? most(1, floor((page - 130) / 120)) : 4)
rows = ceil(panels / real(columns))

# Positions far from every pattern behave alike and are left out; y_first and y_last can be set from outside.
stats $patterns using (column("first")) name "first" nooutput
stats $patterns using (column("last")) name "last" nooutput
stats $patterns using (column("last") - column("first") + 1) name "length" nooutput
span = last_max - first_min + 1
around = 4 + int(span / 2)
y_from = exists("y_first") ? y_first : first_min > around ? first_min - around : 1
y_to = exists("y_last") ? y_last : last_max + around < positions ? last_max + around : positions
is_cut = y_to - y_from + 1 < positions
lanes = length_sum > span ? 2 : 1 # patterns that overlap are marked side by side

# Layout; y is counted from the top. The last column of panels has the marks and the colours beside it.
left = paged ? 52.0 : 75.0; right = paged ? 112.0 : 158.0; gap = paged ? 50.0 : 62.0; top = head_high + (paged ? 24.0 : 16.0)
row_gap = paged ? 44.0 : 45.0; bottom = below
width = paged ? page : left + columns * (columns == 1 ? 760.0 : columns < 4 ? 400.0 : 320.0) + (columns - 1) * gap + right
wide = (width - left - right - (columns - 1) * gap) / columns
high = paged ? most(90.0, least(200.0, wide)) : rows == 1 ? 400.0 : rows == 2 ? 320.0 : 260.0
height = top + rows * high + (rows - 1) * row_gap + bottom

# An image needs a uniform grid, so time enters as log10 t where it is spaced so, and t = 0 is left out if two times remain.
x_of(t) = log_time ? log10(t > 0 ? t : t_begin) : t
pixels = terminal_name eq "svg" ? "pixels" : "" # browsers smooth an image that is scaled up
skipped = time_records > 2 ? positions : 0
# An image has two rows and two columns at least; less is drawn as boxes.
is_image = positions > 1 && time_records > 1
half_step = 1.01 * (x_of(t_last) - x_of(t_begin)) / (time_records > 2 ? 2.0 * (time_records - 2) : 1.0)

eval canvas(width, height)
set multiplot
eval frame
unset grid
set border front
set xrange [x_of(t_begin):x_of(t_last)]
set yrange [y_to + 0.5:y_from - 0.5]
step = round_up((y_to - y_from + 1) / 10.0)
set ytics step > 1 ? step : 1
set cbrange [0:1]
set cblabel label_attention . (has_sizes ? " on all positions of the class" : " on one position")
if (paged) { set cblabel label_attention offset -1, 0 }
size(i) = as_number($sizes[has_sizes ? int(i) : 1])
place_name = has_sizes ? "class of positions" : label_position
set cbtics paged ? 0.5 : 0.25
if (paged) { set cbtics offset -0.6, 0 }
unset key

# The marks: a bar beside the positions of each pattern and, where there is room, its number, or those of all that share them.
pattern_mark = "set label 2 'pattern' at graph 1 + 6 / wide, graph 1 + 12 / high center font note_font"
room = high / (y_to - y_from + 1) # pixels a position
half = room > 5 ? 0.42 : 2 / room
same_run(k) = word($patterns[k], 2) eq word(run, 2) && word($patterns[k], 3) eq word(run, 3)
add_name(k) = (list = list . (list eq "" ? "" : ", ") . word($patterns[k], 1), 0)
names_of(run) = (list = "", sum [k = 2:|$patterns|] (same_run(k) ? add_name(k) : 0), list)
do for [i = 2:|$patterns|] {
  run = $patterns[i]
  j = word(run, 1) + 0
  x = 1 + (6 + 7 * ((j - 1) % lanes)) / wide
  set arrow i from graph x, first word(run, 2) - half to graph x, first word(run, 3) + half nohead lw 3 lc rgb "#606060"
  if (room * (word(run, 3) - word(run, 2) + 1) > 12) {
    set label i + 1 names_of(run) at graph 1 + (6 + 7 * lanes) / wide, first (word(run, 2) + word(run, 3)) / 2.0 font note_font
  }
}

do for [h = 1:panels] {
  x = left + ((h - 1) % columns) * (wide + gap)
  y = top + ((h - 1) / columns) * (high + row_gap)
  lowest = h + columns > panels
  eval place(x, y, wide, high)
  set title sprintf("head %d", h) offset 0, -0.6
  set ylabel x > left ? "" : is_cut ? place_name . sprintf(" (of %d)", positions) : place_name
  set format y x == left ? number_format : ""
  end_room = lowest && h % columns != 0 && h < panels ? 1.0 : 0.0
  eval letter(h, x - (paged ? 44 : 0), y - 10)
  if (!paged || h % columns == 0 || h == panels) { eval pattern_mark } else { unset label 2 }
  eval time_ticks(wide, lowest)
  set xlabel lowest ? axis_label : ""
  if (h == 1) {
    eval title_at(left)
    set colorbox vertical user origin screen across(width - right + (paged ? 44 : 58)), screen bottom / height \
                                 size screen across(paged ? 10 : 18), screen 1 - (top + bottom) / height
  } else {
    unset label 1
    unset colorbox
  }
  of_head(dummy) = size(column("position")) * column(sprintf("attention_%d", h))
  if (is_image) {
    plot attention using (x_of(column("t"))):"position":(of_head(0)) every ::skipped with image @pixels
  } else {
    plot attention using (x_of(column("t"))):"position":(x_of(column("t")) - half_step):(x_of(column("t")) + half_step): \
                         (column("position") - 0.5):(column("position") + 0.5):(of_head(0)) \
           with boxxyerror fc palette fs solid noborder
  }
}
unset multiplot
set output
