#include "integrate/integrator.h"

#include "core/blas.h"
#include "core/simd.h"
#include "integrate/sundials_compat.h"
#include "integrate/vector.h"

#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_linearsolver.h>
#include <sundials/sundials_matrix.h>
#include <sunlinsol/sunlinsol_spgmr.h>

/* Vectors that CVODE makes of ours, BDF to order 5 with a Newton iteration, and with Krylov's 20 directions; and those made here. */
enum { CLONES = 24, CLONES_KRYLOV = CLONES + 24 };

enum { STILL = 100 }; /* steps without time: a start may have a few of them */

struct hf_integrator {
    hf_system system;
    hf_point point;              /* where it is evaluated */
    void *newton;                /* the system's own; NULL: Krylov iterations */
    double rtol, atol;           /* of the local error */
    size_t size;                 /* of the system's state; the energy is component size */
    double t, t_previous, loss;  /* loss: of the last evaluation */
    size_t still;                /* steps in a row that were too short for the time to change */
    double gamma;                /* of newton's last factorization */
    hf_integrator_counts counts; /* up to the last restart */
    char not_finite[128];        /* the component that was not finite last; "" if none was */
    double not_finite_time;

    SUNContext context;
    void *cvode;
    SUNLinearSolver solver;
    SUNMatrix matrix; /* empty: the factorization lives in newton; NULL without one */
    N_Vector y, scratch;
    double *evaluated; /* (size) the state of the last evaluation; NULL: the system says nothing near it */
};

/* ---- what CVODE calls ---- */

static void remember_not_finite(hf_integrator *it, double t, const double *y, const double *velocity)
{
    const hf_system *system = &it->system;
    it->not_finite_time = t;
    char *text = it->not_finite;
    size_t capacity = sizeof it->not_finite;
    if (hf_system_blame(system, y, text, capacity))
        return;
    if (hf_system_blame(system, velocity, text, capacity)) {
        char name[sizeof it->not_finite];
        snprintf(name, sizeof name, "%s", text);
        snprintf(text, capacity, "velocity of the %.100s", name);
        return;
    }
    snprintf(text, capacity, "%s", isfinite(hf_point_loss(&it->point)) ? "speed -dL/dt" : "loss");
}

/* The system at y: its velocity, and P as that of the energy. False if something is not finite. */
static bool evaluate(hf_integrator *it, const double *y, double *velocity)
{
    const bool finite = hf_point_at(&it->point, y);
    if (it->evaluated != NULL)
        memcpy(it->evaluated, y, it->size * sizeof *y);
    it->system.kind->velocity(it->point.self, velocity);
    hf_point_energy(&it->point, &it->loss, &velocity[it->size]);
    return finite;
}

/* A state that is not finite, or whose velocity is not, asks CVODE for a smaller step. */
static int right_hand_side(sunrealtype t, N_Vector state, N_Vector velocity, void *data)
{
    hf_integrator *it = data;
    const double *y = NV_DATA_S(state);
    double *dy = NV_DATA_S(velocity);
    if (evaluate(it, y, dy))
        return 0;
    remember_not_finite(it, t, y, dy);
    return 1;
}

static int set_up(sunrealtype t, N_Vector state, N_Vector velocity, SUNMatrix matrix, sunbooleantype may_reuse,
                  sunbooleantype *is_current, sunrealtype gamma, void *data, N_Vector scratch1, N_Vector scratch2,
                  N_Vector scratch3)
{
    (void)t, (void)velocity, (void)matrix, (void)may_reuse, (void)scratch1, (void)scratch2, (void)scratch3;
    hf_integrator *it = data;
    *is_current = SUNTRUE;
    it->gamma = gamma;
    const bool good =
        hf_point_at(&it->point, NV_DATA_S(state)) && it->system.kind->newton->setup(it->newton, it->point.self, gamma);
    return good ? 0 : 1;
}

