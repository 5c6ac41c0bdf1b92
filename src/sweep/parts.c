#include "sweep/parts.h"

#include "core/decimal.h"
#include "core/path.h"
#include "core/text.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/tsv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SYNC_SECONDS 2
#define NUMBER_TEXT  32

static int is_part(const struct dirent *entry)
{
    const size_t digits = strspn(entry->d_name, "0123456789");
    return digits > 0 && strcmp(entry->d_name + digits, ".tsv") == 0;
}

static unsigned long number_of(const struct dirent *entry)
{
    return strtoul(entry->d_name, NULL, 10);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
    const unsigned long x = number_of(*a), y = number_of(*b);
    return (x > y) - (x < y);
}

/* The parts of a sweep in order of their numbers. Free with free_entries. */
static hf_status list_parts(const hf_sweep *sweep, char **folder, struct dirent ***entries, int *count, hf_error *err)
{
    *folder = hf_path_join(sweep->directory, "parts");
    if (*folder == NULL)
        return hf_fail_memory(err, "a file name");
    *count = scandir(*folder, entries, is_part, by_number);
    if (*count >= 0)
        return HF_OK;
    const hf_status status = hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", *folder, strerror(errno));
    free(*folder);
    return status;
}

static void free_entries(struct dirent **entries, int count, char *folder)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    free(folder);
}

/* ---- writing ---- */

static hf_status write_failure(const hf_part *part, hf_error *err)
{
    return hf_fail(err, HF_ESYSTEM, "%s: cannot be written: %s", part->path, strerror(errno));
}

/* One write, so that lines of a killed process are whole but for the last. */
static hf_status write_text(const hf_part *part, const char *text, size_t size, hf_error *err)
{
    while (size > 0) {
        const ssize_t written = write(part->file, text, size);
        if (written < 0 && errno != EINTR)
            return write_failure(part, err);
        text += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return HF_OK;
}

/* "task code seconds <quantities> reason id checksum" */
static hf_status write_header(const hf_part *part, hf_error *err)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return hf_fail_memory(err, "a result");
    fprintf(stream, "# results of tasks of the model %016" PRIx64 "\ntask\tcode\tseconds", part->sweep->model_hash);
    for (size_t i = 0; i < part->sweep->report_count; i++)
        fprintf(stream, "\t%s", part->sweep->report[i].name);
    fputs("\treason\tid\tchecksum\n", stream);
    hf_status status = fclose(stream) == 0 && text != NULL ? HF_OK : hf_fail_memory(err, "a result");
    if (status == HF_OK)
        status = write_text(part, text, size, err);
    free(text);
    return status;
}

/* Takes the first number that is free, also for processes on other machines. */
static hf_status start_part(hf_part *part, hf_error *err)
{
    struct dirent **entries;
    char *folder;
    int count = 0;
    hf_status status = list_parts(part->sweep, &folder, &entries, &count, err);
    if (status != HF_OK)
        return status;
    unsigned long number = count == 0 ? 1 : number_of(entries[count - 1]) + 1;
    const size_t size = strlen(folder) + NUMBER_TEXT;
    part->path = malloc(size);
    do {
        if (part->path != NULL)
            snprintf(part->path, size, "%s/%05lu.tsv", folder, number++);
        part->file = part->path == NULL ? -1 : open(part->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0666);
    } while (part->path != NULL && part->file < 0 && (errno == EEXIST || errno == EINTR));
    free_entries(entries, count, folder);
    if (part->path == NULL)
        return hf_fail_memory(err, "a file name");
    if (part->file >= 0)
        return write_header(part, err);
    status = write_failure(part, err);
    free(part->path);
    part->path = NULL;
    return status;
}

/* What a reason must not hold in a table, and what would differ between two folders. */
static void clean_reason(const hf_sweep *sweep, const char *message, char *reason, size_t size)
{
    const size_t length = strlen(sweep->directory);
    size_t used = 0;
    while (*message != '\0' && used + 1 < size) {
        if (strncmp(message, sweep->directory, length) == 0 && message[length] == '/')
            message += length + 1;
        else {
            const size_t bytes = hf_text_printable(message);
            const bool is_control = (unsigned char)*message < ' ' || *message == 127;
            char piece[8];
            if (bytes == 0 || *message == '#') /* a # would begin a comment */
                snprintf(piece, sizeof piece, is_control ? " " : "\\x%02x", (unsigned)(unsigned char)*message);
            else
                snprintf(piece, sizeof piece, "%.*s", (int)bytes, message);
            if (used + strlen(piece) >= size)
                break;
            memcpy(reason + used, piece, strlen(piece));
            used += strlen(piece);
            message += bytes == 0 ? 1 : bytes;
        }
    }
    reason[used] = '\0';
}

