#include "system/observer.h"

#include <string.h>

size_t hf_shape_size(hf_shape shape)
{
    size_t size = 1;
    for (unsigned i = 0; i < shape.indices; i++)
        size *= shape.count[i];
    return size;
}

hf_shape hf_observable_shape(const hf_observable *o, const void *self)
{
    return o->shape == NULL ? (hf_shape){.indices = 0} : o->shape(self);
}

const hf_observable *hf_observer_find(const hf_observer_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->observable_count; i++)
        if (strcmp(kind->observable[i].name, name) == 0)
            return &kind->observable[i];
    return NULL;
}
