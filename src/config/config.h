/* config: the model file as plain data.
 *
 * hf_config_read parses a libconfig file, applies the overrides of the command line, fills in defaults and validates
 * everything that can be said without integrating: after HF_OK every list has the length it must have and every number is
 * in range, so that the rest of the program needs no further checks. One table (keys.c) describes every key; reading,
 * validating, printing and documentation are all made from it. */
#ifndef HF_CONFIG_CONFIG_H
#define HF_CONFIG_CONFIG_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    size_t count;
    double *at;
} hf_reals;
typedef struct {
    size_t count;
    size_t *at;
} hf_counts;
typedef struct {
    size_t count;
    hf_reals *row;
} hf_real_rows;
typedef struct {
    size_t count;
    hf_counts *row;
} hf_count_rows;
typedef struct {
    size_t count;
    char **at;
} hf_strings;

typedef enum { HF_AXIS_VALUES, HF_AXIS_LOG, HF_AXIS_LINEAR } hf_axis_form;

/* A key that a sweep varies. */
typedef struct {
    char *key;
    hf_axis_form form;
    double first, last; /* log and linear: of how many numbers the file says, count */
    size_t count;
    hf_strings values; /* as -s takes them after "path=", never empty */
    char *name;        /* what at stands for; NULL: the key */
    hf_reals at;       /* (values) numbers to plot and fit by in place of the values, or empty */
    bool goes_along;   /* value by value with the last axis before it that does not; as many values */
} hf_axis;
typedef struct {
    size_t count;
    hf_axis *at;
} hf_axes;

/* A power law to be fitted to what a sweep reports. */
typedef struct {
    char *response; /* a reported quantity */
    hf_strings on;  /* swept keys, or the names of their axes */
} hf_fit;
typedef struct {
    size_t count;
    hf_fit *at;
} hf_fits;

typedef enum { HF_GEOMETRY_LOGIT, HF_GEOMETRY_REPLICATOR } hf_geometry;
typedef enum { HF_NOISE_NORMAL, HF_NOISE_UNIFORM, HF_NOISE_SINE } hf_noise;
typedef enum { HF_START_UNIFORM, HF_START_BUMPS, HF_START_WRONG, HF_START_WATERFALL, HF_START_SADDLE } hf_start;
typedef enum { HF_VALUES_LEARNED, HF_VALUES_FROZEN, HF_VALUES_OPTIMAL } hf_values;
typedef enum { HF_SPACING_LOG, HF_SPACING_LINEAR } hf_spacing;
typedef enum { HF_TASK_REGRESSION } hf_task_kind;
typedef enum { HF_OPTIMIZER_SGD, HF_OPTIMIZER_MOMENTUM, HF_OPTIMIZER_ADAM, HF_OPTIMIZER_ADAMW } hf_optimizer_kind;
typedef enum { HF_SAMPLING_DIRECT, HF_SAMPLING_PROJECTED } hf_sampling;
typedef enum { HF_FEATURES_ORTHOGONAL, HF_FEATURES_RANDOM } hf_features;

