/* systems: from the parameters of a run to the system that is integrated; a table of all there are. */
#ifndef HF_RUN_SYSTEMS_H
#define HF_RUN_SYSTEMS_H

#include "run/flow_run.h"
#include "system/system.h"

#include <stdio.h>

/* One that may be integrated. */
typedef struct {
    hf_status (*create)(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err);
    const hf_observer_kind *observer; /* for the documentation of its columns */
    const char *const *figures;       /* those of report/plots.c that show its own columns; ended by NULL */
} hf_system_row;

extern const hf_system_row hf_systems[]; /* by hf_system_choice */
extern const size_t hf_system_count;

/* Writes what is to be known of trajectory.tsv: a Markdown section for each system, with name, unit and meaning of its columns. */
void hf_systems_explain(FILE *stream);

/* The system that params->problem.flow.system names, with all it is made of. Errors: HF_EUSAGE (about a key), HF_ENUMERIC,
 * HF_ESYSTEM. Free with hf_owned_system_free. */
hf_status hf_systems_create(const hf_flow_run_params *params, hf_owned_system *made, hf_error *err);

/* Whether a system of that many unknowns has what is to be written. Errors: HF_EUSAGE, about a key. */
hf_status hf_systems_check_output(const hf_output_params *output, size_t unknowns, hf_error *err);

#endif
