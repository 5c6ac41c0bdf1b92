/* point: a system at one state. */
#ifndef HF_SYSTEM_POINT_H
#define HF_SYSTEM_POINT_H

#include "system/system.h"

typedef struct {
    hf_system system;
    void *self; /* the system's own, for its functions; owned */
} hf_point;

/* A point of a system, at no state yet. The system's self must outlive it. Errors: HF_ESYSTEM. Free with hf_point_clear. */
hf_status hf_point_init(hf_point *point, const hf_system *system, hf_error *err);

/* Legal on a zeroed point. */
void hf_point_clear(hf_point *point);

/* Evaluates the system at y (size of a state). False if something is not finite. What follows refers to that state, until the
 * system's coordinates are chosen anew. */
bool hf_point_at(hf_point *point, const double *y);

/* L and P = -dL/dt. */
void hf_point_energy(const hf_point *point, double *loss, double *speed);
double hf_point_loss(const hf_point *point);
double hf_point_speed(const hf_point *point);

/* dP/dt along the flow. */
double hf_point_speed_rate(hf_point *point);

/* The speed that counts as rest, where hf_system_may_rest; else 0. */
double hf_point_rest(const hf_point *point);

#endif
