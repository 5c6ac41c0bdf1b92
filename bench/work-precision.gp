# Work against precision: gnuplot -e "dir='bench-results'" bench/work-precision.gp  writes dir/work-precision.png.
# Abscissa: achieved error of the loss; ordinate: seconds. The lower left is better.
if (!exists("dir")) dir = "bench-results"
table = dir."/work-precision.tsv"
set terminal pngcairo size 1300, 600 font "sans,11"
set output dir."/work-precision.png"
set datafile separator tab
set logscale xy
set format xy "10^{%T}"
set xrange [*:*] reverse
set xlabel "largest error of the loss / L(0)"
set grid
set key outside right top

solvers = "headflow LSODA LSODA+J BDF BDF+J Radau Radau+J RK45 DOP853"
color(n) = word("#000000 #d95f02 #d95f02 #1b9e77 #1b9e77 #7570b3 #7570b3 #e7298a #666666", n)
dash(n) = strstrt(word(solvers, n), "+J") ? 2 : 1        # dashed: with an analytic Jacobian
is(name, n) = strcol(1) eq name && strcol(2) eq word(solvers, n)

set multiplot layout 1, 2
do for [name in "paper default"] {
    set title name
    set ylabel (name eq "paper" ? "seconds" : "")
    if (name eq "paper") { unset key } else { set key }
    plot for [n = 1:words(solvers)] table using (is(name, n) ? $4 : NaN):5 with linespoints \
        linecolor rgb color(n) linewidth (n == 1 ? 3 : 1.5) pointtype n dashtype dash(n) \
        title word(solvers, n)
}
unset multiplot
