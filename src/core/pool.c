#include "core/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 8192 /* at least, of a block */

typedef struct hf_pool_block {
    struct hf_pool_block *older;
    size_t size;
    max_align_t bytes[];
} block;

void *hf_pool_take(hf_pool *pool, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + unit - 1) / unit * unit;
    if (pool->blocks == NULL || pool->blocks->size - pool->used < size) {
        const size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        block *made = calloc(1, sizeof *made + room);
        if (made == NULL)
            return NULL;
        made->older = pool->blocks;
        made->size = room;
        pool->blocks = made;
        pool->used = 0;
    }
    void *piece = (char *)pool->blocks->bytes + pool->used;
    pool->used += size;
    return piece;
}

char *hf_pool_copy(hf_pool *pool, const char *text, size_t length)
{
    char *copy = hf_pool_take(pool, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

void hf_pool_clear(hf_pool *pool)
{
    while (pool->blocks != NULL) {
        block *newest = pool->blocks;
        pool->blocks = newest->older;
        free(newest);
    }
    *pool = (hf_pool){0};
}
