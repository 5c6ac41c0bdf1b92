#include "run/trace.h"

#include "integrate/variation.h"
#include "run/systems.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    hf_trace *trace;
    const hf_flow_run_params *params;
    const double *t;
    size_t next; /* time that is to be looked at */
    hf_owned_system made;
    const hf_system *system; /* of made */
    hf_point point;
    hf_integrator *integrator;
    hf_variation *variation; /* NULL: there are no parameters */
    double *y, *x;           /* (size) */
} tracing;

void hf_trace_clear(hf_trace *trace)
{
    free(trace->loss);
    free(trace->name);
    *trace = (hf_trace){0};
}

static hf_status allocate(tracing *r, hf_error *err)
{
    hf_trace *trace = r->trace;
    const size_t count = trace->count, parameters = trace->parameters;
    const hf_sensitivity_kind *kind = r->system->kind->sensitivity;
    trace->loss = malloc((2 + parameters) * count * sizeof *trace->loss + 1);
    trace->name = calloc(parameters + 1, sizeof *trace->name);
    r->y = malloc(2 * r->system->size * sizeof *r->y);
    if (trace->loss == NULL || trace->name == NULL || r->y == NULL)
        return hf_fail_memory(err, "the losses of the flow");
    trace->speed = trace->loss + count;
    trace->along = trace->speed + count;
    r->x = r->y + r->system->size;
    for (size_t i = 0; i < parameters; i++)
        snprintf(trace->name[i], sizeof trace->name[i], "%s", kind->name(r->system->self, i));
    return HF_OK;
}

static hf_status create(tracing *r, hf_error *err)
{
    const hf_flow_run_params *params = r->params;
    hf_status status = hf_systems_create(params, &r->made, err);
    if (status != HF_OK)
        return status;
    r->system = &r->made.system;
    const hf_sensitivity_kind *kind = r->system->kind->sensitivity;
    r->trace->parameters = kind == NULL ? 0 : kind->count(r->system->self);
    if (r->trace->parameters == 0 && params->sensitivity.to.count > 0)
        return hf_reject(err, "sensitivity.to",
                         "has parameters of attention heads, which this flow does not have: expected none of them, in a "
                         "fit --to lr alone");
    status = allocate(r, err);
    if (status == HF_OK)
        status = hf_point_init(&r->point, r->system, err);
    if (status == HF_OK)
        status = hf_integrator_create(&r->integrator, *r->system, params->solver.rtol, params->solver.atol, err);
    if (status == HF_OK && r->trace->parameters > 0)
        status = hf_variation_create(&r->variation, r->integrator, err);
    return status;
}

/* All times up to that of the integrator. */
static void look(tracing *r)
{
    const double now = hf_integrator_time(r->integrator);
    const hf_sensitivity_kind *kind = r->system->kind->sensitivity;
    hf_trace *trace = r->trace;
    double energy;
    for (; r->next < trace->count && r->t[r->next] <= now; r->next++) {
        const double t = r->t[r->next];
        hf_integrator_interpolate(r->integrator, t, r->y, &energy);
        hf_point_at(&r->point, r->y);
        hf_point_energy(&r->point, &trace->loss[r->next], &trace->speed[r->next]);
        for (size_t i = 0; i < trace->parameters; i++) {
            hf_variation_interpolate(r->variation, i, t, r->x);
            trace->along[i * trace->count + r->next] =
                kind->number(r->point.self, (hf_number){.kind = HF_NUMBER_LOSS}, r->x, i);
        }
    }
}

static hf_status pass_boundary(tracing *r, hf_error *err)
{
    if (r->variation != NULL)
        hf_variation_before_restart(r->variation);
    const hf_status status = hf_integrator_restart(r->integrator, err);
    return status == HF_OK && r->variation != NULL ? hf_variation_restart(r->variation, err) : status;
}

static hf_status follow(tracing *r, const volatile sig_atomic_t *interrupted, hf_error *err)
{
    const uint64_t most = r->params->solver.max_steps;
    hf_status status = HF_OK;
    look(r);
    while (status == HF_OK && r->next < r->trace->count) {
        if (interrupted != NULL && *interrupted != 0) {
            r->trace->count = 0;
            return HF_OK;
        }
        if (hf_integrator_statistics(r->integrator).steps >= most)
            return hf_fail(err, HF_ENUMERIC,
                           "the flow does not reach t = %.6g: solver.max_steps = %" PRIu64 " were taken at t = %.6g; raise it or solver.rtol",
                           r->t[r->trace->count - 1], most, hf_integrator_time(r->integrator));
        status = hf_integrator_step(r->integrator, err);
        if (status == HF_OK && r->variation != NULL)
            status = hf_variation_step(r->variation, err);
        if (status == HF_OK)
            look(r);
        if (status == HF_OK && hf_integrator_at_boundary(r->integrator))
            status = pass_boundary(r, err);
    }
    r->trace->counts = hf_integrator_statistics(r->integrator);
    return status;
}

hf_status hf_trace_run(hf_trace *trace, const hf_flow_run_params *params, size_t count, const double *t,
                       const volatile sig_atomic_t *interrupted, hf_error *err)
{
    tracing r = {.trace = trace, .params = params, .t = t};
    *trace = (hf_trace){.count = count};
    hf_status status = create(&r, err);
    if (status == HF_OK)
        status = follow(&r, interrupted, err);
    hf_variation_free(r.variation);
    hf_integrator_free(r.integrator);
    hf_point_clear(&r.point);
    hf_owned_system_free(&r.made);
    free(r.y);
    if (status != HF_OK)
        hf_trace_clear(trace);
    return status;
}
