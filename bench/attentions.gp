# The staircases of five attentions on one problem, and how long their second plateau lasts, for doc/attentions.md:
#     for a in softmax squares sum sigmoid linear; do
#         headflow run models/three-stage.conf -s flow.attention=$a -s init.perturbation=1e-8 -s output.t_first=0.1 -o run/$a
#     done
#     headflow sweep models/attentions.conf -o sweep
#     gnuplot -e "runs='run'; sweep='sweep'" bench/attentions.gp          makes attentions.png
if (!exists("runs")) runs = "run"
if (!exists("sweep")) sweep = "sweep"
if (!exists("output_name")) output_name = "attentions.png"
set terminal pngcairo size 1400, 520 font "Helvetica,12" noenhanced
set output output_name
set encoding utf8
set datafile commentschars "#" missing "nan" columnheaders separator "\t"
kind(a) = word("softmax squares sigmoid sum linear", a)
color(a) = word("#0072B2 #56B4E9 #009E73 #E69F00 #D55E00", a)
names = "softmax|z² / Σz²|1 / (1 + exp(−z))|z / Σz|z  (linear)|"
name(a) = piece(names, a)
piece(text, a) = a == 1 ? text[1:strstrt(text, "|") - 1] : piece(text[strstrt(text, "|") + 1:*], a - 1)

set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
set key top right samplen 2.5 spacing 1.2
level(k) = k == 1 ? 0.5 * (1.7**2 + 1) : k == 2 ? 0.5 : 0.0

set multiplot
set tmargin at screen 0.9; set bmargin at screen 0.13
set lmargin at screen 0.05; set rmargin at screen 0.5
set logscale x
set xrange [0.1:2e4]
set yrange [-0.15:6.6]
set format x "%g"
set xlabel "t" offset 0, 0.5
set title "Loss; heads that start 10⁻⁸ apart"
plot for [k = 1:3] level(k) with lines lw 1 dt 3 lc rgb "#606060" notitle, \
     for [a = 1:5] runs . "/" . kind(a) . "/flow/trajectory.tsv" using "t":"loss" with lines lw 2.5 lc rgb color(a) title name(a)

set lmargin at screen 0.56; set rmargin at screen 0.985
set xrange [1:33]
unset logscale x
set xtics (2, 4, 8, 16, 32)
set logscale y
set yrange [1:1e5]
set format y "%g"
set xlabel "decades by which the heads start apart: 10⁻²  …  10⁻³²"
set title "Time at which the second pattern is learned"
unset key
plot for [a = 1:5] sweep . "/results.tsv" using (strcol("flow.attention") eq kind(a) ? -log10(column("init.perturbation")) : NaN):"t_acquired_2" \
     with linespoints lw 2.5 pt 7 ps 1 lc rgb color(a)
unset multiplot
