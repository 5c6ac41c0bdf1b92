#include "sweep/figures.h"

#include "config/axes.h"
#include "config/keys.h"
#include "core/path.h"
#include "core/text.h"
#include "core/file.h"
#include "core/plural.h"
#include "report/labels.h"
#include "report/markup.h"
#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"
#include "sweep/fit.h"
#include "sweep/fractions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- axes ---- */

/* The column of results.tsv that holds an axis's number. */
static const char *column_of(const hf_axis *axis)
{
    return axis->name != NULL ? axis->name : axis->key;
}

/* Whether two groups span a plane. */
static bool is_plane(const hf_config *config)
{
    const hf_axes *over = &config->sweep.over;
    return hf_axes_group(over, 1) < over->count && !config->sweep.zip;
}

/* Whether the values of an axis stand better on a logarithmic scale: a geometric grid, or a list over a decade or more. */
static bool is_geometric(const hf_axis *axis)
{
    double low = INFINITY, high = 0;
    if (!hf_axes_is_numeric(axis) || (axis->form != HF_AXIS_VALUES && axis->at.count == 0))
        return axis->form == HF_AXIS_LOG;
    for (size_t i = 0; i < axis->values.count; i++) {
        const double x = hf_axes_number(axis, i);
        low = fmin(low, x);
        high = fmax(high, x);
    }
    return low > 0 && high >= 10 * low;
}

/* A value for the eye: a number with as many digits as tell it from others, or the text itself. */
static const char *show_value(const hf_axis *axis, size_t i, char text[80])
{
    char digits[HF_REAL_TEXT];
    if (axis->at.count > 0)
        snprintf(text, 80, "%.10g", axis->at.at[i]);
    else if (hf_keys_find(axis->key)->kind == HF_KIND_REAL)
        snprintf(text, 80, "%s", hf_text_real(strtod(axis->values.at[i], NULL), digits));
    else
        hf_text_show(axis->values.at[i], text, 80);
    const size_t length = strlen(text);
    if (length >= 2 && text[0] == '"' && text[length - 1] == '"') { /* a string without its quotes */
        memmove(text, text + 1, length - 2);
        text[length - 2] = '\0';
    }
    return text;
}

static void write_list(FILE *stream, const char *name, size_t count)
{
    fprintf(stream, "array %s[%zu] = [", name, count);
}

/* x_name = ..., x_log = ..., x_at = [...], and for an axis without numbers x_labels = [...]. */
static void write_axis(FILE *stream, const char *letter, const hf_axis *axis, const hf_labels *labels)
{
    char name[160], label[HF_LABEL_TEXT], shown[80], digits[HF_REAL_TEXT];
    const char *unit = axis->name != NULL ? "" : hf_keys_find(axis->key)->unit;
    const bool has_unit = *unit != '\0' && strcmp(unit, "1") != 0;
    fprintf(stream, "%s_name = ", letter);
    hf_labels_write(stream, hf_labels_text(labels, column_of(axis), label));
    if (has_unit) {
        snprintf(name, sizeof name, " [%s]", unit);
        fputs(" . ", stream);
        hf_labels_write_text(stream, name);
    }
    fprintf(stream, "\n%s_count = %zu\n%s_log = %d\n%s_labelled = %d\n", letter, axis->values.count, letter,
            is_geometric(axis), letter, !hf_axes_is_numeric(axis));
    snprintf(name, sizeof name, "%s_at", letter);
    write_list(stream, name, axis->values.count);
    for (size_t i = 0; i < axis->values.count; i++) /* as reals: gnuplot divides integers without remainder */
        fprintf(stream, "%s%s", i == 0 ? "" : ", ", hf_text_real(hf_axes_number(axis, i), digits));
    fputs("]\n", stream);
    snprintf(name, sizeof name, "%s_label", letter);
    write_list(stream, name, axis->values.count);
    for (size_t i = 0; i < axis->values.count; i++) {
        fputs(i == 0 ? "" : ", ", stream);
        hf_labels_write_text(stream, show_value(axis, i, shown));
    }
    fputs("]\n", stream);
}

