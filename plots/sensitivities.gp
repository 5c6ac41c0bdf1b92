# What moves which stage: for every parameter that was followed, how much later, relative to itself, the loss falls fastest in every stage when the
# parameter grows, d ln t / d ln p; a bar to the left is a stage that comes earlier. Bars of a parameter are its stages, from above.
sensitivities = folder . source . "sensitivities.tsv"

# The parameters, in the order of the table, and the stages that are there. per_step has no logarithm: its bars are per unit.
names = ""
stages = 0
number_of(p) = sum [k = 1:words(names)] (word(names, k) eq p ? k : 0)
is_drop(event, quantity) = event eq "drop" && quantity eq "t"
note_name(p, stage) = (stages = is_finite(stage) && stage >= 1 ? most(stages, int(least(stage, 1e6))) : stages, \
                       number_of(p) > 0 ? 0 : (names = names . " " . p, 0))
stats sensitivities using (is_drop(strcol("event"), strcol("quantity")) ? note_name(strcol("parameter"), column("stage")) : 0) nooutput
parameters = shown(words(names))
stages = least(stages, 9)
array moved[parameters * stages + 1]
do for [k = 1:|moved|] { moved[k] = NaN }
of(p, stage) = p > parameters || !is_finite(stage) || stage < 1 || stage > stages ? |moved| : (p - 1) * stages + int(stage)
note_moved(p, stage, x) = (moved[of(p, stage)] = x, 0)
stats sensitivities using (is_drop(strcol("event"), strcol("quantity")) ? note_moved(number_of(strcol("parameter")), column("stage"), column("relative")) : 0) nooutput
eval forget
do for [k = 1:parameters * stages] { dummy = see(moved[k]) }
low = seen ? least(0, seen_low) : 0.0
high_end = seen ? most(0, seen_high) : 1.0
if (!has_room(low, high_end)) { high_end = low + 1.0 }
margin = 0.04 * (high_end - low)

# Names as they are written: an underscore is a space.
spaced(p) = strstrt(p, "_") ? p[1:strstrt(p, "_") - 1] . " " . spaced(p[strstrt(p, "_") + 1:*]) : p
longest = 4
do for [k = 1:parameters] { longest = most(longest, strlen(word(names, k))) }

# Bars: left, right, below, above, one block for every stage.
thick = 0.8 / most(stages, 1)
$bars << END
END
set print $bars
do for [s = 1:most(stages, 1)] {
  print "nan nan nan nan"
  do for [p = 1:parameters] {
    x = stages > 0 ? moved[of(p, s)] : NaN
    if (is_finite(x)) { print sprintf("%.10g %.10g %.10g %.10g", least(x, 0), most(x, 0), -p + 0.4 - s * thick, -p + 0.4 - (s - 1) * thick) }
  }
  print ""
  print ""
}
unset print

# Layout; y is counted from the top.
left = (paged ? 18.0 : 30.0) + 8.2 * longest; right = paged ? rim : 140.0
width = paged ? page : left + 560.0 + right
wide = width - left - right
each = most(paged ? 20.0 : 26.0, (paged ? 7.0 : 9.0) * stages + 6)
high = each * most(parameters, 2)
top = head_high + legend_high(wide, stages, 7)
height = top + high + below

eval canvas(width, height)
set multiplot
eval frame
eval place(left, top, wide, high)
eval title_at(paged ? 8 : left)
eval legend(left, top, wide, stages, 7)
set datafile nocolumnheaders separator whitespace
set xrange [low - (low < 0 ? margin : 0):high_end + (high_end > 0 ? margin : 0)]
set xtics round_up(70.0 * (high_end - low) / wide)
set yrange [-parameters - 0.6:-0.4]
if (parameters < 1) { set yrange [-1.6:-0.4] }
set ytics scale 0, 0 ()
do for [p = 1:parameters] { set ytics add (spaced(word(names, p)) -p) }
unset grid
set grid xtics lt 1 dt solid lc rgb "#e2e2e2" lw 1
set xlabel label_moves . (number_of("per_step") > 0 ? " (per step: per unit)" : "")
set arrow 1 from first 0, graph 0 to first 0, graph 1 nohead front lw 1.2 lc rgb "#404040"
set style fill solid border lc rgb "#404040"
plot for [s = 1:most(stages, 1)] $bars index s - 1 using 1:(($3 + $4) / 2):1:2:3:4 with boxxyerror lw 0.6 lc palette frac shade_of(s, stages) \
       title stages > 0 ? sprintf("stage %d", s) : ""
unset multiplot
set output
