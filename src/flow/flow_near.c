#include "flow/flow_near.h"

#include "flow/attention.h"
#include "flow/drift.h"
#include "flow/lanes.h"
#include "flow/step.h"
#include "flow/values.h"

/* Twice what the loss falls by on the way, and P. */
HF_CLONES static void sum_near(const hf_flow_point *point, const double *from, const double *y, const double *velocity,
                               double *fall, double *speed)
{
    const hf_problem *p = point->problem;
    const size_t values = p->heads * p->features, T = p->positions;
    const double slow = p->value_rate > 0 ? 1 / p->value_rate : 0, turn = p->attention_rate > 0 ? 1 / p->attention_rate : 0;
    double fallen = 0, square = 0, turned = 0;
    HF_SIMD_SUM(fallen, square)
    for (size_t i = 0; i < values; i++) {
        fallen += (hf_values_slope(point, i) + slow * velocity[i]) * (y[i] - from[i]);
        square += velocity[i] * velocity[i];
    }
    for (size_t n = 0; n < p->heads; n++) {
        const double *ascent = point->ascent + n * T, *v = velocity + values + n * T;
        const double *b = y + values + n * T, *a = from + values + n * T;
        HF_SIMD_SUM(fallen, turned)
        for (size_t i = 0; i < T; i++) {
            fallen += p->multiplicity[i] * (ascent[i] + turn * v[i]) * (b[i] - a[i]);
            turned += p->multiplicity[i] * v[i] * v[i];
        }
    }
    *fall = fallen;
    *speed = slow * square + turn * turned;
}

bool hf_flow_near(const hf_flow_point *point, const double *from, const double *y, const double *velocity, double *loss,
                  double *speed)
{
    const hf_flow *flow = point->flow;
    double fall;
    if (flow->attention->is_mirror || flow->drift->turns || flow->step->bends || flow->is_restrained)
        return false;
    sum_near(point, from, y, velocity, &fall, speed);
    *loss = point->loss - fall / 2;
    return true;
}
