/* minimal_pass_body: minimal_pass.h for one precision. Included where `real`, EXP (e^x of one), its functions' table PASS,
 * LEAST (below every logit) and sum_of (the sum of whole registers) are defined. */
#include "train/tile_products.h"

#include <math.h>
#include <string.h>

/* What one thread needs for one sequence. n counts scored queries, j keys, v tokens. */
typedef struct {
    real *shown;  /* (H, J, v) V_h x_j */
    real *weight; /* (H, J, q) logits, then attention; 0 where a query does not see a key */
    real *change; /* (J, q) their gradient */
    real *output; /* (q, v) z, then its gradient; padding stays 0 */
    real *turned; /* (v, q) the same, transposed */
    real *back;   /* (J, v) gradient of V_h x_j */
} workspace;

static size_t place(const hf_minimal_shape *s, real *memory, workspace *w)
{
    const size_t H = s->heads, J = s->places;
    w->shown = memory;
    w->weight = w->shown + H * J * s->v;
    w->change = w->weight + H * J * s->q;
    w->output = w->change + J * s->q;
    w->turned = w->output + s->q * s->v;
    w->back = w->turned + s->v * s->q;
    return (H + 1) * J * (s->v + s->q) + 2 * s->q * s->v;
}

/* ---- who sees whom ---- */

/* The first scored query that sees key j. */
HF_INLINE size_t first_seeing(const hf_minimal_shape *s, size_t j)
{
    return j > s->first ? j - s->first : 0;
}

/* One more than the last scored query that sees key j; up to first_seeing(s, j): none does. */
HF_INLINE size_t end_seeing(const hf_minimal_shape *s, size_t j)
{
    if (s->window == 0 || j + s->window >= s->first + s->scored)
        return s->scored;
    return j + s->window > s->first ? j + s->window - s->first : 0;
}

/* The first key that scored query n sees. */
HF_INLINE size_t first_seen(const hf_minimal_shape *s, size_t n)
{
    const size_t keys = s->first + n + 1;
    return s->window == 0 || keys <= s->window ? 0 : keys - s->window;
}

/* One more than the last key that one of the scored queries up to n sees. */
HF_INLINE size_t end_seen(const hf_minimal_shape *s, size_t n)
{
    return n < s->scored ? s->first + n + 1 : s->places;
}

/* ---- rows of the packed matrices ---- */

HF_INLINE size_t query_row(const hf_minimal_shape *s, size_t head, size_t key)
{
    return (head * s->keys + key) * (s->v + s->q);
}

HF_INLINE size_t value_row(const hf_minimal_shape *s, size_t head, size_t key)
{
    return s->heads * s->keys * (s->v + s->q) + (head * s->keys + key) * s->v;
}

/* ---- forward ---- */

/* weight (J, q): what tokens say of the logits of head h; -infinity where the query does not see the key. */
HF_INLINE void fill_logits(size_t lanes, const hf_minimal_shape *s, const real *packed, size_t h, const hf_token *tokens,
                           real *weight)
{
    const hf_token *asked = tokens + s->first;
    for (size_t j = 0; j < s->places; j++) {
        const real *by_token = packed + query_row(s, h, tokens[j]), *by_place = packed + query_row(s, h, s->vocabulary + j);
        const size_t end = end_seeing(s, j);
        real *l = weight + j * s->q;
        for (size_t n = 0; n < s->q; n += lanes) {
            HF_SIMD
            for (size_t i = 0; i < lanes; i++)
                l[n + i] = -(real)INFINITY;
        }
        for (size_t n = first_seeing(s, j); n < end; n++)
            l[n] = by_token[asked[n]] + by_place[asked[n]];
    }
}

