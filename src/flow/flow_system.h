/* flow_system: the flow of attention heads as a system that can be integrated. */
#ifndef HF_FLOW_FLOW_SYSTEM_H
#define HF_FLOW_FLOW_SYSTEM_H

#include "flow/flow.h"
#include "system/system.h"

/* The system whose self is flow: groups are the values and the logits of the mean head and of every contrast. */
hf_system hf_flow_system(hf_flow *flow);

#endif
