#include "estimate/moved.h"

#include "flow/direction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_named(const char *word, const char *name, const char *key)
{
    return strcmp(word, name) == 0 || strcmp(word, key) == 0;
}

/* Names to follow: those that are wanted, and what lr takes along. */
static hf_status take_names(hf_moved *m, hf_error *err)
{
    static char drift[] = "drift", step[] = "step";
    const hf_strings *to = &m->from->sensitivity.to;
    const hf_flow_params *flow = &m->from->problem.flow;
    bool takes_drift = m->has_lr && flow->sgd_drift.lr > 0, takes_step = m->has_lr && flow->step > 0;
    m->to.at = calloc(to->count + 2, sizeof *m->to.at);
    if (m->to.at == NULL)
        return hf_fail_memory(err, "the parameters");
    for (size_t i = 0; i < to->count; i++) {
        if (strcmp(to->at[i], "positions") == 0)
            return hf_reject(err, "sensitivity.to",
                             "has positions, of which there are whole numbers: they cannot be fitted");
        if (strcmp(to->at[i], "per_step") == 0)
            return hf_reject(err, "sensitivity.to", "has per_step, which has no logarithm, expected step");
        takes_drift = takes_drift && !is_named(to->at[i], drift, "flow.sgd_drift.lr");
        takes_step = takes_step && !is_named(to->at[i], step, "flow.step");
        m->to.at[m->to.count++] = to->at[i];
    }
    if (takes_drift)
        m->to.at[m->to.count++] = drift;
    if (takes_step)
        m->to.at[m->to.count++] = step;
    m->flow.sensitivity.to = m->to;
    return HF_OK;
}

/* The names of single parameters, as the flow has them. */
static hf_status name_parameters(hf_moved *m, hf_error *err)
{
    const double start = 0;
    hf_trace trace;
    const hf_status status = hf_trace_run(&trace, &m->flow, 1, &start, NULL, err);
    if (status != HF_OK)
        return status;
    m->followed = trace.parameters;
    m->taken = trace.parameters - (m->to.count - m->from->sensitivity.to.count);
    m->count = m->taken + m->has_lr;
    m->name = calloc(m->count + 1, sizeof *m->name);
    for (size_t i = 0; i < m->taken && m->name != NULL; i++)
        snprintf(m->name[i], sizeof m->name[i], "%s", trace.name[i]);
    hf_trace_clear(&trace);
    if (m->name == NULL)
        return hf_fail_memory(err, "the parameters");
    if (m->has_lr)
        snprintf(m->name[m->count - 1], sizeof m->name[0], "lr");
    return HF_OK;
}

hf_status hf_moved_init(hf_moved *m, const hf_flow_run_params *flow, hf_clock clock, bool has_lr, hf_error *err)
{
    const hf_reals *strengths = &flow->problem.target.strengths;
    *m = (hf_moved){.from = flow, .from_clock = clock, .flow = *flow, .clock = clock, .has_lr = has_lr};
    m->strengths = malloc((strengths->count + 1) * sizeof *m->strengths);
    if (m->strengths == NULL)
        return hf_fail_memory(err, "the strengths");
    memcpy(m->strengths, strengths->at, strengths->count * sizeof *m->strengths);
    m->flow.problem.target.strengths.at = m->strengths;
    hf_status status = take_names(m, err);
    if (status == HF_OK)
        status = name_parameters(m, err);
    return status;
}

void hf_moved_clear(hf_moved *m)
{
    free(m->name);
    free(m->strengths);
    free(m->to.at);
    *m = (hf_moved){0};
}

/* The numbers that a parameter multiplies by a factor each; ratio, base and lr aside. NULL: it is none of these. */
static double *place(hf_moved *m, const char *name)
{
    hf_problem_params *p = &m->flow.problem;
    const struct {
        const char *name;
        double *at;
    } places[] = {{"perturbation", &p->init.perturbation},
                  {"values", &p->init.values},
                  {"value_rate", &p->flow.value_rate},
                  {"attention_rate", &p->flow.attention_rate},
                  {"weight_decay", &p->flow.weight_decay},
                  {"drift", &p->flow.sgd_drift.lr},
                  {"step", &p->flow.step}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strcmp(places[i].name, name) == 0)
            return places[i].at;
    return strncmp(name, "strength_", 9) == 0 ? &m->strengths[strtoul(name + 9, NULL, 10) - 1] : NULL;
}

static void multiply(hf_moved *m, const char *name, double x)
{
    const size_t patterns = m->from->problem.target.strengths.count;
    double *at = place(m, name);
    if (at != NULL)
        *at *= exp(x);
    else if (strcmp(name, "lr") == 0) {
        m->clock.lr *= exp(x);
        for (size_t k = m->from->sensitivity.to.count; k < m->to.count; k++)
            *place(m, m->to.at[k]) *= exp(x);
    } else
        for (size_t j = 0; j < patterns; j++)
            m->strengths[j] *= exp(strcmp(name, "base") == 0 ? x : x * (double)(patterns - 1 - j));
    if (strcmp(name, "ratio") == 0)
        m->flow.problem.target.ratio = (m->from->problem.target.ratio > 0 ? m->from->problem.target.ratio : 1) * exp(x);
}

bool hf_moved_set(hf_moved *m, const double *x)
{
    const double farthest = 50; /* further no parameter is of any use */
    const hf_reals *strengths = &m->from->problem.target.strengths;
    m->flow.problem.init = m->from->problem.init;
    m->flow.problem.flow = m->from->problem.flow;
    m->flow.problem.target.ratio = m->from->problem.target.ratio;
    m->clock = m->from_clock;
    memcpy(m->strengths, strengths->at, strengths->count * sizeof *m->strengths);
    for (size_t i = 0; i < m->count; i++) {
        if (!(fabs(x[i]) < farthest))
            return false;
        multiply(m, m->name[i], x[i]);
    }
    return true;
}

double hf_moved_value(const hf_moved *m, size_t i)
{
    const size_t patterns = m->from->problem.target.strengths.count;
    if (strcmp(m->name[i], "lr") == 0)
        return m->clock.lr;
    if (strcmp(m->name[i], "base") == 0)
        return m->strengths[patterns - 1];
    if (strcmp(m->name[i], "ratio") == 0)
        return m->flow.problem.target.ratio > 0 ? m->flow.problem.target.ratio : 1;
    hf_moved copy = *m; /* place takes one that may be changed */
    return *place(&copy, m->name[i]);
}

double hf_moved_along(const hf_moved *m, const hf_trace *trace, const double *t, size_t i, size_t k)
{
    if (!m->has_lr || i + 1 < m->count)
        return trace->along[i * trace->count + k];
    double sum = -trace->speed[k] * t[k];
    for (size_t taken = m->taken; taken < m->followed; taken++)
        sum += trace->along[taken * trace->count + k];
    return sum;
}
