#include "sweep/quantity.h"

#include "config/keys.h"
#include "core/plural.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

/* The first event of a kind, and of a pattern unless that is 0; NULL: it did not happen. */
static const hf_event *first_event(const hf_findings *f, hf_event_kind kind, size_t pattern)
{
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == kind && (pattern == 0 || f->event[i].pattern == pattern))
            return &f->event[i];
    return NULL;
}

static double time_of(const hf_findings *f, hf_event_kind kind, size_t pattern)
{
    const hf_event *event = first_event(f, kind, pattern);
    return event == NULL ? NAN : event->t;
}

static double t_split(const hf_outcome *s, size_t index)
{
    (void)index;
    return time_of(s->findings, HF_EVENT_SPLIT, 0);
}

static double t_emerged(const hf_outcome *s, size_t index)
{
    (void)index;
    return time_of(s->findings, HF_EVENT_EMERGED, 0);
}

static double t_acquired(const hf_outcome *s, size_t j)
{
    return time_of(s->findings, HF_EVENT_ACQUIRED, j);
}

static double carrier(const hf_outcome *s, size_t j)
{
    const hf_event *event = first_event(s->findings, HF_EVENT_ACQUIRED, j);
    return event == NULL ? NAN : (double)event->head;
}

static double cooperative(const hf_outcome *s, size_t j)
{
    const hf_event *event = first_event(s->findings, HF_EVENT_ACQUIRED, j);
    return event == NULL || event->mode == HF_MODE_NONE ? NAN : event->mode == HF_MODE_COOPERATIVE;
}

static double t_onset(const hf_outcome *s, size_t i)
{
    return i > s->findings->stage_count ? NAN : s->findings->stage[i - 1].t_onset;
}

static double t_peak(const hf_outcome *s, size_t i)
{
    return i > s->findings->stage_count ? NAN : s->findings->stage[i - 1].t_peak;
}

static double t_settle(const hf_outcome *s, size_t i)
{
    return i > s->findings->stage_count ? NAN : s->findings->stage[i - 1].t_settle;
}

static double plateau_loss(const hf_outcome *s, size_t i)
{
    return i > s->findings->plateau_count ? NAN : s->findings->plateau[i - 1].loss;
}

static double saddle_index(const hf_outcome *s, size_t i)
{
    const bool known = i <= s->findings->plateau_count && hf_saddle_is_known(&s->findings->plateau[i - 1].saddle);
    return known ? (double)s->findings->plateau[i - 1].saddle.index : NAN;
}

static double lambda_min(const hf_outcome *s, size_t i)
{
    const bool known = i <= s->findings->plateau_count && hf_saddle_is_known(&s->findings->plateau[i - 1].saddle);
    return known ? s->findings->plateau[i - 1].saddle.lambda_min : NAN;
}

static double stages(const hf_outcome *s, size_t index)
{
    (void)index;
    return (double)s->findings->stage_count;
}

static double plateaus(const hf_outcome *s, size_t index)
{
    (void)index;
    return (double)s->findings->plateau_count;
}

/* Patterns that were acquired at some time. */
static double acquired(const hf_outcome *s, size_t index)
{
    const hf_findings *f = s->findings;
    double count = 0;
    (void)index;
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == HF_EVENT_ACQUIRED && first_event(f, HF_EVENT_ACQUIRED, f->event[i].pattern) == &f->event[i])
            count++;
    return count;
}

static double t_stop(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->t;
}

static double start_loss(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->loss_start;
}

static double final_loss(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->loss;
}

static double censored(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->censored;
}

static double final_overlap(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->overlap;
}

static double energy_defect(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->energy_defect;
}

static double steps(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->steps;
}

static double train_loss(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->train_loss;
}

static double early_loss(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->early_loss;
}

static double early_step(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->early_step;
}

static double early_t(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->early_t;
}

static double early_class(const hf_outcome *s, size_t index)
{
    (void)index;
    return s->early_class;
}

const char hf_quantity_censored[] = "censored";

/* clang-format off */

#define TIME    .is_time = true, .needs_events = true
#define FOUND   .needs_events = true
#define COUNT   .needs_events = true, .is_count = true
#define TRAINING .needs_training = true
#define MORE    .until = HF_UNTIL_MORE
#define LESS    .until = HF_UNTIL_LESS
#define EITHER  .until = HF_UNTIL_EITHER
#define SADDLE  .needs_events = true, .needs_saddle = true

