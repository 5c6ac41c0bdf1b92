#include "page/content.h"

#include "core/file.h"
#include "core/path.h"
#include "core/text.h"
#include "page/logs.h"
#include "report/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what a folder holds ---- */

static hf_status look_for_folder(const char *directory, hf_error *err)
{
    char shown[HF_SHOWN];
    struct stat info;
    hf_text_show(directory, shown, sizeof shown);
    if (stat(directory, &info) != 0)
        return hf_fail(err, HF_EUSAGE, "%s: there is no such folder", shown);
    if (!S_ISDIR(info.st_mode))
        return hf_fail(err, HF_EUSAGE, "%s: this is no folder, expected one that headflow run, sweep or detect has written",
                       shown);
    return HF_OK;
}

hf_status hf_page_look(const char *directory, hf_page_kind *kind, hf_error *err)
{
    char shown[HF_SHOWN];
    hf_status status = look_for_folder(directory, err);
    if (status != HF_OK)
        return status;
    hf_text_show(directory, shown, sizeof shown);
    *kind = hf_file_exists_in(directory, "tasks.tsv")    ? HF_PAGE_SWEEP
            : hf_file_exists_in(directory, "curves.tsv") ? HF_PAGE_LOGS
                                                     : HF_PAGE_RUN;
    if (*kind == HF_PAGE_SWEEP && !hf_file_exists_in(directory, "results.tsv"))
        return hf_fail(err, HF_EUSAGE, "%s: this sweep has no results yet: headflow collect", shown);
    if (*kind == HF_PAGE_RUN && !hf_file_exists_in(directory, "model.conf")) {
        if (hf_file_exists_in(directory, "unfinished"))
            return hf_fail(err, HF_EUSAGE,
                           "%s: the run in this folder is not finished: go on with headflow run ... --resume", shown);
        return hf_fail(
            err, HF_EUSAGE,
            "%s: nothing of headflow's is here, expected a folder that headflow run, sweep or detect has written", shown);
    }
    return HF_OK;
}

/* ---- where tables are from ---- */

static hf_status unreadable(const char *path, int reason, hf_error *err)
{
    return hf_fail(err, hf_file_read_status(reason), "%s: cannot be read: %s", path, strerror(reason));
}

/* "# headflow 0.1.0: title" and "# configuration 0123456789abcdef, seed 4" */
static hf_status read_origin(hf_page_origin *origin, const char *path, hf_error *err)
{
    static const char mark[] = "# headflow ", seed_mark[] = ", seed ";
    *origin = (hf_page_origin){0};
    FILE *stream = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    hf_status status = HF_OK;
    if (stream == NULL) /* who reads the table says that it is not there */
        return errno == ENOENT ? HF_OK : unreadable(path, errno, err);
    if (getline(&line, &size, stream) > 0 && strncmp(line, mark, strlen(mark)) == 0) {
        char *version = line + strlen(mark), *title = strstr(version, ": ");
        line[strcspn(line, "\r\n")] = '\0';
        if (title != NULL) {
            snprintf(origin->version, sizeof origin->version, "%.*s", (int)(title - version), version);
            origin->title = strdup(title + 2);
            origin->is_there = origin->title != NULL;
            status = origin->is_there ? HF_OK : hf_fail_memory(err, "a title");
        }
    }
    if (origin->is_there && getline(&line, &size, stream) > 0 && hf_table_read_hash(line, &origin->hash)) {
        const char *seed = strstr(line, seed_mark);
        origin->seed = seed == NULL ? 0 : strtoull(seed + strlen(seed_mark), NULL, 10);
    }
    if (status == HF_OK && ferror(stream))
        status = unreadable(path, errno, err);
    free(line);
    fclose(stream);
    return status;
}

static hf_status read_first_origin(hf_page_content *c, const char *name, hf_error *err)
{
    char *path = hf_path_join(c->params->directory, name);
    c->first_table = strdup(name);
    hf_status status = path == NULL || c->first_table == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK)
        status = read_origin(&c->origin, path, err);
    free(path);
    return status;
}

/* ---- runs ---- */

static size_t flows_of(const hf_page_params *p)
{
    return (size_t)p->runs_flow + (size_t)p->runs_drift;
}

bool hf_page_content_has_classes(const hf_page_content *c, size_t i)
{
    const hf_page_params *p = c->params;
    return i < flows_of(p) || p->replicas == NULL || p->replicas->count == 0;
}

