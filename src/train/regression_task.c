#include "train/regression_task.h"

#include "train/entries.h"
#include "train/kernels.h"
#include "train/normal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TASK_NUMBERS_MAX 1e9 /* doubles of one matrix of the task */

/* ---- what can be sampled ---- */

/* variance: (R, T) or NULL */
static bool depends_on_feature(const hf_problem *p, const double *variance)
{
    for (size_t r = 1; r < p->features && variance != NULL; r++)
        for (size_t i = 0; i < p->positions; i++)
            if (variance[r * p->positions + i] != variance[i])
                return true;
    return false;
}

/* Inputs of pattern 1 that repeat together are correlated, which the reduced problem does not know. */
static hf_status check_repetition(const hf_train_params *train, const hf_problem *p, hf_error *err)
{
    double inputs = 0;
    if (train->repetition == 0)
        return HF_OK;
    if (train->inputs.count == 0 || train->inputs.at[0] != 1)
        return hf_reject(err, "train.repetition",
                         "needs train.inputs with 1 for the first feature, the coordinate that repeats");
    for (size_t e = 0; e < p->pattern[0].count; e++)
        inputs += p->replicas[p->pattern[0].entry[e].position];
    if (inputs != 1)
        return hf_reject(err, "train.repetition", "needs a first pattern of one input, it has %g", inputs);
    return HF_OK;
}

hf_status hf_regression_task_check(const hf_train_params *train, const hf_problem *p, hf_error *err)
{
    double inputs = 0;
    for (size_t i = 0; i < p->positions; i++)
        inputs += p->replicas[i];
    if (inputs * (double)(p->heads + p->patterns + train->dim) > TASK_NUMBERS_MAX)
        return hf_reject(err, "data.replicas", "%g inputs are too many to train on", inputs);
    if ((double)p->features > (double)train->dim * (double)train->dim)
        return hf_reject(err, "train.dim", "is %zu: %zu features need at least as many entries of a matrix", train->dim,
                         p->features);
    const char *differing = depends_on_feature(p, p->variance)        ? "data.weights"
                            : depends_on_feature(p, p->test_variance) ? "test.weights"
                                                                      : NULL;
    if (train->inputs.count == 0 && differing != NULL)
        return hf_reject(err, differing,
                         "differ between features: training needs train.inputs, the input coordinates of each");
    if (train->inputs.count > 0 && p->features > p->patterns)
        return hf_reject(err, "train.inputs", "cannot be given with values outside the features' span");
    return check_repetition(train, p, err);
}

/* ---- orthonormal matrices ---- */

/* Random matrix r of a seed, inside the input coordinates from..to - 1, of norm 1. */
static void draw_matrix(uint64_t seed, size_t r, size_t dim, size_t from, size_t to, double *matrix)
{
    const hf_stream stream = {seed, HF_DRAW_FEATURES, 0, (uint32_t)r};
    hf_normal_fill(&stream, dim * dim, matrix);
    for (size_t o = 0; o < dim; o++)
        for (size_t c = 0; c < dim; c++)
            if (c < from || c >= to)
                matrix[o * dim + c] = 0;
    const double norm = sqrt(hf_kernel_dot(dim * dim, matrix, matrix));
    for (size_t e = 0; e < dim * dim; e++)
        matrix[e] /= norm;
}

/* Walsh function number r of an index below count, a power of 2: -1 to the number of bits that the index has in common with
 * number r of 1, 2, 4, ..., and then of all that are left. Any two are orthogonal. */
static size_t walsh_bits(size_t r, size_t count)
{
    size_t bits = 1;
    for (; bits < count && r > 0; bits *= 2)
        r--;
    if (bits < count)
        return bits;
    for (bits = 0;; bits++)
        if ((bits == 0 || (bits & (bits - 1)) != 0) && r-- == 0)
            return bits;
}

static double walsh(size_t bits, size_t index)
{
    bool odd = false;
    for (size_t common = bits & index; common != 0; common &= common - 1)
        odd = !odd;
    return odd ? -1 : 1;
}

/* Feature r with entries of one size, of norm 1. */
static void fill_walsh(size_t r, size_t dim, double *matrix)
{
    const size_t bits = walsh_bits(r, dim * dim);
    for (size_t e = 0; e < dim * dim; e++)
        matrix[e] = walsh(bits, e) / (double)dim;
}

/* Against the count matrices before it. */
static void orthonormalize(size_t size, size_t count, const double *basis, double *matrix)
{
    const double norm = hf_kernel_orthogonalize(size, count, basis, matrix, NULL);
    for (size_t e = 0; e < size; e++)
        matrix[e] /= norm;
}

static void matrix_columns(const hf_regression_task *task, size_t r, size_t *from, size_t *to)
{
    const bool own = task->groups > 1;
    *from = own ? task->group_start[r] : 0;
    *to = own ? task->group_start[r + 1] : task->dim;
}

