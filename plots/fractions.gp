# How the runs of every point divide into categories: bars over the first swept key, a column of panels for every value of the second
# and a row for every value of the third, as far as there is room. Whiskers: 95 % confidence intervals of each category's share.
fractions = folder . "../fractions.tsv"
columns = y_shown; blocks = z_shown
whiskers_note = quantity_name . (seeds > 1 ? sprintf(", %d seeds; whiskers: 95 ", seeds) . percent . " confidence" : "")
figure_note = and_note(whiskers_note, slice)

# Layout; y is counted from the top.
longest = 0
do for [c = 1:categories] { longest = most(longest, strlen(category_label[c])) }
left = paged ? 62.0 : 80.0; gap = paged ? 14.0 : 24.0; row_gap = paged ? 16.0 : 24.0
legend_wide = paged ? 0.0 : 60.0 + 8.0 * longest
right = (z_shown > 1 ? (paged ? 24.0 : 30.0) : paged ? rim : 20.0) + legend_wide
one_wide = most(columns > 2 ? 240.0 : columns > 1 ? 320.0 : 520.0, 60.0 * x_count)
width = paged ? page : left + columns * one_wide + (columns - 1) * gap + right
wide = (width - left - right - (columns - 1) * gap) / columns
high = paged ? most(70.0, least(150.0, 0.9 * wide)) : blocks > 1 ? 210.0 : 300.0
top = head_high + note_high(figure_note) + legend_high(width - left - right, categories, longest) + (paged ? (y_shown > 1 ? 20.0 : 4.0) : y_shown > 1 ? 26.0 : 6.0)
height = top + blocks * high + (blocks - 1) * row_gap + (paged ? below : 66.0)

# base, up_to: where the category's part of a bar begins and ends; low, above: its interval from there.
cells = points * categories
array base[cells]
array up_to[cells]
array low[cells]
array above[cells]
do for [i = 1:cells] { base[i] = NaN; up_to[i] = NaN; low[i] = NaN; above[i] = NaN }
at(point, c) = (int(point) - 1) * categories + c
place_of(name) = (place_found = 0, sum [c = 1:categories] (category[c] eq name ? (place_found = c, 0) : 0), place_found > 0 ? place_found : other)
keep_cell(i, share, from, to) = i < 1 ? 0 : (up_to[i] = (up_to[i] == up_to[i] ? up_to[i] : 0) + share, low[i] = from, above[i] = to, 0)
set datafile separator "\t"
set autoscale
stats fractions using (strcol("quantity") eq quantity ? \
  keep_cell(place_of(strcol("category")) > 0 ? at(column("point"), place_of(strcol("category"))) : 0, column("fraction"), column("low"), column("high")) : 0) nooutput
do for [p = 1:points] {
  reached = 0.0
  do for [c = 1:categories] {
    i = at(p, c)
    base[i] = reached
    if (up_to[i] == up_to[i]) {
      reached = reached + up_to[i]
      low[i] = base[i] + low[i]; above[i] = base[i] + above[i]
      up_to[i] = reached
    }
  }
}

# Shades from dark to light, so that they differ in grey too; what is no value is white, hatched or grey.
shade(c) = values > 1 ? word(viridis, 1 + int(9.999 * (c - 1) / (values - 1.0))) : word(viridis, 5)
fill(c) = c <= values ? shade(c) : c == other && !is_grey ? "#bdbdbd" : "#606060"
other_style = is_grey ? "pattern 2" : "solid 1" # its grey is that of a category
point_of(i, j, k) = (i - 1) * x_stride + y_offset[j] + z_offset[k] + 1
# Whiskers stand beside each other; the bar's own end needs none.
aside(c) = values > 1 ? 0.52 * ((c - 1) / (values - 1.0) - 0.5) : 0
has_whisker(i) = seeds > 1 && up_to[i] == up_to[i] && up_to[i] < 0.9999