/* Adds what places say and scales; the largest logit of `lanes` queries from n on, over the keys from..to - 1. */
HF_INLINE void finish_logits(size_t lanes, const hf_minimal_shape *s, const real *packed, size_t h, const hf_token *tokens,
                             size_t n, size_t from, size_t to, real *weight, real *largest)
{
    const real scale = (real)s->scale;
    real most[TILE_REALS];
    HF_SIMD
    for (size_t i = 0; i < lanes; i++)
        most[i] = LEAST;
    for (size_t j = from; j < to; j++) {
        const real *by_token = packed + query_row(s, h, tokens[j]) + s->v + n;
        const real *by_place = packed + query_row(s, h, s->vocabulary + j) + s->v + n;
        real *l = weight + j * s->q + n;
        HF_SIMD
        for (size_t i = 0; i < lanes; i++) {
            const real logit = (l[i] + (by_token[i] + by_place[i])) * scale;
            l[i] = logit;
            most[i] = logit > most[i] ? logit : most[i];
        }
    }
    HF_SIMD
    for (size_t i = 0; i < lanes; i++)
        largest[i] = most[i];
}

/* Softmax over the keys for every query, a register of queries at a time. Lanes of padding become 0. */
HF_INLINE void take_softmax(size_t lanes, const hf_minimal_shape *s, const real *packed, size_t h, const hf_token *tokens,
                            real *weight)
{
    for (size_t n = 0; n < s->q; n += lanes) {
        const size_t from = n < s->scored ? first_seen(s, n) : s->places, to = end_seen(s, n + lanes - 1);
        real largest[TILE_REALS], sum[TILE_REALS] = {0};
        finish_logits(lanes, s, packed, h, tokens, n, from, to, weight, largest);
        for (size_t j = from; j < to; j++) {
            real *l = weight + j * s->q + n;
            HF_SIMD
            for (size_t i = 0; i < lanes; i++) {
                const real e = EXP(l[i] - largest[i]);
                l[i] = e;
                sum[i] += e;
            }
        }
        HF_SIMD
        for (size_t i = 0; i < lanes; i++)
            sum[i] = sum[i] > 0 ? 1 / sum[i] : 0;
        for (size_t j = 0; j < s->places; j++) {
            real *l = weight + j * s->q + n;
            const bool seen = j >= from && j < to;
            HF_SIMD
            for (size_t i = 0; i < lanes; i++)
                l[i] = seen ? l[i] * sum[i] : 0;
        }
    }
}

/* shown (J, v): what head h shows of every key. */
HF_INLINE void fill_shown(size_t lanes, const hf_minimal_shape *s, const real *packed, size_t h, const hf_token *tokens,
                          real *shown)
{
    for (size_t j = 0; j < s->places; j++) {
        const real *by_token = packed + value_row(s, h, tokens[j]), *by_place = packed + value_row(s, h, s->vocabulary + j);
        real *u = shown + j * s->v;
        for (size_t c = 0; c < s->v; c += lanes) {
            HF_SIMD
            for (size_t i = 0; i < lanes; i++)
                u[c + i] = by_token[c + i] + by_place[c + i];
        }
    }
}

/* output (q, v) = or += attention times what is shown; keys that a group of queries does not see have attention 0. */
HF_INLINE void add_output(size_t lanes, const hf_minimal_shape *s, bool add, const real *weight, const real *shown,
                          real *output)
{
    for (size_t n = 0; n < s->scored; n += TILE_ROWS) {
        const size_t left = s->scored - n, rows = left < TILE_ROWS ? left : TILE_ROWS;
        const size_t from = first_seen(s, n), seen = end_seen(s, n + rows - 1) - from;
        const matrix a = {weight + from * s->q + n, 1, s->q};
        multiply_tiles(lanes, add, rows, seen, s->v, a, shown + from * s->v, s->v, output + n * s->v, s->v);
    }
}

