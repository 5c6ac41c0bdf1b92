#include "page/movie.h"

#include "core/lists.h"
#include "core/tsv.h"
#include "page/choose.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

double hf_movie_value(uint16_t cell)
{
    const double root = (double)cell / HF_MOVIE_LEVELS;
    return cell == HF_MOVIE_NONE ? (double)NAN : root * root;
}

uint16_t hf_movie_cell(double value)
{
    return isnan(value) ? HF_MOVIE_NONE : (uint16_t)lround(HF_MOVIE_LEVELS * sqrt(fmin(fmax(value, 0), 1)));
}

void hf_movie_clear(hf_movie *movie)
{
    free(movie->from);
    free(movie->to);
    free(movie->row);
    free(movie->time);
    free(movie->cell);
    *movie = (hf_movie){0};
}

/* ---- a table of numbers, row by row ---- */

typedef hf_status see_row(void *data, size_t fields, const double *number, hf_error *err);

/* Calls see for every row. Every row has as many fields as there are names, names of them or more. */
static hf_status walk(const char *path, size_t names, const char *const name[], see_row *see, void *data, hf_error *err)
{
    hf_tsv_rows rows;
    bool more = false;
    double *number = NULL;
    size_t fields = 0;
    hf_status status = hf_tsv_open(&rows, path, err);
    if (status == HF_OK)
        status = hf_tsv_next(&rows, &more, err);
    if (status == HF_OK) {
        fields = rows.count;
        bool right = more && fields >= names;
        for (size_t i = 0; i < names && right; i++)
            right = strcmp(rows.field[i], name[i]) == 0;
        number = right ? malloc(fields * sizeof *number) : NULL;
        if (number == NULL)
            status = right ? hf_fail_memory(err, path) : hf_fail(err, HF_EUSAGE, "%.300s: is no table of this name", path);
    }
    while (status == HF_OK && (status = hf_tsv_next(&rows, &more, err)) == HF_OK && more) {
        if (rows.count != fields)
            status = hf_fail(err, HF_EUSAGE, "%.300s:%zu: %zu fields in this line, expected %zu", path, rows.line,
                             rows.count, fields);
        for (size_t i = 0; i < fields && status == HF_OK; i++) {
            char *end;
            number[i] = strtod(rows.field[i], &end);
            if (end == rows.field[i] || *end != '\0')
                status =
                    hf_fail(err, HF_EUSAGE, "%.300s:%zu: expected a number, got '%.60s'", path, rows.line, rows.field[i]);
        }
        if (status == HF_OK)
            status = see(data, fields, number, err);
    }
    hf_tsv_close(&rows);
    free(number);
    return status;
}

/* ---- attention.tsv ---- */

bool hf_movie_has_sizes(const hf_movie_sizes *sizes)
{
    return (sizes->copies != NULL && sizes->copies->count > 0) || (sizes->replicas != NULL && sizes->replicas->count > 0);
}

static size_t count_at(const hf_counts *list, size_t i)
{
    return list == NULL || (list->count > 1 && i >= list->count) ? 1 : hf_counts_at(list, i, 1);
}

/* Positions in class i. */
static double size_of(const hf_movie_sizes *sizes, size_t i)
{
    return (double)count_at(sizes->copies, i) * (double)count_at(sizes->replicas, i);
}

/* A first look at it: how many times and positions, what changes when, and which positions matter. */
typedef struct {
    const char *path;
    const hf_movie_sizes *sizes;
    size_t heads, positions, times, position; /* position: of the last row */
    size_t last_room, most_room, change_room;
    double *last;   /* (positions, heads) at the time before, then at this one */
    double *most;   /* (positions) largest attention of any head at any time */
    double *change; /* (times) */
} survey;

static hf_status begin_time(survey *s, hf_error *err)
{
    double *grown = hf_list_grow(s->change, s->times, &s->change_room, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, s->path);
    s->change = grown;
    s->change[s->times++] = 0;
    return HF_OK;
}

