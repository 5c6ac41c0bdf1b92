#include "page/runs.h"

#include "core/file.h"
#include "core/path.h"
#include "page/choose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void hf_page_run_clear(hf_page_run *run)
{
    hf_tsv_clear(&run->table);
    hf_movie_clear(&run->movie);
    free(run->t);
    free(run->loss);
    free(run->curve_point);
    free(run->share);
    *run = (hf_page_run){0};
}

bool hf_page_column(const hf_tsv *table, const char *name, size_t *column)
{
    for (size_t c = 0; c < table->columns; c++)
        if (strcmp(hf_tsv_name(table, c), name) == 0) {
            *column = c;
            return true;
        }
    return false;
}

/* ---- the curve ---- */

/* A column as numbers, or what is wrong; left alone where there is no such column. */
static hf_status read_column(const hf_tsv *table, const char *name, double *numbers, bool *found, hf_error *err)
{
    size_t column;
    *found = hf_page_column(table, name, &column);
    return *found ? hf_tsv_numbers(table, column, numbers, err) : HF_OK;
}

static bool has_times(const hf_page_run *run)
{
    for (size_t i = 0; i < run->rows; i++)
        if (!isfinite(run->t[i]))
            return false;
    return true;
}

/* The times: t, or the steps where they stand for none. */
static hf_status read_times(hf_page_run *run, hf_error *err)
{
    bool found;
    run->unit = "flow time";
    hf_status status = read_column(&run->table, "t", run->t, &found, err);
    if (status != HF_OK || (found && has_times(run)))
        return status;
    run->unit = "step";
    status = read_column(&run->table, "step", run->t, &found, err);
    return status == HF_OK && !found ? hf_fail(err, HF_EUSAGE, "%.300s: there is no column t or step", run->table.path)
                                     : status;
}

static hf_status read_losses(hf_page_run *run, hf_error *err)
{
    bool found;
    run->quantity = "loss";
    hf_status status = read_column(&run->table, "loss", run->loss, &found, err);
    if (status != HF_OK || found)
        return status;
    run->quantity = "excess";
    status = read_column(&run->table, "excess", run->loss, &found, err);
    return status == HF_OK && !found ? hf_fail(err, HF_EUSAGE, "%.300s: there is no column loss or excess", run->table.path)
                                     : status;
}

/* The least positive loss of one pattern at the start; nan: there are none. */
static double weakest_pattern(const hf_tsv *table)
{
    double least = NAN;
    for (size_t c = 0; c < table->columns && table->rows > 0; c++) {
        double x;
        if (strncmp(hf_tsv_name(table, c), "pattern_loss_", 13) == 0 && hf_tsv_number(table, 0, c, &x) && x > 0)
            least = fmin(least, x);
    }
    return least;
}

/* Times that are spaced so are drawn so; the loss is, where its last steps would not be seen. */
static void choose_scales(hf_page_run *run)
{
    const size_t n = run->rows;
    const double *t = run->t;
    double least = INFINITY;
    run->log_t = run->log_t || (n > 4 && t[1] > 0 && t[n - 1] / t[1] > 20 && t[n / 2] < 0.3 * (t[1] + t[n - 1]) / 2);
    for (size_t i = 0; i < n; i++)
        least = fmin(least, run->loss[i]);
    const double weakest = weakest_pattern(&run->table);
    run->log_loss = n > 0 && least > 0 && run->loss[0] > (isnan(weakest) ? 1000 * least : 30 * weakest);
}

static hf_status choose_points(hf_page_run *run, hf_error *err)
{
    double *change = calloc(run->rows + 1, sizeof *change);
    run->curve_point = calloc(HF_RUN_POINTS, sizeof *run->curve_point);
    hf_status status = HF_OK;
    if (change == NULL || run->curve_point == NULL)
        status = hf_fail_memory(err, "a curve");
    else {
        for (size_t i = 1; i < run->rows; i++)
            change[i] = run->log_loss ? log(run->loss[i] / run->loss[i - 1]) : run->loss[i] - run->loss[i - 1];
        run->curve_points = run->rows == 0 ? 0 : hf_choose_rows(run->rows, change, HF_RUN_POINTS, run->curve_point);
    }
    free(change);
    return status;
}

