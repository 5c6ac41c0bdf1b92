# Of a sweep: its tables and the scales of its figures.
summary = folder . "../summary.tsv"
results = folder . "../results.tsv"
set datafile separator "\t"
set datafile missing
never = 1e308 # in place of inf
number(text) = text eq "nan" || text eq "" ? NaN : text eq "inf" ? never : text eq "-inf" ? -never : as_number(text)

with_unit(name, its_unit) = its_unit eq "1" || its_unit eq "" || strstrt(name, its_unit) || (paged && its_unit eq "flow time") ? name : name . (paged ? " (" : "  (") . its_unit . ")"
and_note(a, b) = strlen(a) && strlen(b) ? a . "; " . b : a . b

# A title, and below it what the figure shows, x units from the left. On a page the note stands in rows of so many letters, with or
# without a title: note_high is the room that it needs below the title.
note_letters = paged ? floor((page - 24) / (8.2 * (tex ? 12 : note_size) / 12)) : 100000
cut_at(text, n) = n < 10 || text[n:n] eq " " ? n : cut_at(text, n - 1)
rest_of(text) = text[cut_at(text, note_letters) + 1:*]
wrapped(text) = strlen(text) <= note_letters ? text : text[1:cut_at(text, note_letters)] . "\n" . wrapped(rest_of(text))
note_rows(text) = strlen(text) == 0 ? 0 : strlen(text) <= note_letters ? 1 : 1 + note_rows(rest_of(text))
note_high(text) = paged ? 17.0 * note_rows(text) + (has_title ? 0 : 2.0) : has_title ? 28.0 : 14.0
heading(x) = title_at(paged ? 10 : x) . ";" . \
  sprintf("set label 2 wrapped(figure_note) at screen %g, %g font paged ? note_font : ',11' tc rgb '#505050'", across(paged ? 10 : x), \
          up(paged ? head_high + 2 : has_title ? 48 : 18))

# Quantities that are the same everywhere have no panel, unless all are: a note says what they are. drawn[p]: the quantity of panel p.
drawn_quantities = 0; constant_note = ""
if (exists("quantities") && figure[1:3] ne "fit") {
  array drawn[quantities]
  see_or_miss(x) = is_finite(x) ? see(x) : (missed = missed + 1, 0)
  do for [q = 1:quantities] {
    eval forget
    missed = 0
    stats summary using (see_or_miss(number(strcol(quantity[q] . "_median")))) nooutput
    if (seen && !missed && !has_room(seen_low, seen_high)) {
      constant_note = and_note(constant_note, quantity_label[q] . ": " . numeral(seen_low) . " everywhere")
    } else { drawn_quantities = drawn_quantities + 1; drawn[drawn_quantities] = q }
  }
  if (drawn_quantities == 0) { constant_note = ""; drawn_quantities = quantities; do for [q = 1:quantities] { drawn[q] = q } }
}
