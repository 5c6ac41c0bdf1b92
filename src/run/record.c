#include "run/record.h"

#include "core/file.h"
#include "core/path.h"
#include "detect/saddle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRAJECTORY, ATTENTION, STATES, SPECTRUM };

static const char *const names[HF_RECORD_TABLES] = {"trajectory.tsv", "attention.tsv", "states.tsv", "spectrum.tsv"};

/* ---- columns ---- */

/* name, name_<i> or name_<i>_<j>, each as a field. */
static void name_shape(hf_table *table, const char *name, hf_shape shape)
{
    const size_t first = shape.first;
    if (shape.indices == 0)
        hf_table_text(table, "%s", name);
    for (size_t i = 0; shape.indices > 0 && i < shape.count[0]; i++)
        if (shape.indices == 1)
            hf_table_text(table, "%s_%zu", name, first + i);
        else
            for (size_t j = 0; j < shape.count[1]; j++)
                hf_table_text(table, "%s_%zu_%zu", name, first + i, first + j);
}

/* A row of a profile: for one index, at one time. */
typedef struct {
    double t;
    const hf_profile *profile;
    hf_shape shape;
    const double *x; /* (shape) */
    size_t index;    /* from 0 */
} profile_row;

static void name_profile(hf_table *table, const void *row)
{
    const profile_row *r = row;
    hf_table_text(table, "%s", r->profile->index);
    name_shape(table, r->profile->name, (hf_shape){1, {r->shape.count[0], 0}, r->shape.first});
}

static void write_profile(hf_table *table, const void *row)
{
    const profile_row *r = row;
    hf_table_text(table, "%zu", r->index + r->shape.first);
    for (size_t k = 0; k < r->shape.count[0]; k++)
        hf_table_number(table, r->x[k * r->shape.count[1] + r->index]);
}

/* What a row of the trajectory shows. */
typedef struct {
    double t, loss, speed, energy_defect;
    const hf_system *system;
    const void *observer; /* NULL: of names */
    const hf_table_kind *more;
    const void *more_row;
} trajectory_row;

static void name_observable(hf_table *table, const hf_system *system, const hf_observable *o)
{
    const hf_observer_kind *kind = system->kind->observer;
    const hf_shape shape = hf_observable_shape(o, system->self);
    if (kind->column_name == NULL)
        name_shape(table, o->name, shape);
    else
        for (size_t i = 0; i < hf_shape_size(shape); i++)
            hf_table_text(table, "%s", kind->column_name(system->self, i));
}

static void name_observables(hf_table *table, const trajectory_row *row, bool leads)
{
    const hf_observer_kind *kind = row->system->kind->observer;
    for (size_t i = 0; kind != NULL && i < kind->observable_count; i++) {
        const hf_observable *o = &kind->observable[i];
        if (o->leads == leads)
            name_observable(table, row->system, o);
    }
}

static void write_observables(hf_table *table, const trajectory_row *row, bool leads)
{
    const hf_observer_kind *kind = row->system->kind->observer;
    for (size_t i = 0; kind != NULL && i < kind->observable_count; i++) {
        const hf_observable *o = &kind->observable[i];
        if (o->leads == leads)
            hf_table_numbers(table, hf_shape_size(hf_observable_shape(o, row->system->self)), o->values(row->observer));
    }
}

static void name_leading(hf_table *table, const void *row)
{
    name_observables(table, row, true);
}

static void write_leading(hf_table *table, const void *row)
{
    write_observables(table, row, true);
}

static void name_following(hf_table *table, const void *row)
{
    const trajectory_row *r = row;
    name_observables(table, r, false);
    if (r->more != NULL)
        hf_table_names(table, r->more, NULL);
}

static void write_following(hf_table *table, const void *row)
{
    const trajectory_row *r = row;
    write_observables(table, r, false);
    if (r->more != NULL)
        hf_table_fields(table, r->more, r->more_row);
}

/* A coordinate of a state. */
typedef struct {
    double t;
    const char *kind;
    size_t head, index;
    double value;
} coordinate_row;

typedef struct {
    double t;
    size_t count;
    const double *eigenvalue; /* (count + 1) */
} spectrum_row;

