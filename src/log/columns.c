#include "log/columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- names ---- */

/* What a name of W&B's means: "run - metric". */
static const char *metric_of(const char *name)
{
    const char *found = name;
    for (const char *c = strstr(name, " - "); c != NULL; c = strstr(c + 3, " - "))
        found = c + 3;
    return found;
}

/* Behind the folders of a name: train/loss. */
static const char *last_part(const char *name)
{
    const char *metric = metric_of(name), *slash = strrchr(metric, '/');
    return slash == NULL || slash[1] == '\0' ? metric : slash + 1;
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcasecmp(name + length - tail, ending) == 0;
}

static bool holds(const char *name, const char *word)
{
    const size_t length = strlen(word);
    for (; *name != '\0'; name++)
        if (strncasecmp(name, word, length) == 0)
            return true;
    return false;
}

static bool is_companion(const char *name)
{
    return ends_in(name, "__MIN") || ends_in(name, "__MAX");
}

static bool is_among(const char *name, const char *const names[])
{
    for (size_t i = 0; names[i] != NULL; i++)
        if (strcasecmp(last_part(name), names[i]) == 0)
            return true;
    return false;
}

static const char *const clocks[] = {"wall time", "wall_time", "walltime",      "timestamp", "_timestamp",
                                     "runtime",   "_runtime",  "date",          "datetime",  "created_at",
                                     "seconds",   "elapsed",   "relative time", "relative",  NULL};
/* The earlier, the surer. */
static const char *const steps[] = {"step",       "global_step",  "_step",     "steps",    "iteration", "iterations",
                                    "iter",       "iters",        "it",        "update",   "updates",   "batch",
                                    "train_step", "trainer_step", "num_steps", "t",        "time",      "epoch",
                                    "epochs",     "tokens",       "samples",   "examples", "x",         NULL};
static const char *const losses[] = {"loss", "train_loss", "training_loss", "loss_train", NULL};
static const char *const others[] = {
    "value", "nll", "mse", "cross_entropy", "crossentropy", "ce", "objective", "cost", "energy", "error", "y", NULL};

/* ---- columns ---- */

/* Whether a column holds numbers, and no other text. */
static bool is_numeric(const hf_tsv *table, size_t column, bool *rises)
{
    size_t numbers = 0;
    double last = -INFINITY, x;
    *rises = true;
    for (size_t i = 0; i < table->rows; i++) {
        if (!hf_tsv_number(table, i, column, &x))
            return false;
        if (isnan(x))
            continue;
        *rises = *rises && x > last;
        last = x;
        numbers++;
    }
    *rises = *rises && numbers > 1;
    return numbers > 0;
}

/* The names that are there, as far as there is room. */
static const char *list_columns(const hf_tsv *table, size_t size, char *text)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < table->columns && used < size; i++)
        if (!is_companion(hf_tsv_name(table, i)))
            used += (size_t)snprintf(text + used, size - used, "%s'%.60s'", used == 0 ? "" : ", ", hf_tsv_name(table, i));
    if (used >= size)
        snprintf(text + size - 4, 4, "...");
    return text;
}

static hf_status fail_with_columns(const hf_tsv *table, hf_error *err, const char *what)
{
    char names[500];
    return hf_fail(err, HF_EUSAGE, "%.200s: %.250s; the columns are %s", table->path, what,
                   list_columns(table, sizeof names, names));
}

static void add(hf_log_columns *c, size_t column)
{
    for (size_t i = 0; i < c->loss_count; i++)
        if (c->loss[i] == column)
            return;
    c->loss[c->loss_count++] = column;
}

/* ---- what was asked for ---- */

typedef bool matcher(const char *column, const char *name);

static bool is_exactly(const char *column, const char *name)
{
    return strcmp(column, name) == 0;
}

static bool is_alike(const char *column, const char *name)
{
    return strcasecmp(column, name) == 0;
}

static bool is_metric(const char *column, const char *name)
{
    return !is_companion(column) && strcasecmp(metric_of(column), name) == 0;
}

static bool is_last_part(const char *column, const char *name)
{
    return !is_companion(column) && strcasecmp(last_part(column), name) == 0;
}

/* The columns that a name means, by the first way in which it means any; how many. */
static size_t find_named(const hf_tsv *table, const char *name, size_t *found)
{
    static matcher *const ways[] = {is_exactly, is_alike, is_metric, is_last_part};
    size_t count = 0;
    for (size_t way = 0; way < sizeof ways / sizeof ways[0] && count == 0; way++)
        for (size_t i = 0; i < table->columns; i++)
            if (ways[way](hf_tsv_name(table, i), name))
                found[count++] = i;
    return count;
}

/* Whether these are one metric of several runs. */
static bool are_runs(const hf_tsv *table, size_t count, const size_t *column)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = hf_tsv_name(table, column[i]), *metric = metric_of(name);
        if (metric == name || strcasecmp(metric, metric_of(hf_tsv_name(table, column[0]))) != 0)
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(name, hf_tsv_name(table, column[k])) == 0)
                return false;
    }
    return count > 0;
}

static hf_status choose_named(const hf_tsv *table, const char *option, const char *name, size_t *found, size_t *count,
                              hf_error *err)
{
    char what[200];
    *count = find_named(table, name, found);
    if (*count == 1 || (*count > 1 && option[2] == 'l' && are_runs(table, *count, found)))
        return HF_OK;
    snprintf(what, sizeof what,
             *count == 0 ? "%s %.100s: there is no such column" : "%s %.100s: several columns are called that", option,
             name);
    return fail_with_columns(table, err, what);
}

/* ---- guesses ---- */

