#include "compare/write.h"

#include "compare/bands.h"
#include "compare/comparison.h"
#include "compare/ladder.h"
#include "compare/predicted.h"

hf_status hf_compare_write(const hf_experiment *x, const char *directory, const char *finished, hf_error *err)
{
    hf_status status = hf_bands_write(&x->params->main.origin, x->main.seeds, directory, finished, err);
    if (status == HF_OK)
        status = hf_comparison_write(x, directory, err);
    if (status == HF_OK)
        status = hf_predicted_write(x, directory, &x->params->main.origin, err);
    return status == HF_OK && x->rung_count > 0 ? hf_ladder_write(x, directory, err) : status;
}
