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

enum { PLACES = 5, FIRST_OPERATOR = 5, PLUS = 5, MINUS, TIMES };

static hf_token make_cycle_navigation(size_t length, const double *u, hf_token *tokens)
{
    size_t place = 0;
    for (size_t t = 0; t < length; t++) {
        tokens[t] = (hf_token)(u[t] * 3);
        place = (place + tokens[t] + PLACES - 1) % PLACES;
    }
    return (hf_token)place;
}

/* A product that is to be added or taken away grows until the next + or -. */
static hf_token make_modular_arithmetic(size_t length, const double *u, hf_token *tokens)
{
    size_t sum = 0, product = 0;
    bool is_added = true;
    for (size_t t = 0; t < length; t++)
        tokens[t] = (hf_token)(t % 2 == 0 ? u[t] * PLACES : FIRST_OPERATOR + u[t] * 3);
    product = tokens[0];
    for (size_t t = 1; t + 1 < length; t += 2) {
        if (tokens[t] == TIMES) {
            product = product * tokens[t + 1] % PLACES;
            continue;
        }
        sum = (sum + (is_added ? product : PLACES - product)) % PLACES;
        is_added = tokens[t] == PLUS;
        product = tokens[t + 1];
    }
    return (hf_token)((sum + (is_added ? product : PLACES - product)) % PLACES);
}

const hf_strings_task hf_strings_tasks[HF_STRINGS] = {
    [HF_STRINGS_EVEN_PAIRS] = {"even-pairs", 2, 2, HF_STRINGS_ANY, make_even_pairs},
    [HF_STRINGS_PARITY] = {"parity", 2, 2, HF_STRINGS_ANY, make_parity},
    [HF_STRINGS_MISSING_DUPLICATES] = {"missing-duplicates", 3, 2, HF_STRINGS_EVEN, make_missing_duplicates},
    [HF_STRINGS_CYCLE_NAVIGATION] = {"cycle-navigation", 3, 5, HF_STRINGS_ANY, make_cycle_navigation},
    [HF_STRINGS_MODULAR_ARITHMETIC] = {"modular-arithmetic", 8, 5, HF_STRINGS_ODD, make_modular_arithmetic}};

/* ---- as a task of tokens ---- */

/* Of strings and answers. */
static size_t vocabulary_of(const hf_strings_task *task)
{
    return task->symbols > task->classes ? task->symbols : task->classes;
}

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
    for (size_t c = 0; c < vocabulary_of(task); c++)
        p[c] = c >= task->classes ? 0 : known == 0 ? 1 / (double)task->classes : c == tokens[at];
}

static const hf_token_task_kind strings_kind = {
    .name = "strings", .free = free, .draw = strings_draw, .levels = strings_levels, .distribution = strings_distribution};

hf_status hf_strings_create(hf_token_task *task, const hf_strings_params *params, hf_error *err)
{
    hf_strings_params *self = malloc(sizeof *self);
    if (self == NULL)
        return hf_fail_memory(err, "the strings");
    *self = *params;
    *task = (hf_token_task){.kind = &strings_kind,
                            .self = self,
                            .vocabulary = vocabulary_of(&hf_strings_tasks[params->task]),
                            .length = params->length + 1,
                            .first = params->length,
                            .scored = 1};
    return HF_OK;
}
