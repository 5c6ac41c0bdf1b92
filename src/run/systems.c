#include "run/systems.h"

#include "core/path.h"
#include "flow/direction.h"
#include "flow/flow_system.h"
#include "flow/flow_watch.h"
#include "run/record.h"
#include "system/content.h"
#include "system/in_context.h"

#include <stdlib.h>
#include <string.h>

/* ---- attention heads ---- */

typedef struct {
    hf_problem *problem;
    hf_flow *flow;
    hf_directions *directions; /* NULL: none */
} heads;

static void free_heads(void *owner)
{
    heads *h = owner;
    hf_flow_free(h->flow);
    hf_directions_free(h->directions);
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
    if (status == HF_OK && params->sensitivity.to.count > 0)
        status = hf_directions_create(&h->directions, h->problem, &params->problem, &params->sensitivity.to, err);
    if (status != HF_OK) {
        free_heads(h);
        return status;
    }
    h->flow->directions = h->directions;
    *made = (hf_owned_system){hf_flow_system(h->flow), h, free_heads};
    return HF_OK;
}

/* ---- linear regression in context ---- */

static void free_in_context(void *owner)
{
    hf_in_context_free(owner);
}

/* Noise, and what a state table says. */
static hf_status fill_start(const hf_flow_run_params *params, const hf_in_context_params *p, double *start, hf_error *err)
{
    const hf_init_params *init = &params->problem.init;
    hf_status status = hf_in_context_draw(p, init->perturbation, init->seed, start, err);
    if (status != HF_OK || init->state == NULL)
        return status;
    char *path = hf_path_resolve(params->directory, init->state);
    if (path == NULL)
        return hf_fail_memory(err, "the path of the state table");
    status = hf_in_context_read(p, path, start, err);
    free(path);
    return status;
}

static hf_status create_in_context(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err)
{
    const hf_in_context_task *task = &params->in_context;
    const hf_in_context_params p = {.heads = params->problem.heads,
                                    .dimension = task->eigenvalues.count,
                                    .eigenvalue = task->eigenvalues.at,
                                    .context = (double)task->length};
    hf_in_context *flow = NULL;
    double *start = malloc(hf_in_context_size(&p) * sizeof *start);
    hf_status status = start == NULL ? hf_fail_memory(err, "the start") : fill_start(params, &p, start, err);
    if (status == HF_OK)
        status = hf_in_context_create(&flow, &p, start, err);
    free(start);
    if (status == HF_OK)
        *made = (hf_owned_system){hf_in_context_system(flow), flow, free_in_context};
    return status;
}

/* ---- a location found by its content ---- */

static void free_content(void *owner)
{
    hf_content_free(owner);
}

static hf_status create_content(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err)
{
    hf_content *flow = NULL;
    const hf_status status = hf_content_create(&flow, &params->content, err);
    if (status == HF_OK)
        *made = (hf_owned_system){hf_content_system(flow), flow, free_content};
    return status;
}

/* ---- all ---- */

static const char *const of_heads[] = {"flow", "training", "compare", "attention", "weights", "ladder", NULL};
static const char *const of_in_context[] = {"directions", NULL};
static const char *const of_content[] = {NULL};

const hf_system_row hf_systems[] = {
    [HF_SYSTEM_HEADS] = {create_heads, &hf_flow_observer, of_heads},
    [HF_SYSTEM_IN_CONTEXT] = {create_in_context, &hf_in_context_observer, of_in_context},
    [HF_SYSTEM_CONTENT] = {create_content, &hf_content_observer, of_content},
};

const size_t hf_system_count = sizeof hf_systems / sizeof *hf_systems;

hf_status hf_systems_create(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err)
{
    *made = (hf_owned_system){0};
    return hf_systems[params->problem.flow.system].create(params, made, err);
}

/* ---- their columns ---- */

void hf_systems_explain(FILE *stream)
{
    for (size_t i = 0; i < hf_system_count; i++) {
        fputs(i == 0 ? "" : "\n", stream);
        hf_record_explain(hf_system_names[i], hf_systems[i].observer, stream);
    }
}

hf_status hf_systems_check_output(const hf_output_params *output, size_t unknowns, hf_error *err)
{
    return output->spectrum < unknowns
               ? HF_OK
               : hf_reject(err, "output.spectrum", "expected less than the number of unknowns, %zu", unknowns);
}
