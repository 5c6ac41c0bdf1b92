#include "log/log.h"

#include "core/lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear_curve(hf_log_curve *c)
{
    free(c->file);
    free(c->step);
    free(c->loss);
    free(c->name);
    free(c->x);
    *c = (hf_log_curve){0};
}

/* Columns beside the one that was taken whose name says loss. */
static size_t count_others(const hf_tsv *table, const hf_log_columns *columns)
{
    size_t count = 0;
    for (size_t i = 0; i < table->columns; i++) {
        bool taken = i == columns->step;
        for (size_t k = 0; k < columns->loss_count; k++)
            taken = taken || columns->loss[k] == i;
        count += !taken && strstr(hf_tsv_name(table, i), "loss") != NULL && strstr(hf_tsv_name(table, i), "__M") == NULL;
    }
    return count;
}

static hf_status add_curve(hf_log *log, const hf_tsv *table, const hf_log_columns *columns, size_t loss, hf_error *err)
{
    hf_status status = HF_OK;
    hf_log_curve *grown = hf_list_grow(log->curve, log->count, &log->capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the curves");
    log->curve = grown;
    hf_log_curve *c = &log->curve[log->count];
    *c = (hf_log_curve){.file = strdup(table->path),
                        .step = strdup(columns->step == HF_LOG_ROW ? "" : hf_tsv_name(table, columns->step)),
                        .loss = strdup(hf_tsv_name(table, loss)),
                        .count = table->rows,
                        .x = malloc((2 * table->rows + 1) * sizeof *c->x),
                        .joined = table->repeated_names,
                        .breaks_off = table->breaks_off,
                        .others = count_others(table, columns)};
    if (c->file == NULL || c->step == NULL || c->loss == NULL || c->x == NULL)
        status = hf_fail_memory(err, table->path);
    else {
        c->y = c->x + c->count;
        status = hf_tsv_numbers(table, loss, c->y, err);
        if (columns->step == HF_LOG_ROW)
            for (size_t i = 0; i < c->count; i++)
                c->x[i] = (double)(i + 1);
        else if (status == HF_OK)
            status = hf_tsv_numbers(table, columns->step, c->x, err);
    }
    if (status == HF_OK)
        log->count++;
    else
        clear_curve(c);
    return status;
}

/* Takes the curves out of a table, which is cleared. */
static hf_status take_table(hf_log *log, hf_tsv *table, const hf_log_wish *wish, hf_error *err)
{
    hf_log_columns columns = {0};
    hf_status status = HF_OK;
    if (table->rows == 0)
        status = hf_fail(err, HF_EUSAGE, "%.300s: there are names of columns, but no rows", table->path);
    if (status == HF_OK)
        status = hf_log_columns_choose(&columns, table, wish, err);
    for (size_t i = 0; i < columns.loss_count && status == HF_OK; i++)
        status = add_curve(log, table, &columns, columns.loss[i], err);
    hf_log_columns_clear(&columns);
    hf_tsv_clear(table);
    return status;
}

hf_status hf_log_read(hf_log *log, const char *path, const hf_log_wish *wish, hf_error *err)
{
    hf_tsv table;
    const hf_status status = hf_tsv_read(&table, path, err);
    return status == HF_OK ? take_table(log, &table, wish, err) : status;
}

hf_status hf_log_parse(hf_log *log, const char *name, char *text, size_t size, const hf_log_wish *wish, hf_error *err)
{
    hf_tsv table;
    const hf_status status = hf_tsv_parse(&table, name, text, size, err);
    return status == HF_OK ? take_table(log, &table, wish, err) : status;
}

hf_status hf_log_add(hf_log *log, const char *name, size_t count, const double *steps, const double *losses, hf_error *err)
{
    hf_log_curve *grown = hf_list_grow(log->curve, log->count, &log->capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the curves");
    log->curve = grown;
    hf_log_curve *c = &log->curve[log->count];
    *c = (hf_log_curve){.file = strdup(name),
                        .step = strdup(steps == NULL ? "" : "t"),
                        .loss = strdup("loss"),
                        .count = count,
                        .x = malloc((2 * count + 1) * sizeof *c->x)};
    if (c->file == NULL || c->step == NULL || c->loss == NULL || c->x == NULL) {
        clear_curve(c);
        return hf_fail_memory(err, "the curves");
    }
    c->y = c->x + count;
    for (size_t i = 0; i < count; i++) {
        c->x[i] = steps == NULL ? (double)(i + 1) : steps[i];
        c->y[i] = losses[i];
    }
    log->count++;
    return HF_OK;
}

hf_status hf_log_name(hf_log *log, hf_error *err)
{
    bool one_file = true, one_column = true;
    for (size_t i = 1; i < log->count; i++) {
        one_file = one_file && strcmp(log->curve[i].file, log->curve[0].file) == 0;
        one_column = one_column && strcmp(log->curve[i].file, log->curve[i - 1].file) != 0;
    }
    for (size_t i = 0; i < log->count; i++) {
        hf_log_curve *c = &log->curve[i];
        const size_t size = strlen(c->file) + strlen(c->loss) + 3;
        free(c->name);
        c->name = malloc(size);
        if (c->name == NULL)
            return hf_fail_memory(err, "a name");
        if (one_file && log->count > 1)
            snprintf(c->name, size, "%s", c->loss);
        else if (one_column)
            snprintf(c->name, size, "%s", c->file);
        else
            snprintf(c->name, size, "%s: %s", c->file, c->loss);
    }
    return HF_OK;
}

void hf_log_clear(hf_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        clear_curve(&log->curve[i]);
    free(log->curve);
    *log = (hf_log){0};
}
