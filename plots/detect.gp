# The curves of a log, one below the other: the loss with its stages, and the speed with its error. Several curves stand together in
# a panel above.
stages = folder . "../stages.tsv"
samples = folder . "../samples.tsv"
slope = folder . "../slope.tsv"
panels = shown(curves)

# Layout; y is counted from the top.
longest = 9
do for [k = 1:panels] { longest = longest < strlen(word_of(k)) ? strlen(word_of(k)) : longest }
left = paged ? beside + 10 : 115.0; right = paged ? rim : panels == 1 || longest < 10 ? 150.0 : longest < 40 ? 80.0 + 8.2 * longest : 410.0
width = paged ? page : left + 950.0 + right
wide = width - left - right
high = panels > 6 ? (paged ? 90.0 : 170.0) : paged ? 120.0 : 270.0; slow_high = panels > 6 ? 0.0 : paged ? 70.0 : 150.0
inner = paged ? 10.0 : 14.0; name_high = !paged || panels == 1 && !has_title ? 0.0 : 20.0
rows_high = legend_high(wide, 4, 9)
gap = paged ? below + 14.0 + rows_high + name_high : 105.0
block = high + (slow_high > 0 ? inner + slow_high : 0) + gap
together_high = panels > 1 ? (paged ? 150.0 : 380.0) : 0.0
top = paged ? 10.0 + (panels > 1 ? legend_high(wide, panels, longest) : rows_high + name_high) : 60.0
below_it = panels > 1 ? together_high + gap : 0.0
height = top + below_it + panels * block - gap + (paged ? below : 70.0)
curve_colour = main_colour
and_error = paged && slow_high > 0 ? ", NaN with filledcurves lc rgb '#c0c0c0' fillstyle solid 0.6 noborder title '± error'" : ""

eval canvas(width, height)
set multiplot
eval frame

# Of curve k: where stages begin and end, from word(onsets, i) to word(settles, i), and where it is slow between them.
within(t) = t < x_low ? x_low : t > x_high ? x_high : t
and_time(list, t) = list . sprintf(" %.17g", within(t))
note(t_on, t_off) = (onsets = and_time(onsets, t_on), settles = and_time(settles, is_finite(t_off) ? t_off : x_high), 0)
of(x) = column("curve") == k ? x : NaN

# All of them.
colour_of(k) = k % 7 == 0 ? "#000000" : head_colour((k - 1) % 7 + 1)
curve_dash(k) = is_grey ? head_dash(k) : (k - 1) / 7 % 4 + 1
if (panels > 1) {
  set datafile columnheaders
  all_log = 1
  do for [k = 1:panels] { all_log = all_log && word(log_spaced, k) + 0 }
  eval forget
  stats samples using (!all_log || column("t") > 1e-290 ? see(column("t")) : 0) nooutput
  all_log = all_log && seen && has_decades(seen_low, seen_high)
  eval place(left, top, wide, together_high)
  if (all_log) { set logscale x }
  if (seen && has_room(seen_low, seen_high)) { set xrange [seen_low:seen_high] }
  set format number_format
  set ylabel loss_name
  set xlabel step_name
  eval legend(left, top, wide, panels, longest)
  eval letter(1, 2, top)
  plot for [k = 1:panels] samples using (of(column("t"))):"loss" with lines lw 1.8 dt curve_dash(k) lc rgb colour_of(k) title word_of(k)
  set autoscale
}

