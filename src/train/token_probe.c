#include "train/token_probe.h"

#include "core/simd.h"
#include "core/exponential.h"
#include "train/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 128 }; /* sequences looked at together */

struct hf_token_probe {
    hf_token_task task;
    hf_model model;
    hf_batch held_out;
    hf_token_view view;
    size_t places, blocks, threads;
    hf_token *targets;   /* (n, scored) */
    double *probability; /* (n, scored, levels, vocabulary) of who knows k levels; of vectors: the right ones */
    hf_token_rivals rivals;
    double *rival_entropy; /* (rivals); view.cut and seen_cut behind it */
    double *seen_cut;      /* (CHUNK, rivals) as seen */
    double *entropy;       /* (levels) -mean sum p log p */
    double truth;          /* cross-entropy of the truth on the tokens */
    double *logits;        /* (CHUNK, scored, vocabulary) */
    double *attention;     /* (CHUNK, blocks, heads, scored, places) */
    double *by_lag;        /* (heads, places) mean attention by lag - 1 in the last block */
    double *last_by_lag;   /* (heads, places) the same of the last query */
    /* (n, places) the level that sees a place of a sequence, from 1; 0: none. NULL: levels are about lags, or nothing */
    uint8_t *level_at;
    /* (CHUNK, counted) sums over one sequence each: cross-entropy, kl, by_lag, last_by_lag, and with level_at mass and last */
    double *seen;
    size_t counted;
};

/* ---- the truth ---- */

static size_t outputs(const hf_token_probe *p)
{
    return p->task.scored * p->task.vocabulary;
}

/* The places of sequence n that levels see. */
static void mark_places(const hf_token_probe *p, size_t n, const hf_token *tokens)
{
    for (size_t j = 0; j < p->places; j++)
        for (size_t k = p->view.levels; k > 0; k--)
            if (p->task.kind->sees(p->task.self, tokens, k, j))
                p->level_at[n * p->places + j] = (uint8_t)k;
}

/* Targets and probabilities of sequence n (inputs: room for those of vectors); sums over its queries: -log p of the target, and for
 * every level -sum p log p. */
static void judge_sequence(const hf_token_probe *p, size_t n, hf_token *tokens, double *inputs, double *truth,
                           double *entropy)
{
    const size_t d = p->task.vocabulary, levels = p->view.levels;
    const uint32_t sample = hf_batch_sample(&p->held_out, n);
    if (hf_token_task_has_vectors(&p->task)) {
        p->task.kind->draw_vectors(p->task.self, p->held_out.step, sample, inputs, p->probability + n * d);
        mark_places(p, n, NULL);
        return;
    }
    p->task.kind->draw(p->task.self, p->held_out.step, sample, tokens);
    if (p->level_at != NULL)
        mark_places(p, n, tokens);
    for (size_t q = 0; q < p->task.scored; q++) {
        const hf_token target = tokens[p->task.first + q];
        double *known = p->probability + (n * p->task.scored + q) * levels * d;
        p->targets[n * p->task.scored + q] = target;
        for (size_t k = 0; k < levels; k++) {
            p->task.kind->distribution(p->task.self, tokens, p->task.first + q, k + 1, known + k * d);
            for (size_t v = 0; v < d; v++)
                entropy[k] -= known[k * d + v] > 0 ? known[k * d + v] * log(known[k * d + v]) : 0;
        }
        *truth -= log(known[(levels - 1) * d + target]);
    }
}

/* The truth of all sequences, shared out among the threads and added up in order. tokens: (CHUNK, length), inputs: (CHUNK, places,
 * vocabulary) or NULL. */
static void judge_sequences(hf_token_probe *p, hf_token *tokens, double *inputs)
{
    const size_t n = p->held_out.count, levels = p->view.levels;
    const double each = 1 / ((double)n * (double)p->task.scored);
    for (size_t first = 0; first < n; first += CHUNK) {
        const size_t count = n - first < CHUNK ? n - first : CHUNK;
        memset(p->seen, 0, count * p->counted * sizeof *p->seen);
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)p->threads) schedule(static) if (p->threads > 1)
#endif
        for (size_t s = 0; s < count; s++) {
            double *seen = p->seen + s * p->counted;
            judge_sequence(p, first + s, tokens + s * p->task.length,
                           inputs == NULL ? NULL : inputs + s * p->places * p->task.vocabulary, seen, seen + 1);
        }
        for (size_t s = 0; s < count; s++) {
            p->truth += each * p->seen[s * p->counted];
            for (size_t k = 0; k < levels; k++)
                p->entropy[k] += each * p->seen[s * p->counted + 1 + k];
        }
    }
}

