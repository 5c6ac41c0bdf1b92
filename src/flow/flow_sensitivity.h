/* flow_sensitivity: how the flow of attention heads answers to its parameters (system/sensitivity.h). */
#ifndef HF_FLOW_FLOW_SENSITIVITY_H
#define HF_FLOW_FLOW_SENSITIVITY_H

#include "system/sensitivity.h"

/* self is an hf_flow, a point an hf_flow_point; parameters are the flow's directions. */
extern const hf_sensitivity_kind hf_flow_sensitivity;

#endif
