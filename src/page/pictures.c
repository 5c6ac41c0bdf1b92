#include "page/pictures.h"

#include "core/plural.h"
#include "page/html.h"

#include <math.h>
#include <string.h>

enum {
    SHADES = 15,           /* of the stills */
    STILL_CELLS = 16000,   /* in all stills of a run */
    SHARE_NUMBERS = 60000, /* that the data of a run may hold */
    SHOWN_HEADS = 64       /* whose attention is said in words */
};

static const uint16_t *cell_at(const hf_movie *m, size_t frame, size_t panel, size_t row)
{
    return &m->cell[((frame * m->panels + panel) * m->rows + row) * m->columns];
}

/* Colours go round. */
static size_t colour_of(size_t head)
{
    return head % 6 + 1;
}

/* ---- in words ---- */

static void say_time(const hf_page_run *run, size_t frame, char *text, size_t size)
{
    const size_t row = hf_page_run_row(run, frame);
    snprintf(text, size, "%s = %.4g, %s %.4g", strcmp(run->unit, "flow time") == 0 ? "t" : run->unit, run->t[row],
             run->quantity, run->loss[row]);
}

/* Where each row looks most, or what a head carries most. */
static void write_words(const hf_movie *m, size_t frame, FILE *stream)
{
    const char *what = m->kind == HF_MOVIE_PATTERNS ? "pattern" : m->classes ? "class" : "position";
    for (size_t r = 0; m->kind != HF_MOVIE_MAPS && r < m->rows && r < SHOWN_HEADS; r++) {
        const uint16_t *cell = cell_at(m, frame, 0, r);
        size_t best = 0;
        for (size_t c = 1; c < m->columns; c++)
            best = cell[best] == HF_MOVIE_NONE || (cell[c] != HF_MOVIE_NONE && cell[c] > cell[best]) ? c : best;
        fprintf(stream, "%s head %zu most on %s %zu (%.2g)", r == 0 ? ":" : ",", r + 1, what, m->from[best],
                hf_movie_value(cell[best]));
    }
}

/* ---- stills ---- */

static unsigned shade_of(uint16_t cell)
{
    return cell == HF_MOVIE_NONE ? 0 : (unsigned)lround((double)cell / HF_MOVIE_LEVELS * SHADES);
}

/* All cells of one shade in a row, neighbours as one. */
static void write_row(const hf_movie *m, size_t frame, size_t panel, size_t row, size_t head, FILE *stream)
{
    const uint16_t *cell = cell_at(m, frame, panel, row);
    for (unsigned shade = 1; shade <= SHADES; shade++) {
        bool any = false;
        for (size_t c = 0; c < m->columns;) {
            size_t end = c + 1;
            while (end < m->columns && shade_of(cell[end]) == shade_of(cell[c]))
                end++;
            if (shade_of(cell[c]) == shade) {
                if (!any)
                    fprintf(stream, "<path class=\"h%zu\" fill-opacity=\".%02u\" d=\"", colour_of(head),
                            shade == SHADES ? 99 : shade * 100 / SHADES);
                fprintf(stream, "M%zu %zuh%zuv1H%zuz", c, row, end - c, c);
                any = true;
            }
            c = end;
        }
        if (any)
            fputs("\"/>", stream);
    }
}

static void write_panel(const hf_page_run *run, size_t frame, size_t panel, const char *when, FILE *stream)
{
    const hf_movie *m = &run->movie;
    const bool is_map = m->kind == HF_MOVIE_MAPS;
    const size_t head = is_map ? panel % m->heads : 0, block = is_map ? panel / m->heads : 0;
    fputs("<div class=\"panel\">", stream);
    if (is_map && m->panels == m->heads)
        fprintf(stream, "<div class=\"of\">head %zu</div>", head + 1);
    else if (is_map)
        fprintf(stream, "<div class=\"of\">block %zu, head %zu</div>", block + 1, head + 1);
    fprintf(stream, "<div class=\"%s\">", is_map ? "map" : "heads");
    for (size_t r = 0; !is_map && r < m->rows; r++)
        fprintf(stream, "<span class=\"rl\">%zu</span>", r + 1);
    fprintf(stream,
            "<svg viewBox=\"0 0 %zu %zu\" preserveAspectRatio=\"none\" role=\"img\" style=\"grid-row:1/span %zu\" "
            "aria-label=\"%s at ",
            m->columns, m->rows, is_map ? (size_t)1 : m->rows, m->kind == HF_MOVIE_PATTERNS ? "shares" : "attention");
    hf_html_text(when, stream);
    if (is_map)
        fprintf(stream, ", block %zu, head %zu, queries downwards, keys to the right", block + 1, head + 1);
    write_words(m, frame, stream);
    fputs("\">", stream);
    for (size_t r = 0; r < m->rows; r++)
        write_row(m, frame, panel, r, is_map ? head : r, stream);
    fputs("</svg></div></div>", stream);
}