static hf_status append_line(hf_part *part, char *line, size_t size, size_t task, double seconds, const double *values,
                             char *const *texts, const hf_error *failure, hf_error *err)
{
    char reason[sizeof failure->message] = "nan";
    if (failure != NULL)
        clean_reason(part->sweep, failure->message, reason, sizeof reason);
    size_t used =
        (size_t)snprintf(line, size, "%zu\t%d\t%.3f", task + 1, failure == NULL ? 0 : (int)failure->status, seconds);
    for (size_t i = 0; i < part->sweep->report_count; i++) {
        const double value = failure == NULL ? values[i] : NAN;
        const char *text = failure == NULL && texts != NULL ? texts[i] : NULL;
        line[used++] = '\t';
        used += text != NULL ? (size_t)snprintf(line + used, size - used, "%s", text) : hf_decimal(value, line + used);
    }
    used += (size_t)snprintf(line + used, size - used, "\t%s\t%016" PRIx64 "\t", reason, part->sweep->id[task]);
    used += (size_t)snprintf(line + used, size - used, "%016" PRIx64 "\n", hf_hash_text(line, used));
    return write_text(part, line, used, err);
}

static hf_status sync_part(hf_part *part, hf_error *err)
{
    part->synced = time(NULL);
    return fsync(part->file) == 0 || errno == EINVAL || errno == EROFS ? HF_OK : write_failure(part, err);
}

hf_status hf_part_append(hf_part *part, size_t task, double seconds, const double *values, char *const *texts,
                         const hf_error *failure, hf_error *err)
{
    size_t size = sizeof failure->message + (part->sweep->report_count + 5) * NUMBER_TEXT;
    for (size_t i = 0; i < part->sweep->report_count && texts != NULL; i++)
        size += texts[i] == NULL ? 0 : strlen(texts[i]);
    hf_status status = part->path == NULL ? start_part(part, err) : HF_OK;
    if (status != HF_OK)
        return status;
    char *line = malloc(size);
    if (line == NULL)
        return hf_fail_memory(err, "a result");
    status = append_line(part, line, size, task, seconds, values, texts, failure, err);
    free(line);
    if (status == HF_OK && time(NULL) >= part->synced + SYNC_SECONDS)
        status = sync_part(part, err);
    return status;
}

hf_status hf_part_close(hf_part *part, hf_error *err)
{
    if (part->path == NULL)
        return HF_OK;
    hf_status status = sync_part(part, err);
    if (close(part->file) != 0 && status == HF_OK)
        status = write_failure(part, err);
    free(part->path);
    part->path = NULL;
    return status;
}

/* ---- reading ---- */

typedef struct {
    hf_results *results;
    const hf_sweep *sweep;
    const char *path;
    size_t line;    /* from 1 */
    size_t fields;  /* of the quantities, how many this part has */
    bool has_ids;   /* older parts do not, and belong to one sweep by its tasks' numbers */
    double *values; /* (width) of the present line */
    char **texts;   /* (width) likewise, in it */
    hf_error *err;
} reader;

static hf_status damaged(const reader *r, const char *what)
{
    return hf_fail(r->err, HF_EUSAGE, "%s:%zu: %s; remove this file, and headflow sweep runs its tasks again", r->path,
                   r->line, what);
}

static hf_status check_header(reader *r, char *line)
{
    static const char *const leading[] = {"task", "code", "seconds"};
    const size_t before = sizeof leading / sizeof *leading;
    bool same = true;
    r->fields = r->sweep->report_count;
    for (size_t i = 0; i < before + r->fields && same; i++) {
        const bool is_older = i == before + r->sweep->asked_count && line != NULL && strncmp(line, "reason\t", 7) == 0;
        if (is_older) { /* of a version that did not ask whether runs are censored */
            r->fields = r->sweep->asked_count;
            break;
        }
        const char *field = hf_tsv_cut_field(&line);
        same = field != NULL && strcmp(field, i < before ? leading[i] : r->sweep->report[i - before].name) == 0;
    }
    same = same && line != NULL && strcmp(line, r->has_ids ? "reason\tid\tchecksum" : "reason\tchecksum") == 0;
    return same ? HF_OK : damaged(r, "expected the columns of this sweep");
}

/* Cuts the checksum off a line and compares it. */
static bool sum_is_right(char *line)
{
    char *tab = strrchr(line, '\t'), *end;
    if (tab == NULL)
        return false;
    const uint64_t sum = strtoull(tab + 1, &end, 16);
    const bool right = end > tab + 1 && *end == '\0' && sum == hf_hash_text(line, (size_t)(tab + 1 - line));
    *tab = '\0';
    return right;
}

