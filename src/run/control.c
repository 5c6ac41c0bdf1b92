#include "run/control.h"

#include "train/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct hf_control {
    size_t count;
    const hf_spread *spread; /* (count) */
    hf_learner *learner;
    const hf_regression_task *task;
    double lr;
    size_t heads, wide;       /* max(R, T) */
    double *exact;            /* (parameters) the population's gradient */
    double *noise;            /* (H, R) and (H, T) the batch's, minus that, by head, for classes of positions: their mean */
    double *base, *deviation; /* (H, wide) */
    double *modes;            /* (H (R + T)) */
    double *x;                /* (H (R + T)) */
};

/* Where the influence is known. */
static const hf_influence *first_influence(size_t count, const hf_spread *spread)
{
    for (size_t l = 0; l < count; l++)
        if (spread[l].influence != NULL)
            return spread[l].influence;
    return NULL;
}

hf_status hf_control_create(hf_control **result, size_t count, const hf_spread *spread, hf_learner *learner, double lr,
                            hf_error *err)
{
    const hf_influence *some = first_influence(count, spread);
    *result = NULL;
    if (some == NULL)
        return HF_OK;
    const size_t heads = some->basis->heads, wide = some->features > some->positions ? some->features : some->positions,
                 size = heads * (some->features + some->positions),
                 parameters = hf_tensors_size(learner->model.kind->tensors(learner->model.self));
    hf_control *control = malloc(sizeof *control);
    double *memory = malloc((parameters + 3 * size + 2 * heads * wide) * sizeof *memory);
    if (control == NULL || memory == NULL) {
        free(control);
        free(memory);
        return hf_fail_memory(err, "the noise of a run");
    }
    *control = (hf_control){.count = count,
                            .spread = spread,
                            .learner = learner,
                            .task = learner->task,
                            .lr = lr,
                            .heads = heads,
                            .wide = wide};
    control->exact = memory; /* the one pointer to free */
    control->noise = control->exact + parameters;
    control->modes = control->noise + size;
    control->x = control->modes + size;
    control->base = control->x + size;
    control->deviation = control->base + heads * wide;
    *result = control;
    return HF_OK;
}

void hf_control_free(hf_control *control)
{
    if (control == NULL)
        return;
    free(control->exact);
    free(control);
}

/* noise from the gradients: along the features, and of the logits of a class the mean over its replicas. */
static void reduce(hf_control *c, const hf_influence *of, const double *gradient)
{
    const size_t square = c->task->dim * c->task->dim;
    const double *logits = gradient + c->heads * square, *exact = c->exact + c->heads * square;
    double *noise = c->noise;
    for (size_t k = 0; k < c->heads; k++)
        for (size_t r = 0; r < of->features; r++) {
            const double *basis = c->task->basis + r * square;
            *noise++ =
                hf_kernel_dot(square, basis, gradient + k * square) - hf_kernel_dot(square, basis, c->exact + k * square);
        }
    for (size_t k = 0; k < c->heads; k++)
        for (size_t i = 0; i < of->positions; i++) {
            const size_t replicas = (size_t)of->replicas[i];
            double sum = 0;
            for (size_t n = 0; n < replicas; n++)
                sum += *logits++ - *exact++;
            *noise++ = sum / of->replicas[i];
        }
}

/* Contrasts from what heads have more than the first. */
static void fill_modes(hf_control *c, const hf_basis *basis, size_t width, const double *heads, double *modes)
{
    for (size_t k = 0; k < c->heads; k++)
        for (size_t i = 0; i < width; i++) {
            c->base[k * width + i] = heads[i];
            c->deviation[k * width + i] = heads[k * width + i] - heads[i];
        }
    hf_basis_modes(basis, width, c->base, c->deviation, modes);
}

void hf_control_see(hf_control *c, double t, const double *parameters, const double *gradient, double *sum)
{
    const hf_batch population = {.count = 0};
    bool known = false;
    for (size_t l = 0; l < c->count; l++) {
        const hf_influence *of = c->spread[l].influence;
        if (of == NULL || !hf_influence_at(of, t, c->x))
            continue;
        if (!known) {
            c->learner->model.kind->gradient(c->learner->model.self, parameters, &population, c->exact);
            reduce(c, of, gradient);
            known = true;
        }
        const size_t values = c->heads * of->features;
        fill_modes(c, of->basis, of->features, c->noise, c->modes);
        fill_modes(c, of->basis, of->positions, c->noise + values, c->modes + values);
        sum[l] -= c->lr * hf_kernel_dot(values + c->heads * of->positions, c->x, c->modes);
    }
}
