/* training: tasks, models and runs made from model text, for the tests of training. */
#ifndef HF_TESTS_TRAINING_H
#define HF_TESTS_TRAINING_H

#include "config/config.h"
#include "run/flow_run.h"
#include "run/train_run.h"
#include "run/learner.h"
#include "train/regression.h"

typedef struct {
    hf_config config;
    hf_learner learner;
    const hf_regression_task *task;
    hf_tensors tensors;
    size_t count, values; /* parameters; of them, values */
    double *x;            /* (count) parameters, at first the initial ones */
    double *gradient;     /* (count) */
    double loss;          /* of the last gradient */
} trained_model;

/* Reads a model file's text; a failure fails the test. Free with hf_config_clear. */
void read_config(hf_config *config, const char *text);

/* The regression model of a model file's text with its first seed; a failure fails the test. */
void make_model(trained_model *m, size_t threads, const char *format, ...) __attribute__((format(printf, 3, 4)));
void clear_model(trained_model *m);

/* Adds normal numbers of this size to all parameters. */
void shake(trained_model *m, double size, uint64_t seed);

void take_gradient(trained_model *m, uint64_t step);
void take_population_gradient(trained_model *m);

/* Looks at the parameters; false: not finite. And what was seen there. */
bool look_at(trained_model *m);
const hf_view *view_of(const trained_model *m);

/* The exact loss at the parameters, without label noise; evaluates the view. */
double exact_loss(trained_model *m);

/* The loss of the batch of a step. */
double batch_loss(trained_model *m, uint64_t step);

/* Attention of a head: c_i s_ki, by the softmax in long double. cs: (N) */
void attended(const trained_model *m, size_t head, double *cs);

/* ---- tasks of every kind ---- */

typedef struct {
    const char *name, *text;
} task_text;

#define HEADS(h, t) "heads = " #h "; positions = " #t "; init = { perturbation = 0.3; values = 0.2; };\n"
#define TARGET(d)   "strengths = (1.9, 1.2); patterns = ((1, 2), (2, 4)); weights = ((0.7, 0.3), (0.4, 0.6)); " d

extern const task_text tasks[]; /* (task_count) */
extern const size_t task_count;

/* A task's model away from its start, with values outside the features' span. */
void make_shaken(trained_model *m, const task_text *task);

bool is_fresh(const task_text *task);
bool can_be_projected(const task_text *task);

/* A model text with projected sampling. Valid until the next call. */
const char *projected(const char *text);

/* ---- small things ---- */

double product(size_t count, const double *x, const double *y);

/* The largest |x|. */
double largest(size_t count, const double *x);

/* ---- runs ---- */

#define THREE      "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); };\n"
#define SINE(size) "init = { distribution = \"sine\"; perturbation = " size "; };\n"

/* A training run, and the flow that it is held against. */
typedef struct {
    hf_run_options run;
    hf_train_reference beside;
} training_options;

/* One thread unless the options say otherwise. */
hf_status try_training(const hf_config *config, uint64_t seed, const training_options *options, hf_run_summary *summary,
                       hf_error *err);

/* The first seed's run; a failure fails the test. Free with hf_run_summary_clear. */
void run_training(const hf_config *config, const training_options *options, hf_run_summary *summary);

/* The learner of a configuration's first seed, a training run and a flow of a configuration; as the functions they are about. */
hf_status try_learner(hf_learner *learner, const hf_config *config, size_t threads, hf_error *err);
hf_status try_flow(const hf_config *config, const hf_run_options *options, hf_run_summary *summary, hf_error *err);

/* The flow, in memory, and whether more was to come, of a configuration or of a model file's text; a failure fails the test. Free with
 * hf_run_summary_clear. */
void follow_flow(const hf_config *config, hf_run_summary *summary);
void follow_text(const char *text, hf_run_summary *summary);

/* To the last bit. */
void assert_same_summary(const hf_run_summary *a, const hf_run_summary *b, size_t levels);

#endif
