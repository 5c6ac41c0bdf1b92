/* Equations of one's own: a deep linear network with one unit in each of two layers for every mode i, which learns the strengths m_i:
 * L = 1/2 sum_i (m_i - a_i b_i)^2. From a_i = b_i = 1e-3 mode i is half learned at ln(m_i / 1e-6 - 1) / 2 m_i: compared here.
 *
 *     cc own_system.c $(pkg-config --cflags --libs headflow) -lm -o own_system && ./own_system */
#include <headflow.h>

#include <math.h>
#include <stdio.h>

enum { MODES = 3 };

static const double strength[MODES] = {4.0, 2.0, 1.0};

/* y holds a_1, b_1, a_2, b_2, ... */
static void start(void *self, double *y)
{
    (void)self;
    for (int i = 0; i < 2 * MODES; i++)
        y[i] = 1e-3;
}

static double loss(void *self, const double *y)
{
    double sum = 0;
    (void)self;
    for (int i = 0; i < MODES; i++)
        sum += pow(strength[i] - y[2 * i] * y[2 * i + 1], 2) / 2;
    return sum;
}

static void velocity(void *self, const double *y, double *v)
{
    (void)self;
    for (int i = 0; i < MODES; i++) {
        const double missing = strength[i] - y[2 * i] * y[2 * i + 1];
        v[2 * i] = y[2 * i + 1] * missing;
        v[2 * i + 1] = y[2 * i] * missing;
    }
}

static double known(void *self, const double *y, size_t mode)
{
    (void)self;
    return y[2 * mode] * y[2 * mode + 1] / strength[mode];
}

static void observe(void *self, const double *y, double *values)
{
    for (size_t i = 0; i < MODES; i++)
        values[i] = known(self, y, i);
}

int main(void)
{
    const hf_equations equations = {.size = sizeof equations, .name = "deep linear network", .unknowns = 2 * MODES, .start = start,
                                    .loss = loss, .velocity = velocity, .column_count = MODES,
                                    .column = (const char *const[]){"first", "second", "third"}, .observe = observe, .pattern_count = MODES, .known = known};
    hf_error err;
    hf_job *job = NULL;
    hf_outcome *outcome = NULL;
    const hf_frame *learned = NULL;
    double worst = 0;
    hf_prepare_process();
    hf_status status = hf_job_solve(&job, &equations, &err);
    if (status == HF_OK && (status = hf_job_set(job, "solver.t_end=30", &err)) == HF_OK)
        status = hf_job_run(job, &outcome, &err);
    if (status == HF_OK)
        status = hf_outcome_frame(outcome, "acquisitions", &learned, &err);
    if (status != HF_OK)
        fprintf(stderr, "own_system: %s\n", err.message);
    for (size_t i = 0; status == HF_OK && i < hf_frame_rows(learned); i++) {
        const double t = hf_frame_get(learned, i, "t"), m = strength[(int)hf_frame_get(learned, i, "pattern") - 1];
        const double exact = log(m / 1e-6 - 1) / (2 * m);
        printf("strength %g is half learned at t = %.7f, exactly %.7f\n", m, t, exact);
        worst = fmax(worst, fabs(t / exact - 1));
    }
    hf_outcome_free(outcome);
    hf_job_free(job);
    return status != HF_OK ? (int)status : worst < 1e-6 ? 0 : 1;
}
