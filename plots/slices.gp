# The loss along random lines through the parameters at the end of a training: a thin curve for every line, the median thick.
slices = folder . source . "slices.tsv"
left = beside; right = paged ? rim : 210.0
width = paged ? page : left + 600.0 + right
wide = width - left - right
high = paged ? 150.0 : 330.0
drawn = lines < 100 ? lines : 100
top = (paged ? head_high + 16 : 78.0) + legend_high(wide, 2, 16)
height = top + high + below

eval canvas(width, height)
set multiplot
eval frame
eval place(left, top, wide, high)
eval legend(left, top, wide, 2, 16)
eval title_at(left)
set xrange [-radius:radius]
set format x number_format
set xlabel "distance along a random line"
set ylabel "held-out loss"
plot for [n = 1:drawn] slices using "r":sprintf("loss_%d", n) with lines lw 0.8 lc rgb "#9ec4de" notitle, \
     slices using "r":"median" with lines lw 3 lc rgb head_colour(1) title "median", \
     NaN with lines lw 1 lc rgb "#9ec4de" title sprintf("%d line%s", lines, lines == 1 ? "" : "s")
unset multiplot
set output