/* Numbers that tell how good the run is, where it has them. */
static hf_status read_certificate(hf_page_run *run, hf_error *err)
{
    bool found;
    double *x = malloc((run->rows + 1) * sizeof *x);
    run->last_energy_defect = run->worst_energy_defect = run->last_overlap = NAN;
    hf_status status = x == NULL ? hf_fail_memory(err, "a column") : HF_OK;
    if (status == HF_OK)
        status = read_column(&run->table, "energy_defect", x, &found, err);
    for (size_t i = 0; status == HF_OK && found && i < run->rows; i++)
        run->worst_energy_defect = fmax(run->worst_energy_defect, fabs(x[i]));
    if (status == HF_OK && found && run->rows > 0)
        run->last_energy_defect = x[run->rows - 1];
    if (status == HF_OK)
        status = read_column(&run->table, "overlap", x, &found, err);
    if (status == HF_OK && found && run->rows > 0)
        run->last_overlap = x[run->rows - 1];
    free(x);
    return status;
}

static hf_status read_trajectory(hf_page_run *run, const char *path, hf_error *err)
{
    hf_status status = hf_tsv_read(&run->table, path, err);
    if (status != HF_OK)
        return status;
    run->rows = run->table.rows;
    run->t = malloc((run->rows + 1) * sizeof *run->t);
    run->loss = malloc((run->rows + 1) * sizeof *run->loss);
    if (run->t == NULL || run->loss == NULL)
        return hf_fail_memory(err, path);
    status = read_times(run, err);
    if (status == HF_OK)
        status = read_losses(run, err);
    if (status == HF_OK)
        status = read_certificate(run, err);
    return status;
}

/* ---- moments ---- */

static void add_mark(hf_page_run *run, double t, const char *label)
{
    if (!isfinite(t) || run->marks == HF_RUN_MARKS)
        return;
    snprintf(run->label[run->marks], HF_RUN_LABEL, "%s", label);
    run->mark[run->marks].t = t;
    run->marks++;
}

/* Calls take for every row of directory/name with the numbers of these columns; a table that is not there has none. */
static hf_status each_row(hf_page_run *run, const char *directory, const char *name, size_t columns,
                          const char *const column[], void (*take)(hf_page_run *, const hf_tsv *, size_t, const double *),
                          hf_error *err)
{
    char *path = hf_path_join(directory, name);
    hf_tsv table = {0};
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && hf_file_exists(path))
        status = hf_tsv_read(&table, path, err);
    for (size_t r = 0; r < table.rows && status == HF_OK; r++) {
        double number[4];
        for (size_t i = 0; i < columns; i++) {
            size_t c;
            number[i] = NAN;
            if (hf_page_column(&table, column[i], &c) && !hf_tsv_number(&table, r, c, &number[i]))
                number[i] = NAN;
        }
        take(run, &table, r, number);
    }
    hf_tsv_clear(&table);
    free(path);
    return status;
}

static void take_stage(hf_page_run *run, const hf_tsv *table, size_t row, const double *number)
{
    char label[HF_RUN_LABEL];
    (void)table;
    snprintf(label, sizeof label, "%zu", row + 1);
    add_mark(run, isfinite(number[0]) ? number[0] : number[1], label);
    if (run->rests < HF_RUN_MARKS && isfinite(number[2]))
        run->rest[run->rests++] = number[2];
}

static void take_event(hf_page_run *run, const hf_tsv *table, size_t row, const double *number)
{
    size_t c;
    if (hf_page_column(table, "event", &c) && strcmp(hf_tsv_text(table, row, c), "split") == 0)
        add_mark(run, number[0], "heads part");
}

static hf_status read_moments(hf_page_run *run, const char *directory, hf_error *err)
{
    static const char *const stage[] = {"t_peak", "t_half", "t_settle"}, *const event[] = {"t"};
    hf_status status = each_row(run, directory, "stages.tsv", 3, stage, take_stage, err);
    if (status == HF_OK)
        status = each_row(run, directory, "events.tsv", 1, event, take_event, err);
    for (size_t i = 0; i < run->marks; i++)
        run->mark[i].label = run->label[i];
    return status;
}

/* ---- shares ---- */

/* Which columns show who does what; the first that a trajectory has. */
static const struct {
    const char *prefix, *name;
} share_columns[] = {
    {"share_", "share of each pattern that a head carries"},
    {"last_", "attention of the last query on each span"},
    {"mass_", "attention on each pattern"},
};

