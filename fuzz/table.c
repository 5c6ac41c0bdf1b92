/* Our own tables, as --resume, collect, plot and page read them: whole, and row by row. */
#include "fuzz.h"

#include "core/tsv.h"

FUZZ_TARGET(table)
{
    const char *path = fuzz_file(bytes, size);
    hf_tsv table;
    hf_error err = {0};
    hf_status status = hf_tsv_read(&table, path, &err);
    fuzz_judge(status, &err);
    if (status == HF_OK) {
        double number;
        for (size_t row = 0; row < table.rows; row++)
            for (size_t column = 0; column < table.columns; column++)
                if (!hf_tsv_number(&table, row, column, &number) && strlen(hf_tsv_text(&table, row, column)) > size)
                    abort();
        hf_tsv_clear(&table);
    }
    hf_tsv_rows rows;
    bool more = true;
    status = hf_tsv_open(&rows, path, &err);
    while (status == HF_OK && more)
        status = hf_tsv_next(&rows, &more, &err);
    fuzz_judge(status, &err);
    hf_tsv_close(&rows);
    return 0;
}
