/* fill: what the rooms need, from the configuration. */
#ifndef HF_CONFIG_FILL_H
#define HF_CONFIG_FILL_H

#include "run/experiment.h"
#include "config/config.h"
#include "detect/params.h"
#include "flow/problem.h"
#include "report/plots.h"
#include "run/string_run.h"
#include "run/token_run.h"

/* The parameters of a problem; reads the state table of init.state. The lists stay the configuration's. Errors: HF_EUSAGE
 * (state table), HF_ESYSTEM. Free with hf_fill_clear_problem. */
hf_status hf_fill_problem(const hf_config *config, hf_problem_params *params, hf_error *err);

/* Legal on zeroed parameters. */
void hf_fill_clear_problem(hf_problem_params *params);

/* The problem that a configuration describes. Errors: those of hf_fill_problem and hf_problem_create, with the place in the
 * model file. Free with hf_problem_free. */
hf_status hf_fill_create_problem(const hf_config *config, hf_problem **problem, hf_error *err);

/* Whether what a configuration describes can be made. Errors: as for the problem. */
hf_status hf_fill_check(const hf_config *config, hf_error *err);

/* What a detector of the flow, or of its training, is told. */
hf_detector_params hf_fill_detector(const hf_config *config);

/* What tables and saved states are known by: the hash in *origin, and that of what a saved state depends on. Errors: HF_ESYSTEM. */
hf_status hf_fill_identity(const hf_config *config, hf_table_origin *origin, uint64_t *state_hash, hf_error *err);

/* The runs that a configuration describes. The lists stay the configuration's; a state table is read. The first two have no
 * identity, which a run without tables does not need. Errors: those of hf_fill_problem, HF_ESYSTEM. Free the first two by hf_fill_clear_problem of their problem, the third with
 * hf_fill_clear_experiment. */
hf_status hf_fill_flow_run(const hf_config *config, hf_flow_run_params *params, hf_error *err);
hf_status hf_fill_train_run(const hf_config *config, hf_train_run_params *params, hf_error *err);
hf_status hf_fill_experiment(const hf_config *config, hf_experiment_params *params, hf_error *err);

/* Legal on zeroed parameters. */
void hf_fill_clear_experiment(hf_experiment_params *params);

/* The training on a Markov chain; reads the teacher and the table of init.state. Errors: HF_EUSAGE (a table), HF_ESYSTEM. Free with
 * hf_fill_clear_token_run, which is legal on zeroed parameters. */
hf_status hf_fill_token_run(const hf_config *config, hf_token_run_params *params, hf_error *err);
void hf_fill_clear_token_run(hf_token_run_params *params);

/* Of hf_config_is_strings; nothing in it is to be freed. Errors: HF_ESYSTEM. */
hf_status hf_fill_string_run(const hf_config *config, hf_string_run_params *params, hf_error *err);

/* What the figures of a run have to know. hash: that of its tables. */
hf_plots_run hf_fill_plots(const hf_config *config, uint64_t hash);

/* What is trained. */
hf_status hf_fill_learner(const hf_config *config, hf_learner_params *params, hf_error *err);

#endif
