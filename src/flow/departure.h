/* departure: which heads learn a pattern together, and who leaves the others.
 *
 * A head moves for pattern j if its share of it grows, and at least a tenth as fast as that of the head whose share grows
 * fastest. An acquisition is competitive if all heads move for the pattern, cooperative if some do and others do not; its
 * head is the one with the largest share among those that move. Shares weight positions by the pattern and values by the
 * feature, so that this also holds where patterns share positions, of which heads that stay elsewhere fit a part. At t = 0,
 * where nothing has moved, the heads that carry at least a tenth of the largest share take the place of those that move. */
#ifndef HF_FLOW_DEPARTURE_H
#define HF_FLOW_DEPARTURE_H

#include "flow/observe.h"
#include "system/event.h"

/* Sets mode, head and value of the acquisition of event->pattern at event->t, from an observation with share rates. */
void hf_departure_acquired(const hf_problem *problem, const hf_observation *observation, hf_event *event);

/* Sets head, other and pattern of a split: of the two heads that overlap least the one whose share of a pattern grows
 * fastest, the other one, and that pattern; at t = 0 head and pattern do not apply. */
void hf_departure_split(const hf_problem *problem, const hf_observation *observation, hf_event *event);

/* A split inside a stage that acquires patterns in cooperation is that departure: takes head and pattern from the
 * acquisition nearest in time among those of the stage by one of the two heads. events: all, with their stages. */
void hf_departure_match(size_t count, hf_event *events);

#endif