/* What the figure does not show: the groups beyond the first ones, at their first value. */
static void write_slice(FILE *stream, const hf_config *config, size_t first)
{
    const hf_axes *over = &config->sweep.over;
    char text[400] = "", shown[80];
    size_t used = 0;
    for (size_t n = first, i; (i = hf_axes_group(over, n)) < over->count && used < sizeof text; n++) {
        const char *between = n > first ? ", " : config->sweep.zip ? "together with " : "";
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s%s%s", between, column_of(&over->at[i]),
                             config->sweep.zip ? "" : " = ", config->sweep.zip ? "" : show_value(&over->at[i], 0, shown));
    }
    hf_plots_write_text(stream, "slice", text);
}

/* ---- quantities ---- */

/* Quantities that are numbers. */
static size_t count_numbers(const hf_sweep *sweep)
{
    size_t count = 0;
    for (size_t i = 0; i < sweep->asked_count; i++)
        count += !hf_quantity_is_category(&sweep->report[i]);
    return count;
}

/* What stands of every quantity in an array of the script; a text has no place there. */
typedef void write_entry(FILE *stream, const hf_sweep *sweep, const hf_quantity *q);

static void write_entries(FILE *stream, const char *name, const hf_sweep *sweep, write_entry *write)
{
    size_t count = 0;
    write_list(stream, name, count_numbers(sweep));
    for (size_t i = 0; i < sweep->asked_count; i++)
        if (!hf_quantity_is_category(&sweep->report[i])) {
            fputs(count++ == 0 ? "" : ", ", stream);
            write(stream, sweep, &sweep->report[i]);
        }
    fputs("]\n", stream);
}

static void write_name(FILE *stream, const hf_sweep *sweep, const hf_quantity *q)
{
    (void)sweep;
    hf_markup_quote(stream, q->name);
}

static void write_unit(FILE *stream, const hf_sweep *sweep, const hf_quantity *q)
{
    hf_markup_quote(stream, hf_quantity_unit(&sweep->config, q));
}

/* What figures call it. */
static void write_label(FILE *stream, const hf_sweep *sweep, const hf_quantity *q)
{
    char label[HF_LABEL_TEXT];
    hf_labels_write(stream, hf_labels_text(&sweep->config.labels, q->name, label));
}

static void write_is_time(FILE *stream, const hf_sweep *sweep, const hf_quantity *q)
{
    (void)sweep;
    fprintf(stream, "%d", q->kind->is_time);
}

static void write_is_count(FILE *stream, const hf_sweep *sweep, const hf_quantity *q)
{
    (void)sweep;
    fprintf(stream, "%d", q->kind->is_count);
}

static void write_quantities(FILE *stream, const hf_sweep *sweep)
{
    fprintf(stream, "seeds = %zu\nquantities = %zu\n", sweep->config.sweep.seeds, count_numbers(sweep));
    write_entries(stream, "quantity", sweep, write_name);
    write_entries(stream, "quantity_label", sweep, write_label);
    write_entries(stream, "unit", sweep, write_unit);
    write_entries(stream, "is_time", sweep, write_is_time);
    write_entries(stream, "is_count", sweep, write_is_count);
}

/* ---- curves and map ---- */

static void write_point_facts(FILE *stream, const void *data)
{
    const hf_sweep *sweep = data;
    const hf_config *config = &sweep->config;
    const hf_axes *over = &config->sweep.over;
    const size_t x = 0, y = hf_axes_group(over, 1);
    hf_plots_write_text(stream, "run_title", config->title);
    write_slice(stream, config, is_plane(config) ? 2 : 1);
    write_axis(stream, "x", &over->at[x], &config->labels);
    fprintf(stream, "x_stride = %zu\n", hf_axes_stride(config, x));
    if (is_plane(config)) {
        write_axis(stream, "y", &over->at[y], &config->labels);
        fprintf(stream, "y_stride = %zu\n", hf_axes_stride(config, y));
    }
    write_quantities(stream, sweep);
}

/* ---- fractions ---- */

enum { PANELS_MOST = 4, VALUES_MOST = 7 };

