#include "core/lists.h"

#include <stdint.h>
#include <stdlib.h>

void *hf_list_grow(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    if (*capacity > (SIZE_MAX / size - 16) / 2)
        return NULL;
    const size_t more = 2 * *capacity + 16;
    void *grown = realloc(list, more * size);
    if (grown != NULL)
        *capacity = more;
    return grown;
}
