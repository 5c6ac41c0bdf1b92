/* encoder: a bidirectional transformer that gives one answer to a string, with masks of attention (Ram et al. 2025).
 *
 *     x = sqrt(C) E e_token + sinusoids                                              (dropout)
 *     block: u = norm(x),  o_h = mask-softmax(q_h k_h^T / sqrt(C/H)) v_h             (dropout on the weights)
 *            y = x + W_o (o_1 .. o_H) + b_o                                          (dropout on what is added)
 *            x' = y + W_2 relu(W_1 norm(y) + b_1) + b_2                              (dropout in the relu, and on what is added)
 *     z = W mean_t x_t + b: logits of the answer
 *
 * norm: mean 0, variance 1, without gain and shift; none after the last block unless final_norm says so. Strings are padded to a
 * multiple of k with a token of its own, and global places, each with a token of its own, stand behind that. Dropout before the
 * relu and behind it are the same: relu(c x) = c relu(x) for c >= 0. */
#ifndef HF_TRAIN_ENCODER_H
#define HF_TRAIN_ENCODER_H

#include "core/error.h"
#include "train/layers/mask.h"
#include "train/model.h"
#include "train/token_task.h"

typedef struct {
    size_t classes; /* of answers */
    size_t width, heads, blocks, mlp;
    hf_mask_kind mask;
    size_t keep;    /* k */
    size_t globals; /* global places; 0 unless the mask's kind has them */
    bool pad;       /* masks with a size: the string is padded to a multiple of k */
    bool pad_seen;  /* padding is attended to, and has its part in the mean */
    bool final_norm;
    double eps, first_eps; /* of the norms, and of the one before the first attention: 1/sqrt(variance + eps) */
    double dropout, attention_dropout; /* in training alone */
    size_t threads;
    uint64_t seed;
    size_t stored; /* fixed and held-out strings, drawn once */
} hf_encoder_params;

extern const hf_model_kind hf_model_encoder; /* its forward gives answers' logits, (count, classes), and attention, (count, blocks,
                                                heads, places, places) */

typedef struct hf_encoder hf_encoder; /* its self */

/* A model that learns the one scored token of task, which must outlive it. Errors: HF_EUSAGE (sizes that do not fit), HF_ESYSTEM. Free
 * with model->kind->free(model->self). */
hf_status hf_encoder_create(hf_model *model, const hf_token_task *task, const hf_encoder_params *params, hf_error *err);

/* Places of attention: of the string, its padding and the global ones. */
size_t hf_encoder_places(const hf_model *model);

/* How well a batch is answered, without dropout. */
typedef struct {
    double loss;     /* mean cross-entropy */
    double accuracy; /* part of the answers that are right; of equal logits the first is taken */
    double entropy;  /* mean over blocks, heads, queries and strings, nats */
} hf_encoder_score;
hf_encoder_score hf_encoder_judge(const hf_model *model, const double *parameters, const hf_batch *batch);

/* What attention logits are like at one place of one head; sums, least and largest over count strings. As a query, with the k largest
 * of all seen keys, whatever the mask keeps:
 *
 *     spread  delta_s, largest minus smallest logit           inside  delta_h, largest minus k-th largest
 *     gap     Delta_h, k-th largest minus the next            holds   delta_h + ln(2 (1 + 1/Delta_h)) < delta_s
 *
 * (Ram et al. 2025); nan where no more than k keys are seen, but spread. As a key: beta, the queries that have it among their k largest,
 * over k. */
typedef struct {
    double entropy;
    double spread, spread_most;
    double inside, inside_most;
    double gap, gap_least;
    double holds;
    double chosen, chosen_most;
} hf_encoder_place;

/* Means in place of sums: place (blocks, heads, places). Errors: HF_ESYSTEM. */
hf_status hf_encoder_measure(const hf_model *model, const double *parameters, const hf_batch *batch, hf_encoder_place *place,
                             hf_error *err);

#endif