do for [k = 1:panels] {
  set datafile columnheaders
  unset object
  unset label
  unset logscale
  eval forget
  stats samples using (see(of(column("t")))) nooutput
  x_low = seen ? seen_low : 0.0; x_high = seen ? seen_high : 1.0
  is_log = word(log_spaced, k) + 0
  if (is_log && x_low < 1e-290) {
    eval forget
    stats samples using (of(column("t")) > 1e-290 ? see(column("t")) : 0) nooutput
    x_low = seen ? seen_low : 1.0
  }
  is_log = is_log && has_decades(x_low, x_high)
  if (!has_room(x_low, x_high)) { x_high = x_low + 1 }
  onsets = ""; settles = ""
  eval forget
  stats stages using (column("curve") == k ? note(column("t_onset"), column("t_settle")) : 0) nooutput
  found = words(onsets)
  shading = found == 0 ? "" : is_grey ? " (dark: stages, light: plateaus)" : " (orange: stages, grey: plateaus)"
  eval forget
  stats samples using (see(of(column("loss")))) nooutput
  y_low = seen ? seen_low : 0.0; y_high = seen ? seen_high : 1.0
  if (!has_room(y_low, y_high)) { y_low = y_low - 1; y_high = y_high + 1 }
  margin = 0.06 * (y_high - y_low)

  # Where the curve falls from its start to its first plateau, that begins behind nine tenths of the way, as stages end.
  fall_from = NaN; fall_to = NaN; fall_end = x_low
  note_way(t, x) = !is_finite(x) ? 0 : fall_from == fall_from ? (x > fall_to + 0.1 * (fall_from - fall_to) && t < as_number(word(onsets, 1)) ? (fall_end = most(fall_end, t), 0) : 0) : (fall_from = x, 0)
  if (found > 0 && word(falls_at_start, k) + 0) {
    stats stages using (column("curve") == k && column("stage") == 1 ? (fall_to = column("loss_before"), 0) : 0) nooutput
    stats samples using (note_way(of(column("t")), of(column("loss")))) nooutput
  }

  # shown wherever the curve has rows
  do for [i = 0:found] {
    a = i == 0 ? fall_end : as_number(word(settles, i))
    b = i == found ? x_high : as_number(word(onsets, i + 1))
    if (found > 0 && b > a) {
      set object 2 * i + 1 rectangle behind fillcolor rgb rest_colour fillstyle solid noborder from first a, graph 0 to first b, graph 1
    }
    if (i < found) {
      c = as_number(word(settles, i + 1))
      set object 2 * i + 2 rectangle behind fillcolor rgb stage_colour fillstyle solid noborder from first b, graph 0 to first c, graph 1
      middle = is_log ? sqrt(b * c) : (b + c) / 2
      set label i + 1 numeral(i + 1) at first middle, graph paged ? 0.88 : 0.93 center font note_font tc rgb is_grey ? "#404040" : "#a04000" front
    }
  }
  y = top + below_it + (k - 1) * block
  eval place(left, y, wide, high)
  if (is_log) { set logscale x }
  set xrange [x_low:x_high]
  set yrange [y_low - margin:y_high + margin]
  set format number_format
  step_format = is_log && x_high >= 1e5 ? say("$10^{%T}$", "10^{/*1.1 %T}") : number_format # no 1e+06
  set format x slow_high > 0 ? "" : step_format
  if (!is_log) { set xtics round_up((x_high - x_low) / (wide / 70.0)) }
  set ytics round_up((y_high - y_low) / (high / 40.0))
  if (has_title || panels > 1) { set label 100 bold(word_of(k)) at screen across(left), up(y - (paged ? rows_high + 8 : 14)) font paged ? "" : title_font }
  eval letter(k + (panels > 1), 2, y)
  set ylabel label_loss
  set xlabel slow_high > 0 ? "" : step_name . shading
  eval legend(left, y, wide, slow_high > 0 ? 4 : 2, 9)
  plot samples using (of(column("t"))):"loss" with points pt 7 ps 0.25 lc rgb curve_colour notitle, \
       NaN with points pt 7 ps 0.8 lc rgb curve_colour title "rows", \
       slope using (of(column("t"))):"loss" with lines lw 1.6 lc rgb "black" title "local fit" @and_error
  if (slow_high > 0) {
    unset label
    eval forget
    stats slope using (see(of(column("speed")))) nooutput
    s_low = seen ? seen_low : 0.0; s_high = seen ? seen_high : 1.0
    if (!has_room(s_low, s_high)) { s_low = s_low - 1; s_high = s_high + 1 }
    s_margin = 0.1 * (s_high - s_low)
    eval place(left, y + high + inner, wide, slow_high)
    set xrange [x_low:x_high]
    set yrange [s_low - s_margin:s_high + s_margin]
    set format x step_format
    set ytics round_up((s_high - s_low) / (slow_high / 34.0))
    set ylabel "speed"
    set xlabel step_name . shading
    if (paged) { unset key } else { eval legend(left, y + high + inner, wide, 2, 9) }
    unset label 9090
    plot slope using (of(column("t"))):(column("speed") - column("speed_error")):(column("speed") + column("speed_error")) \
           with filledcurves lc rgb "#c0c0c0" fillstyle solid 0.6 noborder title "± error", \
         slope using (of(column("t"))):"speed" with lines lw 1.6 lc rgb "black" title "−dL/dt"
  }
}
unset multiplot
set output
