/* params: what a model file says of its figures. */
#ifndef HF_REPORT_PARAMS_H
#define HF_REPORT_PARAMS_H

#include <stddef.h>

/* What figures call a thing (labels.h). */
typedef struct {
    char *name, *text;
} hf_label;

/* One after the other as the model file has them, those of a section together. */
typedef struct {
    size_t count;
    hf_label *at;
} hf_labels;

#endif
