#include "estimate/tables.h"

#include "core/file.h"
#include "core/plural.h"
#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"

#include <math.h>

typedef struct {
    const char *parameter;
    double start, value, error, fitted, bias, error_rows, error_seeds, error_plain;
} parameter_row;

typedef struct {
    double step, t, loss, fitted, start, residual;
} fitted_row;

/* clang-format off */
static const hf_column parameter_columns[] = {
    HF_COLUMN(parameter_row, parameter, "", "its name ([fit.md](fit.md))"),
    HF_COLUMN(parameter_row, start, "as the key", "where the search starts"),
    HF_COLUMN(parameter_row, value, "as the key", "fitted minus its bias, in logarithms"),
    HF_COLUMN(parameter_row, error, "1", "relative standard error of value: that of its logarithm"),
    HF_COLUMN(parameter_row, fitted, "as the key", "of the flow that is nearest to the log"),
    HF_COLUMN(parameter_row, bias, "1", "mean logarithm of what trainings are fitted with, minus that of what they were made with; 0: none were made"),
    HF_COLUMN(parameter_row, error_rows, "1", "part of the error: noise of the rows, with neighbours that are not independent"),
    HF_COLUMN(parameter_row, error_seeds, "1", "part of the error: standard deviation of what trainings are fitted with; 0: none were made"),
    HF_COLUMN(parameter_row, error_plain, "1", "error of independent rows"),
};
static const hf_column fitted_columns[] = {
    HF_COLUMN(fitted_row, step, "steps", "of a row of the log"),
    HF_COLUMN(fitted_row, t, "flow time", "likewise, by the fitted lr"),
    HF_COLUMN(fitted_row, loss, "loss", "as it stands in the log"),
    HF_COLUMN(fitted_row, fitted, "loss", "of the fitted flow"),
    HF_COLUMN(fitted_row, start, "loss", "of the flow that the search starts with"),
    HF_COLUMN(fitted_row, residual, "loss", "of the log, minus fitted"),
};
static const hf_table_kind
    parameters_table = {"fit.tsv", "headflow fit: a row for every parameter.", HF_COLUMNS_OF("fit", parameter_columns)},
    fitted_table = {"fitted.tsv", "headflow fit: a row for every row of the log that was used.", HF_COLUMNS_OF("fit", fitted_columns)};
/* clang-format on */

const hf_table_kind *const hf_estimate_tables[] = {&parameters_table, &fitted_table, NULL};

static void fill_parameters(hf_table *table, const hf_estimate *e, const hf_estimate_params *params)
{
    (void)params;
    for (size_t i = 0; i < e->parameters; i++) {
        const hf_estimate_parameter *a = &e->parameter[i];
        const parameter_row row = {a->name, a->start, a->value, a->error, a->fitted, a->bias, a->rows, a->seeds, a->plain};
        hf_table_line(table, &parameters_table, &row);
    }
}

static void fill_fitted(hf_table *table, const hf_estimate *e, const hf_estimate_params *params)
{
    for (size_t k = 0; k < e->count; k++) {
        const fitted_row row = {params->step[k], e->t[k],      params->loss[k],
                                e->loss[k],      e->before[k], params->loss[k] - e->loss[k]};
        hf_table_line(table, &fitted_table, &row);
    }
}

static const struct {
    const hf_table_kind *kind;
    const char *name;
    void (*fill)(hf_table *table, const hf_estimate *e, const hf_estimate_params *params);
} tables[] = {{&parameters_table, "fit", fill_parameters}, {&fitted_table, "fitted", fill_fitted}};
enum { TABLES = sizeof tables / sizeof tables[0] };

hf_status hf_estimate_keep(const hf_estimate *e, const hf_estimate_params *params, hf_frames *frames, hf_error *err)
{
    for (size_t i = 0; i < TABLES; i++) {
        hf_table table;
        hf_frame *frame = hf_frames_add(frames, tables[i].name);
        if (frame == NULL)
            return hf_fail_memory(err, "the fit");
        hf_table_keep(&table, frame);
        hf_table_head(&table, tables[i].kind, NULL);
        tables[i].fill(&table, e, params);
    }
    return HF_OK;
}

