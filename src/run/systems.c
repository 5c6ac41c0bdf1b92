#include "run/systems.h"

#include "flow/flow_system.h"

#include <stdlib.h>

/* ---- attention heads ---- */

typedef struct {
    hf_problem *problem;
    hf_flow *flow;
} heads;

static void free_heads(void *owner)
{
    heads *h = owner;
    hf_flow_free(h->flow);
    hf_problem_free(h->problem);
    free(h);
}

static hf_status create_heads(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err)
{
    heads *h = calloc(1, sizeof *h);
    if (h == NULL)
        return hf_fail_memory(err, "the flow");
    hf_status status = hf_problem_create(&h->problem, &params->problem, err);
    if (status == HF_OK)
        status = hf_flow_create(&h->flow, h->problem, err);
    if (status != HF_OK) {
        free_heads(h);
        return status;
    }
    *made = (hf_owned_system){hf_flow_system(h->flow), h, free_heads};
    return HF_OK;
}

hf_status hf_systems_create(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err)
{
    *made = (hf_owned_system){0};
    return create_heads(params, made, err);
}
