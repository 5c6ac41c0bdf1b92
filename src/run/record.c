#include "run/record.h"

#include "core/file.h"
#include "detect/saddle.h"
#include "flow/flow_system.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TRAJECTORY, ATTENTION, STATES, SPECTRUM };

static const char *const names[HF_RECORD_TABLES] = {"trajectory.tsv", "attention.tsv", "states.tsv", "spectrum.tsv"};

/* ---- columns ---- */

static void name_pairs(hf_table *table, const char *what, size_t heads, size_t patterns)
{
    for (size_t k = 1; k <= heads; k++)
        for (size_t j = 1; j <= patterns; j++)
            hf_table_text(table, "%s_%zu_%zu", what, k, j);
}

static void name_columns(const hf_record *record, hf_table *table, int kind)
{
    const hf_problem *p = record->problem;
    switch (kind) {
    case TRAJECTORY:
        hf_table_text(table, "t\tloss\tspeed\toverlap\tdivergence\tgrowth_rate\tenergy_defect");
        if (p->test_variance != NULL)
            hf_table_text(table, "test_loss");
        for (size_t j = 1; j <= p->patterns; j++)
            hf_table_text(table, "pattern_loss_%zu", j);
        for (size_t k = 0; k <= p->patterns; k++)
            hf_table_text(table, "distance_%zu", k);
        name_pairs(table, "mass", p->heads, p->patterns);
        name_pairs(table, "value", p->heads, p->patterns);
        name_pairs(table, "share", p->heads, p->patterns);
        if (record->extra != NULL)
            hf_table_text(table, "%s", record->extra);
        break;
    case ATTENTION:
        hf_table_text(table, "t\tposition");
        for (size_t k = 1; k <= p->heads; k++)
            hf_table_text(table, "attention_%zu", k);
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

static void choose_tables(const hf_output_params *output, bool wanted[HF_RECORD_TABLES])
{
    wanted[TRAJECTORY] = true;
    wanted[ATTENTION] = output->attention;
    wanted[STATES] = output->states;
    wanted[SPECTRUM] = output->spectrum > 0;
}

hf_status hf_record_check(const hf_output_params *output, const char *directory, const long *lengths, hf_error *err)
{
    bool wanted[HF_RECORD_TABLES];
    struct stat info;
    hf_status status = HF_OK;
    choose_tables(output, wanted);
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

hf_status hf_record_open(hf_record *record, const hf_output_params *output, const hf_problem *problem,
                         const char *directory, const hf_table_origin *origin, const char *extra, size_t extra_count,
                         const long *lengths, hf_error *err)
{
    *record = (hf_record){.problem = problem,
                          .directory = directory,
                          .origin = *origin,
                          .extra = extra,
                          .extra_count = extra_count,
                          .spectrum = output->spectrum};
    hf_status status = HF_OK;
    choose_tables(output, record->wanted);
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

static void write_trajectory(hf_record *record, double t, const hf_observation *o, double energy_defect,
                             const double *extra)
{
    hf_table *table = &record->table[TRAJECTORY];
    const hf_problem *p = record->problem;
    const double leading[] = {t, o->loss, o->speed, o->overlap, o->divergence, o->growth_rate, energy_defect};
    hf_table_numbers(table, sizeof leading / sizeof leading[0], leading);
    if (p->test_variance != NULL)
        hf_table_number(table, o->test_loss);
    hf_table_numbers(table, p->patterns, o->pattern_loss);
    hf_table_numbers(table, p->patterns + 1, o->distance);
    hf_table_numbers(table, p->heads * p->patterns, o->mass);
    hf_table_numbers(table, p->heads * p->patterns, o->value);
    hf_table_numbers(table, p->heads * p->patterns, o->share);
    hf_table_numbers(table, record->extra_count, extra);
    hf_table_end_line(table);
}

static void write_attention(hf_table *table, const hf_problem *p, double t, const hf_observation *o)
{
    for (size_t i = 0; i < p->positions; i++) {
        hf_table_number(table, t);
        hf_table_text(table, "%zu", i + 1);
        for (size_t k = 0; k < p->heads; k++)
            hf_table_number(table, o->attention[k * p->positions + i]);
        hf_table_end_line(table);
    }
}

static void write_coordinate(hf_table *table, const double *t, const char *kind, size_t head, size_t index, double value)
{
    if (t != NULL)
        hf_table_number(table, *t);
    hf_table_text(table, "%s\t%zu\t%zu", kind, head + 1, index + 1);
    hf_table_number(table, value);
    hf_table_end_line(table);
}

/* The state as kind, head, index, value, with t in front unless NULL; values in the coordinates they were given in. */
static hf_status write_state(hf_table *table, const hf_flow *flow, const double *t, const double *y, hf_error *err)
{
    const hf_problem *p = flow->problem;
    double *value = malloc(p->heads * p->features * sizeof *value),
           *logit = malloc(p->heads * p->positions * sizeof *logit);
    hf_status status = HF_OK;
    if (value == NULL || logit == NULL) {
        status = hf_fail_memory(err, "the final state");
        goto done;
    }
    hf_basis_heads(flow->basis, p->features, flow->value, value); /* optimal values are not in y */
    hf_basis_heads(flow->basis, p->positions, y + p->heads * p->features, logit);
    for (size_t k = 0; k < p->heads; k++)
        for (size_t d = 0; d < p->value_width; d++) {
            double sum = 0;
            for (size_t r = 0; r < p->features; r++)
                sum += value[k * p->features + r] * p->value_basis[r * p->value_width + d];
            write_coordinate(table, t, "value", k, d, sum);
        }
    for (size_t k = 0; k < p->heads; k++)
        for (size_t i = 0; i < p->positions; i++)
            write_coordinate(table, t, "logit", k, i, logit[k * p->positions + i]);
done:
    free(value);
    free(logit);
    return status;
}

static hf_status write_spectrum(hf_record *record, const hf_flow *flow, double t, hf_error *err)
{
    hf_table *table = &record->table[SPECTRUM];
    double *value = record->eigenvalue;
    const hf_system system = hf_flow_system((hf_flow *)flow);
    hf_status status = hf_saddle_spectrum(&system, t, record->spectrum, value, &value[record->spectrum], err);
    for (size_t i = 0; i <= record->spectrum && status == HF_ENUMERIC; i++)
        value[i] = NAN; /* no eigenvalues are no reason to lose the run */
    if (status == HF_ESYSTEM)
        return status;
    hf_table_number(table, t);
    hf_table_numbers(table, record->spectrum + 1, value);
    hf_table_end_line(table);
    return HF_OK;
}

hf_status hf_record_row(hf_record *record, const hf_flow *flow, double t, const double *y,
                        const hf_observation *observation, double energy_defect, const double *extra, hf_error *err)
{
    hf_status status = HF_OK;
    write_trajectory(record, t, observation, energy_defect, extra);
    if (record->wanted[ATTENTION])
        write_attention(&record->table[ATTENTION], record->problem, t, observation);
    if (record->wanted[STATES])
        status = write_state(&record->table[STATES], flow, &t, y, err);
    if (record->wanted[SPECTRUM] && status == HF_OK)
        status = write_spectrum(record, flow, t, err);
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

hf_status hf_record_commit(hf_record *record, const hf_flow *flow, double t, const double *y, hf_error *err)
{
    hf_table final;
    hf_status status = HF_OK;
    for (int i = 0; i < HF_RECORD_TABLES && status == HF_OK; i++)
        if (record->wanted[i])
            status = hf_file_commit(&record->table[i].file, err);
    if (status == HF_OK)
        status = hf_table_open(&final, record->directory, "final.tsv", &record->origin, err);
    if (status == HF_OK) {
        hf_table_comment(&final, "t = %.17g", t);
        hf_table_text(&final, "kind\thead\tindex\tvalue");
        hf_table_end_line(&final);
        status = write_state(&final, flow, NULL, y, err);
        if (status == HF_OK)
            status = hf_file_commit(&final.file, err);
        else
            hf_file_abandon(&final.file);
    }
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