/* Makes room for one more position, while the first time is read. */
static hf_status add_position(survey *s, hf_error *err)
{
    for (size_t h = 0; h < s->heads; h++) {
        double *grown = hf_list_grow(s->last, s->positions * s->heads + h, &s->last_room, sizeof *grown);
        if (grown == NULL)
            return hf_fail_memory(err, s->path);
        s->last = grown;
        s->last[s->positions * s->heads + h] = 0;
    }
    double *grown = hf_list_grow(s->most, s->positions, &s->most_room, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, s->path);
    s->most = grown;
    s->most[s->positions++] = 0;
    return HF_OK;
}

/* t position attention_1 ...: positions from 1 to the last, again and again */
static hf_status survey_row(void *data, size_t fields, const double *number, hf_error *err)
{
    survey *s = data;
    hf_status status = HF_OK;
    const bool begins = s->times == 0 || s->position == s->positions;
    s->heads = fields - 2;
    if (s->times == 0 || (begins && number[1] == 1))
        status = begin_time(s, err);
    s->position = s->times > 1 && begins ? 1 : s->position + 1;
    if (status == HF_OK && s->times == 1)
        status = add_position(s, err);
    if (status == HF_OK && (number[1] != (double)s->position || s->position > s->positions))
        return hf_fail(err, HF_EUSAGE, "%.300s: position %g of time %zu stands where %zu is expected", s->path, number[1],
                       s->times, s->position);
    for (size_t h = 0; h < s->heads && status == HF_OK; h++) {
        double *last = &s->last[(s->position - 1) * s->heads + h];
        s->change[s->times - 1] += s->times > 1 ? fabs(number[2 + h] - *last) : 0;
        *last = number[2 + h];
        s->most[s->position - 1] = fmax(s->most[s->position - 1], number[2 + h] * size_of(s->sizes, s->position - 1));
    }
    return status;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The attention from which on a position has a column of its own: so that a quarter of the columns at most are such. */
static hf_status find_limit(const survey *s, double *limit, hf_error *err)
{
    double *sorted = malloc(s->positions * sizeof *sorted);
    if (sorted == NULL)
        return hf_fail_memory(err, s->path);
    memcpy(sorted, s->most, s->positions * sizeof *sorted);
    qsort(sorted, s->positions, sizeof *sorted, compare);
    const double usual = sorted[s->positions / 2];
    *limit = fmax(2 * usual, sorted[HF_MOVIE_COLUMNS / 4]);
    free(sorted);
    return HF_OK;
}

/* Columns for all positions: of many, those that matter have their own and neighbours among the others share one. */
static hf_status make_columns(hf_movie *m, const survey *s, hf_error *err)
{
    double limit = 0;
    size_t together = 1;
    hf_status status = HF_OK;
    if (s->positions > HF_MOVIE_COLUMNS) {
        status = find_limit(s, &limit, err);
        together = (s->positions + HF_MOVIE_COLUMNS / 2 - 1) / (HF_MOVIE_COLUMNS / 2);
    }
    m->from = calloc(s->positions, sizeof *m->from);
    m->to = calloc(s->positions, sizeof *m->to);
    if (status == HF_OK && (m->from == NULL || m->to == NULL))
        status = hf_fail_memory(err, "the pictures");
    bool open = false; /* the last column takes more */
    for (size_t i = 0; i < s->positions && status == HF_OK; i++) {
        const bool alone = together == 1 || s->most[i] > limit;
        if (open && !alone && m->to[m->columns - 1] - m->from[m->columns - 1] + 1 < together)
            m->to[m->columns - 1]++;
        else
            m->from[m->columns] = m->to[m->columns] = i + 1, m->columns++;
        open = !alone;
    }
    for (size_t c = 0; c < m->columns; c++)
        m->singles += m->from[c] == m->to[c];
    return status;
}

/* How many frames there is room for. */
static size_t frames_in(size_t room, const hf_movie *m)
{
    const size_t cells = m->panels * m->rows * m->columns, fit = cells == 0 ? 0 : room / 2 / cells;
    return fit < HF_MOVIE_FRAMES ? fit : HF_MOVIE_FRAMES;
}

/* Chooses frames and makes room for their cells, which are none yet; leaves frames 0 where fewer than two fit. */
static hf_status make_frames(hf_movie *m, const double *change, size_t room, hf_error *err)
{
    const size_t wanted = frames_in(room, m), cells = m->panels * m->rows * m->columns;
    if (wanted < 2 || m->rows_before == 0)
        return HF_OK;
    m->row = calloc(wanted, sizeof *m->row);
    m->time = calloc(wanted, sizeof *m->time);
    m->cell = malloc(wanted * cells * sizeof *m->cell);
    if (m->row == NULL || m->time == NULL || m->cell == NULL)
        return hf_fail_memory(err, "the pictures");
    m->frames = hf_choose_rows(m->rows_before, change, wanted, m->row);
    for (size_t i = 0; i < wanted * cells; i++)
        m->cell[i] = HF_MOVIE_NONE;
    return HF_OK;
}

/* The second look: fills the frames. */
typedef struct {
    hf_movie *movie;
    const hf_movie_sizes *sizes;
    size_t time, position, frame, column;
    double *sum; /* (heads) over the positions of the present column */
} filling;

static hf_status fill_attention(void *data, size_t fields, const double *number, hf_error *err)
{
    filling *f = data;
    hf_movie *m = f->movie;
    (void)err;
    (void)fields;
    if (f->position == m->positions) {
        f->frame += f->frame < m->frames && m->row[f->frame] == f->time;
        f->time++;
        f->position = f->column = 0;
    }
    f->position++;
    if (f->frame >= m->frames || m->row[f->frame] != f->time)
        return HF_OK;
    m->time[f->frame] = number[0];
    const size_t from = m->from[f->column], to = m->to[f->column];
    for (size_t h = 0; h < m->rows; h++) {
        f->sum[h] = (f->position == from ? 0 : f->sum[h]) + number[2 + h] * size_of(f->sizes, f->position - 1);
        if (f->position == to)
            m->cell[(f->frame * m->rows + h) * m->columns + f->column] = hf_movie_cell(f->sum[h] / (double)(to - from + 1));
    }
    f->column += f->position == to;
    return HF_OK;
}

hf_status hf_movie_read_attention(hf_movie *movie, const char *path, const hf_movie_sizes *sizes, size_t room,
                                  hf_error *err)
{
    static const char *const names[] = {"t", "position", "attention_1"};
    survey s = {.path = path, .sizes = sizes};
    *movie = (hf_movie){.kind = HF_MOVIE_POSITIONS, .panels = 1, .first_row = 1, .classes = hf_movie_has_sizes(sizes)};
    hf_status status = walk(path, 3, names, survey_row, &s, err);
    if (status == HF_OK && s.times > 0 && s.position < s.positions)
        status = hf_fail(err, HF_EUSAGE, "%.300s: the last time has %zu of %zu positions", path, s.position, s.positions);
    movie->rows = movie->heads = s.heads;
    movie->positions = s.positions;
    movie->rows_before = s.times;
    if (status == HF_OK)
        status = make_columns(movie, &s, err);
    if (status == HF_OK)
        status = make_frames(movie, s.change, room, err);
    if (status == HF_OK && movie->frames > 0) {
        filling f = {.movie = movie, .sizes = sizes, .sum = calloc(s.heads, sizeof *f.sum)};
        status = f.sum == NULL ? hf_fail_memory(err, path) : walk(path, 3, names, fill_attention, &f, err);
        free(f.sum);
    }
    free(s.last);
    free(s.most);
    free(s.change);
    if (status != HF_OK)
        hf_movie_clear(movie);
    return status;
}

/* ---- maps.tsv ---- */

/* What it holds, and, the second time, where its numbers go. */
typedef struct {
    const char *path;
    hf_movie *movie;
    size_t blocks, heads, first_query, last_query, keys, times, time_room, frame;
    double step;    /* of the last row */
    double *change; /* (times) */
} map_survey;

static bool is_place(double x)
{
    return x >= 1 && x <= 1e6 && x == floor(x);
}

/* step block head query key attention */
static hf_status survey_map(void *data, size_t fields, const double *number, hf_error *err)
{
    map_survey *s = data;
    (void)fields;
    for (size_t i = 1; i < 5; i++)
        if (!is_place(number[i]))
            return hf_fail(err, HF_EUSAGE, "%.300s: %g is no number of a block, head, query or key", s->path, number[i]);
    if (s->times == 0 || number[0] != s->step) {
        double *grown = hf_list_grow(s->change, s->times, &s->time_room, sizeof *grown);
        if (grown == NULL)
            return hf_fail_memory(err, s->path);
        s->change = grown;
        s->change[s->times++] = 0;
    }
    const size_t block = (size_t)number[1], head = (size_t)number[2], query = (size_t)number[3], key = (size_t)number[4];
    s->step = number[0];
    s->blocks = block > s->blocks ? block : s->blocks;
    s->heads = head > s->heads ? head : s->heads;
    s->first_query = s->first_query == 0 || query < s->first_query ? query : s->first_query;
    s->last_query = query > s->last_query ? query : s->last_query;
    s->keys = key > s->keys ? key : s->keys;
    return HF_OK;
}

static hf_status fill_map(void *data, size_t fields, const double *number, hf_error *err)
{
    map_survey *s = data;
    hf_movie *m = s->movie;
    (void)fields;
    (void)err;
    if (s->times == 0 || number[0] != s->step) {
        s->frame += s->times > 0 && s->frame < m->frames && m->row[s->frame] == s->times - 1;
        s->times++;
    }
    s->step = number[0];
    if (s->frame >= m->frames || m->row[s->frame] != s->times - 1)
        return HF_OK;
    m->time[s->frame] = number[0];
    const size_t panel = ((size_t)number[1] - 1) * m->heads + (size_t)number[2] - 1;
    const size_t row = (size_t)number[3] - m->first_row, column = (size_t)number[4] - 1;
    m->cell[((s->frame * m->panels + panel) * m->rows + row) * m->columns + column] = hf_movie_cell(number[5]);
    return HF_OK;
}

static hf_status number_columns(hf_movie *m, hf_error *err)
{
    m->from = calloc(m->columns + 1, sizeof *m->from);
    m->to = calloc(m->columns + 1, sizeof *m->to);
    if (m->from == NULL || m->to == NULL)
        return hf_fail_memory(err, "the pictures");
    for (size_t c = 0; c < m->columns; c++)
        m->from[c] = m->to[c] = c + 1;
    m->singles = m->columns;
    return HF_OK;
}

hf_status hf_movie_read_maps(hf_movie *movie, const char *path, size_t room, hf_error *err)
{
    static const char *const names[] = {"step", "block", "head", "query", "key", "attention"};
    *movie = (hf_movie){.kind = HF_MOVIE_MAPS};
    map_survey s = {.path = path, .movie = movie};
    hf_status status = walk(path, 6, names, survey_map, &s, err);
    movie->heads = s.heads;
    movie->panels = s.blocks * s.heads;
    movie->rows = s.times == 0 ? 0 : s.last_query - s.first_query + 1;
    movie->columns = movie->positions = s.keys;
    movie->first_row = s.first_query;
    movie->rows_before = s.times;
    if (status == HF_OK)
        status = number_columns(movie, err);
    if (status == HF_OK)
        status = make_frames(movie, s.change, room, err);
    free(s.change);
    s.times = s.frame = 0;
    if (status == HF_OK && movie->frames > 0)
        status = walk(path, 6, names, fill_map, &s, err);
    if (status != HF_OK)
        hf_movie_clear(movie);
    return status;
}