static size_t nearest_frame(const hf_page_run *run, double t)
{
    size_t best = 0;
    for (size_t f = 1; f < run->movie.frames; f++)
        if (fabs(run->t[hf_page_run_row(run, f)] - t) < fabs(run->t[hf_page_run_row(run, best)] - t))
            best = f;
    return best;
}

/* The frames of the stills, in order: first, plateaus, last. Returns how many. */
static size_t choose_stills(const hf_page_run *run, size_t chosen[HF_RUN_STILLS])
{
    const hf_movie *m = &run->movie;
    const size_t cells = m->panels * m->rows * m->columns, fit = cells == 0 ? 0 : STILL_CELLS / cells;
    const size_t most = fit < 1 ? 1 : fit < HF_RUN_STILLS ? fit : HF_RUN_STILLS;
    size_t count = 0;
    if (most > 1)
        chosen[count++] = 0;
    for (size_t i = 0; i < run->rests && count + 1 < most; i++) {
        const size_t frame = nearest_frame(run, run->rest[i]);
        if (frame > chosen[count - 1] && frame + 1 < m->frames)
            chosen[count++] = frame;
    }
    for (size_t i = 1; run->rests == 0 && count + 1 < most && i + 1 < most; i++) { /* no stages: evenly */
        const size_t frame = i * (m->frames - 1) / (most - 1);
        if (frame > chosen[count - 1] && frame + 1 < m->frames)
            chosen[count++] = frame;
    }
    chosen[count++] = m->frames - 1;
    return count;
}

void hf_pictures_write_stills(const hf_page_run *run, FILE *stream)
{
    const hf_movie *m = &run->movie;
    size_t chosen[HF_RUN_STILLS];
    if (m->frames == 0 || m->cell == NULL)
        return;
    const size_t count = choose_stills(run, chosen);
    fputs("<div class=\"stills\">\n", stream);
    for (size_t i = 0; i < count; i++) {
        char when[120];
        say_time(run, chosen[i], when, sizeof when);
        fputs("<figure class=\"still\"><figcaption>", stream);
        hf_html_text(when, stream);
        fprintf(stream, "</figcaption><div class=\"panels%s\">", m->kind == HF_MOVIE_MAPS ? " maps" : "");
        for (size_t p = 0; p < m->panels; p++)
            write_panel(run, chosen[i], p, when, stream);
        fputs("</div></figure>\n", stream);
    }
    fputs("</div>\n", stream);
}

/* ---- data ---- */

static void write_list(const char *name, const hf_page_run *run, const double *of_row, int digits, FILE *stream)
{
    fprintf(stream, ",\"%s\":[", name);
    for (size_t f = 0; f < run->movie.frames; f++) {
        fputs(f == 0 ? "" : ",", stream);
        hf_html_number(of_row[hf_page_run_row(run, f)], digits, stream);
    }
    putc(']', stream);
}

static void write_places(const hf_page_run *run, FILE *stream)
{
    const hf_curve_axis axis = hf_page_run_axis(run);
    fputs(",\"x\":[", stream);
    for (size_t f = 0; f < run->movie.frames; f++) {
        const double x = hf_curve_place(&axis, run->t[hf_page_run_row(run, f)]);
        fputs(f == 0 ? "" : ",", stream);
        hf_html_number(isfinite(x) ? x : 0, 5, stream); /* t = 0 stands at the left end */
    }
    putc(']', stream);
}

