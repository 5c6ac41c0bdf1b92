/* The sums over a batch from those of its shares; hf_regression_sum of regression_state.h. */
#include "core/thread.h"
#include "train/regression_state.h"

#include <string.h>

static size_t chunk_count(const hf_regression *m, const hf_batch *b)
{
    return (b->count + m->chunk - 1) / m->chunk;
}

/* Share number s of a batch: its losses and, if back, its gradients. */
static void compute_share(const hf_regression *m, const hf_batch *b, size_t s, bool back, hf_batch_share *sum)
{
    const size_t chunks = chunk_count(m, b);
    sum->loss = 0;
    memset(sum->products, 0, m->heads * m->heads * sizeof *sum->products);
    m->pass->add_chunks(m, b, s * chunks / HF_SHARES, (s + 1) * chunks / HF_SHARES, back, &m->workspaces[hf_this_thread()],
                        sum);
}

double hf_regression_sum(hf_regression *m, const double *values, const hf_batch *b, double *gradient)
{
    const bool back = gradient != NULL;
    m->pass->prepare(m, values);
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)m->params.threads) schedule(dynamic, 1) if (m->params.threads > 1)
#endif
    for (size_t s = 0; s < HF_SHARES; s++)
        compute_share(m, b, s, back, &m->shares[s]);
    double loss = 0;
    if (back)
        memset(gradient, 0, m->heads * m->dim * m->dim * sizeof *gradient);
    for (size_t s = 0; s < HF_SHARES; s++) {
        loss += m->shares[s].loss;
        if (!back || s * chunk_count(m, b) / HF_SHARES == (s + 1) * chunk_count(m, b) / HF_SHARES)
            continue; /* an empty share */
        m->pass->add_value(m, &m->shares[s], gradient);
        if (s == 0)
            continue;
        hf_kernel_add(m->heads * m->rows, 1, m->shares[s].gain, m->shares[0].gain);
        hf_kernel_add(m->heads * m->heads, 1, m->shares[s].products, m->shares[0].products);
    }
    return loss;
}