static const hf_quantity_kind kinds[] = {
    {"t_split", HF_INDEX_NONE, TIME, .unit = "flow time", .help = "the overlap of the heads falls to detect.overlap", .value = t_split},
    {"t_acquired_", HF_INDEX_PATTERN, TIME, .unit = "flow time", .help = "pattern j is acquired for the first time", .value = t_acquired},
    {"t_emerged", HF_INDEX_NONE, TIME, .unit = "flow time", .help = "the loss falls to detect.loss_fraction of its start; also called emergence", .value = t_emerged},
    {"t_onset_", HF_INDEX_STAGE, TIME, .unit = "flow time", .help = "stage s begins", .value = t_onset},
    {"t_peak_", HF_INDEX_STAGE, TIME, .unit = "flow time", .help = "the loss falls fastest in stage s", .value = t_peak},
    {"t_settle_", HF_INDEX_STAGE, TIME, .unit = "flow time", .help = "stage s ends", .value = t_settle},
    {"stages", HF_INDEX_NONE, COUNT, MORE, .unit = "1", .help = "number of stages", .value = stages},
    {"plateaus", HF_INDEX_NONE, COUNT, MORE, .unit = "1", .help = "number of plateaus", .value = plateaus},
    {"acquired", HF_INDEX_NONE, COUNT, MORE, .unit = "1", .help = "number of patterns that were acquired", .value = acquired},
    {"carrier_", HF_INDEX_PATTERN, COUNT, .unit = "head", .help = "head with the largest share of pattern j when it is acquired", .value = carrier},
    {"cooperative_", HF_INDEX_PATTERN, COUNT, .unit = "1", .help = "1 if only some heads move for pattern j when it is acquired (cooperative), 0 if all do (competitive)", .value = cooperative},
    {"plateau_loss_", HF_INDEX_PLATEAU, FOUND, .unit = "loss", .help = "loss at plateau p", .value = plateau_loss},
    {"saddle_index_", HF_INDEX_PLATEAU, SADDLE, .is_count = true, .unit = "1", .help = "directions that lead down from plateau p", .value = saddle_index},
    {"lambda_min_", HF_INDEX_PLATEAU, SADDLE, .unit = "1/flow time", .help = "lowest eigenvalue of the Hessian at plateau p", .value = lambda_min},
    {"start_loss", HF_INDEX_NONE, .unit = "loss", .help = "loss at t = 0", .value = start_loss},
    {"final_loss", HF_INDEX_NONE, LESS, .unit = "loss", .help = "loss at the end", .value = final_loss},
    {"final_overlap", HF_INDEX_NONE, EITHER, .unit = "1", .help = "overlap of the heads at the end", .value = final_overlap},
    {hf_quantity_censored, HF_INDEX_NONE, .is_count = true, .needs_end = true, .unit = "1", .help = "1 if more was to come when the run ended: inside a drop, or with a way down within reach (doc/sweeps.md); 0 if not", .value = censored},
    {"t_stop", HF_INDEX_NONE, .unit = "flow time", .help = "time at the end", .value = t_stop},
    {"energy_defect", HF_INDEX_NONE, .unit = "start loss", .help = "what the integration got wrong, see doc/tables.md", .value = energy_defect},
    {"steps", HF_INDEX_NONE, .unit = "1", .help = "steps of the integrator, or of training", .value = steps},
    {"train_loss", HF_INDEX_NONE, TRAINING, .unit = "loss", .help = "loss on the fixed training samples at the end, with the label noise", .value = train_loss},
    {"early_loss", HF_INDEX_NONE, TRAINING, LESS, .unit = "loss", .help = "lowest loss on the held-out samples (the population where nothing is held out)", .value = early_loss},
    {"early_step", HF_INDEX_NONE, TRAINING, EITHER, .unit = "1", .help = "step at which that was: the early stop", .value = early_step},
    {"early_t", HF_INDEX_NONE, TRAINING, EITHER, .unit = "flow time", .help = "flow time of the early stop", .value = early_t},
    {"early_class", HF_INDEX_NONE, TRAINING, EITHER, .is_count = true, .unit = "1", .help = "number of patterns known by the model that the early stop is nearest to (smallest distance_<k>)", .value = early_class},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* clang-format on */

/* ---- names ---- */

static const struct {
    const char *name, *kind;
} aliases[] = {{"emergence", "t_emerged"}};
enum { ALIASES = sizeof aliases / sizeof *aliases };

/* The index at the end of text, all of it; 0 if it is none. */
static size_t parse_index(const char *text)
{
    const size_t length = strlen(text);
    if (length == 0 || length > 6 || text[0] == '0' || strspn(text, "0123456789") != length)
        return 0;
    return (size_t)strtoul(text, NULL, 10);
}

static const char *suggest(const char *name)
{
    const char *list[KINDS + ALIASES + 1] = {NULL};
    for (size_t i = 0; i < KINDS; i++)
        list[i] = kinds[i].name;
    for (size_t i = 0; i < ALIASES; i++)
        list[KINDS + i] = aliases[i].name;
    return hf_keys_nearest(name, list);
}

hf_status hf_quantity_find(const char *name, hf_quantity *quantity, const char **meant)
{
    const char *wanted = name;
    for (size_t i = 0; i < ALIASES; i++)
        if (strcmp(name, aliases[i].name) == 0)
            wanted = aliases[i].kind;
    *meant = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        const size_t length = strlen(kinds[i].name);
        const bool indexed = kinds[i].index != HF_INDEX_NONE;
        *quantity = (hf_quantity){.kind = &kinds[i], .name = name};
        if (!indexed && strcmp(wanted, kinds[i].name) == 0)
            return HF_OK;
        if (indexed && strncmp(wanted, kinds[i].name, length) == 0 && (quantity->index = parse_index(wanted + length)) > 0)
            return HF_OK;
    }
    *meant = suggest(name);
    return HF_EUSAGE;
}

