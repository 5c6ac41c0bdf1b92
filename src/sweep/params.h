/* params: what a sweep varies, reports and fits. */
#ifndef HF_SWEEP_PARAMS_H
#define HF_SWEEP_PARAMS_H

#include "core/lists.h"

#include <stdbool.h>

typedef enum { HF_AXIS_VALUES, HF_AXIS_LOG, HF_AXIS_LINEAR } hf_axis_form;

/* A key that a sweep varies. */
typedef struct {
    char *key;
    hf_axis_form form;
    double first, last; /* log and linear: of how many numbers the file says, count */
    size_t count;
    hf_strings values; /* as -s takes them after "path=", never empty */
    char *name;        /* what at stands for; NULL: the key */
    hf_reals at;       /* (values) numbers to plot and fit by in place of the values, or empty */
    bool goes_along;   /* value by value with the last axis before it that does not; as many values */
} hf_axis;
typedef struct {
    size_t count;
    hf_axis *at;
} hf_axes;

/* A law to be fitted to what a sweep reports. */
typedef struct {
    size_t law;     /* number in hf_laws (law.h) */
    char *response; /* a reported quantity */
    hf_strings on;  /* swept keys, or the names of their axes */
} hf_fit;
typedef struct {
    size_t count;
    hf_fit *at;
} hf_fits;

/* Axes, seeds and what is reported. */
typedef struct {
    hf_axes over;
    size_t seeds; /* runs at every point */
    bool zip;     /* the axes go together, value by value */
    hf_strings report;
    hf_fits fit; /* another place for the model's fit, where reading puts them */
} hf_sweep_params;

#endif