hf_status hf_token_probe_create(hf_token_probe **result, const hf_token_task *task, hf_model model, size_t heads,
                                const hf_batch *held_out, size_t threads, hf_error *err)
{
    hf_token_probe *p = calloc(1, sizeof *p);
    if (p == NULL)
        return hf_fail_memory(err, "the probe");
    const size_t levels = task->kind->levels(task->self), n = held_out->count, places = task->first + task->scored - 1;
    const bool marks = task->kind->sees != NULL;
    *p = (hf_token_probe){.task = *task,
                          .model = model,
                          .held_out = *held_out,
                          .places = places,
                          .blocks = hf_model_blocks(model),
                          .threads = threads,
                          .counted = 1 + levels + 2 * heads * (places + (marks ? levels : 0))};
    p->view.levels = levels;
    p->view.heads = heads;
    const size_t chunk = CHUNK * task->scored, numbers = levels + levels + 2 * heads * (levels + places);
    p->targets = malloc(n * task->scored * sizeof *p->targets);
    p->probability = malloc(n * task->scored * levels * task->vocabulary * sizeof *p->probability);
    p->entropy = calloc(numbers, sizeof *p->entropy);
    p->logits = malloc((chunk * (task->vocabulary + p->blocks * heads * places) + CHUNK * p->counted) * sizeof *p->logits);
    p->level_at = marks ? calloc(n * places, 1) : NULL;
    hf_token *tokens = malloc(CHUNK * task->length * sizeof *tokens);
    double *inputs =
        hf_token_task_has_vectors(&p->task) ? malloc(CHUNK * places * task->vocabulary * sizeof *inputs) : NULL;
    if (p->targets == NULL || p->probability == NULL || p->entropy == NULL || p->logits == NULL || tokens == NULL ||
        (marks && p->level_at == NULL) || (hf_token_task_has_vectors(&p->task) && inputs == NULL)) {
        free(tokens);
        free(inputs);
        hf_token_probe_free(p);
        return hf_fail_memory(err, "the probe");
    }
    p->view.kl = p->entropy + levels;
    p->view.mass = p->view.kl + levels;
    p->view.last = p->view.mass + heads * levels;
    p->by_lag = p->view.last + heads * levels;
    p->last_by_lag = p->by_lag + heads * places;
    p->attention = p->logits + chunk * task->vocabulary;
    p->seen = p->attention + chunk * p->blocks * heads * places;
    judge_sequences(p, tokens, inputs);
    free(tokens);
    free(inputs);
    *result = p;
    return HF_OK;
}

void hf_token_probe_free(hf_token_probe *p)
{
    if (p == NULL)
        return;
    free(p->targets);
    free(p->rival_entropy);
    free(p->level_at);
    free(p->probability);
    free(p->entropy);
    free(p->logits);
    free(p);
}

/* log(sum exp z) */
HF_CLONES static double log_sum(size_t count, const double *z)
{
    double largest = -INFINITY, lanes[HF_KERNEL_LANES] = {0};
    size_t v = 0;
    HF_SIMD_MAX(largest)
    for (size_t c = 0; c < count; c++)
        largest = z[c] > largest ? z[c] : largest;
    for (; v + HF_KERNEL_LANES <= count; v += HF_KERNEL_LANES) {
        HF_SIMD
        for (size_t l = 0; l < HF_KERNEL_LANES; l++)
            lanes[l] += hf_exponential(z[v + l] - largest);
    }
    for (size_t l = 0; v + l < count; l++)
        lanes[l] += hf_exponential(z[v + l] - largest);
    return largest + log(hf_kernel_sum(lanes));
}

/* ---- rivals ---- */

size_t hf_token_probe_predictions(const hf_token_probe *p)
{
    return p->held_out.count * outputs(p);
}

hf_status hf_token_probe_compare(hf_token_probe *p, const hf_token_rivals *rivals, hf_error *err)
{
    const size_t count = hf_token_probe_predictions(p);
    const double each = 1 / ((double)p->held_out.count * (double)p->task.scored);
    if (rivals->count == 0)
        return HF_OK;
    p->rival_entropy = calloc((2 + CHUNK) * rivals->count, sizeof *p->rival_entropy);
    if (p->rival_entropy == NULL)
        return hf_fail_memory(err, "the probe");
    p->rivals = *rivals;
    p->view.rivals = rivals->count;
    p->view.spans = rivals->spans;
    p->view.cut = p->rival_entropy + rivals->count;
    p->seen_cut = p->view.cut + rivals->count;
    for (size_t r = 0; r < rivals->count; r++) {
        const double *q = rivals->probability[r];
        for (size_t i = 0; q != NULL && i < count; i++)
            p->rival_entropy[r] -= q[i] > 0 ? each * q[i] * log(q[i]) : 0;
    }
    return HF_OK;
}

