/* lists: plain arrays that know their length; who holds one owns it unless said otherwise. */
#ifndef HF_CORE_LISTS_H
#define HF_CORE_LISTS_H

#include <stddef.h>

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

#endif
