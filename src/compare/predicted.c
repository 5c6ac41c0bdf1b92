#include "compare/predicted.h"

#include <math.h>

static const double quantile = 1.2815515655446004; /* of a normal law, 90 % */

/* ---- the tests ---- */

unsigned hf_predicted_tests(const hf_band *b)
{
    const double some = 0.1, bend = fabs(b->shift_drift - b->shift_linear);
    unsigned large = 0;
    if (isnan(b->deviation))
        return large;
    if (fabs(b->shift_drift) > some * b->deviation && bend > some * fabs(b->shift_drift))
        large |= HF_BAND_CURVED;
    if (!(fabs(b->deviation_flow - b->deviation) <= some * b->deviation))
        large |= HF_BAND_MOVED;
    if (b->contrast > 0.5)
        large |= HF_BAND_CONTRASTS;
    if (quantile * b->deviation > b->duration)
        large |= HF_BAND_WIDE;
    if (fabs(b->shift_noise) > 0.5 * b->deviation)
        large |= HF_BAND_FAR;
    return large;
}

/* The flow's stage that level number l is of. */
static const hf_stage *stage_of(const hf_experiment *x, size_t l)
{
    const hf_findings *f = &x->flow.findings;
    for (size_t i = 0; i < f->stage_count; i++)
        if (hf_stage_level(&f->stage[i]) == x->levels.level[l])
            return &f->stage[i];
    return NULL;
}

/* lr / batch */
static double noise_of(const hf_experiment *x)
{
    const hf_flow_params *flow = &x->noisy->problem.flow;
    return flow->sgd_drift.lr / (double)flow->sgd_drift.batch;
}

hf_band hf_predicted_band(const hf_experiment *x, size_t l)
{
    hf_band b = {.level = x->levels.level[l],
                 .t_flow = x->t_bare != NULL ? x->t_bare[l] : x->levels.t_flow[l],
                 .t = NAN,
                 .shift_noise = NAN,
                 .shift_step =
                     x->levels.t_companion[HF_COMPANION_STEP_DRIFT][l] - x->levels.t_companion[HF_COMPANION_DRIFT][l],
                 .mean = NAN,
                 .deviation = NAN,
                 .p10 = NAN,
                 .p90 = NAN,
                 .shift_drift = NAN,
                 .shift_linear = NAN,
                 .deviation_flow = NAN,
                 .contrast = NAN,
                 .duration = NAN};
    if (x->about_drift == NULL)
        return b;
    const hf_spread *drift = &x->about_drift[l], *flow = &x->about_flow[l];
    const hf_stage *stage = stage_of(x, l);
    b.t = drift->t;
    b.deviation = drift->deviation;
    b.shift_noise = noise_of(x) * drift->mean_rate;
    const double stepped = isnan(b.shift_step) ? b.t : b.t + b.shift_step;
    b.mean = stepped + b.shift_noise;
    b.shift_drift = b.t - b.t_flow;
    b.shift_linear = HF_BAND_FRACTION * (flow->t - b.t_flow);
    b.deviation_flow = flow->deviation * sqrt(HF_BAND_FRACTION);
    b.duration = stage == NULL ? NAN : stage->t_settle - stage->t_onset;
    const double by = fabs(drift->by_contrast);
    b.contrast = by > b.duration / 10 ? b.deviation / by : NAN; /* else they do not decide when the stage comes */
    b.large = hf_predicted_tests(&b);
    const double middle = isnan(b.mean) || (b.large & HF_BAND_FAR) != 0 ? stepped : b.mean;
    b.p10 = middle - quantile * b.deviation;
    b.p90 = middle + quantile * b.deviation;
    return b;
}

/* ---- the table ---- */

typedef struct {
    size_t stage;
    hf_band band;
    bool curved, moved, contrasts, wide, far;
} band_row;

#define BAND(field, unit, meaning)                                                                                         \
    {                                                                                                                      \
#field, (unit), (meaning), HF_CELL_NUMBER, offsetof(band_row, band.field), NULL                                    \
    }

