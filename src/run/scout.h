/* scout: follows a flow without tables before the run itself, where that must know what is to come.
 *
 * Plateaus and drops are known by what follows them, and a stage begins and settles where the speed is between the two: rows at
 * the times of events, and a run that ends at such an event, need them beforehand. The flow takes the same steps both times. */
#ifndef HF_RUN_SCOUT_H
#define HF_RUN_SCOUT_H

#include "run/flow_run.h"

typedef struct {
    double end;       /* of the run */
    bool met;         /* the event that ends it happens, at end */
    hf_reals times;   /* of events, for rows; owned */
    bool interrupted; /* nothing of this is known */
} hf_scouted;

/* What is to be known of a flow before it runs; where that is nothing, it is not followed. has_tables: rows are wanted. Errors
 * as hf_flow_run. Free scouted->times.at. */
hf_status hf_scout_flow(const hf_flow_run_params *params, const hf_run_options *options, bool has_tables,
                        hf_scouted *scouted, hf_error *err);

#endif
