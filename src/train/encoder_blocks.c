/* The encoder's way through its blocks and back; hf_encoder_forward_chunk and _backward_chunk of encoder_state.h. */
#include "train/encoder_state.h"

#include "train/kernels.h"

#include <math.h>
#include <string.h>

/* Which dropout: after the embedding, then four in every block. */
enum { DROP_INPUT, DROP_WEIGHTS = 1, DROP_ATTENTION, DROP_INNER, DROP_MLP, DROPS_IN_BLOCK = 4 };

static unsigned drop_place(size_t block, unsigned which)
{
    return (unsigned)block * DROPS_IN_BLOCK + which;
}

/* ---- attention ---- */

static hf_attention_shape shape_of(const hf_encoder *m)
{
    const size_t width = m->C / m->params.heads;
    return (hf_attention_shape){.queries = m->P,
                                .keys = m->P,
                                .q_width = width,
                                .v_width = width,
                                .q_stride = 3 * m->C,
                                .k_stride = 3 * m->C,
                                .v_stride = 3 * m->C,
                                .o_stride = m->C,
                                .scale = 1 / sqrt((double)width)};
}

/* Where queries, keys and values of head h of string s start in qkv (n, P, 3 C). */
static size_t head_offset(const hf_encoder *m, size_t s, size_t h)
{
    return s * m->P * 3 * m->C + h * (m->C / m->params.heads);
}

static void attend(const hf_encoder *m, size_t b, size_t n, const hf_encoder_dropout *dropout, hf_encoder_work *w)
{
    const hf_attention_shape shape = shape_of(m);
    const size_t H = m->params.heads, size = m->P * m->P;
    hf_encoder_kept *kept = &w->kept[b];
    for (size_t s = 0; s < n; s++)
        for (size_t h = 0; h < H; h++) {
            const double *qkv = kept->qkv + head_offset(m, s, h);
            hf_attention_logits(&shape, qkv, qkv + m->C, kept->logits + (s * H + h) * size);
        }
    memcpy(kept->weights, kept->logits, n * H * size * sizeof *kept->weights);
    for (size_t s = 0; s < n; s++)
        for (size_t h = 0; h < H; h++) {
            const hf_mask_draw draw = {m->params.seed, dropout->weights.step, (unsigned)(b * H + h), w->samples[s]};
            hf_mask_softmax(&m->mask, &draw, kept->weights + (s * H + h) * size, w->mask);
        }
    memcpy(kept->dropped, kept->weights, n * H * size * sizeof *kept->dropped);
    hf_dropout_rows(&dropout->weights, drop_place(b, DROP_WEIGHTS), n, w->samples, H * size, kept->dropped);
    for (size_t s = 0; s < n; s++)
        for (size_t h = 0; h < H; h++)
            hf_attention_values(&shape, kept->dropped + (s * H + h) * size, kept->qkv + head_offset(m, s, h) + 2 * m->C,
                                kept->o + s * m->P * m->C + h * shape.v_width);
}

/* From w->dout to w->dqkv. */
static void attend_back(const hf_encoder *m, size_t b, size_t n, const hf_encoder_dropout *dropout, hf_encoder_work *w)
{
    const hf_attention_shape shape = shape_of(m);
    const size_t H = m->params.heads, size = m->P * m->P;
    const hf_encoder_kept *kept = &w->kept[b];
    for (size_t s = 0; s < n; s++) {
        for (size_t h = 0; h < H; h++) {
            const size_t at = head_offset(m, s, h) + 2 * m->C;
            hf_attention_values_back(&shape, kept->dropped + (s * H + h) * size, kept->qkv + at,
                                     w->dout + s * m->P * m->C + h * shape.v_width, w->dweights + h * size, w->dqkv + at);
        }
        hf_dropout_back(&dropout->weights, H * size, kept->dropped + s * H * size, w->dweights);
        for (size_t h = 0; h < H; h++) {
            const size_t at = head_offset(m, s, h);
            hf_attention_weights_back(&shape, kept->weights + (s * H + h) * size, kept->qkv + at, kept->qkv + at + m->C,
                                      w->dweights + h * size, w->dqkv + at, false, w->dqkv + at + m->C);
        }
    }
}

/* ---- one block ---- */