/* clang-format off */
static const hf_column columns[] = {
    HF_COLUMN(band_row, stage, "", "of the flow"),
    BAND(level, "loss", "halfway between the flow's plateaus around it"),
    BAND(t_flow, "flow time", "the loss of the flow without drift falls below the level"),
    BAND(t, "flow time", "that of the flow with the drift of the noise does; nan: never"),
    BAND(deviation, "flow time", "standard deviation over runs about it, of first order in lr/batch"),
    BAND(p10, "flow time", "10 % quantile, about mean or, where it is not known or far, t + shift_step"),
    BAND(p90, "flow time", "90 % quantile, likewise"),
    BAND(shift_drift, "flow time", "t - t_flow"),
    BAND(shift_linear, "flow time", "t - t_flow by its slope in lr/batch"),
    BAND(deviation_flow, "flow time", "standard deviation about the flow"),
    BAND(contrast, "1", "standard deviation of the logarithm of the contrasts between heads; nan: does not apply"),
    HF_COLUMN(band_row, curved, "", "shift_drift is not shift_linear, by more than 10 %, and not smaller than a tenth of deviation"),
    HF_COLUMN(band_row, moved, "", "deviation is not deviation_flow, by more than 10 %, or that is not known"),
    HF_COLUMN(band_row, contrasts, "", "contrast is above 0.5"),
    HF_COLUMN(band_row, wide, "", "half of the band is more than t_settle - t_onset of the flow's stage"),
    BAND(shift_noise, "flow time", "mean over runs minus t without finite steps, of first order in lr/batch; nan: not known"),
    BAND(mean, "flow time", "t + shift_noise + shift_step"),
    BAND(shift_step, "flow time", "what the finite steps of the training do to t; nan, which counts as 0: there is no such flow"),
    HF_COLUMN(band_row, far, "", "shift_noise is more than half of deviation"),
};
static const hf_table_kind bands_table = {"bands.tsv", "With training beside the flow, or flow.sgd_drift.bands: a row for every stage of the flow; how minibatch noise scatters its time, without a training.", HF_COLUMNS(columns)};
/* clang-format on */

const hf_table_kind *const hf_predicted_tables[] = {&bands_table, NULL};

hf_status hf_predicted_write(const hf_experiment *x, const char *directory, const hf_table_origin *origin, hf_error *err)
{
    hf_table table;
    if (x->about_drift == NULL)
        return HF_OK;
    const hf_status status = hf_table_start(&table, directory, &bands_table, origin,
                                            "where a test holds the band is not small: first order is not enough", err);
    if (status != HF_OK)
        return status;
    for (size_t l = 0; l < x->levels.count; l++) {
        band_row row = {.stage = l + 1, .band = hf_predicted_band(x, l)};
        row.curved = (row.band.large & HF_BAND_CURVED) != 0;
        row.moved = (row.band.large & HF_BAND_MOVED) != 0;
        row.contrasts = (row.band.large & HF_BAND_CONTRASTS) != 0;
        row.wide = (row.band.large & HF_BAND_WIDE) != 0;
        row.far = (row.band.large & HF_BAND_FAR) != 0;
        hf_table_line(&table, &bands_table, &row);
    }
    return hf_file_commit(&table.file, err);
}

/* ---- for the eye ---- */

static void print_reasons(size_t stage, const hf_band *b, FILE *stream)
{
    static const struct {
        unsigned test;
        const char *says;
    } reasons[] = {{HF_BAND_CURVED, "the drift's shift is not proportional to lr/batch"},
                   {HF_BAND_MOVED, "about the flow without drift the band is another"},
                   {HF_BAND_CONTRASTS, "noise changes the contrasts between heads by a factor"},
                   {HF_BAND_WIDE, "it is wider than the drop"},
                   {HF_BAND_FAR, "noise moves the mean by more than half of the deviation"}};
    if (b->large == 0)
        return;
    fprintf(stream, "The band of stage %zu is not small, and no more than a first guess:", stage);
    const char *next = " ";
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if ((b->large & reasons[i].test) != 0) {
            fprintf(stream, "%s%s", next, reasons[i].says);
            next = ";\n";
        }
    fputs(".\n", stream);
}

void hf_predicted_print(const hf_experiment *x, FILE *stream)
{
    if (x->no_bands != NULL)
        fprintf(stream, "No bands are predicted: %s.\n", x->no_bands);
    if (x->about_drift == NULL || x->levels.count == 0)
        return;
    fputs("Noise scatters these times; predicted, 10 to 90 % of runs:\n", stream);
    for (size_t l = 0; l < x->levels.count; l++) {
        const hf_band b = hf_predicted_band(x, l);
        if (isnan(b.deviation))
            fprintf(stream, "%s-", l > 0 ? ", " : "");
        else
            fprintf(stream, "%s%.5g to %.5g", l > 0 ? ", " : "", b.p10, b.p90);
    }
    fputs(".\n", stream);
    for (size_t l = 0; l < x->levels.count; l++) {
        const hf_band b = hf_predicted_band(x, l);
        print_reasons(l + 1, &b, stream);
    }
}