static void write_shares(const hf_page_run *run, FILE *stream)
{
    const size_t count = run->movie.frames * run->heads * run->patterns;
    if (run->share == NULL || count > SHARE_NUMBERS)
        return;
    fprintf(stream, ",\"heads\":%zu,\"patterns\":%zu,\"shareName\":", run->heads, run->patterns);
    hf_html_string(run->share_name, stream);
    fputs(",\"share\":[", stream);
    for (size_t i = 0; i < count; i++) {
        fputs(i == 0 ? "" : ",", stream);
        hf_html_number(fabs(run->share[i]) < 5e-4 ? 0 : run->share[i], 3, stream);
    }
    putc(']', stream);
}

/* Two letters a cell, each of 64. */
static void write_cells(const hf_movie *m, FILE *stream)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t count = m->frames * m->panels * m->rows * m->columns;
    fputs(",\"cells\":\"", stream);
    for (size_t i = 0; i < count; i++) {
        putc(letters[m->cell[i] >> 6], stream);
        putc(letters[m->cell[i] & 63], stream);
    }
    putc('"', stream);
}

static void write_pictures(const hf_movie *m, FILE *stream)
{
    static const char *const kinds[] = {"positions", "maps", "patterns"};
    fprintf(stream, ",\"kind\":\"%s\",\"panels\":%zu,\"rows\":%zu,\"columns\":%zu,\"movieHeads\":%zu,\"firstRow\":%zu",
            kinds[m->kind], m->panels, m->rows, m->columns, m->heads, m->first_row);
    if (m->classes)
        fputs(",\"classes\":true", stream);
    if (m->singles < m->columns) {
        fputs(",\"numbers\":[", stream);
        for (size_t c = 0; c < m->columns; c++)
            fprintf(stream, "%s%zu,%zu", c == 0 ? "" : ",", m->from[c], m->to[c]);
        putc(']', stream);
    }
    write_cells(m, stream);
}

/* Where the patterns are, 0 to 1: the middle of the columns of their positions. */
static void write_targets(const hf_movie *m, const hf_count_rows *patterns, FILE *stream)
{
    fputs(",\"targets\":[", stream);
    for (size_t j = 0; j < patterns->count; j++) {
        const hf_counts *pattern = &patterns->row[j];
        double sum = 0;
        for (size_t i = 0; i < pattern->count; i++) {
            size_t c = 0;
            while (c + 1 < m->columns && m->to[c] < pattern->at[i])
                c++;
            sum += (double)c + 0.5;
        }
        fputs(j == 0 ? "" : ",", stream);
        hf_html_number(sum / (double)pattern->count / (double)m->columns, 4, stream);
    }
    putc(']', stream);
}

void hf_pictures_write_data(const hf_page_run *run, const hf_count_rows *patterns, FILE *stream)
{
    const hf_movie *m = &run->movie;
    fputs("{\"name\":", stream);
    hf_html_string(run->name, stream);
    fputs(",\"unit\":", stream);
    hf_html_string(run->unit, stream);
    fprintf(stream, ",\"quantity\":\"%s\"", run->quantity);
    write_list("t", run, run->t, 6, stream);
    write_list("loss", run, run->loss, 5, stream);
    write_places(run, stream);
    write_shares(run, stream);
    if (m->cell != NULL && m->frames > 0)
        write_pictures(m, stream);
    if (m->frames > 0 && m->kind == HF_MOVIE_POSITIONS && patterns != NULL)
        write_targets(m, patterns, stream);
    putc('}', stream);
}

void hf_pictures_describe(const hf_page_run *run, char *text, size_t size)
{
    const hf_movie *m = &run->movie;
    text[0] = '\0';
    size_t used = 0;
    if (m->frames < m->rows_before)
        used = (size_t)snprintf(text, size, "The slider shows %zu of %zu times, more of them where things change.",
                                m->frames, m->rows_before);
    if (m->singles < m->columns && used < size)
        snprintf(text + used, size - used,
                 "%sOf %zu positions %zu are shown one by one, the others as means of up to %zu neighbours.",
                 used > 0 ? " " : "", m->positions, m->singles,
                 (m->positions + HF_MOVIE_COLUMNS / 2 - 1) / (HF_MOVIE_COLUMNS / 2));
}