/* Attention (H, J, q) and outputs (q, v) of a sequence. */
HF_INLINE void forward(size_t lanes, const hf_minimal_shape *s, const real *packed, const hf_token *tokens,
                       const workspace *w)
{
    for (size_t h = 0; h < s->heads; h++) {
        real *weight = w->weight + h * s->places * s->q, *shown = w->shown + h * s->places * s->v;
        fill_logits(lanes, s, packed, h, tokens, weight);
        take_softmax(lanes, s, packed, h, tokens, weight);
        fill_shown(lanes, s, packed, h, tokens, shown);
        add_output(lanes, s, h > 0, weight, shown, w->output);
    }
}

/* ---- the loss ---- */

HF_INLINE real largest_of(size_t lanes, size_t count, const real *z)
{
    real most[TILE_REALS], all = LEAST;
    HF_SIMD
    for (size_t i = 0; i < lanes; i++)
        most[i] = LEAST;
    for (size_t c = 0; c < count; c += lanes) {
        HF_SIMD
        for (size_t i = 0; i < lanes; i++)
            most[i] = z[c + i] > most[i] ? z[c + i] : most[i];
    }
    for (size_t i = 0; i < lanes; i++)
        all = most[i] > all ? most[i] : all;
    return all;
}

/* The cross-entropy of the scored tokens in all; output becomes its gradient, softmax minus one-hot. Padding becomes 0. */
HF_INLINE double cross_entropy(size_t lanes, const hf_minimal_shape *s, const hf_token *tokens, real *output)
{
    double loss = 0;
    for (size_t n = 0; n < s->scored; n++) {
        real *z = output + n * s->v;
        const hf_token target = tokens[s->first + 1 + n];
        for (size_t c = s->vocabulary; c < s->v; c++)
            z[c] = -(real)INFINITY;
        const real chosen = z[target], largest = largest_of(lanes, s->v, z);
        for (size_t c = 0; c < s->v; c += lanes) {
            HF_SIMD
            for (size_t i = 0; i < lanes; i++)
                z[c + i] = EXP(z[c + i] - largest);
        }
        const real sum = sum_of(s->v, z), norm = 1 / sum;
        loss += log((double)sum) + (double)largest - (double)chosen;
        for (size_t c = 0; c < s->v; c += lanes) {
            HF_SIMD
            for (size_t i = 0; i < lanes; i++)
                z[c + i] *= norm;
        }
        z[target] -= 1;
    }
    return loss;
}

/* ---- backward ---- */

/* change (J, q) = shown times the outputs' gradient, and back (J, v) = attention times it, where queries see the key. */
HF_INLINE void return_output(size_t lanes, const hf_minimal_shape *s, const real *weight, const real *shown,
                             const workspace *w)
{
    for (size_t j = 0; j < s->places; j += TILE_ROWS) {
        const size_t left = s->places - j, rows = left < TILE_ROWS ? left : TILE_ROWS;
        const size_t from = first_seeing(s, j), to = end_seeing(s, j + rows - 1), lane = from / lanes * lanes;
        if (to <= from) { /* nobody sees these keys */
            memset(w->back + j * s->v, 0, rows * s->v * sizeof *w->back);
            continue;
        }
        const size_t width = (to + lanes - 1) / lanes * lanes - lane;
        multiply_tiles(lanes, false, rows, s->vocabulary, width, (matrix){shown + j * s->v, s->v, 1}, w->turned + lane,
                       s->q, w->change + j * s->q + lane, s->q);
        multiply_tiles(lanes, false, rows, to - from, s->v, (matrix){weight + j * s->q + from, s->q, 1},
                       w->output + from * s->v, s->v, w->back + j * s->v, s->v);
    }
}

