#include "page/sweep.h"

#include "core/path.h"
#include "core/tsv.h"
#include "page/html.h"
#include "page/runs.h"

#include <math.h>
#include <stdlib.h>

/* A number, null, "inf", or text. */
static void write_value(const hf_tsv *table, size_t row, size_t column, FILE *stream)
{
    double x;
    if (!hf_tsv_number(table, row, column, &x) || isinf(x))
        hf_html_string(hf_tsv_text(table, row, column), stream);
    else
        hf_html_number(x, 8, stream);
}

static void write_rows(const hf_tsv *table, size_t shown, size_t inputs, FILE *stream)
{
    fputs("{\"columns\":[", stream);
    for (size_t c = 0; c < table->columns; c++) {
        fputs(c == 0 ? "" : ",", stream);
        hf_html_string(hf_tsv_name(table, c), stream);
    }
    fprintf(stream, "],\"inputs\":%zu,\"rows\":[", inputs);
    for (size_t r = 0; r < shown; r++) {
        fputs(r == 0 ? "[" : ",\n[", stream);
        for (size_t c = 0; c < table->columns; c++) {
            fputs(c == 0 ? "" : ",", stream);
            write_value(table, r, c, stream);
        }
        putc(']', stream);
    }
    fputs("]}", stream);
}

hf_status hf_page_sweep_write(const char *directory, size_t *shown, size_t *count, FILE *stream, hf_error *err)
{
    char *path = hf_path_join(directory, "results.tsv");
    hf_tsv table = {0};
    size_t status_column = 0;
    hf_status status = path == NULL ? hf_fail_memory(err, "a file name") : hf_tsv_read(&table, path, err);
    if (status == HF_OK && (!hf_page_column(&table, "status", &status_column) || status_column == 0))
        status = hf_fail(err, HF_EUSAGE, "%.300s: there is no column status: this is no table of a sweep", path);
    if (status == HF_OK) {
        const size_t most = HF_PAGE_NUMBERS / table.columns + 1;
        *count = table.rows;
        *shown = table.rows < most ? table.rows : most;
        write_rows(&table, *shown, status_column - 1, stream);
    }
    hf_tsv_clear(&table);
    free(path);
    return status;
}
