/* token_figure: plots/tokens.gp and plots/maps.gp, the figures of a training on tokens, made as those of plots.h. */
#ifndef HF_REPORT_TOKEN_FIGURE_H
#define HF_REPORT_TOKEN_FIGURE_H

#include "core/error.h"
#include "core/lists.h"
#include "report/params.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *title;
    const hf_labels *labels;
    uint64_t hash;      /* of the configuration */
    uint64_t seed;      /* whose tables are drawn */
    uint64_t best_step; /* of the least held-out excess */
    size_t heads, levels;
    bool has_values, has_stages; /* value_<h>_<k> in trajectory.tsv; stages.tsv has rows */
    bool has_divergence;         /* kl_<k> is something else than the excess */
    bool log_steps;
    const hf_counts *cuts; /* spans of the models whose context is cut: cut_<k> in trajectory.tsv */
    size_t blocks;
    size_t first, scored;             /* places that ask, from 1 */
    const hf_lag_range *lags;         /* (levels); NULL: not about lags */
    const hf_level_name *level_names; /* (levels); NULL: spans */
    const hf_numbers *maps;           /* steps in maps.tsv; none: no figure of maps */
} hf_token_figure;

/* Writes the scripts into directory/plots. Errors: HF_ESYSTEM. */
hf_status hf_token_figure_write(const hf_token_figure *figure, const char *directory, hf_error *err);

#endif
