#include "system/system.h"

#include "system/params.h"

#include <math.h>

const char *const hf_system_names[] = {[HF_SYSTEM_HEADS] = "heads", [HF_SYSTEM_IN_CONTEXT] = "in-context",
                                       [HF_SYSTEM_CONTENT] = "content", NULL};

void hf_owned_system_free(hf_owned_system *owned)
{
    if (owned->free != NULL)
        owned->free(owned->owner);
    *owned = (hf_owned_system){0};
}

bool hf_system_blame(const hf_system *system, const double *y, char *text, size_t capacity)
{
    const hf_system_kind *kind = system->kind;
    if (kind->blame != NULL)
        return kind->blame(system->self, y, text, capacity);
    for (size_t i = 0; i < system->size; i++)
        if (!isfinite(y[i])) {
            kind->coordinate_name(system->self, i, text, capacity);
            return true;
        }
    return false;
}

bool hf_system_may_rest(const hf_system *system)
{
    const hf_watch_kind *watch = system->kind->watch;
    return watch != NULL && watch->has_balance != NULL && watch->has_balance(system->self);
}