/* Gradient of the logits from that of the attention, change (J, q): a (da - sum_j a da), times the scale of the logits. */
HF_INLINE void turn_back(size_t lanes, const hf_minimal_shape *s, const real *weight, real *change)
{
    const real scale = (real)s->scale;
    for (size_t n = 0; n < s->scored; n += lanes) {
        const size_t from = first_seen(s, n), to = end_seen(s, n + lanes - 1);
        real mean[TILE_REALS] = {0};
        for (size_t j = from; j < to; j++) {
            const real *a = weight + j * s->q + n, *da = change + j * s->q + n;
            HF_SIMD
            for (size_t i = 0; i < lanes; i++)
                mean[i] += a[i] * da[i];
        }
        for (size_t j = from; j < to; j++) {
            const real *a = weight + j * s->q + n;
            real *da = change + j * s->q + n;
            HF_SIMD
            for (size_t i = 0; i < lanes; i++)
                da[i] = a[i] * (da[i] - mean[i]) * scale;
        }
    }
}

/* Adds what the logits' gradients, change (J, q), say of the query matrix; the logits read backwards. */
HF_INLINE void spread_query(size_t lanes, const hf_minimal_shape *s, size_t h, const hf_token *tokens, const real *change,
                            real *gradient)
{
    const hf_token *asked = tokens + s->first;
    for (size_t j = 0; j < s->places; j++) {
        real *by_token = gradient + query_row(s, h, tokens[j]), *by_place = gradient + query_row(s, h, s->vocabulary + j);
        const real *dl = change + j * s->q;
        const size_t from = first_seeing(s, j), end = end_seeing(s, j);
        for (size_t n = from; n < end; n++) {
            by_token[asked[n]] += dl[n];
            by_place[asked[n]] += dl[n];
        }
        by_token += s->v;
        by_place += s->v;
        for (size_t n = from / lanes * lanes; n < end; n += lanes) {
            HF_SIMD
            for (size_t i = 0; i < lanes; i++) {
                by_token[n + i] += dl[n + i];
                by_place[n + i] += dl[n + i];
            }
        }
    }
}

/* The same of the value matrix; back: (J, v). */
HF_INLINE void spread_value(size_t lanes, const hf_minimal_shape *s, size_t h, const hf_token *tokens, const real *back,
                            real *gradient)
{
    for (size_t j = 0; j < s->places; j++) {
        real *by_token = gradient + value_row(s, h, tokens[j]), *by_place = gradient + value_row(s, h, s->vocabulary + j);
        const real *du = back + j * s->v;
        for (size_t c = 0; c < s->v; c += lanes) {
            HF_SIMD
            for (size_t i = 0; i < lanes; i++) {
                by_token[c + i] += du[c + i];
                by_place[c + i] += du[c + i];
            }
        }
    }
}

/* From the outputs' gradient to those of all parameters: z = sum_h a_h^T u_h backwards. */
HF_INLINE void backward(size_t lanes, const hf_minimal_shape *s, const hf_token *tokens, const workspace *w, real *gradient)
{
    for (size_t c = 0; c < s->vocabulary; c++)
        for (size_t n = 0; n < s->scored; n++)
            w->turned[c * s->q + n] = w->output[n * s->v + c];
    for (size_t h = 0; h < s->heads; h++) {
        const real *weight = w->weight + h * s->places * s->q;
        return_output(lanes, s, weight, w->shown + h * s->places * s->v, w);
        turn_back(lanes, s, weight, w->change);
        spread_query(lanes, s, h, tokens, w->change, gradient);
        spread_value(lanes, s, h, tokens, w->back, gradient);
    }
}

/* ---- one sequence ---- */

/* Stops after the logits without `judged`, after the loss without gradient. */
HF_INLINE double pass_registers(size_t bytes, const hf_minimal_shape *s, const real *packed, const hf_token *tokens,
                                bool judged, const workspace *w, real *gradient)
{
    const size_t lanes = bytes / sizeof(real);
    forward(lanes, s, packed, tokens, w);
    const double loss = judged ? cross_entropy(lanes, s, tokens, w->output) : 0;
    if (gradient != NULL)
        backward(lanes, s, tokens, w, gradient);
    return loss;
}

