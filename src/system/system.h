/* system: the equations y' = f(y) of a flow that goes down a loss, as those see them who integrate it, look for its plateaus
 * and write its tables: a table of functions, and the data they work on.
 *
 * A flow implements one hf_system_kind and hands out an hf_system. `self` is the equations and the coordinates they are written in;
 * `point` is what they are at one state, with memory for work: as many as are wanted are made, and none knows of another. What
 * takes one of them as const leaves it as it is, memory for work included. Points are used through point.h. */
#ifndef HF_SYSTEM_SYSTEM_H
#define HF_SYSTEM_SYSTEM_H

#include "core/error.h"
#include "system/observer.h"
#include "system/sensitivity.h"
#include "system/watch.h"

#include <stdbool.h>
#include <stddef.h>

/* Coordinates whose errors are weighed together, first .. first + count - 1. Every group counts the same in the error norm,
 * however many coordinates it has.
 * - plain: relative to each coordinate, or to the root mean square of all where one passes through 0, or absolute (atol
 *   times the system's unit) while all are small;
 * - contrast: relative to the root mean square and never absolute, so that it may be as small as numbers are. It is only
 *   known as well as rounding in its partner lets it be: a thousandth of that group's size counts as its own. */
typedef struct {
    size_t first, count;
    bool is_contrast;
    size_t partner; /* of a contrast: another group */
} hf_error_group;

/* A Newton solve of the system's own: (I - gamma J) x = b. */
typedef struct {
    hf_status (*create)(void **newton, const void *self, hf_error *err); /* Errors: HF_ESYSTEM */
    void (*free)(void *newton);                                          /* NULL is legal */
    bool (*setup)(void *newton, const void *point, double gamma); /* factors there; false: singular or not finite */
    void (*solve)(void *newton, const double *b, double *x); /* with the last factorization; b, x: (size), apart */
} hf_newton_kind;

typedef struct {
    const char *name;
    const char *remedy; /* what a user can do when something overflows: "lower ..." */

    void (*start)(const void *self, double *y); /* the initial state; y: (size) */

    hf_status (*point_create)(void **point, const void *self, hf_error *err); /* at no state yet. Errors: HF_ESYSTEM */
    void (*point_free)(void *point);                                          /* NULL is legal */
    bool (*at)(void *point, const double *y); /* evaluates at y; false if something is not finite */

    /* At the state of `at`: */
    void (*energy)(const void *point, double *loss, double *speed);       /* L and P = -dL/dt */
    void (*velocity)(const void *point, double *velocity);                /* y'; (size) */
    void (*jacobian_times)(void *point, const double *x, double *result); /* J x, the velocity's derivative along x */
    double (*speed_rate)(void *point);                                    /* dP/dt along the flow */

    /* What can be said without an evaluation at y, close to the state `from` of `at`, where the velocity is known (all (size)): L up
     * to the third order of the distance, and P. NULL, or false: only `at` can tell. */
    bool (*near)(const void *point, const double *from, const double *y, const double *velocity, double *loss, double *speed);

    /* Chooses the coordinates anew from the state y, at a restart, and rewrites y in them; points are to be evaluated anew. NULL: they
     * are always the same. Errors: HF_ESYSTEM (self and y unchanged). */
    hf_status (*rebase)(void *self, double *y, hf_error *err);

    /* Names what is not finite in a state or velocity where that is not a coordinate of its own; false: all are finite. NULL: the first
     * such coordinate is named. */
    bool (*blame)(const void *self, const double *y, char *text, size_t capacity);

    /* Names coordinate index, as in "mean logit at position 7". */
    void (*coordinate_name)(const void *self, size_t index, char *text, size_t capacity);

    /* What chose the coordinates, for a saved state: so many numbers; NULL: they are always the same. Errors: HF_ESYSTEM. */
    size_t (*basis_size)(const void *self);
    void (*save_basis)(const void *self, double *basis);
    hf_status (*use_basis)(void *self, const double *basis, hf_error *err);

    const hf_newton_kind *newton; /* NULL: the integrator solves by Krylov iterations with jacobian_times */
    const hf_observer_kind *observer;
    const hf_watch_kind *watch;
    const hf_curvature_kind *curvature; /* NULL: saddles are not analyzed */
    const hf_sensitivity_kind *sensitivity; /* NULL: it has no derivatives with respect to parameters */
} hf_system_kind;

typedef struct {
    const hf_system_kind *kind;
    void *self;         /* not owned */
    size_t size;        /* of a state */
    double unit;        /* size of a coordinate for which atol is meant: 1, or sqrt(H) for the mean of H heads by modes */
    size_t group_count; /* groups cover all coordinates, each once */
    const hf_error_group *group; /* (group_count), self's */
} hf_system;

/* A system and what it is made of. */
typedef struct {
    hf_system system;
    void *owner;
    void (*free)(void *owner); /* NULL: nothing is owned */
} hf_owned_system;

/* Legal on a zeroed one. */
void hf_owned_system_free(hf_owned_system *owned);

/* Names what is not finite in a state or velocity y, (size); false: all are finite. */
bool hf_system_blame(const hf_system *system, const double *y, char *text, size_t capacity);

/* Whether the velocity is no gradient, so that P may be 0 or negative where the state rests. */
bool hf_system_may_rest(const hf_system *system);

#endif