/* The energy does not act back on the flow: its row of the Newton matrix is the identity. */
static int solve(SUNLinearSolver solver, SUNMatrix matrix, N_Vector x, N_Vector b, sunrealtype tolerance)
{
    (void)matrix, (void)tolerance;
    hf_integrator *it = solver->content;
    const double *right = NV_DATA_S(b);
    double *left = NV_DATA_S(it->scratch);
    it->system.kind->newton->solve(it->newton, right, left);
    left[it->size] = right[it->size];
    N_VScale(1, it->scratch, x);
    return 0;
}

/* Without a Newton solve of the system's own: before a series of products with J, and each of them. */
static int prepare_products(sunrealtype t, N_Vector state, N_Vector velocity, void *data)
{
    (void)t, (void)velocity;
    hf_integrator *it = data;
    return hf_point_at(&it->point, NV_DATA_S(state)) ? 0 : 1;
}

static int multiply(N_Vector x, N_Vector result, sunrealtype t, N_Vector state, N_Vector velocity, void *data,
                    N_Vector scratch)
{
    (void)t, (void)state, (void)velocity, (void)scratch;
    hf_integrator *it = data;
    it->system.kind->jacobian_times(it->point.self, NV_DATA_S(x), NV_DATA_S(result));
    NV_DATA_S(result)[it->size] = 0;
    return 0;
}

/* Weights of one group so that every group, and the energy, counts the same in CVODE's norm. */
static double balance(const hf_integrator *it, size_t group_size)
{
    size_t groups = it->system.group_count + 1;
    return sqrt((double)(it->size + 1) / (double)(groups * group_size));
}

/* sqrt(mean of squares), safe against underflow and overflow. */
HF_CLONES static double root_mean_square(size_t count, const double *y)
{
    const double least = 1e-200, most = 1e200; /* sums of squares that have lost no digit to either */
    double largest = 0, sum = 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < count; i++)
        sum += y[i] * y[i];
    if (sum > least && sum < most)
        return sqrt(sum / (double)count);
    sum = 0;
    HF_SIMD_MAX(largest)
    for (size_t i = 0; i < count; i++)
        largest = fabs(y[i]) > largest ? fabs(y[i]) : largest;
    if (largest == 0)
        return 0;
    HF_SIMD_SUM(sum)
    for (size_t i = 0; i < count; i++)
        sum += y[i] / largest * (y[i] / largest);
    return largest * sqrt(sum / (double)count);
}

/* A plain group of system.h. False if a weight is not finite. */
HF_CLONES static bool weigh_plain(const hf_integrator *it, size_t count, const double *y, double *weight)
{
    double factor = balance(it, count), floor = it->atol * it->system.unit;
    double norm = root_mean_square(count, y), rtol = it->rtol;
    HF_SIMD
    for (size_t i = 0; i < count; i++)
        weight[i] = factor / (rtol * (fabs(y[i]) > norm ? fabs(y[i]) : norm) + floor);
    return isfinite(factor / (rtol * norm + floor)); /* the largest weight there is */
}

/* A contrast of system.h. One that is exactly 0 stays so, whatever its weight. */
HF_CLONES static void weigh_contrast(const hf_integrator *it, const hf_error_group *group, const double *y, double *weight)
{
    const double known = 1e-3, smallest = 1e-290; /* its weight, divided by the least rtol, is still finite */
    const hf_error_group *partner = &it->system.group[group->partner];
    const double norm = fmax(root_mean_square(group->count, y + group->first),
                             known * root_mean_square(partner->count, y + partner->first));
    const double common = norm > 0 ? balance(it, group->count) / (it->rtol * fmax(norm, smallest)) : 1;
    HF_SIMD
    for (size_t i = 0; i < group->count; i++)
        weight[group->first + i] = common;
}

static int error_weights(N_Vector state, N_Vector weights, void *data)
{
    const hf_integrator *it = data;
    const double *y = NV_DATA_S(state);
    double *w = NV_DATA_S(weights);
    bool finite = weigh_plain(it, 1, y + it->size, w + it->size);
    for (size_t g = 0; g < it->system.group_count; g++) {
        const hf_error_group *group = &it->system.group[g];
        if (group->is_contrast)
            weigh_contrast(it, group, y, w);
        else
            finite = weigh_plain(it, group->count, y + group->first, w + group->first) && finite;
    }
    return finite ? 0 : -1;
}

