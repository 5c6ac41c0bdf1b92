/* Every line starts behind "\&" where a point or a quote would make it a request. A hyphen is written as a minus, for what is on
 * a page is to be typed. */
#include "cli/roff.h"

#include "core/text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static void write_character(char c, FILE *stream)
{
    switch (c) {
    case '\\':
        fputs("\\e", stream);
        break;
    case '-':
        fputs("\\-", stream);
        break;
    case '\'':
        fputs("\\(aq", stream);
        break;
    case '"':
        fputs("\\(dq", stream);
        break;
    case '`':
        fputs("\\(ga", stream);
        break;
    case '^':
        fputs("\\(ha", stream);
        break;
    case '~':
        fputs("\\(ti", stream);
        break;
    default:
        putc(c, stream);
    }
}

void hf_roff_write(const char *text, size_t length, FILE *stream)
{
    if (length > 0 && text[0] == '.')
        fputs("\\&", stream);
    for (size_t i = 0; i < length; i++)
        write_character(text[i], stream);
}

void hf_roff_string(const char *text, FILE *stream)
{
    hf_roff_write(text, strlen(text), stream);
}

void hf_roff_section(const char *title, FILE *stream)
{
    fputs(".SH ", stream);
    hf_roff_string(title, stream);
    putc('\n', stream);
}

void hf_roff_part(const char *title, FILE *stream)
{
    fputs(".SS ", stream);
    hf_roff_string(title, stream);
    putc('\n', stream);
}

/* ---- usage ---- */

/* Length of the word of letters at text that is an option or stands for a value; *bold tells which. 0: it is other text. */
static size_t marked(const char *text, bool *bold)
{
    size_t length = 0;
    *bold = *text == '-';
    if (*bold)
        while (text[length] == '-' || islower((unsigned char)text[length]))
            length++;
    else
        while (isupper((unsigned char)text[length]))
            length++;
    return length;
}

void hf_roff_usage(const char *usage, FILE *stream)
{
    bool inside = false; /* a word */
    while (*usage != '\0') {
        bool bold;
        const size_t length = inside ? 0 : marked(usage, &bold);
        if (length > 0) {
            fputs(bold ? "\\fB" : "\\fI", stream);
            hf_roff_write(usage, length, stream);
            fputs("\\fR", stream);
            usage += length;
            inside = true;
            continue;
        }
        if (isspace((unsigned char)*usage)) { /* also a line's end and what indents the next one */
            putc(' ', stream);
            usage += strspn(usage, " \n");
            inside = false;
            continue;
        }
        inside = isalnum((unsigned char)*usage) != 0 || *usage == '-';
        write_character(*usage++, stream);
    }
}

void hf_roff_item(const char *tag, FILE *stream)
{
    fputs(".TP\n", stream);
    hf_roff_usage(tag, stream);
    putc('\n', stream);
}

/* ---- help of a command ---- */

typedef struct {
    FILE *stream;
    size_t indent;         /* of what is said of an option; 0: not known yet */
    bool in_list, started; /* inside OPTIONS; behind something that a paragraph must be parted from */
} help_page;

/* "  --option  what it does": the first one of a help says where the second column is, which a long tag may reach. */
static void write_option(const char *line, size_t length, help_page *page)
{
    const char *gap = strstr(line + 2, "  ");
    if (page->indent == 0 && gap != NULL && gap < line + length)
        page->indent = (size_t)(gap - line) + strspn(gap, " ");
    size_t tag = page->indent;
    if (tag == 0 || tag >= length || line[tag - 1] != ' ') /* a tag that is longer */
        tag = gap != NULL && gap < line + length ? (size_t)(gap - line) : length;
    char name[80];
    size_t end = tag;
    while (end > 2 && line[end - 1] == ' ')
        end--;
    snprintf(name, sizeof name, "%.*s", (int)(end - 2), line + 2);
    if (!page->in_list)
        hf_roff_section("OPTIONS", page->stream);
    page->in_list = true;
    hf_roff_item(name, page->stream);
    const char *text = line + tag;
    while (*text == ' ')
        text++;
    hf_roff_write(text, (size_t)(line + length - text), page->stream);
    putc('\n', page->stream);
}

static void write_text(const char *line, size_t length, help_page *page, bool starts)
{
    if (starts && page->in_list && line[0] != ' ') {
        hf_roff_section("NOTES", page->stream);
        page->in_list = false;
    } else if (starts && page->started)
        fputs(".PP\n", page->stream);
    const size_t blank = strspn(line, " ");
    hf_roff_write(line + blank, length - blank, page->stream);
    putc('\n', page->stream);
}

void hf_roff_help(const char *help, FILE *stream)
{
    help_page page = {.stream = stream};
    bool starts = true; /* a paragraph */
    while (*help != '\0') {
        const size_t length = strcspn(help, "\n");
        if (length > 3 && strncmp(help, "  -", 3) == 0)
            write_option(help, length, &page);
        else if (length > 0)
            write_text(help, length, &page, starts);
        starts = length == 0;
        page.started = page.started || length > 0;
        help += length + (help[length] == '\n');
    }
}

/* ---- tables ---- */

/* Writes the row "| `name` | unit | meaning |". */
static void write_row(const char *line, FILE *stream)
{
    const char *name = line + 3, *unit = strstr(name, "` | ");
    if (unit == NULL)
        return;
    const char *meaning = strstr(unit + 3, " | "), *end = line + strcspn(line, "\n") - 2;
    const int width = (int)(meaning - unit) - 4;
    fputs(".TP\n\\fB", stream);
    hf_roff_write(name, (size_t)(unit - name), stream);
    fputs("\\fR", stream);
    if (width > 1 || (width == 1 && unit[4] != '1')) {
        fputs(" (", stream);
        hf_roff_write(unit + 4, (size_t)width, stream);
        putc(')', stream);
    }
    putc('\n', stream);
    hf_roff_write(meaning + 3, (size_t)(end - meaning - 3), stream);
    putc('\n', stream);
}

void hf_roff_tables(const char *markdown, FILE *stream)
{
    bool headed = false; /* right below a heading a paragraph needs no request */
    while (*markdown != '\0') {
        const size_t length = strcspn(markdown, "\n");
        if (strncmp(markdown, "## ", 3) == 0) {
            fputs(".SS ", stream);
            hf_roff_write(markdown + 3, length - 3, stream);
            putc('\n', stream);
            headed = true;
        } else if (strncmp(markdown, "| `", 3) == 0) {
            write_row(markdown, stream);
            headed = false;
        } else if (length > 0 && markdown[0] != '|') {
            fputs(headed ? "" : ".PP\n", stream);
            hf_roff_write(markdown, length, stream);
            putc('\n', stream);
            headed = false;
        }
        markdown += length + (markdown[length] == '\n');
    }
}