/* Folder of run i: flow, drift, then the seeds; *name: what the page calls it. */
static void name_run(const hf_page_params *p, size_t i, char folder[64], char name[64])
{
    const size_t flows = flows_of(p);
    if (i < flows) {
        const bool drift = i == 1 || !p->runs_flow;
        snprintf(folder, 64, "%s", drift ? "drift" : "flow");
        snprintf(name, 64, "%s", drift ? "flow with drift" : "flow");
        return;
    }
    const uint64_t seed = p->first_seed + (i - flows);
    snprintf(folder, 64, "train/seed-%" PRIu64, seed);
    snprintf(name, 64, "training, seed %" PRIu64, seed);
}

/* A run's tables carry the hash of the model. */
static hf_status check_run(hf_page_content *c, const char *folder, hf_error *err)
{
    char name[100];
    hf_page_origin origin = {0};
    snprintf(name, sizeof name, "%s/trajectory.tsv", folder);
    char *path = hf_path_join(c->params->directory, name);
    const hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : read_origin(&origin, path, err);
    if (status == HF_OK)
        c->other_hashes += origin.hash != c->params->hash;
    free(origin.title);
    free(path);
    return status;
}

static hf_status read_runs(hf_page_content *c, hf_error *err)
{
    const hf_page_params *p = c->params;
    const size_t all = flows_of(p) + p->seeds;
    const size_t shown = all < HF_PAGE_SHOWN_RUNS ? all : HF_PAGE_SHOWN_RUNS;
    const hf_movie_sizes sizes = {p->copies, p->replicas};
    c->left_out = all - shown;
    c->run = calloc(shown + 1, sizeof *c->run);
    c->folder = calloc(shown + 1, sizeof *c->folder);
    if (c->run == NULL || c->folder == NULL)
        return hf_fail_memory(err, "the runs");
    hf_status status = HF_OK;
    for (size_t i = 0; i < shown && status == HF_OK; i++) {
        char name[64];
        name_run(p, i, c->folder[i], name);
        status =
            hf_page_run_read(&c->run[i], p->directory, c->folder[i], name,
                             hf_page_content_has_classes(c, i) ? &sizes : &(hf_movie_sizes){0}, HF_PAGE_ROOM / shown, err);
        c->runs += status == HF_OK;
        if (status == HF_OK)
            status = check_run(c, c->folder[i], err);
    }
    return status;
}

/* "# stopped by time, on a plateau" in events.tsv */
static hf_status read_stop(hf_page_content *c, hf_error *err)
{
    static const char mark[] = "# stopped ";
    char name[100];
    if (c->runs == 0)
        return HF_OK;
    snprintf(name, sizeof name, "%s/events.tsv", c->folder[0]);
    char *path = hf_path_join(c->params->directory, name), *line = NULL;
    size_t size = 0;
    FILE *stream = path == NULL ? NULL : fopen(path, "r");
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    while (stream != NULL && c->stopped == NULL && getline(&line, &size, stream) > 0 && line[0] == '#')
        if (strncmp(line, mark, strlen(mark)) == 0) {
            line[strcspn(line, "\r\n")] = '\0';
            c->stopped = strdup(line + 2);
        }
    if (stream != NULL)
        fclose(stream);
    free(line);
    free(path);
    return status;
}

static hf_status read_model(hf_page_content *c, hf_error *err)
{
    if (c->params->model == NULL)
        return HF_OK;
    char *path = hf_path_join(c->params->directory, c->params->model);
    const hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_file_load(path, &c->model_text, err);
    free(path);
    return status;
}

/* ---- the whole ---- */

hf_status hf_page_content_read(hf_page_content *content, const hf_page_params *params, hf_error *err)
{
    *content = (hf_page_content){.params = params};
    hf_status status = read_model(content, err);
    char first[100] = "results.tsv";
    if (status == HF_OK && params->kind == HF_PAGE_RUN)
        status = read_runs(content, err);
    if (status == HF_OK && params->kind == HF_PAGE_LOGS)
        status = hf_page_logs_read(content, err);
    if (params->kind == HF_PAGE_RUN && content->runs > 0)
        snprintf(first, sizeof first, "%s/trajectory.tsv", content->folder[0]);
    if (params->kind == HF_PAGE_LOGS)
        snprintf(first, sizeof first, "curves.tsv");
    if (status == HF_OK)
        status = read_first_origin(content, first, err);
    if (status == HF_OK && params->kind == HF_PAGE_RUN)
        status = read_stop(content, err);
    if (status != HF_OK)
        hf_page_content_clear(content);
    return status;
}

void hf_page_content_clear(hf_page_content *content)
{
    for (size_t i = 0; i < content->runs; i++)
        hf_page_run_clear(&content->run[i]);
    free(content->run);
    free(content->folder);
    free(content->origin.title);
    free(content->first_table);
    free(content->model_text);
    free(content->stopped);
    *content = (hf_page_content){0};
}