/* ---- the figure ---- */

typedef struct {
    const hf_estimate *estimate;
    const hf_estimate_params *params;
} facts;

static void write_facts(FILE *stream, const void *data)
{
    const facts *f = data;
    char text[80], name[40];
    hf_plots_write_text(stream, "run_title", f->params->flow->origin.title);
    fprintf(stream, "fitted_count = %zu\narray fitted_says[%zu]\n", f->estimate->parameters, f->estimate->parameters);
    for (size_t i = 0; i < f->estimate->parameters; i++) {
        const hf_estimate_parameter *a = &f->estimate->parameter[i];
        snprintf(text, sizeof text, "%s %.4g ± %.2g %%", a->name, a->value, 100 * a->error);
        snprintf(name, sizeof name, "fitted_says[%zu]", i + 1);
        hf_plots_write_text(stream, name, text);
    }
}

static hf_status write_figure(const hf_estimate *e, const hf_estimate_params *params, const char *directory, hf_error *err)
{
    return hf_plots_write_figure(directory, "fitted", NULL, write_facts, &(facts){e, params}, hf_plot_fitted, err);
}

hf_status hf_estimate_write(const hf_estimate *e, const hf_estimate_params *params, const char *directory, hf_error *err)
{
    hf_status status = HF_OK;
    for (size_t i = 0; i < TABLES && status == HF_OK; i++) {
        hf_table table;
        status = hf_table_start(&table, directory, tables[i].kind, &params->flow->origin, NULL, err);
        if (status != HF_OK)
            break;
        tables[i].fill(&table, e, params);
        status = hf_file_commit(&table.file, err);
    }
    return status == HF_OK ? write_figure(e, params, directory, err) : status;
}

/* ---- for the eye ---- */

static void print_noise(const hf_estimate *e, FILE *stream)
{
    fprintf(stream, "  Residuals have a standard deviation of %.3g; neighbours correlate by %.2f.\n", e->noise,
            e->neighbours);
    if (e->seeds == 0)
        fputs("  Errors are those of the rows' noise alone: they do not know how differently trainings of the same "
              "parameters go.\n",
              stream);
    else
        fprintf(stream,
                "  %zu trainings of the fitted parameters were fitted, too: their spread is in the errors, their mean is "
                "taken off.\n",
                e->seeds);
}

static void print_correlations(const hf_estimate *e, FILE *stream)
{
    const double strong = 0.9;
    for (size_t i = 0; i < e->parameters; i++)
        for (size_t j = 0; j < i; j++)
            if (fabs(e->correlation[i * e->parameters + j]) > strong)
                fprintf(stream,
                        "  The errors of %s and %s correlate by %.3f: the log tells one combination of them better.\n",
                        e->parameter[j].name, e->parameter[i].name, e->correlation[i * e->parameters + j]);
}

void hf_estimate_print(const hf_estimate *e, const hf_estimate_params *params, const char *log, FILE *stream)
{
    fprintf(stream, "%s, %zu rows to step %g, by the flow of %s:\n", log, e->count, params->step[e->count - 1],
            params->flow->origin.title);
    fprintf(stream, "  %-16s %12s %12s %10s %10s %10s %10s\n", "parameter", "start", "value", "+- %", "rows %", "seeds %",
            "bias %");
    for (size_t i = 0; i < e->parameters; i++) {
        const hf_estimate_parameter *a = &e->parameter[i];
        fprintf(stream, "  %-16s %12.6g %12.6g %10.3g %10.3g", a->name, a->start, a->value, 100 * a->error, 100 * a->rows);
        if (e->seeds > 0)
            fprintf(stream, " %10.3g %+10.3g\n", 100 * a->seeds, 100 * a->bias);
        else
            fprintf(stream, " %10s %10s\n", "-", "-");
    }
    print_noise(e, stream);
    print_correlations(e, stream);
    if (!e->converged)
        fprintf(stream, "  The search has not converged after %zu step%s: start nearer, or fit fewer parameters.\n",
                e->iterations, hf_plural(e->iterations));
}