/* ---- the linear solver's shell ---- */

static SUNLinearSolver_Type solver_type(SUNLinearSolver solver)
{
    (void)solver;
    return SUNLINEARSOLVER_DIRECT;
}

static int solver_setup(SUNLinearSolver solver, SUNMatrix matrix)
{
    (void)solver, (void)matrix; /* set_up has done it */
    return 0;
}

static int solver_free(SUNLinearSolver solver)
{
    SUNLinSolFreeEmpty(solver);
    return 0;
}

static SUNMatrix_ID matrix_id(SUNMatrix matrix)
{
    (void)matrix;
    return SUNMATRIX_CUSTOM;
}

static void matrix_free(SUNMatrix matrix)
{
    SUNMatFreeEmpty(matrix);
}

/* The shell around the system's own Newton solve. */
static bool attach_newton(hf_integrator *it)
{
    it->solver = SUNLinSolNewEmpty(it->context);
    it->matrix = SUNMatNewEmpty(it->context);
    if (it->solver == NULL || it->matrix == NULL)
        return false;
    it->solver->content = it;
    it->solver->ops->gettype = solver_type;
    it->solver->ops->setup = solver_setup;
    it->solver->ops->solve = solve;
    it->solver->ops->free = solver_free;
    it->matrix->ops->getid = matrix_id;
    it->matrix->ops->destroy = matrix_free;
    return CVodeSetLinearSolver(it->cvode, it->solver, it->matrix) == CV_SUCCESS &&
           CVodeSetLinSysFn(it->cvode, set_up) == CV_SUCCESS;
}

static bool attach_krylov(hf_integrator *it)
{
    const int most = 20; /* iterations before a step is made smaller */
    it->solver = SUNLinSol_SPGMR(it->y, SUN_PREC_NONE, most, it->context);
    return it->solver != NULL && CVodeSetLinearSolver(it->cvode, it->solver, NULL) == CV_SUCCESS && hf_sundials_reserve() &&
           SUNLinSolInitialize(it->solver) == 0 && CVodeSetJacTimes(it->cvode, prepare_products, multiply) == CV_SUCCESS;
}

/* ---- life ---- */

/* CVODE controls the error of one step; along a drop thousands of them add up. With these a result's columns are right to
 * about rtol (measured on the three-stage problem, rtol 1e-4 to 1e-12). */
static void set_tolerances(hf_integrator *it, double rtol, double atol)
{
    const double smallest = 6e-13; /* below it steps multiply and rounding takes over */
    it->rtol = fmax(pow(rtol, 1.25), fmin(rtol, smallest));
    it->atol = atol / 100;
}

/* The step whose neglected second-order term has half the size of the tolerance, 1/sqrt(|y''|) with y'' = J y' in CVODE's
 * norm. Depends on the state alone, so that a restarted integration takes the steps of the uninterrupted one. */
static hf_status first_step(hf_integrator *it, double *h, hf_error *err)
{
    double *velocity = malloc(it->size * sizeof *velocity), *acceleration = NV_DATA_S(it->scratch), norm = 0;
    N_Vector weights = N_VClone(it->y);
    hf_status status = HF_OK;
    if (velocity == NULL || weights == NULL)
        status = hf_fail_memory(err, "the integrator");
    else if (error_weights(it->y, weights, it) != 0)
        status = hf_fail(err, HF_EUSAGE,
                         "solver.atol = 0 cannot control the error of components that are 0; expected a positive atol");
    else {
        it->system.kind->velocity(it->point.self, velocity);
        it->system.kind->jacobian_times(it->point.self, velocity, acceleration);
        acceleration[it->size] = 0;
        norm = N_VWrmsNorm(it->scratch, weights);
    }
    *h = norm > 0 && isfinite(norm) ? fmin(1 / sqrt(norm), fmax(1, it->t / 10)) : 1e-6;
    if (weights != NULL)
        N_VDestroy(weights);
    free(velocity);
    return status;
}

