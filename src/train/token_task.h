/* token_task: a source of sequences, as a table of functions: of tokens (Markov chains, recall, strings), or of vectors.
 *
 * A sequence has `length` tokens below `vocabulary`; a model is to predict tokens first .. first + scored - 1 (from 0), each
 * from those before it. A sequence of vectors has first - 1 of them, each with `vocabulary` numbers, and a place without one, which is to give
 * as many numbers, with half their squared distance from the right ones as the loss. */
#ifndef HF_TRAIN_TOKEN_TASK_H
#define HF_TRAIN_TOKEN_TASK_H

#include "core/lists.h"
#include "train/sampler.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint16_t hf_token;

typedef struct {
    const char *name;
    void (*free)(void *self); /* NULL is legal */

    /* A sequence, a function of (step, sample) alone: step from 1 for fresh ones, 0 for fixed and held-out ones. tokens:
     * (length). */
    void (*draw)(const void *self, uint64_t step, uint32_t sample, hf_token *tokens);

    /* The same of a task of vectors, which has neither draw nor distribution: inputs (first - 1, vocabulary), answer (vocabulary). */
    void (*draw_vectors)(const void *self, uint64_t step, uint32_t sample, double *inputs, double *answer);

    /* Number of levels: what is there to be learned, one thing after the other. */
    size_t (*levels)(const void *self);

    /* The true distribution of token `at` given those before it, for one who knows only the `known` first levels; known =
     * levels: the truth. p: (vocabulary) */
    void (*distribution)(const void *self, const hf_token *tokens, size_t at, size_t known, double *p);

    /* The lags from..to, both included, that level (from 1) is about; NULL: it is not about lags. */
    void (*lags)(const void *self, size_t level, size_t *from, size_t *to);

    /* Whether level (from 1) is about this place of a sequence, where that is no matter of lags; NULL: it is, or about nothing. */
    bool (*sees)(const void *self, const hf_token *tokens /* NULL for vectors */, size_t level, size_t place);

    const hf_level_name *level_names; /* (levels); NULL: span 1, 2, .., the strongest first */
} hf_token_task_kind;

typedef struct {
    const hf_token_task_kind *kind;
    void *self; /* owned by whoever holds the task */
    size_t vocabulary, length, first, scored;
} hf_token_task;

static inline bool hf_token_task_has_vectors(const hf_token_task *task)
{
    return task->kind->draw_vectors != NULL;
}

#endif
