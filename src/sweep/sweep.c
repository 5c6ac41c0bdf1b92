#include "sweep/sweep.h"

#include "config/stored.h"
#include "config/axes.h"
#include "config/keys.h"
#include "core/path.h"
#include "core/text.h"
#include "core/commit.h"
#include "core/file.h"
#include "core/hash.h"
#include "run/layout.h"
#include "sweep/report.h"

#include <stdlib.h>
#include <string.h>

/* ---- state tables ---- */

typedef hf_status visit_state(void *data, const char *path, size_t i, hf_error *err);

/* Calls visit for every state table that is swept, with its path. */
static hf_status for_swept_states(const hf_config *config, visit_state *visit, void *data, hf_error *err)
{
    hf_status status = HF_OK;
    for (size_t a = 0; a < config->sweep.over.count; a++) {
        const hf_axis *axis = &config->sweep.over.at[a];
        for (size_t i = 0; i < axis->values.count && hf_keys_find(axis->key)->kind == HF_KIND_PATH; i++) {
            char *path = hf_config_resolve(config, axis->values.at[i]);
            status = path == NULL ? hf_fail_memory(err, "a file name") : visit(data, path, i, err);
            free(path);
            if (status != HF_OK)
                return status;
        }
    }
    return status;
}

static hf_status hash_state(void *data, const char *path, size_t i, hf_error *err)
{
    hf_fault fault;
    char *text;
    (void)i;
    const hf_status status = hf_text_load(path, &text, &fault);
    if (status != HF_OK)
        return hf_fail(err, status, "%s: %s", path, fault.text);
    hf_hash_bytes(data, text, strlen(text));
    free(text);
    return HF_OK;
}

static hf_status copy_state(void *data, const char *path, size_t i, hf_error *err)
{
    char name[40];
    hf_tasks_state_name(i, name);
    char *copy = hf_path_join(data, name);
    const hf_status status = copy == NULL ? hf_fail_memory(err, "a file name") : hf_file_copy(path, copy, err);
    free(copy);
    return status;
}

static hf_status copy_states(const hf_config *config, char *directory, hf_error *err)
{
    const hf_status status = hf_stored_copy_tables(config, directory, err);
    return status == HF_OK ? for_swept_states(config, copy_state, directory, err) : status;
}

/* ---- freezing ---- */

static bool holds(const hf_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i], text) == 0)
            return true;
    return false;
}

static bool holds_all(const hf_strings *list, const hf_strings *some)
{
    for (size_t i = 0; i < some->count; i++)
        if (!holds(list, some->at[i]))
            return false;
    return true;
}

static bool same_report(const hf_config *config, const hf_sweep *old)
{
    bool same = config->sweep.report.count == old->asked_count;
    for (size_t i = 0; i < old->asked_count && same; i++)
        same = strcmp(config->sweep.report.at[i], old->report[i].name) == 0;
    return same;
}

static hf_status hash_of(const hf_config *config, uint64_t *hash, hf_error *err)
{
    const hf_status status = hf_config_hash_sweep(config, hash, err);
    return status == HF_OK ? for_swept_states(config, hash_state, hash, err) : status;
}

/* Whether the sweep in directory has the same model and keys, and only tasks that the new one has, too. */
static hf_status check_grown(const hf_config *config, const char *directory, bool *grown, hf_error *err)
{
    hf_sweep old;
    hf_status status = hf_sweep_open(&old, directory, err);
    *grown = false;
    if (status != HF_OK)
        return status;
    uint64_t model = 0;
    status = hf_config_hash_model(config, &model, err);
    const hf_axes *a = &config->sweep.over, *b = &old.config.sweep.over;
    bool same = status == HF_OK && model == old.model_hash && a->count == b->count &&
                config->sweep.zip == old.config.sweep.zip && config->sweep.seeds >= old.config.sweep.seeds &&
                same_report(config, &old);
    for (size_t i = 0; i < a->count && same; i++)
        same = strcmp(a->at[i].key, b->at[i].key) == 0 && holds_all(&a->at[i].values, &b->at[i].values);
    *grown = same;
    hf_sweep_close(&old);
    return status;
}

