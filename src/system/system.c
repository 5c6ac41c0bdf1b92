#include "system/system.h"

#include "system/params.h"

const char *const hf_system_names[] = {[HF_SYSTEM_HEADS] = "heads", [HF_SYSTEM_IN_CONTEXT] = "in-context", NULL};

void hf_owned_system_free(hf_owned_system *owned)
{
    if (owned->free != NULL)
        owned->free(owned->owner);
    *owned = (hf_owned_system){0};
}

bool hf_system_may_rest(const hf_system *system)
{
    const hf_watch_kind *watch = system->kind->watch;
    return watch != NULL && watch->has_balance != NULL && watch->has_balance(system->self);
}
