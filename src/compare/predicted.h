/* predicted: what minibatch noise does to the times of stages, said without a training: bands.tsv and its sentences.
 *
 * The band is the 10 % and the 90 % quantile of a normal law about the mean over runs (run/shift.h), or where that is not known about the flow with
 * dynamic drift (run/spread.h). It is of first order in lr / batch, and a
 * row says by five tests whether that order is small (HF_BAND_*): what the drift does to the time is not proportional to lr / batch; the
 * band is another about the flow without drift; noise changes the contrasts between heads by a factor; the band is wider than the drop;
 * the mean is moved by half of the deviation, and then the band is about the flow with drift. */
#ifndef HF_COMPARE_PREDICTED_H
#define HF_COMPARE_PREDICTED_H

#include "report/table.h"
#include "run/experiment.h"

#include <stdio.h>

enum { HF_BAND_CURVED = 1, HF_BAND_MOVED = 2, HF_BAND_CONTRASTS = 4, HF_BAND_WIDE = 8, HF_BAND_FAR = 16 };

typedef struct {
    double level, t_flow, t, deviation, p10, p90;
    double shift_noise;     /* what noise adds to the mean beyond the drift; nan: not known */
    double shift_step;      /* what finite steps do to t; nan: there is no flow of them, and they count as infinitely small */
    double mean;            /* t + shift_noise + shift_step */
    double shift_drift;     /* t - t_flow, and */
    double shift_linear;    /* what it would be if it were proportional to lr / batch */
    double deviation_flow;  /* standard, about the flow without drift */
    double contrast;        /* standard deviation of the logarithm of contrasts; nan: they do not decide the time */
    double duration;        /* t_settle - t_onset of the flow's stage */
    unsigned large;         /* which tests fire */
} hf_band;

extern const hf_table_kind *const hf_predicted_tables[]; /* ended by NULL */

/* Of level number l (from 0); all nan where nothing is predicted. */
hf_band hf_predicted_band(const hf_experiment *experiment, size_t l);

/* The tests alone, from the numbers. */
unsigned hf_predicted_tests(const hf_band *band);

/* Writes bands.tsv, where there are bands. Errors: HF_ESYSTEM. */
hf_status hf_predicted_write(const hf_experiment *experiment, const char *directory, const hf_table_origin *origin, hf_error *err);

/* For the eye; also why there are none. */
void hf_predicted_print(const hf_experiment *experiment, FILE *stream);

#endif
