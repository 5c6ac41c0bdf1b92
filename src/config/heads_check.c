#include "config/heads_check.h"

#include "config/keys.h"
#include "core/linear.h"
#include "core/plural.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN_POSITIONS_MAX ((size_t)100000000) /* n_1 + ... + n_J */
#define INPUTS_MAX            9007199254740992.0  /* 2^53: sums of n_i are exact in double precision */
#define GRAM_TOLERANCE        1e-12               /* of a Gram matrix with unit diagonal */

/* ---- the number of patterns ---- */

/* J is the number of patterns, else lengths, else strengths, else count; all that are given agree. */
static hf_status settle_count(hf_config *c, hf_error *err)
{
    const struct {
        const char *key;
        size_t count; /* 0: not given */
    } sources[] = {
        {"target.patterns", c->target.patterns.count},
        {"target.lengths", c->target.lengths.count},
        {"target.strengths", c->target.strengths.count},
        {"target.count", c->target.count},
    };
    const char *first = NULL;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (sources[i].count == 0)
            continue;
        if (first == NULL) {
            first = sources[i].key;
            c->target.count = sources[i].count;
        } else if (sources[i].count != c->target.count) {
            return hf_config_reject(c, err, sources[i].key, "says %zu pattern%s, but %s says %zu", sources[i].count,
                                    hf_plural(sources[i].count), first, c->target.count);
        }
    }
    if (c->target.count == 0)
        return hf_config_reject(c, err, "target.count", "with a ratio, this key, patterns or lengths is required");
    if (!hf_range_holds(&hf_keys_find("target.count")->range, (double)c->target.count))
        return hf_config_reject(c, err, first, "says %zu patterns, expected at most %.0f", c->target.count,
                                hf_keys_find("target.count")->range.high);
    return HF_OK;
}

static hf_status require_strengths(hf_config *c, hf_error *err)
{
    if (c->target.strengths.count > 0 || c->target.ratio > 0.0)
        return HF_OK;
    return hf_config_reject(c, err, "target.strengths", "this key or target.ratio is required");
}

/* m_j = base * ratio^(J-j) */
static hf_status derive_strengths(hf_config *c, hf_error *err)
{
    const size_t J = c->target.count;
    if (c->target.strengths.count > 0)
        return HF_OK;
    c->target.strengths.at = calloc(J, sizeof(double));
    if (c->target.strengths.at == NULL)
        return hf_fail_memory(err, "the strengths");
    c->target.strengths.count = J;
    for (size_t j = 1; j <= J; j++) {
        const double m = c->target.base * pow(c->target.ratio, (double)(J - j));
        if (!hf_range_holds(&hf_keys_find("target.strengths")->range, m))
            return hf_config_reject(c, err, "target.ratio", "gives pattern %zu the strength %g, expected one > 0 and <= %g",
                                    j, m, HF_REAL_MAX);
        c->target.strengths.at[j - 1] = m;
    }
    return HF_OK;
}

/* ---- patterns ---- */

/* Where pattern j, counted from 0, starts and ends (exclusively), after the one that ended at previous_end. */
static void place_pattern(const hf_config *c, size_t j, size_t previous_end, size_t *start, size_t *end)
{
    const bool contiguous = c->target.lengths.count == 0 || c->target.stride == 0;
    *start = contiguous ? previous_end : 1 + j * c->target.stride;
    *end = *start + (c->target.lengths.count == 0 ? 1 : c->target.lengths.at[j]);
}

static hf_status fill_pattern(hf_counts *pattern, size_t start, size_t end, hf_error *err)
{
    pattern->at = calloc(end - start, sizeof *pattern->at);
    if (pattern->at == NULL)
        return hf_fail_memory(err, "the patterns");
    pattern->count = end - start;
    for (size_t i = 0; i < pattern->count; i++)
        pattern->at[i] = start + i;
    return HF_OK;
}

