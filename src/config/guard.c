#include "config/guard.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NESTING_MAX 64
#define INCLUDE_MAX 10 /* libconfig's own limit */

/* A token is known by its first character: punctuation stands for itself. */
enum { NOTHING = 0, NAME = 'a', NUMBER = '0', STRING = '"' };

/* One text; an included file is read while the text that includes it waits. */
typedef struct {
    const char *start, *at;
    const char *file; /* as the @include names it; NULL for the model file itself */
    unsigned line;
    unsigned depth; /* of includes */
} input;

/* What has been seen so far; includes carry it on, as libconfig's parser does. */
typedef struct {
    const char *directory;
    char open[NESTING_MAX]; /* the brackets that are open */
    size_t nesting;
    char last; /* token */
    hf_fault *fault;
} guard;

static hf_status check_input(guard *g, input *in);

static hf_status reject(const guard *g, const input *in, const char *what)
{
    return hf_fault_set(g->fault, in->file, in->line, "%s", what);
}

/* Moves over length characters, counting lines. */
static void advance(input *in, size_t length)
{
    for (; length > 0; length--)
        in->line += *in->at++ == '\n';
}

/* libconfig reads an included file itself and wants the end of the line there. A carriage return alone, with which some
 * programs end a line, would make all that follows part of the comment. */
static hf_status skip_line_comment(const guard *g, input *in)
{
    const size_t length = strcspn(in->at, "\n");
    const char *behind = in->at + strcspn(in->at, "\r\n");
    behind += strspn(behind, "\r");
    if (behind < in->at + length)
        return reject(g, in, "this comment holds a carriage return; expected lines that end with a newline");
    if (in->at[length] == '\0' && in->depth > 0)
        return reject(g, in, "this comment is the end of an included file, expected a newline behind it");
    in->at += length;
    return HF_OK;
}

static hf_status skip_block_comment(const guard *g, input *in)
{
    const char *end = strstr(in->at + 2, "*/");
    if (end == NULL)
        return reject(g, in, "this comment has no end, expected '*/'");
    advance(in, (size_t)(end + 2 - in->at));
    return HF_OK;
}

static bool is_in_list(const guard *g)
{
    return g->nesting > 0 && strchr("([", g->open[g->nesting - 1]) != NULL;
}

/* A string stands after '=' or ':', in a list or array, or right after another string. */
static bool string_is_expected(const guard *g)
{
    return g->last != NOTHING && (strchr("=:([\"", g->last) != NULL || (g->last == ',' && is_in_list(g)));
}

/* libconfig drops a character of code 0, and takes an \x without two digits as it stands. */
static bool is_good_escape(const char *at)
{
    return at[1] != 'x' ||
           (isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3]) && (at[2] != '0' || at[3] != '0'));
}

static hf_status check_string(guard *g, input *in)
{
    const char *end = in->at + 1;
    bool escapes = true;
    while (*end != '"' && *end != '\0') {
        escapes = escapes && (*end != '\\' || is_good_escape(end));
        end += *end == '\\' && end[1] != '\0' ? 2 : 1;
    }
    if (*end == '\0')
        return reject(g, in, "this string has no end, expected '\"'");
    if (!string_is_expected(g))
        return reject(g, in, "a string cannot stand here, expected 'key = value;'");
    if (g->last == STRING && is_in_list(g)) /* libconfig would join them */
        return reject(g, in, "two strings without a comma between them");
    if (!escapes)
        return reject(g, in, "\\x in a string stands before two hexadecimal digits, which are not 00");
    advance(in, (size_t)(end + 1 - in->at));
    g->last = STRING;
    return HF_OK;
}

static const char *skip_digits(const char *at)
{
    return at + strspn(at, "0123456789");
}

/* The end of the number at text, with sign, point, exponent or L; NULL if there is none. libconfig reads a lone point,
 * and a point with an exponent, as 0. */
static const char *number_end(const char *text, bool *is_real, bool *is_long)
{
    const char *digits = text + (*text == '+' || *text == '-');
    const char *end = skip_digits(digits);
    size_t count = (size_t)(end - digits);
    *is_real = *end == '.' || *end == 'e' || *end == 'E';
    *is_long = *end == 'L';
    if (*end == '.') {
        digits = end + 1;
        end = skip_digits(digits);
        count += (size_t)(end - digits);
    }
    if (*end == 'e' || *end == 'E') {
        digits = end + 1 + (end[1] == '+' || end[1] == '-');
        end = skip_digits(digits);
        count = end == digits ? 0 : count;
    }
    if (*is_long)
        end += end[1] == 'L' ? 2 : 1;
    return count == 0 ? NULL : end;
}

static hf_status check_real(const guard *g, const input *in, size_t length)
{
    char shown[40];
    errno = 0;
    const double value = strtod(in->at, NULL);
    if (errno != ERANGE || value > 1 || value < -1) /* what overflows is not in the key's range */
        return HF_OK;
    snprintf(shown, sizeof shown, "%.*s", (int)length, in->at);
    return hf_fault_set(g->fault, in->file, in->line,
                        "%s is too small for double precision, expected 0 or at least 2.3e-308", shown);
}

static hf_status check_integer(const guard *g, const input *in, bool is_long)
{
    errno = 0;
    const long long value = strtoll(in->at, NULL, 10);
    const char *digits = in->at + (*in->at == '+' || *in->at == '-');
    if (errno == ERANGE)
        return hf_fault_set(g->fault, in->file, in->line, "an integer of %zu digits does not fit 64 bits",
                            (size_t)(skip_digits(digits) - digits));
    if (!is_long && (value < INT_MIN || value > INT_MAX))
        return hf_fault_set(g->fault, in->file, in->line,
                            "an integer of more than 32 bits needs an L at its end, expected %lldL", value);
    return HF_OK;
}

