#include "sweep/tasks.h"

#include "config/axes.h"
#include "config/keys.h"
#include "config/value.h"
#include "core/hash.h"
#include "core/path.h"
#include "core/text.h"
#include "core/tsv.h"
#include "report/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

size_t hf_tasks_seed_keys(const hf_config *config, const char *keys[2])
{
    size_t count = 0;
    for (size_t i = 0; i < config->sweep.over.count; i++) {
        const char *key = config->sweep.over.at[i].key;
        if (strcmp(key, "init.seed") == 0 || strcmp(key, "train.seed") == 0)
            return 0;
    }
    if (!hf_config_reads_tokens(config)) /* nothing of them starts from that seed */
        keys[count++] = "init.seed";
    if (config->declared.train)
        keys[count++] = "train.seed";
    return count;
}

void hf_tasks_state_name(size_t i, char name[40])
{
    snprintf(name, 40, "state-%zu.tsv", i + 1);
}

/* A seed of run number run, as -s takes it; to be freed. */
static char *seed_text(const hf_config *config, const char *path, size_t run)
{
    const hf_key *key = hf_keys_find(path);
    const uint64_t seed = *(const uint64_t *)hf_keys_value(key, config) + run;
    return hf_value_text(key, &seed);
}

typedef struct {
    const hf_config *config;
    size_t task, point, run; /* its number from 1; from 0 */
    bool *good;              /* becomes false where memory runs out */
} task_row;

static void name_point(hf_table *table, const void *row)
{
    const hf_axes *over = &((const task_row *)row)->config->sweep.over;
    for (size_t i = 0; i < over->count; i++)
        hf_table_text(table, "%s", over->at[i].key);
}

static void write_path(hf_table *table, size_t i)
{
    char name[40];
    hf_tasks_state_name(i, name);
    hf_table_text(table, "%s", ""); /* the tab */
    hf_text_quote(name, table->file.stream);
}

static void write_point(hf_table *table, const void *row)
{
    const task_row *r = row;
    const hf_axes *over = &r->config->sweep.over;
    for (size_t i = 0; i < over->count; i++) {
        const size_t value = hf_axes_index(r->config, i, r->point);
        if (hf_keys_find(over->at[i].key)->kind == HF_KIND_PATH)
            write_path(table, value);
        else
            hf_table_cell(table, over->at[i].values.at[value]);
    }
}

static void name_seeds(hf_table *table, const void *row)
{
    const char *keys[2];
    const size_t count = hf_tasks_seed_keys(((const task_row *)row)->config, keys);
    for (size_t i = 0; i < count; i++)
        hf_table_text(table, "%s", keys[i]);
}

static void write_seeds(hf_table *table, const void *row)
{
    const task_row *r = row;
    const char *keys[2];
    const size_t count = hf_tasks_seed_keys(r->config, keys);
    for (size_t i = 0; i < count; i++) {
        char *text = seed_text(r->config, keys[i], r->run);
        hf_table_cell(table, text == NULL ? "" : text);
        *r->good = *r->good && text != NULL;
        free(text);
    }
}

static const hf_column_group point = {name_point, write_point}, seeds = {name_seeds, write_seeds};

static const hf_column columns[] = {
    HF_COLUMN(task_row, task, "", "its number"),
    HF_COLUMN_GROUP(&point, "<key>", "", "one that is swept, or goes along with such a one; its value as -s takes it"),
    HF_COLUMN_GROUP(&seeds, "init.seed", "", "unless it is swept, or a Markov chain is learned"),
    HF_COLUMN_LIKE("train.seed", "", "where the model trains"),
};
static const hf_table_kind tasks_table = {
    "tasks.tsv", "Of a sweep: a row for every task. The last line is a comment with a checksum.", HF_COLUMNS(columns)};

const hf_table_kind *const hf_tasks_tables[] = {&tasks_table, NULL};

/* Everything between the comments. False: no memory. */
static bool write_rows(const hf_config *config, FILE *stream)
{
    hf_table table = {.file = {.stream = stream}};
    const size_t points = hf_axes_points(config);
    bool good = true;
    hf_table_head(&table, &tasks_table, &(task_row){.config = config});
    for (size_t p = 0; p < points; p++)
        for (size_t run = 0; run < config->sweep.seeds; run++) {
            const task_row row = {config, p * config->sweep.seeds + run + 1, p, run, &good};
            hf_table_line(&table, &tasks_table, &row);
        }
    return good;
}

