#include "api/equations.h"
#include "api/folder_run.h"
#include "api/outcome.h"

#include "api/headflow.h"
#include "config/fill.h"
#include "core/file.h"
#include "core/lists.h"
#include "core/path.h"
#include "core/text.h"
#include "run/flow_run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hf_job {
    char *name, *text, *folder; /* of the model; folder NULL: the current one */
    hf_strings settings;        /* owned */
    size_t setting_room;
    char *directory; /* where to; NULL: memory */
    bool resume;
    hf_watcher *watcher;
    void *watcher_data;
    size_t threads;
    char *checked;     /* what hf_job_check has shown last */
    hf_own_system own; /* zeroed: the model's */
    bool has_own;
};

/* ---- making one ---- */

void hf_job_free(hf_job *job)
{
    if (job == NULL)
        return;
    for (size_t i = 0; i < job->settings.count; i++)
        free(job->settings.at[i]);
    free(job->settings.at);
    hf_own_clear(&job->own);
    free(job->name);
    free(job->text);
    free(job->folder);
    free(job->directory);
    free(job->checked);
    free(job);
}

/* Takes over text and folder, also where that fails. */
static hf_status make(hf_job **made, const char *name, char *text, char *folder, hf_error *err)
{
    hf_job *job = calloc(1, sizeof *job);
    char *copy = strdup(name);
    *made = NULL;
    if (job == NULL || text == NULL || copy == NULL) {
        free(job);
        free(text);
        free(folder);
        free(copy);
        return hf_fail_memory(err, "the job");
    }
    *job = (hf_job){.name = copy, .text = text, .folder = folder, .threads = 1};
    *made = job;
    return HF_OK;
}

hf_status hf_job_open(hf_job **job, const char *path, hf_error *err)
{
    char *text, shown[HF_SHOWN];
    hf_fault fault = {.line = 0};
    *job = NULL;
    hf_status status = hf_text_load(path, &text, &fault);
    hf_text_show(path, shown, sizeof shown);
    if (status != HF_OK)
        return fault.line == 0 ? hf_fail(err, status, "%s: %s", shown, fault.text)
                               : hf_fail(err, status, "%s:%u: %s", shown, fault.line, fault.text);
    char *folder = hf_path_folder(path);
    if (folder != NULL)
        return make(job, path, text, folder, err);
    free(text);
    return hf_fail_memory(err, "a file name");
}

hf_status hf_job_parse(hf_job **job, const char *name, const char *text, const char *directory, hf_error *err)
{
    char *folder = directory == NULL ? NULL : strdup(directory);
    *job = NULL;
    if (directory != NULL && folder == NULL)
        return hf_fail_memory(err, "a file name");
    return make(job, name, strdup(text), folder, err);
}

hf_status hf_job_solve(hf_job **job, const hf_equations *equations, hf_error *err)
{
    /* what a model file must say */
    static const char model[] = "heads = 1; positions = 1; target = { strengths = (1.0); };";
    hf_own_system own;
    *job = NULL;
    hf_status status = hf_own_init(&own, equations, err);
    if (status != HF_OK)
        return status;
    status = hf_job_parse(job, own.given.name, model, NULL, err);
    if (status != HF_OK) {
        hf_own_clear(&own);
        return status;
    }
    (*job)->own = own;
    (*job)->has_own = true;
    return HF_OK;
}

/* ---- what it is told ---- */

hf_status hf_job_set(hf_job *job, const char *setting, hf_error *err)
{
    char **grown = hf_list_grow(job->settings.at, job->settings.count, &job->setting_room, sizeof *grown);
    char *copy = strdup(setting);
    if (grown != NULL)
        job->settings.at = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return hf_fail_memory(err, "a setting");
    }
    job->settings.at[job->settings.count++] = copy;
    return HF_OK;
}

hf_status hf_job_write_to(hf_job *job, const char *directory, bool resume, hf_error *err)
{
    char *copy = directory == NULL ? NULL : strdup(directory);
    if (directory != NULL && copy == NULL)
        return hf_fail_memory(err, "a file name");
    free(job->directory);
    job->directory = copy;
    job->resume = resume;
    return HF_OK;
}

