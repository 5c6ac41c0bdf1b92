#include "page/tables.h"

#include "core/file.h"
#include "core/path.h"
#include "core/plural.h"
#include "core/tsv.h"
#include "page/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The column's row in kind; NULL: none. "on_<h>" is any name that starts with "on_". */
static const hf_column *find_column(const hf_table_kind *kind, const char *name)
{
    for (size_t i = 0; kind != NULL && i < kind->count; i++) {
        const char *own = kind->column[i].name;
        const size_t fixed = strcspn(own, "<");
        if (own[fixed] == '\0' ? strcmp(own, name) == 0 : fixed > 0 && strncmp(own, name, fixed) == 0)
            return &kind->column[i];
    }
    return NULL;
}

static const hf_table_kind *find_kind(const hf_table_kind *const *kinds, const char *path)
{
    for (; kinds != NULL && *kinds != NULL; kinds++)
        if (strcmp((*kinds)->name, path) == 0 || strcmp((*kinds)->name, hf_path_name(path)) == 0)
            return *kinds;
    return NULL;
}

static void write_cell(const hf_tsv *table, size_t row, size_t column, FILE *stream)
{
    double x;
    if (!hf_tsv_number(table, row, column, &x)) {
        fputs("<td>", stream);
        hf_html_text(hf_tsv_text(table, row, column), stream);
    } else if (isnan(x))
        fputs("<td class=\"n\">&ndash;", stream);
    else if (isinf(x))
        fputs(x > 0 ? "<td class=\"n\">&infin;" : "<td class=\"n\">&minus;&infin;", stream);
    else
        fprintf(stream, "<td class=\"n\">%.6g", x);
    fputs("</td>", stream);
}

static void write_head(const hf_tsv *table, const hf_table_kind *kind, FILE *stream)
{
    fputs("<thead><tr>", stream);
    for (size_t c = 0; c < table->columns; c++) {
        const hf_column *column = find_column(kind, hf_tsv_name(table, c));
        fputs("<th scope=\"col\"", stream);
        if (column != NULL) {
            fputs(" title=\"", stream);
            hf_html_text(column->meaning, stream);
            putc('"', stream);
        }
        putc('>', stream);
        hf_html_text(hf_tsv_name(table, c), stream);
        fputs("</th>", stream);
    }
    fputs("</tr></thead>\n", stream);
}

/* What columns mean, for who has no pointer to rest on them. */
static void write_meanings(const hf_tsv *table, const hf_table_kind *kind, FILE *stream)
{
    if (kind == NULL)
        return;
    fputs("<details><summary>What the columns mean</summary><dl>", stream);
    for (size_t c = 0; c < table->columns; c++) {
        const hf_column *column = find_column(kind, hf_tsv_name(table, c));
        if (column == NULL)
            continue;
        fputs("<dt>", stream);
        hf_html_text(hf_tsv_name(table, c), stream);
        fputs("</dt><dd>", stream);
        hf_html_text(column->meaning, stream);
        if (column->unit[0] != '\0' && strcmp(column->unit, "1") != 0) {
            fputs(" [", stream);
            hf_html_text(column->unit, stream);
            putc(']', stream);
        }
        fputs("</dd>", stream);
    }
    fputs("</dl></details>\n", stream);
}

static void write_table(const hf_tsv *table, const char *path, const char *caption, const hf_table_kind *kind, FILE *stream)
{
    const size_t shown = table->rows < HF_PAGE_ROWS ? table->rows : HF_PAGE_ROWS;
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", stream);
    hf_html_text(caption, stream);
    fputs("\"><table><caption>", stream);
    hf_html_text(caption, stream);
    fputs(" <code>", stream);
    hf_html_text(path, stream);
    fputs("</code></caption>\n", stream);
    write_head(table, kind, stream);
    fputs("<tbody>", stream);
    for (size_t r = 0; r < shown; r++) {
        fputs("<tr>", stream);
        for (size_t c = 0; c < table->columns; c++)
            write_cell(table, r, c, stream);
        fputs("</tr>\n", stream);
    }
    fputs("</tbody></table></div>\n", stream);
    if (shown < table->rows)
        fprintf(stream, "<p>%zu of %zu row%s; the others are in the file.</p>\n", shown, table->rows,
                hf_plural(table->rows));
    write_meanings(table, kind, stream);
}

hf_status hf_page_table_write(const char *directory, const char *path, const char *caption,
                              const hf_table_kind *const *kinds, FILE *stream, hf_error *err)
{
    char *full = hf_path_join(directory, path);
    hf_tsv table = {0};
    hf_status status = full == NULL ? hf_fail_memory(err, "a file name") : HF_OK;
    if (status == HF_OK && hf_file_exists(full))
        status = hf_tsv_read(&table, full, err);
    if (status == HF_OK && table.rows > 0)
        write_table(&table, path, caption, find_kind(kinds, path), stream);
    hf_tsv_clear(&table);
    free(full);
    return status;
}
