# What the attention logits of an encoder are like at the end of a training: ranges of a query's logits by its place, and how often a place is chosen.
logits = folder . source . "logits.tsv"
left = beside; right = paged ? rim : 230.0
width = paged ? page : left + 800.0 + right
wide = width - left - right
high = paged ? 120.0 : 230.0
block_colour(b) = word(viridis, 1 + int(lightest * (words(viridis) - 1) * (blocks > 1 ? (b - 1) / (blocks - 1.0) : 0) + 0.5))
named = blocks < 7 ? blocks : 6

# The last step, and how far the numbers go.
eval forget
stats logits using (see(column("step"))) nooutput
last_step = seen ? seen_high : 0.0
at_end(b, h) = column("step") == last_step && column("block") == b && column("head") == h
eval forget
stats logits using (column("step") == last_step ? see(column("delta_s")) : NaN) nooutput
range_most = seen && seen_high > 1e-290 ? seen_high : 1.0
eval forget
stats logits using (see(column("place"))) nooutput
places = seen ? seen_high : 1.0
eval forget
stats logits using (column("step") == last_step ? see(column("beta")) : NaN) nooutput
beta_most = seen && seen_high > 1e-290 ? seen_high : 1.0

# Layout; y is counted from the top.
entries(k) = k == 1 ? named + (blocks > named) + 3 : 0
room_above(k) = (k == 1 ? (paged ? head_high + 16 : 78.0) : paged ? 10.0 : 18.0) + (k == 1 ? legend_high(wide, entries(1), 16) : 0)
row_top(k) = room_above(k) + (k > 1 ? row_top(k - 1) + high : 0)
height = row_top(2) + high + below

eval canvas(width, height)
set multiplot
eval frame
set xrange [0.5:places + 0.5]

eval place(left, row_top(1), wide, high)
set format x ""
eval letter(1, 2, row_top(1))
eval legend(left, row_top(1), wide, entries(1), 16)
eval title_at(left)
set ylabel "logits of a query"
set yrange [0:1.05 * range_most]
plot for [b = 1:blocks] for [h = 1:heads] logits using (at_end(b, h) ? column("place") : NaN):"delta_s" with lines lw 2 lc rgb block_colour(b) notitle, \
     for [b = 1:blocks] for [h = 1:heads] logits using (at_end(b, h) ? column("place") : NaN):"delta_h" with lines lw 1.6 dt 2 lc rgb block_colour(b) notitle, \
     for [b = 1:blocks] for [h = 1:heads] logits using (at_end(b, h) ? column("place") : NaN):"gap" with lines lw 1.6 dt 3 lc rgb block_colour(b) notitle, \
     for [b = 1:named] NaN with lines lw 2.5 lc rgb block_colour(b) title sprintf("block %d", b), \
     NaN with lines lc rgb "white" title blocks > named ? sprintf("and %d more", blocks - named) : "", \
     NaN with lines lw 2 lc rgb "#606060" title "range of all", \
     NaN with lines lw 1.6 dt 2 lc rgb "#606060" title sprintf("of the %d largest", keep), \
     NaN with lines lw 1.6 dt 3 lc rgb "#606060" title "gap behind these"

eval place(left, row_top(2), wide, high)
set format x number_format
eval letter(2, 2, row_top(2))
unset key
set xlabel "place"
set ylabel "chosen, of a fair share"
set yrange [0:1.05 * beta_most]
plot for [b = 1:blocks] for [h = 1:heads] logits using (at_end(b, h) ? column("place") : NaN):"beta" with lines lw 2 lc rgb block_colour(b) notitle
unset multiplot
set output
