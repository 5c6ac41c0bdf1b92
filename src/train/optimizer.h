/* optimizer: from a gradient g to a step of the parameters x, with learning rate eta rho (eta: lr times the factor of schedule.h, rho: the
 * tensor's rate).
 *
 *     sgd       x -= eta rho g
 *     momentum  v = mu v + g;  x -= eta rho v                                     (heavy ball)
 *     adam      m, v: running means of g, g^2 (beta1, beta2), divided by 1 - beta^n;  x -= eta rho m / (sqrt v + epsilon)
 *     adamw     the same, after x -= eta rho decay x where the tensor decays       (Loshchilov and Hutter 2019)
 *     rmsprop   v: running mean of g^2 (beta2), from 0;  x -= eta rho g / (sqrt v + epsilon)   (Tieleman and Hinton 2012)
 *
 * A parameter may stand for w others that move alike, as their value times sqrt w (entries.h): steps that do not follow the size of
 * the gradient are sqrt w times as long then, and epsilon counts as much more. */
#ifndef HF_TRAIN_OPTIMIZER_H
#define HF_TRAIN_OPTIMIZER_H

#include "core/error.h"
#include "train/params.h"
#include "train/schedule.h"
#include "train/tensor.h"

typedef struct {
    hf_optimizer_kind kind;
    double lr, momentum, beta1, beta2, epsilon, weight_decay; /* weight_decay: of adamw alone */
    double clip; /* a gradient of a larger norm, over all tensors, is scaled down to it; 0: none is */
    bool single; /* steps are those of single precision, and so are the parameters, if they are so at the start */
    hf_schedule_params schedule;
} hf_optimizer_params;

typedef struct {
    hf_optimizer_params params;
    hf_schedule schedule;
    size_t count;        /* of parameters */
    size_t memory_count; /* doubles it remembers: 0, 1 or 2 for each parameter */
    double *memory;      /* (memory_count) owned; 0 at the start */
    const double *scale; /* (count) sqrt w of every parameter; NULL: all 1 */
} hf_optimizer;

/* "SGD", "momentum", "Adam", "AdamW" or "RMSProp". */
const char *hf_optimizer_name(hf_optimizer_kind kind);

/* Whether its steps follow the gradient, with momentum or without. */
bool hf_optimizer_is_plain(hf_optimizer_kind kind);

/* Errors: HF_ESYSTEM. Free with hf_optimizer_clear. */
hf_status hf_optimizer_init(hf_optimizer *optimizer, const hf_optimizer_params *params, size_t count, hf_error *err);

/* Legal on a zeroed optimizer. */
void hf_optimizer_clear(hf_optimizer *optimizer);

/* Step number n, counted from 1. gradient, parameters: (count). The gradient may be scaled. */
void hf_optimizer_step(hf_optimizer *optimizer, uint64_t n, hf_tensors tensors, double *gradient, double *parameters);

/* x (count) becomes the nearest numbers of single precision. */
void hf_optimizer_round(size_t count, double *x);

#endif
