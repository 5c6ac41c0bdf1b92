/* curve: a loss over time as a figure that needs no script: a line of SVG that fits any width, with labels that keep their size. */
#ifndef HF_PAGE_CURVE_H
#define HF_PAGE_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A moment that is marked. label: ours, "" for none. */
typedef struct {
    double t;
    const char *label;
} hf_curve_mark;

typedef struct {
    size_t count;
    const double *t, *loss;  /* (count) where either is not finite there is no point */
    bool log_t, log_loss;    /* the scales; a point that a logarithmic one has no place for is left out */
    const char *unit, *name; /* of the times; of the curve, for who cannot see it: somebody's */
    size_t marks;
    const hf_curve_mark *mark; /* (marks) */
    size_t number;             /* of the figure in the page */
} hf_curve_figure;

/* Limits of an axis. */
typedef struct {
    bool log;
    double low, high;
} hf_curve_axis;

/* The axis of count numbers; low < high. least: what must be in it (nan: nothing). */
hf_curve_axis hf_curve_axis_of(size_t count, const double *x, bool log, double least);

/* Where a number is on an axis, 0 to 1; nan: nowhere. */
double hf_curve_place(const hf_curve_axis *axis, double x);

/* Writes the figure. */
void hf_curve_write(const hf_curve_figure *figure, FILE *stream);

#endif