void hf_job_watch(hf_job *job, hf_watcher *watcher, void *data)
{
    job->watcher = watcher;
    job->watcher_data = data;
}

void hf_job_use_threads(hf_job *job, size_t threads)
{
    job->threads = threads < 1 ? 1 : threads;
}

/* ---- the model ---- */

/* Whether a key has an effect on equations of one's own. */
static bool is_for_equations(const char *setting)
{
    static const char *const sections[] = {"solver.", "detect.", "output.", "title="};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (strncmp(setting, sections[i], strlen(sections[i])) == 0)
            return true;
    return false;
}

static hf_status read_model(const hf_job *job, hf_config *config, hf_error *err)
{
    const hf_config_source source = {
        .path = job->name, .text = job->text, .directory = job->folder == NULL ? "." : job->folder};
    char shown[HF_SHOWN];
    *config = (hf_config){0};
    for (size_t i = 0; i < job->settings.count && job->has_own; i++)
        if (!is_for_equations(job->settings.at[i]))
            return hf_fail(err, HF_EUSAGE, "%s: of equations there are title and the sections solver, detect and output",
                           hf_text_show(job->settings.at[i], shown, sizeof shown));
    return hf_config_read_from(config, &source, job->settings.count, (const char *const *)job->settings.at, err);
}

hf_status hf_job_check(hf_job *job, const char **model, hf_error *err)
{
    hf_config config;
    char *text = NULL;
    size_t size;
    hf_status status = read_model(job, &config, err);
    if (status != HF_OK)
        return status;
    if (!job->has_own)
        status = hf_fill_check(&config, err);
    FILE *stream = status == HF_OK ? open_memstream(&text, &size) : NULL;
    bool printed = stream != NULL && hf_config_print(&config, NULL, stream);
    if (stream != NULL)
        printed = fclose(stream) == 0 && printed;
    hf_config_clear(&config);
    if (status == HF_OK && !printed)
        status = hf_fail_memory(err, "the configuration");
    if (status != HF_OK) {
        free(text);
        return status;
    }
    free(job->checked);
    job->checked = text;
    if (model != NULL)
        *model = text;
    return HF_OK;
}

/* ---- the run ---- */

/* One row of what there is to say of a run. */
static hf_status summarize(const hf_run_summary *s, const char *stop, double rtol, hf_frames *frames, hf_error *err)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"t", s->t},
                   {"loss_start", s->loss_start},
                   {"loss", s->loss},
                   {"steps", (double)s->steps},
                   {"stages", (double)s->findings.stage_count},
                   {"overlap", s->overlap},
                   {"energy_defect", s->integration.energy_defect},
                   {"accurate", hf_run_is_accurate(s->integration.energy_defect, rtol)}};
    enum { NUMBERS = sizeof numbers / sizeof *numbers };
    hf_frame *frame = hf_frames_add(frames, "summary");
    if (frame == NULL)
        return hf_fail_memory(err, "the summary");
    hf_frame_put_text(frame, "stop");
    for (size_t i = 0; i < NUMBERS; i++)
        hf_frame_put_text(frame, numbers[i].name);
    hf_frame_end_line(frame);
    hf_frame_put_string(frame, stop);
    for (size_t i = 0; i < NUMBERS; i++)
        hf_frame_put_number(frame, numbers[i].value);
    hf_frame_end_line(frame);
    return HF_OK;
}

static bool show_row(void *data, const hf_frame *rows)
{
    const hf_job *job = data;
    const size_t last = rows->rows - 1; /* the first columns are t, loss, speed */
    return job->watcher(job->watcher_data, hf_frame_number(rows, last, 0), hf_frame_number(rows, last, 1),
                        hf_frame_number(rows, last, 2), rows);
}

