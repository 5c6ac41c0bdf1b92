/* hash: 64-bit FNV-1a, for telling configurations apart and finding damaged files. */
#ifndef HF_CORE_HASH_H
#define HF_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HF_HASH_START 14695981039346656037u

/* Goes on with hash over size bytes. */
static inline void hf_hash_bytes(uint64_t *hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ byte[i]) * 1099511628211u;
}

/* What tells a damaged text. */
static inline uint64_t hf_hash_text(const char *text, size_t size)
{
    uint64_t sum = HF_HASH_START;
    hf_hash_bytes(&sum, text, size);
    return sum;
}

#endif