bool hf_quantity_equal(const hf_quantity *a, const hf_quantity *b)
{
    return a->kind == b->kind && a->index == b->index;
}

const char *hf_quantity_unit(const hf_config *config, const hf_quantity *quantity)
{
    const bool in_steps = !hf_config_runs_flow(config) && !hf_config_steps_are_time(config);
    return quantity->kind->is_time && in_steps ? "steps" : quantity->kind->unit;
}

static const char index_letter[] = {
    [HF_INDEX_PATTERN] = 'j', [HF_INDEX_STAGE] = 's', [HF_INDEX_PLATEAU] = 'p', [HF_INDEX_NONE] = '-'};

/* "t_acquired_<j>" */
static const char *describe_name(const hf_quantity_kind *kind, char text[64])
{
    if (kind->index == HF_INDEX_NONE)
        snprintf(text, 64, "%s", kind->name);
    else
        snprintf(text, 64, "%s<%c>", kind->name, index_letter[kind->index]);
    return text;
}

bool hf_quantity_print_kinds(FILE *stream)
{
    char name[64];
    fputs("| quantity | unit | meaning |\n|---|---|---|\n", stream);
    for (size_t i = 0; i < KINDS; i++)
        fprintf(stream, "| `%s` | %s | %s |\n", describe_name(&kinds[i], name), kinds[i].unit, kinds[i].help);
    return fflush(stream) == 0 && !ferror(stream);
}

/* ---- what is asked for ---- */

