/* heads: says in words which heads are equal, alike or apart, at the start and at the end of a run.
 *
 * Heads are equal if all their values and logits are, bit for bit; alike if their attentions overlap by more than
 * detect.overlap; else apart. Alike is no equivalence: heads are put into groups that a chain of alike heads joins, and a
 * group that has two heads apart is said to overlap only in part. */
#ifndef HF_REPORT_HEADS_H
#define HF_REPORT_HEADS_H

#include "detect/detector.h"

#include <stdio.h>

/* One sentence, or two where the end of the run differs from what the first one says. Nothing for one head. */
void hf_heads_print(const hf_findings *findings, FILE *stream);

#endif
