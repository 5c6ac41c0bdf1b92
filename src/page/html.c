#include "page/html.h"

#include "core/text.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

void hf_html_text(const char *text, FILE *stream)
{
    static const char letters[] = "&<>\"'";
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    while (*text != '\0') {
        const char *special = strchr(letters, *text);
        const size_t length = *text == '\n' || *text == '\t' ? 1 : hf_text_printable(text);
        if (special != NULL)
            fputs(entities[special - letters], stream);
        else if (length == 0)
            fputs("\xef\xbf\xbd", stream);
        else
            fprintf(stream, "%.*s", (int)length, text);
        text += length == 0 ? 1 : length;
    }
}

void hf_html_string(const char *text, FILE *stream)
{
    putc('"', stream);
    while (*text != '\0') {
        const unsigned char c = (unsigned char)*text;
        const size_t length = hf_text_printable(text);
        /* U+2028 and U+2029 end a line in a script */
        const bool ends_line = length == 3 && memcmp(text, "\xe2\x80", 2) == 0 && (text[2] == '\xa8' || text[2] == '\xa9');
        if (ends_line)
            fputs(text[2] == '\xa8' ? "\\u2028" : "\\u2029", stream);
        else if (length == 0 && c >= 0x80)
            fputs("\\ufffd", stream);
        else if (length == 0 || strchr("<>&\"'\\", c) != NULL)
            fprintf(stream, "\\u%04x", (unsigned)c);
        else
            fprintf(stream, "%.*s", (int)length, text);
        text += length == 0 ? 1 : length;
    }
    putc('"', stream);
}

void hf_html_number(double x, int digits, FILE *stream)
{
    if (isfinite(x))
        fprintf(stream, "%.*g", digits, x);
    else
        fputs("null", stream);
}

void hf_html_svg(const char *svg, FILE *stream)
{
    fputs("data:image/svg+xml,", stream);
    for (; *svg != '\0'; svg++)
        if (strchr("%#\"&", *svg) != NULL)
            fprintf(stream, "%%%02X", (unsigned)(unsigned char)*svg);
        else
            putc(*svg == '\n' || *svg == '\r' || *svg == '\t' ? ' ' : *svg, stream);
}
