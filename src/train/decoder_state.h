/* decoder_state: what the decoder computes with (private to train/): decoder.c makes it, decoder_blocks.c goes through its
 * blocks, forward beside backward. */
#ifndef HF_TRAIN_DECODER_STATE_H
#define HF_TRAIN_DECODER_STATE_H

#include "train/decoder.h"
#include "train/layers/layers.h"

enum { HF_DECODER_PARTS = 16, HF_DECODER_CHUNK = 16, HF_DECODER_BLOCK_TENSORS = 12 };

/* Places in the list of tensors; HF_NO_TENSOR: this model has none. */
#define HF_NO_TENSOR ((size_t)-1)
typedef struct {
    size_t query, key, value, output;
    size_t gain1, shift1, gain2, shift2;
    size_t mlp_in, mlp_in_bias, mlp_out, mlp_out_bias;
} hf_decoder_block;

/* What is kept of one block for the derivative: n sequences, P places, Q of them queries, C wide. */
typedef struct {
    double *queried;              /* (n, Q, C) the rows of x that ask */
    double *q, *k, *v;            /* (n, Q, H q_width), (n, P, H q_width), (n, P, H v_width); k may be x itself */
    double *weights, *dropped;    /* (n, H, Q, P) softmax, and after dropout */
    double *o;                    /* (n, Q, H v_width) */
    double *unit1, *spread1, *y1; /* (n, Q, C), (n, Q), (n, Q, C) */
    double *inner;                /* (n, Q, M) after the relu */
    double *unit2, *spread2;      /* as above */
    double *x;                    /* (n, Q, C) what comes out */
} hf_decoder_kept;

typedef struct {
    hf_token *sequences;                  /* (n, length); inputs and targets follow in the same memory */
    hf_token *inputs;                     /* (n, P) */
    hf_token *targets;                    /* (n, scored) */
    uint32_t *samples;                    /* (n) */
    double *vectors, *wanted;             /* (n, P, vocabulary), (n, vocabulary) of a task of vectors, in the place of tokens */
    double *x;                            /* (n, P, C) embedded */
    hf_decoder_kept *kept;                /* (blocks) */
    double *z;                            /* (n, scored, vocabulary) */
    double *dx, *dy, *da;                 /* (n, P, C) gradients on the way back */
    double *dq, *dk, *dv, *dout, *dinner; /* like q, k, v, o, inner */
    double *dweights;                     /* (Q, P) of one head */
} hf_decoder_work;

typedef struct {
    double loss;
    double *gradient;
} hf_decoder_part;

struct hf_decoder {
    hf_token_task task;
    hf_decoder_params params;
    size_t C, P, q_width, v_width; /* P: places */
    size_t token, place, readout;  /* tensors or HF_NO_TENSOR */
    hf_decoder_block *block;       /* (blocks) */
    hf_tensor *tensors;
    size_t tensor_count;
    double *fixed;         /* (V, C) and (P, C) tables that are not learned */
    hf_decoder_work *work; /* (threads) */
    hf_decoder_part parts[HF_DECODER_PARTS];
    double *memory; /* of work and parts, whose gradients are one behind the other */
    hf_token *stored;
};

/* Queries of block b, and the place of the first. */
static inline size_t hf_decoder_queries(const hf_decoder *m, size_t b)
{
    return b + 1 == m->params.blocks ? m->task.scored : m->P;
}

/* The tensor's parameters; NULL: there is none. */
static inline const double *hf_decoder_at(const hf_decoder *m, const double *parameters, size_t tensor)
{
    return tensor == HF_NO_TENSOR ? NULL : parameters + m->tensors[tensor].offset;
}

static inline double *hf_decoder_gradient(const hf_decoder *m, double *gradient, size_t tensor)
{
    return tensor == HF_NO_TENSOR ? NULL : gradient + m->tensors[tensor].offset;
}

/* z of n sequences, whose inputs are in w. */
void hf_decoder_forward_chunk(const hf_decoder *m, const double *parameters, size_t n, const hf_dropout *dropout,
                              hf_decoder_work *w);

/* Adds to the gradient; z must hold the gradient of the logits. */
void hf_decoder_backward_chunk(const hf_decoder *m, const double *parameters, size_t n, const hf_dropout *dropout,
                               hf_decoder_work *w, double *gradient);

#endif
