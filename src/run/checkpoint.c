#include "run/checkpoint.h"

#include "core/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "hfflow2";

hf_status hf_checkpoint_init(hf_checkpoint *c, const hf_flow *flow, uint64_t hash, hf_error *err)
{
    size_t heads = flow->problem->heads;
    *c = (hf_checkpoint){.hash = hash, .heads = heads, .size = hf_flow_size(flow)};
    c->state.y = malloc(c->size * sizeof *c->state.y);
    c->distance = malloc(heads * heads * sizeof *c->distance);
    if (c->state.y != NULL && c->distance != NULL)
        return HF_OK;
    hf_checkpoint_clear(c);
    return hf_fail_memory(err, "the saved state");
}

void hf_checkpoint_clear(hf_checkpoint *c)
{
    free(c->state.y);
    free(c->distance);
    *c = (hf_checkpoint){0};
}

static void transfer_header(hf_channel *channel, hf_checkpoint *c)
{
    char mark[sizeof magic];
    memcpy(mark, magic, sizeof mark);
    hf_channel_bytes(channel, mark, sizeof mark);
    channel->good = channel->good && memcmp(mark, magic, sizeof mark) == 0;
    hf_channel_bytes(channel, &c->hash, sizeof c->hash);
    hf_channel_bytes(channel, &c->heads, sizeof c->heads);
    hf_channel_bytes(channel, &c->size, sizeof c->size);
}

static void transfer_body(hf_channel *channel, hf_checkpoint *c, hf_detector *detector)
{
    hf_channel_bytes(channel, &c->next, sizeof c->next);
    hf_channel_bytes(channel, c->lengths, sizeof c->lengths);
    hf_channel_bytes(channel, &c->state.t, sizeof c->state.t);
    hf_channel_bytes(channel, &c->state.energy, sizeof c->state.energy);
    hf_channel_bytes(channel, &c->state.counts, sizeof c->state.counts);
    hf_channel_bytes(channel, c->state.y, c->size * sizeof *c->state.y);
    hf_channel_bytes(channel, c->distance, c->heads * c->heads * sizeof *c->distance);
    channel->good = hf_detector_transfer(detector, channel) && channel->good;
}

hf_status hf_checkpoint_write(const hf_checkpoint *checkpoint, hf_detector *detector, const char *path, hf_error *err)
{
    hf_file file;
    hf_status status = hf_file_open(&file, path, err);
    if (status != HF_OK)
        return status;
    hf_checkpoint copy = *checkpoint; /* writing does not change what it points to either */
    hf_channel channel = {.stream = file.stream, .writing = true, .good = true};
    transfer_header(&channel, &copy);
    transfer_body(&channel, &copy, detector);
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

hf_status hf_checkpoint_read(hf_checkpoint *c, hf_detector *detector, const char *path, hf_error *err)
{
    hf_checkpoint expected = *c;
    hf_channel channel = {.stream = fopen(path, "rb"), .good = true};
    if (channel.stream == NULL)
        return hf_fail(err, HF_EUSAGE, "%s: cannot be read: %s", path, strerror(errno));
    channel.limit = length_of(channel.stream);
    transfer_header(&channel, c);
    bool same = c->hash == expected.hash && c->heads == expected.heads && c->size == expected.size;
    uint64_t sum = 0, stored = 0;
    if (channel.good && same) {
        transfer_body(&channel, c, detector);
        sum = channel.sum;
        hf_channel_bytes(&channel, &stored, sizeof stored);
    }
    fclose(channel.stream);
    if (channel.good && !same)
        return hf_fail(err, HF_EUSAGE, "%s: belongs to another configuration; run without --resume to start anew", path);
    if (!channel.good || sum != stored)
        return hf_fail(err, HF_EUSAGE, "%s: is damaged; run without --resume to start anew", path);
    return HF_OK;
}
