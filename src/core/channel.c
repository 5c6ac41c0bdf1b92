#include "core/channel.h"

#include "core/hash.h"

#include <stdlib.h>

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

void hf_channel_array(hf_channel *channel, void **array, size_t *count, size_t size)
{
    uint64_t length = *count;
    hf_channel_bytes(channel, &length, sizeof length);
    if (!channel->writing && channel->good) {
        free(*array);
        *array = NULL;
        *count = 0;
        channel->good = length <= channel->limit / size && (*array = malloc((size_t)length * size + 1)) != NULL;
        *count = channel->good ? (size_t)length : 0;
    }
    hf_channel_bytes(channel, *array, *count * size);
}
