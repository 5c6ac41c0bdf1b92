#include "train/strings.h"

#include "train/normal.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tasks ---- */

static void fill_bits(size_t count, const double *u, hf_token *tokens)
{
    for (size_t t = 0; t < count; t++)
        tokens[t] = u[t] < 0.5 ? 0 : 1;
}

static hf_token make_even_pairs(size_t length, const double *u, hf_token *tokens)
{
    hf_token odd = 0;
    fill_bits(length, u, tokens);
    for (size_t t = 1; t < length; t++)
        odd ^= tokens[t] != tokens[t - 1];
    return odd;
}

static hf_token make_parity(size_t length, const double *u, hf_token *tokens)
{
    hf_token odd = 0;
    fill_bits(length, u, tokens);
    for (size_t t = 0; t < length; t++)
        odd ^= tokens[t];
    return odd;
}

static hf_token make_missing_duplicates(size_t length, const double *u, hf_token *tokens)
{
    const hf_token mark = 2;
    const size_t half = length / 2, missing = (size_t)(u[length] * (double)length);
    fill_bits(half, u, tokens);
    memcpy(tokens + half, tokens, half * sizeof *tokens);
    const hf_token answer = tokens[missing];
    tokens[missing] = mark;
    return answer;
}

const hf_strings_task hf_strings_tasks[HF_STRINGS] = {
    [HF_STRINGS_EVEN_PAIRS] = {"even-pairs", 2, 2, false, make_even_pairs},
    [HF_STRINGS_PARITY] = {"parity", 2, 2, false, make_parity},
    [HF_STRINGS_MISSING_DUPLICATES] = {"missing-duplicates", 3, 2, true, make_missing_duplicates}};

/* ---- as a task of tokens ---- */

static void strings_draw(const void *self, uint64_t step, uint32_t sample, hf_token *tokens)
{
    const hf_strings_params *p = self;
    double u[HF_STRINGS_LENGTH + 1];
    const hf_stream stream = {p->seed, HF_DRAW_TOKENS, step, sample};
    hf_uniform_fill(&stream, p->length + 1, u);
    tokens[p->length] = hf_strings_tasks[p->task].make(p->length, u, tokens);
}

static size_t strings_levels(const void *self)
{
    (void)self;
    return 1;
}

/* The answer follows from the string; who does not know that guesses. */
static void strings_distribution(const void *self, const hf_token *tokens, size_t at, size_t known, double *p)
{
    const hf_strings_task *task = &hf_strings_tasks[((const hf_strings_params *)self)->task];
    for (size_t c = 0; c < task->symbols; c++)
        p[c] = c >= task->classes ? 0 : known == 0 ? 1 / (double)task->classes : c == tokens[at];
}

static const hf_token_task_kind strings_kind = {.name = "strings",
                                                .free = free,
                                                .draw = strings_draw,
                                                .levels = strings_levels,
                                                .distribution = strings_distribution};

hf_status hf_strings_create(hf_token_task *task, const hf_strings_params *params, hf_error *err)
{
    hf_strings_params *self = malloc(sizeof *self);
    if (self == NULL)
        return hf_fail_memory(err, "the strings");
    *self = *params;
    *task = (hf_token_task){.kind = &strings_kind,
                            .self = self,
                            .vocabulary = hf_strings_tasks[params->task].symbols,
                            .length = params->length + 1,
                            .first = params->length,
                            .scored = 1};
    return HF_OK;
}