/* What is counted in one figure: the texts or counts that are there, and whether runs are in none of them. */
typedef struct {
    const hf_sweep *sweep;
    const hf_results *results;
    size_t q, count;
    hf_fraction *list; /* (count) of the whole sweep; owned */
} counted;

static int by_frequency(const void *a, const void *b)
{
    const hf_fraction *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : (x->count < y->count) - (x->count > y->count);
}

static int by_value(const void *a, const void *b)
{
    const hf_fraction *x = a, *y = b;
    return x->kind != y->kind ? (x->kind > y->kind) - (x->kind < y->kind) : (x->value > y->value) - (x->value < y->value);
}

/* Adds up the categories of all points. */
static void add_categories(counted *c, const hf_fraction *here, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < c->count && by_value(&c->list[k], &here[i]) != 0)
            k++;
        if (k == c->count)
            c->list[c->count++] = (hf_fraction){.kind = here[i].kind, .value = here[i].value};
        c->list[k].count += here[i].count;
    }
}

static hf_status count_categories(counted *c, hf_error *err)
{
    const size_t seeds = c->sweep->config.sweep.seeds;
    hf_fraction *here = malloc((seeds + 3) * sizeof *here);
    c->list = malloc((c->results->count + 3) * sizeof *c->list);
    if (here == NULL || c->list == NULL) {
        free(here);
        free(c->list);
        return hf_fail_memory(err, "a figure");
    }
    for (size_t first = 0; first < c->results->count; first += seeds) {
        size_t ended;
        add_categories(c, here, hf_fractions_of_point(c->sweep, c->results, first, c->q, here, &ended));
    }
    qsort(c->list, c->count, sizeof *c->list, by_frequency);
    free(here);
    return HF_OK;
}

static void write_category(FILE *stream, const counted *c, const hf_fraction *f, const char *otherwise, bool shown)
{
    char text[32];
    const char *name = f == NULL ? otherwise : hf_fraction_name(c->results, c->sweep, c->q, f, text);
    (shown ? hf_labels_write_text : hf_markup_quote)(stream, name);
}

/* The list of categories as an array: the most frequent ones, others together, and those that are no value. */
static void write_categories(FILE *stream, const char *name, const counted *c, size_t values, size_t kept, bool shown)
{
    size_t count = 0;
    write_list(stream, name, c->count - values + kept + (kept < values));
    for (size_t i = 0; i < c->count; i++) {
        if (i == kept && kept < values)
            fputs(count++ == 0 ? "" : ", ", stream), write_category(stream, c, NULL, "other", shown);
        if (i >= kept && i < values)
            continue;
        fputs(count++ == 0 ? "" : ", ", stream);
        write_category(stream, c, &c->list[i], NULL, shown);
    }
    fputs("]\n", stream);
}

/* values, other, none, unfinished, failed: how many values there are and where the rest stands, 0: nowhere. */
static void write_category_facts(FILE *stream, const counted *c)
{
    static const char *const names[] = {[HF_FRACTION_NONE] = "none", [HF_FRACTION_UNFINISHED] = "unfinished", [HF_FRACTION_FAILED] = "failed"};
    size_t values = 0;
    while (values < c->count && c->list[values].kind == HF_FRACTION_OF_VALUE)
        values++;
    const size_t kept = values > VALUES_MOST ? VALUES_MOST : values;
    if (!hf_quantity_is_category(&c->sweep->report[c->q]))
        qsort(c->list, kept, sizeof *c->list, by_value);
    write_categories(stream, "category", c, values, kept, false);
    write_categories(stream, "category_label", c, values, kept, true);
    const size_t before = kept + (kept < values);
    fprintf(stream, "categories = %zu\nvalues = %zu\nother = %zu\n", before + c->count - values, kept, kept < values ? before : 0);
    for (int kind = HF_FRACTION_NONE; kind <= HF_FRACTION_FAILED; kind++) {
        size_t place = 0;
        for (size_t i = values; i < c->count; i++)
            place = c->list[i].kind == (hf_fraction_kind)kind ? before + i - values + 1 : place;
        fprintf(stream, "%s = %zu\n", names[kind], place);
    }
}

