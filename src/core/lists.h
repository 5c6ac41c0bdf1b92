/* lists: plain arrays that know their length; who holds one owns it unless said otherwise. */
#ifndef HF_CORE_LISTS_H
#define HF_CORE_LISTS_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t count;
    double *at;
} hf_reals;
typedef struct {
    size_t count;
    size_t *at;
} hf_counts;
typedef struct {
    size_t count;
    uint64_t *at; /* of steps, which are more than memory has room for on 32 bits */
} hf_numbers;
typedef struct {
    size_t count;
    hf_reals *row;
} hf_real_rows;
typedef struct {
    size_t count;
    hf_counts *row;
} hf_count_rows;
typedef struct {
    size_t count;
    char **at;
} hf_strings;

/* Lags from..to, both included. */
typedef struct {
    size_t from, to;
} hf_lag_range;

/* What a level of a task of tokens is called: where a head looks that is about it, and what somebody knows who knows it beside the
 * earlier ones. */
typedef struct {
    const char *place, *knowledge;
} hf_level_name;

/* A list of count entries, of size bytes each, with room for one more: list, or where it has moved to. *capacity: the entries
 * that it has room for, 0 for NULL. NULL: no memory, and list stays as it was. */
void *hf_list_grow(void *list, size_t count, size_t *capacity, size_t size) __attribute__((warn_unused_result));

/* Entry i of a list that holds one number for all, one for each, or none for otherwise. */
static inline double hf_reals_at(const hf_reals *list, size_t i, double otherwise)
{
    return list->count == 0 ? otherwise : list->at[list->count == 1 ? 0 : i];
}

static inline size_t hf_counts_at(const hf_counts *list, size_t i, size_t otherwise)
{
    return list->count == 0 ? otherwise : list->at[list->count == 1 ? 0 : i];
}

#endif
