/* A comparison for the eye: hf_comparison_print of comparison.h. */
#include "compare/comparison.h"

#include "compare/predicted.h"
#include "compare/verdict.h"
#include "core/file.h"
#include "core/plural.h"
#include "core/statistics.h"
#include "train/clock.h"
#include "train/optimizer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void print_number(FILE *stream, double x)
{
    if (isnan(x))
        fprintf(stream, " %9s", "-");
    else
        fprintf(stream, " %9.5g", x);
}

static void print_deviation(FILE *stream, double ratio)
{
    if (isnan(ratio))
        fprintf(stream, " %9s", "-");
    else
        fprintf(stream, " %+7.1f %%", 100 * (ratio - 1));
}

/* Mean and standard error of a level's time over the runs, each with its own noise taken off; nan: not of all runs. */
static void mean_without_noise(const hf_experiment *x, size_t l, double *mean, double *error)
{
    const hf_clock clock = hf_clock_of(&x->params->main.learner.train);
    const double count = (double)x->main.seeds;
    double sum = 0, square = 0;
    for (size_t k = 0; k < x->main.seeds; k++) {
        const hf_training_numbers *run = &x->main.run[k].training;
        const double t = hf_clock_time(clock, run->crossing[l]) - run->control[l] - x->levels.t_flow[l];
        sum += t;
        square += t * t;
    }
    *mean = x->levels.t_flow[l] + sum / count;
    *error = sqrt(fmax(0, square - sum * sum / count) / (count - 1) / count);
}

/* Their mean beside what steps, drift and noise predict for it. */
static void print_without_noise(const hf_experiment *x, FILE *stream)
{
    const double *both = x->levels.t_companion[HF_COMPANION_STEP_DRIFT];
    double mean, error;
    if (x->main.seeds < 2 || x->about_drift == NULL || x->levels.count == 0)
        return;
    fputs("Each with its own noise taken off, to first order, the runs come to them at", stream);
    for (size_t l = 0; l < x->levels.count; l++) {
        mean_without_noise(x, l, &mean, &error);
        fputs(l > 0 ? ", " : "\n", stream);
        if (isnan(mean))
            fputs("-", stream);
        else
            fprintf(stream, "%.6g ± %.1g", mean, error);
    }
    fputs(" (mean); predicted ", stream);
    for (size_t l = 0; l < x->levels.count; l++) {
        const double predicted = both[l] + hf_predicted_band(x, l).shift_noise;
        fputs(l > 0 ? ", " : "", stream);
        if (isnan(predicted))
            fputs("-", stream);
        else
            fprintf(stream, "%.6g", predicted);
    }
    fputs(".\n", stream);
}

/* What companions with finite steps say before anybody trains. */
static void print_predicted(const hf_experiment *x, FILE *stream)
{
    const double *with_step = x->levels.t_companion[HF_COMPANION_STEP],
                 *both = x->levels.t_companion[HF_COMPANION_STEP_DRIFT];
    if (!x->has[HF_COMPANION_STEP])
        return;
    fprintf(stream, "With finite steps of lr %g the flow comes to them at", x->params->main.learner.train.lr);
    for (size_t l = 0; l < x->levels.count; l++)
        fprintf(stream, "%s %.5g (%+.1f %%)", l > 0 ? "," : "", with_step[l],
                100 * (with_step[l] / x->levels.t_flow[l] - 1));
    if (x->has[HF_COMPANION_STEP_DRIFT]) {
        fputs(";\nwith steps and drift at", stream);
        for (size_t l = 0; l < x->levels.count; l++)
            fprintf(stream, "%s %.5g (%+.1f %%)", l > 0 ? "," : "", both[l], 100 * (both[l] / x->levels.t_flow[l] - 1));
    }
    fputs(".\n", stream);
}

