/* support: what the tests of the flow share: problems from model text, random problems, the flow written down naively in
 * head coordinates and long double, and runs to a time or to a loss.
 *
 * A head state is (H, R) values, then (H, T) logits, row k = head k: the layout of the flow's state with heads in place
 * of modes. */
#ifndef HF_TESTS_SUPPORT_H
#define HF_TESTS_SUPPORT_H

#include "check.h"

#include "core/init.h"
#include "core/tsv.h"
#include "flow/observe.h"
#include "flow/flow_system.h"
#include "integrate/integrator.h"

/* got <= limit, false for nan. Prints both when it is false, and always when HF_TEST_MARGINS is set. */
bool within(const char *what, double got, double limit);

/* |got - want| / |want| in the maximum norm over count numbers; the absolute difference where want is 0 everywhere. */
double relative_error(size_t count, const double *got, const long double *want);

/* ---- random numbers: splitmix64, independent of the library's ---- */

typedef struct {
    uint64_t state;
} random_source;

double draw_uniform(random_source *random); /* in [0, 1) */
double draw_normal(random_source *random);
size_t draw_count(random_source *random, size_t low, size_t high); /* both included */

/* ---- files ---- */

/* Removes a folder and all in it. */
void remove_tree(const char *path);

/* This run's own folder, which is removed at exit. */
const char *temporary_folder(void);

/* A file's path in this run's own folder, which is removed at exit. Valid until the next call. */
const char *temporary_path(const char *name);

void write_text(const char *path, const char *text, size_t size);

/* The absolute path of $srcdir/tests/data/name. Valid until the next call. */
const char *data_path(const char *name);

/* All bytes of a file, with a zero behind them, to be freed; size may be NULL. */
char *read_bytes(const char *path, size_t *size);

/* Fails the test unless both files are there with the same bytes. */
void assert_same_bytes(const char *path, const char *other);

/* A table that the library has written; a failure fails the test. Free with hf_tsv_clear. */
hf_tsv read_tsv(const char *path);

/* The field of a row (from 0) in the column of that name, which must be there: as text, and as a number. */
const char *text_in(const hf_tsv *table, size_t row, const char *name);
double number_in(const hf_tsv *table, size_t row, const char *name);

/* A table of numbers in tests/data. Free with clear_table. */
typedef struct {
    size_t rows, columns;
    char (*name)[32]; /* (columns) */
    double *at;       /* (rows, columns) */
} number_table;

number_table read_table(const char *name);
void clear_table(number_table *table);

/* ---- problems ---- */

/* The problem of a model file's text, which must have a target. */
hf_status try_problem(const char *text, hf_problem **problem, hf_error *err);

/* The same; a failure fails the test. Free with hf_problem_free. */
hf_problem *make_problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

typedef struct {
    size_t heads, positions, patterns;
    size_t outside; /* coordinates of the initial values beyond the features */
    const char *attention; /* NULL: softmax */
    bool replicator, copies, replicas, weights, gram, decay, rates, drift, test;
} problem_shape;

/* A generic problem of a shape: random strengths, overlapping weighted patterns, and a state table as its start. */
hf_problem *random_problem(const problem_shape *shape, random_source *random);

/* Writes a shape in a line, for messages. Valid until the next call. */
const char *describe(const problem_shape *shape);

/* Allocates and fails the test when there is no memory. */
hf_flow *make_flow(const hf_problem *problem);
hf_flow_point *make_point(const hf_flow *flow);

/* Evaluates a point at y and observes it. */
void observe_at(hf_flow_point *point, const double *y, hf_observation *observation);
double *numbers(size_t count);
long double *long_numbers(size_t count);

/* A generic state: normal values and zero-mean logits; contrasts are multiplied by contrast. Caller frees. */
double *random_state(const hf_flow *flow, double contrast, random_source *random);

/* A problem, its flow and a state at which the flow is evaluated. */
typedef struct {
    hf_problem *problem;
    hf_flow *flow;
    hf_flow_point *point; /* at y */
    size_t size, values;
    double *y;
} flow_setting;

void clear_flow_setting(flow_setting *s);

/* ---- the flow again, naively, by head and in long double (DESIGN 1.3) ---- */

/* Heads from modes. y: the flow's state or velocity; x: head state. */
void to_heads(const hf_flow *flow, const double *y, long double *x);

/* velocity (NULL: not wanted), loss and speed (likewise) of the head state x. */
void naive_flow(const hf_problem *problem, const long double *x, long double *velocity, long double *loss,
                long double *speed);

/* The derivative of naive_flow's velocity at x along dx. */
void naive_jacobian_times(const hf_problem *problem, const long double *x, const long double *dx, long double *result);

/* ---- runs ---- */

typedef struct {
    hf_problem *problem;
    hf_flow *flow;
    hf_flow_point *point; /* at y */
    hf_integrator *integrator;
    double *y;     /* the state where the run was stopped, in the flow's present basis */
    double energy; /* there */
    double loss;   /* there */
    double loss_at_start;
} test_run;

/* Starts at t = 0; takes the problem over. */
test_run start_run(hf_problem *problem, double rtol, double atol);
void end_run(test_run *run);

/* One step, after a restart where a boundary has been reached. */
void step(test_run *run);

/* Integrates until t, with restarts at boundaries; evaluates the flow there. Times must not fall. */
void run_to(test_run *run, double t);

/* The first time at which measure(run) falls below level, found on the interpolant; stops there. NULL: the loss. */
double run_until_below(test_run *run, double (*measure)(const test_run *), double level);

double energy_defect(const test_run *run); /* |L(0) - L(t) - Q| / L(0) */

#endif