/* Refuses a folder that holds the tasks of another sweep, unless it is to grow to this one and can. */
static hf_status check_old(const hf_config *config, const char *directory, uint64_t hash, bool grow, hf_error *err)
{
    hf_tasks old;
    bool grown;
    if (!hf_file_exists_in(directory, "tasks.tsv"))
        return HF_OK;
    hf_status status = hf_tasks_read(&old, directory, err);
    if (status != HF_OK)
        return status;
    const bool same = old.hash == hash;
    hf_tasks_clear(&old);
    if (!same)
        status = check_grown(config, directory, &grown, err);
    if (same || status != HF_OK || (grown && grow))
        return status;
    return hf_fail(err, HF_EUSAGE,
                   grown
                       ? "%s: holds a part of this sweep; --resume adds the new values and seeds to it"
                       : "%s: holds another sweep (the model, its state table, the swept values or the report have changed "
                         "since); choose another folder with -o, or remove this one",
                   directory);
}

static hf_status write_model(const char *directory, const char *name, const hf_config *config,
                             bool (*print)(const hf_config *, const char *, FILE *), hf_error *err)
{
    hf_file file;
    char *path = hf_path_join(directory, name);
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_file_open(&file, path, err);
    if (status == HF_OK) {
        print(config, "init.tsv", file.stream); /* a failure shows at the commit */
        status = hf_file_commit(&file, err);
    }
    free(path);
    return status;
}

/* Reads the model with value i of axis number a and of those that go along with it, all where they are zipped, and the
 * first value of the others. */
static hf_status try_value(const hf_config *config, const char *model, size_t a, size_t i, hf_error *err)
{
    const hf_axes *over = &config->sweep.over;
    hf_error why;
    hf_config tried;
    char **overrides = calloc(over->count, sizeof *overrides);
    hf_status status = overrides == NULL ? hf_fail_memory(err, "the tasks") : HF_OK;
    for (size_t k = 0, leader = 0; k < over->count && status == HF_OK; k++) {
        leader = over->at[k].goes_along ? leader : k;
        overrides[k] = hf_tasks_override(config, k, leader == a || config->sweep.zip ? i : 0);
        if (overrides[k] == NULL)
            status = hf_fail_memory(err, "the tasks");
    }
    if (status == HF_OK)
        status = hf_config_read(&tried, model, over->count, (const char *const *)overrides, &why);
    if (status == HF_OK)
        hf_config_clear(&tried);
    else if (overrides != NULL && overrides[over->count - 1] != NULL && status != HF_EUSAGE)
        status = hf_fail(err, status, "%s", why.message); /* of the system, not of the value */
    else if (overrides != NULL && overrides[over->count - 1] != NULL)
        status = hf_config_reject(config, err, "sweep.over", "%.200s cannot be: %.600s", overrides[a], why.message);
    for (size_t k = 0; k < over->count && overrides != NULL; k++)
        free(overrides[k]);
    free(overrides);
    return status;
}

/* Tries every value by itself, or a thousand of them: a value that no model can have is found before anything runs. What
 * only certain combinations make impossible shows as failed tasks. */
static hf_status try_values(const hf_config *config, const char *directory, hf_error *err)
{
    const size_t most = 1000;
    const hf_axes *over = &config->sweep.over;
    char *model = hf_path_join(directory, "model.conf");
    hf_status status = model == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    for (size_t a = 0; a < over->count && status == HF_OK; a++) {
        if (over->at[a].goes_along)
            continue;
        const size_t count = over->at[a].values.count, tries = count < most ? count : most;
        for (size_t k = 0; k < tries && status == HF_OK; k++)
            status = try_value(config, model, a, tries == 1 ? 0 : k * (count - 1) / (tries - 1), err);
    }
    free(model);
    return status;
}

