/* Fitted laws as words and as a table; declared in fit.h. */
#include "core/plural.h"
#include "core/path.h"
#include "core/statistics.h"
#include "report/table.h"
#include "sweep/fit.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

/* Text that grows and is cut at its end. */
typedef struct {
    char *text;
    size_t size, used;
} words;

__attribute__((format(printf, 2, 3))) static void add(words *w, const char *format, ...)
{
    va_list args;
    if (w->used >= w->size)
        return;
    va_start(args, format);
    const int written = vsnprintf(w->text + w->used, w->size - w->used, format, args);
    va_end(args);
    w->used += written > 0 ? (size_t)written : 0;
}

/* A parameter's name, in brackets where it is not a word. */
static void add_name(words *w, const char *name)
{
    const bool is_word = strpbrk(name, " +-*/^(") == NULL;
    add(w, is_word ? "%s" : "(%s)", name);
}

/* A number and its error bar; shown: its text, NULL for four digits. */
static void add_number(words *w, const char *shown, const hf_fit_number *n)
{
    char text[40];
    snprintf(text, sizeof text, "%.4g", n->value);
    add(w, "%s", shown == NULL ? text : shown);
    if (!isnan(n->error))
        add(w, "±%.2g", n->error);
}

/* c · x^e · ..., or c · exp(b x + ...) */
static void add_product(words *w, const hf_fit *fit, const hf_fit_result *r)
{
    const bool is_power = r->law->parameter == HF_SCALE_LOG;
    char text[40];
    add(w, "%s = %.4g", fit->response, hf_fit_constant(r));
    for (size_t k = 1; k < r->unknowns; k++) {
        add(w, is_power ? " · " : k == 1 ? " · exp(" : " + ");
        snprintf(text, sizeof text, is_power ? "%.4f" : "%.4g", r->number[k].value);
        if (is_power) {
            add_name(w, fit->on.at[k - 1]);
            add(w, "^");
        }
        add_number(w, text, &r->number[k]);
        if (!is_power) {
            add(w, " ");
            add_name(w, fit->on.at[k - 1]);
        }
    }
    add(w, is_power ? "" : ")");
}

/* a + b log x + ... */
static void add_sum(words *w, const hf_fit *fit, const hf_fit_result *r)
{
    const bool is_root = r->law->response == HF_SCALE_ROOT, by_log = r->law->parameter == HF_SCALE_LOG;
    add(w, is_root ? "√%s = " : "%s = ", fit->response);
    add_number(w, NULL, &r->number[0]);
    for (size_t k = 1; k < r->unknowns; k++) {
        add(w, " + (");
        add_number(w, NULL, &r->number[k]);
        add(w, by_log ? ") log " : ") ");
        add_name(w, fit->on.at[k - 1]);
    }
}

void hf_fit_describe(const hf_fit *fit, const hf_fit_result *r, char *text, size_t size)
{
    words w = {text, size, 0};
    text[0] = '\0';
    (r->law->response == HF_SCALE_LOG ? add_product : add_sum)(&w, fit, r);
}

void hf_fit_warn(const hf_fit *fit, const hf_fit_result *r, char *text, size_t size)
{
    const bool is_power = r->law == &hf_laws[0];
    words w = {text, size, 0};
    text[0] = '\0';
    for (size_t k = 1; k < r->unknowns; k++)
        if (r->number[k].curved == 1)
            add(&w, "%s %s of %s goes from %.3g to %.3g", w.used == 0 ? "curved, not this law: the" : ", the",
                is_power ? "exponent" : "slope", fit->on.at[k - 1], r->number[k].first, r->number[k].last);
}

/* ---- for the eye ---- */

static void print_law(const hf_fit *fit, const hf_fit_result *r, FILE *stream)
{
    char text[600], warning[600];
    if (isnan(r->number[0].value)) {
        fprintf(stream, "fit of %s: %zu run%s not determine it\n", fit->response, r->runs, r->runs == 1 ? " does" : "s do");
        return;
    }
    hf_fit_describe(fit, r, text, sizeof text);
    hf_fit_warn(fit, r, warning, sizeof warning);
    fprintf(stream, "fit (%s): %s, R² = %.6g, %.2g %% off, %zu run%s\n", r->law->name, text, r->r2, 100 * r->relative,
            r->runs, hf_plural(r->runs));
    if (warning[0] != '\0')
        fprintf(stream, "     %s\n", warning);
    if (r->left_out > 0)
        fprintf(stream, "     left out: %zu run%s without it, of which the law knows nothing; it may be biased\n",
                r->left_out, hf_plural(r->left_out));
    if (r->seeds < HF_JACKKNIFE_LEAST)
        fprintf(stream, "     no error bar: it takes %d seeds or more, here is %zu\n", HF_JACKKNIFE_LEAST, r->seeds);
}

