/* clean: rows of somebody's curve made fit for a search: in order, finite, without lone spikes, and how finely they are
 * printed. */
#ifndef HF_DETECT_CLEAN_H
#define HF_DETECT_CLEAN_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>

/* How finely the values are written down: all of them are multiples of the last of so many decimal digits, or of so many
 * binary ones (single precision: 24). 0: of no such number. */
typedef struct {
    int decimal, binary;
    double least; /* all are multiples of this power of ten; 0: of none */
} hf_digits;

/* The step between neighbours of y among numbers written like that; 0 for exact ones. */
double hf_digits_step(const hf_digits *digits, double y);

/* Larger numbers, of either sign, count as not finite: their squares are not. */
#define HF_ROWS_LARGEST 1e150

/* Rows in rising order of x, each x once. */
typedef struct {
    size_t count;
    double *x, *y;                       /* (count) owned, one block at x */
    double *noise;                       /* (count) of y */
    size_t memory;                       /* so many rows the noise of one acts on; at least 1 */
    double together;                     /* so many neighbours' noise counts as one row's; where the memory is known it is that */
    size_t not_finite, repeated, spikes; /* rows that were dropped; repeated ones are averaged */
    bool unsorted;                       /* whether x had to be sorted */
    hf_digits digits;
} hf_rows;

/* Copies count rows: those that are not finite, or larger than HF_ROWS_LARGEST, go, x is sorted, rows of the same x are averaged, and lone values go that
 * stand out from the six around them by eight deviations of the noise and of those six. memory: rows that the noise of one
 * acts on; 1: only itself. Errors: HF_ESYSTEM. */
hf_status hf_rows_clean(hf_rows *rows, size_t count, const double *x, const double *y, size_t memory, hf_error *err);

/* Legal on zeroed rows. */
void hf_rows_clear(hf_rows *rows);

#endif
