/* The decoder's way through its blocks and back; hf_decoder_forward_chunk and _backward_chunk of decoder_state.h. */
#include "train/decoder_state.h"

#include "train/kernels.h"

#include <math.h>
#include <string.h>

/* Which dropout: after the embedding, then three in every block. */
enum { DROP_INPUT, DROP_WEIGHTS = 1, DROP_ATTENTION, DROP_MLP, DROPS_IN_BLOCK = 3 };

static unsigned drop_place(size_t block, unsigned which)
{
    return (unsigned)block * DROPS_IN_BLOCK + which;
}

/* ---- attention ---- */

static hf_attention_shape shape_of(const hf_decoder *m, size_t b)
{
    const size_t queries = hf_decoder_queries(m, b), heads = m->params.heads;
    return (hf_attention_shape){.queries = queries,
                                .keys = m->P,
                                .first = m->P - queries,
                                .window = m->params.window,
                                .q_width = m->q_width,
                                .v_width = m->v_width,
                                .q_stride = heads * m->q_width,
                                .k_stride = m->params.keys ? heads * m->q_width : m->C,
                                .v_stride = heads * m->v_width,
                                .o_stride = heads * m->v_width,
                                .scale = 1 / sqrt((double)m->q_width)};
}

/* The key rows of head h, which are the inputs themselves where there are no keys. */
static const double *keys_of(const hf_decoder *m, const double *x, const hf_decoder_kept *kept, size_t s, size_t h)
{
    return m->params.keys ? kept->k + s * m->P * m->params.heads * m->q_width + h * m->q_width : x + s * m->P * m->C;
}

static void attend(const hf_decoder *m, const hf_attention_shape *shape, size_t b, size_t n, const hf_dropout *dropout,
                   const uint32_t *samples, const double *x, hf_decoder_kept *kept)
{
    const size_t H = m->params.heads, Q = shape->queries, size = Q * m->P;
    for (size_t s = 0; s < n; s++)
        for (size_t h = 0; h < H; h++)
            hf_attention_weights(shape, kept->q + s * Q * shape->q_stride + h * m->q_width, keys_of(m, x, kept, s, h),
                                 kept->weights + (s * H + h) * size);
    memcpy(kept->dropped, kept->weights, n * H * size * sizeof *kept->dropped);
    hf_dropout_rows(dropout, drop_place(b, DROP_WEIGHTS), n, samples, H * size, kept->dropped);
    for (size_t s = 0; s < n; s++)
        for (size_t h = 0; h < H; h++)
            hf_attention_values(shape, kept->dropped + (s * H + h) * size,
                                kept->v + s * m->P * shape->v_stride + h * m->v_width,
                                kept->o + s * Q * shape->o_stride + h * m->v_width);
}

/* From w->dout to w->dq, w->dk (or x's gradient dx where there are no keys) and w->dv. */
static void attend_back(const hf_decoder *m, const hf_attention_shape *shape, size_t b, size_t n, const hf_dropout *dropout,
                        const double *x, const hf_decoder_kept *kept, hf_decoder_work *w, double *dx)
{
    const size_t H = m->params.heads, Q = shape->queries, size = Q * m->P;
    for (size_t s = 0; s < n; s++) {
        for (size_t h = 0; h < H; h++)
            hf_attention_values_back(shape, kept->dropped + (s * H + h) * size,
                                     kept->v + s * m->P * shape->v_stride + h * m->v_width,
                                     w->dout + s * Q * shape->o_stride + h * m->v_width, w->dweights + h * size,
                                     w->dv + s * m->P * shape->v_stride + h * m->v_width);
        hf_dropout_rows(dropout, drop_place(b, DROP_WEIGHTS), 1, w->samples + s, H * size, w->dweights);
        for (size_t h = 0; h < H; h++) {
            double *dk = m->params.keys ? w->dk + s * m->P * shape->k_stride + h * m->q_width : dx + s * m->P * m->C;
            hf_attention_weights_back(shape, kept->weights + (s * H + h) * size,
                                      kept->q + s * Q * shape->q_stride + h * m->q_width, keys_of(m, x, kept, s, h),
                                      w->dweights + h * size, w->dq + s * Q * shape->q_stride + h * m->q_width,
                                      !m->params.keys, dk);
        }
    }
}

