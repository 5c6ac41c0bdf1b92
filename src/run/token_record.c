#include "run/token_record.h"

/* ---- the trajectory ---- */

static void name_levels(hf_table *table, const void *row)
{
    for (size_t k = 1; k <= ((const hf_token_row *)row)->view->levels; k++)
        hf_table_text(table, "kl_%zu", k);
}

static void write_levels(hf_table *table, const void *row)
{
    const hf_token_view *view = ((const hf_token_row *)row)->view;
    hf_table_numbers(table, view->levels, view->kl);
}

static void name_pairs(hf_table *table, const char *what, const hf_token_view *view)
{
    for (size_t h = 1; h <= view->heads; h++)
        for (size_t k = 1; k <= view->levels; k++)
            hf_table_text(table, "%s_%zu_%zu", what, h, k);
}

static void name_mass(hf_table *table, const void *row)
{
    name_pairs(table, "mass", ((const hf_token_row *)row)->view);
}

static void write_mass(hf_table *table, const void *row)
{
    const hf_token_view *view = ((const hf_token_row *)row)->view;
    hf_table_numbers(table, view->heads * view->levels, view->mass);
}

static void name_values(hf_table *table, const void *row)
{
    if (((const hf_token_row *)row)->value != NULL)
        name_pairs(table, "value", ((const hf_token_row *)row)->view);
}

static void write_values(hf_table *table, const void *row)
{
    const hf_token_row *r = row;
    if (r->value != NULL)
        hf_table_numbers(table, r->view->heads * r->view->levels, r->value);
}

static void name_last(hf_table *table, const void *row)
{
    name_pairs(table, "last", ((const hf_token_row *)row)->view);
}

static void write_last(hf_table *table, const void *row)
{
    const hf_token_view *view = ((const hf_token_row *)row)->view;
    hf_table_numbers(table, view->heads * view->levels, view->last);
}

static void name_cuts(hf_table *table, const void *row)
{
    const hf_token_view *view = ((const hf_token_row *)row)->view;
    for (size_t r = 0; r < view->rivals; r++)
        hf_table_text(table, "cut_%zu", view->spans[r]);
}

static void write_cuts(hf_table *table, const void *row)
{
    const hf_token_view *view = ((const hf_token_row *)row)->view;
    hf_table_numbers(table, view->rivals, view->cut);
}

static const hf_column_group level_columns = {name_levels, write_levels}, mass_columns = {name_mass, write_mass},
                             value_columns = {name_values, write_values}, last_columns = {name_last, write_last},
                             cut_columns = {name_cuts, write_cuts};

/* clang-format off */
static const hf_column row_columns[] = {
    HF_COLUMN_STEP(hf_token_row, step, "steps", "steps made"),
    HF_COLUMN(hf_token_row, train_loss, "nats", "mean cross-entropy (of vectors half the mean squared distance) over all fixed training sequences, or, of fresh ones, of the step's batch before the step"),
    HF_COLUMN(hf_token_row, train_excess, "nats", "train_loss minus the cross-entropy of the truth on the same tokens"),
    HF_COLUMN(hf_token_row, excess, "nats", "the same of the held-out sequences"),
    HF_COLUMN(hf_token_row, overlap, "", "least cosine of two heads' mean attention by lag; 1: all heads look alike"),
    HF_COLUMN_GROUP(&level_columns, "kl_<k>", "nats", "divergence from who knows the k strongest spans to the model; the last: from the truth. Recall: 1: who knows which values there are. Vectors: the excess"),
    HF_COLUMN_GROUP(&mass_columns, "mass_<h>_<k>", "", "attention of head h on span k of that order, mean over held-out queries; of several blocks, the last. Recall: 1: on values of other pairs, 2: on those asked for. Vectors: on the inputs that matter"),
    HF_COLUMN_GROUP(&value_columns, "value_<h>_<k>", "", "of the minimal model: inner product of head h's value matrix with A_k"),
    HF_COLUMN_GROUP(&last_columns, "last_<h>_<k>", "", "as `mass_<h>_<k>`, but of the last query of every held-out sequence alone, which sees most; the figure shows these"),
    HF_COLUMN_GROUP(&cut_columns, "cut_<k>", "nats", "with train.cuts: divergence from the model that was trained to see the k nearest spans alone"),
};
/* clang-format on */
static const hf_table_kind trajectory = {
    "trajectory.tsv", "Training on a Markov chain, to recall or on vectors: a row for every output step.", HF_COLUMNS(row_columns)};

