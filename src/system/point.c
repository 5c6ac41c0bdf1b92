#include "system/point.h"

hf_status hf_point_init(hf_point *point, const hf_system *system, hf_error *err)
{
    *point = (hf_point){.system = *system};
    return system->kind->point_create(&point->self, system->self, err);
}

void hf_point_clear(hf_point *point)
{
    if (point->self != NULL)
        point->system.kind->point_free(point->self);
    *point = (hf_point){0};
}

bool hf_point_at(hf_point *point, const double *y)
{
    return point->system.kind->at(point->self, y);
}

void hf_point_energy(const hf_point *point, double *loss, double *speed)
{
    point->system.kind->energy(point->self, loss, speed);
}

double hf_point_loss(const hf_point *point)
{
    double loss, speed;
    hf_point_energy(point, &loss, &speed);
    return loss;
}

double hf_point_speed(const hf_point *point)
{
    double loss, speed;
    hf_point_energy(point, &loss, &speed);
    return speed;
}

double hf_point_speed_rate(hf_point *point)
{
    return point->system.kind->speed_rate(point->self);
}

double hf_point_rest(const hf_point *point)
{
    const double part = 0.05; /* of the gradient's dissipation, when something else takes the rest back */
    return hf_system_may_rest(&point->system) ? part * point->system.kind->watch->descent(point->self) : 0;
}
