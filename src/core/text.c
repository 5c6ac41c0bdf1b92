#include "core/text.h"

#include "core/file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_SIZE ((size_t)256 << 20)

hf_status hf_fault_set(hf_fault *fault, const char *file, unsigned line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    hf_text_show(file == NULL ? "" : file, fault->file, sizeof fault->file);
    fault->line = line;
    return HF_EUSAGE;
}

size_t hf_text_printable(const char *start)
{
    const unsigned char *text = (const unsigned char *)start;
    if (text[0] < 0x80)
        return text[0] >= ' ' && text[0] != 0x7f;
    if (text[0] < 0xc2 || text[0] > 0xf4 || (text[0] == 0xc2 && text[1] < 0xa0)) /* U+0080..9f are controls */
        return 0;
    const size_t length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

const char *hf_text_show(const char *text, char *shown, size_t size)
{
    static const char ellipsis[] = "...";
    size_t used = 0;
    while (*text != '\0') {
        char piece[8];
        const size_t length = hf_text_printable(text);
        if (length == 0)
            snprintf(piece, sizeof piece, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            snprintf(piece, sizeof piece, "%.*s", (int)length, text);
        if (used + strlen(piece) + sizeof ellipsis > size) {
            memcpy(shown + used, ellipsis, sizeof ellipsis);
            return shown;
        }
        memcpy(shown + used, piece, strlen(piece));
        used += strlen(piece);
        text += length == 0 ? 1 : length;
    }
    shown[used] = '\0';
    return shown;
}

static hf_status unreadable(hf_fault *fault, int number)
{
    hf_fault_set(fault, NULL, 0, "cannot be read: %s", strerror(number));
    return hf_file_read_status(number);
}

/* Reads stream up to its end, or until it is too large. */
static hf_status slurp(FILE *stream, char **text, size_t *size, hf_fault *fault)
{
    size_t capacity = 4096;
    for (*size = 0; *size <= FILE_MAX_SIZE; capacity *= 2) {
        char *grown = realloc(*text, capacity + 1);
        if (grown == NULL) {
            hf_fault_set(fault, NULL, 0, "cannot be read: out of memory");
            return HF_ESYSTEM;
        }
        *text = grown;
        *size += fread(*text + *size, 1, capacity - *size, stream);
        (*text)[*size] = '\0';
        if (ferror(stream))
            return unreadable(fault, errno);
        if (feof(stream))
            return HF_OK;
    }
    return hf_fault_set(fault, NULL, 0, "is larger than %zu MiB", FILE_MAX_SIZE >> 20);
}

/* The line, from 1, that byte at of text is in. */
static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;
    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

hf_status hf_text_read(FILE *stream, char **text, hf_fault *fault)
{
    size_t size;
    *text = NULL;
    hf_status status = slurp(stream, text, &size, fault);
    if (status == HF_OK && strlen(*text) != size)
        status = hf_fault_set(fault, NULL, line_of(*text, *text + strlen(*text)), "holds a NUL byte: not a text file");
    if (status != HF_OK) {
        free(*text);
        *text = NULL;
    }
    return status;
}

hf_status hf_text_load(const char *path, char **text, hf_fault *fault)
{
    *text = NULL;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return unreadable(fault, errno);
    const hf_status status = hf_text_read(stream, text, fault);
    fclose(stream);
    return status;
}

const char *hf_text_skip_mark(const char *text)
{
    static const char mark[] = "\xef\xbb\xbf";
    const size_t length = sizeof mark - 1;
    return strncmp(text, mark, length) == 0 ? text + length : text;
}

const char *hf_text_real(double value, char text[HF_REAL_TEXT])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, HF_REAL_TEXT, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    if (strpbrk(text, ".en") == NULL)
        strcat(text, ".0");
    return text;
}

void hf_text_quote(const char *string, FILE *stream)
{
    fputc('"', stream);
    while (*string != '\0') {
        const size_t length = hf_text_printable(string);
        if (length == 0)
            fprintf(stream, "\\x%02x", (unsigned)(unsigned char)*string);
        else if (*string == '"' || *string == '\\')
            fprintf(stream, "\\%c", *string);
        else
            fprintf(stream, "%.*s", (int)length, string);
        string += length == 0 ? 1 : length;
    }
    fputc('"', stream);
}

void hf_text_cell(const char *value, FILE *stream)
{
    bool in_string = false;
    for (const char *c = value; *c != '\0'; c++) {
        const bool is_escape = in_string && *c == '\\' && c[1] != '\0';
        if (is_escape && c[1] == '"')
            fputs("\\x22", stream);
        else if (is_escape)
            fprintf(stream, "\\%c", c[1]);
        else if (in_string && *c == '#')
            fputs("\\x23", stream);
        else if (in_string || *c != 'L' || c == value || !isdigit((unsigned char)c[-1]))
            fputc(*c, stream);
        in_string = *c == '"' ? !in_string : in_string;
        c += is_escape ? 1 : 0;
    }
}

/* The length of the word at the start of text, and whether it is an integer of more than 32 bits without an L. */
static size_t word_length(const char *text, bool *is_wide)
{
    static const char parts[] = "0123456789+-._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const size_t length = strspn(text, parts), sign = *text == '+' || *text == '-';
    *is_wide = length > sign && strspn(text + sign, "0123456789") + sign == length;
    if (*is_wide) {
        errno = 0;
        const long long number = strtoll(text, NULL, 10);
        *is_wide = errno == 0 && (number < INT_MIN || number > INT_MAX);
    }
    return length;
}

char *hf_text_widen(const char *value)
{
    const size_t size = strlen(value);
    char *wide = malloc(2 * size + 1), *to = wide;
    bool in_string = false;
    for (const char *c = value; wide != NULL && *c != '\0';) {
        bool is_wide = false;
        size_t length = in_string ? 0 : word_length(c, &is_wide);
        if (length == 0)
            length = in_string && *c == '\\' && c[1] != '\0' ? 2 : 1;
        in_string = *c == '"' ? !in_string : in_string;
        memcpy(to, c, length);
        to += length;
        c += length;
        if (is_wide)
            *to++ = 'L';
    }
    if (wide != NULL)
        *to = '\0';
    return wide;
}
