/* flow_run: from a problem to a directory of tables: integrates, observes at the output times, stops, saves and
 * resumes. */
#ifndef HF_RUN_FLOW_RUN_H
#define HF_RUN_FLOW_RUN_H

#include "core/error.h"
#include "detect/params.h"
#include "flow/problem.h"
#include "report/table.h"
#include "run/params.h"
#include "run/run.h"

/* What is integrated, how far, and what is looked for and written. The lists are somebody else's. */
typedef struct {
    hf_problem_params problem;     /* of attention heads; of every system: heads, init, and which one it is, flow.system */
    hf_in_context_task in_context; /* of that system */
    hf_content_task content;       /* likewise */
    const char *directory;         /* that init.state starts from */
    hf_solver_params solver;
    hf_output_params output;
    hf_sensitivity_params sensitivity;
    hf_detector_params detector;
    hf_table_origin origin;
    uint64_t state_hash; /* of what a saved state depends on */
    const hf_system *own; /* what is integrated in place of all that; must outlive the run. NULL: that */
} hf_flow_run_params;

/* Integrates; free the summary with hf_run_summary_clear. After an interruption or an error the tables so far stay under their
 * temporary names and complete ones of an earlier run are left alone. Errors: HF_EUSAGE, HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_flow_run(const hf_flow_run_params *params, const hf_run_options *options, hf_run_summary *summary,
                      hf_error *err);

/* Whether an energy defect is what a tolerance promises: at most 200 times that (which the tests of the integrator hold it to,
 * over geometries, rates, decay and drift, from 1e-4 to 1e-12; shipped models: at most 70), rounding aside, and at most a
 * hundredth of the loss. */
bool hf_run_is_accurate(double energy_defect, double rtol);

#endif