static void print_times(const hf_experiment *x, FILE *stream)
{
    const bool timed = hf_clock_of(&x->params->main.learner.train).is_time;
    const char *name = hf_optimizer_name(x->params->main.learner.train.optimizer);
    fprintf(stream, "When the loss first falls below the middle between two plateaus of the flow:\n");
    fprintf(stream, "    level      flow     drift    median      10 %%      90 %%  to flow  to drift\n");
    for (size_t l = 0; l < x->levels.count; l++) {
        const double quantile[] = {0.5, 0.1, 0.9};
        double median = NAN;
        print_number(stream, x->levels.level[l]);
        print_number(stream, x->levels.t_flow[l]);
        print_number(stream, x->levels.t_companion[HF_COMPANION_DRIFT][l]);
        for (size_t i = 0; i < 3; i++) {
            const double step = hf_comparison_quantile(&x->main, l, quantile[i]);
            const double shown = timed ? hf_clock_time(hf_clock_of(&x->params->main.learner.train), step) : step;
            print_number(stream, shown);
            median = i == 0 ? shown : median;
        }
        print_deviation(stream, timed ? median / x->levels.t_flow[l] : NAN);
        print_deviation(stream, timed ? median / x->levels.t_companion[HF_COMPANION_DRIFT][l] : NAN);
        fputc('\n', stream);
    }
    if (timed)
        fprintf(stream, "Median and quantiles: %zu run%s of %s, in flow time.%s\n", x->main.seeds, hf_plural(x->main.seeds),
                name, x->has[HF_COMPANION_DRIFT] ? " Drift: the flow with the mean effect\nof the noise." : "");
    else
        fprintf(
            stream,
            "Median and quantiles: %zu run%s of %s, in steps, which are no flow time: compare order and\nlevels only.\n",
            x->main.seeds, hf_plural(x->main.seeds), name);
    if (x->main.seeds < HF_QUANTILES_FEW)
        fprintf(stream, "Of so few runs the 10 and 90 %% quantiles are nearly the range.\n");
    print_predicted(x, stream);
    hf_predicted_print(x, stream);
    print_without_noise(x, stream);
    const hf_flow_params *flow = &x->params->flow.problem.flow;
    if (flow->sgd_drift.lr > 0)
        fprintf(stream,
                "The flow itself has the drift of SGD with lr %g, batch %zu, dim %zu, noise %g\n(flow.sgd_drift).\n",
                flow->sgd_drift.lr, flow->sgd_drift.batch, flow->sgd_drift.dim, flow->sgd_drift.noise);
    if (flow->step > 0)
        fprintf(stream, "The flow itself has finite steps, lr %g, momentum %g (flow.step).\n", flow->step, flow->momentum);
}

static double deviation_of_optimizer(const hf_experiment *x, size_t k, size_t l)
{
    return x->main.run[k].training.crossing[l] / hf_comparison_optimizer_step(x, k, l) - 1;
}

/* Every seed beside the flow of its optimizer: medians and the largest deviation, stage by stage. */
static void print_optimizer(const hf_experiment *x, FILE *stream)
{
    const hf_train_params *train = &x->params->main.learner.train;
    bool compared = false;
    fprintf(stream, "The flow of %s with its memory, and how far the runs are from it, in steps:\n",
            hf_optimizer_name(train->optimizer));
    fprintf(stream, "    level   of flow    median   largest\n");
    for (size_t l = 0; l < x->levels.count; l++) {
        double largest = 0;
        size_t reached = 0;
        for (size_t k = 0; k < x->main.seeds; k++) {
            const double deviation = deviation_of_optimizer(x, k, l);
            reached += isfinite(deviation) ? 1 : 0;
            largest = fabs(deviation) > fabs(largest) ? deviation : largest;
        }
        compared = compared || reached > 0;
        print_number(stream, x->levels.level[l]);
        print_number(stream, hf_comparison_quantile(&x->optimizer, l, 0.5));
        print_number(stream, hf_comparison_quantile(&x->main, l, 0.5));
        if (reached == 0)
            fprintf(stream, " %9s\n", "-");
        else
            fprintf(stream, " %+8.2g %%%s\n", 100 * largest, reached < x->main.seeds ? " (not all get there)" : "");
    }
    if (train->batch > 0 && compared)
        fprintf(stream, "That flow has neither steps nor noise: deviations are what both do, with batches of %zu.\n",
                train->batch);
}

/* The runs beside the flow, in sentences. */
static void print_verdict(const hf_experiment *x, FILE *stream)
{
    const size_t runs = x->main.seeds, stages = x->levels.count;
    double *t = malloc((runs * stages + 1) * sizeof *t);
    hf_verdict v = {.runs = runs,
                    .stages = stages,
                    .t = t,
                    .t_flow = x->levels.t_flow,
                    .t_drift = x->has[HF_COMPANION_DRIFT] ? x->levels.t_companion[HF_COMPANION_DRIFT] : NULL,
                    .optimizer = hf_optimizer_name(x->params->main.learner.train.optimizer),
                    .timed = hf_clock_of(&x->params->main.learner.train).is_time,
                    .found = x->flow.findings.stage_count,
                    .fewest = SIZE_MAX};
    if (t == NULL) {
        hf_file_spoil(stream);
        return;
    }
    for (size_t k = 0; k < runs; k++) {
        const hf_run_summary *run = &x->main.run[k];
        const size_t found = run->findings.stage_count;
        for (size_t l = 0; l < stages; l++)
            t[k * stages + l] = v.timed
                                    ? hf_clock_time(hf_clock_of(&x->params->main.learner.train), run->training.crossing[l])
                                    : run->training.crossing[l];
        v.fewest = found < v.fewest ? found : v.fewest;
        v.most = found > v.most ? found : v.most;
    }
    hf_verdict_print(&v, stream);
    free(t);
}