/* ---- stages ---- */

typedef struct {
    double t_onset, t_half, half_error, t_settle, t_peak, before, after, strength, together;
    bool settled;
    size_t pattern, head, heads;
    const char *mode;
    const hf_token_move *move;
} stage_row;

static void name_heads(hf_table *table, const char *what, const void *row)
{
    for (size_t h = 1; h <= ((const stage_row *)row)->heads; h++)
        hf_table_text(table, "%s_%zu", what, h);
}

static void write_spans(hf_table *table, size_t heads, const size_t *span)
{
    for (size_t h = 0; h < heads; h++)
        hf_table_index(table, span[h]);
}

static void name_on(hf_table *table, const void *row)
{
    name_heads(table, "on", row);
}

static void write_on(hf_table *table, const void *row)
{
    write_spans(table, ((const stage_row *)row)->heads, ((const stage_row *)row)->move->on);
}

static void name_to(hf_table *table, const void *row)
{
    name_heads(table, "to", row);
}

static void write_to(hf_table *table, const void *row)
{
    write_spans(table, ((const stage_row *)row)->heads, ((const stage_row *)row)->move->to);
}

static void name_gain(hf_table *table, const void *row)
{
    name_heads(table, "gain", row);
}

static void write_gain(hf_table *table, const void *row)
{
    hf_table_numbers(table, ((const stage_row *)row)->heads, ((const stage_row *)row)->move->gain);
}

static const hf_column_group on_columns = {name_on, write_on}, to_columns = {name_to, write_to},
                             gain_columns = {name_gain, write_gain};

/* clang-format off */
static const hf_column stage_columns[] = {
    HF_COLUMN(stage_row, t_onset, "steps", "a tenth of the stage has fallen"),
    HF_COLUMN(stage_row, t_half, "steps", "half of it has fallen; nan: it is under way"),
    HF_COLUMN(stage_row, half_error, "steps", "standard error of t_half; nan: not known"),
    HF_COLUMN(stage_row, t_settle, "steps", "nine tenths of it have fallen; nan: it is under way"),
    HF_COLUMN(stage_row, t_peak, "steps", "the excess falls fastest; nan: it is still getting faster at the end"),
    HF_COLUMN(stage_row, before, "nats", "level of the excess before the stage"),
    HF_COLUMN(stage_row, after, "nats", "level behind it, or at the end"),
    HF_COLUMN(stage_row, strength, "", "how sure it is: 1 is as much as noise could pretend"),
    HF_COLUMN(stage_row, settled, "", "0: the run ends in it"),
    HF_COLUMN_INDEX(stage_row, pattern, "", "the span to which a head's attention grows most in the stage; nan: none grows by 0.1"),
    HF_COLUMN_INDEX(stage_row, head, "", "that head"),
    HF_COLUMN(stage_row, mode, "", "competitive, all heads move to this span; cooperative, some do; nan: it is not clear, or there is one head"),
    HF_COLUMN(stage_row, together, "", "1: all heads are on the same span before the stage; 0: they are not; nan: it is not clear"),
    HF_COLUMN_GROUP(&on_columns, "on_<h>", "", "the span that head h is on before the stage; nan: on none"),
    HF_COLUMN_GROUP(&to_columns, "to_<h>", "", "the span that head h leaves for; nan: it does not"),
    HF_COLUMN_GROUP(&gain_columns, "gain_<h>", "", "growth of head h's attention in the stage, to the span where it is largest"),
};
/* clang-format on */
static const hf_table_kind stages_table = {
    "stages.tsv", "Training on a Markov chain, to recall or on vectors: a row for every stage of the held-out excess.", HF_COLUMNS(stage_columns)};

