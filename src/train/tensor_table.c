#include "train/tensor_table.h"

#include "core/tsv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 3 };

/* What comes next in the table. */
typedef struct {
    hf_tsv_rows rows;
    hf_tensors tensors;
    size_t tensor, index; /* from 0 */
    double *parameters;
} reader;

static bool parse_index(const char *text, size_t *index)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *index = strtoul(text, &end, 10);
    return *end == '\0';
}

static bool parse_real(const char *text, double *value)
{
    char *end;
    if (strspn(text, "0123456789+-.eE") != strlen(text)) /* strtod takes blanks, hexadecimal and more */
        return false;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

/* The present row names another tensor than the next number's. */
static hf_status reject_tensor(const reader *r, hf_error *err)
{
    const hf_tensor *t = r->tensor < r->tensors.count ? &r->tensors.at[r->tensor] : NULL, *last = t;
    const char *path = r->rows.path, *got = r->rows.field[0];
    const size_t line = r->rows.line;
    if (r->index == 0 && r->tensor > 0)
        last = &r->tensors.at[r->tensor - 1];
    if (r->index > 0)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: tensor %s has %zu numbers, expected %zu", path, line, t->name, r->index,
                       t->count);
    if (r->tensor > 0 && strcmp(got, last->name) == 0)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: tensor %s has more than the %zu numbers expected", path, line, last->name,
                       last->count);
    if (t == NULL)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: tensor %.40s: the network has no more than the %zu tensors before it", path,
                       line, got, r->tensors.count);
    return hf_fail(err, HF_EUSAGE, "%s:%zu: expected tensor %s of %zu numbers, got %.40s", path, line, t->name, t->count,
                   got);
}

static hf_status take_row(reader *r, hf_error *err)
{
    char *const *field = r->rows.field;
    size_t index;
    double value;
    if (r->rows.count != FIELDS)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: expected three fields separated by tabs: tensor, index, value", r->rows.path,
                       r->rows.line);
    if (r->tensor == r->tensors.count || strcmp(field[0], r->tensors.at[r->tensor].name) != 0)
        return reject_tensor(r, err);
    const hf_tensor *tensor = &r->tensors.at[r->tensor];
    if (!parse_index(field[1], &index) || index != r->index + 1)
        return hf_fail(err, HF_EUSAGE, "%s:%zu: index: expected %zu of the %zu numbers of tensor %s, got %.40s",
                       r->rows.path, r->rows.line, r->index + 1, tensor->count, tensor->name, field[1]);
    if (!parse_real(field[2], &value))
        return hf_fail(err, HF_EUSAGE, "%s:%zu: value: expected a finite number, got %.40s", r->rows.path, r->rows.line,
                       field[2]);
    r->parameters[tensor->offset + r->index++] = value;
    if (r->index == tensor->count) {
        r->tensor++;
        r->index = 0;
    }
    return HF_OK;
}

static hf_status check_end(const reader *r, hf_error *err)
{
    const hf_tensor *tensor = r->tensor < r->tensors.count ? &r->tensors.at[r->tensor] : NULL;
    if (tensor == NULL)
        return HF_OK;
    return hf_fail(err, HF_EUSAGE, "%s:%zu: the table ends, but of tensor %s %zu of %zu numbers are missing", r->rows.path,
                   r->rows.line, tensor->name, tensor->count - r->index, tensor->count);
}

static hf_status read_rows(reader *r, hf_error *err)
{
    static const char *const names[FIELDS] = {"tensor", "index", "value"};
    bool more;
    hf_status status = hf_tsv_next(&r->rows, &more, err);
    if (status == HF_OK && (!more || !hf_tsv_is(&r->rows, FIELDS, names)))
        status = hf_fail(err, HF_EUSAGE, "%s:%zu: expected the header line tensor, index, value, separated by tabs",
                         r->rows.path, r->rows.line);
    while (status == HF_OK && more) {
        status = hf_tsv_next(&r->rows, &more, err);
        if (status == HF_OK && more)
            status = take_row(r, err);
    }
    return status == HF_OK ? check_end(r, err) : status;
}

hf_status hf_tensor_table_read(const char *path, hf_tensors tensors, double *parameters, hf_error *err)
{
    reader r = {.tensors = tensors, .parameters = parameters};
    hf_status status = hf_tsv_open(&r.rows, path, err);
    if (status == HF_OK)
        status = read_rows(&r, err);
    hf_tsv_close(&r.rows);
    return status;
}
