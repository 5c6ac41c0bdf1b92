/* describe: what there is to say of a drop and of a plateau, from the rows themselves and not from their means. */
#ifndef HF_DETECT_DESCRIBE_H
#define HF_DETECT_DESCRIBE_H

#include "detect/candidates.h"
#include "detect/search.h"

/* A drop between two levels: its times and speeds. */
hf_search_stage hf_describe_stage(const hf_rows *rows, const hf_candidate *drop, double strength, double before,
                                  double after);

/* The line through the rows from..to, at their middle; where there are fewer than three, loss and speed as they are given. */
hf_search_plateau hf_describe_plateau(const hf_rows *rows, double from, double to, double loss, double speed);

/* When the rows pass a level, and the standard error of that (nan: not known). nan: they start below it, or never reach it. */
double hf_describe_time(const hf_rows *rows, double level, double *error);

#endif
