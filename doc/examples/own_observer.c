/* An observer of one's own: follows a flow row by row, keeps the entropy of how the heads share each pattern, and stops the run once
 * every pattern has one owner.
 *
 *     cc own_observer.c $(pkg-config --cflags --libs headflow) -lm -o own_observer && ./own_observer model.conf */
#include <headflow.h>

#include <math.h>
#include <stdio.h>

enum { HEADS = 3, PATTERNS = 3 };

typedef struct {
    double highest, last, t; /* entropy, in bits: the highest so far and that of the last row; when */
    size_t rows;
} observer;

/* How evenly the heads share pattern j: 0, one has it all; log2 of their number, they share it alike. */
static double entropy_of(const hf_frame *rows, int pattern)
{
    const size_t last = hf_frame_rows(rows) - 1;
    double share[HEADS], sum = 0, entropy = 0;
    char column[40];
    for (int h = 0; h < HEADS; h++) {
        snprintf(column, sizeof column, "share_%d_%d", h + 1, pattern + 1);
        share[h] = fabs(hf_frame_get(rows, last, column));
        sum += share[h];
    }
    for (int h = 0; h < HEADS; h++)
        if (sum > 0 && share[h] > 0)
            entropy -= share[h] / sum * log2(share[h] / sum);
    return entropy;
}

static bool look(void *data, double t, double loss, double speed, const hf_frame *rows)
{
    observer *o = data;
    double entropy = 0;
    for (int j = 0; j < PATTERNS; j++)
        entropy += entropy_of(rows, j) / PATTERNS;
    if (o->rows++ % 50 == 0)
        printf("t = %-10.5g loss %-10.5g speed %-10.5g entropy %.4f bits\n", t, loss, speed, entropy);
    o->highest = fmax(o->highest, entropy);
    o->last = entropy;
    o->t = t;
    return loss > 0.1 || entropy > 0.1; /* false: it has seen enough */
}

int main(int argc, char *argv[])
{
    hf_error err;
    hf_job *job = NULL;
    hf_outcome *outcome = NULL;
    const hf_frame *summary;
    observer o = {.t = 0};
    hf_prepare_process();
    hf_status status = hf_job_open(&job, argc > 1 ? argv[1] : "three-stage.conf", &err);
    if (status == HF_OK) {
        hf_job_watch(job, look, &o);
        status = hf_job_run(job, &outcome, &err);
    }
    if (status == HF_OK)
        status = hf_outcome_frame(outcome, "summary", &summary, &err);
    if (status == HF_OK)
        printf("stopped by the %s at t = %.5g: entropy %.4f bits, at most %.4f\n", hf_frame_word(summary, 0, "stop"), o.t, o.last,
               o.highest);
    else
        fprintf(stderr, "own_observer: %s\n", err.message);
    hf_outcome_free(outcome);
    hf_job_free(job);
    return (int)status;
}
