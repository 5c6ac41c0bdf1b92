/* systems: from the parameters of a run to the system that is integrated; a table of all there are. */
#ifndef HF_RUN_SYSTEMS_H
#define HF_RUN_SYSTEMS_H

#include "run/flow_run.h"
#include "system/system.h"

/* The system that params->problem.flow.system names, with all it is made of. Errors: HF_EUSAGE (about a key), HF_ENUMERIC,
 * HF_ESYSTEM. Free with hf_owned_system_free. */
hf_status hf_systems_create(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err);

#endif
