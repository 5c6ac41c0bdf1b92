/* decoder: a causal transformer of one or more blocks that predicts tokens, every component of it a switch.
 *
 *     x = E e_token + P e_place                                              (dropout)
 *     block: o_h = softmax(q_h k_h^T / sqrt(width)) v_h                      (dropout on the weights)
 *            a = W_o (o_1 .. o_H),  or their sum or concatenation            (dropout)
 *            y = norm(x + a),  x' = norm(y + W_2 relu(W_1 y + b_1) + b_2)    (dropout on what the MLP adds)
 *     z = W x: logits of the next token
 *
 * Of a task of vectors, x = E^T v + P e_place and z is what is asked for, with half its squared distance as the loss.
 *
 * With one-hot input, no keys, full heads, no output projection, no residual, norm and MLP this is the minimal model of
 * minimal.h: the path from one to the other can be walked switch by switch. Of the last block only the places that predict a
 * scored token are computed. */
#ifndef HF_TRAIN_DECODER_H
#define HF_TRAIN_DECODER_H

#include "core/error.h"
#include "train/model.h"
#include "train/token_task.h"

typedef enum { HF_PLACES_LEARNED, HF_PLACES_SINUSOIDAL, HF_PLACES_NONE } hf_places;

typedef struct {
    size_t heads, blocks;
    size_t width; /* C; ignored with one_hot: vocabulary + places */
    size_t window; /* in every block a place attends to so many, itself the last of them; 0: to all up to itself */
    size_t mlp;   /* width of its inner layer; 0: none */
    hf_places places;
    bool one_hot;    /* token and place as one-hot vectors, the first coordinates are read out: nothing is learned there */
    bool keys;       /* k = W_k x; else k = x, and queries are C wide */
    bool full_heads; /* queries, keys and values of every head are C wide; else C / heads */
    bool output;     /* W_o; else the heads' outputs are summed (full heads) or put side by side */
    bool residual, norm;
    double dropout;
    double query_scale, key_scale, value_scale; /* start uniform in (-scale, scale); < 0: Xavier's bound */
    size_t threads;
    uint64_t seed;
    size_t stored; /* fixed and held-out sequences, drawn once */
} hf_decoder_params;

extern const hf_model_kind hf_model_decoder;

typedef struct hf_decoder hf_decoder; /* its self */

/* A model that learns task, which must outlive it. Errors: HF_EUSAGE (switches that do not fit), HF_ESYSTEM. Free with
 * model->kind->free(model->self). */
hf_status hf_decoder_create(hf_model *model, const hf_token_task *task, const hf_decoder_params *params, hf_error *err);

#endif
