#include "system/system.h"

#include "system/params.h"

const char *const hf_system_names[] = {[HF_SYSTEM_HEADS] = "heads", [HF_SYSTEM_IN_CONTEXT] = "in-context", NULL};

void hf_owned_system_free(hf_owned_system *owned)
{
    if (owned->free != NULL)
        owned->free(owned->owner);
    *owned = (hf_owned_system){0};
}

double hf_system_loss(const hf_system *system)
{
    double loss, speed;
    system->kind->energy(system->self, &loss, &speed);
    return loss;
}

double hf_system_speed(const hf_system *system)
{
    double loss, speed;
    system->kind->energy(system->self, &loss, &speed);
    return speed;
}

bool hf_system_may_rest(const hf_system *system)
{
    const hf_watch_kind *watch = system->kind->watch;
    return watch != NULL && watch->has_balance != NULL && watch->has_balance(system->self);
}

double hf_system_rest(const hf_system *system)
{
    const double part = 0.05; /* of the gradient's dissipation, when something else takes the rest back */
    return hf_system_may_rest(system) ? part * system->kind->watch->descent(system->self) : 0;
}
