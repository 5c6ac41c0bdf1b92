#include "train/vectors.h"

#include "train/kernels.h"
#include "train/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    hf_vectors_params params;
    double *target; /* (d, d) W: row = output */
} vectors;

static void vectors_free(void *self)
{
    vectors *v = self;
    free(v->target);
    free(v);
}

static void vectors_draw(const void *self, uint64_t step, uint32_t sample, double *inputs, double *answer)
{
    const vectors *v = self;
    const hf_vectors_params *p = &v->params;
    const size_t d = p->dim, others = p->length - p->copies;
    const hf_stream of_inputs = {p->seed, HF_DRAW_INPUTS, step, sample},
                    of_repetition = {p->seed, HF_DRAW_REPETITION, step, sample};
    const bool is_held_out = step == 0 && sample >= p->fixed;
    double *last = inputs + others * d;
    hf_normal_fill(&of_inputs, (others + 1) * d, inputs);
    for (size_t i = 0; i < (others + 1) * d; i++)
        inputs[i] /= sqrt((double)d);
    if (!is_held_out && p->repetition > 0 && hf_uniform(&of_repetition) < p->repetition)
        for (size_t i = 0; i < d; i++)
            last[i] = i == 0;
    for (size_t copy = 1; copy < p->copies; copy++)
        memcpy(last + copy * d, last, d * sizeof *last);
    for (size_t i = 0; i < d; i++)
        answer[i] = hf_kernel_dot(d, v->target + i * d, last);
}

static size_t vectors_levels(const void *self)
{
    (void)self;
    return 1;
}

static bool vectors_sees(const void *self, const hf_token *tokens, size_t level, size_t place)
{
    const hf_vectors_params *p = &((const vectors *)self)->params;
    (void)tokens;
    (void)level;
    return place < p->length && place + p->copies >= p->length;
}

static const hf_level_name names[] = {{"the right inputs", "which inputs matter"}};

static const hf_token_task_kind kind = {.name = "vectors",
                                        .free = vectors_free,
                                        .draw_vectors = vectors_draw,
                                        .levels = vectors_levels,
                                        .sees = vectors_sees,
                                        .level_names = names};

hf_status hf_vectors_create(hf_token_task *task, const hf_vectors_params *params, hf_error *err)
{
    const size_t d = params->dim;
    const hf_stream stream = {params->seed, HF_DRAW_FEATURES, 0, 0};
    vectors *v = malloc(sizeof *v);
    double *target = malloc(d * d * sizeof *target);
    if (v == NULL || target == NULL) {
        free(v);
        free(target);
        return hf_fail_memory(err, "the regression task");
    }
    hf_normal_fill(&stream, d * d, target);
    const double factor = sqrt((double)d / hf_kernel_dot(d * d, target, target));
    for (size_t i = 0; i < d * d; i++)
        target[i] *= factor;
    *v = (vectors){*params, target};
    *task = (hf_token_task){
        .kind = &kind, .self = v, .vocabulary = d, .length = params->length + 2, .first = params->length + 1, .scored = 1};
    return HF_OK;
}