/* A list that the model file leaves out has count 0. Owner of every pointer: the hf_config. */
typedef struct {
    char *title;
    size_t heads;     /* H */
    size_t positions; /* T: number of position classes */
    struct {
        hf_reals strengths;     /* (J) m_j; after reading always set, also when the file gives base and ratio */
        double base, ratio;     /* m_j = base * ratio^(J-j) */
        size_t count;           /* J */
        hf_count_rows patterns; /* (J)(n_j) positions from 1; after reading always set, also when given by lengths */
        hf_counts lengths;      /* (J) or empty */
        size_t stride;          /* 0: each pattern starts right after the one before */
        hf_real_rows weights;   /* (J)(n_j) or empty: uniform with sum 1 */
        hf_real_rows gram;      /* (J)(J) or empty: the identity */
    } target;
    struct {
        hf_counts copies;     /* (T), (1) or empty: 1 */
        hf_counts replicas;   /* (T), (1) or empty: 1 */
        hf_real_rows weights; /* (J)(T or 1) or empty: 1 */
        double noise;         /* standard deviation of the label noise */
    } data;
    struct {
        hf_real_rows weights; /* (J)(T or 1) or empty: the data that are learned */
    } test;
    struct {
        double values;       /* every coordinate of every head's value, along the features */
        double perturbation; /* standard deviation of the noise on the logits (sine: its amplitude) */
        hf_noise distribution;
        uint64_t seed;
        hf_start start;  /* where the noise is added */
        double scale;    /* of the logits of any start but uniform */
        size_t learned;  /* saddle: number of patterns */
        size_t position; /* wrong: where every head looks; after reading 1..T */
        char *state;     /* state table, as written in the model file; NULL: none */
    } init;
    struct {
        hf_geometry geometry;
        hf_values values;
        double value_rate, attention_rate, weight_decay;
        struct {
            double lr;         /* flow time of one step; 0: no drift */
            size_t batch, dim; /* samples of a step; d */
            double noise;      /* standard deviation of the label noise */
        } sgd_drift;
    } flow;
    struct {
        hf_task_kind task;
        size_t dim; /* d */
        hf_features features;
        hf_counts inputs;  /* (J) input coordinates of each feature, sum d; empty: every feature uses all d */
        double repetition; /* part of the samples in which the inputs of pattern 1 hold the first unit vector */
        size_t batch;      /* 0: the gradient of the population, or of all samples */
        double lr;
        size_t steps; /* after reading > 0 */
        hf_optimizer_kind optimizer;
        double momentum, beta1, beta2, epsilon, weight_decay;
        size_t samples;    /* 0: fresh ones at every step */
        size_t validation; /* held-out samples; 0: the population */
        size_t seeds;
        uint64_t seed; /* of the first run */
        hf_sampling sampling;
        size_t log_every;  /* 0: at the output times */
        size_t save_every; /* steps */
    } train;
    struct {
        size_t halvings; /* of lr */
        hf_counts batches;
    } ladder;
    struct {
        double t_end, rtol, atol, stop_loss;
        size_t max_steps;
    } solver;
    struct {
        double contrast, overlap, acquired, loss_fraction;
        bool events;  /* false: nothing is looked for */
        bool saddles; /* Hessian at every plateau */
    } detect;
    struct {
        size_t points;
        hf_spacing spacing;
        double t_first;
        bool attention, states, plots;
        size_t spectrum; /* number of lowest eigenvalues of the Hessian written at every output time; 0: none */
    } output;
    struct {
        hf_axes over;
        size_t seeds; /* runs at every point */
        bool zip;     /* the axes go together, value by value */
        hf_strings report;
    } sweep;
    hf_fits fit;
    struct {
        bool flow, train, sweep;
    } declared;      /* whether the model file or an override says anything in this section */
    char *directory; /* of the model file ("." if the path has no folder): relative paths in it start here */
    void *origins;   /* where each key was set (reader's own; for hf_config_reject) */
} hf_config;

/* Reads, overrides, completes and validates a model file.
 * overrides: "path=value" each, in libconfig's syntax for the value; a bare word is taken as a string.
 * Errors: HF_EUSAGE (message "FILE:LINE: KEY: what is wrong, what was expected"), HF_ESYSTEM (memory). *config is cleared
 * on failure. */
hf_status hf_config_read(hf_config *config, const char *path, size_t override_count, const char *const overrides[],
                         hf_error *err);

/* Frees what config owns and zeroes it; legal on a zeroed or half-filled config. */
void hf_config_clear(hf_config *config);

/* HF_EUSAGE with the place where key (for example "init.state") was set in front of the formatted message. */
hf_status hf_config_reject(const hf_config *config, hf_error *err, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whether a flow is integrated: a flow section says so, or no train section says otherwise. */
bool hf_config_runs_flow(const hf_config *config);

/* Whether, beside the flow, the one with the drift of the training run's noise is integrated: fresh samples, all inputs
 * alike, steps that have a flow time, and no drift of the model file's own. */
bool hf_config_runs_drift(const hf_config *config);

/* "SGD", "momentum", "Adam" or "AdamW". */
const char *hf_config_optimizer_name(const hf_config *config);

/* Whether the steps of the training run stand for flow time: not those of Adam. */
bool hf_config_steps_are_time(const hf_config *config);

/* Flow time that n steps of the training run stand for; n may lie between two steps. A gradient that momentum repeats
 * counts with what it has moved so far. nan where steps are no time. */
double hf_config_step_time(const hf_config *config, double n);

/* Writes the effective configuration as a model file that reads back to the same configuration, each key with its unit
 * and help as a comment. state: the name to write for init.state, NULL for its absolute path. Returns false when writing
 * failed. */
bool hf_config_print(const hf_config *config, const char *state, FILE *stream);

/* Writes the documentation of every key (Markdown table per section): name, type, range, default, unit, meaning. */
bool hf_config_print_keys(FILE *stream);

/* Writes what the model file and the overrides said, without sweep and fit: everything else, also what follows from other
 * keys, is left to be settled anew for every task of a sweep. Arguments as for hf_config_print. */
bool hf_config_print_given(const hf_config *config, const char *state, FILE *stream);

/* 64-bit FNV-1a hash of the effective configuration without comments: equal exactly when the runs they describe are. */
hf_status hf_config_hash(const hf_config *config, uint64_t *hash, hf_error *err);

/* The same for a sweep: equal exactly when all tasks, and what they report, are. Titles and fits do not count. */
hf_status hf_config_hash_sweep(const hf_config *config, uint64_t *hash, hf_error *err);

/* The path of a file named in the model file, relative to the model file's folder unless absolute. Caller frees; NULL:
 * memory. */
char *hf_config_resolve(const hf_config *config, const char *path);

#endif