/* ---- what the heads give together ---- */

/* a (rows, C) from o (rows, H v_width). */
static void merge(const hf_decoder *m, const double *output, size_t rows, const double *o, double *a)
{
    const size_t H = m->params.heads, C = m->C;
    if (output != NULL) {
        hf_linear_forward(rows, H * m->v_width, C, o, output, NULL, a);
        return;
    }
    if (!m->params.full_heads) {
        memcpy(a, o, rows * C * sizeof *a);
        return;
    }
    memset(a, 0, rows * C * sizeof *a);
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < H; h++)
            hf_kernel_add(C, 1, o + (r * H + h) * C, a + r * C);
}

static void merge_back(const hf_decoder *m, const double *output, size_t rows, const double *o, const double *da,
                       double *dout, double *doutput)
{
    const size_t H = m->params.heads, C = m->C;
    if (output != NULL) {
        hf_linear_backward(rows, H * m->v_width, C, o, output, da, false, dout, doutput, NULL);
        return;
    }
    if (!m->params.full_heads) {
        memcpy(dout, da, rows * C * sizeof *dout);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t h = 0; h < H; h++)
            memcpy(dout + (r * H + h) * C, da + r * C, C * sizeof *dout);
}

/* ---- one block ---- */

/* y = norm(x + add), or without either. */
static void join(const hf_decoder *m, size_t rows, const double *x, double *add, const double *gain, const double *shift,
                 double *unit, double *spread, double *y)
{
    const double eps = 1e-5;
    if (m->params.residual)
        hf_kernel_add(rows * m->C, 1, x, add);
    if (m->params.norm)
        hf_norm_forward(rows, m->C, eps, add, gain, shift, unit, spread, y);
    else
        memcpy(y, add, rows * m->C * sizeof *y);
}

/* dy becomes the gradient of x + add. */
static void join_back(const hf_decoder *m, size_t rows, const double *unit, const double *spread, const double *gain,
                      double *dy, double *dgain, double *dshift)
{
    if (m->params.norm)
        hf_norm_backward(rows, m->C, unit, spread, gain, dy, dy, dgain, dshift);
}

/* The rows of x (n, P, C) that ask: the last Q places of every sequence. */
static void gather(const hf_decoder *m, size_t n, size_t Q, const double *x, double *queried)
{
    for (size_t s = 0; s < n; s++)
        memcpy(queried + s * Q * m->C, x + (s * m->P + m->P - Q) * m->C, Q * m->C * sizeof *queried);
}

static void scatter_add(const hf_decoder *m, size_t n, size_t Q, const double *dqueried, double *dx)
{
    for (size_t s = 0; s < n; s++)
        hf_kernel_add(Q * m->C, 1, dqueried + s * Q * m->C, dx + (s * m->P + m->P - Q) * m->C);
}

static void run_block(const hf_decoder *m, const double *parameters, size_t b, size_t n, const hf_dropout *dropout,
                      const double *x, hf_decoder_work *w)
{
    const hf_decoder_block *t = &m->block[b];
    hf_decoder_kept *kept = &w->kept[b];
    const hf_attention_shape shape = shape_of(m, b);
    const size_t Q = shape.queries, C = m->C, M = m->params.mlp, rows = n * Q;
    gather(m, n, Q, x, kept->queried);
    hf_linear_forward(rows, C, shape.q_stride, kept->queried, hf_decoder_at(m, parameters, t->query), NULL, kept->q);
    if (m->params.keys)
        hf_linear_forward(n * m->P, C, shape.k_stride, x, hf_decoder_at(m, parameters, t->key), NULL, kept->k);
    hf_linear_forward(n * m->P, C, shape.v_stride, x, hf_decoder_at(m, parameters, t->value), NULL, kept->v);
    attend(m, &shape, b, n, dropout, w->samples, x, kept);
    merge(m, hf_decoder_at(m, parameters, t->output), rows, kept->o, w->da);
    hf_dropout_rows(dropout, drop_place(b, DROP_ATTENTION), n, w->samples, Q * C, w->da);
    join(m, rows, kept->queried, w->da, hf_decoder_at(m, parameters, t->gain1), hf_decoder_at(m, parameters, t->shift1),
         kept->unit1, kept->spread1, kept->y1);
    if (M == 0) {
        memcpy(kept->x, kept->y1, rows * C * sizeof *kept->x);
        return;
    }
    hf_linear_forward(rows, C, M, kept->y1, hf_decoder_at(m, parameters, t->mlp_in),
                      hf_decoder_at(m, parameters, t->mlp_in_bias), kept->inner);
    hf_relu_forward(rows * M, kept->inner);
    hf_linear_forward(rows, M, C, kept->inner, hf_decoder_at(m, parameters, t->mlp_out),
                      hf_decoder_at(m, parameters, t->mlp_out_bias), w->da);
    hf_dropout_rows(dropout, drop_place(b, DROP_MLP), n, w->samples, Q * C, w->da);
    join(m, rows, kept->y1, w->da, hf_decoder_at(m, parameters, t->gain2), hf_decoder_at(m, parameters, t->shift2),
         kept->unit2, kept->spread2, kept->x);
}

