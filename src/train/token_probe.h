/* token_probe: what a model of tokens knows, judged on held-out sequences against the truth and against those who know less.
 *
 *     excess     mean cross-entropy of the model minus that of the truth, on the same tokens
 *     kl_k       mean Kullback-Leibler divergence from who knows the k first levels to the model; k = levels: from the truth
 *     mass_hk    attention of head h on the lags or places of level k, mean over scored queries (0 without attention or either)
 *     last_hk    the same of the last scored query alone, which sees most
 *     overlap    least cosine between the heads' mean attention by lag; 1 for one head
 *                (of a task of vectors, half the mean squared distance takes the place of excess and kl_1)
 *     cut_k      mean Kullback-Leibler divergence from another model, which sees the k nearest spans
 *
 * Of a model with several blocks, attention is that of the last. A look costs a forward pass over all of them. */
#ifndef HF_TRAIN_TOKEN_PROBE_H
#define HF_TRAIN_TOKEN_PROBE_H

#include "core/error.h"
#include "train/model.h"
#include "train/token_task.h"

typedef struct {
    size_t levels, heads;
    double excess, overlap;
    double *kl;   /* (levels) from k = 1 on */
    double *mass; /* (heads, levels) */
    double *last; /* (heads, levels) */
    size_t rivals;       /* that it is compared with */
    const size_t *spans; /* (rivals) */
    double *cut;         /* (rivals) */
} hf_token_view;

/* Models whose context is cut, by what they say of the held-out tokens. */
typedef struct {
    size_t count;
    const size_t *spans;        /* (count) that they see */
    double *const *probability; /* (count)(held out, scored, vocabulary); NULL: the probe will not look again */
} hf_token_rivals;

typedef struct hf_token_probe hf_token_probe;

/* A probe of a model with `heads` heads, on the sequences of held_out, whose distributions are computed once; looks with so many
 * threads, the same bits for any number. task and model must outlive it. Errors: HF_ESYSTEM. Free with hf_token_probe_free. */
hf_status hf_token_probe_create(hf_token_probe **probe, const hf_token_task *task, hf_model model, size_t heads,
                                const hf_batch *held_out, size_t threads, hf_error *err);

void hf_token_probe_free(hf_token_probe *probe);

/* From now on looks compare with these, too, which must outlive the probe. Errors: HF_ESYSTEM. */
hf_status hf_token_probe_compare(hf_token_probe *probe, const hf_token_rivals *rivals, hf_error *err);

/* What the model says of the held-out tokens: probability (held out, scored, vocabulary); and how many numbers these are. */
void hf_token_probe_predict(hf_token_probe *probe, const double *parameters, double *probability);
size_t hf_token_probe_predictions(const hf_token_probe *probe);

/* False: something is not finite. */
bool hf_token_probe_look(hf_token_probe *probe, const double *parameters);

/* What was seen last. */
const hf_token_view *hf_token_probe_view(const hf_token_probe *probe);

/* Mean cross-entropy of the truth on the held-out tokens: what the model's is compared with; and the mean entropy of the
 * true distributions. */
double hf_token_probe_truth(const hf_token_probe *probe);
double hf_token_probe_entropy(const hf_token_probe *probe);

#endif
