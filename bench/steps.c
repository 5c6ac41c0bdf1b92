/* steps: what a step of training on a Markov chain costs, part by part (bench/tokens.py). Arguments: model file, threads, steps,
 * and overrides of the model file. Writes lines "part, processor time, time on the clock", in ms of one step (of one look for
 * held_out), medians over the steps. Where the model calls dgemm there are two more lines: "products", what a gradient takes more
 * than one whose products are left out, with their GFLOP in a fourth column, and "peak", a product of large matrices on one thread. */
#include "config/config.h"
#include "config/fill.h"
#include "core/init.h"
#include "train/token_probe.h"

#include <gsl/gsl_cblas.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef enum { GRADIENT, OPTIMIZER, STEP, DRAW, HELD_OUT, BARE, PARTS } part; /* BARE: a gradient without its products */
static const char *const names[PARTS] = {"gradient", "optimizer", "step", "draw", "held_out", NULL};

/* ---- products: the linker takes calls of cblas_dgemm here (--wrap) ---- */

void __real_cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *,
                        int);
void __wrap_cblas_dgemm(int, int, int, int, int, int, double, const double *, int, const double *, int, double, double *,
                        int);

static atomic_bool left_out;
static atomic_ullong operations;

void __wrap_cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda,
                        const double *b, int ldb, double beta, double *c, int ldc)
{
    atomic_fetch_add_explicit(&operations, 2ULL * (unsigned)m * (unsigned)n * (unsigned)k, memory_order_relaxed);
    if (!atomic_load_explicit(&left_out, memory_order_relaxed))
        __real_cblas_dgemm(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

/* ---- times ---- */

typedef struct {
    double processor, clock; /* s */
} moment;

static moment now(void)
{
    struct timespec p, c;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &p);
    clock_gettime(CLOCK_MONOTONIC, &c);
    return (moment){(double)p.tv_sec + 1e-9 * (double)p.tv_nsec, (double)c.tv_sec + 1e-9 * (double)c.tv_nsec};
}

static moment since(moment start)
{
    const moment end = now();
    return (moment){end.processor - start.processor, end.clock - start.clock};
}

static void stop_on(hf_status status, const hf_error *err)
{
    if (status == HF_OK)
        return;
    fprintf(stderr, "steps: %s\n", err->message);
    exit((int)status);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(size_t count, const moment *times, bool processor)
{
    double x[1000];
    for (size_t i = 0; i < count; i++)
        x[i] = processor ? times[i].processor : times[i].clock;
    qsort(x, count, sizeof *x, ascending);
    return count % 2 == 1 ? x[count / 2] : (x[count / 2 - 1] + x[count / 2]) / 2;
}

static moment medians(size_t count, const moment *times)
{
    return (moment){median(count, times, true), median(count, times, false)};
}

/* Draws the sequences of a step, as a model does where they are fresh, on one thread. */
static void draw_batch(const hf_token_task *task, size_t batch, uint64_t step)
{
    hf_token tokens[1000];
    for (uint32_t n = 0; n < batch && task->length <= 1000; n++)
        task->kind->draw(task->self, step + 1, n, tokens);
}

/* Returns the operations of a gradient's products. */
static unsigned long long measure(hf_learner *l, hf_token_probe *probe, const hf_train_params *train, size_t steps,
                                  moment times[PARTS][1000])
{
    const hf_tensors tensors = l->model.kind->tensors(l->model.self);
    const size_t count = hf_tensors_size(tensors);
    const hf_optimizer_params params = hf_learner_optimizer(train);
    hf_optimizer optimizer;
    hf_error err = {0};
    double *parameters = malloc(2 * count * sizeof *parameters), *gradient = parameters + count;
    stop_on(parameters == NULL ? HF_ESYSTEM : hf_optimizer_init(&optimizer, &params, count, &err), &err);
    l->model.kind->initialize(l->model.self, parameters);
    atomic_store(&operations, 0);
    hf_learner_gradient(l, parameters, 0, gradient); /* memory is touched, threads are started */
    const unsigned long long of_products = atomic_load(&operations);
    for (size_t i = 0; i < steps; i++) {
        const moment start = now();
        hf_learner_gradient(l, parameters, i, gradient);
        times[GRADIENT][i] = since(start);
        const moment then = now();
        hf_optimizer_step(&optimizer, i + 1, tensors, gradient, parameters);
        times[OPTIMIZER][i] = since(then);
        times[STEP][i] = since(start);
        atomic_store(&left_out, true);
        const moment bare = now();
        hf_learner_gradient(l, parameters, i, gradient);
        times[BARE][i] = since(bare);
        atomic_store(&left_out, false);
    }
    for (size_t i = 0; i < steps; i++) {
        const moment start = now();
        draw_batch(l->task, train->batch, i);
        times[DRAW][i] = since(start);
        const moment then = now();
        hf_token_probe_look(probe, parameters);
        times[HELD_OUT][i] = since(then);
    }
    hf_optimizer_clear(&optimizer);
    free(parameters);
    return of_products;
}

/* The least time of a product of two matrices of SIZE x SIZE, and its GFLOP. */
static void print_peak(void)
{
    enum { SIZE = 768, TIMES = 9 };
    double *a = malloc(3 * SIZE * SIZE * sizeof *a);
    moment best = {INFINITY, INFINITY};
    hf_error err = {0};
    stop_on(a == NULL ? HF_ESYSTEM : HF_OK, &err);
    for (size_t i = 0; i < 3 * SIZE * SIZE; i++)
        a[i] = 1e-3 * (double)(i % 1000);
    for (size_t i = 0; i < TIMES; i++) {
        const moment start = now();
        __real_cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIZE, SIZE, SIZE, 1, a, SIZE, a + SIZE * SIZE, SIZE,
                           0, a + 2 * SIZE * SIZE, SIZE);
        const moment taken = since(start);
        best = taken.processor < best.processor ? taken : best;
    }
    printf("peak\t%.4g\t%.4g\t%.4g\n", 1e3 * best.processor, 1e3 * best.clock, 2e-9 * SIZE * SIZE * SIZE);
    free(a);
}

int main(int argc, char **argv)
{
    static moment times[PARTS][1000];
    hf_config config = {0};
    hf_token_run_params params = {0};
    hf_learner learner = {0};
    hf_token_probe *probe = NULL;
    hf_error err = {0};
    const size_t threads = argc > 3 ? strtoul(argv[2], NULL, 10) : 0, steps = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    if (threads == 0 || steps == 0 || steps > 1000) {
        fputs("usage: steps MODEL THREADS STEPS [PATH=VALUE...]\n", stderr);
        return HF_EUSAGE;
    }
    hf_init();
    stop_on(hf_config_read(&config, argv[1], (size_t)argc - 4, (const char *const *)argv + 4, &err), &err);
    stop_on(hf_fill_token_run(&config, &params, &err), &err);
    stop_on(hf_learner_create(&learner, &params.learner, params.learner.train.seed, threads, &err), &err);
    const hf_batch held_out = hf_sampler_all(&learner.sampler, true);
    stop_on(
        hf_token_probe_create(&probe, learner.task, learner.model, params.learner.network.heads, &held_out, threads, &err),
        &err);
    const double gflop = 1e-9 * (double)measure(&learner, probe, &params.learner.train, steps, times);
    for (part p = 0; p < BARE; p++)
        printf("%s\t%.4g\t%.4g\n", names[p], 1e3 * median(steps, times[p], true), 1e3 * median(steps, times[p], false));
    if (gflop > 0) {
        const moment all = medians(steps, times[GRADIENT]), bare = medians(steps, times[BARE]);
        printf("products\t%.4g\t%.4g\t%.4g\n", 1e3 * (all.processor - bare.processor), 1e3 * (all.clock - bare.clock),
               gflop);
        print_peak();
    }
    hf_token_probe_free(probe);
    hf_learner_clear(&learner);
    hf_fill_clear_token_run(&params);
    hf_config_clear(&config);
    return 0;
}