/* A text that is no number, or nan. */
static bool parse_text(char **line, char **text)
{
    *text = hf_tsv_cut_field(line);
    return *text != NULL && **text != '\0';
}

static bool parse_real(char **line, double *value)
{
    char *field = hf_tsv_cut_field(line), *end;
    if (field == NULL || *field == '\0')
        return false;
    *value = strtod(field, &end);
    return *end == '\0';
}

/* Puts a result in its place, if it is better than what is there. */
static hf_status keep(reader *r, size_t i, int code, double seconds, const char *reason)
{
    hf_results *results = r->results;
    hf_sweep_task_result *task = &results->task[i];
    if (task->state == HF_SWEEP_TASK_OK)
        return HF_OK;
    results->failed -= task->state == HF_SWEEP_TASK_FAILED;
    free(task->reason);
    *task = (hf_sweep_task_result){
        .state = code == 0 ? HF_SWEEP_TASK_OK : HF_SWEEP_TASK_FAILED, .code = code, .seconds = seconds};
    results->done += code == 0;
    results->failed += code != 0;
    memcpy(&results->value[i * results->width], r->values, results->width * sizeof *r->values);
    task->reason = code == 0 ? NULL : strdup(reason);
    bool good = code == 0 || task->reason != NULL;
    for (size_t q = 0; q < results->width && good && code == 0; q++)
        if (r->texts[q] != NULL && strcmp(r->texts[q], "nan") != 0) {
            results->text[i * results->width + q] = strdup(r->texts[q]);
            good = results->text[i * results->width + q] != NULL;
        }
    return good ? HF_OK : hf_fail_memory(r->err, "the results");
}

