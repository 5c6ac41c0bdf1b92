#include "train/entries.h"

#include "train/kernels.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>

static hf_status allocate(hf_entries *e, size_t features, size_t dim, hf_error *err)
{
    const size_t size = dim * dim;
    *e = (hf_entries){
        .dim = dim, .basis = calloc(features * size, sizeof *e->basis), .scale = calloc(size, sizeof *e->scale)};
    if (e->basis != NULL && e->scale != NULL)
        return HF_OK;
    hf_entries_clear(e);
    return hf_fail_memory(err, "the entries of the values");
}

void hf_entries_clear(hf_entries *e)
{
    free(e->basis);
    free(e->scale);
    *e = (hf_entries){0};
}

/* ---- classes ---- */

/* Whether the numbers of two entries are equal or opposite. */
static bool are_alike(size_t features, size_t size, const double *basis, size_t i, size_t l)
{
    bool equal = true, opposite = true;
    for (size_t r = 0; r < features && (equal || opposite); r++) {
        const double x = basis[r * size + i], y = basis[r * size + l];
        equal = equal && x == y;
        opposite = opposite && x == -y;
    }
    return equal || opposite;
}

/* The first entry of every class into first (most), and their sizes. Returns how many there are, more than most if they are more. */
static size_t find_classes(size_t features, size_t size, const double *basis, size_t most, size_t *first, size_t *members)
{
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        size_t class = 0;
        while (class < count && !are_alike(features, size, basis, first[class], i))
            class ++;
        if (class == most)
            return most + 1;
        if (class == count) {
            first[count] = i;
            members[count++] = 0;
        }
        members[class]++;
    }
    return count;
}

static hf_status gather(hf_entries *e, size_t features, size_t size, const double *basis, size_t count, const size_t *first,
                        const size_t *members, hf_error *err)
{
    size_t side = 1;
    while (side * side < count)
        side++;
    const hf_status status = allocate(e, features, side, err);
    for (size_t n = 0; n < count && status == HF_OK; n++) {
        e->scale[n] = sqrt((double)members[n]);
        for (size_t r = 0; r < features; r++)
            e->basis[r * side * side + n] = e->scale[n] * basis[r * size + first[n]];
    }
    return status;
}

hf_status hf_entries_merge(hf_entries *e, size_t features, size_t dim, const double *basis, size_t most, bool *found,
                           hf_error *err)
{
    *e = (hf_entries){0};
    size_t *first = malloc((2 * most + 1) * sizeof *first), *members = first + most;
    if (first == NULL)
        return hf_fail_memory(err, "the entries of the values");
    const size_t count = find_classes(features, dim * dim, basis, most, first, members);
    *found = count <= most;
    const hf_status status = *found ? gather(e, features, dim * dim, basis, count, first, members, err) : HF_OK;
    free(first);
    return status;
}

/* ---- nodes ---- */

hf_status hf_entries_nodes(hf_entries *e, size_t features, size_t dim, hf_error *err)
{
    const size_t size = HF_ENTRIES_SIDE * HF_ENTRIES_SIDE;
    double point[HF_ENTRIES_FEATURES];
    if (features > HF_ENTRIES_FEATURES)
        return hf_reject(err, "flow.entries", "is \"nodes\", which exist for at most %d features, not %zu",
                         (int)HF_ENTRIES_FEATURES, features);
    gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)features);
    const hf_status status =
        sequence == NULL ? hf_fail_memory(err, "the entries of the values") : allocate(e, features, HF_ENTRIES_SIDE, err);
    for (size_t n = 0; n < size && status == HF_OK; n++) {
        gsl_qrng_get(sequence, point);
        e->scale[n] = (double)dim / HF_ENTRIES_SIDE;
        for (size_t r = 0; r < features; r++)
            e->basis[r * size + n] = gsl_cdf_ugaussian_Pinv(point[r]);
    }
    for (size_t r = 0; r < features && status == HF_OK; r++) {
        const double norm = hf_kernel_orthogonalize(size, r, e->basis, e->basis + r * size, NULL);
        for (size_t n = 0; n < size; n++)
            e->basis[r * size + n] /= norm;
    }
    if (sequence != NULL)
        gsl_qrng_free(sequence);
    return status;
}
