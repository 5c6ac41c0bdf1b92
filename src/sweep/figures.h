/* figures: gnuplot scripts of a collected sweep, in DIR/plots.
 *
 * curves.gp   one swept key (or several that go together): every quantity against it, medians with a band over seeds
 * map.gp      more: every quantity over the first two keys, the others at their first value
 * fit-N.gp    every fit: responses against the law */
#ifndef HF_SWEEP_FIGURES_H
#define HF_SWEEP_FIGURES_H

#include "sweep/parts.h"

/* Writes the scripts of a sweep whose tables are written. *any: there is at least one. Errors: HF_ESYSTEM. */
hf_status hf_figures_write(const hf_sweep *sweep, const hf_results *results, bool *any, hf_error *err);

#endif