static void run_block(const hf_encoder *m, const double *parameters, size_t b, size_t n, const hf_encoder_dropout *dropout,
                      const double *x, hf_encoder_work *w)
{
    const hf_encoder_block *t = &m->block[b];
    hf_encoder_kept *kept = &w->kept[b];
    const size_t P = m->P, C = m->C, M = m->params.mlp, rows = n * P;
    hf_norm_forward(rows, C, b == 0 ? m->params.first_eps : m->params.eps, x, NULL, NULL, kept->unit1, kept->spread1,
                    kept->unit1);
    hf_linear_forward(rows, C, 3 * C, kept->unit1, hf_encoder_at(m, parameters, t->query),
                      hf_encoder_at(m, parameters, t->query_bias), kept->qkv);
    attend(m, b, n, dropout, w);
    hf_linear_forward(rows, C, C, kept->o, hf_encoder_at(m, parameters, t->output),
                      hf_encoder_at(m, parameters, t->output_bias), kept->x);
    hf_dropout_rows(&dropout->values, drop_place(b, DROP_ATTENTION), n, w->samples, P * C, kept->x);
    hf_kernel_add(rows * C, 1, x, kept->x);
    hf_norm_forward(rows, C, m->params.eps, kept->x, NULL, NULL, kept->unit2, kept->spread2, kept->unit2);
    hf_linear_forward(rows, C, M, kept->unit2, hf_encoder_at(m, parameters, t->mlp_in),
                      hf_encoder_at(m, parameters, t->mlp_in_bias), kept->inner);
    hf_dropout_rows(&dropout->values, drop_place(b, DROP_INNER), n, w->samples, P * M, kept->inner);
    hf_relu_forward(rows * M, kept->inner);
    hf_linear_forward(rows, M, C, kept->inner, hf_encoder_at(m, parameters, t->mlp_out),
                      hf_encoder_at(m, parameters, t->mlp_out_bias), w->da);
    hf_dropout_rows(&dropout->values, drop_place(b, DROP_MLP), n, w->samples, P * C, w->da);
    hf_kernel_add(rows * C, 1, w->da, kept->x);
}

/* w->dx: gradient of x', becomes that of y. */
static void mlp_back(const hf_encoder *m, const double *parameters, size_t b, size_t n, const hf_encoder_dropout *dropout,
                     hf_encoder_work *w, double *gradient)
{
    const hf_encoder_block *t = &m->block[b];
    const hf_encoder_kept *kept = &w->kept[b];
    const size_t P = m->P, C = m->C, M = m->params.mlp, rows = n * P;
    memcpy(w->da, w->dx, rows * C * sizeof *w->da);
    hf_dropout_rows(&dropout->values, drop_place(b, DROP_MLP), n, w->samples, P * C, w->da);
    hf_linear_backward(rows, M, C, kept->inner, hf_encoder_at(m, parameters, t->mlp_out), w->da, false, w->dinner,
                       hf_encoder_gradient(m, gradient, t->mlp_out), hf_encoder_gradient(m, gradient, t->mlp_out_bias));
    hf_dropout_back(&dropout->values, rows * M, kept->inner, w->dinner);
    hf_linear_backward(rows, C, M, kept->unit2, hf_encoder_at(m, parameters, t->mlp_in), w->dinner, false, w->da,
                       hf_encoder_gradient(m, gradient, t->mlp_in), hf_encoder_gradient(m, gradient, t->mlp_in_bias));
    hf_norm_backward(rows, C, kept->unit2, kept->spread2, NULL, w->da, w->da, NULL, NULL);
    hf_kernel_add(rows * C, 1, w->da, w->dx);
}

/* w->dx: gradient of y, becomes that of x. */
static void attention_back(const hf_encoder *m, const double *parameters, size_t b, size_t n,
                           const hf_encoder_dropout *dropout, hf_encoder_work *w, double *gradient)
{
    const hf_encoder_block *t = &m->block[b];
    const hf_encoder_kept *kept = &w->kept[b];
    const size_t P = m->P, C = m->C, rows = n * P;
    memcpy(w->da, w->dx, rows * C * sizeof *w->da);
    hf_dropout_rows(&dropout->values, drop_place(b, DROP_ATTENTION), n, w->samples, P * C, w->da);
    hf_linear_backward(rows, C, C, kept->o, hf_encoder_at(m, parameters, t->output), w->da, false, w->dout,
                       hf_encoder_gradient(m, gradient, t->output), hf_encoder_gradient(m, gradient, t->output_bias));
    attend_back(m, b, n, dropout, w);
    hf_linear_backward(rows, C, 3 * C, kept->unit1, hf_encoder_at(m, parameters, t->query), w->dqkv, false, w->da,
                       hf_encoder_gradient(m, gradient, t->query), hf_encoder_gradient(m, gradient, t->query_bias));
    hf_norm_backward(rows, C, kept->unit1, kept->spread1, NULL, w->da, w->da, NULL, NULL);
    hf_kernel_add(rows * C, 1, w->da, w->dx);
}

