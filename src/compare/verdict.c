#include "compare/verdict.h"

#include <math.h>
#include <string.h>

/* ---- numbers ---- */

/* Mean and standard error of t / reference - 1 over all runs. */
static hf_shift shift_from(const hf_verdict *v, size_t stage, double reference)
{
    double sum = 0, square = 0;
    for (size_t k = 0; k < v->runs; k++)
        sum += v->t[k * v->stages + stage] / reference - 1;
    const double count = (double)v->runs, mean = sum / count;
    for (size_t k = 0; k < v->runs; k++) {
        const double off = v->t[k * v->stages + stage] / reference - 1 - mean;
        square += off * off;
    }
    return (hf_shift){mean, v->runs > 1 ? sqrt(square / (count - 1) / count) : NAN};
}

hf_stage_verdict hf_verdict_of(const hf_verdict *v, size_t stage)
{
    hf_stage_verdict verdict = {.from_flow = {NAN, NAN}, .from_drift = {NAN, NAN}};
    for (size_t k = 0; k < v->runs; k++)
        verdict.reached += isnan(v->t[k * v->stages + stage]) ? 0 : 1;
    if (!v->timed || verdict.reached < v->runs || v->runs == 0)
        return verdict;
    verdict.from_flow = shift_from(v, stage, v->t_flow[stage]);
    if (v->t_drift != NULL)
        verdict.from_drift = shift_from(v, stage, v->t_drift[stage]);
    return verdict;
}

static bool agrees(hf_shift shift)
{
    return fabs(shift.mean) <= HF_VERDICT_AGREES * (1 + 1e-12); /* 11 for 10 agrees, whatever its rounding */
}

/* ---- sentences ---- */

enum { SHOWN = 32 };

/* Two digits, or the whole ones, into text of SHOWN bytes. */
static const char *show(double x, char *text)
{
    snprintf(text, SHOWN, x < 9.95 ? "%.2g" : "%.0f", x);
    return text;
}

/* "(2.3 standard errors)"; of one run, or of runs that are all alike, there are none. */
static void print_errors(const hf_verdict *v, hf_shift shift, FILE *stream)
{
    const double rounding = 1e-12;
    char text[SHOWN];
    if (v->runs == 1)
        fputs(" (one run: no error bar)", stream);
    else if (!(shift.error > rounding))
        fprintf(stream, " (all %zu runs alike)", v->runs);
    else {
        show(fabs(shift.mean) / shift.error, text);
        fprintf(stream, " (%s standard error%s)", text, strcmp(text, "1") == 0 ? "" : "s");
    }
}

/* At least a hundredth: what is smaller is not worth the digits. */
static void print_percent(double share, FILE *stream)
{
    char text[SHOWN];
    fprintf(stream, "%s %%", show(fmax(100 * fabs(share), 0.01), text));
}

/* Whether what is left of a stage's deviation, seen from the flow with drift, is nothing. */
static bool is_explained(const hf_stage_verdict *stage)
{
    const double left = fabs(stage->from_drift.mean);
    return left <= fabs(stage->from_flow.mean) / 4 || left <= 2 * stage->from_drift.error;
}

/* All stages that agree, by the one that deviates most. */
static void print_agreeing(const hf_verdict *v, FILE *stream)
{
    size_t count = 0, disagreeing = 0;
    hf_shift worst = {0, NAN};
    for (size_t l = 0; l < v->stages; l++) {
        const hf_stage_verdict stage = hf_verdict_of(v, l);
        if (!agrees(stage.from_flow)) {
            disagreeing++;
            continue;
        }
        if (count == 0 || fabs(stage.from_flow.mean) > fabs(worst.mean))
            worst = stage.from_flow;
        count++;
    }
    if (count == 0)
        return;
    if (disagreeing > 0)
        fputs(count == 1 ? "The other stage agrees" : "The other stages agree", stream);
    else
        fputs(count == 1 ? "The stage agrees" : "All stages agree", stream);
    fputs(" with the flow's within ", stream);
    print_percent(worst.mean, stream);
    print_errors(v, worst, stream);
    fputs(".\n", stream);
}

/* How much of a stage's deviation the flow with drift has, too. */
static void print_drift(const hf_verdict *v, const hf_stage_verdict *stage, size_t l, FILE *stream)
{
    const hf_shift left = stage->from_drift;
    if (v->t_drift == NULL)
        return;
    if (isnan(v->t_drift[l])) {
        fputs(";\nthe flow with the drift of the noise does not get there", stream);
        return;
    }
    if (fabs(left.mean) >= fabs(stage->from_flow.mean)) {
        fputs(";\nthe drift of the noise does not explain it", stream);
        return;
    }
    fprintf(stream, ";\nthe drift of the noise explains %s: from the flow with it ", is_explained(stage) ? "it" : "a part");
    print_percent(left.mean, stream);
    fputs(" are left", stream);
    print_errors(v, left, stream);
}

static void print_disagreeing(const hf_verdict *v, FILE *stream)
{
    for (size_t l = 0; l < v->stages; l++) {
        const hf_stage_verdict stage = hf_verdict_of(v, l);
        if (stage.reached < v->runs || agrees(stage.from_flow))
            continue;
        fprintf(stream, "Stage %zu comes ", l + 1);
        print_percent(stage.from_flow.mean, stream);
        fprintf(stream, " %s than in the flow", stage.from_flow.mean > 0 ? "later" : "earlier");
        print_errors(v, stage.from_flow, stream);
        print_drift(v, &stage, l, stream);
        fputs(".\n", stream);
    }
}

/* Stages that some runs have not reached. */
static size_t print_missing(const hf_verdict *v, FILE *stream)
{
    size_t count = 0;
    for (size_t l = 0; l < v->stages; l++) {
        const size_t reached = hf_verdict_of(v, l).reached;
        if (reached == v->runs)
            continue;
        count++;
        if (v->runs == 1)
            fprintf(stream, "The run does not get through stage %zu of the flow.\n", l + 1);
        else if (reached == 0)
            fprintf(stream, "None of %zu runs gets through stage %zu of the flow.\n", v->runs, l + 1);
        else
            fprintf(stream, "Only %zu of %zu runs get%s through stage %zu of the flow.\n", reached, v->runs,
                    reached == 1 ? "s" : "", l + 1);
    }
    return count;
}

static void print_own_counts(const hf_verdict *v, FILE *stream)
{
    if (v->fewest > v->most || (v->fewest == v->found && v->most == v->found))
        return;
    fprintf(stream, "The flow has %zu stage%s; searched for stages, the %s ", v->found, v->found == 1 ? "" : "s",
            v->runs == 1 ? "run has" : "runs have");
    if (v->fewest == v->most)
        fprintf(stream, "%zu.\n", v->most);
    else
        fprintf(stream, "%zu to %zu.\n", v->fewest, v->most);
}

void hf_verdict_print(const hf_verdict *v, FILE *stream)
{
    if (v->runs == 0)
        return;
    if (v->stages == 0)
        fputs("The flow has no stage that the runs could be compared by.\n", stream);
    const size_t missing = print_missing(v, stream);
    if (v->timed) {
        print_disagreeing(v, stream);
        print_agreeing(v, stream);
    } else if (missing == 0 && v->stages > 0)
        fprintf(stream, "%s gets through all stages of the flow, in steps that are no flow time.\n", v->optimizer);
    print_own_counts(v, stream);
}
