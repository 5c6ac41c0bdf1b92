/* look: what there is to see in one curve of a log.
 *
 * A curve that rises, like an accuracy, is looked at upside down: its stages are rises. */
#ifndef HF_LOG_LOOK_H
#define HF_LOG_LOOK_H

#include "detect/search.h"
#include "log/log.h"

typedef struct {
    const hf_log_curve *curve; /* must outlive it */
    hf_rows rows;              /* cleaned; turned round where it rises; owned */
    double sign;               /* -1: turned round */
    bool is_log;               /* rows stand denser at the beginning, as on a logarithmic grid */
    size_t gaps;               /* places where steps are missing: a distance five times that of the neighbours beside it */
    double gap_from, gap_to;   /* the widest of them, in that; nan: none */
    hf_search_result found;    /* of the rows as they are; owned */
} hf_log_look;

/* Errors: HF_ESYSTEM; HF_EUSAGE where fewer than four rows have a step and a loss. Free with hf_log_look_clear. */
hf_status hf_log_look_at(hf_log_look *look, const hf_log_curve *curve, const hf_search_params *params, hf_error *err);

/* How many standard errors the fall of stage i is, between the plateaus beside it; nan: it has not settled, or there are too
 * few rows to tell. */
double hf_log_certainty(const hf_log_look *look, size_t i);

/* Legal on a zeroed look. */
void hf_log_look_clear(hf_log_look *look);

#endif