static hf_status not_finite(const hf_integrator *it, hf_error *err)
{
    return hf_fail(err, HF_ENUMERIC, "the flow is not finite at t = %.6g: the %s overflows; %s", it->not_finite_time,
                   it->not_finite, it->system.kind->remedy);
}

/* Starts CVODE, or starts it again, at the time and state that it holds. */
static hf_status begin(hf_integrator *it, hf_error *err)
{
    double h;
    if (!evaluate(it, NV_DATA_S(it->y), NV_DATA_S(it->scratch))) {
        remember_not_finite(it, it->t, NV_DATA_S(it->y), NV_DATA_S(it->scratch));
        return not_finite(it, err);
    }
    hf_status status = first_step(it, &h, err);
    if (status != HF_OK)
        return status;
    it->t_previous = it->t;
    if (CVodeReInit(it->cvode, it->t, it->y) != CV_SUCCESS || CVodeSetInitStep(it->cvode, h) != CV_SUCCESS)
        return hf_fail(err, HF_ENUMERIC, "the integrator cannot start at t = %.6g", it->t);
    return HF_OK;
}

static bool attach_cvode(hf_integrator *it)
{
    return CVodeInit(it->cvode, right_hand_side, 0, it->y) == CV_SUCCESS && hf_sundials_silence(it->cvode) &&
           CVodeSetUserData(it->cvode, it) == CV_SUCCESS && CVodeWFtolerances(it->cvode, error_weights) == CV_SUCCESS &&
           CVodeSetMaxHnilWarns(it->cvode, -1) == CV_SUCCESS &&
           (it->newton != NULL ? attach_newton(it) : attach_krylov(it));
}

hf_status hf_integrator_create(hf_integrator **result, hf_system system, double rtol, double atol, hf_error *err)
{
    hf_integrator *it = calloc(1, sizeof *it);
    if (it == NULL)
        return hf_fail_memory(err, "the integrator");
    it->system = system;
    it->size = system.size;
    set_tolerances(it, rtol, atol);
    const hf_newton_kind *newton = system.kind->newton;
    hf_status status = hf_blas_check_room(err);
    if (status == HF_OK)
        status = hf_point_init(&it->point, &system, err);
    if (status == HF_OK && system.kind->near != NULL && (it->evaluated = malloc(it->size * sizeof(double))) == NULL)
        status = hf_fail_memory(err, "the integrator");
    if (status == HF_OK && newton != NULL)
        status = newton->create(&it->newton, system.self, err);
    if (status != HF_OK)
        goto fail;
    if (!hf_sundials_context(&it->context) ||
        (it->y = hf_vector_create(it->size + 1, newton != NULL ? CLONES : CLONES_KRYLOV, it->context)) == NULL ||
        (it->scratch = N_VClone(it->y)) == NULL || (it->cvode = CVodeCreate(CV_BDF, it->context)) == NULL) {
        status = hf_fail_memory(err, "the integrator");
        goto fail;
    }
    system.kind->start(system.self, NV_DATA_S(it->y));
    NV_DATA_S(it->y)[it->size] = 0;
    status = attach_cvode(it) ? begin(it, err) : hf_fail_memory(err, "the integrator");
    if (status != HF_OK)
        goto fail;
    *result = it;
    return HF_OK;

fail:
    hf_integrator_free(it);
    return status;
}

void hf_integrator_free(hf_integrator *it)
{
    if (it == NULL)
        return;
    if (it->cvode != NULL)
        CVodeFree(&it->cvode);
    if (it->solver != NULL)
        SUNLinSolFree(it->solver);
    if (it->matrix != NULL)
        SUNMatDestroy(it->matrix);
    if (it->scratch != NULL)
        N_VDestroy(it->scratch);
    if (it->y != NULL) /* last of the vectors: the others live in it */
        N_VDestroy(it->y);
    if (it->context != NULL)
        SUNContext_Free(&it->context);
    if (it->newton != NULL)
        it->system.kind->newton->free(it->newton);
    hf_point_clear(&it->point);
    free(it->evaluated);
    free(it);
}

