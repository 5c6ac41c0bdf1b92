/* sensitivities: what moves the events of a flow, as a table (sensitivities.tsv) and for the eye. */
#ifndef HF_REPORT_SENSITIVITIES_H
#define HF_REPORT_SENSITIVITIES_H

#include "report/table.h"
#include "system/event.h"

#include <stdio.h>

/* Why there is no derivative. */
typedef enum {
    HF_WHY_DEFINED,    /* there is one */
    HF_WHY_AT_START,   /* what holds at t = 0 has no time of its own */
    HF_WHY_CENSORED,   /* the run ends before it is known: the speed is lowest, or highest, at the end */
    HF_WHY_AT_REST,    /* the speed is what rounding, or the tolerance, leaves of it */
    HF_WHY_TOUCHES     /* the number only touches its threshold */
} hf_why;

/* Of one number at one event along one parameter. */
typedef struct {
    hf_event_kind event;
    size_t stage, head, pattern; /* of the event */
    double t;                    /* likewise */
    size_t parameter;
    char quantity[40]; /* t, loss, speed, overlap, share_<h>_<j> */
    double value, derivative;
    hf_why why;
} hf_sensitivity_row;

typedef struct {
    size_t count, capacity;
    hf_sensitivity_row *row; /* (count) by event, in order of time, quantity and parameter; owned */
    size_t parameter_count;
    char (*parameter)[32]; /* (parameter_count) owned */
} hf_sensitivities;

/* Legal on zeroed ones. */
void hf_sensitivities_clear(hf_sensitivities *sensitivities);

/* What stands in the table; the list ends with NULL. */
extern const hf_table_kind *const hf_sensitivities_tables[];

/* directory is still to be synced (hf_file_finish). Errors: HF_ESYSTEM. */
hf_status hf_sensitivities_write(const hf_sensitivities *sensitivities, const char *directory, const hf_table_origin *origin,
                                 hf_error *err);
hf_status hf_sensitivities_keep(const hf_sensitivities *sensitivities, hf_frames *frames, hf_error *err);

/* The times of all events and their relative derivatives, a column for every parameter. */
void hf_sensitivities_print(const hf_sensitivities *sensitivities, FILE *stream);

#endif
