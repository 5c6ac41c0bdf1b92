#include "train/recall.h"

#include "train/normal.h"

#include <stdlib.h>
#include <string.h>

enum { LEVELS = 2 };

/* One of the numbers below count, from a uniform one. */
static size_t below(size_t count, double u)
{
    return (size_t)(u * (double)count);
}

static void exchange(hf_token *list, size_t i, size_t j)
{
    const hf_token kept = list[i];
    list[i] = list[j];
    list[j] = kept;
}

/* Distinct keys, the first of which is asked for; u: (distinct). */
static void draw_keys(const hf_recall_params *p, size_t distinct, bool asks_for_0, const double *u, hf_token *key)
{
    hf_token all[HF_RECALL_TOKENS];
    for (size_t v = 0; v < p->tokens; v++)
        all[v] = (hf_token)v;
    for (size_t i = asks_for_0 ? 1 : 0; i < distinct; i++)
        exchange(all, i, i + below(p->tokens - i, u[i]));
    memcpy(key, all, distinct * sizeof *key);
}

static void recall_draw(const void *self, uint64_t step, uint32_t sample, hf_token *tokens)
{
    const hf_recall_params *p = self;
    const bool is_held_out = step == 0 && sample >= p->fixed;
    const size_t copies = is_held_out && p->held_out > 0 ? p->held_out : p->copies, distinct = p->pairs - copies + 1;
    double u[1 + 3 * HF_RECALL_PAIRS];
    const double *of_keys = u + 1, *of_values = of_keys + HF_RECALL_PAIRS, *of_places = of_values + HF_RECALL_PAIRS;
    hf_token key[HF_RECALL_PAIRS], value[HF_RECALL_PAIRS], place[HF_RECALL_PAIRS];
    const hf_stream stream = {p->seed, HF_DRAW_TOKENS, step, sample};
    hf_uniform_fill(&stream, sizeof u / sizeof *u, u);
    draw_keys(p, distinct, !is_held_out && u[0] < p->repetition, of_keys, key);
    for (size_t i = 0; i < distinct; i++)
        value[i] = (hf_token)below(p->tokens, of_values[i]);
    for (size_t i = 0; i < p->pairs; i++) /* the pair that stands there */
        place[i] = (hf_token)(i < copies ? 0 : i - copies + 1);
    for (size_t i = 0; i < p->pairs; i++) {
        exchange(place, i, i + below(p->pairs - i, of_places[i]));
        tokens[2 * i] = key[place[i]];
        tokens[2 * i + 1] = value[place[i]];
    }
    tokens[2 * p->pairs] = key[0];
    tokens[2 * p->pairs + 1] = value[0];
}

static size_t recall_levels(const void *self)
{
    (void)self;
    return LEVELS;
}

static void recall_distribution(const void *self, const hf_token *tokens, size_t at, size_t known, double *p)
{
    const hf_recall_params *r = self;
    for (size_t v = 0; v < r->tokens; v++)
        p[v] = known == 0 ? 1 / (double)r->tokens : known < LEVELS ? 0 : v == tokens[at];
    for (size_t i = 0; i < r->pairs && known == 1; i++)
        p[tokens[2 * i + 1]] += 1 / (double)r->pairs;
}

static bool recall_sees(const void *self, const hf_token *tokens, size_t level, size_t place)
{
    const hf_recall_params *r = self;
    if (place % 2 == 0)
        return false;
    const bool is_asked_for = tokens[place - 1] == tokens[2 * r->pairs];
    return level == LEVELS ? is_asked_for : !is_asked_for;
}

static const hf_level_name names[LEVELS] = {{"the other values", "which values there are"},
                                            {"the right value", "which one is asked for"}};

static const hf_token_task_kind kind = {.name = "recall",
                                        .free = free,
                                        .draw = recall_draw,
                                        .levels = recall_levels,
                                        .distribution = recall_distribution,
                                        .sees = recall_sees,
                                        .level_names = names};

hf_status hf_recall_create(hf_token_task *task, const hf_recall_params *params, hf_error *err)
{
    hf_recall_params *self = malloc(sizeof *self);
    if (self == NULL)
        return hf_fail_memory(err, "the recall task");
    *self = *params;
    *task = (hf_token_task){.kind = &kind,
                            .self = self,
                            .vocabulary = params->tokens,
                            .length = 2 * params->pairs + 2,
                            .first = 2 * params->pairs + 1,
                            .scored = 1};
    return HF_OK;
}
