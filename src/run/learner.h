/* learner: what is trained. */
#ifndef HF_RUN_LEARNER_H
#define HF_RUN_LEARNER_H

#include "flow/problem.h"
#include "train/encoder.h"
#include "train/learner.h"
#include "train/optimizer.h"
#include "train/recall.h"
#include "train/strings.h"
#include "train/token_params.h"
#include "train/vectors.h"

/* What is trained, on what. The lists are somebody else's. */
typedef struct {
    hf_problem_params problem; /* of the regression task */
    hf_train_params train;
    hf_chain_params chain;     /* of a Markov chain */
    hf_recall_params recall;   /* or of recall: fixed and seed are of the training */
    hf_vectors_params vectors; /* or of vectors: likewise */
    hf_network_params network; /* that learns it */
    hf_strings_params strings; /* of a task of strings; the seed is that of the training, */
    hf_encoder_params encoder; /* and who learns it: classes, threads, seed and stored are of the training */
    const double *teacher;     /* the chain's matrices, (K, d, d); NULL: random ones */
    const double *start;       /* (parameters) of the network at the start; NULL: as network says */
    bool projects;             /* samples are projected: what is needed of them is drawn, and not they */
    bool continuous; /* not the steps of the optimizer but its flow (train/continuous.h), of the population's gradient */
} hf_learner_params;

/* Task, model, probe and samples for one seed, computing on so many threads. Errors: HF_EUSAGE,
 * HF_ESYSTEM. Free with hf_learner_clear. */
hf_status hf_learner_create(hf_learner *learner, const hf_learner_params *params, uint64_t seed, size_t threads,
                            hf_error *err);

/* The parameters (all tensors) that training starts from: random ones, a construction or those given. */
void hf_learner_start(const hf_learner *learner, const hf_learner_params *params, double *parameters);

hf_optimizer_params hf_learner_optimizer(const hf_train_params *train);

/* What a training run goes on with: the optimizer's schedule and memory, and the parameters (count). */
struct hf_channel;
void hf_learner_transfer(struct hf_channel *channel, hf_optimizer *optimizer, size_t count, double *parameters);

#endif
