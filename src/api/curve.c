#include "api/outcome.h"

#include "api/headflow.h"
#include "log/look.h"
#include "log/tables.h"

/* Looks at the one curve of a log. */
static hf_status look(const hf_log *log, hf_outcome *outcome, hf_error *err)
{
    hf_log_look seen = {.curve = NULL};
    hf_status status = hf_log_look_at(&seen, &log->curve[0], &hf_search_usual, err);
    if (status == HF_OK)
        status = hf_log_tables_keep(1, &seen, &outcome->frames, err);
    if (status == HF_OK)
        status = hf_frames_check(&outcome->frames, err);
    hf_log_look_clear(&seen);
    return status;
}

hf_status hf_detect(hf_outcome **outcome, size_t count, const double *t, const double *loss, hf_error *err)
{
    hf_log log = {0};
    hf_status status = hf_outcome_create(outcome, err);
    if (status == HF_OK)
        status = hf_log_add(&log, "the curve", count, t, loss, err);
    if (status == HF_OK)
        status = hf_log_name(&log, err);
    if (status == HF_OK)
        status = look(&log, *outcome, err);
    hf_log_clear(&log);
    if (status == HF_OK)
        return status;
    hf_outcome_free(*outcome);
    *outcome = NULL;
    return status;
}
