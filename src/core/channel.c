#include "core/channel.h"

#include "core/file.h"
#include "core/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void hf_channel_bytes(hf_channel *channel, void *bytes, size_t count)
{
    if (!channel->good || count == 0)
        return;
    unsigned char *byte = bytes;
    channel->good =
        (channel->writing ? fwrite(byte, 1, count, channel->stream) : fread(byte, 1, count, channel->stream)) == count;
    if (channel->good)
        hf_hash_bytes(&channel->sum, byte, count);
}

void hf_channel_flags(hf_channel *channel, bool *flags, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = channel->writing && flags[i] ? 1 : 0;
        hf_channel_bytes(channel, &byte, sizeof byte);
        hf_channel_require(channel, byte <= 1);
        if (!channel->writing)
            flags[i] = byte == 1;
    }
}

void hf_channel_require(hf_channel *channel, bool possible)
{
    channel->good = channel->good && possible;
}

void hf_channel_array(hf_channel *channel, void **array, size_t *count, size_t size)
{
    uint64_t length = *count;
    hf_channel_bytes(channel, &length, sizeof length);
    if (!channel->writing && channel->good) {
        free(*array);
        *array = NULL;
        *count = 0;
        channel->good = length <= channel->limit / size;
        *array = channel->good ? malloc((size_t)length * size + 1) : NULL;
        channel->memory = channel->good && *array == NULL;
        channel->good = *array != NULL;
        *count = channel->good ? (size_t)length : 0;
    }
    hf_channel_bytes(channel, *array, *count * size);
}

/* ---- saved states ---- */

static void transfer_header(hf_channel *channel, const char magic[8], uint64_t *hash)
{
    char mark[8];
    memcpy(mark, magic, sizeof mark);
    hf_channel_bytes(channel, mark, sizeof mark);
    channel->good = channel->good && memcmp(mark, magic, sizeof mark) == 0;
    hf_channel_bytes(channel, hash, sizeof *hash);
}

hf_status hf_channel_save(const char *path, const char magic[8], uint64_t hash, hf_channel_body *body, void *data,
                          hf_error *err)
{
    hf_file file;
    hf_status status = hf_file_open(&file, path, err);
    if (status != HF_OK)
        return status;
    hf_channel channel = {.stream = file.stream, .writing = true, .good = true};
    transfer_header(&channel, magic, &hash);
    body(&channel, data);
    uint64_t sum = channel.sum;
    hf_channel_bytes(&channel, &sum, sizeof sum);
    return hf_file_commit(&file, err);
}

static size_t length_of(FILE *stream)
{
    long length = fseek(stream, 0, SEEK_END) == 0 ? ftell(stream) : -1;
    rewind(stream);
    return length < 0 ? 0 : (size_t)length;
}

static uint64_t swap_bytes(uint64_t value)
{
    uint64_t swapped = 0;
    for (size_t i = 0; i < sizeof value; i++, value >>= 8)
        swapped = swapped << 8 | (value & 0xff);
    return swapped;
}

hf_status hf_channel_load(const char *path, const char magic[8], uint64_t hash, hf_channel_body *body, void *data,
                          hf_error *err)
{
    hf_channel channel = {.stream = fopen(path, "rb"), .good = true};
    if (channel.stream == NULL)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", path, strerror(errno));
    channel.limit = length_of(channel.stream);
    uint64_t found = 0, sum = 0, stored = 0;
    transfer_header(&channel, magic, &found);
    if (channel.good && found == hash) {
        body(&channel, data);
        sum = channel.sum;
        hf_channel_bytes(&channel, &stored, sizeof stored);
    }
    const bool unreadable = ferror(channel.stream), memory = channel.memory;
    const int reason = errno;
    fclose(channel.stream);
    if (memory)
        return hf_fail_memory(err, "the saved state");
    if (unreadable)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", path, strerror(reason));
    if (channel.good && found != hash && swap_bytes(found) == hash)
        return hf_fail(err, HF_EUSAGE,
                       "%s: was saved by a machine of the other byte order; run without --resume to start anew", path);
    if (channel.good && found != hash)
        return hf_fail(err, HF_EUSAGE, "%s: belongs to another configuration; run without --resume to start anew", path);
    if (!channel.good || sum != stored)
        return hf_fail(err, HF_EUSAGE, "%s: is damaged; run without --resume to start anew", path);
    return HF_OK;
}
