set terminal pngcairo size 1200,900 noenhanced
set output output
set datafile commentschars "#"
set logscale x
plot folder."../flow/trajectory.tsv" using "t":"loss" with lines