/* The basis; gram (J, J), if not NULL, gets the inner products of the matrices as they were drawn. */
static void fill_basis(hf_regression_task *task, hf_features features, size_t patterns, double *gram)
{
    const size_t size = task->dim * task->dim;
    size_t from, to;
    for (size_t r = 0; r < task->base && features == HF_FEATURES_HADAMARD; r++)
        fill_walsh(r, task->dim, task->basis + r * size);
    for (size_t r = 0; r < task->base && features != HF_FEATURES_HADAMARD; r++) {
        matrix_columns(task, r, &from, &to);
        draw_matrix(task->seed, r, task->dim, from, to, task->basis + r * size);
    }
    for (size_t i = 0; i < patterns && gram != NULL; i++)
        for (size_t j = 0; j < patterns; j++)
            gram[i * patterns + j] = i == j ? 1 : hf_kernel_dot(size, task->basis + i * size, task->basis + j * size);
    for (size_t r = 0; r < task->base && features != HF_FEATURES_HADAMARD; r++) /* those are */
        orthonormalize(size, r, task->basis, task->basis + r * size);
}

/* ---- entries that stand for others ---- */

/* Entries that are followed one by one where nothing else is asked for: so many on each side. */
enum { ALL_ENTRIES = 64, MOST_CLASSES = 4096 };

/* Whether there are to be nodes. AUTO means them where there are many entries, alike in law and not in value, and few features. */
static bool takes_nodes(const hf_train_params *train, size_t features)
{
    const bool many = train->dim > ALL_ENTRIES && train->inputs.count == 0 &&
                      train->features == HF_FEATURES_ORTHOGONAL && features <= HF_ENTRIES_FEATURES;
    return train->entries == HF_ENTRIES_NODES || (train->entries == HF_ENTRIES_AUTO && many);
}

static void take_entries(hf_regression_task *task, const hf_entries *entries)
{
    free(task->basis);
    task->basis = entries->basis;
    task->scale = entries->scale;
    task->dim = entries->dim;
    task->group_start[task->groups] = entries->dim;
}

/* Classes of the basis, where they are at most half as many as entries. */
static hf_status merge_entries(hf_regression_task *task, const hf_train_params *train, hf_error *err)
{
    hf_entries merged;
    bool found;
    if (train->entries == HF_ENTRIES_ALL || train->inputs.count > 0)
        return HF_OK;
    const size_t half = task->dim * task->dim / 2, most = half < MOST_CLASSES ? half : MOST_CLASSES;
    const hf_status status = hf_entries_merge(&merged, task->base, task->dim, task->basis, most, &found, err);
    if (status == HF_OK && found)
        take_entries(task, &merged);
    return status;
}

/* ---- the parts of a task ---- */

static hf_status fill_groups(hf_regression_task *task, const hf_train_params *train, hf_error *err)
{
    const hf_counts *inputs = &train->inputs;
    task->groups = inputs->count == 0 ? 1 : inputs->count;
    task->group_start = calloc(task->groups + 1, sizeof *task->group_start);
    if (task->group_start == NULL)
        return hf_fail_memory(err, "the training task");
    task->group_start[task->groups] = task->dim;
    for (size_t g = 1; g < task->groups; g++)
        task->group_start[g] = task->group_start[g - 1] + inputs->at[g - 1];
    return HF_OK;
}

/* The reduced problem of features that are random, with the Gram matrix they turned out to have. gram: (J, J). */
static hf_status create_with_gram(hf_problem **problem, const hf_problem_params *params, double *gram, hf_error *err)
{
    const size_t J = params->target.count;
    hf_reals *row = malloc(J * sizeof *row);
    if (row == NULL)
        return hf_fail_memory(err, "the training task");
    hf_problem_params with_gram = *params;
    for (size_t j = 0; j < J; j++)
        row[j] = (hf_reals){.count = J, .at = gram + j * J};
    with_gram.target.gram = (hf_real_rows){.count = J, .row = row};
    const hf_status status = hf_problem_create(problem, &with_gram, err);
    free(row);
    return status;
}

/* The basis and the reduced problem, for which random features must be drawn first. */
static hf_status fill_problem(hf_regression_task *task, const hf_problem_params *params, const hf_train_params *train,
                              hf_problem **problem, hf_error *err)
{
    const size_t J = params->target.count;
    hf_status status = hf_problem_create(problem, params, err);
    if (status == HF_OK)
        status = hf_regression_task_check(train, *problem, err);
    if (status == HF_OK)
        status = fill_groups(task, train, err);
    if (status != HF_OK)
        return status;
    task->base = (*problem)->features;
    if (takes_nodes(train, task->base)) {
        hf_entries nodes;
        status = hf_entries_nodes(&nodes, task->base, task->dim, err);
        if (status == HF_OK)
            take_entries(task, &nodes);
        return status;
    }
    task->basis = malloc(task->base * task->dim * task->dim * sizeof *task->basis);
    double *gram = train->features == HF_FEATURES_RANDOM ? malloc(J * J * sizeof *gram) : NULL;
    if (task->basis == NULL || (gram == NULL && train->features == HF_FEATURES_RANDOM)) {
        free(gram);
        return hf_fail_memory(err, "the training task");
    }
    fill_basis(task, train->features, J, gram);
    if (gram != NULL) {
        hf_problem_free(*problem);
        *problem = NULL;
        status = create_with_gram(problem, params, gram, err);
        free(gram);
    }
    return status == HF_OK ? merge_entries(task, train, err) : status;
}

