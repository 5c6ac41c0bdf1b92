#include "flow/conserved.h"

#include "flow/lanes.h"
#include "flow/restraint.h"

#include <math.h>
#include <stdlib.h>

static bool holds_positions(const hf_problem *p)
{
    for (size_t i = 0; i < p->positions && p->held_value != NULL; i++)
        if (p->held_position[i])
            return true;
    return false;
}

/* Their decay leaves it 0. */
const char *hf_conserved_mean_name(const hf_flow *flow)
{
    return holds_positions(flow->problem) ? NULL : "the mean logit";
}

hf_status hf_conserved_mean(const hf_flow *flow, const double *y, double *moved, hf_error *err)
{
    (void)err;
    *moved = hf_flow_mean_logit(flow, y);
    return HF_OK;
}

/* The state and that of the start, by heads: (2, size of a state), values before scores. Caller frees; NULL: no memory. */
static double *now_and_then(const hf_flow *flow, const double *y, hf_error *err)
{
    const hf_problem *p = flow->problem;
    const size_t values = p->heads * p->features, size = hf_flow_size(flow);
    double *heads = malloc(3 * size * sizeof *heads);
    if (heads == NULL) {
        hf_fail_memory(err, "what the flow conserves");
        return NULL;
    }
    double *start = heads + 2 * size;
    hf_flow_start(flow, start);
    for (size_t then = 0; then < 2; then++) {
        const double *modes = then ? start : y;
        hf_basis_heads(flow->basis, p->features, modes, heads + then * size);
        hf_basis_heads(flow->basis, p->positions, modes + values, heads + then * size + values);
    }
    return heads;
}

const char *hf_conserved_square_name(const hf_flow *flow)
{
    const hf_problem *p = flow->problem;
    return p->tau > 0 || p->attention_decay > 0 || holds_positions(p) ? NULL : "the scores' sum of squares";
}

hf_status hf_conserved_square(const hf_flow *flow, const double *y, double *moved, hf_error *err)
{
    const hf_problem *p = flow->problem;
    const size_t values = p->heads * p->features, size = hf_flow_size(flow);
    double *heads = now_and_then(flow, y, err), farthest = 0;
    if (heads == NULL)
        return HF_ESYSTEM;
    for (size_t k = 0; k < p->heads; k++) {
        const double *z = heads + values + k * p->positions;
        farthest = fmax(farthest, fabs(hf_counted_dot(p, z, z) / hf_counted_dot(p, z + size, z + size) - 1));
    }
    free(heads);
    *moved = farthest;
    return HF_OK;
}

const char *hf_conserved_balance_name(const hf_flow *flow)
{
    const hf_problem *p = flow->problem;
    return p->value_rate > 0 && p->attention_rate > 0 && p->weight_decay == 0 && p->tau == 0 && !hf_restraint_acts(p)
               ? "the balance of values and attention"
               : NULL;
}

/* B_kl of one state by heads. */
static double balance(const hf_problem *p, const double *heads, size_t k, size_t l)
{
    const double *z = heads + p->heads * p->features;
    return hf_lanes_dot(p->features, heads + k * p->features, heads + l * p->features) / p->value_rate -
           hf_counted_dot(p, z + k * p->positions, z + l * p->positions) / p->attention_rate;
}

hf_status hf_conserved_balance(const hf_flow *flow, const double *y, double *moved, hf_error *err)
{
    const hf_problem *p = flow->problem;
    double *heads = now_and_then(flow, y, err), farthest = 0;
    if (heads == NULL)
        return HF_ESYSTEM;
    for (size_t k = 0; k < p->heads; k++)
        for (size_t l = 0; l <= k; l++)
            farthest = fmax(farthest, fabs(balance(p, heads, k, l) - balance(p, heads + hf_flow_size(flow), k, l)));
    free(heads);
    *moved = farthest;
    return HF_OK;
}
