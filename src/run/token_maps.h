/* token_maps: attention maps of a training on tokens: what each head attends to at chosen steps, mean over the held-out
 * sequences.
 *
 * maps.tsv  step block head query key attention: of the scored queries, on all places up to each; places count from 1
 *
 * Sequences are added up in their order, so that heads that are equal bit by bit have the same map, on any number of threads. A
 * map costs a forward pass over all of them. Without steps nothing is written and everything succeeds. */
#ifndef HF_RUN_TOKEN_MAPS_H
#define HF_RUN_TOKEN_MAPS_H

#include "core/lists.h"
#include "report/table.h"
#include "train/model.h"
#include "train/token_task.h"

extern const hf_table_kind *const hf_token_maps_tables[]; /* ended by NULL */

/* Of which model, when, and over which sequences. Whatever it refers to must outlive the maps. */
typedef struct {
    const hf_numbers *steps; /* ascending, each once */
    const hf_token_task *task;
    hf_model model;
    size_t heads;
    hf_batch sequences;
} hf_token_maps_params;

typedef struct {
    hf_token_maps_params params;
    size_t places, blocks;
    double *sum;       /* (blocks, heads, scored, places) */
    double *attention; /* (chunk, blocks, heads, scored, places) */
    hf_table table;
} hf_token_maps;

/* Errors: HF_ESYSTEM. Free with hf_token_maps_clear, which is legal on zeroed maps. */
hf_status hf_token_maps_init(hf_token_maps *maps, const hf_token_maps_params *params, hf_error *err);
void hf_token_maps_clear(hf_token_maps *maps);

/* Starts maps.tsv in directory, or goes on after its first length bytes (0: anew). Errors: HF_ESYSTEM. */
hf_status hf_token_maps_open(hf_token_maps *maps, const char *directory, const hf_table_origin *origin, long length,
                             hf_error *err);

/* Whether that of a finished run is as long. Errors: HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_token_maps_check(const hf_token_maps *maps, const char *directory, long length, hf_error *err);

/* Writes the map of this step if there is to be one. Errors: HF_ESYSTEM. */
hf_status hf_token_maps_look(hf_token_maps *maps, uint64_t step, const double *parameters, hf_error *err);

/* Brings the table to the disk; *length is what hf_token_maps_open wants. Errors: HF_ESYSTEM. */
hf_status hf_token_maps_sync(hf_token_maps *maps, long *length, hf_error *err);

/* The table is complete. Errors: HF_ESYSTEM. */
hf_status hf_token_maps_commit(hf_token_maps *maps, hf_error *err);

#endif
