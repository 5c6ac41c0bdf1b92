/* strings: tasks of one answer to a string, as a table: random strings and what is asked of them (Ram et al. 2025; the last two
 * as by Deletang et al. 2023).
 *
 *     even-pairs           bits; 1 where the number of unequal neighbours is odd
 *     parity               bits; 1 where the number of ones is odd
 *     missing-duplicates   bits written twice, one of all replaced by a mark; which bit that was
 *     cycle-navigation     steps -1, 0, 1 (tokens 0, 1, 2) on a cycle of five places; where they lead from place 0
 *     modular-arithmetic   residues 0..4 of 5 with +, -, * (tokens 5, 6, 7) between them; what that makes, * before + and -
 *
 * As a task of tokens (token_task.h): a sequence is the string and behind it the answer, the one token that is scored. */
#ifndef HF_TRAIN_STRINGS_H
#define HF_TRAIN_STRINGS_H

#include "core/error.h"
#include "train/token_task.h"

enum { HF_STRINGS_LENGTH = 4096 }; /* the longest */

typedef enum {
    HF_STRINGS_EVEN_PAIRS,
    HF_STRINGS_PARITY,
    HF_STRINGS_MISSING_DUPLICATES,
    HF_STRINGS_CYCLE_NAVIGATION,
    HF_STRINGS_MODULAR_ARITHMETIC,
    HF_STRINGS
} hf_strings_kind;

typedef enum { HF_STRINGS_ANY, HF_STRINGS_EVEN, HF_STRINGS_ODD } hf_strings_length; /* what a length must be */

typedef struct {
    const char *name;
    size_t symbols; /* in its strings, from 0 on */
    size_t classes; /* of answers, from 0 on */
    hf_strings_length length;

    /* A string and its answer. u: (length + 1) uniform numbers. tokens: (length). */
    hf_token (*make)(size_t length, const double *u, hf_token *tokens);
} hf_strings_task;

extern const hf_strings_task hf_strings_tasks[HF_STRINGS];

typedef struct {
    hf_strings_kind task;
    size_t length;
    uint64_t seed; /* of the strings */
} hf_strings_params;

/* Errors: HF_ESYSTEM. Free with task->kind->free(task->self). */
hf_status hf_strings_create(hf_token_task *task, const hf_strings_params *params, hf_error *err);

#endif