/* Everything that makes a sweep, in DIR/unfinished. */
static hf_status write_all(const hf_config *config, uint64_t hash, char *work, hf_error *err)
{
    hf_status status = hf_directory_make(work, err);
    if (status == HF_OK)
        status = copy_states(config, work, err);
    if (status == HF_OK)
        status = write_model(work, "model.conf", config, hf_config_print_given, err);
    if (status == HF_OK)
        status = try_values(config, work, err);
    if (status == HF_OK)
        status = write_model(work, "sweep.conf", config, hf_config_print, err);
    return status == HF_OK ? hf_tasks_write(config, hash, work, err) : status;
}

/* A folder in which a run is, or is being made, is no place for a sweep. */
static hf_status check_for_run(const char *directory, hf_error *err)
{
    static const char *const marks[] = {"flow/final.tsv", "train/summary.tsv", HF_COMMIT_WORK "/" HF_LAYOUT_SINCE};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (hf_file_exists_in(directory, marks[i]))
            return hf_fail(err, HF_EUSAGE, "%s: holds a run (%s); choose another folder with -o", directory, marks[i]);
    return HF_OK;
}

hf_status hf_sweep_freeze(const hf_config *config, const char *directory, bool grow, hf_error *err)
{
    uint64_t hash;
    char *work = hf_path_join(directory, HF_COMMIT_WORK), *parts = hf_path_join(directory, "parts");
    hf_status status = work == NULL || parts == NULL ? hf_fail_memory(err, "a file name") : hash_of(config, &hash, err);
    if (status == HF_OK)
        status = check_for_run(directory, err);
    if (status == HF_OK)
        status = hf_commit_recover(directory, err);
    if (status == HF_OK)
        status = check_old(config, directory, hash, grow, err);
    if (status == HF_OK)
        status = hf_directory_make(parts, err);
    if (status == HF_OK)
        status = hf_layout_clean(directory, HF_LAYOUT_TASKS, err);
    if (status == HF_OK)
        status = write_all(config, hash, work, err);
    if (status == HF_OK)
        status = hf_layout_publish(directory, HF_LAYOUT_TASKS, 0, err);
    free(work);
    free(parts);
    return status;
}

/* ---- opening ---- */

/* The columns of tasks.tsv and the sections of sweep.conf must belong together. */
static hf_status check_columns(const hf_sweep *sweep, hf_error *err)
{
    const hf_config *config = &sweep->config;
    const char *seed_keys[2];
    const size_t swept = config->sweep.over.count, seeds = hf_tasks_seed_keys(config, seed_keys);
    bool same = config->declared.sweep && sweep->tasks.columns == swept + seeds &&
                sweep->tasks.count == hf_axes_points(config) * config->sweep.seeds;
    for (size_t i = 0; i < swept && same; i++)
        same = strcmp(sweep->tasks.name[i], config->sweep.over.at[i].key) == 0;
    for (size_t i = 0; i < seeds && same; i++)
        same = strcmp(sweep->tasks.name[swept + i], seed_keys[i]) == 0;
    return same ? HF_OK
                : hf_fail(err, HF_EUSAGE,
                          "%s: sweep.conf does not belong to tasks.tsv; freeze the sweep again in a new folder",
                          sweep->directory);
}

static hf_status open_report(hf_sweep *sweep, hf_error *err)
{
    const hf_strings *names = &sweep->config.sweep.report;
    hf_status status = hf_report_settle(&sweep->config, err);
    if (status != HF_OK)
        return status;
    sweep->asked_count = sweep->censored = names->count;
    sweep->report = calloc(names->count + 1, sizeof *sweep->report);
    if (sweep->report == NULL)
        return hf_fail_memory(err, "the report");
    for (size_t i = 0; i <= names->count; i++) {
        sweep->report[i] = hf_quantity_of(i < names->count ? names->at[i] : hf_quantity_censored);
        if (sweep->report[i].kind->needs_end && i < sweep->censored)
            sweep->censored = i; /* asked for by name */
    }
    sweep->report_count = sweep->censored < names->count ? names->count : names->count + 1;
    return HF_OK;
}