/* For every task that is this one: usually one; none where the sweep does not have it any more. */
static hf_status keep_all(reader *r, uint64_t id, int code, double seconds, const char *reason)
{
    const hf_sweep_task_id *ids = r->sweep->ids;
    size_t low = 0, high = r->results->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (ids[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    hf_status status = HF_OK;
    for (; low < r->results->count && ids[low].id == id && status == HF_OK; low++)
        status = keep(r, ids[low].task, code, seconds, reason);
    return status;
}

static hf_status read_line(reader *r, char *line)
{
    double number = 0, code = 0, seconds = 0;
    bool good = sum_is_right(line) && parse_real(&line, &number) && parse_real(&line, &code) && parse_real(&line, &seconds);
    for (size_t i = 0; i < r->results->width; i++) {
        const bool is_text = hf_quantity_is_category(&r->sweep->report[i]);
        r->values[i] = NAN;
        r->texts[i] = NULL;
        good = good && (i >= r->fields || (is_text ? parse_text(&line, &r->texts[i]) : parse_real(&line, &r->values[i])));
    }
    const char *reason = good ? hf_tsv_cut_field(&line) : NULL, *id = r->has_ids ? hf_tsv_cut_field(&line) : "";
    if (reason == NULL || id == NULL || line != NULL)
        return damaged(r, "this line is damaged");
    if (r->has_ids)
        return keep_all(r, strtoull(id, NULL, 16), (int)code, seconds, reason);
    if (!(number >= 1 && number <= (double)r->results->count) || number != floor(number) || !(code >= 0 && code <= 255))
        return damaged(r, "there is no such task");
    return keep(r, (size_t)number - 1, (int)code, seconds, reason);
}

static hf_status check_origin(reader *r, const char *line)
{
    char new[64], old[64];
    snprintf(new, sizeof new, "# results of tasks of the model %016" PRIx64, r->sweep->model_hash);
    snprintf(old, sizeof old, "# results of tasks of the sweep %016" PRIx64, r->sweep->tasks.hash);
    r->has_ids = strcmp(line, new) == 0;
    return r->has_ids || strcmp(line, old) == 0 ? HF_OK : damaged(r, "these are results of another sweep");
}

static hf_status read_part(reader *r)
{
    char *text, *at, *line;
    hf_fault fault;
    hf_status status = hf_text_load(r->path, &text, &fault);
    r->line = fault.line;
    if (status == HF_EUSAGE && fault.line > 0)
        return damaged(r, fault.text);
    if (status == HF_EUSAGE) /* it was listed: nobody has given a wrong name */
        return hf_fail(r->err, HF_ESYSTEM, "%s: %s", r->path, fault.text);
    if (status != HF_OK)
        return hf_fail(r->err, status, "%s: %s", r->path, fault.text);
    at = text;
    for (r->line = 1; status == HF_OK && (line = hf_tsv_cut_line(&at)) != NULL; r->line++) {
        if (r->line == 1)
            status = check_origin(r, line);
        else
            status = r->line == 2 ? check_header(r, line) : read_line(r, line);
    }
    free(text);
    return status;
}

static hf_status read_parts(reader *r, hf_error *err)
{
    struct dirent **entries;
    char *folder;
    int count = 0;
    hf_status status = list_parts(r->sweep, &folder, &entries, &count, err);
    if (status != HF_OK)
        return status;
    for (int i = 0; i < count && status == HF_OK; i++) {
        char *path = hf_path_join(folder, entries[i]->d_name);
        r->path = path;
        status = path == NULL ? hf_fail_memory(err, "a file name") : read_part(r);
        free(path);
    }
    free_entries(entries, count, folder);
    return status;
}

/* ---- categories ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Numbers the texts of quantity q in their order, whoever came first. */
static hf_status number_category(hf_results *results, size_t q, hf_error *err)
{
    hf_strings *names = &results->names[q];
    names->at = malloc((results->count + 1) * sizeof *names->at);
    if (names->at == NULL)
        return hf_fail_memory(err, "the results");
    size_t count = 0;
    for (size_t i = 0; i < results->count; i++)
        if (results->text[i * results->width + q] != NULL)
            names->at[count++] = results->text[i * results->width + q];
    qsort(names->at, count, sizeof *names->at, by_text);
    for (size_t i = 0; i < count; i++)
        if (names->count == 0 || strcmp(names->at[i], names->at[names->count - 1]) != 0)
            names->at[names->count++] = names->at[i];
    for (size_t i = 0; i < results->count; i++) {
        char **text = &results->text[i * results->width + q];
        char **place = *text == NULL ? NULL : bsearch(text, names->at, names->count, sizeof *names->at, by_text);
        if (place == NULL)
            continue;
        results->value[i * results->width + q] = (double)(place - names->at);
        if (*place != *text)
            free(*text);
        *text = NULL;
    }
    return HF_OK;
}

static bool has_category(const hf_sweep *sweep)
{
    for (size_t q = 0; q < sweep->report_count; q++)
        if (hf_quantity_is_category(&sweep->report[q]))
            return true;
    return false;
}

/* From here on a category is a number. */
static hf_status number_categories(hf_results *results, const hf_sweep *sweep, hf_error *err)
{
    hf_status status = HF_OK;
    for (size_t q = 0; q < results->width && status == HF_OK; q++)
        if (hf_quantity_is_category(&sweep->report[q]))
            status = number_category(results, q, err);
    return status;
}

hf_status hf_results_load(hf_results *results, const hf_sweep *sweep, hf_error *err)
{
    *results = (hf_results){.count = sweep->tasks.count, .width = sweep->report_count};
    reader r = {.results = results, .sweep = sweep, .err = err};
    results->task = calloc(results->count, sizeof *results->task);
    results->value = malloc(results->count * results->width * sizeof *results->value);
    results->names = calloc(results->width, sizeof *results->names);
    results->text = has_category(sweep) ? calloc(results->count * results->width, sizeof *results->text) : NULL;
    r.values = malloc(results->width * sizeof *r.values);
    r.texts = malloc(results->width * sizeof *r.texts);
    hf_status status = HF_OK;
    if (results->task == NULL || results->value == NULL || results->names == NULL ||
        (has_category(sweep) && results->text == NULL) || r.values == NULL || r.texts == NULL)
        status = hf_fail_memory(err, "the results");
    for (size_t i = 0; i < results->count * results->width && status == HF_OK; i++)
        results->value[i] = NAN;
    if (status == HF_OK)
        status = read_parts(&r, err);
    if (status == HF_OK)
        status = number_categories(results, sweep, err);
    free(r.values);
    free(r.texts);
    if (status != HF_OK)
        hf_results_clear(results);
    return status;
}

size_t hf_results_missing(const hf_results *results, size_t chunk, size_t chunks, size_t *tasks)
{
    size_t count = 0;
    for (size_t i = chunk - 1; i < results->count; i += chunks)
        if (results->task[i].state != HF_SWEEP_TASK_OK)
            tasks[count++] = i;
    return count;
}

void hf_results_clear(hf_results *results)
{
    for (size_t i = 0; i < results->count && results->task != NULL; i++)
        free(results->task[i].reason);
    for (size_t i = 0; i < results->count * results->width && results->text != NULL; i++)
        free(results->text[i]);
    for (size_t q = 0; q < results->width && results->names != NULL; q++) {
        for (size_t i = 0; i < results->names[q].count; i++)
            free(results->names[q].at[i]);
        free(results->names[q].at);
    }
    free(results->text);
    free(results->names);
    free(results->task);
    free(results->value);
    *results = (hf_results){0};
}
