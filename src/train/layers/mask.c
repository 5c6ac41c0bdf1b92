#include "train/layers/mask.h"

#include "core/exponential.h"
#include "train/normal.h"
#include "train/tiles.h"

#include <math.h>
#include <string.h>

const hf_mask_traits hf_mask_kinds[HF_MASKS] = {
    [HF_MASK_FULL] = {"full", false, false, false},    [HF_MASK_TOP] = {"top", true, false, false},
    [HF_MASK_BOTTOM] = {"bottom", true, false, false}, [HF_MASK_RANDOM] = {"random", true, false, true},
    [HF_MASK_WINDOW] = {"window", true, true, false},  [HF_MASK_BLOCK] = {"block", true, true, false}};

static bool is_seen(const hf_mask *m, size_t place)
{
    return place < m->unseen_from || place >= m->unseen_to;
}

/* ---- by a number of every key ---- */

/* The seen places with the k largest sign x into rank, in order; of equal ones the first. */
static size_t rank_largest(const hf_mask *m, size_t k, double sign, const double *x, size_t *rank)
{
    size_t count = 0;
    for (size_t j = 0; j < m->places; j++) {
        if (!is_seen(m, j))
            continue;
        size_t at = count;
        while (at > 0 && sign * x[j] > sign * x[rank[at - 1]])
            at--;
        if (at == k)
            continue;
        count = count < k ? count + 1 : k;
        for (size_t i = count - 1; i > at; i--)
            rank[i] = rank[i - 1];
        rank[at] = j;
    }
    return count;
}

size_t hf_mask_largest(const hf_mask *mask, size_t k, const double *logits, size_t *rank)
{
    return rank_largest(mask, k, 1, logits, rank);
}

static void keep_ranked(const hf_mask *m, double sign, const double *x, size_t *rank, bool *keep)
{
    const size_t count = rank_largest(m, m->k, sign, x, rank);
    memset(keep, 0, m->places * sizeof *keep);
    for (size_t i = 0; i < count; i++)
        keep[rank[i]] = true;
}

/* ---- by place ---- */

/* Places from .. to - 1, global ones, and of a global query all. */
static void keep_near(const hf_mask *m, size_t query, size_t from, size_t to, bool *keep)
{
    const size_t local = m->places - m->globals;
    for (size_t j = 0; j < m->places; j++)
        keep[j] = is_seen(m, j) && (query >= local || j >= local || (j >= from && j < to));
}

static void keep_window(const hf_mask *m, size_t query, bool *keep)
{
    const size_t local = m->places - m->globals, size = m->k < local ? m->k : local, before = (m->k - 1) / 2;
    const size_t from = query < before ? 0 : query - before, last = local - size;
    keep_near(m, query, from < last ? from : last, (from < last ? from : last) + size, keep);
}

static void keep_block(const hf_mask *m, size_t query, bool *keep)
{
    const size_t local = m->places - m->globals, from = query / m->k * m->k, to = from + m->k;
    keep_near(m, query, from, to < local ? to : local, keep);
}

void hf_mask_keep(const hf_mask *m, size_t query, const double *logits, const double *u, size_t *rank, bool *keep)
{
    switch (m->kind) {
    case HF_MASK_TOP:
        keep_ranked(m, 1, logits, rank, keep);
        return;
    case HF_MASK_BOTTOM:
        keep_ranked(m, -1, logits, rank, keep);
        return;
    case HF_MASK_RANDOM:
        keep_ranked(m, 1, u, rank, keep);
        return;
    case HF_MASK_WINDOW:
        keep_window(m, query, keep);
        return;
    case HF_MASK_BLOCK:
        keep_block(m, query, keep);
        return;
    case HF_MASK_FULL:
    case HF_MASKS:
        break;
    }
    keep_near(m, query, 0, m->places, keep);
}

/* ---- softmax ---- */

/* x (count) becomes its softmax. */
HF_WIDE_CLONES static void softmax(size_t count, double *x)
{
    double largest = -INFINITY;
    for (size_t j = 0; j < count; j++)
        largest = x[j] > largest ? x[j] : largest;
    HF_SIMD
    for (size_t j = 0; j < count; j++)
        x[j] = hf_exponential(x[j] - largest);
    const double norm = 1 / hf_tiles_sum(count, x);
    HF_SIMD
    for (size_t j = 0; j < count; j++)
        x[j] *= norm;
}

/* Of the kept keys alone, which stand side by side for it. */
static void softmax_kept(size_t places, const bool *keep, double *row, double *side)
{
    size_t count = 0;
    for (size_t j = 0; j < places; j++)
        if (keep[j])
            side[count++] = row[j];
    softmax(count, side);
    count = 0;
    for (size_t j = 0; j < places; j++)
        row[j] = keep[j] ? side[count++] : 0;
}

size_t hf_mask_scratch(const hf_mask *m)
{
    const size_t drawn = hf_mask_kinds[m->kind].draws ? m->places * m->places : 0;
    return m->places * (sizeof(double) + sizeof(size_t) + sizeof(bool)) + drawn * sizeof(double);
}

void hf_mask_softmax(const hf_mask *m, const hf_mask_draw *draw, double *logits, void *scratch)
{
    const size_t P = m->places;
    double *side = scratch, *u = hf_mask_kinds[m->kind].draws ? side + P : NULL;
    size_t *rank = (size_t *)(void *)(side + P + (u != NULL ? P * P : 0));
    bool *keep = (bool *)(rank + P);
    if (m->kind == HF_MASK_FULL && m->unseen_from >= m->unseen_to) {
        for (size_t q = 0; q < P; q++)
            softmax(P, logits + q * P);
        return;
    }
    if (u != NULL) {
        const hf_stream stream = {draw->seed, HF_DRAW_MASK, draw->step << 16 | draw->place, draw->sample};
        hf_uniform_fill(&stream, P * P, u);
    }
    for (size_t q = 0; q < P; q++) {
        hf_mask_keep(m, q, logits + q * P, u == NULL ? NULL : u + q * P, rank, keep);
        softmax_kept(P, keep, logits + q * P, side);
    }
}
