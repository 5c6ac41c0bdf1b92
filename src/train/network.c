#include "train/network.h"

#include "train/kernels.h"
#include "train/normal.h"

#include <string.h>

size_t hf_network_add_tensor(hf_tensor *list, size_t *count, const char *name, size_t rows, size_t columns)
{
    const size_t at = (*count)++;
    list[at] = (hf_tensor){.name = name,
                           .offset = hf_tensors_size((hf_tensors){at, list}),
                           .count = rows * columns,
                           .rank = columns == 1 ? 1 : 2,
                           .shape = {rows, columns},
                           .rate = 1,
                           .decays = true};
    return at;
}

void hf_network_fill_uniform(const hf_tensor *tensor, size_t index, uint64_t seed, double bound, double *parameters)
{
    const hf_stream stream = {seed, HF_DRAW_PARAMETERS, 0, (uint32_t)index};
    double *x = parameters + tensor->offset;
    hf_uniform_fill(&stream, tensor->count, x);
    for (size_t e = 0; e < tensor->count; e++)
        x[e] = bound * (2 * x[e] - 1);
}

double *hf_network_place(double *memory, size_t *used, size_t count)
{
    double *at = memory == NULL ? NULL : memory + *used;
    *used += count;
    return at;
}

void hf_network_gather(size_t parts, size_t count, const double *part, double factor, size_t threads, double *gradient)
{
    enum { RANGES = 64 };
    (void)threads; /* without OpenMP */
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)threads) schedule(static) if (threads > 1)
#endif
    for (size_t r = 0; r < RANGES; r++) {
        const size_t from = r * count / RANGES, size = (r + 1) * count / RANGES - from;
        memset(gradient + from, 0, size * sizeof *gradient);
        for (size_t s = 0; s < parts; s++)
            hf_kernel_add(size, factor, part + s * count + from, gradient + from);
    }
}
