#include "report/json.h"

#include "core/decimal.h"
#include "core/text.h"

#include <inttypes.h>
#include <math.h>

/* ---- strings ---- */

/* The character that the length bytes of valid UTF-8 at text are. */
static unsigned long decode(const unsigned char *text, size_t length)
{
    static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned long code = text[0] & first[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (text[i] & 0x3f);
    return code;
}

static void write_code(unsigned long code, FILE *stream)
{
    if (code > 0xffff) {
        write_code(0xd800 + ((code - 0x10000) >> 10), stream);
        write_code(0xdc00 + ((code - 0x10000) & 0x3ff), stream);
    } else
        fprintf(stream, "\\u%04lx", code);
}

/* How many bytes of text are one character; 0: they are no UTF-8. */
static size_t length_of(const unsigned char *text)
{
    if (text[0] < 0x80)
        return 1;
    if (text[0] == 0xc2 && text[1] >= 0x80 && text[1] < 0xa0) /* controls, which are not printable */
        return 2;
    return hf_text_printable((const char *)text);
}

static bool is_surrogate(unsigned long code)
{
    return code >= 0xd800 && code <= 0xdfff;
}

static void write_string(const char *string, FILE *stream)
{
    putc('"', stream);
    for (const unsigned char *text = (const unsigned char *)string; *text != '\0';) {
        size_t length = length_of(text);
        unsigned long code = length == 0 ? 0 : decode(text, length);
        if (length == 0 || is_surrogate(code) || code > 0x10ffff) {
            code = 0xdc00UL + text[0];
            length = 1;
        }
        if (code == '"' || code == '\\')
            fprintf(stream, "\\%c", (int)code);
        else if (code >= ' ' && code < 0x7f)
            putc((int)code, stream);
        else
            write_code(code, stream);
        text += length;
    }
    putc('"', stream);
}

/* ---- values ---- */

/* What stands in front of a value: a comma, a new line near the outside, the name. */
static void begin(hf_json *json, const char *name)
{
    const bool breaks = json->depth > 0 && !json->in_row;
    if (json->follows)
        putc(',', json->stream);
    if (breaks)
        fprintf(json->stream, "\n%*s", (int)(2 * json->depth), "");
    else if (json->follows)
        putc(' ', json->stream);
    if (name != NULL) {
        write_string(name, json->stream);
        fputs(": ", json->stream);
    }
    json->follows = true;
}

void hf_json_open(hf_json *json, const char *name, char bracket)
{
    begin(json, name);
    putc(bracket, json->stream);
    json->depth++;
    json->follows = false;
}

void hf_json_close(hf_json *json, char bracket)
{
    putc(bracket == '{' ? '}' : ']', json->stream);
    json->follows = true;
    if (--json->depth == 0)
        putc('\n', json->stream);
}

void hf_json_number(hf_json *json, const char *name, double x)
{
    begin(json, name);
    if (isfinite(x))
        hf_decimal_put(x, json->stream);
    else
        fputs("null", json->stream);
}

void hf_json_count(hf_json *json, const char *name, uint64_t count)
{
    begin(json, name);
    fprintf(json->stream, "%" PRIu64, count);
}

void hf_json_flag(hf_json *json, const char *name, bool flag)
{
    begin(json, name);
    fputs(flag ? "true" : "false", json->stream);
}

void hf_json_string(hf_json *json, const char *name, const char *text)
{
    begin(json, name);
    if (text == NULL)
        fputs("null", json->stream);
    else
        write_string(text, json->stream);
}

void hf_json_row(hf_json *json, const char *name, const hf_frame *frame, size_t row)
{
    hf_json_open(json, name, '{');
    json->in_row = true;
    for (size_t c = 0; c < frame->columns; c++) {
        const char *text = hf_frame_text(frame, row, c);
        if (text != NULL)
            hf_json_string(json, frame->column[c].name, text);
        else
            hf_json_number(json, frame->column[c].name, hf_frame_number(frame, row, c));
    }
    json->in_row = false;
    hf_json_close(json, '{');
}

void hf_json_frame(hf_json *json, const char *name, const hf_frame *frame)
{
    hf_json_open(json, name, '[');
    for (size_t r = 0; r < frame->rows; r++)
        hf_json_row(json, NULL, frame, r);
    hf_json_close(json, '[');
}
