#include "run/token_record.h"

/* ---- the trajectory ---- */

static const hf_column row_columns[] = {
    HF_COLUMN(hf_token_row, step, "steps", "steps made"),
    HF_COLUMN(
        hf_token_row, train_loss, "nats",
        "mean cross-entropy over all fixed training sequences, or, of fresh ones, of the step's batch before the step"),
    HF_COLUMN(hf_token_row, train_excess, "nats", "train_loss minus the cross-entropy of the truth on the same tokens"),
    HF_COLUMN(hf_token_row, excess, "nats", "the same of the held-out sequences"),
    HF_COLUMN(hf_token_row, overlap, "", "least cosine of two heads' mean attention by lag; 1: all heads look alike"),
};
static const hf_table_kind trajectory = {
    "trajectory.tsv",
    "Training on a Markov chain: a row for every output step. Behind these columns: kl_<k>, the divergence from who knows "
    "the k "
    "strongest spans to the model (the last: from the truth); mass_<h>_<k>, the attention of head h on span k of that "
    "order, "
    "mean over held-out queries; of the minimal model value_<h>_<k>, the inner product of head h's value matrix with A_k.",
    HF_COLUMNS(row_columns)};

static const hf_column stage_columns[] = {
    HF_COLUMN(hf_search_stage, t_onset, "steps", "a tenth of the stage has fallen"),
    HF_COLUMN(hf_search_stage, t_half, "steps", "half of it has fallen; nan: it is under way"),
    HF_COLUMN(hf_search_stage, half_error, "steps", "standard error of t_half; nan: not known"),
    HF_COLUMN(hf_search_stage, t_settle, "steps", "nine tenths of it have fallen; nan: it is under way"),
    HF_COLUMN(hf_search_stage, t_peak, "steps", "the excess falls fastest; nan: it is still getting faster at the end"),
    HF_COLUMN(hf_search_stage, before, "nats", "level of the excess before the stage"),
    HF_COLUMN(hf_search_stage, after, "nats", "level behind it, or at the end"),
    HF_COLUMN(hf_search_stage, strength, "", "how sure it is: 1 is as much as noise could pretend"),
    HF_COLUMN(hf_search_stage, settled, "", "0: the run ends in it"),
};
static const hf_table_kind stages_table = {
    "stages.tsv", "Training on a Markov chain: a row for every stage of the held-out excess.", HF_COLUMNS(stage_columns)};

const hf_table_kind *const hf_token_record_tables[] = {&trajectory, &stages_table, NULL};

static void name_pairs(hf_table *table, const char *what, const hf_token_view *view)
{
    for (size_t h = 1; h <= view->heads; h++)
        for (size_t k = 1; k <= view->levels; k++)
            hf_table_text(table, "%s_%zu_%zu", what, h, k);
}

hf_status hf_token_record_open(hf_table *table, const char *directory, const hf_table_origin *origin,
                               const hf_token_row *like, long length, hf_error *err)
{
    if (length > 0)
        return hf_table_reopen(table, directory, trajectory.name, length, err);
    const hf_status status = hf_table_open(table, directory, trajectory.name, origin, err);
    if (status != HF_OK)
        return status;
    hf_table_names(table, &trajectory);
    for (size_t k = 1; k <= like->view->levels; k++)
        hf_table_text(table, "kl_%zu", k);
    name_pairs(table, "mass", like->view);
    if (like->value != NULL)
        name_pairs(table, "value", like->view);
    hf_table_end_line(table);
    return HF_OK;
}

hf_status hf_token_record_row(hf_table *table, const hf_token_row *row, hf_error *err)
{
    const hf_token_view *view = row->view;
    hf_table_row(table, &trajectory, row);
    hf_table_numbers(table, view->levels, view->kl);
    hf_table_numbers(table, view->heads * view->levels, view->mass);
    if (row->value != NULL)
        hf_table_numbers(table, view->heads * view->levels, row->value);
    hf_table_end_line(table);
    return hf_table_failed(table) ? hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full?)", table->file.part)
                                  : HF_OK;
}

/* ---- the end ---- */

static hf_status write_stages(const char *directory, const hf_table_origin *origin, const hf_search_result *stages,
                              hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_start(&table, directory, &stages_table, origin, NULL, err);
    if (status != HF_OK)
        return status;
    for (size_t i = 0; i < stages->stage_count; i++) {
        hf_table_line(&table, &stages_table, &stages->stage[i]);
    }
    return hf_file_commit(&table.file, err);
}

static hf_status write_final(const char *directory, const hf_table_origin *origin, hf_tensors tensors,
                             const double *parameters, hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_open(&table, directory, "final.tsv", origin, err);
    if (status != HF_OK)
        return status;
    hf_table_text(&table, "tensor\tindex\tvalue");
    hf_table_end_line(&table);
    for (size_t t = 0; t < tensors.count; t++)
        for (size_t i = 0; i < tensors.at[t].count; i++) {
            hf_table_text(&table, "%s\t%zu", tensors.at[t].name, i + 1);
            hf_table_number(&table, parameters[tensors.at[t].offset + i]);
            hf_table_end_line(&table);
        }
    return hf_file_commit(&table.file, err);
}

hf_status hf_token_record_end(const char *directory, const hf_table_origin *origin, const hf_search_result *stages,
                              hf_tensors tensors, const double *parameters, hf_error *err)
{
    const hf_status status = write_stages(directory, origin, stages, err);
    return status == HF_OK ? write_final(directory, origin, tensors, parameters, err) : status;
}