/* The column that is called a step; HF_LOG_ROW: none is. */
static size_t find_step(const hf_tsv *table)
{
    bool rises;
    for (size_t k = 0; steps[k] != NULL; k++)
        for (size_t i = 0; i < table->columns; i++)
            if (strcasecmp(last_part(hf_tsv_name(table, i)), steps[k]) == 0 && is_numeric(table, i, &rises))
                return i;
    return HF_LOG_ROW;
}

static size_t guess_step(const hf_tsv *table, const hf_log_columns *c)
{
    bool rises;
    const size_t named = find_step(table);
    if (named != HF_LOG_ROW)
        return named;
    size_t rising = HF_LOG_ROW, count = 0;
    for (size_t i = 0; i < table->columns; i++) {
        bool is_loss = false;
        for (size_t k = 0; k < c->loss_count; k++)
            is_loss = is_loss || c->loss[k] == i;
        if (!is_loss && !is_companion(hf_tsv_name(table, i)) && is_numeric(table, i, &rises) && rises) {
            rising = i;
            count++;
        }
    }
    return count == 1 ? rising : HF_LOG_ROW;
}

/* Whether a column may be a loss: it holds numbers and is called neither step nor clock. */
static bool is_free(const hf_tsv *table, size_t column)
{
    const char *name = hf_tsv_name(table, column);
    bool rises;
    return !is_companion(name) && !is_among(name, clocks) && (!is_among(name, steps) || strcmp(name, "x") == 0) &&
           is_numeric(table, column, &rises);
}

/* The columns that are free and whose name is the word, or holds it. */
static size_t find_free(const hf_tsv *table, const char *word, bool inside, size_t *found)
{
    size_t count = 0;
    for (size_t i = 0; i < table->columns; i++) {
        const char *name = last_part(hf_tsv_name(table, i));
        if ((inside ? holds(metric_of(hf_tsv_name(table, i)), word) : strcasecmp(name, word) == 0) && is_free(table, i))
            found[count++] = i;
    }
    return count;
}

/* Of columns, those with train in the name; all of them where it is in none. */
static size_t keep_training(const hf_tsv *table, size_t count, size_t *found)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (holds(metric_of(hf_tsv_name(table, found[i])), "train"))
            found[kept++] = found[i];
    return kept == 0 ? count : kept;
}

/* Numbers that are neither step nor clock. Of two such columns, where none is called a step, the one that rises is the step, of
 * two that rise the first. */
static size_t find_left(const hf_tsv *table, size_t *found)
{
    size_t count = 0, rising = 0, which = 0;
    bool rises;
    for (size_t i = 0; i < table->columns; i++)
        if (is_free(table, i)) {
            found[count++] = i;
            is_numeric(table, i, &rises);
            rising += rises;
            which = rises ? count - 1 : which;
        }
    if (count == 2 && rising == 2)
        which = 0;
    if (count == 2 && rising > 0 && find_step(table) == HF_LOG_ROW) {
        found[0] = found[1 - which];
        return 1;
    }
    return count;
}

static hf_status guess_losses(const hf_tsv *table, hf_log_columns *c, size_t *found, hf_error *err)
{
    size_t count = 0;
    for (size_t k = 0; losses[k] != NULL && count == 0; k++)
        count = find_free(table, losses[k], false, found);
    if (count == 0)
        count = find_free(table, "loss", true, found);
    if (count > 1 && !are_runs(table, count, found))
        count = keep_training(table, count, found);
    for (size_t k = 0; others[k] != NULL && count == 0; k++)
        count = find_free(table, others[k], false, found);
    if (count == 0)
        count = find_left(table, found);
    if (count == 0)
        return fail_with_columns(table, err, "no column of numbers could be the loss: say which with --loss NAME");
    if (count > 1 && !are_runs(table, count, found))
        return fail_with_columns(table, err,
                                 "several columns could be the loss: say which with --loss NAME, once for each");
    for (size_t i = 0; i < count; i++)
        add(c, found[i]);
    return HF_OK;
}

/* ---- all of it ---- */

static hf_status choose(hf_log_columns *c, const hf_tsv *table, const hf_log_wish *wish, size_t *found, hf_error *err)
{
    hf_status status = HF_OK;
    size_t count;
    for (size_t k = 0; k < wish->loss_count && status == HF_OK; k++) {
        status = choose_named(table, "--loss", wish->loss[k], found, &count, err);
        for (size_t i = 0; i < count && status == HF_OK; i++)
            add(c, found[i]);
    }
    if (wish->loss_count == 0)
        status = guess_losses(table, c, found, err);
    if (status != HF_OK)
        return status;
    if (wish->step == NULL) {
        c->step = guess_step(table, c);
        return HF_OK;
    }
    status = choose_named(table, "--step", wish->step, found, &count, err);
    c->step = status == HF_OK ? found[0] : HF_LOG_ROW;
    return status;
}

hf_status hf_log_columns_choose(hf_log_columns *columns, const hf_tsv *table, const hf_log_wish *wish, hf_error *err)
{
    size_t *found = malloc(table->columns * sizeof *found);
    *columns = (hf_log_columns){.step = HF_LOG_ROW, .loss = malloc(table->columns * sizeof *columns->loss)};
    hf_status status = HF_OK;
    if (found == NULL || columns->loss == NULL)
        status = hf_fail_memory(err, "the columns");
    else
        status = choose(columns, table, wish, found, err);
    free(found);
    if (status != HF_OK)
        hf_log_columns_clear(columns);
    return status;
}

void hf_log_columns_clear(hf_log_columns *columns)
{
    free(columns->loss);
    *columns = (hf_log_columns){.step = HF_LOG_ROW};
}