/* ---- stepping ---- */

/* Names the component whose estimated error is largest in CVODE's norm. */
static void worst_component(hf_integrator *it, char *text, size_t capacity)
{
    N_Vector errors = it->scratch, weights = N_VClone(it->y);
    size_t worst = 0;
    if (weights != NULL && CVodeGetEstLocalErrors(it->cvode, errors) == CV_SUCCESS &&
        CVodeGetErrWeights(it->cvode, weights) == CV_SUCCESS) {
        const double *e = NV_DATA_S(errors), *w = NV_DATA_S(weights);
        for (size_t i = 1; i <= it->size; i++)
            if (fabs(e[i] * w[i]) > fabs(e[worst] * w[worst]))
                worst = i;
    }
    if (weights != NULL)
        N_VDestroy(weights);
    if (worst == it->size)
        snprintf(text, capacity, "dissipated energy");
    else
        it->system.kind->coordinate_name(it->system.self, worst, text, capacity);
}

static hf_status explain(hf_integrator *it, int flag, hf_error *err)
{
    char component[128];
    double h = 0;
    if (it->not_finite[0] != '\0' && (flag == CV_REPTD_RHSFUNC_ERR || flag == CV_FIRST_RHSFUNC_ERR ||
                                      flag == CV_UNREC_RHSFUNC_ERR || flag == CV_CONV_FAILURE))
        return not_finite(it, err);
    CVodeGetCurrentStep(it->cvode, &h);
    worst_component(it, component, sizeof component);
    if (flag == CV_ERR_FAILURE)
        return hf_fail(err, HF_ENUMERIC,
                       "the step at t = %.6g stays inaccurate down to a step of %.3g (largest error: %s); raise "
                       "solver.rtol or solver.atol",
                       it->t, h, component);
    return hf_fail(
        err, HF_ENUMERIC,
        "Newton's iteration does not converge at t = %.6g with a step of %.3g (largest error: %s; CVODE's code %d); raise "
        "solver.rtol",
        it->t, h, component, flag);
}

/* CVODE would go on so, at a jump, for as long as it is let. */
static hf_status stands_still(hf_integrator *it, hf_error *err)
{
    double h = 0;
    if (it->not_finite[0] != '\0')
        return not_finite(it, err);
    CVodeGetCurrentStep(it->cvode, &h);
    return hf_fail(
        err, HF_ENUMERIC,
        "the integration stands still at t = %.6g: steps of %.3g, which are accurate there, are too short for the time "
        "to change; raise solver.rtol or solver.atol",
        it->t, h);
}

hf_status hf_integrator_step(hf_integrator *it, hf_error *err)
{
    const double far_ahead = 1e300; /* only its sign matters when CVODE takes one step */
    it->t_previous = it->t;
    int flag = CVode(it->cvode, far_ahead, it->y, &it->t, CV_ONE_STEP);
    if (flag < 0)
        return explain(it, flag, err);
    if (it->t == it->t_previous)
        return ++it->still < STILL ? HF_OK : stands_still(it, err);
    it->still = 0;
    it->not_finite[0] = '\0';
    return HF_OK;
}

const hf_system *hf_integrator_system(const hf_integrator *it)
{
    return &it->system;
}

double hf_integrator_time(const hf_integrator *it)
{
    return it->t;
}

double hf_integrator_previous_time(const hf_integrator *it)
{
    return it->t_previous;
}

double hf_integrator_loss(const hf_integrator *it)
{
    return it->loss;
}

hf_point *hf_integrator_point(hf_integrator *it)
{
    return &it->point;
}