HF_REGISTERS(double, pass,
             (const hf_minimal_shape *s, const real *packed, const hf_token *tokens, bool judged, const workspace *w,
              real *gradient),
             s, packed, tokens, judged, w, gradient)

/* ---- the table ---- */

static size_t packed_count(const hf_minimal_shape *s)
{
    return value_row(s, s->heads, 0);
}

static size_t work_count(const hf_minimal_shape *s)
{
    workspace w;
    return place(s, NULL, &w);
}

static double learn(const hf_minimal_shape *s, const void *packed, const hf_token *tokens, void *work, void *gradient)
{
    workspace w;
    place(s, work, &w);
    return pass(s, packed, tokens, true, &w, gradient);
}

static double judge(const hf_minimal_shape *s, const void *packed, const hf_token *tokens, void *work)
{
    return learn(s, packed, tokens, work, NULL);
}

static void show(const hf_minimal_shape *s, const void *packed, const hf_token *tokens, void *work, double *logits,
                 double *attention)
{
    const size_t rows = s->heads * s->scored;
    workspace w;
    place(s, work, &w);
    pass(s, packed, tokens, false, &w, NULL);
    for (size_t n = 0; n < s->scored && logits != NULL; n++)
        for (size_t c = 0; c < s->vocabulary; c++)
            logits[n * s->vocabulary + c] = w.output[n * s->v + c];
    for (size_t r = 0; r < rows && attention != NULL; r++)
        for (size_t j = 0; j < s->places; j++)
            attention[r * s->places + j] = w.weight[(r / s->scored * s->places + j) * s->q + r % s->scored];
}

static void pack(const hf_minimal_shape *s, const double *parameters, void *packed)
{
    const size_t rows = s->heads * s->keys, queries = s->vocabulary + s->first;
    const double *values = parameters + rows * s->keys;
    real *to = packed;
    memset(to, 0, packed_count(s) * sizeof *to);
    for (size_t r = 0; r < rows; r++, to += s->v + s->q) {
        for (size_t c = 0; c < s->vocabulary; c++)
            to[c] = (real)parameters[r * s->keys + c];
        for (size_t n = 0; n < s->scored; n++)
            to[s->v + n] = (real)parameters[r * s->keys + queries + n];
    }
    for (size_t r = 0; r < rows; r++, to += s->v)
        for (size_t c = 0; c < s->vocabulary; c++)
            to[c] = (real)values[r * s->keys + c];
}

/* to (count) = factor times the sum of the numbers at `at` of all packed gradients. */
static void gather(double factor, size_t parts, void *const *packed, size_t at, size_t count, double *to)
{
    memset(to, 0, count * sizeof *to);
    for (size_t p = 0; p < parts; p++) {
        const real *x = (const real *)packed[p] + at;
        HF_SIMD
        for (size_t c = 0; c < count; c++)
            to[c] += factor * (double)x[c];
    }
}

static void unpack(const hf_minimal_shape *s, double factor, size_t parts, void *const *packed, size_t from, size_t to,
                   double *gradient)
{
    const size_t queries = s->vocabulary + s->first;
    double *values = gradient + s->heads * s->keys * s->keys;
    for (size_t r = from; r < to; r++) {
        double *query = gradient + r * s->keys, *value = values + r * s->keys;
        memset(query + s->vocabulary, 0, s->first * sizeof *query);
        gather(factor, parts, packed, query_row(s, 0, r), s->vocabulary, query);
        gather(factor, parts, packed, query_row(s, 0, r) + s->v, s->scored, query + queries);
        gather(factor, parts, packed, value_row(s, 0, r), s->vocabulary, value);
        memset(value + s->vocabulary, 0, s->places * sizeof *value);
    }
}

const hf_minimal_pass PASS = {.size = sizeof(real),
                              .packed = packed_count,
                              .work = work_count,
                              .pack = pack,
                              .learn = learn,
                              .judge = judge,
                              .show = show,
                              .unpack = unpack};
