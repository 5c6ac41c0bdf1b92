/* carriers: which heads have which patterns when a run has ended, whatever the heads are called.
 *
 * Pattern j is learned if the heads' shares of it add up to detect.acquired. Head k carries a learned pattern j if its share
 * of it is at least a tenth of the largest that a head has: several heads may carry one pattern, equal ones all do. Head k
 * looks at pattern j if at least a quarter of its attention (mass_kj) is on the pattern's positions; patterns that share
 * positions are looked at together.
 *
 * A head is written as its patterns, "1+3", or "-" for none, and a run as its heads, "1+3|2|-". Heads that change places make
 * the same run: the head that has the lowest pattern that others lack comes first, heads without patterns last. */
#ifndef HF_SWEEP_CARRIERS_H
#define HF_SWEEP_CARRIERS_H

#include "run/run.h"

/* Texts are the caller's to free; NULL where the system has no shares (no masses), or where memory fails. */

/* What each head carries: "1|1|2+3". */
char *hf_carriers_assignment(const hf_run_summary *run);

/* What each head looks at. */
char *hf_carriers_attended(const hf_run_summary *run);

/* The patterns as they are first acquired: "1,3=2", with = where the times are the same within a millionth; "none". */
char *hf_carriers_order(const hf_run_summary *run);

/* The largest numbers of heads that carry one pattern, of patterns that one head carries, and that one looks at; how many
 * heads carry none. nan where the system has none of it. */
double hf_carriers_heads(const hf_run_summary *run);
double hf_carriers_patterns(const hf_run_summary *run);
double hf_carriers_looks(const hf_run_summary *run);
double hf_carriers_idle(const hf_run_summary *run);

#endif
