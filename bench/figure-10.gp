# Figure 10 of arXiv 2602.19143, head by head, for doc/initial-conditions.md:
#     headflow run models/figure-10.conf -o run
#     gnuplot -e "run='run'" bench/figure-10.gp          makes figure-10.png
if (!exists("run")) run = "run"
if (!exists("output_name")) output_name = "figure-10.png"
set terminal pngcairo size 1200, 900 font "Helvetica,12" noenhanced
set output output_name
set encoding utf8
set datafile commentschars "#" missing "nan" columnheaders separator "\t"
rows = run . "/flow/trajectory.tsv"
color(j) = word("#0072B2 #D55E00 #009E73", j)
set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
set logscale x
set xrange [0.1:500]
set format x "%g"
set multiplot layout 3, 3 margins 0.06, 0.985, 0.07, 0.95 spacing 0.055, 0.085
set key left center samplen 2
set yrange [-0.05:1.05]
do for [k = 1:3] {
    set title sprintf("Head %d: attention", k)
    if (k > 1) { unset key }
    plot for [j = 1:3] rows using "t":sprintf("mass_%d_%d", k, j) with lines lw 2.5 lc rgb color(j) title sprintf("position %d", j)
}
set key left top samplen 2
set yrange [-1.6:3.2]
do for [k = 1:3] {
    set title sprintf("Head %d: values", k)
    if (k > 1) { unset key }
    plot 0 with lines lw 1 dt 3 lc rgb "#606060" notitle, \
         for [j = 1:3] rows using "t":sprintf("value_%d_%d", k, j) with lines lw 2.5 lc rgb color(j) title sprintf("feature %d", j)
}
set xlabel "t" offset 0, 0.5
set yrange [-0.2:6.6]
set title "Loss"
plot for [l in "6.12105 1.945 0.5 0"] real(l) with lines lw 1 dt 3 lc rgb "#606060" notitle, \
     rows using "t":"loss" with lines lw 2.5 lc rgb "#202020" notitle
set key right top samplen 2
set yrange [-0.15:4.5]
set title "Loss of each pattern"
plot for [j = 1:3] rows using "t":sprintf("pattern_loss_%d", j) with lines lw 2.5 lc rgb color(j) title sprintf("pattern %d", j)
set yrange [-0.1:1.5]
set key left top samplen 2
set title "Share of a pattern that its head carries"
plot for [j = 1:3] rows using "t":sprintf("share_%d_%d", word("3 2 1", j) + 0, j) with lines lw 2.5 lc rgb color(j) title sprintf("%d: head %s", j, word("3 2 1", j))
unset multiplot
