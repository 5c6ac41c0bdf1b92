#include "cli/findings.h"

#include "config/axes.h"
#include "config/json.h"
#include "core/path.h"
#include "report/json.h"
#include "run/layout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what all have ---- */

/* What is to be printed: nothing, if it cannot all be had. */
typedef struct {
    hf_json json; /* without a stream where memory is short */
    char *text;
    size_t size;
} output;

static hf_status begin(output *o, const char *command, hf_error *err)
{
    *o = (output){.text = NULL};
    o->json.stream = open_memstream(&o->text, &o->size);
    if (o->json.stream == NULL)
        return hf_fail_memory(err, "the findings");
    hf_json_open(&o->json, NULL, '{');
    hf_json_string(&o->json, "headflow", PACKAGE_VERSION);
    hf_json_string(&o->json, "command", command);
    return HF_OK;
}

static hf_status end(output *o, hf_status status, hf_error *err)
{
    if (o->json.stream == NULL)
        return status;
    hf_json_close(&o->json, '{');
    const bool failed = ferror(o->json.stream) != 0;
    if ((fclose(o->json.stream) != 0 || failed || o->text == NULL) && status == HF_OK)
        status = hf_fail_memory(err, "the findings");
    if (status == HF_OK)
        fwrite(o->text, 1, o->size, stdout);
    free(o->text);
    return status;
}

static hf_status write_model(hf_json *json, const hf_config *config, hf_error *err)
{
    uint64_t hash;
    char text[20];
    const hf_status status = hf_config_hash(config, &hash, err);
    if (status != HF_OK)
        return status;
    snprintf(text, sizeof text, "%016" PRIx64, hash);
    hf_json_string(json, "title", config->title);
    hf_json_string(json, "configuration", text);
    return HF_OK;
}

/* ---- files ---- */

static bool ends_with(const char *path, const char *end)
{
    const size_t length = strlen(path), wanted = strlen(end);
    return length >= wanted && strcmp(path + length - wanted, end) == 0;
}

static bool is_table(const char *path)
{
    return ends_with(path, ".tsv");
}

static bool is_figure(const char *path)
{
    return strncmp(path, "plots/", strlen("plots/")) == 0;
}

/* directory/path of every file that is wanted; tables by their names without ending. */
static hf_status write_paths(hf_json *json, const char *name, const char *directory, const hf_strings *paths,
                             bool (*wanted)(const char *path), hf_error *err)
{
    const bool named = wanted == is_table;
    char key[512];
    hf_json_open(json, name, named ? '{' : '[');
    for (size_t i = 0; i < paths->count; i++) {
        if (!wanted(paths->at[i]))
            continue;
        char *full = hf_path_join(directory, paths->at[i]);
        if (full == NULL)
            return hf_fail_memory(err, "file names");
        snprintf(key, sizeof key, "%.*s", (int)(strlen(paths->at[i]) - strlen(".tsv")), paths->at[i]);
        hf_json_string(json, named ? key : NULL, full);
        free(full);
    }
    hf_json_close(json, named ? '{' : '[');
    return HF_OK;
}

/* ---- the tables of a run ---- */

typedef struct {
    hf_json *json;
    const char *directory;
    const hf_strings *paths;
    hf_error *err;
} printer;

/* The frame of directory/path; not there: *frame is empty. */
static hf_status read_frame(const printer *p, const char *path, hf_frame *frame)
{
    *frame = (hf_frame){0};
    bool is_there = false;
    for (size_t i = 0; i < p->paths->count; i++)
        is_there = is_there || strcmp(p->paths->at[i], path) == 0;
    char *full = is_there ? hf_path_join(p->directory, path) : NULL;
    hf_status status = HF_OK;
    if (is_there)
        status = full == NULL ? hf_fail_memory(p->err, "a file name") : hf_frame_read(frame, full, p->err);
    free(full);
    return status;
}

/* All rows of the table run/name.tsv, if it is there. */
static hf_status write_rows(printer *p, const char *run, const char *name)
{
    hf_frame frame;
    char path[640]; /* the name of a run has up to 512 */
    snprintf(path, sizeof path, "%s%s%s.tsv", run, run[0] == '\0' ? "" : "/", name);
    const hf_status status = read_frame(p, path, &frame);
    if (status == HF_OK && frame.is_named)
        hf_json_frame(p->json, name, &frame);
    hf_frame_clear(&frame);
    return status;
}

/* The run whose trajectory this is: where it starts and ends, and what it finds. */
static hf_status write_run(printer *p, const char *trajectory)
{
    static const char *const findings[] = {"events", "stages", "acquisitions", "plateaus"};
    hf_frame frame;
    char run[512];
    hf_status status = read_frame(p, trajectory, &frame);
    snprintf(run, sizeof run, "%.*s", (int)(strlen(trajectory) - strlen("/trajectory.tsv")), trajectory);
    hf_json_open(p->json, NULL, '{');
    hf_json_string(p->json, "run", run);
    if (status == HF_OK && frame.rows > 0) {
        hf_json_row(p->json, "start", &frame, 0);
        hf_json_row(p->json, "end", &frame, frame.rows - 1);
    }
    hf_frame_clear(&frame);
    for (size_t i = 0; i < sizeof findings / sizeof *findings && status == HF_OK; i++)
        status = write_rows(p, run, findings[i]);
    hf_json_close(p->json, '{');
    return status;
}

