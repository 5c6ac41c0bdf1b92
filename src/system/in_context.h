/* in_context: linear attention of H heads with rank-1 keys and queries that learns linear regression in context.
 *
 * A prompt holds N pairs (x, w.x) and a query; x ~ N(0, Lambda) with Lambda = diag(lambda_1..lambda_D), w ~ N(0, I). Head h
 * has a value v_h and vectors k_h, q_h of D coordinates. With
 *
 *     K = sum_h v_h k_h q_h^T,   M = Lambda^2 (1 + 1/N) + Lambda tr(Lambda)/N,   B = Lambda^2 - M K Lambda
 *
 * the loss is L = tr(Lambda) - 2 tr(Lambda^2 K) + tr(K^T M K Lambda), and the flow, grad L = -2 (...),
 *
 *     v_h' = k_h^T B q_h,   k_h' = v_h B q_h,   q_h' = v_h B^T k_h,   P = -dL/dt = 2 |y'|^2
 *
 * (Zhang, Singh, Latham, Saxe 2025, arXiv 2501.16265; Kunin et al. 2025, arXiv 2506.06489). Conserved by
 * every head: v^2 - |k|^2 and v^2 - |q|^2. The flow rests where it knows the features of a set S, K_ii = lambda_i / M_ii
 * for i in S and 0 elsewhere, at the loss tr(Lambda) - sum_{i in S} lambda_i / (1 + (1 + tr(Lambda)/lambda_i)/N). A state is v (H), k (H, D), q (H, D). */
#ifndef HF_SYSTEM_IN_CONTEXT_H
#define HF_SYSTEM_IN_CONTEXT_H

#include "core/error.h"
#include "system/point.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t heads;             /* H */
    size_t dimension;         /* D */
    const double *eigenvalue; /* (D) lambda_i > 0, the caller's, copied */
    double context;           /* N >= 1 pairs in a prompt */
} hf_in_context_params;

typedef struct hf_in_context hf_in_context;

/* A flow that starts where the caller says. start: (H (1 + 2 D)), copied. Errors: HF_ESYSTEM. Free with
 * hf_in_context_free. */
hf_status hf_in_context_create(hf_in_context **flow, const hf_in_context_params *params, const double *start,
                               hf_error *err);

void hf_in_context_free(hf_in_context *flow);

/* H (1 + 2 D). */
size_t hf_in_context_size(const hf_in_context_params *params);

/* A start of independent normal numbers with standard deviation scale. start: (size). Errors: HF_ESYSTEM. */
hf_status hf_in_context_draw(const hf_in_context_params *params, double scale, uint64_t seed, double *start, hf_error *err);

/* Adds to start (size) what a table of kind (value, key, query), head, index and value says, such as a final.tsv: every
 * coordinate once. Errors: HF_EUSAGE ("FILE:LINE: what is wrong"), HF_ESYSTEM. */
hf_status hf_in_context_read(const hf_in_context_params *params, const char *path, double *start, hf_error *err);

/* Its columns. */
extern const hf_observer_kind hf_in_context_observer;

/* The flow as a system without a Newton solve of its own. Groups: v, k, q. */
hf_system hf_in_context_system(hf_in_context *flow);

/* K at a point of the system. product: (D, D). */
void hf_in_context_product(const hf_point *point, double *product);

/* The loss of the model that knows the features flagged in known (D) and nothing of the others. */
double hf_in_context_level(const hf_in_context_params *params, const bool *known);

/* At the state y, max_h max(|v^2 - |k|^2 - start|, |v^2 - |q|^2 - start|) over the largest square of the state: how far what is
 * conserved has moved. */
double hf_in_context_defect(const hf_in_context *flow, const double *y);

#endif
