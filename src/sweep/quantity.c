#include "sweep/quantity.h"

#include "config/keys.h"
#include "core/plural.h"
#include "sweep/carriers.h"

#include <assert.h>
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

static double t_split(const hf_run_summary *s, size_t index)
{
    (void)index;
    return time_of(&s->findings, HF_EVENT_SPLIT, 0);
}

static double t_emerged(const hf_run_summary *s, size_t index)
{
    (void)index;
    return time_of(&s->findings, HF_EVENT_EMERGED, 0);
}

static double t_acquired(const hf_run_summary *s, size_t j)
{
    return time_of(&s->findings, HF_EVENT_ACQUIRED, j);
}

static double carrier(const hf_run_summary *s, size_t j)
{
    const hf_event *event = first_event(&s->findings, HF_EVENT_ACQUIRED, j);
    return event == NULL ? NAN : (double)event->head;
}

static double cooperative(const hf_run_summary *s, size_t j)
{
    const hf_event *event = first_event(&s->findings, HF_EVENT_ACQUIRED, j);
    return event == NULL || event->mode == HF_MODE_NONE ? NAN : event->mode == HF_MODE_COOPERATIVE;
}

static double t_onset(const hf_run_summary *s, size_t i)
{
    return i > s->findings.stage_count ? NAN : s->findings.stage[i - 1].t_onset;
}

static double t_peak(const hf_run_summary *s, size_t i)
{
    return i > s->findings.stage_count ? NAN : s->findings.stage[i - 1].t_peak;
}

static double t_settle(const hf_run_summary *s, size_t i)
{
    return i > s->findings.stage_count ? NAN : s->findings.stage[i - 1].t_settle;
}

static double plateau_loss(const hf_run_summary *s, size_t i)
{
    return i > s->findings.plateau_count ? NAN : s->findings.plateau[i - 1].loss;
}

static double saddle_index(const hf_run_summary *s, size_t i)
{
    const bool known = i <= s->findings.plateau_count && hf_saddle_is_known(&s->findings.plateau[i - 1].saddle);
    return known ? (double)s->findings.plateau[i - 1].saddle.index : NAN;
}

static double lambda_min(const hf_run_summary *s, size_t i)
{
    const bool known = i <= s->findings.plateau_count && hf_saddle_is_known(&s->findings.plateau[i - 1].saddle);
    return known ? s->findings.plateau[i - 1].saddle.lambda_min : NAN;
}

static double stages(const hf_run_summary *s, size_t index)
{
    (void)index;
    return (double)s->findings.stage_count;
}

static double plateaus(const hf_run_summary *s, size_t index)
{
    (void)index;
    return (double)s->findings.plateau_count;
}

/* Patterns that were acquired at some time. */
static double acquired(const hf_run_summary *s, size_t index)
{
    const hf_findings *f = &s->findings;
    double count = 0;
    (void)index;
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == HF_EVENT_ACQUIRED && first_event(f, HF_EVENT_ACQUIRED, f->event[i].pattern) == &f->event[i])
            count++;
    return count;
}

static double steps(const hf_run_summary *s, size_t index)
{
    (void)index;
    return (double)s->steps;
}

static double early_step(const hf_run_summary *s, size_t index)
{
    (void)index;
    return s->trained ? (double)s->training.early.step : NAN;
}

static double early_class(const hf_run_summary *s, size_t index)
{
    (void)index;
    return s->trained ? (double)s->training.early.nearest : NAN;
}

static double heads_per_pattern(const hf_run_summary *s, size_t index)
{
    (void)index;
    return hf_carriers_heads(s);
}

static double patterns_per_head(const hf_run_summary *s, size_t index)
{
    (void)index;
    return hf_carriers_patterns(s);
}

static double looks_per_head(const hf_run_summary *s, size_t index)
{
    (void)index;
    return hf_carriers_looks(s);
}

static double idle_heads(const hf_run_summary *s, size_t index)
{
    (void)index;
    return hf_carriers_idle(s);
}

const char hf_quantity_censored[] = "censored";

/* clang-format off */

