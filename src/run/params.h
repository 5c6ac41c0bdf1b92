/* params: how far a run goes and what it writes. */
#ifndef HF_RUN_PARAMS_H
#define HF_RUN_PARAMS_H

#include "core/lists.h"
#include "system/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { HF_SPACING_LOG, HF_SPACING_LINEAR } hf_spacing;

/* How far, and how accurately. */
typedef struct {
    double t_end, rtol, atol, stop_loss;
    uint64_t max_steps;
    char *stop;               /* the event that ends the run, as a model file says it; NULL: none */
    hf_awaited_event stop_at; /* the same, read */
} hf_solver_params;

/* Times of the tables and what stands in them. */
typedef struct {
    size_t points;
    hf_spacing spacing;
    double t_first;
    bool attention, states, plots;
    hf_reals times;  /* of further rows, ascending */
    bool at_events;  /* rows of a flow at the times of its events, too */
    size_t spectrum; /* number of lowest eigenvalues of the Hessian written at every output time; 0: none */
    hf_strings phase; /* two columns of the trajectory, drawn against each other; or none */
    hf_numbers maps; /* steps of a training on tokens after which attention maps are written, ascending */
    size_t slices;       /* random lines through the parameters at the end along which the loss is looked at; 0: none */
    double slice_radius; /* how far */
} hf_output_params;

/* What the derivatives of events are taken with respect to. */
typedef struct {
    hf_strings to; /* names of parameters; empty: none */
} hf_sensitivity_params;

#endif
