/* token_turn: which heads leave for which span in a stage of a training on tokens, and whether they compete or cooperate.
 *
 * From the attention last_hk of the last query (token_probe.h) at two rows: a, the last one at or before the stage's onset, and b, the first
 * at or after its settling, or the last of all where it has not settled. g_hk = last_hk(b) - last_hk(a).
 *
 *     on_h       span that head h is on at a: last_hk is above 1.5 times that of every other span; 0: of none
 *     together   1: all heads are on the same span at a; 0: two are on different ones; nan: it cannot be told
 *     gain_h     largest g_hk over the spans k
 *     head, pattern   those of the largest of all g_hk; 0 where it is below 0.1: no head moves
 *     to_h       the span of gain_h, if this is at least 0.1 and half of the largest; 0: head h does not leave
 *     mode       competitive: every head's gain on `pattern` is at least half of the largest; cooperative: that of some head is at most
 *                a quarter of it; none of both: it cannot be told, there is one head, or none moves
 *
 * Of equal numbers the first counts. The heads turn from competition to cooperation in the first stage in which they are on the
 * same span before and one of them leaves it in cooperation. */
#ifndef HF_RUN_TOKEN_TURN_H
#define HF_RUN_TOKEN_TURN_H

#include "run/run.h"

#include <stdio.h>

/* Fills numbers->move, a row for every stage, and numbers->turn. at: (rows) steps, last: (rows, heads, levels). Errors: HF_ESYSTEM. */
hf_status hf_token_turn_find(hf_token_numbers *numbers, size_t rows, const double *at, const double *last, hf_error *err);

/* Legal on a zeroed structure. */
void hf_token_turn_clear(hf_token_numbers *numbers);

/* What heads do in stage i (from 0), in a line; and in which one they turn. */
void hf_token_turn_print_move(const hf_token_numbers *numbers, size_t i, FILE *stream);
void hf_token_turn_print(const hf_token_numbers *numbers, FILE *stream);

#endif