hf_status hf_tasks_write(const hf_config *config, uint64_t hash, const char *directory, hf_error *err)
{
    const hf_table_origin origin = {.title = config->title, .hash = hash, .seed = config->init.seed};
    char *rows = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&rows, &size);
    const bool good = stream != NULL && write_rows(config, stream) && !ferror(stream);
    hf_table table;
    hf_status status = HF_OK;
    if ((stream != NULL && fclose(stream) != 0) || !good || rows == NULL)
        status = hf_fail_memory(err, "the tasks");
    if (status == HF_OK)
        status = hf_table_open(&table, directory, tasks_table.name, &origin, err);
    if (status == HF_OK) {
        fwrite(rows, 1, size, table.file.stream);
        hf_table_comment(&table, "checksum %016" PRIx64, hf_hash_text(rows, size));
        status = hf_file_commit(&table.file, err);
    }
    free(rows);
    return status;
}

/* ---- reading ---- */

typedef struct {
    hf_tasks *tasks;
    const char *path;
    size_t line; /* from 1 */
    hf_error *err;
} reader;

static hf_status damaged(const reader *r, const char *what)
{
    return hf_fail(r->err, HF_EUSAGE,
                   "%s:%zu: %s; the file is damaged or was edited, freeze the sweep again in a new folder", r->path,
                   r->line, what);
}

static hf_status read_origin(reader *r, char **text)
{
    const char *const line = (hf_tsv_cut_line(text), hf_tsv_cut_line(text)); /* the second of two comments */
    r->line = 2;
    return line != NULL && hf_table_read_hash(line, &r->tasks->hash) ? HF_OK
                                                                     : damaged(r, "expected the hash of the configuration");
}

static hf_status check_sum(reader *r, char *rows)
{
    static const char mark[] = "\n# checksum ";
    char *last = NULL, *end;
    for (char *at = rows; (at = strstr(at, mark)) != NULL; at++)
        last = at;
    for (const char *at = rows; *at != '\0' && at != last; at++)
        r->line += *at == '\n';
    if (last == NULL)
        return damaged(r, "the last line, with a checksum, is missing");
    const uint64_t sum = strtoull(last + strlen(mark), &end, 16);
    last[1] = '\0';
    return *end == '\n' && end[1] == '\0' && sum == hf_hash_text(rows, strlen(rows)) ? HF_OK
                                                                                     : damaged(r, "the checksum is wrong");
}

static size_t count_characters(const char *text, char wanted)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == wanted;
    return count;
}

static hf_status read_names(reader *r, char *line)
{
    hf_tasks *tasks = r->tasks;
    tasks->columns = count_characters(line, '\t');
    tasks->name = calloc(tasks->columns + 1, sizeof *tasks->name);
    if (tasks->name == NULL)
        return hf_fail_memory(r->err, "the tasks");
    if (strcmp(hf_tsv_cut_field(&line), "task") != 0)
        return damaged(r, "expected the column task");
    for (size_t i = 0; i < tasks->columns; i++) {
        tasks->name[i] = hf_tsv_cut_field(&line);
        if (hf_keys_find(tasks->name[i]) == NULL)
            return damaged(r, "a column is no key of a model file");
    }
    return HF_OK;
}

static hf_status read_row(reader *r, size_t task, char *line)
{
    hf_tasks *tasks = r->tasks;
    const char *number = hf_tsv_cut_field(&line);
    char *end;
    if (strtoull(number, &end, 10) != task + 1 || *end != '\0')
        return damaged(r, "tasks are not numbered 1, 2, 3, ...");
    for (size_t i = 0; i < tasks->columns; i++) {
        tasks->cell[task * tasks->columns + i] = hf_tsv_cut_field(&line);
        if (tasks->cell[task * tasks->columns + i] == NULL)
            return damaged(r, "a value is missing");
    }
    return line == NULL ? HF_OK : damaged(r, "there are more values than columns");
}

