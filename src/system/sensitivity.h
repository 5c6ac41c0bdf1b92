/* sensitivity: how a system answers to its parameters, so that derivatives of its state, losses and events can be followed.
 *
 * A parameter p counts by its logarithm: "along parameter i" is d / d ln p_i. "Along x" is the derivative when the state moves
 * along x, (size of a state). What is asked of a point is asked at its state, in the system's present coordinates. */
#ifndef HF_SYSTEM_SENSITIVITY_H
#define HF_SYSTEM_SENSITIVITY_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

/* In place of a parameter: x alone. */
#define HF_NO_PARAMETER ((size_t)-1)

/* Numbers that have derivatives. */
typedef enum {
    HF_NUMBER_LOSS,
    HF_NUMBER_TEST_LOSS,
    HF_NUMBER_OVERLAP, /* least overlap of two heads */
    HF_NUMBER_SHARE    /* of a pattern: of head, or, head 0, of all together */
} hf_number_kind;

/* head, pattern: from 1. */
typedef struct {
    hf_number_kind kind;
    size_t head, pattern;
} hf_number;

typedef struct {
    size_t (*count)(const void *self); /* of parameters; 0: none are followed, and nothing else is asked */
    const char *(*name)(const void *self, size_t parameter);

    void (*start)(const void *self, size_t parameter, double *x); /* of the initial state along the parameter */

    /* Of the velocity along the parameter, the state held; false: it is 0, and result is left alone. */
    bool (*velocity)(void *point, size_t parameter, double *result);

    /* Of a number, and its value, along x and the parameter. */
    double (*number)(void *point, hf_number number, const double *x, size_t parameter);
    double (*value)(void *point, hf_number number);

    /* Of the speed P = -dL/dt along x and the parameter, when the velocity changes by dx. */
    double (*speed)(void *point, const double *x, const double *dx, size_t parameter);

    /* Rewrites x, in the coordinates of a saved basis (save_basis of system.h), in the present ones. Errors: HF_ESYSTEM. */
    hf_status (*recast)(const void *self, const double *basis, double *x, hf_error *err);
} hf_sensitivity_kind;

#endif
