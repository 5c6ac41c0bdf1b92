# How many strings an encoder answers rightly, and the entropy of its attention, after every epoch; a colour for every seed.
run(n) = folder . sprintf("../train/seed-%d/trajectory.tsv", first_seed + n - 1)
drawn = seeds < 12 ? seeds : 12
left = beside; right = paged ? rim : 210.0
width = paged ? page : left + 800.0 + right
wide = width - left - right
high = paged ? 120.0 : 230.0

# How long the runs are, and how large the entropy.
eval forget
do for [n = 1:drawn] { stats run(n) using (see(column("epoch"))) nooutput }
last_epoch = seen && seen_high > 0 ? seen_high : 1.0
eval forget
do for [n = 1:drawn] { stats run(n) using (see(column("entropy"))) nooutput }
entropy_most = seen && seen_high > 1e-290 ? seen_high : 1.0
eval forget
do for [n = 1:drawn] { stats run(n) using (see(column("train_accuracy")), see(column("accuracy"))) nooutput }
accuracy_least = seen ? least(seen_low, accuracy) : 0.0

# Layout; y is counted from the top.
named = drawn < 6 ? drawn : 5
entries(k) = named + (drawn > named) + (k == 1 ? 2 : 0)
room_above(k) = (k == 1 ? (paged ? head_high + 16 : 78.0) : paged ? 10.0 : 18.0) + (k == 1 ? legend_high(wide, entries(1), 12) : 0)
row_top(k) = room_above(k) + (k > 1 ? row_top(k - 1) + high : 0)
height = row_top(2) + high + below

eval canvas(width, height)
set multiplot
eval frame
set xrange [0:last_epoch]

eval place(left, row_top(1), wide, high)
set format x ""
eval letter(1, 2, row_top(1))
eval legend(left, row_top(1), wide, entries(1), 12)
eval title_at(left)
set ylabel paged ? "accuracy" : "answered rightly"
set yrange [accuracy_least - 0.02:1.02]
set arrow 1 from graph 0, first accuracy to graph 1, first accuracy nohead back dt 2 lw 1 lc rgb "#606060"
plot for [n = 1:drawn] run(n) using "epoch":"train_accuracy" with lines lw 1.2 dt 2 lc rgb head_colour(n) notitle, \
     for [n = 1:drawn] run(n) using "epoch":"accuracy" with lines lw 2 lc rgb head_colour(n) notitle, \
     for [n = 1:named] NaN with lines lw 2.5 lc rgb head_colour(n) title sprintf("seed %d", first_seed + n - 1), \
     NaN with lines lc rgb "white" title drawn > named ? sprintf("and %d more", seeds - named) : "", \
     NaN with lines lw 2 lc rgb "#606060" title "held-out", \
     NaN with lines lw 1.2 dt 2 lc rgb "#606060" title "training"
unset arrow 1
unset label 1

eval place(left, row_top(2), wide, high)
set format x number_format
eval letter(2, 2, row_top(2))
unset key
set xlabel "epoch"
set ylabel paged ? "entropy (nats)" : "entropy of attention (nats)"
set yrange [0:1.05 * entropy_most]
plot for [n = 1:drawn] run(n) using "epoch":"entropy" with lines lw 2 lc rgb head_colour(n) notitle
unset multiplot
set output
