#include "compare/write.h"

#include "compare/bands.h"
#include "compare/comparison.h"
#include "compare/ladder.h"
#include "compare/predicted.h"

hf_status hf_compare_write(const hf_experiment *x, const char *directory, const char *finished, hf_error *err)
{
    const bool trains = x->params->trains;
    hf_status status = trains ? hf_bands_write(&x->params->main.origin, x->main.seeds, directory, finished, err) : HF_OK;
    if (status == HF_OK && trains)
        status = hf_comparison_write(x, directory, err);
    if (status == HF_OK)
        status = hf_predicted_write(x, directory, trains ? &x->params->main.origin : &x->params->flow.origin, err);
    return status == HF_OK && x->rung_count > 0 ? hf_ladder_write(x, directory, err) : status;
}
