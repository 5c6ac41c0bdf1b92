/* Parameters of a flow by their names; what they do at a state is in direction.c. */
#include "flow/direction.h"

#include "flow/restraint.h"
#include "flow/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY "sensitivity.to"

typedef struct {
    const hf_problem *problem;
    const hf_problem_params *params;
} source;

/* ---- one by one ---- */

static bool has_target(const source *s)
{
    return s->problem->values != HF_VALUES_OPTIMAL;
}

static const char *no_perturbation(const source *s)
{
    return s->params->init.perturbation == 0 ? "init.perturbation is 0" : NULL;
}

static hf_status set_perturbation(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number;
    return hf_start_noise(s->problem, s->params, d->logit_deviation, err);
}

static const char *no_values(const source *s)
{
    if (s->params->state.logit != NULL || s->params->init.start == HF_START_SADDLE)
        return "the start does not come from init.values";
    return s->params->init.values == 0 ? "init.values is 0" : NULL;
}

static hf_status set_values(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number, (void)err;
    const hf_problem *p = s->problem;
    memcpy(d->base_value, p->base_value, p->heads * p->features * sizeof *d->base_value);
    return HF_OK;
}

static const char *no_strengths(const source *s)
{
    return has_target(s) ? NULL : "flow.values is \"optimal\"";
}

/* The target, and a start that is fitted to it, from d->strength. */
static hf_status move_target(const source *s, hf_direction *d, hf_error *err)
{
    const hf_problem *p = s->problem;
    for (size_t j = 0; j < p->patterns; j++)
        for (size_t r = 0; r < p->features; r++)
            for (size_t e = 0; e < p->pattern[j].count; e++) {
                const hf_pattern_entry entry = p->pattern[j].entry[e];
                d->target[r * p->positions + entry.position] +=
                    d->strength[j] * p->strength[j] * p->feature[j * p->features + r] * entry.weight;
            }
    if (s->params->init.start != HF_START_SADDLE || s->params->state.logit != NULL)
        return HF_OK;
    hf_problem moved = *p;
    moved.target = d->target;
    moved.base_value = d->base_value;
    return hf_start_saddle_values(&moved, s->params, err);
}

static hf_status set_strength(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    d->strength[number] = 1;
    return move_target(s, d, err);
}

static hf_status set_base(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number;
    for (size_t j = 0; j < s->problem->patterns; j++)
        d->strength[j] = 1;
    return move_target(s, d, err);
}

static hf_status set_ratio(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number;
    for (size_t j = 0; j < s->problem->patterns; j++)
        d->strength[j] = (double)(s->problem->patterns - 1 - j);
    return move_target(s, d, err);
}

static const char *no_value_rate(const source *s)
{
    if (s->problem->values != HF_VALUES_LEARNED)
        return "flow.values is not \"learned\"";
    return s->problem->value_rate == 0 ? "flow.value_rate is 0" : NULL;
}

static hf_status set_value_rate(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number, (void)err;
    d->value_rate = 1;
    d->kappa = s->problem->kappa > 0;
    return HF_OK;
}

static const char *no_attention_rate(const source *s)
{
    return s->problem->attention_rate == 0 ? "flow.attention_rate is 0" : NULL;
}

static hf_status set_attention_rate(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)s, (void)number, (void)err;
    d->attention_rate = 1;
    return HF_OK;
}

static const char *no_decay(const source *s)
{
    if (s->problem->values != HF_VALUES_LEARNED)
        return "flow.values is not \"learned\"";
    return s->problem->weight_decay == 0 ? "flow.weight_decay is 0" : NULL;
}

static hf_status set_decay(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)s, (void)number, (void)err;
    d->decay = 1;
    return HF_OK;
}

static const char *no_drift(const source *s)
{
    return s->problem->kappa == 0 ? "there is no flow.sgd_drift" : NULL;
}

static hf_status set_drift(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)s, (void)number, (void)err;
    d->kappa = 1;
    return HF_OK;
}

static const char *no_step(const source *s)
{
    return s->problem->tau == 0 ? "flow.step is 0 (per_step takes the derivative there)" : NULL;
}

