/* flow_run: from a problem to a directory of tables: integrates, observes at the output times, stops, saves and
 * resumes. */
#ifndef HF_RUN_FLOW_RUN_H
#define HF_RUN_FLOW_RUN_H

#include "core/error.h"
#include "detect/detector.h"
#include "detect/params.h"
#include "flow/problem.h"
#include "integrate/integrator.h"
#include "report/table.h"
#include "run/params.h"

#include <signal.h>
#include <stdbool.h>

/* What is integrated, how far, and what is looked for and written. The lists are somebody else's. */
typedef struct {
    hf_problem_params problem;     /* of attention heads; of every system: heads, init, and which one it is, flow.system */
    hf_in_context_task in_context; /* of that system */
    const char *directory;         /* that init.state starts from */
    hf_solver_params solver;
    hf_output_params output;
    hf_detector_params detector;
    hf_table_origin origin;
    uint64_t state_hash; /* of what a saved state depends on */
} hf_flow_run_params;

typedef struct {
    const char *part; /* of the experiment; NULL: it is the only one */
    double t, t_first, t_end, loss;
    size_t steps, stages; /* of the integrator; begun so far */
} hf_progress;

typedef struct {
    const char *directory;                    /* of the tables; exists. NULL: nothing is written, saved or resumed */
    const char *part;                         /* for the progress */
    bool resume;                              /* go on from the saved state if there is one */
    bool judge_end;                           /* fill summary.censored */
    const volatile sig_atomic_t *interrupted; /* not 0: stop after the present step; may be NULL */
    void (*progress)(void *data, const hf_progress *progress); /* called after every step; may be NULL */
    void *progress_data;
} hf_run_options;

typedef enum { HF_STOP_TIME, HF_STOP_LOSS, HF_STOP_INTERRUPTED } hf_stop;

typedef struct {
    hf_stop stop;
    bool
        already_complete; /* resume found a finished run of the same configuration: nothing was done, the rest is not set */
    bool resumed;         /* went on from a saved state */
    double t, loss_start, loss;
    double overlap; /* of the heads; nan: the system has none that could */
    double energy_defect; /* |L(0) - L(t) - dissipated energy| / L(0) */
    double drift;         /* of what the flow conserves, and */
    const char *conserved; /* what that is: "the mean logit"; NULL: nothing is known to be */
    double censored;      /* whether more was to come, see detect/reach.h; nan: not judged, or not known */
    hf_integrator_counts counts;
    size_t heads, patterns; /* 0: the system has no shares */
    double *share;        /* (heads, patterns) at the end; owned */
    hf_findings findings; /* empty unless the run has ended by itself */
} hf_run_summary;

/* Integrates; free the summary with hf_run_summary_clear. After an interruption or an error the tables so far stay under their
 * temporary names and complete ones of an earlier run are left alone. Errors: HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_flow_run(const hf_flow_run_params *params, const hf_run_options *options, hf_run_summary *summary,
                      hf_error *err);

/* Whether an energy defect is what a tolerance promises: at most 200 times that (which the tests of the integrator hold it to,
 * over geometries, rates, decay and drift, from 1e-4 to 1e-12; shipped models: at most 70), rounding aside, and at most a
 * hundredth of the loss. */
bool hf_run_is_accurate(double energy_defect, double rtol);

/* Legal on a zeroed summary. */
void hf_run_summary_clear(hf_run_summary *summary);

/* Output time number index of the grid, 0 for t = 0 and 1..points for t_first..t_end. A time that two grids share as an
 * exact fraction of the way has the same bits in both. */
double hf_output_time(const hf_output_params *output, double t_end, size_t index);

#endif
