#include "train/view.h"

#include "detect/saddle.h"
#include "flow/flow_system.h"
#include "train/factor.h"
#include "train/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

hf_status hf_viewer_init(hf_viewer *v, const hf_regression_task *task, hf_error *err)
{
    const hf_problem *p = task->problem;
    const size_t H = p->heads, wide = p->features > p->positions ? p->features : p->positions;
    *v = (hf_viewer){.task = task, .view.problem = p};
    hf_status status = hf_flow_create(&v->view.flow, p, err);
    if (status == HF_OK) {
        const hf_system system = hf_flow_system(v->view.flow);
        status = hf_point_init(&v->view.point, &system, err);
    }
    if (status == HF_OK)
        status = hf_observation_init(&v->view.observation, p, err);
    if (status != HF_OK) {
        hf_viewer_clear(v);
        return status;
    }
    v->value = malloc((2 * H * p->features + H * p->positions + H * wide + H * task->dim * task->dim + H * H +
                       hf_flow_size(v->view.flow)) *
                      sizeof *v->value);
    v->equal = malloc(H * sizeof *v->equal);
    if (v->value == NULL || v->equal == NULL) {
        hf_viewer_clear(v);
        return hf_fail_memory(err, "the view of the model");
    }
    v->deviation = v->value + H * p->features;
    v->logit_deviation = v->deviation + H * p->features;
    v->base = v->logit_deviation + H * p->positions;
    v->rest = v->base + H * wide;
    v->gram = v->rest + H * task->dim * task->dim;
    v->view.y = v->gram + H * H;
    return HF_OK;
}

void hf_viewer_clear(hf_viewer *v)
{
    hf_observation_clear(&v->view.observation);
    hf_point_clear(&v->view.point);
    hf_flow_free(v->view.flow);
    free(v->value);
    free(v->equal);
    *v = (hf_viewer){0};
}

/* ---- values in the span and outside it ---- */

static void split_value(hf_viewer *v, const double *value, double *coordinate, double *rest)
{
    const size_t size = v->task->dim * v->task->dim;
    memcpy(rest, value, size * sizeof *rest);
    for (size_t r = 0; r < v->task->base; r++) {
        coordinate[r] = hf_kernel_dot(size, v->task->basis + r * size, value);
        hf_kernel_add(size, -coordinate[r], v->task->basis + r * size, rest);
    }
}

/* Coordinates of the rests' columns from..to - 1 of every head: row k of L sqrt(D), in coordinate at + m. */
static void place_rests(hf_viewer *v, size_t from, size_t to, size_t at)
{
    const size_t H = v->view.problem->heads, R = v->view.problem->features, d = v->task->dim;
    for (size_t k = 0; k < H; k++)
        for (size_t l = 0; l <= k; l++)
            v->gram[k * H + l] = hf_kernel_dot_columns(d, from, to, v->rest + k * d * d, v->rest + l * d * d);
    hf_factor_semidefinite(H, v->gram, v->equal);
    for (size_t k = 0; k < H; k++)
        for (size_t m = 0; m < H; m++) {
            const double lower = m < k ? v->gram[k * H + m] : m == k ? 1 : 0;
            v->value[k * R + at + m] = lower * sqrt(v->gram[m * H + m]);
        }
}

/* ---- the state ---- */

/* Modes of what the heads have, as head 1's and deviations from it. */
static void fill_modes(hf_viewer *v, size_t width, const double *heads, double *deviation, double *modes)
{
    const size_t H = v->view.problem->heads;
    for (size_t k = 0; k < H; k++)
        for (size_t i = 0; i < width; i++) {
            v->base[k * width + i] = heads[i];
            deviation[k * width + i] = heads[k * width + i] - heads[i];
        }
    hf_basis_modes(v->view.flow->basis, width, v->base, deviation, modes);
}

bool hf_viewer_look(hf_viewer *v, const double *values, const double *logits)
{
    const hf_problem *p = v->view.problem;
    const hf_regression_task *task = v->task;
    const size_t size = task->dim * task->dim;
    for (size_t k = 0; k < p->heads; k++)
        split_value(v, values + k * size, v->value + k * p->features, v->rest + k * size);
    for (size_t g = 0; g < task->groups; g++)
        place_rests(v, task->group_start[g], task->group_start[g + 1], task->base + g * p->heads);
    fill_modes(v, p->features, v->value, v->deviation, v->view.y);
    fill_modes(v, p->positions, logits, v->logit_deviation, v->view.y + p->heads * p->features);
    hf_point_at(&v->view.point, v->view.y);
    hf_observe(v->view.point.self, v->view.y, &v->view.observation);
    return isfinite(v->view.observation.loss) && isfinite(v->view.observation.speed);
}

/* ---- as a probe ---- */

static void viewer_free(void *self)
{
    if (self != NULL)
        hf_viewer_clear(self);
    free(self);
}

static bool viewer_look(void *self, const double *parameters)
{
    hf_viewer *v = self;
    return hf_viewer_look(v, parameters, parameters + v->view.problem->heads * v->task->dim * v->task->dim);
}

static hf_view *viewer_view(void *self)
{
    return &((hf_viewer *)self)->view;
}

static hf_status viewer_sharpness(void *self, const double *parameters, double *largest, hf_error *err)
{
    hf_viewer *v = self;
    *largest = NAN;
    const hf_status status = viewer_look(v, parameters) ? hf_saddle_sharpness(&v->view.point, largest, err) : HF_OK;
    if (status != HF_ENUMERIC)
        return status;
    *largest = NAN;
    return HF_OK;
}

static const hf_probe_kind kind = {
    .name = "flow", .free = viewer_free, .look = viewer_look, .view = viewer_view, .sharpness = viewer_sharpness};

hf_status hf_viewer_create(hf_probe *probe, const hf_regression_task *task, hf_error *err)
{
    hf_viewer *v = malloc(sizeof *v);
    if (v == NULL)
        return hf_fail_memory(err, "the view of the model");
    const hf_status status = hf_viewer_init(v, task, err);
    if (status != HF_OK) {
        free(v);
        return status;
    }
    *probe = (hf_probe){&kind, v};
    return HF_OK;
}
