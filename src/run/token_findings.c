#include "run/token_findings.h"

#include <math.h>

/* Where the excess first falls to level, between two rows by linear interpolation. nan: never. */
static double first_below(size_t rows, const double *at, const double *excess, double level)
{
    for (size_t i = 0; i < rows; i++) {
        if (!(excess[i] <= level))
            continue;
        return i == 0 ? at[0] : at[i] - (at[i] - at[i - 1]) * (level - excess[i]) / (excess[i - 1] - excess[i]);
    }
    return NAN;
}

static void add_emergence(hf_findings *f, size_t rows, const double *at, const double *excess)
{
    const double level = f->loss_fraction * excess[0], t = first_below(rows, at, excess, level);
    size_t stage = 0;
    if (isnan(t))
        return;
    for (size_t i = 0; i < f->stage_count; i++)
        stage = f->stage[i].t_onset <= t ? i + 1 : stage;
    hf_findings_add(f,
                    (hf_event){.kind = HF_EVENT_EMERGED, .t = t, .loss = level, .stage = stage, .value = f->loss_fraction});
}

hf_status hf_token_find(hf_run_summary *summary, const hf_detect_params *detect, size_t rows, const double *at,
                        const double *excess, hf_error *err)
{
    hf_findings *f = &summary->findings;
    hf_search_result *found = &summary->tokens.stages;
    hf_search_params search = hf_search_usual;
    search.contrast = detect->contrast;
    search.significance = detect->significance;
    search.least = detect->least;
    hf_status status = hf_search_run(found, rows, at, excess, &search, err);
    if (status == HF_OK)
        status = hf_findings_begin(f, found->stage_count, hf_findings_plateaus(found), 1, 0, err);
    if (status != HF_OK)
        return status;
    const hf_search_plateau end = {.t = at[rows - 1], .loss = excess[rows - 1], .speed = NAN};
    hf_findings_of_search(f, found, &end);
    f->sampled = true;
    f->start_loss = excess[0];
    f->loss_fraction = detect->loss_fraction;
    if (f->loss_fraction > 0 && excess[0] > 0)
        add_emergence(f, rows, at, excess);
    hf_findings_sort(f);
    if (f->end == HF_END_STAGE)
        summary->censored = 1;
    return HF_OK;
}
