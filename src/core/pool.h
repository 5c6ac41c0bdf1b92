/* pool: many small pieces of memory that are freed together. */
#ifndef HF_CORE_POOL_H
#define HF_CORE_POOL_H

#include <stddef.h>

/* All zero: empty. */
typedef struct {
    struct hf_pool_block *blocks; /* the newest first */
    size_t used;                  /* bytes of the newest */
} hf_pool;

/* size zeroed bytes, aligned for anything; NULL: memory. They live until the pool is cleared. */
void *hf_pool_take(hf_pool *pool, size_t size);

/* A copy of the length bytes at text with a zero behind them; NULL: memory. */
char *hf_pool_copy(hf_pool *pool, const char *text, size_t length);

/* Frees all pieces; the pool is empty again. */
void hf_pool_clear(hf_pool *pool);

#endif