/* The second half: dy (rows, C) of what the block gives becomes that of y1. */
static void mlp_back(const hf_decoder *m, const double *parameters, size_t b, size_t n, const hf_dropout *dropout,
                     hf_decoder_work *w, double *gradient)
{
    const hf_decoder_block *t = &m->block[b];
    const hf_decoder_kept *kept = &w->kept[b];
    const size_t Q = hf_decoder_queries(m, b), C = m->C, M = m->params.mlp, rows = n * Q;
    join_back(m, rows, kept->unit2, kept->spread2, hf_decoder_at(m, parameters, t->gain2), w->dy,
              hf_decoder_gradient(m, gradient, t->gain2), hf_decoder_gradient(m, gradient, t->shift2));
    memcpy(w->da, w->dy, rows * C * sizeof *w->da);
    hf_dropout_rows(dropout, drop_place(b, DROP_MLP), n, w->samples, Q * C, w->da);
    hf_linear_backward(rows, M, C, kept->inner, hf_decoder_at(m, parameters, t->mlp_out), w->da, false, w->dinner,
                       hf_decoder_gradient(m, gradient, t->mlp_out), hf_decoder_gradient(m, gradient, t->mlp_out_bias));
    hf_relu_backward(rows * M, kept->inner, w->dinner);
    hf_linear_backward(rows, C, M, kept->y1, hf_decoder_at(m, parameters, t->mlp_in), w->dinner, m->params.residual, w->dy,
                       hf_decoder_gradient(m, gradient, t->mlp_in), hf_decoder_gradient(m, gradient, t->mlp_in_bias));
}

/* w->dy (n, Q, C): gradient of what the block gives; w->dx (n, P, C): becomes that of what went in. */
static void block_back(const hf_decoder *m, const double *parameters, size_t b, size_t n, const hf_dropout *dropout,
                       const double *x, hf_decoder_work *w, double *gradient)
{
    const hf_decoder_block *t = &m->block[b];
    const hf_decoder_kept *kept = &w->kept[b];
    const hf_attention_shape shape = shape_of(m, b);
    const size_t Q = shape.queries, C = m->C, rows = n * Q;
    if (m->params.mlp > 0)
        mlp_back(m, parameters, b, n, dropout, w, gradient);
    join_back(m, rows, kept->unit1, kept->spread1, hf_decoder_at(m, parameters, t->gain1), w->dy,
              hf_decoder_gradient(m, gradient, t->gain1), hf_decoder_gradient(m, gradient, t->shift1));
    memcpy(w->da, w->dy, rows * C * sizeof *w->da);
    hf_dropout_rows(dropout, drop_place(b, DROP_ATTENTION), n, w->samples, Q * C, w->da);
    merge_back(m, hf_decoder_at(m, parameters, t->output), rows, kept->o, w->da, w->dout,
               hf_decoder_gradient(m, gradient, t->output));
    if (!m->params.keys) /* heads add to it */
        memset(w->dx, 0, n * m->P * C * sizeof *w->dx);
    attend_back(m, &shape, b, n, dropout, x, kept, w, w->dx);
    hf_linear_backward(n * m->P, C, shape.v_stride, x, hf_decoder_at(m, parameters, t->value), w->dv, !m->params.keys,
                       w->dx, hf_decoder_gradient(m, gradient, t->value), NULL);
    if (m->params.keys)
        hf_linear_backward(n * m->P, C, shape.k_stride, x, hf_decoder_at(m, parameters, t->key), w->dk, true, w->dx,
                           hf_decoder_gradient(m, gradient, t->key), NULL);
    hf_linear_backward(rows, C, shape.q_stride, kept->queried, hf_decoder_at(m, parameters, t->query), w->dq,
                       m->params.residual, w->dy, hf_decoder_gradient(m, gradient, t->query), NULL);
    scatter_add(m, n, Q, w->dy, w->dx);
}