/* The head and pattern of a column PREFIX<h>_<j>; false: it is none. */
static bool is_share(const char *name, const char *prefix, size_t *head, size_t *pattern)
{
    char *end;
    const size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0)
        return false;
    *head = strtoul(name + length, &end, 10);
    if (*head == 0 || *end != '_')
        return false;
    *pattern = strtoul(end + 1, &end, 10);
    return *pattern > 0 && *end == '\0' && *head < 10000 && *pattern < 10000;
}

static const char *find_shares(hf_page_run *run)
{
    size_t h, j;
    for (size_t k = 0; k < sizeof share_columns / sizeof *share_columns; k++) {
        for (size_t c = 0; c < run->table.columns; c++)
            if (is_share(hf_tsv_name(&run->table, c), share_columns[k].prefix, &h, &j)) {
                run->heads = h > run->heads ? h : run->heads;
                run->patterns = j > run->patterns ? j : run->patterns;
            }
        if (run->heads > 0) {
            run->share_name = share_columns[k].name;
            return share_columns[k].prefix;
        }
    }
    return NULL;
}

size_t hf_page_run_row(const hf_page_run *run, size_t frame)
{
    const hf_movie *m = &run->movie;
    const size_t last = run->rows - 1;
    size_t best = m->row[frame] < last ? m->row[frame] : last;
    if (isfinite(m->time[frame]))
        for (size_t i = 0; i < run->rows; i++)
            if (fabs(run->t[i] - m->time[frame]) < fabs(run->t[best] - m->time[frame]))
                best = i;
    return best;
}

static hf_status read_shares(hf_page_run *run, const char *prefix, hf_error *err)
{
    size_t h, j;
    const size_t cells = run->heads * run->patterns;
    run->share = malloc((run->movie.frames * cells + 1) * sizeof *run->share);
    if (run->share == NULL)
        return hf_fail_memory(err, "the shares");
    for (size_t f = 0; f < run->movie.frames; f++) {
        const size_t row = hf_page_run_row(run, f);
        for (size_t i = 0; i < cells; i++)
            run->share[f * cells + i] = NAN;
        for (size_t c = 0; c < run->table.columns; c++)
            if (is_share(hf_tsv_name(&run->table, c), prefix, &h, &j) &&
                !hf_tsv_number(&run->table, row, c, &run->share[f * cells + (h - 1) * run->patterns + j - 1]))
                return hf_fail(err, HF_EUSAGE, "%.300s:%zu: %.100s: expected a number", run->table.path,
                               run->table.line[row], hf_tsv_name(&run->table, c));
    }
    return HF_OK;
}

/* Without pictures of attention the slider goes over rows of the trajectory, and the pictures are the shares. */
static hf_status make_frames(hf_page_run *run, size_t room, hf_error *err)
{
    hf_movie *m = &run->movie;
    const size_t cells = run->heads * run->patterns, fit = cells == 0 ? HF_MOVIE_FRAMES : room / 2 / cells;
    const size_t wanted = fit < HF_MOVIE_FRAMES ? fit : HF_MOVIE_FRAMES;
    double *change = calloc(run->rows + 1, sizeof *change);
    *m = (hf_movie){.kind = HF_MOVIE_PATTERNS, .rows_before = run->rows};
    m->row = calloc(HF_MOVIE_FRAMES, sizeof *m->row);
    m->time = calloc(HF_MOVIE_FRAMES, sizeof *m->time);
    if (change == NULL || m->row == NULL || m->time == NULL) {
        free(change);
        return hf_fail_memory(err, "the pictures");
    }
    for (size_t i = 1; i < run->rows; i++)
        change[i] = run->loss[i] - run->loss[i - 1];
    m->frames = run->rows < 2 || wanted < 2 ? 0 : hf_choose_rows(run->rows, change, wanted, m->row);
    for (size_t f = 0; f < m->frames; f++)
        m->time[f] = run->t[m->row[f]];
    free(change);
    return HF_OK;
}