/* ---- before and behind them ---- */

static void embed(const hf_encoder *m, const double *parameters, size_t n, const hf_encoder_dropout *dropout,
                  hf_encoder_work *w)
{
    const double size = sqrt((double)m->C), *token = hf_encoder_at(m, parameters, m->token);
    for (size_t i = 0; i < m->tokens * m->C; i++)
        w->table[i] = size * token[i];
    hf_embedding_forward(n * m->P, m->P, m->C, w->inputs, w->table, m->sinusoids, w->x);
    hf_dropout_rows(&dropout->values, DROP_INPUT, n, w->samples, m->P * m->C, w->x);
}

static void embed_back(const hf_encoder *m, size_t n, const hf_encoder_dropout *dropout, hf_encoder_work *w,
                       double *gradient)
{
    hf_dropout_rows(&dropout->values, DROP_INPUT, n, w->samples, m->P * m->C, w->dx);
    memset(w->dtable, 0, m->tokens * m->C * sizeof *w->dtable);
    hf_embedding_backward(n * m->P, m->P, m->C, w->inputs, w->dx, w->dtable, NULL);
    hf_kernel_add(m->tokens * m->C, sqrt((double)m->C), w->dtable, hf_encoder_gradient(m, gradient, m->token));
}

/* Whether a place has its part in the mean, and how many have. */
static bool is_pooled(const hf_encoder *m, size_t place)
{
    return place < m->mask.unseen_from || place >= m->mask.unseen_to;
}

static double pooled_places(const hf_encoder *m)
{
    return (double)(m->P - (m->mask.unseen_to - m->mask.unseen_from));
}

static void pool(const hf_encoder *m, size_t n, const double *x, double *pooled)
{
    memset(pooled, 0, n * m->C * sizeof *pooled);
    for (size_t s = 0; s < n; s++)
        for (size_t t = 0; t < m->P; t++)
            if (is_pooled(m, t))
                hf_kernel_add(m->C, 1 / pooled_places(m), x + (s * m->P + t) * m->C, pooled + s * m->C);
}

static void pool_back(const hf_encoder *m, size_t n, const double *dpooled, double *dx)
{
    memset(dx, 0, n * m->P * m->C * sizeof *dx);
    for (size_t s = 0; s < n; s++)
        for (size_t t = 0; t < m->P; t++)
            if (is_pooled(m, t))
                hf_kernel_add(m->C, 1 / pooled_places(m), dpooled + s * m->C, dx + (s * m->P + t) * m->C);
}

void hf_encoder_forward_chunk(const hf_encoder *m, const double *parameters, size_t n, const hf_encoder_dropout *dropout,
                              hf_encoder_work *w)
{
    const size_t C = m->C, last = m->params.blocks - 1;
    embed(m, parameters, n, dropout, w);
    for (size_t b = 0; b <= last; b++)
        run_block(m, parameters, b, n, dropout, b == 0 ? w->x : w->kept[b - 1].x, w);
    if (m->params.final_norm)
        hf_norm_forward(n * m->P, C, m->params.eps, w->kept[last].x, NULL, NULL, w->unit, w->spread, w->unit);
    pool(m, n, m->params.final_norm ? w->unit : w->kept[last].x, w->pooled);
    hf_linear_forward(n, C, m->params.classes, w->pooled, hf_encoder_at(m, parameters, m->head),
                      hf_encoder_at(m, parameters, m->head_bias), w->z);
}

void hf_encoder_backward_chunk(const hf_encoder *m, const double *parameters, size_t n, const hf_encoder_dropout *dropout,
                               hf_encoder_work *w, double *gradient)
{
    hf_linear_backward(n, m->C, m->params.classes, w->pooled, hf_encoder_at(m, parameters, m->head), w->z, false,
                       w->dpooled, hf_encoder_gradient(m, gradient, m->head),
                       hf_encoder_gradient(m, gradient, m->head_bias));
    pool_back(m, n, w->dpooled, w->dx);
    if (m->params.final_norm)
        hf_norm_backward(n * m->P, m->C, w->unit, w->spread, NULL, w->dx, w->dx, NULL, NULL);
    for (size_t b = m->params.blocks; b-- > 0;) {
        mlp_back(m, parameters, b, n, dropout, w, gradient);
        attention_back(m, parameters, b, n, dropout, w, gradient);
    }
    embed_back(m, n, dropout, w, gradient);
}
