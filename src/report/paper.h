/* paper: how wide figures are in print. */
#ifndef HF_REPORT_PAPER_H
#define HF_REPORT_PAPER_H

#include "core/error.h"

/* The width in mm that text says: a length with its unit (85mm, 8.5cm, 3.25in, 240pt) or the name of a place whose columns are so wide.
 * HF_EUSAGE: it is neither, or not from 40 to 400 mm. */
hf_status hf_paper_width(const char *text, double *width, hf_error *err);

/* Whether letters of so many points leave room for a figure in such a width: HF_EUSAGE, with the largest that do. */
hf_status hf_paper_check(double width, double font_size, hf_error *err);

/* The names of the places, ended by NULL, and the width of each in mm. */
extern const char *const hf_paper_names[];
double hf_paper_of(const char *name);

#endif
