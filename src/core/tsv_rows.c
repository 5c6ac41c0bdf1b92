/* Tables of our own, row by row. */
#include "core/tsv.h"

#include "core/file.h"
#include "core/lists.h"
#include "core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *hf_tsv_cut_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (end == NULL)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

char *hf_tsv_cut_field(char **line)
{
    char *field = *line;
    if (field == NULL)
        return NULL;
    char *tab = strchr(field, '\t');
    if (tab != NULL)
        *tab = '\0';
    *line = tab == NULL ? NULL : tab + 1;
    return field;
}

hf_status hf_tsv_open(hf_tsv_rows *rows, const char *path, hf_error *err)
{
    *rows = (hf_tsv_rows){.path = path, .stream = fopen(path, "r")};
    return rows->stream != NULL ? HF_OK
                                : hf_fail(err, hf_file_read_status(errno), "%s: cannot be read: %s", path, strerror(errno));
}

/* The next line without its end, in rows->text. */
static hf_status read_line(hf_tsv_rows *rows, bool *more, hf_error *err)
{
    errno = 0;
    const ssize_t length = getline(&rows->text, &rows->text_size, rows->stream);
    *more = length >= 0;
    if (!*more)
        return ferror(rows->stream) || errno == ENOMEM
                   ? hf_fail(err, hf_file_read_status(errno), "%s: cannot be read: %s", rows->path, strerror(errno))
                   : HF_OK;
    rows->line++;
    if (strlen(rows->text) != (size_t)length)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: a zero byte stands here: this is no text", rows->path, rows->line);
    rows->text[strcspn(rows->text, "\r\n")] = '\0';
    const char *start = rows->line == 1 ? hf_text_skip_mark(rows->text) : rows->text;
    if (start != rows->text)
        memmove(rows->text, start, strlen(start) + 1);
    return HF_OK;
}

static hf_status add_field(hf_tsv_rows *rows, char *field, hf_error *err)
{
    char **grown = hf_list_grow(rows->field, rows->count, &rows->capacity, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, rows->path);
    rows->field = grown;
    rows->field[rows->count++] = field;
    return HF_OK;
}

hf_status hf_tsv_next(hf_tsv_rows *rows, bool *more, hf_error *err)
{
    hf_status status;
    do
        status = read_line(rows, more, err);
    while (status == HF_OK && *more && (rows->text[0] == '#' || rows->text[0] == '\0'));
    rows->count = 0;
    char *rest = rows->text;
    while (status == HF_OK && *more && rest != NULL)
        status = add_field(rows, hf_tsv_cut_field(&rest), err);
    *more = *more && status == HF_OK;
    return status;
}

bool hf_tsv_is(const hf_tsv_rows *rows, size_t count, const char *const fields[])
{
    bool same = rows->count == count;
    for (size_t i = 0; i < count && same; i++)
        same = strcmp(rows->field[i], fields[i]) == 0;
    return same;
}

void hf_tsv_close(hf_tsv_rows *rows)
{
    if (rows->stream != NULL)
        fclose(rows->stream);
    free(rows->text);
    free(rows->field);
    *rows = (hf_tsv_rows){0};
}