/* Patterns of contiguous positions: by their lengths, or single positions 1..J. */
static hf_status derive_patterns(hf_config *c, hf_error *err)
{
    const char *key = c->target.lengths.count > 0 ? "target.lengths" : "positions";
    const size_t J = c->target.count;
    size_t start, end = 1, total = 0;
    if (c->target.patterns.count > 0)
        return HF_OK;
    c->target.patterns.row = calloc(J, sizeof *c->target.patterns.row);
    if (c->target.patterns.row == NULL)
        return hf_fail_memory(err, "the patterns");
    c->target.patterns.count = J;
    for (size_t j = 0; j < J; j++) {
        place_pattern(c, j, end, &start, &end);
        total += end - start;
        if (end - 1 > c->positions)
            return hf_config_reject(c, err, key, "pattern %zu would end at position %zu, expected 1..%zu", j + 1, end - 1,
                                    c->positions);
        if (total > PATTERN_POSITIONS_MAX)
            return hf_config_reject(c, err, key, "the patterns hold more than %zu positions in all", PATTERN_POSITIONS_MAX);
        const hf_status status = fill_pattern(&c->target.patterns.row[j], start, end, err);
        if (status != HF_OK)
            return status;
    }
    return HF_OK;
}

static int compare_counts(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* A position that a pattern holds twice, in *repeated; 0: none. */
static hf_status find_repeated(const hf_counts *pattern, size_t *repeated, hf_error *err)
{
    size_t ascending = 1;
    *repeated = 0;
    while (ascending < pattern->count && pattern->at[ascending - 1] < pattern->at[ascending])
        ascending++;
    if (ascending == pattern->count)
        return HF_OK;
    size_t *sorted = calloc(pattern->count, sizeof *sorted);
    if (sorted == NULL)
        return hf_fail_memory(err, "the patterns");
    memcpy(sorted, pattern->at, pattern->count * sizeof *sorted);
    qsort(sorted, pattern->count, sizeof *sorted, compare_counts);
    for (size_t i = 1; i < pattern->count && *repeated == 0; i++)
        *repeated = sorted[i] == sorted[i - 1] ? sorted[i] : 0;
    free(sorted);
    return HF_OK;
}

static hf_status check_patterns(hf_config *c, hf_error *err)
{
    for (size_t j = 0; j < c->target.count; j++) {
        const hf_counts *pattern = &c->target.patterns.row[j];
        size_t repeated = 0;
        for (size_t i = 0; i < pattern->count; i++)
            if (pattern->at[i] > c->positions)
                return hf_config_reject(c, err, "target.patterns", "pattern %zu has position %zu, expected 1..%zu", j + 1,
                                        pattern->at[i], c->positions);
        const hf_status status = find_repeated(pattern, &repeated, err);
        if (status != HF_OK)
            return status;
        if (repeated != 0)
            return hf_config_reject(c, err, "target.patterns", "pattern %zu has position %zu twice, expected each once",
                                    j + 1, repeated);
    }
    return HF_OK;
}

/* ---- shapes ---- */

static hf_status check_row_count(const hf_config *c, hf_error *err, const char *key, const hf_real_rows *rows)
{
    if (rows->count == 0 || rows->count == c->target.count)
        return HF_OK;
    return hf_config_reject(c, err, key, "has %zu row%s, expected %zu, one per pattern", rows->count,
                            hf_plural(rows->count), c->target.count);
}

static hf_status check_pattern_weights(hf_config *c, hf_error *err)
{
    static const char key[] = "target.weights";
    const hf_real_rows *weights = &c->target.weights;
    const hf_status status = check_row_count(c, err, key, weights);
    for (size_t j = 0; j < weights->count && status == HF_OK; j++) {
        const hf_reals *row = &weights->row[j];
        const size_t expected = c->target.patterns.row[j].count;
        double sum = 0.0;
        if (row->count != expected)
            return hf_config_reject(c, err, key, "row %zu has %zu number%s, expected %zu, one per position of the pattern",
                                    j + 1, row->count, hf_plural(row->count), expected);
        for (size_t i = 0; i < row->count; i++)
            sum += row->at[i];
        if (!(sum > 0.0))
            return hf_config_reject(c, err, key, "row %zu has the sum 0, expected a sum > 0", j + 1);
    }
    return status;
}

/* Lists of one number per class of positions may hold a single number for all. */
static hf_status check_class_count(const hf_config *c, hf_error *err, const char *key, const char *what, size_t count)
{
    if (count <= 1 || count == c->positions)
        return HF_OK;
    return hf_config_reject(c, err, key, "%s has %zu numbers, expected 1 or %zu", what, count, c->positions);
}

static hf_status check_variance_shape(const hf_config *c, hf_error *err, const char *key, const hf_real_rows *weights)
{
    hf_status status = check_row_count(c, err, key, weights);
    for (size_t j = 0; j < weights->count && status == HF_OK; j++) {
        char row[32];
        snprintf(row, sizeof row, "row %zu", j + 1);
        status = check_class_count(c, err, key, row, weights->row[j].count);
    }
    return status;
}

/* A test loss that is 0 whatever is learned decides nothing. */
static hf_status check_test(const hf_config *c, hf_error *err)
{
    const hf_real_rows *weights = &c->test.weights;
    double largest = 0.0;
    for (size_t j = 0; j < weights->count; j++)
        for (size_t i = 0; i < weights->row[j].count; i++)
            largest = fmax(largest, weights->row[j].at[i]);
    return weights->count == 0 || largest > 0.0
               ? HF_OK
               : hf_config_reject(c, err, "test.weights", "has no number > 0, expected one at least");
}

static hf_status check_data_shapes(hf_config *c, hf_error *err)
{
    hf_status status = check_class_count(c, err, "data.copies", "the list", c->data.copies.count);
    if (status == HF_OK)
        status = check_class_count(c, err, "data.replicas", "the list", c->data.replicas.count);
    if (status == HF_OK)
        status = check_variance_shape(c, err, "data.weights", &c->data.weights);
    if (status == HF_OK)
        status = check_variance_shape(c, err, "test.weights", &c->test.weights);
    if (status == HF_OK)
        status = check_test(c, err);
    return status;
}

static hf_status check_input_count(hf_config *c, hf_error *err)
{
    const char *key = c->data.copies.count > 0 ? "data.copies" : "data.replicas";
    double inputs = 0.0;
    for (size_t i = 0; i < c->positions; i++)
        inputs += (double)hf_counts_at(&c->data.copies, i, 1) * (double)hf_counts_at(&c->data.replicas, i, 1);
    if (inputs <= INPUTS_MAX)
        return HF_OK;
    return hf_config_reject(c, err, key, "the classes hold %g positions in all, expected at most 2^53", inputs);
}

/* ---- the Gram matrix of the features ---- */

static hf_status check_gram_entries(hf_config *c, hf_error *err)
{
    static const char key[] = "target.gram";
    const hf_reals *g = c->target.gram.row;
    const size_t J = c->target.count;
    for (size_t i = 0; i < J; i++) {
        if (g[i].count != J)
            return hf_config_reject(c, err, key, "row %zu has %zu number%s, expected %zu", i + 1, g[i].count,
                                    hf_plural(g[i].count), J);
        if (!(g[i].at[i] > 0.0))
            return hf_config_reject(c, err, key, "entry (%zu, %zu) is %g, expected a number > 0 on the diagonal", i + 1,
                                    i + 1, g[i].at[i]);
    }
    for (size_t i = 0; i < J; i++)
        for (size_t j = 0; j < i; j++) {
            const double bound = sqrt(g[i].at[i]) * sqrt(g[j].at[j]);
            if (fabs(g[i].at[j] - g[j].at[i]) > GRAM_TOLERANCE * bound)
                return hf_config_reject(c, err, key, "entry (%zu, %zu) is %.17g but (%zu, %zu) is %.17g, expected symmetry",
                                        i + 1, j + 1, g[i].at[j], j + 1, i + 1, g[j].at[i]);
            if (fabs(g[i].at[j]) > (1.0 + GRAM_TOLERANCE) * bound)
                return hf_config_reject(c, err, key, "entry (%zu, %zu) is %g, expected at most sqrt(g_ii g_jj) = %g", i + 1,
                                        j + 1, g[i].at[j], bound);
        }
    return HF_OK;
}

/* Rows of the normalized matrix g_ij / sqrt(g_ii g_jj) are factored one by one. It is not positive semidefinite where a squared
 * pivot is below -tolerance or, where one vanishes up to the tolerance, what is left of an entry in its column exceeds
 * sqrt(tolerance), the most a semidefinite matrix with that pivot can hold. */
static hf_status check_gram_definite(hf_config *c, hf_error *err)
{
    const size_t J = c->target.count;
    const hf_reals *g = c->target.gram.row;
    const double tolerance = (double)J * GRAM_TOLERANCE;
    double *L = calloc(J * J, sizeof *L);
    if (L == NULL)
        return hf_fail_memory(err, "the Gram matrix");
    hf_status status = HF_OK;
    for (size_t i = 0; i < J && status == HF_OK; i++) {
        for (size_t j = 0; j <= i; j++)
            L[i * J + j] = g[i].at[j] / (sqrt(g[i].at[i]) * sqrt(g[j].at[j]));
        const hf_factor_row row = hf_factor_add_row(L, J, i, tolerance);
        if (row.pivot < -tolerance || row.left > sqrt(tolerance))
            status = hf_config_reject(c, err, "target.gram",
                                      "is not positive semidefinite (row %zu), expected inner products of features", i + 1);
    }
    free(L);
    return status;
}

static hf_status check_gram(hf_config *c, hf_error *err)
{
    hf_status status = check_row_count(c, err, "target.gram", &c->target.gram);
    if (status == HF_OK && c->target.gram.count > 0)
        status = check_gram_entries(c, err);
    if (status == HF_OK && c->target.gram.count > 0)
        status = check_gram_definite(c, err);
    return status;
}

bool hf_gram_is_diagonal(const hf_real_rows *gram)
{
    for (size_t i = 0; i < gram->count; i++)
        for (size_t j = 0; j < i; j++)
            if (gram->row[i].at[j] != 0.0 || gram->row[j].at[i] != 0.0)
                return false;
    return true;
}

/* Whether two rows of input variances differ, and at which position, from 0, they do first. */
static bool rows_differ(const hf_reals *one, const hf_reals *other, size_t *position)
{
    const size_t length = one->count > other->count ? one->count : other->count;
    for (*position = 0; *position < length; ++*position)
        if (hf_reals_at(one, *position, 1) != hf_reals_at(other, *position, 1))
            return true;
    return false;
}

/* Input variances are told apart along the features only if these are orthogonal. */
static hf_status check_variance_against_gram(const hf_config *c, hf_error *err, const char *key,
                                             const hf_real_rows *weights)
{
    size_t position;
    for (size_t j = 1; j < weights->count; j++)
        if (rows_differ(&weights->row[0], &weights->row[j], &position))
            return hf_config_reject(c, err, key,
                                    "features 1 and %zu differ in their input variance at position %zu, so they must "
                                    "be orthogonal, but target.gram is not diagonal",
                                    j + 1, position + 1);
    return HF_OK;
}

static hf_status check_weights_against_gram(hf_config *c, hf_error *err)
{
    if (hf_gram_is_diagonal(&c->target.gram))
        return HF_OK;
    const hf_status status = check_variance_against_gram(c, err, "data.weights", &c->data.weights);
    return status == HF_OK ? check_variance_against_gram(c, err, "test.weights", &c->test.weights) : status;
}

/* ---- the drift of SGD ---- */

/* The noise of the values makes the drift, in proportion to the variance of what a head reads, which must be one number. */
hf_status hf_heads_check_attention(hf_config *c, hf_error *err)
{
    if (c->flow.attention == HF_ATTENTION_SOFTMAX)
        return HF_OK;
    if (c->flow.geometry != HF_GEOMETRY_LOGIT)
        return hf_config_reject(
            c, err, "flow.geometry",
            "is \"replicator\", the Fisher metric of the softmax, expected flow.attention = \"softmax\"");
    if (c->flow.sgd_drift.lr > 0)
        return hf_config_reject(c, err, "flow.sgd_drift.lr",
                                "SGD's drift is known for the softmax alone, expected flow.attention = \"softmax\"");
    if (c->declared.train)
        return hf_config_reject(c, err, "flow.attention",
                                "transformers are trained with the softmax, expected \"softmax\" beside a train section");
    if (c->init.state == NULL && c->init.start != HF_START_UNIFORM)
        return hf_config_reject(
            c, err, "init.start",
            "other starts than \"uniform\" are given by the softmax's logits, expected flow.attention = "
            "\"softmax\" or a state table, init.state");
    return HF_OK;
}

/* Bands are about the stages of the flow with dynamic drift. */
static hf_status check_bands(hf_config *c, hf_error *err)
{
    static const char key[] = "flow.sgd_drift.bands";
    if (!c->flow.sgd_drift.bands)
        return HF_OK;
    if (c->declared.train)
        return hf_config_reject(
            c, err, key,
            "are of a flow alone; a train section has bands of its own noise without flow.sgd_drift, expected false");
    if (c->flow.sgd_drift.lr == 0)
        return hf_config_reject(c, err, key, "are those of SGD's noise, expected flow.sgd_drift.lr as well");
    if (!c->flow.sgd_drift.dynamic)
        return hf_config_reject(c, err, key,
                                "are about the flow with dynamic drift, expected flow.sgd_drift.dynamic = true");
    if (c->flow.step > 0)
        return hf_config_reject(c, err, key, "are of infinitely small steps, expected flow.step = 0");
    if (!c->detect.events)
        return hf_config_reject(c, err, key, "are those of stages, expected detect.events = true");
    return HF_OK;
}

hf_status hf_heads_check_drift(hf_config *c, hf_error *err)
{
    size_t position;
    if (c->flow.sgd_drift.lr == 0)
        return check_bands(c, err);
    if (c->flow.values != HF_VALUES_LEARNED)
        return hf_config_reject(c, err, "flow.sgd_drift.lr",
                                "the noise of values that SGD learns makes the drift, expected flow.values = \"learned\"");
    if (c->flow.sgd_drift.dynamic && c->flow.geometry != HF_GEOMETRY_LOGIT)
        return hf_config_reject(c, err, "flow.sgd_drift.dynamic", "is of flow.geometry = \"logit\", in which SGD trains");
    const hf_status status = check_bands(c, err);
    if (status != HF_OK)
        return status;
    for (size_t j = 1; j < c->data.weights.count; j++)
        if (rows_differ(&c->data.weights.row[0], &c->data.weights.row[j], &position))
            return hf_config_reject(c, err, "data.weights",
                                    "features 1 and %zu differ in their input variance at position %zu, expected the same "
                                    "for all features with flow.sgd_drift",
                                    j + 1, position + 1);
    return HF_OK;
}

/* ---- the start ---- */

hf_status hf_heads_check_start(hf_config *config, hf_error *err)
{
    const bool saddle = config->init.start == HF_START_SADDLE && config->init.state == NULL;
    if (config->init.position == 0)
        config->init.position = config->positions;
    if (config->init.position > config->positions)
        return hf_config_reject(config, err, "init.position", "is %zu, expected 1..%zu", config->init.position,
                                config->positions);
    if (saddle && config->init.learned > config->target.count)
        return hf_config_reject(config, err, "init.learned", "is %zu, expected 1..%zu, the number of patterns",
                                config->init.learned, config->target.count);
    if (saddle && config->init.values != 0)
        return hf_config_reject(
            config, err, "init.values",
            "cannot be given together with init.start = \"saddle\", where the values are what is learned");
    return HF_OK;
}

/* ---- in order ---- */

hf_status hf_heads_check_target(hf_config *config, hf_error *err)
{
    static hf_status (*const checks[])(hf_config *, hf_error *) = {
        require_strengths,     settle_count, derive_strengths,  derive_patterns,   check_patterns,
        check_pattern_weights, check_gram,   check_data_shapes, check_input_count, check_weights_against_gram,
    };
    hf_status status = HF_OK;
    for (size_t i = 0; i < sizeof checks / sizeof *checks && status == HF_OK; i++)
        status = checks[i](config, err);
    return status;
}