static hf_status set_step(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number, (void)err;
    d->tau = s->problem->tau;
    return HF_OK;
}

static const char *always(const source *s)
{
    (void)s;
    return NULL;
}

static hf_status set_per_step(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number, (void)err;
    d->tau = hf_problem_step(1, s->params->flow.momentum);
    return HF_OK;
}

/* Positions of classes that no pattern has. has: (T), or NULL. */
static double free_positions(const hf_problem *p, bool *has)
{
    double sum = 0;
    for (size_t i = 0; i < p->positions; i++) {
        bool used = false;
        for (size_t j = 0; j < p->patterns && !used; j++)
            for (size_t e = 0; e < p->pattern[j].count && !used; e++)
                used = p->pattern[j].entry[e].position == i;
        sum += used ? 0 : p->multiplicity[i];
        if (has != NULL)
            has[i] = !used;
    }
    return sum;
}

static const char *no_positions(const source *s)
{
    if (!has_target(s))
        return "flow.values is \"optimal\"";
    if (s->params->init.start == HF_START_SADDLE && s->params->state.logit == NULL)
        return "init.start is \"saddle\"";
    return free_positions(s->problem, NULL) > 0 ? NULL : "every position belongs to a pattern";
}

/* -sum_i dn_i a_ki / N, by which the mean of the logits a would move: (H, T). */
static void center(const hf_problem *p, const double *replicas, const double *a, double *change)
{
    for (size_t k = 0; k < p->heads; k++) {
        double mean = 0;
        for (size_t i = 0; i < p->positions; i++)
            mean += p->multiplicity[i] * replicas[i] * a[k * p->positions + i] / p->total;
        for (size_t i = 0; i < p->positions; i++)
            change[k * p->positions + i] = -mean;
    }
}

static hf_status set_positions(const source *s, size_t number, hf_direction *d, hf_error *err)
{
    (void)number;
    const hf_problem *p = s->problem;
    bool *has = malloc((p->positions + 1) * sizeof *has);
    if (has == NULL)
        return hf_fail_memory(err, "the parameters");
    const double each = p->total / free_positions(p, has);
    for (size_t i = 0; i < p->positions; i++)
        d->replicas[i] = has[i] ? each : 0;
    free(has);
    d->total = p->total;
    center(p, d->replicas, p->base_logit, d->base_logit);
    center(p, d->replicas, p->logit_deviation, d->logit_deviation);
    return HF_OK;
}

/* ---- all ---- */

typedef struct {
    const char *name, *key; /* of the model file, another name for it; NULL: it has none of its own */
    bool by_pattern;        /* one for each pattern */
    bool moves_target;
    const char *(*refuse)(const source *s); /* why there is no derivative; NULL: there is one */
    hf_status (*set)(const source *s, size_t number, hf_direction *d, hf_error *err); /* of a zeroed direction */
} row;

static const row rows[] = {
    {"perturbation", "init.perturbation", false, false, no_perturbation, set_perturbation},
    {"values", "init.values", false, false, no_values, set_values},
    {"strengths", "target.strengths", true, true, no_strengths, set_strength},
    {"base", "target.base", false, true, no_strengths, set_base},
    {"ratio", "target.ratio", false, true, no_strengths, set_ratio},
    {"value_rate", "flow.value_rate", false, false, no_value_rate, set_value_rate},
    {"attention_rate", "flow.attention_rate", false, false, no_attention_rate, set_attention_rate},
    {"weight_decay", "flow.weight_decay", false, false, no_decay, set_decay},
    {"drift", "flow.sgd_drift.lr", false, false, no_drift, set_drift},
    {"step", "flow.step", false, false, no_step, set_step},
    {"per_step", NULL, false, false, always, set_per_step},
    {"positions", NULL, false, false, no_positions, set_positions},
};

enum { ROWS = sizeof rows / sizeof *rows };

const char *const hf_direction_names[] = {
    "perturbation", "values", "strengths", "base",     "ratio",     "value_rate", "attention_rate",
    "weight_decay", "drift",  "step",      "per_step", "positions", NULL};
_Static_assert(sizeof hf_direction_names / sizeof *hf_direction_names == ROWS + 1, "a row without a name for users");