/* What medians are printed of. */
typedef enum { FINAL_LOSS, DEVIATION_BEFORE, DEVIATION_AFTER, EARLY_STEP, EARLY_LOSS, EARLY_CLASS } printed;

static double number_of(const hf_run_summary *run, size_t which)
{
    const double numbers[] = {[FINAL_LOSS] = run->loss,
                              [DEVIATION_BEFORE] = run->training.before.loss,
                              [DEVIATION_AFTER] = run->training.after.loss,
                              [EARLY_STEP] = (double)run->training.early.step,
                              [EARLY_LOSS] = run->training.early.loss,
                              [EARLY_CLASS] = (double)run->training.early.nearest};
    return numbers[which];
}

static double median_of(const hf_rung *rung, printed which)
{
    return hf_comparison_quantile_of(rung, number_of, which, 0.5);
}

/* Of a training that ends before the flow's first stage has settled there is no second part. */
static void print_largest_deviation(const hf_rung *rung, FILE *stream)
{
    const double after = median_of(rung, DEVIATION_AFTER);
    fprintf(stream, "Largest deviation of the loss from the flow: %.2g of L(0) up to the first plateau",
            median_of(rung, DEVIATION_BEFORE));
    if (isnan(after))
        fputs(" (median);\nthe training ends before it.\n", stream);
    else
        fprintf(stream, ", %.2g\nafter it (medians).\n", after);
}

/* Runs that their loss or an event ends are not all of one length. */
static void print_steps(const hf_rung *rung, FILE *stream)
{
    uint64_t least = rung->run[0].steps, most = least;
    for (size_t k = 1; k < rung->seeds; k++) {
        least = rung->run[k].steps < least ? rung->run[k].steps : least;
        most = rung->run[k].steps > most ? rung->run[k].steps : most;
    }
    if (least < most)
        fprintf(stream, "%" PRIu64 " to ", least);
    fprintf(stream, "%" PRIu64 " step%s", most, most == 1 ? "" : "s");
}

/* What was to stand beside flow and training and could not be followed. */
static void print_left_out(const hf_experiment *x, FILE *stream)
{
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        if (x->failed[c].message[0] != '\0')
            fprintf(stream, "Left out, %s: %s.\n", hf_companion_names[c], x->failed[c].message);
    if (x->optimizer_failed.message[0] != '\0')
        fprintf(stream, "Left out: %s.\n", x->optimizer_failed.message);
}

void hf_comparison_print(const hf_experiment *x, FILE *stream)
{
    const hf_rung *main = &x->main;
    if (x->levels.count > 0)
        print_times(x, stream);
    if (x->has_flow && x->params->main.learner.train.features == HF_FEATURES_RANDOM)
        fputs("The features are random; the flow is that of orthogonal ones, from which they are off by about 1/d.\n",
              stream);
    if (x->has_optimizer && x->levels.count > 0)
        print_optimizer(x, stream);
    print_left_out(x, stream);
    if (x->has_flow && hf_clock_of(&x->params->main.learner.train).is_time)
        print_largest_deviation(main, stream);
    fprintf(stream, "%s, %zu seed%s, ", hf_optimizer_name(x->params->main.learner.train.optimizer), main->seeds,
            hf_plural(main->seeds));
    print_steps(main, stream);
    fprintf(stream, ": loss %.6g at the end (median).\n", median_of(main, FINAL_LOSS));
    if (x->params->main.learner.train.samples > 0)
        fprintf(stream,
                "The loss on %s is lowest, %.6g, after step %.6g: there the model is nearest to one that\nknows %.3g "
                "patterns (medians).\n",
                x->params->main.learner.train.validation > 0 ? "the held-out samples" : "the population",
                median_of(main, EARLY_LOSS), median_of(main, EARLY_STEP), median_of(main, EARLY_CLASS));
    if (x->has_flow)
        print_verdict(x, stream);
}
