/* string_figure: plots/strings.gp, plots/logits.gp and plots/slices.gp, the figures of a training on strings, made as those of plots.h. */
#ifndef HF_REPORT_STRING_FIGURE_H
#define HF_REPORT_STRING_FIGURE_H

#include "core/error.h"
#include "report/params.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *title;
    const hf_labels *labels;
    uint64_t hash; /* of the configuration */
    uint64_t first_seed;
    size_t seeds;
    size_t blocks, heads, keep; /* of the encoder */
    size_t lines;               /* of slices.tsv; 0: there is none */
    double radius;
    double accuracy; /* from which the task counts as learned */
} hf_string_figure;

/* Writes the scripts into directory/plots. Errors: HF_ESYSTEM. */
hf_status hf_string_figure_write(const hf_string_figure *figure, const char *directory, hf_error *err);

#endif
