/* outcome: what a run leaves, for headflow.h: frames that are there, and tables of a folder, which are read when they are asked for. */
#ifndef HF_API_OUTCOME_H
#define HF_API_OUTCOME_H

#include "core/lists.h"
#include "report/frame.h"

struct hf_outcome {
    hf_frames frames;
    char *directory;   /* NULL: there is none */
    hf_strings tables; /* paths of the tables there, without .tsv */
};

/* An outcome without anything in it. Errors: HF_ESYSTEM. Free with hf_outcome_free. */
hf_status hf_outcome_create(struct hf_outcome **outcome, hf_error *err);

/* Adds what a folder holds. Errors: HF_ESYSTEM. */
hf_status hf_outcome_add_folder(struct hf_outcome *outcome, const char *directory, hf_error *err);

#endif
