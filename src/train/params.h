/* params: what training is told. Lists that are left out have count 0. */
#ifndef HF_TRAIN_PARAMS_H
#define HF_TRAIN_PARAMS_H

#include "core/lists.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum { HF_TASK_REGRESSION, HF_TASK_MARKOV, HF_TASK_STRINGS, HF_TASK_RECALL, HF_TASK_VECTORS, HF_TASKS } hf_task_kind;
typedef enum { HF_OPTIMIZER_SGD, HF_OPTIMIZER_MOMENTUM, HF_OPTIMIZER_ADAM, HF_OPTIMIZER_ADAMW, HF_OPTIMIZER_RMSPROP } hf_optimizer_kind;
typedef enum { HF_SCHEDULE_CONSTANT, HF_SCHEDULE_COSINE, HF_SCHEDULE_HALVING, HF_SCHEDULE_EPOCHS } hf_schedule_kind;
typedef enum { HF_PRECISION_DOUBLE, HF_PRECISION_SINGLE, HF_PRECISION_MIXED } hf_precision;
typedef enum { HF_SAMPLING_AUTO, HF_SAMPLING_DIRECT, HF_SAMPLING_PROJECTED } hf_sampling;
typedef enum { HF_FEATURES_ORTHOGONAL, HF_FEATURES_RANDOM, HF_FEATURES_HADAMARD } hf_features;

/* Which entries of the values an optimizer's flow follows (train/entries.h). */
typedef enum { HF_ENTRIES_ALL, HF_ENTRIES_AUTO, HF_ENTRIES_CLASSES, HF_ENTRIES_NODES } hf_entries_choice;

/* Task, samples, optimizer and what is written. */
typedef struct {
    hf_task_kind task;
    size_t dim; /* d */
    hf_features features;
    hf_counts inputs;  /* (J) input coordinates of each feature, sum d; empty: every feature uses all d */
    hf_entries_choice entries; /* what stands for the d x d of a value */
    double repetition; /* part of the samples in which the inputs of pattern 1 hold the first unit vector */
    size_t batch;      /* 0: the gradient of the population, or of all samples */
    double lr;
    uint64_t steps; /* after reading > 0 */
    hf_optimizer_kind optimizer;
    double momentum, beta1, beta2, epsilon, weight_decay;
    hf_precision precision; /* single: of the minimal model of a Markov chain; mixed: of regression */
    double clip; /* largest norm of a gradient; 0: any */
    hf_schedule_kind schedule;
    uint64_t warmup, patience; /* steps */
    double final_rate;       /* of cosine, over lr */
    double epoch_rate;       /* of epochs: the factor of one */
    size_t samples;          /* 0: fresh ones at every step */
    size_t validation;       /* held-out samples; 0: the population */
    hf_counts cuts;          /* of tokens: the nearest so many spans are seen by models that are trained before */
    size_t seeds;
    uint64_t seed; /* of the first run */
    hf_sampling sampling;
    uint64_t log_every;  /* 0: at the output times */
    uint64_t save_every; /* steps */
} hf_train_params;

/* Steps of an epoch; 1 where nothing is repeated. */
static inline size_t hf_train_epoch(const hf_train_params *train)
{
    return train->batch == 0 || train->samples < train->batch ? 1 : train->samples / train->batch;
}

#endif
