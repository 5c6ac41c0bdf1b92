/* encoder_state: what the encoder computes with (private to train/): encoder.c makes it, encoder_blocks.c goes through its blocks,
 * forward beside backward, encoder_measure.c looks at its attention. */
#ifndef HF_TRAIN_ENCODER_STATE_H
#define HF_TRAIN_ENCODER_STATE_H

#include "train/encoder.h"
#include "train/layers/layers.h"

enum { HF_ENCODER_PARTS = 5, HF_ENCODER_CHUNK = 5, HF_ENCODER_BLOCK_TENSORS = 12 };

/* Places in the list of tensors. Queries, keys and values stand side by side, so that they are one product. */
typedef struct {
    size_t query, key, value, query_bias, key_bias, value_bias, output, output_bias;
    size_t mlp_in, mlp_in_bias, mlp_out, mlp_out_bias;
} hf_encoder_block;

/* What is kept of one block for the derivative: n strings, P places, C wide. */
typedef struct {
    double *unit1, *spread1;   /* (n, P, C), (n, P) */
    double *qkv;               /* (n, P, 3 C) */
    double *logits;            /* (n, H, P, P) before the mask */
    double *weights, *dropped; /* (n, H, P, P) behind it, and after dropout */
    double *o;                 /* (n, P, C) */
    double *unit2, *spread2;   /* as above */
    double *inner;             /* (n, P, M) after the relu */
    double *x;                 /* (n, P, C) what comes out */
} hf_encoder_kept;

typedef struct {
    hf_token *inputs;                 /* (n, P) */
    hf_token *answers;                /* (n) */
    hf_token *sequence;               /* (length) */
    uint32_t *samples;                /* (n) */
    double *table;                    /* (tokens, C) sqrt(C) E */
    double *dtable;                   /* (tokens, C) its gradient */
    double *x;                        /* (n, P, C) embedded */
    hf_encoder_kept *kept;            /* (blocks) */
    double *unit, *spread;            /* of the final norm */
    double *pooled, *z;               /* (n, C), (n, classes) */
    double *dx, *da, *dqkv, *dinner;  /* gradients on the way back, like x, x, qkv, inner */
    double *dout, *dpooled;           /* like o, pooled */
    double *dweights;                 /* (H, P, P) of one string */
    void *mask;                       /* to work in, of mask.h */
} hf_encoder_work;

typedef struct {
    double loss;
    double *gradient;
} hf_encoder_part;

struct hf_encoder {
    hf_token_task task;
    hf_encoder_params params;
    size_t C, P, L; /* width, places, length of the string */
    hf_mask mask;
    size_t tokens; /* symbols, the padding and the global places' */
    size_t token, head, head_bias; /* tensors; of the tokens first the symbols, then the padding, then the global places */
    hf_encoder_block *block;               /* (blocks) */
    hf_tensor *tensors;
    size_t tensor_count;
    double *sinusoids;     /* (P, C) */
    hf_encoder_work *work; /* (threads) */
    hf_encoder_part parts[HF_ENCODER_PARTS];
    double *memory; /* of work and parts, whose gradients are one behind the other */
    hf_token *stored;
};

static inline const double *hf_encoder_at(const hf_encoder *m, const double *parameters, size_t tensor)
{
    return parameters + m->tensors[tensor].offset;
}

static inline double *hf_encoder_gradient(const hf_encoder *m, double *gradient, size_t tensor)
{
    return gradient + m->tensors[tensor].offset;
}

/* Strings first .. first + n - 1 of a batch, padded, and their answers. */
void hf_encoder_read(const hf_encoder *m, const hf_batch *batch, size_t first, size_t n, hf_encoder_work *w);

/* Which numbers a step leaves out; rates 0 and step 0: none. */
typedef struct {
    hf_dropout values, weights;
} hf_encoder_dropout;

/* z of n strings, whose inputs are in w. */
void hf_encoder_forward_chunk(const hf_encoder *m, const double *parameters, size_t n, const hf_encoder_dropout *dropout,
                              hf_encoder_work *w);

/* Adds to the gradient; z must hold the gradient of the logits. */
void hf_encoder_backward_chunk(const hf_encoder *m, const double *parameters, size_t n, const hf_encoder_dropout *dropout,
                               hf_encoder_work *w, double *gradient);

#endif