static void name_spectrum(hf_table *table, const void *row)
{
    for (size_t i = 1; i <= ((const spectrum_row *)row)->count; i++)
        hf_table_text(table, "lambda_%zu", i);
    hf_table_text(table, "lambda_max");
}

static void write_eigenvalues(hf_table *table, const void *row)
{
    const spectrum_row *r = row;
    hf_table_numbers(table, r->count + 1, r->eigenvalue);
}

static const hf_column_group leading = {name_leading, write_leading}, following = {name_following, write_following},
                             profile_group = {name_profile, write_profile},
                             spectrum_group = {name_spectrum, write_eigenvalues};

/* clang-format off */
static const hf_column trajectory_columns[] = {
    HF_COLUMN(trajectory_row, t, "flow time", "when"),
    HF_COLUMN(trajectory_row, loss, "loss", "the loss L"),
    HF_COLUMN(trajectory_row, speed, "loss / flow time", "P = -dL/dt"),
    HF_COLUMN_GROUP(&leading, NULL, NULL, NULL),
    HF_COLUMN(trajectory_row, energy_defect, "", "what the integration got wrong: loss(0) - loss - integral of P, over loss(0)"),
    HF_COLUMN_GROUP(&following, NULL, NULL, NULL),
};
static const hf_column profile_columns[] = {
    HF_COLUMN(profile_row, t, "flow time", "when"),
    HF_COLUMN_GROUP(&profile_group, "position", "", "one of the class"),
    HF_COLUMN_LIKE("attention_<h>", "1", "probability that head h gives one position of the class"),
};
static const hf_column state_columns[] = {
    HF_COLUMN(coordinate_row, t, "flow time", "when"),
    HF_COLUMN(coordinate_row, kind, "", "value or logit; in-context: value, key or query; content: key or value: which of the coordinates"),
    HF_COLUMN(coordinate_row, head, "", "that it belongs to"),
    HF_COLUMN(coordinate_row, index, "", "its number there"),
    HF_COLUMN(coordinate_row, value, "", "the coordinate"),
};
static const hf_column spectrum_columns[] = {
    HF_COLUMN(spectrum_row, t, "flow time", "when"),
    HF_COLUMN_GROUP(&spectrum_group, "lambda_<k>", "1/flow time", "the lowest eigenvalues of minus the flow's Jacobian; nan: they cannot be had"),
    HF_COLUMN_LIKE("lambda_max", "1/flow time", "the largest"),
};
static const hf_table_kind
    trajectory_table = {"trajectory.tsv", "A row for every output time.", HF_COLUMNS(trajectory_columns)},
    profile_table = {"attention.tsv", "With output.attention: a row for every position at every output time.", HF_COLUMNS(profile_columns)},
    states_table = {"states.tsv", "With output.states: a row for every coordinate of the state at every output time.", HF_COLUMNS(state_columns)},
    spectrum_table = {"spectrum.tsv", "With output.spectrum: a row for every output time.", HF_COLUMNS(spectrum_columns)},
    final_table = {"final.tsv", "A row for every coordinate of the state at the end; init.state reads it.",
                   sizeof state_columns / sizeof *state_columns - 1, state_columns + 1, NULL};
/* clang-format on */

const hf_table_kind *const hf_record_tables[] = {&profile_table, &states_table, &spectrum_table, &final_table, NULL};

/* ---- what there is to know ---- */

static void explain_observables(const hf_observer_kind *kind, bool leads, FILE *stream)
{
    for (size_t i = 0; i < kind->observable_count; i++) {
        const hf_observable *o = &kind->observable[i];
        if (o->leads == leads)
            fprintf(stream, "| `%s%s` | %s | %s |\n", o->name, o->index, o->unit, o->meaning);
    }
}

void hf_record_explain(const char *system, const hf_observer_kind *observer, FILE *stream)
{
    fprintf(stream, "## trajectory.tsv of flow.system = \"%s\"\n\n%s\n\n| column | unit | meaning |\n|---|---|---|\n",
            system, trajectory_table.rows);
    for (size_t i = 0; i < trajectory_table.count; i++) {
        const hf_column *c = &trajectory_table.column[i];
        if (c->cell == HF_CELL_GROUP)
            explain_observables(observer, c->group == &leading, stream);
        else
            fprintf(stream, "| `%s` | %s | %s |\n", c->name, c->unit, c->meaning);
    }
}