void hf_integrator_interpolate(hf_integrator *it, double t, double *y, double *energy)
{
    N_Vector state = it->scratch;
    if (t == it->t || CVodeGetDky(it->cvode, t, 0, state) != CV_SUCCESS)
        state = it->y; /* the start, before any step, or the end of the step */
    memcpy(y, NV_DATA_S(state), it->size * sizeof *y);
    *energy = NV_DATA_S(state)[it->size];
}

bool hf_integrator_near(hf_integrator *it, double *loss, double *speed, const hf_point **point)
{
    *point = &it->point;
    return it->evaluated != NULL && CVodeGetDky(it->cvode, it->t, 1, it->scratch) == CV_SUCCESS &&
           it->system.kind->near(it->point.self, it->evaluated, NV_DATA_S(it->y), NV_DATA_S(it->scratch), loss, speed);
}

size_t hf_integrator_order(const hf_integrator *it)
{
    int order = 1;
    CVodeGetLastOrder(it->cvode, &order);
    return order < 1 ? 1 : (size_t)order;
}

double hf_integrator_local_rtol(const hf_integrator *it)
{
    return it->rtol;
}

double hf_integrator_solve(hf_integrator *it, const double *b, double *x)
{
    it->system.kind->newton->solve(it->newton, b, x);
    return it->gamma;
}

/* ---- boundaries ---- */

/* A restart costs some fifty short steps: rare for small flows, a few minutes apart at most for large ones. */
static size_t steps_between_boundaries(const hf_integrator *it)
{
    const size_t most = 2000, least = 250, work = 200000000; /* components times steps */
    size_t steps = work / (it->size + 1);
    return steps > most ? most : steps < least ? least : steps;
}

hf_integrator_counts hf_integrator_statistics(const hf_integrator *it)
{
    long steps = 0, evaluations = 0, setups = 0, error_failures = 0, newton_failures = 0;
    CVodeGetNumSteps(it->cvode, &steps);
    CVodeGetNumRhsEvals(it->cvode, &evaluations);
    CVodeGetNumLinSolvSetups(it->cvode, &setups);
    CVodeGetNumErrTestFails(it->cvode, &error_failures);
    CVodeGetNumStepSolveFails(it->cvode, &newton_failures);
    hf_integrator_counts counts = it->counts;
    counts.steps += (uint64_t)steps;
    counts.evaluations += (uint64_t)evaluations;
    counts.setups += (uint64_t)setups;
    counts.error_failures += (uint64_t)error_failures;
    counts.newton_failures += (uint64_t)newton_failures;
    return counts;
}

static size_t steps_since_boundary(const hf_integrator *it)
{
    long steps = 0;
    CVodeGetNumSteps(it->cvode, &steps);
    return (size_t)steps;
}

uint64_t hf_integrator_steps(const hf_integrator *it)
{
    return it->counts.steps + steps_since_boundary(it);
}

bool hf_integrator_at_boundary(const hf_integrator *it)
{
    return steps_since_boundary(it) >= steps_between_boundaries(it);
}

hf_status hf_integrator_restart(hf_integrator *it, hf_error *err)
{
    it->counts = hf_integrator_statistics(it);
    const hf_system *system = &it->system;
    hf_status status = system->kind->rebase != NULL ? system->kind->rebase(system->self, NV_DATA_S(it->y), err) : HF_OK;
    return status == HF_OK ? begin(it, err) : status;
}

void hf_integrator_save(const hf_integrator *it, hf_integrator_state *state)
{
    state->t = it->t;
    state->energy = NV_DATA_S(it->y)[it->size];
    state->counts = it->counts;
    memcpy(state->y, NV_DATA_S(it->y), it->size * sizeof *state->y);
}

hf_status hf_integrator_load(hf_integrator *it, const hf_integrator_state *state, hf_error *err)
{
    it->t = state->t;
    it->counts = state->counts;
    memcpy(NV_DATA_S(it->y), state->y, it->size * sizeof *state->y);
    NV_DATA_S(it->y)[it->size] = state->energy;
    return begin(it, err);
}
