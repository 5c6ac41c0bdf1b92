/* Columns and tables of the flow of attention heads. */
#include "flow/attention.h"
#include "flow/flow_watch.h"
#include "flow/observe.h"

#include <stdlib.h>

static const hf_problem *problem_of(const void *self)
{
    return ((const hf_flow *)self)->problem;
}

/* ---- an observer ---- */

static hf_status create(void **observer, const void *self, hf_error *err)
{
    hf_observation *o = malloc(sizeof *o);
    if (o == NULL)
        return hf_fail_memory(err, "the observations");
    const hf_status status = hf_observation_init(o, problem_of(self), err);
    if (status != HF_OK) {
        free(o);
        return status;
    }
    *observer = o;
    return HF_OK;
}

static void destroy(void *observer)
{
    if (observer != NULL)
        hf_observation_clear(observer);
    free(observer);
}

static void look(void *observer, const void *point, const double *y)
{
    hf_observe(point, y, observer);
}

/* ---- columns ---- */

static hf_shape if_tested(const void *self)
{
    return (hf_shape){problem_of(self)->test_variance == NULL ? 1 : 0, {0, 0}, 1};
}

static hf_shape by_pattern(const void *self)
{
    return (hf_shape){1, {problem_of(self)->patterns, 0}, 1};
}

static hf_shape from_no_pattern(const void *self)
{
    return (hf_shape){1, {problem_of(self)->patterns + 1, 0}, 0};
}

static hf_shape by_head_and_pattern(const void *self)
{
    const hf_problem *p = problem_of(self);
    return (hf_shape){2, {p->heads, p->patterns}, 1};
}

static hf_shape by_head_and_position(const void *self)
{
    const hf_problem *p = problem_of(self);
    return (hf_shape){2, {p->heads, p->positions}, 1};
}

#define GETTER(field, address)                                                                                         \
    static const double *get_##field(const void *observer)                                                             \
    {                                                                                                                  \
        const hf_observation *o = observer;                                                                            \
        return address o->field;                                                                                       \
    }

GETTER(overlap, &)
GETTER(divergence, &)
GETTER(growth_rate, &)
GETTER(test_loss, &)
GETTER(pattern_loss, )
GETTER(distance, )
GETTER(mass, )
GETTER(value, )
GETTER(share, )
GETTER(attention, )

static const hf_observable columns[] = {
    {"overlap", "", "", "least cosine between the attentions of two heads", NULL, get_overlap, true},
    {"divergence", "", "", "norm of the differences between heads", NULL, get_divergence, true},
    {"growth_rate", "", "1 / flow time", "d log(divergence)/dt", NULL, get_growth_rate, true},
    {"test_loss", "", "loss", "loss on the test data", if_tested, get_test_loss, false},
    {"pattern_loss", "_<j>", "loss", "loss along feature j", by_pattern, get_pattern_loss, false},
    {"distance", "_<k>", "loss", "to the models that know k patterns", from_no_pattern, get_distance, false},
    {"mass", "_<h>_<j>", "", "attention of head h on pattern j", by_head_and_pattern, get_mass, false},
    {"value", "_<h>_<j>", "", "value of head h along feature j", by_head_and_pattern, get_value, false},
    {"share", "_<h>_<j>", "", "part of pattern j that head h carries", by_head_and_pattern, get_share, false},
};

static const hf_profile attention = {"position", "attention", "probability of one position of the class, by head",
                                     by_head_and_position, get_attention};

/* ---- the state ---- */

/* Values in the coordinates they were given in. */
static hf_status state(const void *point, const double *y, hf_take_coordinate *take, void *to, hf_error *err)
{
    const hf_flow_point *here = point;
    const hf_problem *p = here->problem;
    double *value = malloc(p->heads * (p->features + p->positions) * sizeof *value);
    if (value == NULL)
        return hf_fail_memory(err, "the final state");
    double *logit = value + p->heads * p->features;
    hf_basis_heads(here->flow->basis, p->features, here->value, value); /* optimal values are not in y */
    hf_basis_heads(here->flow->basis, p->positions, y + p->heads * p->features, logit);
    for (size_t k = 0; k < p->heads; k++)
        for (size_t d = 0; d < p->value_width; d++) {
            double sum = 0;
            for (size_t r = 0; r < p->features; r++)
                sum += value[k * p->features + r] * p->value_basis[r * p->value_width + d];
            take(to, "value", k + 1, d + 1, sum);
        }
    for (size_t k = 0; k < p->heads; k++)
        for (size_t i = 0; i < p->positions; i++)
            take(to, "logit", k + 1, i + 1, logit[k * p->positions + i]);
    free(value);
    return HF_OK;
}

static bool is_symmetric(const void *observer)
{
    const hf_observation *o = observer;
    return o->problem->heads > 1 && o->problem->kind == NULL && o->divergence == 0;
}

static const char *conserved(const void *self)
{
    const hf_flow *flow = self;
    return flow->attention->conserved == NULL ? NULL : flow->attention->conserved(flow);
}

static hf_status moved(const void *self, const double *y, double *far, hf_error *err)
{
    return ((const hf_flow *)self)->attention->moved(self, y, far, err);
}

const hf_observer_kind hf_flow_observer = {.create = create,
                                           .free = destroy,
                                           .look = look,
                                           .observable_count = sizeof columns / sizeof columns[0],
                                           .observable = columns,
                                           .profile = &attention,
                                           .state = state,
                                           .is_symmetric = is_symmetric,
                                           .conserved = conserved,
                                           .moved = moved};