/* A flow, of the model or of somebody's own equations; directory NULL: in memory. */
static hf_status run_flow(hf_job *job, const hf_config *config, const char *directory, const hf_run_watch *watch,
                          hf_run_summary *summary, hf_error *err)
{
    hf_flow_run_params params = {.own = NULL};
    const hf_run_options options = {.directory = directory, .resume = job->resume, .watch = watch};
    const hf_system own = job->has_own ? hf_own_as_system(&job->own) : (hf_system){.kind = NULL};
    hf_status status = hf_fill_flow_run(config, &params, err);
    if (status == HF_OK)
        status = hf_fill_identity(config, &params.origin, &params.state_hash, err);
    params.own = job->has_own ? &own : NULL;
    if (status == HF_OK)
        status = hf_flow_run(&params, &options, summary, err);
    hf_fill_clear_problem(&params.problem);
    return hf_config_place(config, status, err);
}

/* Tables of own equations are in directory/flow: no model can be kept beside them. */
static hf_status run_own_in_folder(hf_job *job, const hf_config *config, const hf_run_watch *watch, hf_run_summary *summary,
                                   hf_error *err)
{
    char *model = hf_path_join(job->directory, "model.conf"), *flow = hf_path_join(job->directory, "flow");
    hf_status status = model == NULL || flow == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && hf_file_exists(model))
        status = hf_fail(err, HF_EUSAGE, "%s: the run of a model is in this folder", job->directory);
    if (status == HF_OK)
        status = hf_directory_make(flow, err);
    if (status == HF_OK)
        status = run_flow(job, config, flow, watch, summary, err);
    free(model);
    free(flow);
    return status;
}

static hf_status check_kind(const hf_job *job, const hf_config *config, hf_error *err)
{
    if (config->declared.sweep)
        return hf_config_reject(config, err, config->sweep.over.count > 0 ? "sweep.over" : "sweep.seeds",
                                "this model is many runs, expected one");
    if (config->declared.train && job->directory == NULL && !job->has_own)
        return hf_fail(err, HF_EUSAGE, "%s: training leaves its tables in a folder: name one with hf_job_write_to", job->name);
    return HF_OK;
}

static hf_status run_somewhere(hf_job *job, const hf_config *config, hf_outcome *outcome, hf_error *err)
{
    hf_frames watched = {0};
    hf_run_summary summary;
    bool stopped = false;
    const hf_run_watch watch = {.frames = job->directory == NULL ? &outcome->frames : &watched,
                                .row = job->watcher == NULL ? NULL : show_row,
                                .data = job};
    const hf_run_watch *watching = job->directory == NULL || job->watcher != NULL ? &watch : NULL;
    hf_status status;
    hf_run_summary_init(&summary);
    if (job->has_own && job->directory != NULL)
        status = run_own_in_folder(job, config, watching, &summary, err);
    else if (job->directory == NULL)
        status = run_flow(job, config, NULL, watching, &summary, err);
    else {
        const hf_folder_run run = {job->directory, job->resume, job->threads, watching};
        status = hf_folder_run_model(&run, config, &summary, &stopped, err);
    }
    stopped = stopped || hf_run_was_interrupted(&summary);
    const char *stop = hf_run_stop_name(stopped ? HF_STOP_INTERRUPTED : summary.stop);
    if (status == HF_OK)
        status = summarize(&summary, stop, config->solver.rtol, &outcome->frames, err);
    if (status == HF_OK && job->directory != NULL && !stopped)
        status = hf_outcome_add_folder(outcome, job->directory, err);
    hf_run_summary_clear(&summary);
    hf_frames_clear(&watched);
    return status == HF_OK ? hf_frames_check(&outcome->frames, err) : status;
}

hf_status hf_job_run(hf_job *job, hf_outcome **outcome, hf_error *err)
{
    hf_config config;
    *outcome = NULL;
    hf_status status = read_model(job, &config, err);
    if (status != HF_OK)
        return status;
    status = check_kind(job, &config, err);
    if (status == HF_OK)
        status = hf_outcome_create(outcome, err);
    if (status == HF_OK)
        status = run_somewhere(job, &config, *outcome, err);
    hf_config_clear(&config);
    if (status == HF_OK)
        return status;
    hf_outcome_free(*outcome);
    *outcome = NULL;
    return status;
}