void hf_token_probe_predict(hf_token_probe *p, const double *parameters, double *probability)
{
    const size_t n = p->held_out.count, d = p->task.vocabulary;
    for (size_t first = 0; first < n; first += CHUNK) {
        const size_t count = n - first < CHUNK ? n - first : CHUNK;
        p->model.kind->forward(p->model.self, parameters, &p->held_out, first, count, p->logits, NULL);
        for (size_t row = 0; row < count * p->task.scored; row++) {
            const double *z = p->logits + row * d, norm = log_sum(d, z);
            for (size_t v = 0; v < d; v++)
                probability[first * outputs(p) + row * d + v] = exp(z[v] - norm);
        }
    }
}

/* ---- a look ---- */

/* Of a task of vectors: the loss, which is the divergence of every level. */
static void judge_answer(const hf_token_probe *p, size_t n, const double *answer, double *loss, double *divergence)
{
    const size_t d = p->task.vocabulary;
    for (size_t i = 0; i < d; i++) {
        const double miss = answer[i] - p->probability[n * d + i];
        *loss += miss * miss / 2;
    }
    *divergence = *loss;
}

/* Sums over the queries of sequence n from its logits (scored, vocabulary): cross-entropy, and for every level and rival
 * -sum p log q = log sum exp z - sum p z. */
static void judge_logits(const hf_token_probe *p, size_t n, const double *logits, double *entropy, double *kl, double *cut)
{
    const size_t d = p->task.vocabulary, levels = p->view.levels;
    for (size_t q = 0; q < p->task.scored; q++) {
        const double *z = logits + q * d, norm = log_sum(d, z);
        const double *known = p->probability + (n * p->task.scored + q) * levels * d;
        *entropy += norm - z[p->targets[n * p->task.scored + q]];
        for (size_t k = 0; k < levels; k++)
            kl[k] += norm - hf_kernel_dot(d, known + k * d, z);
        for (size_t r = 0; r < p->rivals.count; r++)
            cut[r] += norm - hf_kernel_dot(d, p->rivals.probability[r] + (n * p->task.scored + q) * d, z);
    }
}

/* The same of attention (heads, scored, places); query q stands at place first - 1 + q, lag 1 is that place itself. */
static void judge_attention(const hf_token_probe *p, const double *attention, double *by_lag, double *last_by_lag)
{
    for (size_t h = 0; h < p->view.heads; h++)
        for (size_t q = 0; q < p->task.scored; q++) {
            const double *a = attention + (h * p->task.scored + q) * p->places;
            for (size_t j = 0; j < p->task.first + q; j++)
                by_lag[h * p->places + p->task.first + q - 1 - j] += a[j];
            for (size_t lag = 1; lag <= p->places && q + 1 == p->task.scored; lag++)
                last_by_lag[h * p->places + lag - 1] += a[p->places - lag];
        }
}

/* The same by level, for what is no matter of lags; level_at: (places). */
static void judge_places(const hf_token_probe *p, const double *attention, const uint8_t *level_at, double *mass,
                         double *last)
{
    const size_t levels = p->view.levels;
    for (size_t h = 0; h < p->view.heads; h++)
        for (size_t q = 0; q < p->task.scored; q++) {
            const double *a = attention + (h * p->task.scored + q) * p->places;
            for (size_t j = 0; j < p->places; j++) {
                if (level_at[j] == 0)
                    continue;
                mass[h * levels + level_at[j] - 1] += a[j];
                last[h * levels + level_at[j] - 1] += q + 1 == p->task.scored ? a[j] : 0;
            }
        }
}

/* Sequences first .. first + count - 1, shared out among the threads. */
static void judge_chunk(hf_token_probe *p, size_t first, size_t count)
{
    const size_t levels = p->view.levels, lags = p->view.heads * p->places, attended = lags * p->task.scored;
    const double *last_block = p->attention + (p->blocks - 1) * attended;
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)p->threads) schedule(static) if (p->threads > 1)
#endif
    for (size_t s = 0; s < count; s++) {
        double *seen = p->seen + s * p->counted, *by_lag = seen + 1 + levels;
        double *cut = p->rivals.count > 0 ? p->seen_cut + s * p->rivals.count : NULL;
        memset(seen, 0, p->counted * sizeof *seen);
        for (size_t r = 0; r < p->rivals.count; r++)
            cut[r] = 0;
        if (hf_token_task_has_vectors(&p->task))
            judge_answer(p, first + s, p->logits + s * outputs(p), seen, seen + 1);
        else
            judge_logits(p, first + s, p->logits + s * outputs(p), seen, seen + 1, cut);
        const double *attention = last_block + s * p->blocks * attended;
        judge_attention(p, attention, by_lag, by_lag + lags);
        if (p->level_at != NULL)
            judge_places(p, attention, p->level_at + (first + s) * p->places, by_lag + 2 * lags,
                         by_lag + 2 * lags + p->view.heads * levels);
    }
}

