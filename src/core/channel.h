/* channel: bytes to or from a binary file in one fixed order, so that writing and reading are the same lines of code. */
#ifndef HF_CORE_CHANNEL_H
#define HF_CORE_CHANNEL_H

#include "core/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct hf_channel {
    FILE *stream;
    bool writing;
    bool good;    /* false after the first failure; nothing more is transferred then */
    bool memory;  /* an allocation was the first failure */
    uint64_t sum; /* 64-bit FNV-1a checksum of what has passed */
    size_t limit; /* reading: bytes that the file can still hold */
} hf_channel;

/* A fixed number of bytes. */
void hf_channel_bytes(hf_channel *channel, void *bytes, size_t count);

/* Flags; reading refuses what is neither false nor true. */
void hf_channel_flags(hf_channel *channel, bool *flags, size_t count);

/* Refuses what has been read unless it is possible: a file with a right checksum may still be somebody else's. */
void hf_channel_require(hf_channel *channel, bool possible);

/* An array with its length. Reading replaces *array (which is freed) by one of *count elements of size. */
void hf_channel_array(hf_channel *channel, void **array, size_t *count, size_t size);

/* What a saved state holds, in writing and in reading. */
typedef void hf_channel_body(hf_channel *channel, void *data);

/* Writes a saved state: eight bytes that say what it is, the hash of the configuration it belongs to, the body, and a
 * checksum. Errors: HF_ESYSTEM. */
hf_status hf_channel_save(const char *path, const char magic[8], uint64_t hash, hf_channel_body *body, void *data,
                          hf_error *err);

/* Reads it. Errors: HF_EUSAGE when the file is damaged, belongs to another configuration or was written in the other byte order,
 * HF_ESYSTEM when it cannot be read; what the body fills is undefined then. */
hf_status hf_channel_load(const char *path, const char magic[8], uint64_t hash, hf_channel_body *body, void *data,
                          hf_error *err);

#endif