/* Of the n-th group, for columns or rows of panels: its name and labels, which values are shown, and how far their points are. */
static void write_panels(FILE *stream, const char *letter, const hf_config *config, size_t n)
{
    const hf_axes *over = &config->sweep.over;
    const size_t axis = config->sweep.zip ? over->count : hf_axes_group(over, n);
    const size_t values = axis < over->count ? over->at[axis].values.count : 1, shown = values < PANELS_MOST ? values : PANELS_MOST;
    if (axis < over->count)
        write_axis(stream, letter, &over->at[axis], &config->labels);
    else
        fprintf(stream, "%s_name = ''; array %s_label[1] = ['']\n", letter, letter);
    fprintf(stream, "%s_shown = %zu\narray %s_picked[%zu]\narray %s_offset[%zu]\n", letter, shown, letter, shown, letter, shown);
    for (size_t i = 0; i < shown; i++) {
        const size_t value = shown < 2 ? 0 : i * (values - 1) / (shown - 1);
        fprintf(stream, "%s_picked[%zu] = %zu; %s_offset[%zu] = %zu\n", letter, i + 1, value + 1, letter, i + 1,
                axis < over->count ? value * hf_axes_stride(config, axis) : 0);
    }
}

static void write_fraction_facts(FILE *stream, const void *data)
{
    const counted *c = data;
    const hf_config *config = &c->sweep->config;
    char title[HF_LABEL_TEXT];
    hf_plots_write_text(stream, "run_title", config->title);
    write_slice(stream, config, config->sweep.zip ? 1 : 3);
    hf_plots_write_string(stream, "quantity", c->sweep->report[c->q].name);
    fputs("quantity_name = ", stream);
    hf_labels_write(stream, hf_labels_text(&config->labels, c->sweep->report[c->q].name, title));
    fprintf(stream, "\nseeds = %zu\npoints = %zu\nx_stride = %zu\n", config->sweep.seeds,
            c->results->count / config->sweep.seeds, hf_axes_stride(config, 0));
    write_axis(stream, "x", &config->sweep.over.at[0], &config->labels);
    write_panels(stream, "y", config, 1);
    write_panels(stream, "z", config, 2);
    write_category_facts(stream, c);
}

/* A figure for every text and count, where any run has ended. */
static hf_status write_fractions(const hf_sweep *sweep, const hf_results *results, const char *plots, bool *any, hf_error *err)
{
    static const char *const parts[] = {hf_plot_canvas, hf_plot_sweep, hf_plot_fractions, NULL};
    hf_status status = HF_OK;
    for (size_t q = 0; q < sweep->asked_count && status == HF_OK; q++) {
        counted c = {.sweep = sweep, .results = results, .q = q};
        char name[80];
        if (!hf_fractions_have(sweep, q))
            continue;
        status = count_categories(&c, err);
        if (status != HF_OK)
            return status;
        snprintf(name, sizeof name, "fractions-%.60s", sweep->report[q].name);
        status = hf_plots_write_script(plots, name, &sweep->config.labels, write_fraction_facts, &c, parts, err);
        *any = true;
        free(c.list);
    }
    return status;
}

/* ---- fits ---- */

typedef struct {
    const hf_sweep *sweep;
    const hf_fit *fit;
    const hf_fit_result *result;
} fit_facts;

