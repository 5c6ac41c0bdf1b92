/* params: what the flow of attention heads is told: task, data, start and equations. Lists that are left out have count 0. */
#ifndef HF_FLOW_PARAMS_H
#define HF_FLOW_PARAMS_H

#include "core/lists.h"
#include "system/params.h"
#include "train/params.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    HF_ATTENTION_SOFTMAX,
    HF_ATTENTION_SQUARES,
    HF_ATTENTION_SUM,
    HF_ATTENTION_SIGMOID,
    HF_ATTENTION_LINEAR
} hf_attention_choice;
typedef enum { HF_GEOMETRY_LOGIT, HF_GEOMETRY_REPLICATOR } hf_geometry;
typedef enum { HF_NOISE_NORMAL, HF_NOISE_UNIFORM, HF_NOISE_SINE } hf_noise;
typedef enum { HF_START_UNIFORM, HF_START_BUMPS, HF_START_WRONG, HF_START_WATERFALL, HF_START_SADDLE } hf_start;
typedef enum { HF_VALUES_LEARNED, HF_VALUES_FROZEN, HF_VALUES_OPTIMAL } hf_values;

/* What is to be learned. */
typedef struct {
    hf_reals strengths;     /* (J) m_j; after reading always set, also when the file gives base and ratio */
    double base, ratio;     /* m_j = base * ratio^(J-j) */
    size_t count;           /* J */
    hf_count_rows patterns; /* (J)(n_j) positions from 1; after reading always set, also when given by lengths */
    hf_counts lengths;      /* (J) or empty */
    size_t stride;          /* 0: each pattern starts right after the one before */
    hf_real_rows weights;   /* (J)(n_j) or empty: uniform with sum 1 */
    hf_real_rows gram;      /* (J)(J) or empty: the identity */
} hf_target_params;

/* The inputs it is learned from. */
typedef struct {
    hf_counts copies;     /* (T), (1) or empty: 1 */
    hf_counts replicas;   /* (T), (1) or empty: 1 */
    hf_real_rows weights; /* (J)(T or 1) or empty: 1 */
    double noise;         /* standard deviation of the label noise */
} hf_data_params;

/* The inputs it is judged by, where these differ. */
typedef struct {
    hf_real_rows weights; /* (J)(T or 1) or empty: the data that are learned */
} hf_test_params;

/* Where the heads start. */
typedef struct {
    double values;       /* every coordinate of every head's value, along the features */
    double perturbation; /* standard deviation of the noise on the logits (sine: its amplitude) */
    hf_noise distribution;
    uint64_t seed;
    hf_start start;  /* where the noise is added */
    double scale;    /* of the logits of any start but uniform */
    size_t learned;  /* saddle: number of patterns */
    size_t position; /* wrong: where every head looks; after reading 1..T */
    hf_counts heads; /* that get the noise, from 1; empty: all */
    char *state;     /* state table, as written in the model file; NULL: none */
} hf_init_params;

/* The equations. */
typedef struct {
    hf_system_choice system; /* what follows is of attention heads */
    hf_attention_choice attention;
    hf_geometry geometry;
    hf_values values;
    double value_rate, attention_rate, weight_decay, attention_decay;
    struct {
        hf_counts values, logits; /* heads, from 1 */
        hf_counts positions;      /* from 1 */
    } frozen;                     /* what is held */
    hf_counts support;            /* positions that can be attended to, from 1; none: all */
    hf_optimizer_kind optimizer; /* SGD, or that of the training, whose flow is followed beside this one (train/continuous.h); */
    hf_entries_choice entries;   /* by these entries */
    double step, momentum; /* of the steps that follow the flow; step 0: they are infinitely small */
    struct {
        double lr;         /* flow time of one step; 0: no drift */
        size_t batch, dim; /* samples of a step; d */
        double noise;      /* standard deviation of the label noise */
        bool dynamic;      /* what the noise has put into the values is followed, not taken as at rest */
        bool bands;        /* how the noise scatters the times of stages is predicted (run/spread.h) */
    } sgd_drift;
} hf_flow_params;

#endif