static bool allocate(const hf_problem *p, const row *r, hf_direction *d)
{
    const size_t values = p->heads * p->features, logits = p->heads * p->positions, field = p->features * p->positions;
    d->memory = calloc(p->patterns + field + p->positions + 2 * values + 3 * logits, sizeof *d->memory);
    if (d->memory == NULL)
        return false;
    d->zero = d->memory; /* (H, R) and (H, T), one behind the other */
    d->base_value = d->zero + values + logits;
    d->base_logit = d->base_value + values;
    d->logit_deviation = d->base_logit + logits;
    d->strength = d->logit_deviation + logits;
    d->target = r->moves_target ? d->strength + p->patterns : NULL;
    d->replicas = r->set == set_positions ? d->strength + p->patterns + field : NULL;
    return true;
}

static hf_status add(hf_directions *all, const source *s, const row *r, hf_error *err)
{
    const size_t count = r->by_pattern ? s->problem->patterns : 1;
    hf_status status = HF_OK;
    for (size_t k = 0; k < count && status == HF_OK; k++) {
        hf_direction *d = &all->at[all->count];
        if (!allocate(s->problem, r, d))
            return hf_fail_memory(err, "the parameters");
        all->count++;
        if (r->by_pattern)
            snprintf(d->name, sizeof d->name, "strength_%zu", k + 1);
        else
            snprintf(d->name, sizeof d->name, "%s", r->name);
        status = r->set(s, k, d, err);
    }
    return status;
}

static const row *find(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0 || (rows[i].key != NULL && strcmp(rows[i].key, name) == 0))
            return &rows[i];
    return NULL;
}

static hf_status refuse_name(const char *name, hf_error *err)
{
    char list[300] = "";
    size_t used = 0;
    for (size_t i = 0; i < ROWS; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                 i == 0          ? ""
                                 : i + 1 == ROWS ? " or "
                                                 : ", ",
                                 rows[i].name);
    return hf_reject(err, KEY, "has no parameter '%.60s', expected %s", name, list);
}

hf_status hf_directions_create(hf_directions **result, const hf_problem *problem, const hf_problem_params *params,
                               const hf_strings *to, hf_error *err)
{
    const source s = {problem, params};
    bool taken[ROWS] = {false};
    hf_directions *all = calloc(1, sizeof *all);
    if (all != NULL)
        all->at = calloc(to->count + problem->patterns + 1, sizeof *all->at);
    hf_status status = all == NULL || all->at == NULL ? hf_fail_memory(err, "the parameters") : HF_OK;
    if (status == HF_OK && problem->attention != HF_ATTENTION_SOFTMAX && to->count > 0)
        status = hf_reject(err, KEY, "is of flow.attention = \"softmax\" alone, expected no parameters");
    if (status == HF_OK && hf_restraint_acts(problem) && to->count > 0)
        status = hf_reject(err, KEY, "is of flows without flow.attention_decay and flow.frozen, expected no parameters");
    if (status == HF_OK && problem->support != NULL && to->count > 0)
        status = hf_reject(err, KEY, "is of flows without flow.support, expected no parameters");
    if (status == HF_OK && problem->cloud.rate > 0 && to->count > 0)
        status = hf_reject(err, KEY, "is of flows without flow.sgd_drift.dynamic, expected no parameters");
    for (size_t i = 0; i < to->count && status == HF_OK; i++) {
        const row *r = find(to->at[i]);
        const char *why = r == NULL ? NULL : r->refuse(&s);
        if (r == NULL)
            status = refuse_name(to->at[i], err);
        else if (taken[r - rows])
            status = hf_reject(err, KEY, "has %s twice, expected each once", r->name);
        else if (why != NULL)
            status = hf_reject(err, KEY, "has %s, but %s: there is no derivative", r->name, why);
        else {
            taken[r - rows] = true;
            status = add(all, &s, r, err);
        }
    }
    if (status == HF_OK)
        *result = all;
    else
        hf_directions_free(all);
    return status;
}

void hf_directions_free(hf_directions *all)
{
    if (all == NULL)
        return;
    for (size_t i = 0; i < all->count; i++)
        free(all->at[i].memory);
    free(all->at);
    free(all);
}
