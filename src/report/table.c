#include "report/table.h"

#include "core/decimal.h"
#include "core/path.h"
#include "core/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Text of the user's in one line of UTF-8. */
static void write_line(const char *text, FILE *stream)
{
    while (*text != '\0') {
        const size_t length = hf_text_printable(text);
        if (length == 0)
            fprintf(stream, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            fprintf(stream, "%.*s", (int)length, text);
        text += length == 0 ? 1 : length;
    }
    putc('\n', stream);
}

/* ---- what made it ---- */

static const char hash_mark[] = "# configuration ";

hf_status hf_table_open(hf_table *table, const char *directory, const char *name, const hf_table_origin *origin,
                        hf_error *err)
{
    *table = (hf_table){0};
    char *path = hf_path_join(directory, name);
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    hf_status status = hf_file_open(&table->file, path, err);
    free(path);
    if (status == HF_OK) {
        fprintf(table->file.stream, "# headflow %s: ", PACKAGE_VERSION);
        write_line(origin->title, table->file.stream);
        fprintf(table->file.stream, "%s%016" PRIx64 ", seed %" PRIu64 "\n", hash_mark, origin->hash, origin->seed);
    }
    return status;
}

bool hf_table_read_hash(const char *line, uint64_t *hash)
{
    if (strncmp(line, hash_mark, strlen(hash_mark)) != 0)
        return false;
    char *end;
    *hash = strtoull(line + strlen(hash_mark), &end, 16);
    return *end == ',';
}

bool hf_table_find_hash(FILE *stream, uint64_t *hash)
{
    char line[64]; /* its beginning; the first one has a title, of any length */
    int letter;
    rewind(stream);
    while ((letter = getc(stream)) != '\n' && letter != EOF) {}
    const long start = ftell(stream);
    return start >= 0 && fgets(line, sizeof line, stream) != NULL && hf_table_read_hash(line, hash) &&
           fseek(stream, start + (long)strlen(hash_mark), SEEK_SET) == 0;
}

/* A longer run goes on with the rows of a shorter one: they are its own now. */
static hf_status take_over(hf_file *file, const hf_table_origin *origin, long length, hf_error *err)
{
    FILE *stream = file->stream;
    uint64_t old;
    const bool found = hf_table_find_hash(stream, &old);
    if (found)
        fprintf(stream, "%016" PRIx64, origin->hash);
    if (!found || fseek(stream, length, SEEK_SET) != 0)
        return hf_fail(err, ferror(stream) ? HF_ESYSTEM : HF_EUSAGE, "%s: cannot be read as the table it was", file->part);
    return HF_OK;
}

hf_status hf_table_reopen(hf_table *table, const char *directory, const char *name, const hf_table_origin *origin,
                          long length, hf_error *err)
{
    *table = (hf_table){0};
    char *path = hf_path_join(directory, name);
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    hf_status status = hf_file_reopen(&table->file, path, length, err);
    free(path);
    return status == HF_OK ? take_over(&table->file, origin, length, err) : status;
}

hf_status hf_table_check(const char *directory, const char *name, long length, hf_error *err)
{
    struct stat info;
    hf_status status = HF_OK;
    char *path = hf_path_join(directory, name);
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    if (stat(path, &info) != 0 || info.st_size != length)
        status = hf_fail(err, HF_EUSAGE, "%s: is not the table of the finished run; run without --resume", path);
    free(path);
    return status;
}

/* ---- fields and lines ---- */

void hf_table_keep(hf_table *table, hf_frame *frame)
{
    *table = (hf_table){.frame = frame};
}

void hf_table_comment(hf_table *table, const char *format, ...)
{
    va_list args;
    if (table->file.stream == NULL)
        return;
    va_start(args, format);
    fputs("# ", table->file.stream);
    vfprintf(table->file.stream, format, args);
    putc('\n', table->file.stream);
    va_end(args);
}

/* Where the next field of a file goes; NULL: there is no file. */
static FILE *separate(hf_table *table)
{
    FILE *stream = table->file.stream;
    if (table->fields++ > 0 && stream != NULL)
        putc('\t', stream);
    return stream;
}

/* The text of a format in memory, of any length. */
static void keep_text(hf_frame *frame, const char *format, va_list args)
{
    char text[128];
    va_list again;
    va_copy(again, args);
    const int length = vsnprintf(text, sizeof text, format, args);
    char *longer = (size_t)length < sizeof text ? NULL : malloc((size_t)length + 1);
    if (longer != NULL)
        vsnprintf(longer, (size_t)length + 1, format, again);
    frame->failed = frame->failed || ((size_t)length >= sizeof text && longer == NULL);
    hf_frame_put_text(frame, longer == NULL ? text : longer);
    free(longer);
    va_end(again);
}

void hf_table_text(hf_table *table, const char *format, ...)
{
    va_list args;
    FILE *stream = separate(table);
    if (stream != NULL) {
        va_start(args, format);
        vfprintf(stream, format, args);
        va_end(args);
    }
    if (table->frame != NULL) {
        va_start(args, format);
        keep_text(table->frame, format, args);
        va_end(args);
    }
}

void hf_table_cell(hf_table *table, const char *value)
{
    FILE *stream = separate(table);
    if (stream != NULL)
        hf_text_cell(value, stream);
    if (table->frame != NULL)
        hf_frame_put_text(table->frame, value);
}

static void write_string(const char *text, FILE *stream)
{
    putc('"', stream);
    while (*text != '\0') {
        const size_t length = *text == '"' || *text == '#' ? 0 : hf_text_printable(text);
        if (length == 0)
            fprintf(stream, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            fprintf(stream, "%.*s", (int)length, text);
        text += length == 0 ? 1 : length;
    }
    putc('"', stream);
}

void hf_table_string(hf_table *table, const char *text)
{
    FILE *stream = separate(table);
    if (stream != NULL)
        write_string(text, stream);
    if (table->frame != NULL)
        hf_frame_put_string(table->frame, text);
}

void hf_table_number(hf_table *table, double x)
{
    FILE *stream = separate(table);
    if (stream != NULL)
        hf_decimal_put(x, stream);
    if (table->frame != NULL)
        hf_frame_put_number(table->frame, x);
}

void hf_table_index(hf_table *table, size_t index)
{
    if (index == 0)
        hf_table_number(table, NAN);
    else
        hf_table_text(table, "%zu", index);
}

void hf_table_numbers(hf_table *table, size_t count, const double *x)
{
    for (size_t i = 0; i < count; i++)
        hf_table_number(table, x[i]);
}

void hf_table_end_line(hf_table *table)
{
    if (table->file.stream != NULL)
        putc('\n', table->file.stream);
    if (table->frame != NULL)
        hf_frame_end_line(table->frame);
    table->fields = 0;
}

void hf_table_names(hf_table *table, const hf_table_kind *kind, const void *row)
{
    for (size_t i = 0; i < kind->count; i++) {
        const hf_column *column = &kind->column[i];
        if (column->cell == HF_CELL_GROUP)
            column->group->names(table, row);
        else if (column->cell != HF_CELL_LIKE)
            hf_table_text(table, "%s", column->name);
    }
}

void hf_table_head(hf_table *table, const hf_table_kind *kind, const void *row)
{
    hf_table_names(table, kind, row);
    hf_table_end_line(table);
}

static void write_field(hf_table *table, const hf_column *column, const void *row)
{
    const void *field = (const char *)row + column->offset;
    switch (column->cell) {
    case HF_CELL_NUMBER:
        hf_table_number(table, *(const double *)field);
        break;
    case HF_CELL_COUNT:
        hf_table_text(table, "%zu", *(const size_t *)field);
        break;
    case HF_CELL_STEP:
        hf_table_text(table, "%" PRIu64, *(const uint64_t *)field);
        break;
    case HF_CELL_INDEX:
        hf_table_index(table, *(const size_t *)field);
        break;
    case HF_CELL_FLAG:
        hf_table_text(table, "%d", *(const bool *)field);
        break;
    case HF_CELL_WORD:
        hf_table_text(table, "%s", *(const char *const *)field);
        break;
    case HF_CELL_STRING:
        hf_table_string(table, *(const char *const *)field);
        break;
    case HF_CELL_GROUP:
        column->group->fields(table, row);
        break;
    case HF_CELL_LIKE:
        break;
    }
}

void hf_table_fields(hf_table *table, const hf_table_kind *kind, const void *row)
{
    for (size_t i = 0; i < kind->count; i++)
        write_field(table, &kind->column[i], row);
}

void hf_table_line(hf_table *table, const hf_table_kind *kind, const void *row)
{
    hf_table_fields(table, kind, row);
    hf_table_end_line(table);
}

hf_status hf_table_start(hf_table *table, const char *directory, const hf_table_kind *kind, const hf_table_origin *origin,
                         const char *comment, hf_error *err)
{
    const hf_status status = hf_table_open(table, directory, kind->name, origin, err);
    if (status != HF_OK)
        return status;
    if (comment != NULL)
        hf_table_comment(table, "%s", comment);
    hf_table_head(table, kind, NULL);
    return HF_OK;
}

void hf_table_title(const hf_table_kind *kind, char *title, size_t size)
{
    snprintf(title, size, "%s%s%s", kind->of == NULL ? "" : kind->of, kind->of == NULL ? "" : ": ", kind->name);
}

void hf_table_explain(const hf_table_kind *kind, FILE *stream)
{
    char title[80];
    hf_table_title(kind, title, sizeof title);
    fprintf(stream, "## %s\n\n%s\n\n| column | unit | meaning |\n|---|---|---|\n", title, kind->rows);
    for (size_t i = 0; i < kind->count; i++)
        fprintf(stream, "| `%s` | %s | %s |\n", kind->column[i].name, kind->column[i].unit, kind->column[i].meaning);
}

bool hf_table_failed(const hf_table *table)
{
    return (table->file.stream != NULL && ferror(table->file.stream) != 0) ||
           (table->frame != NULL && table->frame->failed);
}
