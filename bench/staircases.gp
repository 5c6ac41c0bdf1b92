# The staircases of the flow, of SGD on regression and of a transformer on a Markov chain under each other, for doc/flow-and-chains.md:
#     headflow run models/sgd.conf -o regression -s init.perturbation=1e-2 -s solver.t_end=1500 -s train.seeds=1 \
#         -s output.spacing=log -s output.t_first=0.1 -s output.points=400
#     headflow run models/paper/minimal.conf -o chain -s train.steps=1000 -s output.points=200
#     gnuplot -e "regression='regression'; chain='chain'" bench/staircases.gp          makes staircases.png
# Left: the loss, and levels at which k patterns or spans are learned. Right: where the heads look.
if (!exists("regression")) regression = "regression"
if (!exists("chain")) chain = "chain"
if (!exists("output_name")) output_name = "staircases.png"
set terminal pngcairo size 1400, 1040 font "Helvetica,12" noenhanced
set output output_name
set encoding utf8
set datafile commentschars "#" missing "nan" columnheaders
flow = regression . "/flow/trajectory.tsv"
sgd = regression . "/train/seed-1/trajectory.tsv"
tokens = chain . "/train/seed-1/trajectory.tsv"
head(h) = word("#0072B2 #D55E00 #009E73", h)
span(k) = word("1 2 4", k) + 0
known(k) = word("#440154 #31688e #90d743", k)

set border 31 lw 1.2 lc rgb "#404040"
set tics nomirror out scale 0.6, 0.3
set grid xtics ytics lt 1 dt solid lc rgb "#e2e2e2" lw 1
set key left top Left reverse samplen 2.5 spacing 1.2
row(k) = sprintf("set tmargin at screen %g; set bmargin at screen %g", 0.955 - (k - 1) * 0.33, 0.955 - (k - 1) * 0.33 - 0.23)
loss_column = "set lmargin at screen 0.05; set rmargin at screen 0.45; set key at graph 0.14, graph 0.98"
head_column = "set lmargin at screen 0.515; set rmargin at screen 0.87; set key at screen 0.875, graph 1"

# Half the sum of squares of the strengths 2.89, 1.7 and 1 that are not learned yet.
level(k) = k == 1 ? 0.5 * (1.7**2 + 1) : k == 2 ? 0.5 : 0.0
level_line = "for [k = 1:3] level(k) with lines lw 1 dt 3 lc rgb '#606060'"

set multiplot
set logscale x
set xrange [3:1500]
set xlabel offset 0, 0.5
set format x "%g"
do for [i = 1:2] {
  table = i == 1 ? flow : sgd
  eval row(i)
  eval loss_column
  set key at graph 0.45, graph 0.98
  set title i == 1 ? "flow: loss" : "SGD on the same problem: loss"
  set ylabel "loss"
  set yrange [-0.2:6.5]
  set xlabel i == 1 ? "t" : "t = learning rate × steps"
  plot table using "t":"loss" with lines lw 2.5 lc rgb "black" notitle, \
       @level_line title k == 1 ? "half the squares not yet learned" : ""
  eval head_column
  set title i == 1 ? "flow: attention of each head" : "SGD: attention of each head"
  set ylabel "mass"
  set yrange [-0.02:1.05]
  plot for [h = 1:3] for [k = 1:3] table using "t":sprintf("mass_%d_%d", h, k) with lines lw 2 dt span(k) lc rgb head(h) notitle, \
       for [h = 1:3] NaN with lines lw 2.5 lc rgb head(h) title sprintf("head %d", h), \
       for [k = 1:3] NaN with lines lw 2 dt span(k) lc rgb "#606060" title sprintf("on pattern %d", k)
}
unset logscale x
set xrange [0:1000]
eval row(3)
eval loss_column
set title "transformer on a Markov chain: divergence"
set xlabel "step of AdamW"
set ylabel "nats"
set yrange [0:3.6]
plot for [k = 1:3] tokens using "step":sprintf("kl_%d", k) with lines lw k == 3 ? 2.5 : 1.8 lc rgb known(k) \
       title k == 3 ? "from the truth" : sprintf("from who knows %d span%s", k, k == 1 ? "" : "s")
eval head_column
set title "transformer: attention of each head's last query"
set ylabel "mass"
set yrange [-0.02:1.05]
plot for [h = 1:3] for [k = 1:3] tokens using "step":sprintf("last_%d_%d", h, k) with lines lw 2 dt span(k) lc rgb head(h) notitle, \
     for [h = 1:3] NaN with lines lw 2.5 lc rgb head(h) title sprintf("head %d", h), \
     for [k = 1:3] NaN with lines lw 2 dt span(k) lc rgb "#606060" title sprintf("on span %d", k)
unset multiplot
