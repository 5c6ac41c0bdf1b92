/* tree: the settings of a text in the syntax of libconfig, as they stand there.
 *
 *     text    = { member }                        member = name ("=" | ":") value [ ";" | "," ]
 *     value   = true | false | integer | real | string { string } | array | list | group
 *     array   = "[" [ scalar { "," scalar } ] "]", all of one kind
 *     list    = "(" [ value { "," value } ] ")"
 *     group   = "{" { member } "}", every name once
 *
 * The words of the text are those of lexer.h. Nothing is looked up by name here; what a value must be is said by its key. */
#ifndef HF_CONFIG_TREE_H
#define HF_CONFIG_TREE_H

#include "core/pool.h"
#include "core/text.h"

#include <stdint.h>

typedef enum {
    HF_SETTING_BOOL,
    HF_SETTING_INTEGER,
    HF_SETTING_REAL,
    HF_SETTING_STRING,
    HF_SETTING_ARRAY, /* [ ] */
    HF_SETTING_LIST,  /* ( ) */
    HF_SETTING_GROUP,
} hf_setting_type;

/* What a setting is not is zero: integer of a real, string of a list. */
typedef struct hf_setting {
    hf_setting_type type;
    unsigned line;    /* from 1; where its name stands, or it itself where it has none */
    const char *name; /* NULL: an element, or the text as a whole */
    const char *file; /* as the @include names it; NULL: the text itself */
    bool truth;
    int64_t integer;
    double real;
    const char *string;
    size_t length;         /* members or elements */
    struct hf_setting *at; /* (length) */
} hf_setting;

/* Parses text, whose included files are in directory, into a group. expected: what the text should be, for messages. All that *root
 * points at lives in the pool, the text excepted. HF_EUSAGE: *fault says what is wrong; HF_ESYSTEM: a file, as *fault says, or memory. */
hf_status hf_tree_parse(hf_pool *pool, const char *text, const char *directory, const char *expected,
                        const hf_setting **root, hf_fault *fault);

/* A string without a place; NULL: memory. */
const hf_setting *hf_tree_string(hf_pool *pool, const char *text);

static inline bool hf_setting_is_sequence(const hf_setting *setting)
{
    return setting->type == HF_SETTING_ARRAY || setting->type == HF_SETTING_LIST;
}

static inline bool hf_setting_is_number(const hf_setting *setting)
{
    return setting->type == HF_SETTING_INTEGER || setting->type == HF_SETTING_REAL;
}

/* A number's value. */
static inline double hf_setting_number(const hf_setting *setting)
{
    return setting->type == HF_SETTING_REAL ? setting->real : (double)setting->integer;
}

#endif