/* Adds up what was seen in count sequences, in their order. */
static void take_chunk(hf_token_probe *p, size_t count)
{
    const size_t levels = p->view.levels, lags = p->view.heads * p->places, masses = p->view.heads * levels;
    const double every = 1 / (double)p->held_out.count, each = every / (double)p->task.scored;
    for (size_t s = 0; s < count; s++) {
        const double *seen = p->seen + s * p->counted, *by_lag = seen + 1 + levels;
        p->view.excess += each * seen[0];
        for (size_t k = 0; k < levels; k++)
            p->view.kl[k] += each * seen[1 + k];
        for (size_t r = 0; r < p->rivals.count; r++)
            p->view.cut[r] += each * p->seen_cut[s * p->rivals.count + r];
        hf_kernel_add(lags, each, by_lag, p->by_lag);
        hf_kernel_add(lags, every, by_lag + lags, p->last_by_lag);
        if (p->level_at != NULL) {
            hf_kernel_add(masses, each, by_lag + 2 * lags, p->view.mass);
            hf_kernel_add(masses, every, by_lag + 2 * lags + masses, p->view.last);
        }
    }
}

/* (heads, levels) from (heads, places). */
static void fill_masses(const hf_token_probe *p, const double *by_lag, double *masses)
{
    for (size_t k = 0; k < p->view.levels && p->task.kind->lags != NULL; k++) {
        size_t from, to;
        p->task.kind->lags(p->task.self, k + 1, &from, &to);
        for (size_t h = 0; h < p->view.heads; h++) {
            double *mass = &masses[h * p->view.levels + k];
            *mass = 0;
            for (size_t lag = from; lag <= to && lag <= p->places; lag++)
                *mass += by_lag[h * p->places + lag - 1];
        }
    }
}

static void fill_overlap(hf_token_probe *p)
{
    p->view.overlap = 1;
    for (size_t h = 0; h < p->view.heads; h++)
        for (size_t l = 0; l < h; l++) {
            const double *a = p->by_lag + h * p->places, *b = p->by_lag + l * p->places;
            if (memcmp(a, b, p->places * sizeof *a) == 0)
                continue; /* equal heads: exactly 1 */
            const double aa = hf_kernel_dot(p->places, a, a), bb = hf_kernel_dot(p->places, b, b);
            p->view.overlap = fmin(p->view.overlap, hf_kernel_dot(p->places, a, b) / sqrt(aa * bb));
        }
}

bool hf_token_probe_look(hf_token_probe *p, const double *parameters)
{
    const size_t n = p->held_out.count;
    p->view.excess = -p->truth;
    for (size_t k = 0; k < p->view.levels; k++)
        p->view.kl[k] = -p->entropy[k];
    for (size_t r = 0; r < p->rivals.count; r++)
        p->view.cut[r] = -p->rival_entropy[r];
    memset(p->by_lag, 0, 2 * p->view.heads * p->places * sizeof *p->by_lag);
    memset(p->view.mass, 0, 2 * p->view.heads * p->view.levels * sizeof *p->view.mass); /* and last, behind it */
    for (size_t first = 0; first < n; first += CHUNK) {
        const size_t count = n - first < CHUNK ? n - first : CHUNK;
        p->model.kind->forward(p->model.self, parameters, &p->held_out, first, count, p->logits, p->attention);
        judge_chunk(p, first, count);
        take_chunk(p, count);
    }
    fill_masses(p, p->by_lag, p->view.mass);
    fill_masses(p, p->last_by_lag, p->view.last);
    fill_overlap(p);
    return isfinite(p->view.excess);
}

const hf_token_view *hf_token_probe_view(const hf_token_probe *p)
{
    return &p->view;
}

double hf_token_probe_truth(const hf_token_probe *p)
{
    return p->truth;
}

double hf_token_probe_entropy(const hf_token_probe *p)
{
    return p->entropy[p->view.levels - 1];
}
