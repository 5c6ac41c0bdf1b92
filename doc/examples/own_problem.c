/* A problem of one's own, from text: at which strength of the second pattern do the stages merge? Integrates in memory, once for
 * every strength, and prints the stages and when the heads part.
 *
 *     cc own_problem.c $(pkg-config --cflags --libs headflow) -o own_problem && ./own_problem */
#include <headflow.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char model[] = "heads = 2; positions = 12;\n"
                            "target = { strengths = (2.0, 1.0); patterns = ((1), (2)); };\n"
                            "init = { perturbation = 1e-3; seed = 1; };\n"
                            "solver = { t_end = 1e4; };\n"
                            "output = { points = 20; attention = false; };\n";

/* The first time of an event of this name; nan: there is none. */
static double time_of(const hf_frame *events, const char *name)
{
    for (size_t i = 0; i < hf_frame_rows(events); i++) {
        const char *event = hf_frame_word(events, i, "event");
        if (event != NULL && strcmp(event, name) == 0)
            return hf_frame_get(events, i, "t");
    }
    return NAN;
}

/* Runs the model with one strength; the number of its stages, or -1. */
static int run(double strength, hf_error *err)
{
    hf_job *job = NULL;
    hf_outcome *outcome = NULL;
    const hf_frame *stages, *events;
    char setting[80];
    int count = -1;
    snprintf(setting, sizeof setting, "target.strengths=(2.0, %.17g)", strength);
    if (hf_job_parse(&job, "two patterns", model, NULL, err) == HF_OK && hf_job_set(job, setting, err) == HF_OK &&
        hf_job_run(job, &outcome, err) == HF_OK && hf_outcome_frame(outcome, "stages", &stages, err) == HF_OK &&
        hf_outcome_frame(outcome, "events", &events, err) == HF_OK) {
        count = (int)hf_frame_rows(stages);
        printf("strength %.2f: heads part at t = %.5g\n", strength, time_of(events, "split"));
        for (int i = 0; i < count; i++) {
            const char *mode = hf_frame_word(stages, (size_t)i, "mode");
            printf("  stage %d: fastest at t = %.5g, to the loss %.5g, pattern %.0f, %s\n", i + 1,
                   hf_frame_get(stages, (size_t)i, "t_peak"), hf_frame_get(stages, (size_t)i, "loss_after"),
                   hf_frame_get(stages, (size_t)i, "pattern"), mode == NULL ? "-" : mode);
        }
    }
    hf_outcome_free(outcome);
    hf_job_free(job);
    return count;
}

int main(void)
{
    static const double strengths[] = {0.8, 1.4, 1.9};
    hf_error err;
    hf_prepare_process();
    for (size_t i = 0; i < sizeof strengths / sizeof *strengths; i++)
        if (run(strengths[i], &err) < 0) {
            fprintf(stderr, "own_problem: %s\n", err.message);
            return (int)err.status;
        }
    return 0;
}
