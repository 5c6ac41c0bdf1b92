#include "page/page.h"

#include "compare/beside.h"
#include "compare/comparison.h"
#include "compare/ladder.h"
#include "compare/predicted.h"
#include "core/file.h"
#include "core/plural.h"
#include "core/text.h"
#include "log/tables.h"
#include "page/content.h"
#include "page/html.h"
#include "page/page_template.h" /* made from page/ by make */
#include "page/pictures.h"
#include "page/sweep.h"
#include "page/tables.h"
#include "report/findings.h"
#include "report/sensitivities.h"
#include "run/string_record.h"
#include "run/token_record.h"
#include "run/train_run.h"
#include "sweep/collect.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables ---- */

/* A table of a folder: of a run's own folder (in_run) or of the whole. */
typedef struct {
    const char *path, *caption;
    const hf_table_kind *const *kinds;
    bool in_run;
} shown_table;

static const shown_table run_tables[] = {
    {"stages.tsv", "Stages", hf_findings_tables, true},
    {"acquisitions.tsv", "Acquired patterns", hf_findings_tables, true},
    {"plateaus.tsv", "Plateaus", hf_findings_tables, true},
    {"events.tsv", "Events", hf_findings_tables, true},
    {"sensitivities.tsv", "What moves the events", hf_sensitivities_tables, true},
    {"compare.tsv", "Stages beside the flow's", hf_comparison_tables, false},
    {"bands.tsv", "Scatter by the noise, predicted", hf_predicted_tables, false},
    {"runs.tsv", "Training runs", hf_comparison_tables, false},
    {"ladder.tsv", "Ladder of learning rates and batch sizes", hf_ladder_tables, false},
    {"ladder-fit.tsv", "Laws fitted to the ladder", hf_ladder_tables, false},
    {NULL, NULL, NULL, false},
};
static const shown_table chain_tables[] = {
    {"stages.tsv", "Stages of the held-out excess", hf_token_record_tables, true},
    {NULL, NULL, NULL, false},
};
static const shown_table string_tables[] = {
    {"learned.tsv", "Over all seeds", hf_string_record_tables, false},
    {NULL, NULL, NULL, false},
};
static const shown_table log_tables[] = {
    {"stages.tsv", "Stages", hf_log_tables, false},
    {"plateaus.tsv", "Plateaus", hf_log_tables, false},
    {"curves.tsv", "Curves", hf_log_tables, false},
    {"compare.tsv", "Stages beside the flow's", hf_beside_tables, false},
    {NULL, NULL, NULL, false},
};
static const shown_table sweep_tables[] = {
    {"fit.tsv", "Fitted laws", hf_collect_tables, false},
    {"fractions.tsv", "Fractions of the runs", hf_collect_tables, false},
    {"summary.tsv", "Medians and quantiles over seeds", hf_collect_tables, false},
    {NULL, NULL, NULL, false},
};

static hf_status write_tables(hf_page_content *c, FILE *stream, hf_error *err)
{
    const hf_page_params *p = c->params;
    const shown_table *t = p->kind == HF_PAGE_SWEEP  ? sweep_tables
                           : p->kind == HF_PAGE_LOGS ? log_tables
                           : p->is_chain             ? chain_tables
                           : p->is_strings           ? string_tables
                                                     : run_tables;
    hf_status status = HF_OK;
    for (; t->path != NULL && status == HF_OK; t++) {
        char path[120], caption[200];
        snprintf(path, sizeof path, "%s%s%s", t->in_run ? c->folder[0] : "", t->in_run ? "/" : "", t->path);
        snprintf(caption, sizeof caption, "%s%s%s", t->caption, t->in_run && c->runs > 1 ? ": " : "",
                 t->in_run && c->runs > 1 ? c->run[0].name : "");
        status = hf_page_table_write(p->directory, path, caption, t->kinds, stream, err);
    }
    return status;
}

/* ---- sections ---- */