hf_status hf_fit_print(const hf_sweep *sweep, const hf_results *results, FILE *stream, hf_error *err)
{
    hf_status status = HF_OK;
    for (size_t i = 0; i < sweep->config.fit.count && status == HF_OK; i++) {
        const hf_fit *fit = &sweep->config.fit.at[i];
        hf_fit_result result;
        status = hf_fit_solve(sweep, results, fit, &result, err);
        if (status == HF_OK) {
            print_law(fit, &result, stream);
            hf_fit_clear(&result);
        }
    }
    return status;
}

/* ---- fit.tsv ---- */

typedef struct {
    size_t fit;
    const char *response, *parameter;
    double exponent, standard_error, r2, residual;
    size_t runs, left_out;
    const char *law;
    size_t seeds;
    double residual_error, relative_rms, bend, bend_error, curved;
} fit_row;

/* clang-format off */
static const hf_column fit_columns[] = {
    HF_COLUMN(fit_row, fit, "", "number of the fit"),
    HF_COLUMN(fit_row, response, "", "the quantity"),
    HF_COLUMN(fit_row, parameter, "", "name of an axis; constant"),
    HF_COLUMN(fit_row, exponent, "", "of a power law; else the slope; of the constant: the factor c of power and exponential, else a"),
    HF_COLUMN(fit_row, standard_error, "", "one seed left out of all points, in turn (jackknife); nan: fewer than three; of a factor c: that of log c"),
    HF_COLUMN(fit_row, r2, "1", "part of the variance that the law explains, on its scale"),
    HF_COLUMN(fit_row, residual, "", "standard deviation about the law, on its scale"),
    HF_COLUMN(fit_row, runs, "", "in the fit"),
    HF_COLUMN(fit_row, left_out, "", "runs that are not OK or have no response on the law's scale"),
    HF_COLUMN(fit_row, law, "", "its name"),
    HF_COLUMN(fit_row, seeds, "", "that the points share"),
    HF_COLUMN(fit_row, residual_error, "", "from the scatter about the law, as if runs were independent"),
    HF_COLUMN(fit_row, relative_rms, "1", "root mean square of response over law, minus 1: the same measure for all laws"),
    HF_COLUMN(fit_row, bend, "1", "change of the slope over the range, over the slope"),
    HF_COLUMN(fit_row, bend_error, "1", "its standard error"),
    HF_COLUMN(fit_row, curved, "", "1: the bend is real; nan: not known"),
};
/* clang-format on */
const hf_table_kind hf_fit_table = {"fit.tsv", "Of a sweep: a row for every parameter of every fit, and one for its constant.",
                                    HF_COLUMNS(fit_columns)};

static void write_fit(hf_table *table, size_t number, const hf_fit *fit, const hf_fit_result *r)
{
    for (size_t k = 0; k < r->unknowns; k++) {
        const hf_fit_number *n = &r->number[k];
        const fit_row row = {.fit = number,
                             .response = fit->response,
                             .parameter = k == 0 ? "constant" : fit->on.at[k - 1],
                             .exponent = k == 0 ? hf_fit_constant(r) : n->value,
                             .standard_error = n->error,
                             .r2 = r->r2,
                             .residual = r->residual,
                             .runs = r->runs,
                             .left_out = r->left_out,
                             .law = r->law->name,
                             .seeds = r->seeds,
                             .residual_error = n->residual,
                             .relative_rms = r->relative,
                             .bend = n->bend,
                             .bend_error = n->bend_error,
                             .curved = n->curved};
        hf_table_line(table, &hf_fit_table, &row);
    }
}

/* A table of fits that the model no longer has. */
static hf_status forget_old(const hf_sweep *sweep, hf_error *err)
{
    char *path = hf_path_join(sweep->directory, hf_fit_table.name);
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    remove(path);
    free(path);
    return HF_OK;
}

hf_status hf_fit_write(const hf_sweep *sweep, const hf_results *results, hf_error *err)
{
    const hf_config *config = &sweep->config;
    const hf_table_origin origin = {.title = config->title, .hash = sweep->tasks.hash, .seed = config->init.seed};
    hf_table table;
    if (config->fit.count == 0)
        return forget_old(sweep, err);
    hf_status status = hf_table_open(&table, sweep->directory, hf_fit_table.name, &origin, err);
    if (status != HF_OK)
        return status;
    hf_table_comment(&table,
                     "standard_error: one seed left out of all points, in turn (jackknife); nan: fewer than %d seeds",
                     HF_JACKKNIFE_LEAST);
    hf_table_head(&table, &hf_fit_table, NULL);
    for (size_t i = 0; i < config->fit.count && status == HF_OK; i++) {
        hf_fit_result result;
        status = hf_fit_solve(sweep, results, &config->fit.at[i], &result, err);
        if (status != HF_OK)
            break;
        write_fit(&table, i + 1, &config->fit.at[i], &result);
        hf_fit_clear(&result);
    }
    if (status == HF_OK)
        return hf_file_commit(&table.file, err);
    hf_file_abandon(&table.file);
    return status;
}
