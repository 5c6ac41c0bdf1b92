#include "run/checkpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char magic[8] = "hfflow1";

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

/* Bytes to or from the file, in the order they stand in it, with their 64-bit FNV-1a checksum. */
typedef struct {
    FILE *stream;
    bool writing, good;
    uint64_t sum;
} channel;

static void transfer(channel *ch, void *bytes, size_t count)
{
    if (!ch->good)
        return;
    ch->good = (ch->writing ? fwrite(bytes, 1, count, ch->stream) : fread(bytes, 1, count, ch->stream)) == count;
    for (size_t i = 0; i < count; i++)
        ch->sum = (ch->sum ^ ((unsigned char *)bytes)[i]) * 0x100000001b3u;
}

static void transfer_header(channel *ch, hf_checkpoint *c)
{
    char mark[sizeof magic];
    memcpy(mark, magic, sizeof mark);
    transfer(ch, mark, sizeof mark);
    ch->good = ch->good && memcmp(mark, magic, sizeof mark) == 0;
    transfer(ch, &c->hash, sizeof c->hash);
    transfer(ch, &c->heads, sizeof c->heads);
    transfer(ch, &c->size, sizeof c->size);
}

static void transfer_body(channel *ch, hf_checkpoint *c)
{
    transfer(ch, &c->next, sizeof c->next);
    transfer(ch, c->lengths, sizeof c->lengths);
    transfer(ch, &c->state.t, sizeof c->state.t);
    transfer(ch, &c->state.energy, sizeof c->state.energy);
    transfer(ch, &c->state.counts, sizeof c->state.counts);
    transfer(ch, c->state.y, c->size * sizeof *c->state.y);
    transfer(ch, c->distance, c->heads * c->heads * sizeof *c->distance);
}

hf_status hf_checkpoint_write(const hf_checkpoint *checkpoint, const char *path, hf_error *err)
{
    hf_file file;
    hf_status status = hf_file_open(&file, path, err);
    if (status != HF_OK)
        return status;
    hf_checkpoint copy = *checkpoint; /* writing does not change what it points to either */
    channel ch = {.stream = file.stream, .writing = true, .good = true};
    transfer_header(&ch, &copy);
    transfer_body(&ch, &copy);
    uint64_t sum = ch.sum;
    transfer(&ch, &sum, sizeof sum);
    return hf_file_commit(&file, err);
}

hf_status hf_checkpoint_read(hf_checkpoint *c, const char *path, hf_error *err)
{
    hf_checkpoint expected = *c;
    channel ch = {.stream = fopen(path, "rb"), .good = true};
    if (ch.stream == NULL)
        return hf_fail(err, HF_EUSAGE, "%s: cannot be read: %s", path, strerror(errno));
    transfer_header(&ch, c);
    bool same = c->hash == expected.hash && c->heads == expected.heads && c->size == expected.size;
    uint64_t sum = 0, stored = 0;
    if (ch.good && same) {
        transfer_body(&ch, c);
        sum = ch.sum;
        transfer(&ch, &stored, sizeof stored);
    }
    fclose(ch.stream);
    if (ch.good && !same)
        return hf_fail(err, HF_EUSAGE, "%s: belongs to another configuration; run without --resume to start anew", path);
    if (!ch.good || sum != stored)
        return hf_fail(err, HF_EUSAGE, "%s: is damaged; run without --resume to start anew", path);
    return HF_OK;
}
