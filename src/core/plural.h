/* plural: "1 run", "2 runs". */
#ifndef HF_CORE_PLURAL_H
#define HF_CORE_PLURAL_H

#include <stdint.h>

/* What a noun that was counted ends in: printf("%zu run%s", n, hf_plural(n)). */
static inline const char *hf_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

#endif