static hf_status read_tasks(reader *r)
{
    hf_tasks *tasks = r->tasks;
    char *text = tasks->text, *line;
    hf_status status = read_origin(r, &text);
    if (status == HF_OK)
        status = check_sum(r, text);
    if (status != HF_OK)
        return status;
    r->line = 3;
    const size_t lines = count_characters(text, '\n');
    if (lines < 2 || lines - 1 > HF_TASKS_MAX)
        return damaged(r, "expected from 1 to 1000000 tasks");
    tasks->count = lines - 1;
    status = read_names(r, hf_tsv_cut_line(&text));
    if (status != HF_OK)
        return status;
    tasks->cell = calloc(tasks->count * tasks->columns + 1, sizeof *tasks->cell);
    if (tasks->cell == NULL)
        return hf_fail_memory(r->err, "the tasks");
    for (size_t i = 0; i < tasks->count && status == HF_OK; i++) {
        r->line++;
        line = hf_tsv_cut_line(&text);
        status = read_row(r, i, line);
    }
    return status;
}

hf_status hf_tasks_read(hf_tasks *tasks, const char *directory, hf_error *err)
{
    *tasks = (hf_tasks){0};
    char *path = hf_path_join(directory, "tasks.tsv");
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    reader r = {.tasks = tasks, .path = path, .err = err};
    hf_fault fault;
    hf_status status = hf_text_load(path, &tasks->text, &fault);
    const bool absent = !hf_file_exists(path);
    if (status == HF_EUSAGE && absent)
        hf_fail(err, status, "%s: %s; a sweep starts with headflow sweep MODEL -o %s", path, fault.text, directory);
    else if (status != HF_OK)
        status = hf_fail(err, fault.line > 0 ? HF_EUSAGE : HF_ESYSTEM, "%s: %s", path, fault.text);
    else
        status = read_tasks(&r);
    free(path);
    if (status != HF_OK)
        hf_tasks_clear(tasks);
    return status;
}

void hf_tasks_clear(hf_tasks *tasks)
{
    free(tasks->name);
    free(tasks->cell);
    free(tasks->text);
    *tasks = (hf_tasks){0};
}

/* ---- overrides ---- */

static char *join(const char *key, const char *value)
{
    const size_t size = strlen(key) + strlen(value) + 2;
    char *override = malloc(size);
    if (override != NULL)
        snprintf(override, size, "%s=%s", key, value);
    return override;
}

char *hf_tasks_override(const hf_config *config, size_t a, size_t i)
{
    const hf_axis *axis = &config->sweep.over.at[a];
    if (hf_keys_find(axis->key)->kind != HF_KIND_PATH)
        return join(axis->key, axis->values.at[i]);
    char *path = hf_config_resolve(config, axis->values.at[i]);
    char *override = path == NULL ? NULL : join(axis->key, path);
    free(path);
    return override;
}

char *hf_tasks_seed_override(const hf_config *config, const char *path, size_t run)
{
    char *text = seed_text(config, path, run);
    char *override = text == NULL ? NULL : join(path, text);
    free(text);
    return override;
}

/* The cell of a state table's name stands in quotes. */
static int put_path(char *at, size_t size, const char *directory, const char *cell)
{
    const size_t quotes = cell[0] == '"';
    return snprintf(at, size, "%s/%.*s", directory, (int)(strlen(cell) - quotes * 2), cell + quotes);
}

char *hf_tasks_state_path(const char *directory, const char *cell)
{
    const size_t size = strlen(directory) + strlen(cell) + sizeof "/";
    char *path = malloc(size);
    if (path != NULL)
        put_path(path, size, directory, cell);
    return path;
}

char **hf_tasks_overrides(const hf_tasks *tasks, size_t i, const char *directory)
{
    const char *const *cell = tasks->cell + i * tasks->columns;
    const size_t pointers = (tasks->columns + 1) * sizeof(char *);
    size_t size = pointers;
    for (size_t c = 0; c < tasks->columns; c++)
        size += strlen(tasks->name[c]) + strlen(directory) + strlen(cell[c]) + sizeof "=/";
    char **overrides = malloc(size);
    if (overrides == NULL)
        return NULL;
    char *at = (char *)overrides + pointers, *end = (char *)overrides + size;
    for (size_t c = 0; c < tasks->columns; c++) {
        const bool is_path = hf_keys_find(tasks->name[c])->kind == HF_KIND_PATH;
        overrides[c] = at;
        at += snprintf(at, (size_t)(end - at), "%s=", tasks->name[c]);
        at += is_path ? put_path(at, (size_t)(end - at), directory, cell[c])
                      : snprintf(at, (size_t)(end - at), "%s", cell[c]);
        at++;
    }
    overrides[tasks->columns] = NULL;
    return overrides;
}