#define TIME    .is_time = true, .needs_events = true
#define FOUND   .needs_events = true
#define COUNT   .needs_events = true, .is_count = true
#define TRAINING .needs_training = true
#define HEADS   .of_heads = true
#define STRINGS .of_strings = true, .needs_training = true
#define MORE    .until = HF_UNTIL_MORE
#define LESS    .until = HF_UNTIL_LESS
#define EITHER  .until = HF_UNTIL_EITHER
#define ASSIGNMENT .of_assignment = true, .until = HF_UNTIL_EITHER
#define FIELD(name) .field = offsetof(hf_run_summary, name)
#define SADDLE  .needs_events = true, .needs_saddle = true

static const hf_quantity_kind kinds[] = {
    {"t_split", HF_INDEX_NONE, HEADS, TIME, .unit = "flow time", .help = "the overlap of the heads falls to detect.overlap", .value = t_split},
    {"t_acquired_", HF_INDEX_PATTERN, HEADS, TIME, .unit = "flow time", .help = "pattern j is acquired for the first time", .value = t_acquired},
    {"t_emerged", HF_INDEX_NONE, TIME, .unit = "flow time", .needs_level = true, .help = "the loss falls to detect.loss_fraction of its start; also called emergence", .value = t_emerged},
    {"t_onset_", HF_INDEX_STAGE, TIME, .unit = "flow time", .help = "stage s begins", .value = t_onset},
    {"t_peak_", HF_INDEX_STAGE, TIME, .unit = "flow time", .help = "the loss falls fastest in stage s", .value = t_peak},
    {"t_settle_", HF_INDEX_STAGE, TIME, .unit = "flow time", .help = "stage s ends", .value = t_settle},
    {"stages", HF_INDEX_NONE, COUNT, MORE, .unit = "1", .help = "number of stages", .value = stages},
    {"plateaus", HF_INDEX_NONE, COUNT, MORE, .unit = "1", .help = "number of plateaus", .value = plateaus},
    {"acquired", HF_INDEX_NONE, HEADS, COUNT, MORE, .unit = "1", .help = "number of patterns that were acquired", .value = acquired},
    {"carrier_", HF_INDEX_PATTERN, HEADS, COUNT, .unit = "head", .help = "head with the largest share of pattern j when it is acquired", .value = carrier},
    {"cooperative_", HF_INDEX_PATTERN, HEADS, COUNT, .unit = "1", .help = "1 if only some heads move for pattern j when it is acquired (cooperative), 0 if all do (competitive)", .value = cooperative},
    {"assignment", HF_INDEX_NONE, HEADS, ASSIGNMENT, .unit = "patterns", .help = "patterns that each head carries at the end, whatever the heads are called", .text = hf_carriers_assignment},
    {"attended", HF_INDEX_NONE, HEADS, ASSIGNMENT, .needs_masses = true, .unit = "patterns", .help = "patterns that each head looks at at the end, likewise", .text = hf_carriers_attended},
    {"order", HF_INDEX_NONE, HEADS, ASSIGNMENT, FOUND, .unit = "patterns", .help = "patterns in the order in which they are first acquired", .text = hf_carriers_order},
    {"heads_per_pattern", HF_INDEX_NONE, HEADS, ASSIGNMENT, .is_count = true, .unit = "1", .help = "largest number of heads that carry one pattern at the end", .value = heads_per_pattern},
    {"patterns_per_head", HF_INDEX_NONE, HEADS, ASSIGNMENT, .is_count = true, .unit = "1", .help = "largest number of patterns that one head carries at the end", .value = patterns_per_head},
    {"looks_per_head", HF_INDEX_NONE, HEADS, ASSIGNMENT, .needs_masses = true, .is_count = true, .unit = "1", .help = "largest number of patterns that one head looks at at the end", .value = looks_per_head},
    {"idle_heads", HF_INDEX_NONE, HEADS, ASSIGNMENT, .is_count = true, .unit = "1", .help = "number of heads that carry no pattern at the end", .value = idle_heads},
    {"plateau_loss_", HF_INDEX_PLATEAU, FOUND, .unit = "loss", .help = "loss at plateau p", .value = plateau_loss},
    {"saddle_index_", HF_INDEX_PLATEAU, HEADS, SADDLE, .is_count = true, .unit = "1", .help = "directions that lead down from plateau p", .value = saddle_index},
    {"lambda_min_", HF_INDEX_PLATEAU, HEADS, SADDLE, .unit = "1/flow time", .help = "lowest eigenvalue of the Hessian at plateau p", .value = lambda_min},
    {"start_loss", HF_INDEX_NONE, .unit = "loss", .help = "loss at t = 0", FIELD(loss_start)},
    {"final_loss", HF_INDEX_NONE, LESS, .unit = "loss", .help = "loss at the end", FIELD(loss)},
    {"final_overlap", HF_INDEX_NONE, EITHER, .not_strings = true, .unit = "1", .help = "overlap of the heads at the end", FIELD(overlap)},
    {hf_quantity_censored, HF_INDEX_NONE, .is_count = true, .needs_end = true, .unit = "1", .help = "1 if more was to come when the run ended: inside a drop, or with a way down within reach (doc/sweeps.md); 0 if not", FIELD(censored)},
    {"t_stop", HF_INDEX_NONE, HEADS, .unit = "flow time", .help = "time at the end", FIELD(t)},
    {"energy_defect", HF_INDEX_NONE, HEADS, .unit = "start loss", .help = "what the integration got wrong, see doc/tables.md", FIELD(integration.energy_defect)},
    {"steps", HF_INDEX_NONE, .unit = "1", .help = "steps of the integrator, or of training", .value = steps},
    {"train_loss", HF_INDEX_NONE, TRAINING, .unit = "loss", .help = "loss on the fixed training samples at the end, with the label noise", FIELD(training.train_loss)},
    {"learned", HF_INDEX_NONE, STRINGS, .is_time = true, .unit = "epochs", .help = "of strings: epochs after which detect.accuracy of the training strings are first answered rightly", FIELD(strings.learned)},
    {"accuracy", HF_INDEX_NONE, STRINGS, .unit = "1", .help = "of strings: part of the held-out ones answered rightly at the end", FIELD(strings.accuracy)},
    {"best_accuracy", HF_INDEX_NONE, STRINGS, MORE, .unit = "1", .help = "of strings: the highest of these in the run", FIELD(strings.best)},
    {"train_accuracy", HF_INDEX_NONE, STRINGS, .unit = "1", .help = "of strings: part of the training ones answered rightly at the end", FIELD(strings.train_accuracy)},
    {"attention_entropy", HF_INDEX_NONE, STRINGS, .unit = "nats", .help = "of strings: entropy of the attention at the end, mean over blocks, heads, queries and held-out strings", FIELD(strings.entropy)},
    {"delta_s", HF_INDEX_NONE, STRINGS, .unit = "logit", .help = "of strings: range of a query's attention logits at the end, mean over queries", FIELD(strings.spread)},
    {"delta_h", HF_INDEX_NONE, STRINGS, .unit = "logit", .help = "of strings: range of the k largest of these, k being encoder.keep", FIELD(strings.inside)},
    {"gap", HF_INDEX_NONE, STRINGS, .unit = "logit", .help = "of strings: Delta_h, the gap behind these k", FIELD(strings.gap)},
    {"lipschitz", HF_INDEX_NONE, STRINGS, .needs_slices = true, .unit = "nats", .help = "of strings, with output.slices: largest change of the held-out loss by distance along random lines (doc/masks.md)", FIELD(strings.lipschitz)},
    {"slice_curvature", HF_INDEX_NONE, STRINGS, .needs_slices = true, .unit = "nats", .help = "of strings, with output.slices: curvature of the held-out loss along these lines, median", FIELD(strings.curvature)},
    {"sparse_condition", HF_INDEX_NONE, STRINGS, .unit = "1", .help = "of strings: part of the queries with delta_h + ln(2 (1 + 1/Delta_h)) < delta_s (doc/masks.md)", FIELD(strings.holds)},
    {"early_loss", HF_INDEX_NONE, TRAINING, LESS, .not_strings = true, .unit = "loss", .help = "lowest loss on the held-out samples (the population where nothing is held out)", FIELD(training.early.loss)},
    {"early_step", HF_INDEX_NONE, TRAINING, EITHER, .not_strings = true, .unit = "1", .help = "step at which that was: the early stop", .value = early_step},
    {"early_t", HF_INDEX_NONE, HEADS, TRAINING, EITHER, .unit = "flow time", .help = "flow time of the early stop", FIELD(training.early.t)},
    {"early_class", HF_INDEX_NONE, HEADS, TRAINING, EITHER, .is_count = true, .unit = "1", .help = "number of patterns known by the model that the early stop is nearest to (smallest `distance_<k>`)", .value = early_class},
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

static const char index_letter[] = {
    [HF_INDEX_PATTERN] = 'j', [HF_INDEX_STAGE] = 's', [HF_INDEX_PLATEAU] = 'p', [HF_INDEX_NONE] = '-'};

/* "t_acquired_<j>" */
static const char *describe_name(const hf_quantity_kind *kind, char text[64])
{
    if (kind->index == HF_INDEX_NONE)
        snprintf(text, 64, "%s", kind->name);
    else
        snprintf(text, 64, "%.40s<%c>", kind->name, index_letter[kind->index]);
    return text;
}

static hf_status fail_unknown(const char *name, hf_error *err)
{
    const char *list[KINDS + ALIASES + 1] = {NULL};
    char described[64];
    for (size_t i = 0; i < KINDS; i++)
        list[i] = kinds[i].name;
    for (size_t i = 0; i < ALIASES; i++)
        list[KINDS + i] = aliases[i].name;
    const char *meant = hf_keys_nearest(name, list);
    if (meant == NULL)
        return hf_fail(err, HF_EUSAGE, "unknown quantity '%.80s'; headflow help quantities lists them", name);
    for (size_t i = 0; i < KINDS; i++)
        if (meant == kinds[i].name)
            meant = describe_name(&kinds[i], described);
    return hf_fail(err, HF_EUSAGE, "unknown quantity '%.80s', did you mean '%s'?", name, meant);
}

/* Whether name is one of this kind, and of which index. */
static bool is_of_kind(const char *name, const hf_quantity_kind *kind, size_t *index)
{
    const size_t length = strlen(kind->name);
    *index = 0;
    if (kind->index == HF_INDEX_NONE)
        return strcmp(name, kind->name) == 0;
    if (strncmp(name, kind->name, length) != 0)
        return false;
    *index = parse_index(name + length);
    return *index > 0;
}

hf_status hf_quantity_find(const char *name, hf_quantity *quantity, hf_error *err)
{
    const char *wanted = name;
    for (size_t i = 0; i < ALIASES; i++)
        if (strcmp(name, aliases[i].name) == 0)
            wanted = aliases[i].kind;
    for (size_t i = 0; i < KINDS; i++) {
        *quantity = (hf_quantity){.kind = &kinds[i], .name = name};
        if (is_of_kind(wanted, &kinds[i], &quantity->index))
            return HF_OK;
    }
    return fail_unknown(name, err);
}

hf_quantity hf_quantity_of(const char *name)
{
    hf_quantity quantity;
    const hf_status status = hf_quantity_find(name, &quantity, NULL);
    assert(status == HF_OK);
    (void)status;
    return quantity;
}

bool hf_quantity_equal(const hf_quantity *a, const hf_quantity *b)
{
    return a->kind == b->kind && a->index == b->index;
}

bool hf_quantity_is_category(const hf_quantity *quantity)
{
    return quantity->kind->text != NULL;
}

double hf_quantity_value(const hf_quantity *quantity, const hf_run_summary *run)
{
    const hf_quantity_kind *kind = quantity->kind;
    if (kind->text != NULL)
        return NAN;
    return kind->value != NULL ? kind->value(run, quantity->index) : *(const double *)((const char *)run + kind->field);
}

const char *hf_quantity_unit(const hf_config *config, const hf_quantity *quantity)
{
    const bool in_steps = !hf_config_runs_flow(config) && !hf_config_has_clock(config);
    return quantity->kind->is_time && !quantity->kind->of_strings && in_steps ? "steps" : quantity->kind->unit;
}

bool hf_quantity_print_kinds(FILE *stream)
{
    char name[64];
    fputs("| quantity | unit | meaning |\n|---|---|---|\n", stream);
    for (size_t i = 0; i < KINDS; i++)
        fprintf(stream, "| `%s` | %s | %s |\n", describe_name(&kinds[i], name), kinds[i].unit, kinds[i].help);
    return fflush(stream) == 0 && !ferror(stream);
}
