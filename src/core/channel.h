/* channel: bytes to or from a binary file in one fixed order, so that writing and reading are the same lines of code. */
#ifndef HF_CORE_CHANNEL_H
#define HF_CORE_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct hf_channel {
    FILE *stream;
    bool writing;
    bool good;    /* false after the first failure; nothing more is transferred then */
    uint64_t sum; /* 64-bit FNV-1a checksum of what has passed */
    size_t limit; /* reading: bytes that the file can still hold */
} hf_channel;

/* A fixed number of bytes. */
void hf_channel_bytes(hf_channel *channel, void *bytes, size_t count);

/* An array with its length. Reading replaces *array (which is freed) by one of *count elements of size. */
void hf_channel_array(hf_channel *channel, void **array, size_t *count, size_t size);

#endif
