# The phase plane of the flow content, for doc/content.md:
#     headflow run models/content.conf -o runs/0
#     n=1; for s in "-0.05 0.4" "0.05 -0.2" "-0.6 0.1" "0.6 -0.6" "-0.05 -0.05" "0.3 0.9" "0.9 0.05" "-0.9 0.9"; do
#         set -- $s; headflow run models/content.conf -s content.kappa=$1 -s content.nu=$2 -o runs/$n; n=$((n + 1)); done
#     gnuplot -e "runs='runs'" bench/content.gp          makes content.png
if (!exists("runs")) runs = "runs"
if (!exists("output_name")) output_name = "content.png"
set terminal pngcairo size 1300, 560 font "Helvetica,12" noenhanced
set output output_name
set encoding utf8
set datafile commentschars "#" missing "nan" columnheaders separator "\t"
rows(n) = sprintf("%s/%d/flow/trajectory.tsv", runs, n)
variance = 0.5; lambda = 0.1; d = 400.0
G2 = lambda**2 * variance; b = lambda * sqrt(d / 2 / (1 + 2 * G2)); c = lambda * sqrt(d / 2)
bell(x) = 2 / sqrt(pi) * exp(-x**2)
zeta_slope(t) = 2 / sqrt(1 + 2 * G2) * erf(t / sqrt((1 + 4 * G2) * (1 + 2 * G2))) * bell(t / sqrt(1 + 2 * G2))
dk(k, n) = (1 - k**2) * (2 * variance * n * b * bell(b * k) - variance * c * zeta_slope(c * k))
dn(k, n) = (1 - n**2) * 2 * variance * erf(b * k)
size(k, n) = sqrt(dk(k, n)**2 + dn(k, n)**2) + 1e-9
set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3
set multiplot layout 1, 2 margins 0.055, 0.985, 0.11, 0.93 spacing 0.075, 0.1
set title "Overlaps over time; loss"
set xlabel "t" offset 0, 0.5
set logscale x
set xrange [0.05:100]
set yrange [0:1.05]
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
set key at graph 0.03, 0.8 left top Left reverse samplen 2
plot rows(0) using "t":"kappa" with lines lw 2.5 lc rgb "#0072B2" title "κ: where it looks", \
     rows(0) using "t":"nu" with lines lw 2.5 lc rgb "#D55E00" title "ν: what it reads", \
     rows(0) using "t":(column("loss") / 0.50315) with lines lw 2.5 lc rgb "#202020" title "loss, over that at the origin"
unset logscale x
unset grid
unset key
set title "The plane of overlaps: flow lines from nine starts"
set xlabel "κ"
set ylabel "ν" offset 1.5, 0
set xrange [-1.02:1.02]
set yrange [-1.02:1.02]
set print $field
print "kappa\tnu\tdk\tdn"
do for [i = -10:10] { do for [j = -10:10] {
    k = i / 10.1; n = j / 10.1
    print sprintf("%g\t%g\t%g\t%g", k, n, 0.05 * dk(k, n) / size(k, n), 0.05 * dn(k, n) / size(k, n))
} }
unset print
plot $field using "kappa":"nu":"dk":"dn" with vectors head filled size 0.02, 25 lw 1 lc rgb "#b8b8b8", \
     for [n = 1:8] rows(n) using "kappa":"nu" with lines lw 2 lc rgb "#56B4E9", \
     rows(0) using "kappa":"nu" with lines lw 3 lc rgb "#D55E00", \
     for [n = 0:8] rows(n) using "kappa":"nu" every ::0::0 with points pt 7 ps 0.9 lc rgb "#303030", \
     "+" using (0):(0) with points pt 2 ps 2 lw 2.5 lc rgb "#000000"
unset multiplot