/* ---- all of them ---- */

/* Token and place tables, learned or fixed. */
static const double *token_table(const hf_decoder *m, const double *parameters)
{
    return m->token != HF_NO_TENSOR ? hf_decoder_at(m, parameters, m->token) : m->fixed;
}

static const double *place_table(const hf_decoder *m, const double *parameters)
{
    if (m->place != HF_NO_TENSOR)
        return hf_decoder_at(m, parameters, m->place);
    return m->params.one_hot || m->params.places == HF_PLACES_SINUSOIDAL ? m->fixed + m->task.vocabulary * m->C : NULL;
}

static const double *input_of(const hf_decoder_work *w, size_t b)
{
    return b == 0 ? w->x : w->kept[b - 1].x;
}

void hf_decoder_forward_chunk(const hf_decoder *m, const double *parameters, size_t n, const hf_dropout *dropout,
                              hf_decoder_work *w)
{
    const size_t C = m->C, V = m->task.vocabulary, rows = n * m->task.scored, last = m->params.blocks - 1;
    if (hf_token_task_has_vectors(&m->task))
        hf_embedding_vectors(n * m->P, m->P, V, C, w->vectors, token_table(m, parameters), place_table(m, parameters),
                             w->x);
    else
        hf_embedding_forward(n * m->P, m->P, C, w->inputs, token_table(m, parameters), place_table(m, parameters), w->x);
    hf_dropout_rows(dropout, DROP_INPUT, n, w->samples, m->P * C, w->x);
    for (size_t b = 0; b <= last; b++)
        run_block(m, parameters, b, n, dropout, input_of(w, b), w);
    if (m->readout != HF_NO_TENSOR)
        hf_linear_forward(rows, C, V, w->kept[last].x, hf_decoder_at(m, parameters, m->readout), NULL, w->z);
    else
        for (size_t r = 0; r < rows; r++)
            memcpy(w->z + r * V, w->kept[last].x + r * C, V * sizeof *w->z);
}

void hf_decoder_backward_chunk(const hf_decoder *m, const double *parameters, size_t n, const hf_dropout *dropout,
                               hf_decoder_work *w, double *gradient)
{
    const size_t C = m->C, V = m->task.vocabulary, rows = n * m->task.scored, last = m->params.blocks - 1;
    if (m->readout != HF_NO_TENSOR)
        hf_linear_backward(rows, C, V, w->kept[last].x, hf_decoder_at(m, parameters, m->readout), w->z, false, w->dy,
                           hf_decoder_gradient(m, gradient, m->readout), NULL);
    else
        for (size_t r = 0; r < rows; r++) {
            memset(w->dy + r * C, 0, C * sizeof *w->dy);
            memcpy(w->dy + r * C, w->z + r * V, V * sizeof *w->dy);
        }
    for (size_t b = last + 1; b-- > 0;) {
        block_back(m, parameters, b, n, dropout, input_of(w, b), w, gradient);
        if (b > 0)
            memcpy(w->dy, w->dx, n * m->P * C * sizeof *w->dy);
    }
    hf_dropout_rows(dropout, DROP_INPUT, n, w->samples, m->P * C, w->dx);
    double *dtoken = hf_decoder_gradient(m, gradient, m->token), *dplace = hf_decoder_gradient(m, gradient, m->place);
    if (hf_token_task_has_vectors(&m->task))
        hf_embedding_vectors_back(n * m->P, m->P, V, C, w->vectors, w->dx, dtoken, dplace);
    else
        hf_embedding_backward(n * m->P, m->P, C, w->inputs, w->dx, dtoken, dplace);
}
