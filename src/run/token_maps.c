#include "run/token_maps.h"

#include "train/kernels.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 }; /* sequences looked at together */

/* ---- the table ---- */

typedef struct {
    uint64_t step;
    size_t block, head, query, key;
    double attention;
} map_row;

static const hf_column columns[] = {
    HF_COLUMN_STEP(map_row, step, "steps", "steps made"),
    HF_COLUMN(map_row, block, "", "layer of attention, from 1"),
    HF_COLUMN(map_row, head, "", "head, from 1"),
    HF_COLUMN(map_row, query, "", "place of the last token that is known where the next one is predicted, from 1"),
    HF_COLUMN(map_row, key, "", "place attended to, from 1 to that of the query; lag 1 is the query's own"),
    HF_COLUMN(map_row, attention, "", "mean over the held-out sequences; the sum over keys is 1"),
};
static const hf_table_kind maps_table = {
    "maps.tsv", "Training on a Markov chain, with output.maps: a row for every such step, block, head, scored query and key it sees.",
    HF_COLUMNS(columns)};

const hf_table_kind *const hf_token_maps_tables[] = {&maps_table, NULL};

/* ---- life ---- */

/* Numbers of one sequence. */
static size_t map_size(const hf_token_maps *maps)
{
    return maps->blocks * maps->params.heads * maps->params.task->scored * maps->places;
}

hf_status hf_token_maps_init(hf_token_maps *maps, const hf_token_maps_params *params, hf_error *err)
{
    *maps = (hf_token_maps){.params = *params,
                            .places = params->task->first + params->task->scored - 1,
                            .blocks = hf_model_blocks(params->model)};
    if (params->steps->count == 0)
        return HF_OK;
    const size_t size = map_size(maps);
    maps->sum = malloc((1 + CHUNK) * size * sizeof *maps->sum);
    maps->attention = maps->sum == NULL ? NULL : maps->sum + size;
    return maps->sum == NULL ? hf_fail_memory(err, "the attention maps") : HF_OK;
}

void hf_token_maps_clear(hf_token_maps *maps)
{
    hf_file_abandon(&maps->table.file);
    free(maps->sum);
    *maps = (hf_token_maps){0};
}

hf_status hf_token_maps_open(hf_token_maps *maps, const char *directory, const hf_table_origin *origin, long length,
                             hf_error *err)
{
    if (maps->sum == NULL)
        return HF_OK;
    if (length > 0)
        return hf_table_reopen(&maps->table, directory, maps_table.name, origin, length, err);
    return hf_table_start(&maps->table, directory, &maps_table, origin, NULL, err);
}

hf_status hf_token_maps_check(const hf_token_maps *maps, const char *directory, long length, hf_error *err)
{
    return maps->sum == NULL ? HF_OK : hf_table_check(directory, maps_table.name, length, err);
}

static bool is_open(const hf_token_maps *maps)
{
    return maps->table.file.stream != NULL;
}

/* ---- a map ---- */

static void add_sequences(hf_token_maps *maps, const double *parameters)
{
    const hf_token_maps_params *p = &maps->params;
    const size_t size = map_size(maps), all = p->sequences.count;
    memset(maps->sum, 0, size * sizeof *maps->sum);
    for (size_t first = 0; first < all; first += CHUNK) {
        const size_t count = all - first < CHUNK ? all - first : CHUNK;
        p->model.kind->forward(p->model.self, parameters, &p->sequences, first, count, NULL, maps->attention);
        for (size_t n = 0; n < count; n++)
            hf_kernel_add(size, 1, maps->attention + n * size, maps->sum);
    }
}

static void write_head(hf_token_maps *maps, map_row row, const double *sum)
{
    const hf_token_task *task = maps->params.task;
    for (size_t q = 0; q < task->scored; q++) {
        row.query = task->first + q;
        for (row.key = 1; row.key <= row.query; row.key++) {
            row.attention = sum[q * maps->places + row.key - 1] / (double)maps->params.sequences.count;
            hf_table_line(&maps->table, &maps_table, &row);
        }
    }
}

static bool is_due(const hf_token_maps *maps, uint64_t step)
{
    for (size_t i = 0; i < maps->params.steps->count; i++)
        if (maps->params.steps->at[i] == step)
            return true;
    return false;
}

hf_status hf_token_maps_look(hf_token_maps *maps, uint64_t step, const double *parameters, hf_error *err)
{
    const size_t heads = maps->params.heads, size = maps->params.task->scored * maps->places;
    if (!is_open(maps) || !is_due(maps, step))
        return HF_OK;
    add_sequences(maps, parameters);
    for (size_t b = 0; b < maps->blocks; b++)
        for (size_t h = 0; h < heads; h++)
            write_head(maps, (map_row){.step = step, .block = b + 1, .head = h + 1}, maps->sum + (b * heads + h) * size);
    return hf_table_failed(&maps->table)
               ? hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full?)", maps->table.file.part)
               : HF_OK;
}

/* ---- saving ---- */

hf_status hf_token_maps_sync(hf_token_maps *maps, long *length, hf_error *err)
{
    return is_open(maps) ? hf_file_sync(&maps->table.file, length, err) : HF_OK;
}

hf_status hf_token_maps_commit(hf_token_maps *maps, hf_error *err)
{
    return is_open(maps) ? hf_file_commit(&maps->table.file, err) : HF_OK;
}
