/* slices: the loss along random lines through a model's parameters, and how steep and how curved it is there (Ram et al. 2025 call the former an
 * empirical Lipschitz constant).
 *
 * Along N unit vectors u, L(x + r u) at HF_SLICES_POINTS radii r from -R to R, evenly spaced by D, 0 among them. L is the mean held-out loss. */
#ifndef HF_RUN_SLICES_H
#define HF_RUN_SLICES_H

#include "report/table.h"
#include "train/learner.h"

enum { HF_SLICES_POINTS = 21 };

typedef struct {
    size_t lines;
    double radius;
    double *loss;     /* (lines, points); owned */
    double lipschitz; /* max |L(r + D) - L(r)| / D over all lines and neighbouring radii; nan where a loss is */
    double curvature; /* median over lines of (L(D) - 2 L(0) + L(-D)) / D^2 */
} hf_slices;

extern const hf_table_kind *const hf_slices_tables[]; /* ended by NULL */

/* Lines are those of the seed, whatever else there is. parameters: (all tensors). Errors: HF_ESYSTEM. Free with hf_slices_clear. */
hf_status hf_slices_make(hf_slices *slices, hf_learner *learner, const double *parameters, size_t lines, double radius,
                         uint64_t seed, hf_error *err);

/* Legal on zeroed slices. */
void hf_slices_clear(hf_slices *slices);

/* slices.tsv in directory: a row for every radius. Errors: HF_ESYSTEM. */
hf_status hf_slices_record(const hf_slices *slices, const char *directory, const hf_table_origin *origin, hf_error *err);

#endif
