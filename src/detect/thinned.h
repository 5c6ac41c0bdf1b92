/* thinned: a curve kept as means of rows that lie close together, so that a long run needs no more memory than its logarithm.
 * Rows closer than a part of their time tell nothing more about a stage but what the noise of their mean is. */
#ifndef HF_DETECT_THINNED_H
#define HF_DETECT_THINNED_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    double t, loss, speed;
} hf_thinned_row;

/* Zeroed: empty. */
typedef struct {
    size_t count, capacity;
    hf_thinned_row *row; /* (count) means, in order of time; owned */
    hf_thinned_row sum;  /* of those of the row that is being filled */
    size_t summed;
    double first; /* time of the first of them */
} hf_thinned;

/* Takes in a row; times rise. False: out of memory. */
bool hf_thinned_add(hf_thinned *thinned, hf_thinned_row row);

/* How many rows there are, with the one that is being filled. */
size_t hf_thinned_count(const hf_thinned *thinned);

/* Row i of them. */
hf_thinned_row hf_thinned_at(const hf_thinned *thinned, size_t i);

/* Writes all to a checkpoint, or reads it back. False: not enough bytes or memory. */
struct hf_channel;
bool hf_thinned_transfer(hf_thinned *thinned, struct hf_channel *channel);

/* Legal on a zeroed one. */
void hf_thinned_clear(hf_thinned *thinned);

#endif
