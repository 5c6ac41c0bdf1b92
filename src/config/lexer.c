#include "config/lexer.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

void hf_lexer_init(hf_lexer *lexer, hf_pool *pool, const char *text, const char *directory)
{
    *lexer = (hf_lexer){.pool = pool, .directory = directory};
    lexer->input[0] = (hf_lexer_input){.start = text, .at = text, .line = 1};
}

void hf_lexer_clear(hf_lexer *lexer)
{
    for (size_t d = 0; d <= lexer->depth; d++)
        free(lexer->input[d].owned);
    lexer->depth = 0;
    lexer->input[0].owned = NULL;
}

static hf_status reject(const hf_lexer_input *in, hf_fault *fault, const char *what)
{
    return hf_fault_set(fault, in->file, in->line, "%s", what);
}

/* Moves over length characters, counting lines. */
static void advance(hf_lexer_input *in, size_t length)
{
    for (; length > 0; length--)
        in->line += *in->at++ == '\n';
}

/* ---- comments and blanks ---- */

/* A carriage return alone, with which some programs end a line, would make all that follows part of the comment. */
static hf_status skip_line_comment(hf_lexer_input *in, hf_fault *fault)
{
    const size_t length = strcspn(in->at, "\n");
    const char *behind = in->at + strcspn(in->at, "\r\n");
    behind += strspn(behind, "\r");
    if (behind < in->at + length)
        return reject(in, fault, "this comment holds a carriage return; expected lines that end with a newline");
    in->at += length;
    return HF_OK;
}

static hf_status skip_block_comment(hf_lexer_input *in, hf_fault *fault)
{
    const char *end = strstr(in->at + 2, "*/");
    if (end == NULL)
        return reject(in, fault, "this comment has no end, expected '*/'");
    advance(in, (size_t)(end + 2 - in->at));
    return HF_OK;
}

/* Skips what stands before the next token of one text. */
static hf_status skip_blanks(hf_lexer_input *in, hf_fault *fault)
{
    hf_status status = HF_OK;
    while (status == HF_OK && *in->at != '\0') {
        if (*in->at == '#' || (in->at[0] == '/' && in->at[1] == '/'))
            status = skip_line_comment(in, fault);
        else if (in->at[0] == '/' && in->at[1] == '*')
            status = skip_block_comment(in, fault);
        else if (strchr(" \t\r\n\f", *in->at) != NULL)
            advance(in, 1);
        else
            break;
    }
    return status;
}

/* ---- strings ---- */

static bool is_good_escape(const char *at)
{
    return (at[1] != 'x' && at[1] != 'X') ||
           (isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3]) && (at[2] != '0' || at[3] != '0'));
}

static hf_status read_string(hf_lexer_input *in, hf_token *token, hf_fault *fault)
{
    const char *end = in->at + 1;
    bool escapes = true;
    while (*end != '"' && *end != '\0') {
        escapes = escapes && (*end != '\\' || is_good_escape(end));
        end += *end == '\\' && end[1] != '\0' ? 2 : 1;
    }
    if (*end == '\0')
        return reject(in, fault, "this string has no end, expected '\"'");
    if (!escapes)
        return reject(in, fault, "\\x in a string stands before two hexadecimal digits, which are not 00");
    token->kind = HF_TOKEN_STRING;
    token->at = in->at + 1;
    token->length = (size_t)(end - token->at);
    advance(in, (size_t)(end + 1 - in->at));
    return HF_OK;
}

