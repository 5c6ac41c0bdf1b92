#include "run/record.h"

#include "core/file.h"
#include "core/path.h"
#include "detect/saddle.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

/* The system's columns that lead, or those that do not. */
static void name_observables(const hf_record *record, hf_table *table, bool leads)
{
    const hf_observer_kind *kind = record->system.kind->observer;
    for (size_t i = 0; kind != NULL && i < kind->observable_count; i++)
        if (kind->observable[i].leads == leads)
            name_shape(table, kind->observable[i].name, hf_observable_shape(&kind->observable[i], record->system.self));
}

static void name_profile(const hf_record *record, hf_table *table)
{
    const hf_profile *profile = record->system.kind->observer->profile;
    const hf_shape shape = profile->shape(record->system.self);
    hf_table_text(table, "t\t%s", profile->index);
    name_shape(table, profile->name, (hf_shape){1, {shape.count[0], 0}, shape.first});
}

static void name_columns(const hf_record *record, hf_table *table, int kind)
{
    switch (kind) {
    case TRAJECTORY:
        hf_table_text(table, "t\tloss\tspeed");
        name_observables(record, table, true);
        hf_table_text(table, "energy_defect");
        name_observables(record, table, false);
        if (record->extra != NULL)
            hf_table_text(table, "%s", record->extra);
        break;
    case ATTENTION:
        name_profile(record, table);
        break;
    case STATES:
        hf_table_text(table, "t\tkind\thead\tindex\tvalue");
        break;
    case SPECTRUM:
        hf_table_text(table, "t");
        for (size_t i = 1; i <= record->spectrum; i++)
            hf_table_text(table, "lambda_%zu", i);
        hf_table_text(table, "lambda_max");
        break;
    }
    hf_table_end_line(table);
}

static void choose_tables(const hf_output_params *output, const hf_system_kind *kind, bool wanted[HF_RECORD_TABLES])
{
    const hf_observer_kind *observer = kind->observer;
    wanted[TRAJECTORY] = true;
    wanted[ATTENTION] = output->attention && observer != NULL && observer->profile != NULL;
    wanted[STATES] = output->states && observer != NULL && observer->state != NULL;
    wanted[SPECTRUM] = output->spectrum > 0 && kind->curvature != NULL;
}

hf_status hf_record_check(const hf_output_params *output, const hf_system *system, const char *directory, const long *lengths, hf_error *err)
{
    bool wanted[HF_RECORD_TABLES];
    struct stat info;
    hf_status status = HF_OK;
    choose_tables(output, system->kind, wanted);
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++) {
        char *path = wanted[i] ? hf_path_join(directory, names[i]) : NULL;
        if (wanted[i] && path == NULL)
            return hf_fail_memory(err, "a file name");
        if (wanted[i] && (stat(path, &info) != 0 || info.st_size != lengths[i]))
            status = hf_fail(err, HF_EUSAGE, "%s: is not the table of the finished run; run without --resume", path);
        free(path);
    }
    return status;
}

/* A longer run goes on with the rows of a shorter one: they are its own now. */
static hf_status take_over(hf_file *file, const hf_table_origin *origin, long length, hf_error *err)
{
    static const char mark[] = "# configuration ";
    char line[512];
    FILE *stream = file->stream;
    rewind(stream);
    long at = fgets(line, sizeof line, stream) == NULL ? -1 : ftell(stream); /* the second line */
    const bool found = at > 0 && fgets(line, sizeof line, stream) != NULL && strncmp(line, mark, strlen(mark)) == 0;
    if (found && fseek(stream, at + (long)strlen(mark), SEEK_SET) == 0)
        fprintf(stream, "%016" PRIx64, origin->hash);
    if (!found || fseek(stream, length, SEEK_SET) != 0)
        return hf_fail(err, ferror(stream) ? HF_ESYSTEM : HF_EUSAGE, "%s: cannot be read as the table it was", file->part);
    return HF_OK;
}

hf_status hf_record_open(hf_record *record, const hf_output_params *output, const hf_system *system, const char *directory,
                         const hf_table_origin *origin, const char *extra, size_t extra_count, const long *lengths,
                         hf_error *err)
{
    *record = (hf_record){.system = *system,
                          .directory = directory,
                          .origin = *origin,
                          .extra = extra,
                          .extra_count = extra_count,
                          .spectrum = output->spectrum};
    hf_status status = HF_OK;
    choose_tables(output, system->kind, record->wanted);
    record->eigenvalue = malloc((record->spectrum + 1) * sizeof *record->eigenvalue);
    if (record->eigenvalue == NULL)
        status = hf_fail_memory(err, "the spectrum");
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++) {
        if (!record->wanted[i])
            continue;
        if (lengths != NULL) {
            status = hf_table_reopen(&record->table[i], directory, names[i], lengths[i], err);
            if (status == HF_OK)
                status = take_over(&record->table[i].file, origin, lengths[i], err);
        } else if ((status = hf_table_open(&record->table[i], directory, names[i], origin, err)) == HF_OK)
            name_columns(record, &record->table[i], i);
    }
    if (status != HF_OK)
        hf_record_abandon(record);
    return status;
}

