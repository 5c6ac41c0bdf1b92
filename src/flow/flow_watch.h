/* flow_watch: what is special for attention heads in tables and among events: columns, the table of attention, signals (overlap,
 * shares), saddles; the parts of flow_system's table. */
#ifndef HF_FLOW_FLOW_WATCH_H
#define HF_FLOW_FLOW_WATCH_H

#include "system/system.h"

extern const hf_observer_kind hf_flow_observer; /* an observer is an hf_observation */
extern const hf_watch_kind hf_flow_watch;
extern const hf_curvature_kind hf_flow_curvature;

#endif