static int hexadecimal(char digit)
{
    return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

size_t hf_token_unescape(const hf_token *token, char *bytes)
{
    static const char letters[] = "fnrt\\\"", meant[] = "\f\n\r\t\\\"";
    size_t count = 0;
    for (const char *at = token->at, *end = at + token->length; at < end;) {
        const char *letter = *at == '\\' ? strchr(letters, at[1]) : NULL;
        if (letter != NULL) {
            bytes[count++] = meant[letter - letters];
            at += 2;
        } else if (at[0] == '\\' && (at[1] == 'x' || at[1] == 'X')) {
            bytes[count++] = (char)(16 * hexadecimal(at[2]) + hexadecimal(at[3]));
            at += 4;
        } else
            bytes[count++] = *at++;
    }
    return count;
}

/* ---- numbers ---- */

static const char *skip_digits(const char *at)
{
    return at + strspn(at, "0123456789");
}

/* The end of the number at text, with sign, point, exponent or L; NULL if there is none. */
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

static hf_status read_real(const hf_lexer_input *in, size_t length, hf_token *token, hf_fault *fault)
{
    char shown[40];
    errno = 0;
    token->kind = HF_TOKEN_REAL;
    token->real = strtod(in->at, NULL);
    if (errno != ERANGE || token->real > 1 || token->real < -1) /* what overflows is not in the key's range */
        return HF_OK;
    snprintf(shown, sizeof shown, "%.*s", (int)length, in->at);
    return hf_fault_set(fault, in->file, in->line, "%s is too small for double precision, expected 0 or at least 2.3e-308",
                        shown);
}

static hf_status read_integer(const hf_lexer_input *in, bool is_long, hf_token *token, hf_fault *fault)
{
    errno = 0;
    const long long value = strtoll(in->at, NULL, 10);
    const char *digits = in->at + (*in->at == '+' || *in->at == '-');
    token->kind = HF_TOKEN_INTEGER;
    token->integer = value;
    if (errno == ERANGE)
        return hf_fault_set(fault, in->file, in->line, "an integer of %zu digits does not fit 64 bits",
                            (size_t)(skip_digits(digits) - digits));
    if (!is_long && (value < INT_MIN || value > INT_MAX))
        return hf_fault_set(fault, in->file, in->line,
                            "an integer of more than 32 bits needs an L at its end, expected %lldL", value);
    return HF_OK;
}

/* A number, and all that stands right behind it, is one word. */
static hf_status read_number(hf_lexer_input *in, hf_token *token, hf_fault *fault)
{
    const size_t length = strspn(in->at, DIGITS LETTERS "+-._");
    const bool is_hexadecimal = in->at[0] == '0' && (in->at[1] == 'x' || in->at[1] == 'X');
    bool is_real, is_long;
    const char *end = number_end(in->at, &is_real, &is_long);
    if (is_hexadecimal)
        return reject(in, fault, "hexadecimal numbers are not supported, expected decimal digits");
    if (end != in->at + length)
        return hf_fault_set(fault, in->file, in->line, "'%.*s%s' is not a number, expected one such as 3, 0.5 or 1e-3",
                            length > 40 ? 40 : (int)length, in->at, length > 40 ? "..." : "");
    const hf_status status = is_real ? read_real(in, length, token, fault) : read_integer(in, is_long, token, fault);
    in->at = end;
    return status;
}

/* ---- included files ---- */

/* The length of '@include "' with its blanks, at the start of a line; 0 if something else stands here. */
static size_t include_length(const hf_lexer_input *in)
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

/* The text of an included file: as with libconfig the directory stands in front of every name, even an absolute one. */
static hf_status load(const hf_lexer *lexer, const hf_lexer_input *in, const char *name, char **text, hf_fault *fault)
{
    const size_t size = strlen(lexer->directory) + 1 + strlen(name) + 1;
    char shown[HF_SHOWN], *path = malloc(size);
    hf_fault why;
    if (path == NULL)
        return HF_ESYSTEM;
    snprintf(path, size, "%s/%s", lexer->directory, name);
    const hf_status status = hf_text_load(path, text, &why);
    if (status != HF_OK)
        hf_fault_set(fault, in->file, in->line, "the included file '%s' %s", hf_text_show(path, shown, sizeof shown),
                     why.text);
    free(path);
    return status;
}

/* length: of what stands before the name. */
static hf_status include(hf_lexer *lexer, size_t length, hf_fault *fault)
{
    hf_lexer_input *in = &lexer->input[lexer->depth], *inner = in + 1;
    const char *at = in->at + length;
    const size_t name_length = strcspn(at, "\"\\\n");
    if (at[name_length] != '"' || name_length > PATH_MAX)
        return reject(in, fault, "the name of an included file must end with '\"' in its line and hold no '\\'");
    if (lexer->depth == HF_INCLUDE_MAX)
        return reject(in, fault, "files are included more than 10 deep (does one include itself?)");
    char *text, *name = hf_pool_copy(lexer->pool, at, name_length);
    if (name == NULL)
        return HF_ESYSTEM;
    const hf_status status = load(lexer, in, name, &text, fault);
    if (status != HF_OK)
        return status;
    advance(in, length + name_length + 1);
    *inner = (hf_lexer_input){.start = text, .at = text, .owned = text, .file = name, .line = 1};
    lexer->depth++;
    return hf_text_skip_mark(text) == text
               ? HF_OK
               : reject(inner, fault, "starts with a byte order mark; save it as UTF-8 without one");
}

/* Goes on with the text that includes this one, which is at its end. */
static void leave(hf_lexer *lexer)
{
    free(lexer->input[lexer->depth].owned);
    lexer->depth--;
}

/* ---- tokens ---- */

static void read_name(hf_lexer_input *in, hf_token *token)
{
    const size_t length = strspn(in->at, LETTERS DIGITS "*-_");
    token->at = in->at;
    token->length = length;
    token->truth = length == 4 && strncasecmp(in->at, "true", length) == 0;
    const bool is_false = length == 5 && strncasecmp(in->at, "false", length) == 0;
    token->kind = token->truth || is_false ? HF_TOKEN_BOOL : HF_TOKEN_NAME;
    in->at += length;
}

/* The token that stands at in, which is not at its end. */
static hf_status read_token(hf_lexer_input *in, hf_token *token, hf_fault *fault)
{
    const char c = *in->at;
    if (c == '"')
        return read_string(in, token, fault);
    if (strchr(DIGITS ".+-", c) != NULL)
        return read_number(in, token, fault);
    if (strchr(LETTERS "*", c) != NULL)
        read_name(in, token);
    else {
        token->kind = c == ':' ? '=' : (unsigned char)c;
        in->at++;
    }
    return HF_OK;
}

hf_status hf_lexer_next(hf_lexer *lexer, hf_token *token, hf_fault *fault)
{
    for (;;) {
        hf_lexer_input *in = &lexer->input[lexer->depth];
        hf_status status = skip_blanks(in, fault);
        *token = (hf_token){.kind = HF_TOKEN_END, .file = in->file, .line = in->line};
        if (status != HF_OK || (*in->at == '\0' && lexer->depth == 0))
            return status;
        const size_t length = *in->at == '@' ? include_length(in) : 0;
        if (*in->at != '\0' && length == 0)
            return read_token(in, token, fault);
        if (length == 0)
            leave(lexer);
        else if ((status = include(lexer, length, fault)) != HF_OK)
            return status;
    }
}
