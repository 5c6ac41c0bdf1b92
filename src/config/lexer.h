/* lexer: the words of a text in the syntax of libconfig, files that it includes in place.
 *
 *     @include "name"         at the start of a line; name is looked for in the directory of the text
 *     # and // to the end of the line, and those of C: comments
 *     name                    letters, digits, * _ and -, a letter or * first; true and false, in any case, are no names
 *     number                  3, -0.5, 1e-3, 12345678901L: an integer of more than 32 bits has an L at its end
 *     "string"                with \f \n \r \t \\ \" and \xHH; another backslash stands for itself
 *
 * Stricter than libconfig, which takes silently: integers that do not fit, a lone point, a number too small for a double, letters
 * behind a number, \x00, a carriage return alone in a comment. */
#ifndef HF_CONFIG_LEXER_H
#define HF_CONFIG_LEXER_H

#include "core/pool.h"
#include "core/text.h"

#include <stdint.h>

/* Other tokens are the characters = , ; ( ) [ ] { } themselves, = for : too, and any that stands for nothing. */
enum { HF_TOKEN_END = 0, HF_TOKEN_NAME = 256, HF_TOKEN_BOOL, HF_TOKEN_INTEGER, HF_TOKEN_REAL, HF_TOKEN_STRING };

typedef struct {
    int kind;
    unsigned line;
    const char *file; /* as the @include names it; NULL: the text itself. In the pool. */
    const char *at;   /* of a name and of a string, without its quotes: there until the next token is asked for */
    size_t length;
    bool truth;
    int64_t integer;
    double real;
} hf_token;

#define HF_INCLUDE_MAX 10 /* as libconfig */

/* One text. An included one is read while that which includes it waits. */
typedef struct {
    const char *start, *at;
    char *owned;      /* what is freed at its end; NULL: the caller's */
    const char *file; /* NULL: the text itself */
    unsigned line;
} hf_lexer_input;

typedef struct {
    hf_pool *pool; /* of the names of files */
    const char *directory;
    size_t depth; /* of includes */
    hf_lexer_input input[HF_INCLUDE_MAX + 1];
} hf_lexer;

/* pool, text and directory must outlive the lexer. */
void hf_lexer_init(hf_lexer *lexer, hf_pool *pool, const char *text, const char *directory);

/* The next token. HF_EUSAGE: *fault says what is wrong; HF_ESYSTEM: a file, as *fault says, or memory. */
hf_status hf_lexer_next(hf_lexer *lexer, hf_token *token, hf_fault *fault);

/* Frees what is still open. */
void hf_lexer_clear(hf_lexer *lexer);

/* Writes what a string stands for, at most token->length bytes, and returns how many. */
size_t hf_token_unescape(const hf_token *token, char *bytes);

#endif