/* The shares as pictures: heads and patterns. */
static hf_status draw_shares(hf_page_run *run, hf_error *err)
{
    hf_movie *m = &run->movie;
    const size_t cells = run->heads * run->patterns;
    m->panels = 1;
    m->rows = m->heads = run->heads;
    m->columns = m->positions = m->singles = run->patterns;
    m->first_row = 1;
    m->from = calloc(run->patterns + 1, sizeof *m->from);
    m->to = calloc(run->patterns + 1, sizeof *m->to);
    m->cell = malloc((m->frames * cells + 1) * sizeof *m->cell);
    if (m->from == NULL || m->to == NULL || m->cell == NULL)
        return hf_fail_memory(err, "the pictures");
    for (size_t j = 0; j < run->patterns; j++)
        m->from[j] = m->to[j] = j + 1;
    for (size_t i = 0; i < m->frames * cells; i++)
        m->cell[i] = hf_movie_cell(run->share[i]);
    return HF_OK;
}

/* ---- the whole ---- */

static hf_status read_movie(hf_page_run *run, const char *directory, const hf_movie_sizes *sizes, size_t room,
                            hf_error *err)
{
    char *attention = hf_path_join(directory, "attention.tsv"), *maps = hf_path_join(directory, "maps.tsv");
    hf_status status = attention == NULL || maps == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && hf_file_exists(attention))
        status = hf_movie_read_attention(&run->movie, attention, sizes, room, err);
    else if (status == HF_OK && hf_file_exists(maps))
        status = hf_movie_read_maps(&run->movie, maps, room, err);
    free(attention);
    free(maps);
    return status;
}

static hf_status read_all(hf_page_run *run, const char *directory, const hf_movie_sizes *sizes, size_t room, hf_error *err)
{
    char *trajectory = hf_path_join(directory, "trajectory.tsv");
    hf_status status = trajectory == NULL ? hf_fail_memory(err, "a file name") : read_trajectory(run, trajectory, err);
    free(trajectory);
    if (status == HF_OK)
        status = read_moments(run, directory, err);
    if (status == HF_OK)
        status = read_movie(run, directory, sizes, room, err);
    return status == HF_OK ? hf_page_run_finish(run, room, err) : status;
}

hf_status hf_page_run_finish(hf_page_run *run, size_t room, hf_error *err)
{
    choose_scales(run);
    hf_status status = choose_points(run, err);
    if (status != HF_OK || run->rows == 0)
        return status;
    const char *prefix = find_shares(run);
    const bool has_pictures = run->movie.frames > 0;
    if (!has_pictures) {
        hf_movie_clear(&run->movie);
        status = make_frames(run, room, err);
    }
    if (status == HF_OK && prefix != NULL)
        status = read_shares(run, prefix, err);
    if (status == HF_OK && prefix != NULL && !has_pictures)
        status = draw_shares(run, err);
    return status;
}

hf_status hf_page_run_read(hf_page_run *run, const char *directory, const char *folder, const char *name,
                           const hf_movie_sizes *sizes, size_t room, hf_error *err)
{
    *run = (hf_page_run){0};
    snprintf(run->name, sizeof run->name, "%s", name);
    char *path = hf_path_join(directory, folder);
    const hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : read_all(run, path, sizes, room, err);
    free(path);
    if (status != HF_OK)
        hf_page_run_clear(run);
    return status;
}

hf_status hf_page_run_write_curve(const hf_page_run *run, size_t number, FILE *stream, hf_error *err)
{
    double *t = malloc((2 * run->curve_points + 1) * sizeof *t);
    char name[160];
    if (t == NULL)
        return hf_fail_memory(err, "a curve");
    double *loss = t + run->curve_points;
    for (size_t i = 0; i < run->curve_points; i++) {
        t[i] = run->t[run->curve_point[i]];
        loss[i] = run->loss[run->curve_point[i]];
    }
    snprintf(name, sizeof name, "%s of %s: %.4g at the start, %.4g at the end", run->quantity, run->name,
             run->rows > 0 ? run->loss[0] : (double)NAN, run->rows > 0 ? run->loss[run->rows - 1] : (double)NAN);
    const hf_curve_figure figure = {.count = run->curve_points,
                                    .t = t,
                                    .loss = loss,
                                    .log_t = run->log_t,
                                    .log_loss = run->log_loss,
                                    .unit = run->unit,
                                    .name = name,
                                    .marks = run->marks,
                                    .mark = run->mark,
                                    .number = number};
    hf_curve_write(&figure, stream);
    free(t);
    return HF_OK;
}

hf_curve_axis hf_page_run_axis(const hf_page_run *run)
{
    return hf_curve_axis_of(run->rows, run->t, run->log_t, NAN);
}