here(c) = at(point_of(int(column(1)), j, k), c)
bars(from, to, style) = from < 1 ? "" : sprintf("for [c = %d:%d] base using (column(1)):(up_to[here(c)]):(column(1) - 0.38):(column(1) + 0.38):(base[here(c)]):(up_to[here(c)]) every ::0::x_count - 1 with boxxyerror fc rgb fill(c) fs %s border lc rgb '#404040' lw 0.7 notitle, ", from, to, style)
whiskers(look) = sprintf("for [c = 1:categories] base using (has_whisker(here(c)) ? column(1) + aside(c) : NaN):(low[here(c)]):(0):(above[here(c)] - low[here(c)]) every ::0::x_count - 1 with vectors heads size graph 0.012, 90 %s notitle, ", look)
keys(from, to, style) = from < 1 ? "" : sprintf("for [c = %d:%d] 1/0 with boxes fc rgb fill(c) fs %s border lc rgb '#404040' lw 0.7 title category_label[c], ", from, to, style)
is_power(x) = x > 0 && abs(log10(x) - floor(log10(x) + 0.5)) < 1e-9
x_tick(i) = x_log && !x_labelled && x_count > 2 && is_power(x_at[i]) ? power(int(floor(log10(x_at[i]) + 0.5))) : x_label[i]

tick_percent = tex ? "\\%%" : "%%" # a tick is a format

eval canvas(width, height)
set multiplot
eval frame
unset grid
eval place(left, top, wide, high)
eval heading(left)
set style fill solid
# The legend has the whole width, which a panel has not.
eval place(left, top - (paged && y_shown > 1 ? 18 : 0), width - left - right, high)
eval legend(left, top - (paged && y_shown > 1 ? 18 : 0), legend_wide > 0 ? width - left - legend_wide - 14 : width - left - right, categories, longest)
unset border; unset tics
set xrange [0:1]; set yrange [0:1]
set datafile nocolumnheaders separator whitespace
eval "plot " . keys(1, values, "solid 1") . keys(other, other, other_style) . keys(none, none, "empty") . \
     keys(unfinished, unfinished, "pattern 4") . keys(failed, failed, "pattern 1") . "1/0 notitle"
unset key
unset label 1
unset label 2
eval frame
unset grid
every_x = ceil(x_count * (paged ? 34.0 : 44.0) / wide)
do for [k = 1:z_shown] {
  do for [j = 1:y_shown] {
    x = left + (j - 1) * (wide + gap)
    y = top + (k - 1) * (high + row_gap)
    eval place(x, y, wide, high)
    set xrange [0.4:x_count + 0.6]
    set yrange [0:1]
    set xtics nomirror scale 0, 0 ()
    do for [i = 1:x_count] { set xtics add (k == z_shown && (i - 1) % every_x == 0 ? x_tick(i) : "" i) }
    if (j == 1) { set ytics nomirror ("0" 0, "50 " . tick_percent 0.5, "100 " . tick_percent 1) } else { set ytics nomirror ("" 0, "" 0.5, "" 1) }
    set xlabel k == z_shown ? x_name : ""
    set ylabel ""
    if (y_shown > 1 && k == 1) { set title y_name . " = " . y_label[y_picked[j]] offset 0, -0.7 } else { unset title }
    unset label 7
    if (z_shown > 1 && j == y_shown) { set label 7 z_name . " = " . z_label[z_picked[k]] at graph 1, graph 0.5 offset 1.2, 0 rotate by -90 center }
    set datafile nocolumnheaders separator whitespace
    eval "plot " . bars(1, values, "solid 1") . bars(other, other, other_style) . bars(none, none, "empty") . \
         bars(unfinished, unfinished, "pattern 4") . bars(failed, failed, "pattern 1") . whiskers("lw 3 lc rgb 'white'") . whiskers("lw 1 lc rgb 'black'") . "1/0 notitle"
    set datafile columnheaders separator "\t"
  }
}
unset multiplot
set output