static bool has_runs(const hf_page_content *c)
{
    return c->runs > 0;
}

static bool is_sweep(const hf_page_content *c)
{
    return c->params->kind == HF_PAGE_SWEEP;
}

static bool has_model(const hf_page_content *c)
{
    return c->model_text != NULL;
}

static bool has_certificate(const hf_page_content *c)
{
    return c->origin.is_there;
}

static hf_status write_runs(hf_page_content *c, FILE *stream, hf_error *err)
{
    hf_status status = HF_OK;
    fputs("<div id=\"controls\"></div>\n", stream);
    for (size_t i = 0; i < c->runs && status == HF_OK; i++) {
        const hf_page_run *run = &c->run[i];
        char note[300];
        fprintf(stream, "<article class=\"run\" id=\"run-%zu\">\n<h3>", i);
        hf_html_text(run->name, stream);
        fprintf(stream, "</h3>\n<h4>%s over time</h4>\n", strcmp(run->quantity, "loss") == 0 ? "Loss" : "Excess");
        status = hf_page_run_write_curve(run, i, stream, err);
        hf_pictures_describe(run, note, sizeof note);
        if (note[0] != '\0')
            fprintf(stream, "<p class=\"note\">%s</p>\n", note);
        hf_pictures_write_stills(run, stream);
        fputs("</article>\n", stream);
    }
    if (c->left_out > 0)
        fprintf(stream, "<p class=\"note\">%zu more %s%s not shown.</p>\n", c->left_out,
                c->params->kind == HF_PAGE_LOGS ? "curve" : "training run", c->left_out == 1 ? " is" : "s are");
    return status;
}

static hf_status write_figures(hf_page_content *c, FILE *stream, hf_error *err)
{
    const hf_status status = hf_page_figures_write(c->figures, c->params->directory, stream, err);
    if (status == HF_OK && c->figures->scripts == 0)
        fputs("<p class=\"note\">This folder has no figures (output.plots).</p>\n", stream);
    return status;
}

static hf_status write_sweep(hf_page_content *c, FILE *stream, hf_error *err)
{
    (void)c;
    (void)err;
    fputs("<div id=\"sweep\"><p class=\"note\">With JavaScript, a point of the map shows its run here. All runs are in "
          "<code>results.tsv</code>.</p></div>\n",
          stream);
    return HF_OK;
}

static hf_status write_model(hf_page_content *c, FILE *stream, hf_error *err)
{
    (void)err;
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"model file\"><pre><code>", stream);
    hf_html_text(c->model_text, stream);
    fputs("</code></pre></div>\n", stream);
    return HF_OK;
}

/* ---- the certificate ---- */

static void write_fact(const char *name, FILE *stream, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void write_fact(const char *name, FILE *stream, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(stream, "<dt>%s</dt><dd>", name);
    hf_html_text(text, stream);
    fputs("</dd>\n", stream);
}

static void write_number(double x, const char *format, FILE *stream)
{
    fputs("<td class=\"n\">", stream);
    if (isnan(x))
        fputs("&ndash;", stream);
    else
        fprintf(stream, format, x);
    fputs("</td>", stream);
}

/* How each run ended, and how well the dissipated energy accounts for its loss. */
static void write_run_facts(const hf_page_content *c, FILE *stream)
{
    const hf_page_params *p = c->params;
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"Certificate\"><table><caption>Runs</caption>\n<thead><tr><th scope=\"col\">run</th><th "
          "scope=\"col\">times</th>"
          "<th scope=\"col\">end</th><th scope=\"col\">loss at the start</th><th scope=\"col\">loss at the end</th><th "
          "scope=\"col\">overlap</th>"
          "<th scope=\"col\">energy defect</th><th scope=\"col\">largest</th><th "
          "scope=\"col\">accuracy</th></tr></thead>\n<tbody>",
          stream);
    for (size_t i = 0; i < c->runs; i++) {
        const hf_page_run *run = &c->run[i];
        const size_t n = run->rows;
        fputs("<tr><th scope=\"row\">", stream);
        hf_html_text(run->name, stream);
        fprintf(stream, "</th><td class=\"n\">%zu</td>", n);
        write_number(n > 0 ? run->t[n - 1] : (double)NAN, "%.6g", stream);
        write_number(n > 0 ? run->loss[0] : (double)NAN, "%.6g", stream);
        write_number(n > 0 ? run->loss[n - 1] : (double)NAN, "%.6g", stream);
        write_number(run->last_overlap, "%.4g", stream);
        write_number(run->last_energy_defect, "%.2g", stream);
        write_number(run->worst_energy_defect, "%.2g", stream);
        fprintf(stream, "<td>%s</td></tr>\n",
                isnan(run->last_energy_defect)                     ? "&ndash;"
                : p->is_accurate(run->last_energy_defect, p->rtol) ? "fine"
                                                                   : "lower solver.rtol");
    }
    fputs("</tbody></table></div>\n<p class=\"note\">The energy defect is what the integration got wrong: the loss lost so "
          "far, less the energy dissipated, over the loss at the start. Training has none.</p>\n",
          stream);
}

