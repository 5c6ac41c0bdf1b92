/* axes: the groups of a sweep, { key; values, log or linear; name; at; with; }, and of its fits, { response; on; }.
 *
 * What the table of keys cannot describe: values that are read as those of another key, which the group names. A group's
 * own key and those that go along with it (with) are axes one after the other: what is said of every swept key goes through
 * all axes, what is said of combinations through those that do not go along. */
#ifndef HF_CONFIG_AXES_H
#define HF_CONFIG_AXES_H

#include "config/config.h"
#include "config/tree.h"

/* Tasks of one sweep, and values of one key. */
#define HF_TASKS_MAX 1000000

/* Convert a list of groups, or one group, into a zeroed field. HF_EUSAGE: described in *fault; HF_ESYSTEM: memory. On
 * failure the field may be half filled. */
hf_status hf_axes_read(const hf_setting *setting, hf_axes *axes, hf_fault *fault);
hf_status hf_fits_read(const hf_setting *setting, hf_fits *fits, hf_fault *fault);

/* Free what the field owns; legal on a half-filled one. */
void hf_axes_clear(hf_axes *axes);
void hf_fits_clear(hf_fits *fits);

/* Write the groups as a model file has them. */
void hf_axes_print(const hf_axes *axes, FILE *stream);
void hf_fits_print(const hf_fits *fits, FILE *stream);

/* What the axes of a sweep must have in common: HF_EUSAGE. */
hf_status hf_axes_check(hf_config *config, hf_error *err);

/* Whether the values of an axis are numbers, or have some in their place. */
bool hf_axes_is_numeric(const hf_axis *axis);

/* The number of value i (from 0): itself, the one that `at` gives in its place, or, where there is neither, i + 1. */
double hf_axes_number(const hf_axis *axis, size_t i);

/* The axis that name means: its key, the last part of that, or its name. axes->count if there is none. */
size_t hf_axes_find(const hf_axes *axes, const char *name);

/* Number of points of a valid sweep: combinations of values, without seeds. */
size_t hf_axes_points(const hf_config *config);

/* Points between one value of axis number i and the next: the combinations of the groups after it. */
size_t hf_axes_stride(const hf_config *config, size_t i);

/* Which value axis number i has at a point: the last group varies fastest. */
size_t hf_axes_index(const hf_config *config, size_t i, size_t point);

/* The axis of group number n (from 0), the one that does not go along. axes->count if there is none. */
size_t hf_axes_group(const hf_axes *axes, size_t n);

#endif
