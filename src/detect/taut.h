/* taut: the shortest curve through a tube around given values, the taut string (Davies and Kovac, Ann. Statist. 29, 2001). Of
 * all curves in the tube none has a speed with fewer maxima: where the true curve lies in the tube, the string has no stage
 * too many. Found in one pass: a funnel between the hulls of the two walls. */
#ifndef HF_DETECT_TAUT_H
#define HF_DETECT_TAUT_H

#include "core/error.h"

#include <stddef.h>

typedef struct {
    size_t index; /* of the value it stands at */
    double y;
} hf_knot;

/* Straight from knot to knot. Zeroed: empty. */
typedef struct {
    size_t count, capacity;
    hf_knot *knot; /* (count) owned; the first at the first value, the last at the last one */
} hf_taut;

/* Pulls the string through y -+ tube at the rising places x (count > 1 each); its ends are the medians of the first and last
 * three values, as far as the tube lets them. Errors: HF_ESYSTEM. */
hf_status hf_taut_pull(size_t count, const double *x, const double *y, const double *tube, hf_taut *string, hf_error *err);

/* Legal on a zeroed string. */
void hf_taut_clear(hf_taut *string);

#endif