/* ---- rows ---- */

static void write_observables(const hf_record *record, const void *observer, bool leads, hf_table *table)
{
    const hf_observer_kind *kind = record->system.kind->observer;
    for (size_t i = 0; kind != NULL && i < kind->observable_count; i++) {
        const hf_observable *o = &kind->observable[i];
        if (o->leads == leads)
            hf_table_numbers(table, hf_shape_size(hf_observable_shape(o, record->system.self)), o->values(observer));
    }
}

static void write_trajectory(hf_record *record, double t, const void *observer, double energy_defect, const double *extra)
{
    hf_table *table = &record->table[TRAJECTORY];
    hf_table_number(table, t);
    hf_table_number(table, hf_system_loss(&record->system));
    hf_table_number(table, hf_system_speed(&record->system));
    write_observables(record, observer, true, table);
    hf_table_number(table, energy_defect);
    write_observables(record, observer, false, table);
    hf_table_numbers(table, record->extra_count, extra);
    hf_table_end_line(table);
}

static void write_profile(const hf_record *record, double t, const void *observer, hf_table *table)
{
    const hf_profile *profile = record->system.kind->observer->profile;
    const hf_shape shape = profile->shape(record->system.self);
    const double *x = profile->values(observer);
    for (size_t i = 0; i < shape.count[1]; i++) {
        hf_table_number(table, t);
        hf_table_text(table, "%zu", i + shape.first);
        for (size_t k = 0; k < shape.count[0]; k++)
            hf_table_number(table, x[k * shape.count[1] + i]);
        hf_table_end_line(table);
    }
}

typedef struct {
    hf_table *table;
    const double *t; /* NULL: no column of its own */
} coordinate_rows;

static void write_coordinate(void *to, const char *kind, size_t head, size_t index, double value)
{
    const coordinate_rows *rows = to;
    if (rows->t != NULL)
        hf_table_number(rows->table, *rows->t);
    hf_table_text(rows->table, "%s\t%zu\t%zu", kind, head, index);
    hf_table_number(rows->table, value);
    hf_table_end_line(rows->table);
}

/* The state as kind, head, index, value, with t in front unless NULL. */
static hf_status write_state(hf_table *table, const hf_system *system, const double *t, const double *y, hf_error *err)
{
    coordinate_rows rows = {table, t};
    return system->kind->observer->state(system->self, y, write_coordinate, &rows, err);
}

static hf_status write_spectrum(hf_record *record, double t, hf_error *err)
{
    hf_table *table = &record->table[SPECTRUM];
    double *value = record->eigenvalue;
    hf_status status = hf_saddle_spectrum(&record->system, t, record->spectrum, value, &value[record->spectrum], err);
    for (size_t i = 0; i <= record->spectrum && status == HF_ENUMERIC; i++)
        value[i] = NAN; /* no eigenvalues are no reason to lose the run */
    if (status == HF_ESYSTEM)
        return status;
    hf_table_number(table, t);
    hf_table_numbers(table, record->spectrum + 1, value);
    hf_table_end_line(table);
    return HF_OK;
}

hf_status hf_record_row(hf_record *record, double t, const double *y, const void *observer, double energy_defect,
                        const double *extra, hf_error *err)
{
    hf_status status = HF_OK;
    write_trajectory(record, t, observer, energy_defect, extra);
    if (record->wanted[ATTENTION])
        write_profile(record, t, observer, &record->table[ATTENTION]);
    if (record->wanted[STATES])
        status = write_state(&record->table[STATES], &record->system, &t, y, err);
    if (record->wanted[SPECTRUM] && status == HF_OK)
        status = write_spectrum(record, t, err);
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++)
        if (record->wanted[i] && hf_table_failed(&record->table[i]))
            status = hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full?)", record->table[i].file.part);
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

/* final.tsv */
static hf_status write_final(const hf_record *record, double t, const double *y, hf_error *err)
{
    hf_table final;
    hf_status status = hf_table_open(&final, record->directory, "final.tsv", &record->origin, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&final, "t = %.17g", t);
    hf_table_text(&final, "kind\thead\tindex\tvalue");
    hf_table_end_line(&final);
    status = write_state(&final, &record->system, NULL, y, err);
    if (status == HF_OK)
        return hf_file_commit(&final.file, err);
    hf_file_abandon(&final.file);
    return status;
}

hf_status hf_record_commit(hf_record *record, double t, const double *y, hf_error *err)
{
    const hf_observer_kind *observer = record->system.kind->observer;
    hf_status status = HF_OK;
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++)
        if (record->wanted[i])
            status = hf_file_commit(&record->table[i].file, err);
    if (status == HF_OK && observer != NULL && observer->state != NULL)
        status = write_final(record, t, y, err);
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
