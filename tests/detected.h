/* detected: a flow integrated to its end with a detector at work, for the tests of what is found. */
#ifndef HF_TESTS_DETECTED_H
#define HF_TESTS_DETECTED_H

#include "config/config.h"
#include "detect/detector.h"
#include "flow/flow.h"

typedef struct {
    hf_config config;
    hf_problem *problem;
    hf_flow *flow;
    hf_findings findings;
    double t; /* where it ended */
} detected_run;

/* Runs the model file's text; a failure fails the test. Free with clear_run. */
void detect(detected_run *run, const char *text);
void detect_with(detected_run *run, const char *text, size_t count, const char *const *settings); /* path=value */
void detect_by(detected_run *run, const char *text, size_t count, const char *const *settings,
               bool glances); /* false: by an evaluation at the end of every step */
void clear_run(detected_run *run);

size_t count_events(const hf_findings *f, hf_event_kind kind);

/* Number index (from 0) of a kind, in order of time; it must be there. */
const hf_event *event_of(const hf_findings *f, hf_event_kind kind, size_t index);

#endif
