/* token_params: a Markov chain and the network that learns it, as a model file says it. Lists that are left out have count 0. */
#ifndef HF_TRAIN_TOKEN_PARAMS_H
#define HF_TRAIN_TOKEN_PARAMS_H

#include "core/lists.h"
#include "train/decoder.h"
#include "train/markov.h"

/* markov.h; K spans, the nearest first. */
typedef struct {
    size_t vocabulary;
    hf_counts lengths;   /* (K) */
    size_t stride;       /* span k starts at lag 1 + (k-1) stride; 0: right behind the one before */
    hf_reals strengths;  /* (K) */
    double ratio;        /* of the strengths of neighbouring spans, where it is what they follow from */
    bool reversed;       /* the farthest span is the strongest */
    hf_real_rows weights; /* (K)(length) nearest first; empty: 1 */
    bool normalized;     /* a span's weights are divided by their sum */
    double temperature;
    size_t generated;
    hf_markov_matrices matrices;
    char *teacher; /* file of a table of matrices; NULL: random ones */
    uint64_t seed; /* of these */
} hf_chain_params;

/* The largest lag of the nearest so many spans. */
static inline size_t hf_chain_reach(const hf_chain_params *chain, size_t spans)
{
    size_t reach = 0, next = 1;
    for (size_t k = 0; k < spans; k++) {
        const size_t lag = chain->stride > 0 ? 1 + k * chain->stride : next;
        next = lag + chain->lengths.at[k];
        reach = next - 1 > reach ? next - 1 : reach;
    }
    return reach;
}

typedef enum { HF_NETWORK_MINIMAL, HF_NETWORK_DECODER } hf_network_kind;

/* minimal.h, decoder.h; all after value_scale is of the latter alone. */
typedef struct {
    hf_network_kind kind;
    size_t heads;
    size_t window; /* places that attention sees; 0: all */
    double query_scale, value_scale, key_scale;
    double beta; /* of the construction it starts from (construction.h); 0: random weights */
    size_t blocks, width, mlp;
    hf_places positions;
    bool one_hot, keys, full_heads, output, residual, norm;
    double dropout;
} hf_network_params;

static inline size_t hf_network_blocks(const hf_network_params *network)
{
    return network->kind == HF_NETWORK_DECODER ? network->blocks : 1;
}

#endif