static void fill_features(hf_regression_task *task)
{
    const hf_problem *p = task->problem;
    const size_t size = task->dim * task->dim;
    for (size_t j = 0; j < p->patterns; j++) {
        double *A = task->feature + j * size;
        for (size_t r = 0; r < task->base; r++) {
            const double u = p->strength[j] * p->feature[j * p->features + r];
            for (size_t e = 0; e < size && u != 0; e++)
                A[e] += u * task->basis[r * size + e];
        }
        for (size_t e = 0; e < p->pattern[j].count; e++)
            task->pattern[j * task->inputs + p->pattern[j].entry[e].position] += p->pattern[j].entry[e].weight;
    }
}

/* Variance of the features beyond the base, and of the inputs. */
static void fill_variance(hf_regression_task *task)
{
    hf_problem *p = task->problem;
    for (size_t g = 0; g < task->groups; g++)
        for (size_t i = 0; i < task->inputs; i++) {
            const double variance = p->variance[g * task->inputs + i]; /* several groups: row g is that of feature g */
            task->deviation[g * task->inputs + i] = sqrt(variance);
            for (size_t k = 0; k < p->heads; k++)
                p->variance[(task->base + g * p->heads + k) * task->inputs + i] = variance;
            for (size_t k = 0; k < p->heads && p->test_variance != NULL; k++)
                p->test_variance[(task->base + g * p->heads + k) * task->inputs + i] =
                    p->test_variance[g * task->inputs + i];
        }
}

/* Where pattern 1 repeats, variance omega is p e_1 e_1^T + (1 - p) times that of the other samples. */
static hf_status fill_repetition(hf_regression_task *task, const hf_train_params *train, hf_error *err)
{
    const hf_problem *p = task->problem;
    task->repetition = train->repetition;
    if (task->repetition == 0)
        return HF_OK;
    task->rest = malloc(task->groups * task->inputs * sizeof *task->rest);
    if (task->rest == NULL)
        return hf_fail_memory(err, "the training task");
    memcpy(task->rest, task->deviation, task->groups * task->inputs * sizeof *task->rest);
    for (size_t e = 0; e < p->pattern[0].count; e++)
        for (size_t g = 0; g < task->groups; g++) {
            const size_t at = g * task->inputs + p->pattern[0].entry[e].position;
            const double variance = p->variance[at] - (g == 0 ? task->repetition : 0);
            if (variance < -1e-12)
                return hf_reject(err, "train.repetition",
                                 "is %g, expected at most the input variance %g of feature 1 on its pattern",
                                 task->repetition, p->variance[at]);
            task->rest[at] = sqrt(fmax(variance, 0) / (1 - task->repetition));
        }
    return HF_OK;
}

hf_status hf_regression_task_init(hf_regression_task *task, const hf_problem_params *params, const hf_train_params *train,
                                  uint64_t seed, hf_error *err)
{
    *task = (hf_regression_task){.seed = seed, .dim = train->dim, .noise = params->data.noise};
    hf_problem *problem = NULL;
    hf_status status = fill_problem(task, params, train, &problem, err);
    if (status == HF_OK)
        status = hf_problem_expand(problem, task->groups * problem->heads, &task->problem, err);
    hf_problem_free(problem);
    if (status != HF_OK)
        goto fail;
    task->inputs = task->problem->positions;
    task->feature = calloc(task->problem->patterns * task->dim * task->dim, sizeof *task->feature);
    task->pattern = calloc(task->problem->patterns * task->inputs, sizeof *task->pattern);
    task->deviation = calloc(task->groups * task->inputs, sizeof *task->deviation);
    if (task->feature == NULL || task->pattern == NULL || task->deviation == NULL) {
        status = hf_fail_memory(err, "the training task");
        goto fail;
    }
    fill_features(task);
    fill_variance(task);
    status = fill_repetition(task, train, err);
    if (status == HF_OK)
        return HF_OK;
fail:
    hf_regression_task_clear(task);
    return status;
}

bool hf_regression_task_shapes_inputs(const hf_regression_task *task)
{
    return task->groups > 1 || task->repetition > 0;
}

void hf_regression_task_clear(hf_regression_task *task)
{
    hf_problem_free(task->problem);
    free(task->group_start);
    free(task->scale);
    free(task->basis);
    free(task->feature);
    free(task->pattern);
    free(task->deviation);
    free(task->rest);
    *task = (hf_regression_task){0};
}