static hf_status write_certificate(hf_page_content *c, FILE *stream, hf_error *err)
{
    const hf_page_params *p = c->params;
    (void)err;
    fputs("<dl class=\"facts\">\n", stream);
    write_fact("made by", stream, "headflow %s", c->origin.version);
    write_fact("configuration", stream, "%016" PRIx64 ", seed %" PRIu64, c->origin.hash, c->origin.seed);
    if (p->kind == HF_PAGE_RUN)
        write_fact("the model file below", stream, "%s",
                   c->other_hashes == 0 && c->origin.hash == p->hash
                       ? "has this configuration: it repeats the run"
                       : "is of another configuration than the tables: it was changed, or is an earlier version's");
    if (p->kind == HF_PAGE_RUN && !p->is_chain && p->runs_flow)
        write_fact("relative tolerance", stream, "%g", p->rtol);
    if (c->stopped != NULL)
        write_fact("end", stream, "%s", c->stopped);
    if (p->kind == HF_PAGE_SWEEP)
        write_fact("runs", stream, "%zu%s", c->sweep_count,
                   c->sweep_shown < c->sweep_count ? ", of which the page holds the first" : "");
    write_fact("page made by", stream, "headflow %s", PACKAGE_VERSION);
    fputs("</dl>\n", stream);
    if (c->runs > 0 && p->kind == HF_PAGE_RUN)
        write_run_facts(c, stream);
    return HF_OK;
}

/* ---- the page ---- */

typedef struct {
    const char *id, *heading;
    bool (*is_there)(const hf_page_content *content); /* NULL: always */
    hf_status (*write)(hf_page_content *content, FILE *stream, hf_error *err);
} section;

static const section sections[] = {
    {"map", "Runs of the sweep", is_sweep, write_sweep},
    {"time", "Over time", has_runs, write_runs},
    {"found", "What was found", NULL, write_tables},
    {"figures", "Figures", NULL, write_figures},
    {"certificate", "Certificate", has_certificate, write_certificate},
    {"model", "Model file", has_model, write_model},
};
enum { SECTIONS = sizeof sections / sizeof *sections };

static bool is_there(const section *s, const hf_page_content *c)
{
    return s->is_there == NULL || s->is_there(c);
}

static hf_status write_title(hf_page_content *c, FILE *stream, hf_error *err)
{
    (void)err;
    hf_html_text(c->origin.title != NULL ? c->origin.title : c->params->directory, stream);
    return HF_OK;
}

static hf_status write_subtitle(hf_page_content *c, FILE *stream, hf_error *err)
{
    static const char *const kinds[] = {"a run", "a sweep", "training logs"};
    (void)err;
    fprintf(stream, "%s of headflow", kinds[c->params->kind]);
    if (c->origin.is_there)
        fprintf(stream, " %s, configuration %016" PRIx64, c->origin.version, c->origin.hash);
    return HF_OK;
}

