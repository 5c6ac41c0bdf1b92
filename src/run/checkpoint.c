#include "run/checkpoint.h"

#include "core/channel.h"

#include <stdlib.h>

static const char magic[8] = "hfflow3";

hf_status hf_checkpoint_init(hf_checkpoint *c, const hf_system *system, uint64_t hash, hf_error *err)
{
    const hf_system_kind *kind = system->kind;
    *c = (hf_checkpoint){.hash = hash,
                         .basis_size = kind->basis_size == NULL ? 0 : kind->basis_size(system->self),
                         .size = system->size};
    c->state.y = malloc((size_t)c->size * sizeof *c->state.y);
    c->basis = malloc((size_t)(c->basis_size + 1) * sizeof *c->basis);
    if (c->state.y != NULL && c->basis != NULL)
        return HF_OK;
    hf_checkpoint_clear(c);
    return hf_fail_memory(err, "the saved state");
}

void hf_checkpoint_clear(hf_checkpoint *c)
{
    free(c->state.y);
    free(c->basis);
    *c = (hf_checkpoint){0};
}

typedef struct {
    hf_checkpoint *checkpoint;
    hf_detector *detector;
} saved;

static void transfer(hf_channel *channel, void *data)
{
    const saved *s = data;
    hf_checkpoint *c = s->checkpoint;
    const uint64_t basis_size = c->basis_size, size = c->size;
    hf_channel_bytes(channel, &c->basis_size, sizeof c->basis_size);
    hf_channel_bytes(channel, &c->size, sizeof c->size);
    channel->good = channel->good && c->basis_size == basis_size && c->size == size;
    c->basis_size = basis_size;
    c->size = size;
    hf_channel_bytes(channel, &c->next, sizeof c->next);
    hf_channel_bytes(channel, c->lengths, sizeof c->lengths);
    hf_channel_bytes(channel, &c->state.t, sizeof c->state.t);
    hf_channel_bytes(channel, &c->state.energy, sizeof c->state.energy);
    hf_channel_bytes(channel, &c->state.counts, sizeof c->state.counts);
    hf_channel_bytes(channel, c->state.y, (size_t)c->size * sizeof *c->state.y);
    hf_channel_bytes(channel, c->basis, (size_t)c->basis_size * sizeof *c->basis);
    channel->good = hf_detector_transfer(s->detector, channel) && channel->good;
    if (c->sensitivity != NULL)
        channel->good = hf_sensitivity_transfer(c->sensitivity, channel) && channel->good;
}

hf_status hf_checkpoint_write(const hf_checkpoint *checkpoint, hf_detector *detector, const char *path, hf_error *err)
{
    hf_checkpoint copy = *checkpoint; /* writing does not change what it points to either */
    saved s = {&copy, detector};
    return hf_channel_save(path, magic, checkpoint->hash, transfer, &s, err);
}

hf_status hf_checkpoint_read(hf_checkpoint *checkpoint, hf_detector *detector, const char *path, hf_error *err)
{
    saved s = {checkpoint, detector};
    return hf_channel_load(path, magic, checkpoint->hash, transfer, &s, err);
}