/* ---- opening ---- */

/* The row of the profile for its index 0. */
static profile_row first_of_profile(const hf_record *record, double t, const void *observer)
{
    const hf_profile *profile = record->system.kind->observer->profile;
    return (profile_row){t, profile, profile->shape(record->system.self),
                         observer == NULL ? NULL : profile->values(observer), 0};
}

static void name_columns(const hf_record *record, hf_table *table, int kind)
{
    switch (kind) {
    case TRAJECTORY:
        hf_table_head(table, &trajectory_table, &(trajectory_row){.system = &record->system, .more = record->more});
        break;
    case ATTENTION: {
        const profile_row like = first_of_profile(record, 0, NULL);
        hf_table_head(table, &profile_table, &like);
        break;
    }
    case STATES:
        hf_table_head(table, &states_table, NULL);
        break;
    case SPECTRUM:
        hf_table_head(table, &spectrum_table, &(spectrum_row){.count = record->spectrum});
        break;
    }
}

static void choose_tables(const hf_output_params *output, const hf_system_kind *kind, bool wanted[HF_RECORD_TABLES])
{
    const hf_observer_kind *observer = kind->observer;
    wanted[TRAJECTORY] = true;
    wanted[ATTENTION] = output->attention && observer != NULL && observer->profile != NULL;
    wanted[STATES] = output->states && observer != NULL && observer->state != NULL;
    wanted[SPECTRUM] = output->spectrum > 0 && kind->curvature != NULL;
}

hf_status hf_record_check(const hf_output_params *output, const hf_system *system, const char *directory,
                          const long *lengths, hf_error *err)
{
    bool wanted[HF_RECORD_TABLES];
    hf_status status = HF_OK;
    choose_tables(output, system->kind, wanted);
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++) {
        if (wanted[i])
            status = hf_table_check(directory, names[i], lengths[i], err);
    }
    return status;
}

hf_status hf_record_open(hf_record *record, const hf_output_params *output, const hf_system *system, const char *directory,
                         const hf_table_origin *origin, const hf_table_kind *more, const long *lengths, hf_error *err)
{
    *record = (hf_record){
        .system = *system, .directory = directory, .origin = *origin, .more = more, .spectrum = output->spectrum};
    hf_status status = HF_OK;
    choose_tables(output, system->kind, record->wanted);
    record->eigenvalue = malloc((record->spectrum + 1) * sizeof *record->eigenvalue);
    if (record->eigenvalue == NULL)
        status = hf_fail_memory(err, "the spectrum");
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++) {
        if (!record->wanted[i] || directory == NULL)
            continue;
        if (lengths != NULL)
            status = hf_table_reopen(&record->table[i], directory, names[i], origin, lengths[i], err);
        else if ((status = hf_table_open(&record->table[i], directory, names[i], origin, err)) == HF_OK)
            name_columns(record, &record->table[i], i);
    }
    if (status != HF_OK)
        hf_record_abandon(record);
    return status;
}

hf_status hf_record_keep(hf_record *record, hf_frames *frames, hf_error *err)
{
    const bool all = record->directory == NULL;
    record->frames = frames;
    for (int i = 0; i < HF_RECORD_TABLES; i++) {
        hf_table names_only;
        char name[32];
        if (!record->wanted[i] || (!all && i != TRAJECTORY))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(strlen(names[i]) - strlen(".tsv")), names[i]);
        hf_frame *frame = hf_frames_add(frames, name);
        if (frame == NULL)
            return hf_fail_memory(err, name);
        frame->is_last = !all;
        hf_table_keep(&names_only, frame);
        name_columns(record, &names_only, i);
        record->table[i].frame = frame;
    }
    return HF_OK;
}

/* ---- rows ---- */

static void write_profiles(const hf_record *record, double t, const void *observer, hf_table *table)
{
    profile_row row = first_of_profile(record, t, observer);
    for (; row.index < row.shape.count[1]; row.index++)
        hf_table_line(table, &profile_table, &row);
}

typedef struct {
    hf_table *table;
    const hf_table_kind *kind; /* with or without the time */
    double t;
} coordinate_rows;

static void write_coordinate(void *to, const char *kind, size_t head, size_t index, double value)
{
    const coordinate_rows *rows = to;
    const coordinate_row row = {rows->t, kind, head, index, value};
    hf_table_line(rows->table, rows->kind, &row);
}