static bool is_swept(const hf_config *config, const char *prefix)
{
    for (size_t i = 0; i < config->sweep.over.count; i++)
        if (strncmp(config->sweep.over.at[i].key, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* Something that could never be measured is a mistake, unless the sweep itself may change that. */
static hf_status check_quantity(const hf_config *config, const char *key, const char *name, hf_error *err)
{
    hf_quantity q;
    const char *meant;
    char kind[64];
    if (hf_quantity_find(name, &q, &meant) != HF_OK) {
        if (meant == NULL)
            return hf_config_reject(config, err, key, "unknown quantity '%.80s'; headflow help quantities lists them",
                                    name);
        hf_quantity known;
        const char *unused;
        if (hf_quantity_find(meant, &known, &unused) == HF_OK)
            return hf_config_reject(config, err, key, "unknown quantity '%.80s', did you mean '%s'?", name, meant);
        for (size_t i = 0; i < KINDS; i++)
            if (strcmp(kinds[i].name, meant) == 0)
                describe_name(&kinds[i], kind);
        return hf_config_reject(config, err, key, "unknown quantity '%.80s', did you mean '%s'?", name, kind);
    }
    if (q.kind->needs_events && !config->detect.events && !is_swept(config, "detect.events"))
        return hf_config_reject(config, err, key, "%s needs detect.events = true", name);
    if (q.kind->needs_training && hf_config_runs_flow(config))
        return hf_config_reject(config, err, key, "%s is one of training: needs a train section and no flow section", name);
    if (q.kind->value == t_emerged && config->detect.loss_fraction == 0 && !is_swept(config, "detect.loss_fraction"))
        return hf_config_reject(config, err, key, "%s needs detect.loss_fraction > 0", name);
    if (q.kind->index == HF_INDEX_PATTERN && q.index > config->target.count && !is_swept(config, "target."))
        return hf_config_reject(config, err, key, "%s: the target has only %zu pattern%s", name, config->target.count,
                                hf_plural(config->target.count));
    return HF_OK;
}

static hf_status add_report(hf_config *config, const char *name, hf_error *err)
{
    hf_strings *report = &config->sweep.report;
    char **grown = realloc(report->at, (report->count + 1) * sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the report");
    report->at = grown;
    report->at[report->count] = strdup(name);
    if (report->at[report->count] == NULL)
        return hf_fail_memory(err, "the report");
    report->count++;
    return HF_OK;
}

/* When the heads part, when each of the first patterns is learned, in how many stages, how well. */
static hf_status default_report(hf_config *config, hf_error *err)
{
    const size_t most_patterns = 6;
    hf_status status = HF_OK;
    if (config->detect.events && config->heads > 1)
        status = add_report(config, "t_split", err);
    for (size_t j = 1; j <= config->target.count && j <= most_patterns && config->detect.events && status == HF_OK; j++) {
        char name[32];
        snprintf(name, sizeof name, "t_acquired_%zu", j);
        status = add_report(config, name, err);
    }
    if (config->detect.events && config->detect.loss_fraction > 0 && status == HF_OK)
        status = add_report(config, "t_emerged", err);
    if (config->detect.events && status == HF_OK)
        status = add_report(config, "stages", err);
    return status == HF_OK ? add_report(config, "final_loss", err) : status;
}

/* Adds name unless its quantity is reported already. */
static hf_status want(hf_config *config, const char *name, hf_error *err)
{
    hf_quantity wanted, have;
    const char *meant;
    hf_quantity_find(name, &wanted, &meant);
    for (size_t i = 0; i < config->sweep.report.count; i++)
        if (hf_quantity_find(config->sweep.report.at[i], &have, &meant) == HF_OK && hf_quantity_equal(&wanted, &have))
            return HF_OK;
    return add_report(config, name, err);
}

static hf_status check_repeated(const hf_config *config, hf_error *err)
{
    const hf_strings *report = &config->sweep.report;
    hf_quantity a, b;
    const char *meant;
    for (size_t i = 0; i < report->count; i++)
        for (size_t k = 0; k < i; k++) {
            hf_quantity_find(report->at[i], &a, &meant);
            hf_quantity_find(report->at[k], &b, &meant);
            if (hf_quantity_equal(&a, &b))
                return hf_config_reject(config, err, "sweep.report", "has %s twice, expected each once", report->at[i]);
        }
    return HF_OK;
}

/* A column of results.tsv or summary.tsv: the quantity itself, or what is said of its runs. */
static bool is_column_of(const char *name, const char *quantity)
{
    static const char *const endings[] = {"", "_median", "_low", "_high", "_count"};
    const size_t length = strlen(quantity);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strncmp(name, quantity, length) == 0 && strcmp(name + length, endings[i]) == 0)
            return true;
    return false;
}

static hf_status check_axis_names(const hf_config *config, hf_error *err)
{
    for (size_t a = 0; a < config->sweep.over.count; a++)
        for (size_t i = 0; i < config->sweep.report.count && config->sweep.over.at[a].name != NULL; i++)
            if (is_column_of(config->sweep.over.at[a].name, config->sweep.report.at[i]))
                return hf_config_reject(config, err, "sweep.over", "the name '%s' is that of a column of the quantity %s",
                                        config->sweep.over.at[a].name, config->sweep.report.at[i]);
    return HF_OK;
}

hf_status hf_quantity_settle(hf_config *config, hf_error *err)
{
    hf_status status = config->sweep.report.count == 0 ? default_report(config, err) : HF_OK;
    for (size_t i = 0; i < config->sweep.report.count && status == HF_OK; i++)
        status = check_quantity(config, "sweep.report", config->sweep.report.at[i], err);
    if (status == HF_OK)
        status = check_repeated(config, err);
    if (status == HF_OK)
        status = check_axis_names(config, err);
    for (size_t i = 0; i < config->fit.count && status == HF_OK; i++) {
        status = check_quantity(config, "fit", config->fit.at[i].response, err);
        if (status == HF_OK)
            status = want(config, config->fit.at[i].response, err);
    }
    return status;
}

/* ---- measuring ---- */

hf_outcome hf_outcome_of_flow(const hf_run_summary *s)
{
    return (hf_outcome){.findings = &s->findings,
                        .censored = s->censored,
                        .t = s->t,
                        .loss_start = s->loss_start,
                        .loss = s->loss,
                        .overlap = s->overlap,
                        .energy_defect = s->energy_defect,
                        .steps = (double)s->counts.steps,
                        .train_loss = NAN,
                        .early_step = NAN,
                        .early_t = NAN,
                        .early_loss = NAN,
                        .early_class = NAN};
}

hf_outcome hf_outcome_of_training(const hf_train_summary *s)
{
    return (hf_outcome){.findings = &s->findings,
                        .censored = s->censored,
                        .t = s->t,
                        .loss_start = s->loss_start,
                        .loss = s->loss,
                        .overlap = s->overlap,
                        .energy_defect = NAN,
                        .steps = (double)s->step,
                        .train_loss = s->train_loss,
                        .early_step = (double)s->early.step,
                        .early_t = s->early.t,
                        .early_loss = s->early.loss,
                        .early_class = (double)s->early.nearest};
}

/* What was asked for, from how the run went. */
static void read_off(const hf_config *config, size_t count, const hf_quantity *quantities, const hf_outcome *outcome,
                     double *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = quantities[i].kind->needs_events && !config->detect.events
                        ? NAN
                        : quantities[i].kind->value(outcome, quantities[i].index);
}

static bool needs_end(size_t count, const hf_quantity *quantities)
{
    for (size_t i = 0; i < count; i++)
        if (quantities[i].kind->needs_end)
            return true;
    return false;
}

static hf_status measure_flow(const hf_config *config, size_t count, const hf_quantity *quantities,
                              const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    hf_run_summary summary;
    const hf_run_options options = {.interrupted = interrupted, .judge_end = needs_end(count, quantities)};
    const hf_status status = hf_flow_run(config, &options, &summary, err);
    *stopped = status == HF_OK && summary.stop == HF_STOP_INTERRUPTED;
    const hf_outcome outcome = hf_outcome_of_flow(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &outcome, values);
    hf_run_summary_clear(&summary);
    return status;
}

static hf_status measure_training(const hf_config *config, size_t count, const hf_quantity *quantities,
                                  const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    hf_train_summary summary;
    const hf_train_options options = {
        .threads = 1, .interrupted = interrupted, .judge_end = needs_end(count, quantities)};
    const hf_status status = hf_train_run(config, config->train.seed, &options, &summary, err);
    *stopped = status == HF_OK && summary.interrupted;
    const hf_outcome outcome = hf_outcome_of_training(&summary);
    if (status == HF_OK && !*stopped)
        read_off(config, count, quantities, &outcome, values);
    hf_train_summary_clear(&summary);
    return status;
}

hf_status hf_quantity_measure(hf_config *config, size_t count, const hf_quantity *quantities,
                              const volatile sig_atomic_t *interrupted, double *values, bool *stopped, hf_error *err)
{
    config->detect.saddles = false;
    for (size_t i = 0; i < count; i++)
        config->detect.saddles = config->detect.saddles || quantities[i].kind->needs_saddle;
    return (hf_config_runs_flow(config) ? measure_flow : measure_training)(config, count, quantities, interrupted, values,
                                                                           stopped, err);
}
