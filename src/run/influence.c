#include "run/influence.h"

#include <stdlib.h>
#include <string.h>

static size_t size_of(const hf_influence *influence)
{
    return influence->basis->heads * (influence->features + influence->positions);
}

hf_status hf_influence_create(hf_influence **result, const hf_flow *flow, hf_error *err)
{
    const hf_problem *p = flow->problem;
    hf_influence *influence = calloc(1, sizeof *influence);
    double *replicas = malloc(p->positions * sizeof *replicas);
    if (influence == NULL || replicas == NULL) {
        free(influence);
        free(replicas);
        return hf_fail_memory(err, "the band");
    }
    *influence = (hf_influence){.features = p->features, .positions = p->positions, .replicas = replicas};
    for (size_t i = 0; i < p->positions; i++)
        replicas[i] = p->replicas[i];
    const hf_status status = hf_basis_create(&influence->basis, p->heads, flow->basis->distance, p->kind, err);
    if (status != HF_OK) {
        hf_influence_free(influence);
        return status;
    }
    *result = influence;
    return HF_OK;
}

void hf_influence_free(hf_influence *influence)
{
    if (influence == NULL)
        return;
    hf_basis_free(influence->basis);
    free(influence->replicas);
    free(influence->t);
    free(influence->x);
    free(influence);
}

/* Room for one more: 1, 2, 4, ... */
static hf_status grow(hf_influence *influence, hf_error *err)
{
    const size_t count = influence->count, room = count == 0 ? 1 : 2 * count;
    if ((count & (count - 1)) != 0)
        return HF_OK;
    double *t = realloc(influence->t, room * sizeof *t);
    influence->t = t == NULL ? influence->t : t;
    double *x = realloc(influence->x, room * size_of(influence) * sizeof *x);
    influence->x = x == NULL ? influence->x : x;
    return t == NULL || x == NULL ? hf_fail_memory(err, "the band") : HF_OK;
}

hf_status hf_influence_add(hf_influence **kept, double t, const double *x, hf_error *err)
{
    const size_t most = (size_t)1 << 25; /* bytes */
    hf_influence *influence = *kept;
    if (influence == NULL)
        return HF_OK;
    const size_t size = size_of(influence);
    if (influence->count >= most / (size * sizeof *x)) {
        hf_influence_free(influence);
        *kept = NULL;
        return HF_OK;
    }
    const hf_status status = grow(influence, err);
    if (status != HF_OK)
        return status;
    influence->t[influence->count] = t > 0 ? t : 0;
    memcpy(influence->x + influence->count * size, x, size * sizeof *x);
    influence->count++;
    return HF_OK;
}

bool hf_influence_at(const hf_influence *influence, double t, double *x)
{
    const size_t size = size_of(influence);
    size_t late = 0, early = influence->count - 1;
    if (!(t <= influence->t[0]) || !(t >= influence->t[early]))
        return false;
    while (early - late > 1) {
        const size_t middle = (late + early) / 2;
        *(influence->t[middle] > t ? &late : &early) = middle;
    }
    const double h = influence->t[late] - influence->t[early], part = h > 0 ? (t - influence->t[early]) / h : 0;
    const double *a = influence->x + early * size, *b = influence->x + late * size;
    for (size_t i = 0; i < size; i++)
        x[i] = (1 - part) * a[i] + part * b[i];
    return true;
}
