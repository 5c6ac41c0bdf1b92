/* Every replica by itself; hf_problem_expand of problem.h. */
#include "flow/problem.h"

#include <stdlib.h>
#include <string.h>

/* Copies rows (count, T) to rows (count, N), N being the number of replicas */
static void spread_rows(const hf_problem *from, size_t count, const double *row, const hf_problem *to, double *spread)
{
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0, n = 0; i < from->positions; i++)
            for (size_t copy = 0; copy < (size_t)from->replicas[i]; copy++, n++)
                spread[r * to->positions + n] = row[r * from->positions + i];
}

/* Copies rows (count, R) to rows (count, R + extra), the new coordinates 0. */
static void widen_rows(const hf_problem *from, size_t count, const double *row, const hf_problem *to, double *wide)
{
    for (size_t k = 0; k < count; k++)
        memcpy(wide + k * to->features, row + k * from->features, from->features * sizeof *wide);
}

static void spread_patterns(const hf_problem *from, hf_problem *to)
{
    hf_pattern_entry *entry = to->entries;
    for (size_t j = 0; j < from->patterns; j++) {
        to->pattern[j] = (hf_pattern){.entry = entry, .norm2 = from->pattern[j].norm2};
        for (size_t e = 0; e < from->pattern[j].count; e++) {
            const hf_pattern_entry source = from->pattern[j].entry[e];
            size_t first = 0;
            for (size_t i = 0; i < source.position; i++)
                first += (size_t)from->replicas[i];
            for (size_t n = first; n < first + (size_t)from->replicas[source.position]; n++)
                *entry++ = (hf_pattern_entry){n, source.weight};
        }
        to->pattern[j].count = (size_t)(entry - to->pattern[j].entry);
    }
}

/* Sizes of the expanded problem, and room for its arrays. False: out of memory. */
static bool allocate(const hf_problem *p, size_t extra, hf_problem *e)
{
    size_t entries = 0;
    e->positions = 0;
    for (size_t i = 0; i < p->positions; i++)
        e->positions += (size_t)p->replicas[i];
    for (size_t j = 0; j < p->patterns; j++)
        for (size_t n = 0; n < p->pattern[j].count; n++)
            entries += (size_t)p->replicas[p->pattern[j].entry[n].position];
    e->features = e->value_width = p->features + extra;
    const size_t H = p->heads, J = p->patterns, R = e->features, N = e->positions;
    e->strength = calloc(J, sizeof(double));
    e->feature = calloc(J * R, sizeof(double));
    e->feature2 = calloc(J, sizeof(double));
    e->pattern = calloc(J, sizeof *e->pattern);
    e->entries = calloc(entries, sizeof *e->entries);
    e->target = calloc(R * N, sizeof(double));
    e->copies = calloc(3 * N, sizeof(double));
    e->replicas = e->copies + N;
    e->multiplicity = e->replicas + N;
    e->variance = calloc(R * N, sizeof(double));
    e->test_variance = p->test_variance == NULL ? NULL : calloc(R * N, sizeof(double));
    e->base_value = calloc(H * R, sizeof(double));
    e->value_deviation = calloc(H * R, sizeof(double));
    e->base_logit = calloc(H * N, sizeof(double));
    e->logit_deviation = calloc(H * N, sizeof(double));
    e->value_basis = calloc(R * R, sizeof(double));
    e->held_value = p->held_value == NULL ? NULL : calloc(2 * H + N, sizeof *e->held_value);
    e->held_logit = e->held_value == NULL ? NULL : e->held_value + H;
    e->held_position = e->held_value == NULL ? NULL : e->held_value + 2 * H;
    e->kind = p->kind == NULL ? NULL : calloc(H, sizeof *e->kind);
    return e->strength != NULL && e->feature != NULL && e->feature2 != NULL && e->pattern != NULL && e->entries != NULL &&
           e->target != NULL && e->copies != NULL && e->variance != NULL &&
           (p->test_variance == NULL || e->test_variance != NULL) && (p->held_value == NULL || e->held_value != NULL) &&
           (p->kind == NULL || e->kind != NULL) && e->base_value != NULL && e->value_deviation != NULL &&
           e->base_logit != NULL && e->logit_deviation != NULL && e->value_basis != NULL;
}

static void spread_held(const hf_problem *p, hf_problem *e)
{
    if (p->held_value == NULL)
        return;
    memcpy(e->held_value, p->held_value, 2 * p->heads * sizeof *p->held_value);
    for (size_t i = 0, n = 0; i < p->positions; i++)
        for (size_t copy = 0; copy < (size_t)p->replicas[i]; copy++, n++)
            e->held_position[n] = p->held_position[i];
    if (p->kind != NULL)
        memcpy(e->kind, p->kind, p->heads * sizeof *p->kind);
}

static void fill(const hf_problem *p, hf_problem *e)
{
    const size_t H = p->heads, J = p->patterns, R = e->features, N = e->positions;
    memcpy(e->strength, p->strength, J * sizeof(double));
    memcpy(e->feature2, p->feature2, J * sizeof(double));
    widen_rows(p, J, p->feature, e, e->feature);
    widen_rows(p, H, p->base_value, e, e->base_value);
    widen_rows(p, H, p->value_deviation, e, e->value_deviation);
    spread_rows(p, p->features, p->target, e, e->target);
    spread_rows(p, p->features, p->variance, e, e->variance);
    if (p->test_variance != NULL)
        spread_rows(p, p->features, p->test_variance, e, e->test_variance);
    spread_rows(p, 1, p->copies, e, e->copies);
    spread_rows(p, 1, p->copies, e, e->multiplicity);
    spread_rows(p, H, p->base_logit, e, e->base_logit);
    spread_rows(p, H, p->logit_deviation, e, e->logit_deviation);
    spread_patterns(p, e);
    spread_held(p, e);
    for (size_t i = 0; i < N; i++)
        e->replicas[i] = 1;
    for (size_t i = p->features * N; i < R * N; i++)
        e->variance[i] = 1;
    for (size_t i = p->features * N; i < R * N && e->test_variance != NULL; i++)
        e->test_variance[i] = 1;
    for (size_t r = 0; r < R; r++)
        e->value_basis[r * R + r] = 1;
}

hf_status hf_problem_expand(const hf_problem *p, size_t extra, hf_problem **result, hf_error *err)
{
    hf_problem *e = calloc(1, sizeof *e);
    if (e == NULL)
        return hf_fail_memory(err, "the training problem");
    *e = *p;
    e->kappa = e->tau = e->cloud.rate = 0; /* training has its noise and its steps itself */
    if (!allocate(p, extra, e)) {
        hf_problem_free(e);
        return hf_fail_memory(err, "the training problem");
    }
    fill(p, e);
    *result = e;
    return HF_OK;
}
