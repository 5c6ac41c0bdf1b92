/* recall: associative recall in context (Zucchet et al. 2025): pairs of a key and a value, one of the keys once more, and its value is asked for.
 *
 *     k_1 v_1  k_2 v_2  ..  k_N v_N  k  ->  v        tokens below V
 *
 * Keys are distinct, values are independent and uniform. Of the N pairs B are the one that is asked for (repetition in context), at random
 * places; which key is asked for is uniform but, with probability p, token 0 (repetition across samples). Held-out sequences have no
 * repetition across samples. Levels:
 *
 *     1   which values there are: v is one of them, a value as likely as it is often there    places: values of other pairs
 *     2   which of them is asked for: the truth, without any doubt                            places: values of the pair asked for
 *
 * As a task of tokens (token_task.h) a sequence has 2N + 2 tokens, the last of which is scored. */
#ifndef HF_TRAIN_RECALL_H
#define HF_TRAIN_RECALL_H

#include "core/error.h"
#include "train/token_task.h"

enum { HF_RECALL_PAIRS = 512, HF_RECALL_TOKENS = 4096 }; /* the most */

typedef struct {
    size_t tokens;     /* V, at least N - B + 1, for either B */
    size_t pairs;      /* N */
    size_t copies;     /* B, 1..N */
    size_t held_out;   /* B of held-out sequences; 0: copies */
    double repetition; /* p */
    size_t fixed;      /* number of fixed training sequences: those behind them are held out */
    uint64_t seed;     /* of the sequences */
} hf_recall_params;

/* Errors: HF_ESYSTEM. Free with task->kind->free(task->self). */
hf_status hf_recall_create(hf_token_task *task, const hf_recall_params *params, hf_error *err);

#endif