/* The state in a table of that kind. */
static hf_status write_state(hf_table *table, const hf_table_kind *kind, double t, const hf_point *point, const double *y,
                             hf_error *err)
{
    coordinate_rows rows = {table, kind, t};
    return point->system.kind->observer->state(point->self, y, write_coordinate, &rows, err);
}

static hf_status write_spectrum(hf_record *record, double t, hf_point *point, hf_error *err)
{
    hf_table *table = &record->table[SPECTRUM];
    double *value = record->eigenvalue;
    hf_status status = hf_saddle_spectrum(point, t, record->spectrum, value, &value[record->spectrum], err);
    for (size_t i = 0; i <= record->spectrum && status == HF_ENUMERIC; i++)
        value[i] = NAN; /* no eigenvalues are no reason to lose the run */
    if (status == HF_ESYSTEM)
        return status;
    hf_table_line(table, &spectrum_table, &(spectrum_row){t, record->spectrum, value});
    return HF_OK;
}

hf_status hf_record_row(hf_record *record, double t, hf_point *point, const double *y, const void *observer,
                        double energy_defect, const void *more_row, hf_error *err)
{
    hf_status status = HF_OK;
    const trajectory_row row = {
        t, hf_point_loss(point), hf_point_speed(point), energy_defect, &record->system, observer, record->more, more_row};
    hf_table_line(&record->table[TRAJECTORY], &trajectory_table, &row);
    if (record->wanted[ATTENTION])
        write_profiles(record, t, observer, &record->table[ATTENTION]);
    if (record->wanted[STATES])
        status = write_state(&record->table[STATES], &states_table, t, point, y, err);
    if (record->wanted[SPECTRUM] && status == HF_OK)
        status = write_spectrum(record, t, point, err);
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++)
        if (record->wanted[i] && hf_table_failed(&record->table[i]))
            status = record->table[i].file.part == NULL
                         ? hf_fail_memory(err, names[i])
                         : hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full?)", record->table[i].file.part);
    return status;
}

/* ---- ends ---- */

hf_status hf_record_sync(hf_record *record, long *lengths, hf_error *err)
{
    hf_status status = HF_OK;
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++) {
        lengths[i] = 0;
        if (record->wanted[i])
            status = hf_file_sync(&record->table[i].file, &lengths[i], err);
    }
    return status;
}

static hf_status keep_final(const hf_record *record, double t, const hf_point *point, const double *y, hf_error *err)
{
    hf_table final;
    hf_frame *frame = hf_frames_add(record->frames, "final");
    if (frame == NULL)
        return hf_fail_memory(err, "the final state");
    hf_table_keep(&final, frame);
    hf_table_head(&final, &final_table, NULL);
    return write_state(&final, &final_table, t, point, y, err);
}

/* final.tsv */
static hf_status write_final(const hf_record *record, double t, const hf_point *point, const double *y, hf_error *err)
{
    hf_table final;
    hf_status status = hf_table_open(&final, record->directory, final_table.name, &record->origin, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&final, "t = %.17g", t);
    hf_table_head(&final, &final_table, NULL);
    status = write_state(&final, &final_table, t, point, y, err);
    if (status == HF_OK)
        return hf_file_commit(&final.file, err);
    hf_file_abandon(&final.file);
    return status;
}

hf_status hf_record_commit(hf_record *record, double t, const hf_point *point, const double *y, hf_error *err)
{
    const hf_observer_kind *observer = record->system.kind->observer;
    hf_status status = HF_OK;
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++)
        if (record->wanted[i] && record->directory != NULL)
            status = hf_file_finish(&record->table[i].file, err);
    if (status == HF_OK && record->directory != NULL) /* final.tsv says that all others are there */
        status = hf_directory_sync(record->directory, err);
    if (status == HF_OK && observer != NULL && observer->state != NULL)
        status = (record->directory == NULL ? keep_final : write_final)(record, t, point, y, err);
    hf_record_abandon(record);
    return status;
}

void hf_record_abandon(hf_record *record)
{
    for (int i = 0; i < HF_RECORD_TABLES; i++)
        hf_file_abandon(&record->table[i].file);
    free(record->eigenvalue);
    record->eigenvalue = NULL;
}