static hf_status write_runs(printer *p)
{
    static const char *const tops[] = {"compare", "ladder", "learned"};
    hf_status status = HF_OK;
    hf_json_open(p->json, "runs", '[');
    for (size_t i = 0; i < p->paths->count && status == HF_OK; i++)
        if (ends_with(p->paths->at[i], "/trajectory.tsv"))
            status = write_run(p, p->paths->at[i]);
    hf_json_close(p->json, '[');
    for (size_t i = 0; i < sizeof tops / sizeof *tops && status == HF_OK; i++)
        status = write_rows(p, "", tops[i]);
    return status;
}

hf_status hf_cli_print_run(const hf_config *config, const char *directory, hf_error *err)
{
    hf_strings paths;
    output o;
    hf_status status = hf_layout_list(directory, HF_LAYOUT_RUN, &paths, err);
    if (status != HF_OK)
        return status;
    status = begin(&o, "run", err);
    printer p = {&o.json, directory, &paths, err};
    if (status == HF_OK)
        status = write_model(p.json, config, err);
    if (status == HF_OK) {
        hf_json_string(p.json, "directory", directory);
        status = write_paths(p.json, "tables", directory, &paths, is_table, err);
    }
    if (status == HF_OK)
        status = write_paths(p.json, "figures", directory, &paths, is_figure, err);
    if (status == HF_OK)
        status = write_runs(&p);
    hf_layout_free_list(&paths);
    return end(&o, status, err);
}

/* ---- a model ---- */

hf_status hf_cli_print_check(const hf_config *config, hf_error *err)
{
    output o;
    const bool sweeps = config->declared.sweep;
    hf_status status = begin(&o, "check", err);
    if (status == HF_OK)
        status = write_model(&o.json, config, err);
    if (status == HF_OK) {
        hf_json_flag(&o.json, "flow", hf_config_runs_flow(config) && !hf_config_reads_tokens(config));
        hf_json_flag(&o.json, "train", config->declared.train);
        hf_json_flag(&o.json, "sweep", sweeps);
        hf_json_count(&o.json, "tasks", sweeps ? hf_axes_points(config) * config->sweep.seeds : 1);
        status = hf_config_write_json(config, "keys", &o.json, err);
    }
    return end(&o, status, err);
}

/* ---- a sweep ---- */

static void write_tasks(hf_json *json, const hf_results *results)
{
    hf_json_count(json, "tasks", results->count);
    hf_json_count(json, "done", results->done);
    hf_json_count(json, "failed", results->failed);
    hf_json_count(json, "not_run", results->count - results->done - results->failed);
}

hf_status hf_cli_print_sweep(const char *command, const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    static const char *const shown[] = {"results", "summary", "fractions", "fit"};
    const char *directory = sweep->directory;
    hf_strings paths;
    output o;
    hf_status status = hf_layout_list(directory, HF_LAYOUT_RESULTS, &paths, err);
    if (status != HF_OK)
        return status;
    status = begin(&o, command, err);
    printer p = {&o.json, directory, &paths, err};
    if (status == HF_OK)
        status = write_model(p.json, &sweep->config, err);
    if (status == HF_OK) {
        hf_json_string(p.json, "directory", directory);
        write_tasks(p.json, results);
        status = write_paths(p.json, "tables", directory, &paths, is_table, err);
    }
    if (status == HF_OK)
        status = write_paths(p.json, "figures", directory, &paths, is_figure, err);
    for (size_t i = 0; i < sizeof shown / sizeof *shown && status == HF_OK; i++)
        status = write_rows(&p, "", shown[i]);
    hf_layout_free_list(&paths);
    return end(&o, status, err);
}

/* ---- curves ---- */

static hf_status print_frames(const char *command, const hf_frames *found, size_t count, const char *const shown[],
                              const char *directory, hf_error *err)
{
    output o;
    const hf_status status = begin(&o, command, err);
    if (status == HF_OK)
        hf_json_string(&o.json, "directory", directory);
    for (size_t i = 0; i < count && status == HF_OK; i++) {
        const hf_frame *frame = hf_frames_find(found, shown[i]);
        if (frame != NULL)
            hf_json_frame(&o.json, shown[i], frame);
    }
    return end(&o, status, err);
}

hf_status hf_cli_print_curves(const hf_frames *found, const char *directory, hf_error *err)
{
    static const char *const shown[] = {"curves", "stages", "plateaus", "compare"};
    return print_frames("detect", found, sizeof shown / sizeof *shown, shown, directory, err);
}

hf_status hf_cli_print_fit(const hf_frames *found, const char *directory, hf_error *err)
{
    static const char *const shown[] = {"fit", "fitted"};
    return print_frames("fit", found, sizeof shown / sizeof *shown, shown, directory, err);
}