static void write_fit_facts(FILE *stream, const void *data)
{
    const fit_facts *f = data;
    const hf_axes *over = &f->sweep->config.sweep.over;
    char law[700], warning[600];
    hf_fit_describe(f->fit, f->result, law, 600);
    hf_fit_warn(f->fit, f->result, warning, sizeof warning);
    const size_t used = strlen(law);
    snprintf(law + used, sizeof law - used, "     R² = %.6f     %zu run%s", f->result->r2, f->result->runs,
             hf_plural(f->result->runs));
    hf_plots_write_text(stream, "run_title", f->sweep->config.title);
    hf_plots_write_text(stream, "law", law);
    hf_plots_write_string(stream, "law_name", f->result->law->name);
    hf_plots_write_text(stream, "law_warning", warning);
    fprintf(stream, "response_scale = %d\nparameter_scale = %d\n", (int)f->result->law->response,
            (int)f->result->law->parameter);
    char label[HF_LABEL_TEXT];
    fputs("response = ", stream);
    hf_labels_write(stream, hf_labels_text(&f->sweep->config.labels, f->fit->response, label));
    putc('\n', stream);
    const hf_quantity wanted = hf_quantity_of(f->fit->response);
    const char *column = f->fit->response;
    for (size_t i = 0; i < f->sweep->asked_count; i++) {
        const hf_quantity have = f->sweep->report[i];
        if (hf_quantity_equal(&wanted, &have))
            column = have.name;
    }
    hf_plots_write_string(stream, "response_column", column);
    hf_plots_write_string(stream, "response_unit", hf_quantity_unit(&f->sweep->config, &wanted));
    fprintf(stream, "response_is_time = %d\n", wanted.kind->is_time);
    fprintf(stream, "parameters = %zu\nconstant = %.17g\n", f->fit->on.count, f->result->number[0].value);
    write_list(stream, "parameter", f->fit->on.count);
    for (size_t k = 0; k < f->fit->on.count; k++) {
        fputs(k == 0 ? "" : ", ", stream);
        hf_markup_quote(stream, column_of(&over->at[hf_axes_find(over, f->fit->on.at[k])]));
    }
    fputs("]\n", stream);
    write_list(stream, "parameter_label", f->fit->on.count);
    for (size_t k = 0; k < f->fit->on.count; k++) {
        fputs(k == 0 ? "" : ", ", stream);
        hf_labels_write(stream, hf_labels_text(&f->sweep->config.labels, column_of(&over->at[hf_axes_find(over, f->fit->on.at[k])]), label));
    }
    fputs("]\n", stream);
    write_list(stream, "exponent", f->fit->on.count);
    for (size_t k = 0; k < f->fit->on.count; k++)
        fprintf(stream, "%s%.17g", k == 0 ? "" : ", ", f->result->number[k + 1].value);
    fputs("]\n", stream);
}

static hf_status write_fit(const hf_sweep *sweep, const hf_results *results, size_t i, const char *plots, bool *any,
                           hf_error *err)
{
    static const char *const parts[] = {hf_plot_canvas, hf_plot_sweep, hf_plot_fit, NULL};
    char name[32];
    hf_fit_result result;
    snprintf(name, sizeof name, "fit-%zu", i + 1);
    hf_status status = hf_fit_solve(sweep, results, &sweep->config.fit.at[i], &result, err);
    if (status != HF_OK)
        return status;
    const fit_facts facts = {sweep, &sweep->config.fit.at[i], &result};
    if (!isnan(result.number[0].value)) {
        status = hf_plots_write_script(plots, name, &sweep->config.labels, write_fit_facts, &facts, parts, err);
        *any = true;
    }
    hf_fit_clear(&result);
    return status;
}

/* ---- the whole ---- */

hf_status hf_figures_write(const hf_sweep *sweep, const hf_results *results, bool *any, hf_error *err)
{
    static const char *const curves[] = {hf_plot_canvas, hf_plot_sweep, hf_plot_curves, NULL};
    static const char *const map[] = {hf_plot_canvas, hf_plot_sweep, hf_plot_map, NULL};
    const hf_config *config = &sweep->config;
    const bool is_map = is_plane(config);
    *any = false;
    if (config->sweep.over.count == 0)
        return HF_OK;
    char *plots = hf_path_join(sweep->directory, "plots");
    hf_status status = plots == NULL ? hf_fail_memory(err, "a file name") : hf_directory_make(plots, err);
    if (status == HF_OK && count_numbers(sweep) > 0) {
        status = hf_plots_write_script(plots, is_map ? "map" : "curves", &config->labels, write_point_facts, sweep,
                                       is_map ? map : curves, err);
        *any = status == HF_OK;
    }
    if (status == HF_OK && hf_fractions_are_wanted(sweep))
        status = write_fractions(sweep, results, plots, any, err);
    for (size_t i = 0; i < config->fit.count && status == HF_OK; i++)
        status = write_fit(sweep, results, i, plots, any, err);
    free(plots);
    return status;
}