typedef struct {
    const char *tensor;
    size_t index;
    double value;
} parameter_row;

static const hf_column parameter_columns[] = {
    HF_COLUMN(parameter_row, tensor, "", "name of a tensor of the model"),
    HF_COLUMN(parameter_row, index, "", "number of the entry in it"),
    HF_COLUMN(parameter_row, value, "", "the entry at the end"),
};
static const hf_table_kind final_table = {"final.tsv", "Training on a Markov chain, on strings, to recall or on vectors: a row for every parameter.",
                                          HF_COLUMNS(parameter_columns)};

const hf_table_kind *const hf_token_record_tables[] = {&trajectory, &stages_table, &final_table, NULL};

hf_status hf_token_record_open(hf_table *table, const char *directory, const hf_table_origin *origin,
                               const hf_token_row *like, long length, hf_error *err)
{
    if (length > 0)
        return hf_table_reopen(table, directory, trajectory.name, origin, length, err);
    const hf_status status = hf_table_open(table, directory, trajectory.name, origin, err);
    if (status != HF_OK)
        return status;
    hf_table_head(table, &trajectory, like);
    return HF_OK;
}

hf_status hf_token_record_row(hf_table *table, const hf_token_row *row, hf_error *err)
{
    hf_table_line(table, &trajectory, row);
    return hf_table_failed(table) ? hf_fail(err, HF_ESYSTEM, "%s: cannot be written (is the disk full?)", table->file.part)
                                  : HF_OK;
}

/* ---- the end ---- */

static stage_row describe_stage(const hf_search_stage *stage, const hf_token_move *move, size_t heads)
{
    return (stage_row){.t_onset = stage->t_onset,
                       .t_half = stage->t_half,
                       .half_error = stage->half_error,
                       .t_settle = stage->t_settle,
                       .t_peak = stage->t_peak,
                       .before = stage->before,
                       .after = stage->after,
                       .strength = stage->strength,
                       .settled = stage->settled,
                       .pattern = move->pattern,
                       .head = move->head,
                       .mode = hf_mode_names[move->mode],
                       .together = move->together,
                       .heads = heads,
                       .move = move};
}

static hf_status write_stages(const char *directory, const hf_table_origin *origin, const hf_token_numbers *numbers,
                              hf_error *err)
{
    hf_table table;
    const stage_row like = {.heads = numbers->heads};
    const hf_status status = hf_table_open(&table, directory, stages_table.name, origin, err);
    if (status != HF_OK)
        return status;
    hf_table_head(&table, &stages_table, &like);
    for (size_t i = 0; i < numbers->stages.stage_count; i++) {
        const stage_row row = describe_stage(&numbers->stages.stage[i], &numbers->move[i], numbers->heads);
        hf_table_line(&table, &stages_table, &row);
    }
    return hf_file_commit(&table.file, err);
}

hf_status hf_token_record_final(const char *directory, const hf_table_origin *origin, hf_tensors tensors,
                                const double *parameters, hf_error *err)
{
    hf_table table;
    const hf_status status = hf_table_start(&table, directory, &final_table, origin, NULL, err);
    if (status != HF_OK)
        return status;
    for (size_t t = 0; t < tensors.count; t++)
        for (size_t i = 0; i < tensors.at[t].count; i++) {
            const parameter_row row = {tensors.at[t].name, i + 1, parameters[tensors.at[t].offset + i]};
            hf_table_line(&table, &final_table, &row);
        }
    return hf_file_commit(&table.file, err);
}

hf_status hf_token_record_end(const char *directory, const hf_table_origin *origin, const hf_token_numbers *numbers,
                              hf_tensors tensors, const double *parameters, hf_error *err)
{
    const hf_status status = write_stages(directory, origin, numbers, err);
    return status == HF_OK ? hf_token_record_final(directory, origin, tensors, parameters, err) : status;
}