/* A number, and all that stands right behind it, is one word. */
static hf_status check_number(guard *g, input *in)
{
    static const char parts[] = "0123456789+-._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const size_t length = strspn(in->at, parts);
    const bool is_hexadecimal = in->at[0] == '0' && (in->at[1] == 'x' || in->at[1] == 'X');
    bool is_real, is_long;
    const char *end = number_end(in->at, &is_real, &is_long);
    if (is_hexadecimal)
        return reject(g, in, "hexadecimal numbers are not supported, expected decimal digits");
    if (end != in->at + length)
        return hf_fault_set(g->fault, in->file, in->line, "'%.*s%s' is not a number, expected one such as 3, 0.5 or 1e-3",
                            length > 40 ? 40 : (int)length, in->at, length > 40 ? "..." : "");
    const hf_status status = is_real ? check_real(g, in, length) : check_integer(g, in, is_long);
    in->at = end;
    g->last = NUMBER;
    return status;
}

/* The length of '@include "' with its blanks, at the start of a line; 0 if something else stands here. */
static size_t include_length(const input *in)
{
    static const char word[] = "@include";
    const char *before = in->at;
    while (before > in->start && (before[-1] == ' ' || before[-1] == '\t'))
        before--;
    if ((before > in->start && before[-1] != '\n') || strncmp(in->at, word, strlen(word)) != 0)
        return 0;
    const size_t blanks = strspn(in->at + strlen(word), " \t");
    const size_t length = strlen(word) + blanks;
    return blanks > 0 && in->at[length] == '"' ? length + 1 : 0;
}

/* The path of the included file: libconfig puts the directory in front of every name, even an absolute one. */
static char *included_path(const guard *g, const char *name, size_t length)
{
    const size_t size = strlen(g->directory) + 1 + length + 1;
    char *path = malloc(size);
    if (path != NULL)
        snprintf(path, size, "%s/%.*s", g->directory, (int)length, name);
    return path;
}

static hf_status check_included(guard *g, const input *in, const char *path)
{
    char *text;
    char shown[HF_SHOWN];
    hf_fault why;
    const hf_status status = hf_text_load(path, &text, &why);
    if (status != HF_OK) {
        hf_fault_set(g->fault, in->file, in->line, "the included file '%s' %s", hf_text_show(path, shown, sizeof shown),
                     why.text);
        return status;
    }
    const char *name = path + strlen(g->directory) + 1;
    input inner = {.start = text, .at = text, .file = name, .line = 1, .depth = in->depth + 1};
    const hf_status checked = hf_text_skip_mark(text) == text
                                  ? check_input(g, &inner)
                                  : reject(g, &inner, "starts with a byte order mark; save it as UTF-8 without one");
    free(text);
    return checked;
}

static hf_status check_include(guard *g, input *in, size_t length)
{
    const char *name = in->at + length;
    const size_t name_length = strcspn(name, "\"\\\n");
    if (name[name_length] != '"' || name_length > PATH_MAX)
        return reject(g, in, "the name of an included file must end with '\"' in its line and hold no '\\'");
    if (in->depth >= INCLUDE_MAX)
        return reject(g, in, "files are included more than 10 deep (does one include itself?)");
    char *path = included_path(g, name, name_length);
    if (path == NULL)
        return HF_ESYSTEM;
    const hf_status status = check_included(g, in, path);
    free(path);
    advance(in, length + name_length + 1);
    return status;
}

static hf_status check_punctuation(guard *g, input *in)
{
    const char c = *in->at;
    if (strchr("([{", c) != NULL) {
        if (g->nesting == NESTING_MAX)
            return reject(g, in, "lists and sections are nested more than 64 deep");
        g->open[g->nesting++] = c;
    } else if (strchr(")]}", c) != NULL && g->nesting > 0) {
        g->nesting--;
    }
    g->last = c;
    in->at++;
    return HF_OK;
}

static hf_status check_token(guard *g, input *in)
{
    static const char name_start[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*";
    static const char name_rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz*0123456789-_";
    const char c = *in->at;
    const size_t include = c == '@' ? include_length(in) : 0;
    if (include > 0)
        return check_include(g, in, include);
    if (c == '/' && in->at[1] == '*')
        return skip_block_comment(g, in);
    if (c == '"')
        return check_string(g, in);
    if (strchr("0123456789.+-", c) != NULL)
        return check_number(g, in);
    if (strchr(name_start, c) == NULL)
        return check_punctuation(g, in);
    g->last = NAME;
    in->at += strspn(in->at, name_rest);
    return HF_OK;
}

static hf_status check_input(guard *g, input *in)
{
    hf_status status = HF_OK;
    while (status == HF_OK && *in->at != '\0') {
        const bool line_comment = in->at[0] == '#' || (in->at[0] == '/' && in->at[1] == '/');
        if (line_comment)
            status = skip_line_comment(g, in);
        else if (strchr(" \t\r\n\f", *in->at) != NULL)
            advance(in, 1);
        else
            status = check_token(g, in);
    }
    return status;
}

hf_status hf_guard_check(const char *text, const char *directory, hf_fault *fault)
{
    guard g = {.directory = directory, .last = NOTHING, .fault = fault};
    input in = {.start = text, .at = text, .line = 1};
    return check_input(&g, &in);
}