static int by_id(const void *a, const void *b)
{
    const hf_sweep_task_id *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : (x->task > y->task) - (x->task < y->task);
}

/* What a swept state table holds counts, not its name. Without its table a task is another one, and fails alone. */
static hf_status add_cell(uint64_t *id, const hf_sweep *sweep, size_t column, const char *cell, hf_error *err)
{
    const char *name = sweep->tasks.name[column];
    hf_hash_bytes(id, name, strlen(name) + 1);
    if (hf_keys_find(name)->kind != HF_KIND_PATH) {
        hf_hash_bytes(id, cell, strlen(cell) + 1);
        return HF_OK;
    }
    char *path = hf_tasks_state_path(sweep->directory, cell);
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    hf_status status = HF_OK;
    if (hf_file_exists(path))
        status = hash_state(id, path, 0, err);
    else
        hf_hash_bytes(id, cell, strlen(cell) + 1);
    free(path);
    return status;
}

/* Tasks by what they are: the model and what they override in it. */
static hf_status identify(hf_sweep *sweep, hf_error *err)
{
    const hf_tasks *tasks = &sweep->tasks;
    sweep->ids = calloc(tasks->count, sizeof *sweep->ids);
    sweep->id = calloc(tasks->count, sizeof *sweep->id);
    if (sweep->ids == NULL || sweep->id == NULL)
        return hf_fail_memory(err, "the tasks");
    hf_config model; /* as it was given */
    hf_status status = hf_config_read(&model, sweep->model, 0, NULL, err);
    if (status != HF_OK)
        return status;
    status = hf_config_hash_model(&model, &sweep->model_hash, err);
    hf_config_clear(&model);
    for (size_t i = 0; i < tasks->count && status == HF_OK; i++) {
        sweep->id[i] = sweep->model_hash;
        for (size_t c = 0; c < tasks->columns && status == HF_OK; c++)
            status = add_cell(&sweep->id[i], sweep, c, tasks->cell[i * tasks->columns + c], err);
        sweep->ids[i] = (hf_sweep_task_id){sweep->id[i], i};
    }
    if (status == HF_OK)
        qsort(sweep->ids, tasks->count, sizeof *sweep->ids, by_id);
    return status;
}

hf_status hf_sweep_open(hf_sweep *sweep, const char *directory, hf_error *err)
{
    *sweep = (hf_sweep){.directory = strdup(directory), .model = hf_path_join(directory, "model.conf")};
    char *conf = hf_path_join(directory, "sweep.conf");
    hf_status status = HF_OK;
    if (sweep->directory == NULL || sweep->model == NULL || conf == NULL)
        status = hf_fail_memory(err, "a file name");
    if (status == HF_OK)
        status = hf_tasks_read(&sweep->tasks, directory, err);
    if (status == HF_OK)
        status = hf_config_read(&sweep->config, conf, 0, NULL, err);
    if (status == HF_OK)
        status = check_columns(sweep, err);
    if (status == HF_OK)
        status = open_report(sweep, err);
    if (status == HF_OK)
        status = identify(sweep, err);
    free(conf);
    if (status != HF_OK)
        hf_sweep_close(sweep);
    return status;
}

void hf_sweep_close(hf_sweep *sweep)
{
    hf_tasks_clear(&sweep->tasks);
    hf_config_clear(&sweep->config);
    free(sweep->directory);
    free(sweep->model);
    free(sweep->report);
    free(sweep->ids);
    free(sweep->id);
    *sweep = (hf_sweep){0};
}
