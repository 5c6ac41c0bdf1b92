# Six starts of three heads side by side, for doc/initial-conditions.md:
#     headflow run models/figure-10.conf -s solver.t_end=5000 -o runs/1
#     for n in 1 2 3 4 5; do headflow run models/initial-conditions.conf --task $n -o runs/$((n + 1)); done
#     gnuplot -e "runs='runs'" bench/initial-conditions.gp          makes initial-conditions.png
if (!exists("runs")) runs = "runs"
if (!exists("output_name")) output_name = "initial-conditions.png"
set terminal pngcairo size 1800, 820 font "Helvetica,12" noenhanced
set output output_name
set encoding utf8
set datafile commentschars "#" missing "nan" columnheaders separator "\t"
rows(n) = sprintf("%s/%d/flow/trajectory.tsv", runs, n)
names = "noise 4·10⁻⁵ (published)|noise 10⁻²|bump of 10⁻² on its own|almost all on its own|waterfall|almost all on a wrong one|"
piece(text, a) = a == 1 ? text[1:strstrt(text, "|") - 1] : piece(text[strstrt(text, "|") + 1:*], a - 1)
color(j) = word("#0072B2 #D55E00 #009E73", j)
dash(k) = k == 1 ? 1 : k == 2 ? 2 : 4
set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
set logscale x
set xrange [0.05:5000]
set xtics (0.1, 1, 10, 100, 1000)
set multiplot layout 3, 6 margins 0.045, 0.99, 0.07, 0.94 spacing 0.03, 0.055
set yrange [-0.05:1.05]
set ylabel "attention" offset 1.5, 0
do for [n = 1:6] {
    set title piece(names, n)
    set key at graph 0.02, 0.98 left top samplen 1.6 spacing 0.95
    if (n != 1) { unset key; unset ylabel }
    plot for [k = 1:3] for [j = 1:3] rows(n) using "t":sprintf("mass_%d_%d", k, j) with lines lw 2 dt dash(k) lc rgb color(j) \
         title (j == 1 ? sprintf("head %d", k) : "")
}
unset title
set yrange [-0.1:1.25]
set ylabel "share of pattern 1, 2, 3" offset 1.5, 0
do for [n = 1:6] {
    set key at graph 0.02, 0.98 left top samplen 1.6 spacing 0.95
    if (n != 1) { unset key; unset ylabel }
    plot for [k = 1:3] for [j = 1:3] rows(n) using "t":sprintf("share_%d_%d", k, j) with lines lw 2 dt dash(k) lc rgb color(j) \
         title (k == 1 ? sprintf("pattern %d", j) : "")
}
set yrange [-0.2:6.6]
set ylabel "loss" offset 1.5, 0
set xlabel "t" offset 0, 0.7
unset key
do for [n = 1:6] {
    if (n != 1) { unset ylabel }
    plot for [l in "6.12105 1.945 0.5 0"] real(l) with lines lw 1 dt 3 lc rgb "#606060" notitle, \
         rows(n) using "t":"loss" with lines lw 2.5 lc rgb "#202020" notitle
}
unset multiplot
