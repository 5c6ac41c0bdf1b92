/* event: what can happen to a system on its way. */
#ifndef HF_SYSTEM_EVENT_H
#define HF_SYSTEM_EVENT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    HF_EVENT_PLATEAU,
    HF_EVENT_DROP,
    HF_EVENT_ONSET,
    HF_EVENT_SETTLE,
    HF_EVENT_ACQUIRED,
    HF_EVENT_SPLIT,
    HF_EVENT_EMERGED,
    HF_EVENT_STOP
} hf_event_kind;

extern const char *const hf_event_names[]; /* by kind, ended by NULL */

/* An event to wait for. number: of the pattern, stage or plateau; 0: the first one after the start. */
typedef struct {
    bool wanted;
    hf_event_kind kind;
    size_t number;
} hf_awaited_event;

/* What "NAME" or "NAME=NUMBER" waits for. False: it is no event, or no number from 1 on follows. */
bool hf_event_await(const char *text, hf_awaited_event *awaited);

/* Whether the event is a signal's crossing, known when it happens. Others are known by what follows: a plateau by the drop behind
 * it. */
bool hf_event_is_crossing(hf_event_kind kind);

/* Whether something that happens at time t to pattern, stage or plateau number is what is waited for. */
bool hf_event_is_awaited(const hf_awaited_event *awaited, hf_event_kind kind, size_t number, double t);

typedef enum { HF_MODE_NONE, HF_MODE_COMPETITIVE, HF_MODE_COOPERATIVE } hf_mode;

extern const char *const hf_mode_names[]; /* by mode, as tables say them: none is nan */

/* stage, head and pattern count from 1; 0: does not apply. Stage 0 is before the first onset. t is 0 for what holds at the
 * start, and for nothing else but a plateau. */
typedef struct {
    hf_event_kind kind;
    hf_mode mode; /* acquired, of two heads or more: whether all of them move for it together (flow/departure.h) */
    double t, loss;
    size_t stage, head, pattern;
    size_t other; /* split: the head that the one that leaves overlaps least with */
    double value; /* plateau, drop, onset, settle, stop: speed; acquired: the carrier's share; split: overlap; emerged: loss
                     / L(0), on the test data where there are any */
} hf_event;

#endif
