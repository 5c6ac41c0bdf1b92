/* integrator: carries a flow forward in time with CVODE's BDF and the system's own Newton solve, or Krylov iterations.
 *
 * The state of the integration is the system's state and one more component, the dissipated energy Q = integral of P dt, so
 * that |L(0) - L(t) - Q| certifies the accuracy of every run. Steps are taken one by one; a state at any time inside the
 * last step comes from CVODE's own interpolant, which leaves the trajectory alone. At fixed boundaries
 * (hf_integrator_at_boundary) the caller restarts the integration from its state alone, which is what makes a resumed run
 * bit-identical to an uninterrupted one and is where a system may choose its coordinates anew. */
#ifndef HF_INTEGRATE_INTEGRATOR_H
#define HF_INTEGRATE_INTEGRATOR_H

#include "core/error.h"
#include "system/point.h"

#include <stdint.h>

typedef struct hf_integrator hf_integrator;

typedef struct {
    uint64_t steps, evaluations, setups;      /* steps taken, right-hand sides, factorizations */
    uint64_t error_failures, newton_failures; /* step attempts repeated: error too large, Newton did not converge */
} hf_integrator_counts;

/* An integration of a system from its start at t = 0. rtol, atol: what the user wants of the result; the local error
 * is controlled more tightly. The system's self must outlive it; it alone chooses its coordinates meanwhile. Errors:
 * HF_ENUMERIC (not finite at the start), HF_EUSAGE (atol = 0 with a component that is 0), HF_ESYSTEM. Free with
 * hf_integrator_free. */
hf_status hf_integrator_create(hf_integrator **integrator, hf_system system, double rtol, double atol, hf_error *err);

void hf_integrator_free(hf_integrator *integrator);

/* One step. Errors: HF_ENUMERIC (says in words why, at which time, which component). */
hf_status hf_integrator_step(hf_integrator *integrator, hf_error *err);

/* What is integrated. */
const hf_system *hf_integrator_system(const hf_integrator *integrator);

/* The time reached, and where the last step started. */
double hf_integrator_time(const hf_integrator *integrator);
double hf_integrator_previous_time(const hf_integrator *integrator);

/* The loss there, of the last iterate: for people to follow. */
double hf_integrator_loss(const hf_integrator *integrator);

/* The point that it evaluates at. Between two steps, and once hf_integrator_near has been asked, others may evaluate there as well:
 * of a large problem two would be the larger part of a run's memory. */
hf_point *hf_integrator_point(hf_integrator *integrator);

/* State (size of the system's) and energy at a time within the last step. */
void hf_integrator_interpolate(hf_integrator *integrator, double t, double *y, double *energy);

/* The loss and P at the end of the last step without an evaluation there: from the point of the last one, which is where Newton's last
 * iteration started, and the velocity of the interpolant. They are as good as the step is, the loss nearly as good as an
 * evaluation. *point: that point. False: the system does not know. */
bool hf_integrator_near(hf_integrator *integrator, double *loss, double *speed, const hf_point **point);

/* Whether the last step was the last before a boundary. Boundaries are a fixed number of steps apart, fewer for larger
 * systems. */
bool hf_integrator_at_boundary(const hf_integrator *integrator);

/* Chooses the coordinates anew and starts again from the state reached. Errors: HF_ENUMERIC, HF_ESYSTEM. */
hf_status hf_integrator_restart(hf_integrator *integrator, hf_error *err);

/* Everything a restart depends on: time, state (size of the system's) in its present coordinates, energy, counts. */
typedef struct {
    double t, energy;
    hf_integrator_counts counts;
    double *y;
} hf_integrator_state;

/* Copies the state just after a restart; y is the caller's memory. */
void hf_integrator_save(const hf_integrator *integrator, hf_integrator_state *state);

/* Goes on from a saved state; the system must already use the coordinates the state was saved in. Errors as for restart. */
hf_status hf_integrator_load(hf_integrator *integrator, const hf_integrator_state *state, hf_error *err);

/* The formula of the last step, for those who follow it (variation.h): its order and the rtol of the local error. */
size_t hf_integrator_order(const hf_integrator *integrator);
double hf_integrator_local_rtol(const hf_integrator *integrator);

/* x = (I - gamma J)^-1 b with the factorization that the system's Newton solve has left, and its gamma. b, x: (size of the
 * system's), apart. */
double hf_integrator_solve(hf_integrator *integrator, const double *b, double *x);

/* Steps taken so far. */
uint64_t hf_integrator_steps(const hf_integrator *integrator);

hf_integrator_counts hf_integrator_statistics(const hf_integrator *integrator);

#endif
