# Work against precision, from the table measure.py writes:
#     gnuplot -e "dir='bench-results'" bench/work-precision.gp        makes dir/work-precision.png
# Abscissa: largest error of the loss at the output times; ordinate: seconds. Further down and to the right is better.
if (!exists("dir")) dir = "bench-results"
table = dir."/work-precision.tsv"
set terminal pngcairo size 1200, 650 font "sans,11"
set output dir."/work-precision.png"
set datafile separator tab
set datafile missing NaN                # lines run on over the rows of other solvers
set logscale xy
set format xy "10^{%T}"
set xrange [1e-2:1e-13]
set xlabel "largest error of the loss / L(0)"
set ylabel "seconds"
set grid
set bmargin 9
set key below maxrows 3

solvers = "headflow LSODA LSODA+J BDF BDF+J Radau Radau+J RK45 DOP853"
colors = "#000000 #d95f02 #d95f02 #1b9e77 #1b9e77 #7570b3 #7570b3 #e7298a #666666"
dash(n) = strstrt(word(solvers, n), "+J") ? 2 : 1       # dashed: with an analytic Jacobian
is(problem, n) = strcol(1) eq problem && strcol(2) eq word(solvers, n)

set multiplot layout 1, 2
do for [problem in "paper default"] {
    set title problem
    plot for [n = 1:words(solvers)] table using (is(problem, n) ? $4 : NaN):5 with linespoints linecolor rgb word(colors, n) \
        linewidth (n == 1 ? 3 : 1.5) pointtype n dashtype dash(n) title word(solvers, n)
}
unset multiplot
