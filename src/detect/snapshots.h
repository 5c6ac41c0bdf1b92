/* snapshots: states of a run at times that lie a factor apart, to look back at a time that is only known later. */
#ifndef HF_DETECT_SNAPSHOTS_H
#define HF_DETECT_SNAPSHOTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    size_t size; /* numbers of a state */
    size_t count, capacity, limit;
    double factor; /* between times; its square once there are too many */
    double *at;    /* (count, 1 + size) time and state; owned */
} hf_snapshots;

void hf_snapshots_init(hf_snapshots *snapshots, size_t size);

/* Keeps the state y (size) if its time t is far enough from the last one kept; times rise. False: out of memory. */
bool hf_snapshots_add(hf_snapshots *snapshots, double t, const double *y);

/* The state kept nearest to a time; NULL if there is none. */
const double *hf_snapshots_nearest(const hf_snapshots *snapshots, double t);

/* Writes all to a checkpoint, or reads it back. False: not enough bytes or memory. */
struct hf_channel;
bool hf_snapshots_transfer(hf_snapshots *snapshots, struct hf_channel *channel);

/* Legal on zeroed ones. */
void hf_snapshots_clear(hf_snapshots *snapshots);

#endif
