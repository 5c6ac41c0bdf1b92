/* training: models made from model text, for the tests of training. */
#ifndef HF_TESTS_TRAINING_H
#define HF_TESTS_TRAINING_H

#include "config/config.h"
#include "train/model.h"
#include "train/regression.h"

typedef struct {
    hf_config config;
    void *model;
    const hf_task *task;
    hf_group groups[HF_GROUPS];
    size_t count, values; /* parameters; of them, values */
    double *x;            /* (count) parameters, at first the initial ones */
    double *gradient;     /* (count) */
    double loss;          /* of the last gradient */
} trained_model;

/* One thread for matrix products, as in the program; to be called first. */
void use_one_blas_thread(void);

/* Reads a model file's text; a failure fails the test. Free with hf_config_clear. */
void read_config(hf_config *config, const char *text);

/* The regression model of a model file's text with its first seed; a failure fails the test. */
void make_model(trained_model *m, size_t threads, const char *format, ...) __attribute__((format(printf, 3, 4)));
void clear_model(trained_model *m);

/* Adds normal numbers of this size to all parameters. */
void shake(trained_model *m, double size, uint64_t seed);

void take_gradient(trained_model *m, uint64_t step);
void take_population_gradient(trained_model *m);

/* The exact loss at the parameters, without label noise; evaluates the view. */
double exact_loss(trained_model *m);

/* The loss of the batch of a step. */
double batch_loss(trained_model *m, uint64_t step);

/* Attention of a head: c_i s_ki, by the softmax in long double. cs: (N) */
void attended(const trained_model *m, size_t head, double *cs);

#endif
