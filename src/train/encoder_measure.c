/* What there is to see of an encoder: how well it answers, and what its attention logits are like. */
#include "train/encoder_state.h"

#include "core/thread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANGES = 64 }; /* of a batch, summed in their order: the same bits on any number of threads */

/* - sum w log w of a softmax over the logits z that are kept: sum w (z_m - z) - log w_m, w_m the largest weight. */
static double entropy_of(size_t count, const double *weights, const double *logits)
{
    double sum = 0;
    size_t m = 0;
    for (size_t j = 1; j < count; j++)
        m = weights[j] > weights[m] ? j : m;
    if (!(weights[m] > 0)) /* nothing is kept */
        return 0;
    for (size_t j = 0; j < count; j++)
        sum += weights[j] * (logits[m] - logits[j]);
    return sum - log(weights[m]);
}

/* ---- answers ---- */

static size_t count_right(const hf_encoder *m, size_t n, const hf_encoder_work *w)
{
    size_t right = 0;
    for (size_t s = 0; s < n; s++) {
        const double *z = w->z + s * m->params.classes;
        size_t best = 0;
        for (size_t c = 1; c < m->params.classes; c++)
            best = z[c] > z[best] ? c : best;
        right += best == w->answers[s];
    }
    return right;
}

/* Sums in place of means. */
static hf_encoder_score judge_range(const hf_encoder *m, const double *parameters, const hf_batch *batch, size_t from,
                                    size_t to)
{
    const hf_encoder_dropout none = {0};
    const size_t rows = m->params.heads * m->P;
    hf_encoder_work *w = &m->work[hf_this_thread()];
    hf_encoder_score sum = {0, 0, 0};
    for (size_t first = from; first < to; first += HF_ENCODER_CHUNK) {
        const size_t n = to - first < HF_ENCODER_CHUNK ? to - first : HF_ENCODER_CHUNK;
        hf_encoder_read(m, batch, first, n, w);
        hf_encoder_forward_chunk(m, parameters, n, &none, w);
        sum.accuracy += (double)count_right(m, n, w);
        sum.loss += hf_cross_entropy(n, m->params.classes, w->answers, w->z);
        for (size_t b = 0; b < m->params.blocks; b++)
            for (size_t r = 0; r < n * rows; r++)
                sum.entropy += entropy_of(m->P, w->kept[b].weights + r * m->P, w->kept[b].logits + r * m->P);
    }
    return sum;
}

hf_encoder_score hf_encoder_judge(const hf_model *model, const double *parameters, const hf_batch *batch)
{
    const hf_encoder *m = model->self;
    const double count = (double)batch->count, rows = (double)(m->params.blocks * m->params.heads * m->P);
    hf_encoder_score range[RANGES], sum = {0, 0, 0};
    if (batch->count == 0)
        return (hf_encoder_score){NAN, NAN, NAN};
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(dynamic, 1) if (m->params.threads > 1)
#endif
    for (size_t r = 0; r < RANGES; r++)
        range[r] = judge_range(m, parameters, batch, r * batch->count / RANGES, (r + 1) * batch->count / RANGES);
    for (size_t r = 0; r < RANGES; r++) {
        sum.loss += range[r].loss;
        sum.accuracy += range[r].accuracy;
        sum.entropy += range[r].entropy;
    }
    return (hf_encoder_score){sum.loss / count, sum.accuracy / count, sum.entropy / (count * rows)};
}

/* ---- attention ---- */

static double more(double a, double b)
{
    return b > a ? b : a;
}

static double less(double a, double b)
{
    return b < a ? b : a;
}

/* Adds what a query's logits are like. rank: the k + 1 largest of them, or all. */
static void add_query(const hf_encoder *m, const double *logits, const double *weights, const size_t *rank, size_t count,
                      double least, hf_encoder_place *place)
{
    const size_t k = m->mask.k;
    const double spread = logits[rank[0]] - least;
    place->entropy += entropy_of(m->P, weights, logits);
    place->spread += spread;
    place->spread_most = more(place->spread_most, spread);
    if (count <= k) {
        place->inside = place->inside_most = place->gap = place->gap_least = place->holds = NAN;
        return;
    }
    const double inside = logits[rank[0]] - logits[rank[k - 1]], gap = logits[rank[k - 1]] - logits[rank[k]];
    place->inside += inside;
    place->inside_most = more(place->inside_most, inside);
    place->gap += gap;
    place->gap_least = less(place->gap_least, gap);
    place->holds += inside + log(2 * (1 + 1 / gap)) < spread;
}

/* One head of one string. rank: (places), chosen: (places) to work in. */
static void add_head(const hf_encoder *m, const double *logits, const double *weights, size_t *rank, double *chosen,
                     hf_encoder_place *place)
{
    const size_t P = m->P, k = m->mask.k;
    for (size_t j = 0; j < P; j++)
        chosen[j] = 0;
    for (size_t q = 0; q < P; q++) {
        const double *row = logits + q * P;
        const size_t count = hf_mask_largest(&m->mask, k + 1, row, rank);
        double least = INFINITY;
        for (size_t j = 0; j < P; j++)
            least = j >= m->mask.unseen_from && j < m->mask.unseen_to ? least : less(least, row[j]);
        add_query(m, row, weights + q * P, rank, count, least, &place[q]);
        for (size_t i = 0; i < count && i < k; i++)
            chosen[rank[i]] += 1 / (double)k;
    }
    for (size_t j = 0; j < P; j++) {
        place[j].chosen += chosen[j];
        place[j].chosen_most = more(place[j].chosen_most, chosen[j]);
    }
}

static void divide(double count, hf_encoder_place *place)
{
    place->entropy /= count;
    place->spread /= count;
    place->inside /= count;
    place->gap /= count;
    place->holds /= count;
    place->chosen /= count;
}

hf_status hf_encoder_measure(const hf_model *model, const double *parameters, const hf_batch *batch,
                             hf_encoder_place *place, hf_error *err)
{
    const hf_encoder *m = model->self;
    const hf_encoder_dropout none = {0};
    const size_t H = m->params.heads, P = m->P, all = m->params.blocks * H * P, size = P * P;
    hf_encoder_work *w = &m->work[0];
    size_t *rank = malloc(P * sizeof *rank);
    double *chosen = malloc(P * sizeof *chosen);
    const bool good = rank != NULL && chosen != NULL;
    for (size_t i = 0; i < all; i++)
        place[i] = (hf_encoder_place){.gap_least = INFINITY};
    for (size_t first = 0; first < batch->count && good; first += HF_ENCODER_CHUNK) {
        const size_t n = batch->count - first < HF_ENCODER_CHUNK ? batch->count - first : HF_ENCODER_CHUNK;
        hf_encoder_read(m, batch, first, n, w);
        hf_encoder_forward_chunk(m, parameters, n, &none, w);
        for (size_t b = 0; b < m->params.blocks; b++)
            for (size_t r = 0; r < n * H; r++)
                add_head(m, w->kept[b].logits + r * size, w->kept[b].weights + r * size, rank, chosen,
                         place + (b * H + r % H) * P);
    }
    for (size_t i = 0; i < all; i++)
        divide((double)batch->count, &place[i]);
    free(rank);
    free(chosen);
    return good ? HF_OK : hf_fail_memory(err, "the measures of attention");
}