static hf_status write_links(hf_page_content *c, FILE *stream, hf_error *err)
{
    (void)err;
    for (size_t i = 0; i < SECTIONS; i++)
        if (is_there(&sections[i], c))
            fprintf(stream, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].heading);
    return HF_OK;
}

static hf_status write_body(hf_page_content *c, FILE *stream, hf_error *err)
{
    hf_status status = HF_OK;
    for (size_t i = 0; i < SECTIONS && status == HF_OK; i++) {
        if (!is_there(&sections[i], c))
            continue;
        fprintf(stream, "<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id, sections[i].heading);
        status = sections[i].write(c, stream, err);
        fputs("</section>\n", stream);
    }
    return status;
}

static hf_status write_data(hf_page_content *c, FILE *stream, hf_error *err)
{
    hf_status status = HF_OK;
    fputs("{\"runs\":[", stream);
    for (size_t i = 0; i < c->runs; i++) {
        fputs(i == 0 ? "" : ",\n", stream);
        hf_pictures_write_data(&c->run[i], hf_page_content_has_classes(c, i) ? c->params->patterns : NULL, stream);
    }
    fputs("],\n\"sweep\":", stream);
    if (is_sweep(c))
        status = hf_page_sweep_write(c->params->directory, &c->sweep_shown, &c->sweep_count, stream, err);
    else
        fputs("null", stream);
    fputs("}\n", stream);
    return status;
}

static hf_status write_style(hf_page_content *c, FILE *stream, hf_error *err)
{
    (void)c;
    (void)err;
    fputs(hf_page_css, stream);
    return HF_OK;
}

static hf_status write_script(hf_page_content *c, FILE *stream, hf_error *err)
{
    (void)c;
    (void)err;
    fputs(hf_page_js, stream);
    return HF_OK;
}

/* What stands for what in page/page.html. */
static const struct {
    const char *mark;
    hf_status (*write)(hf_page_content *content, FILE *stream, hf_error *err);
} marks[] = {
    {"@TITLE@", write_title}, {"@SUBTITLE@", write_subtitle}, {"@STYLE@", write_style},   {"@LINKS@", write_links},
    {"@DATA@", write_data},   {"@BODY@", write_body},         {"@SCRIPT@", write_script},
};
enum { MARKS = sizeof marks / sizeof *marks };

static hf_status fill_template(hf_page_content *c, FILE *stream, hf_error *err)
{
    hf_status status = HF_OK;
    for (const char *at = hf_page_html; *at != '\0' && status == HF_OK;) {
        size_t k = 0;
        while (k < MARKS && strncmp(at, marks[k].mark, strlen(marks[k].mark)) != 0)
            k++;
        if (k == MARKS) {
            putc(*at++, stream);
            continue;
        }
        status = marks[k].write(c, stream, err);
        at += strlen(marks[k].mark);
    }
    return status;
}

hf_status hf_page_write(const hf_page_params *params, const char *path, hf_page_figures *figures, size_t *size,
                        hf_error *err)
{
    hf_page_content content;
    hf_file file = {0};
    hf_status status = hf_page_content_read(&content, params, err);
    if (status != HF_OK)
        return status;
    content.figures = figures;
    status = hf_file_open(&file, path, err);
    if (status == HF_OK)
        status = fill_template(&content, file.stream, err);
    if (status == HF_OK) {
        const long length = ftell(file.stream);
        *size = length < 0 ? 0 : (size_t)length;
        status = hf_file_commit(&file, err);
    } else {
        char *part = file.part == NULL ? NULL : strdup(file.part);
        hf_file_abandon(&file);
        if (part != NULL)
            remove(part);
        free(part);
    }
    hf_page_content_clear(&content);
    return status;
}
