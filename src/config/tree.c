#include "config/tree.h"

#include "config/lexer.h"

#include <string.h>

#define NESTING_MAX 64

typedef struct {
    hf_pool *pool;
    hf_lexer lexer;
    hf_token token; /* the next one */
    const char *expected;
    size_t nesting;
    hf_fault *fault;
} parser;

static hf_status parse_value(parser *p, hf_setting *value, bool joins);

static hf_status next(parser *p)
{
    return hf_lexer_next(&p->lexer, &p->token, p->fault);
}

static hf_status reject(const parser *p, const char *what)
{
    return hf_fault_set(p->fault, p->token.file, p->token.line, "%s", what);
}

/* The next token cannot stand where it does. */
static hf_status reject_token(const parser *p)
{
    if (p->token.kind == HF_TOKEN_STRING)
        return reject(p, "a string cannot stand here, expected 'key = value;'");
    return hf_fault_set(p->fault, p->token.file, p->token.line, "syntax error, expected %s", p->expected);
}

static hf_status expect(parser *p, int kind)
{
    return p->token.kind == kind ? next(p) : reject_token(p);
}

/* Puts element behind those of a setting. The array doubles where length is a power of two. */
static hf_status append(parser *p, hf_setting *to, const hf_setting *element)
{
    const size_t length = to->length;
    if ((length & (length - 1)) == 0) {
        hf_setting *grown = hf_pool_take(p->pool, (length == 0 ? 1 : 2 * length) * sizeof *grown);
        if (grown == NULL)
            return HF_ESYSTEM;
        if (length > 0)
            memcpy(grown, to->at, length * sizeof *grown);
        to->at = grown;
    }
    to->at[to->length++] = *element;
    return HF_OK;
}

static hf_status parse_string(parser *p, hf_setting *value, bool joins)
{
    char *joined = hf_pool_take(p->pool, 1);
    size_t length = 0;
    hf_status status = joined == NULL ? HF_ESYSTEM : HF_OK;
    while (status == HF_OK && p->token.kind == HF_TOKEN_STRING) {
        char *longer = hf_pool_take(p->pool, length + p->token.length + 1);
        if (longer == NULL)
            return HF_ESYSTEM;
        memcpy(longer, joined, length);
        length += hf_token_unescape(&p->token, longer + length);
        joined = longer;
        status = next(p);
        if (status == HF_OK && p->token.kind == HF_TOKEN_STRING && !joins)
            return reject(p, "two strings without a comma between them");
    }
    value->string = joined;
    return status;
}

static hf_status parse_element(parser *p, const hf_setting *sequence, hf_setting *element)
{
    const bool is_array = sequence->type == HF_SETTING_ARRAY;
    const int kind = p->token.kind;
    if (is_array && (kind == '(' || kind == '[' || kind == '{'))
        return reject_token(p);
    const hf_status status = parse_value(p, element, false);
    if (status == HF_OK && is_array && sequence->length > 0 && element->type != sequence->at[0].type)
        return hf_fault_set(p->fault, element->file, element->line,
                            "mismatched element type in array, expected numbers of one kind, or ( ) for [ ]");
    return status;
}

static hf_status parse_elements(parser *p, hf_setting *sequence, int end)
{
    hf_status status = next(p);
    if (status == HF_OK && p->token.kind == end)
        return next(p);
    while (status == HF_OK) {
        hf_setting element = {.type = HF_SETTING_STRING};
        status = parse_element(p, sequence, &element);
        if (status == HF_OK)
            status = append(p, sequence, &element);
        if (status != HF_OK || p->token.kind != ',')
            break;
        status = next(p);
    }
    return status == HF_OK ? expect(p, end) : status;
}

static hf_status parse_member(parser *p, hf_setting *group)
{
    hf_setting member = {0}, named = {.file = p->token.file, .line = p->token.line};
    named.name = hf_pool_copy(p->pool, p->token.at, p->token.length);
    if (named.name == NULL)
        return HF_ESYSTEM;
    for (size_t i = 0; i < group->length; i++)
        if (strcmp(group->at[i].name, named.name) == 0)
            return hf_fault_set(p->fault, named.file, named.line, "duplicate setting name, expected %s", p->expected);
    hf_status status = next(p);
    if (status == HF_OK)
        status = expect(p, '=');
    if (status == HF_OK)
        status = parse_value(p, &member, true);
    member.name = named.name;
    member.file = named.file;
    member.line = named.line;
    if (status == HF_OK)
        status = append(p, group, &member);
    return status == HF_OK && (p->token.kind == ';' || p->token.kind == ',') ? next(p) : status;
}

static hf_status parse_members(parser *p, hf_setting *group)
{
    hf_status status = HF_OK;
    while (status == HF_OK && p->token.kind == HF_TOKEN_NAME)
        status = parse_member(p, group);
    return status;
}

/* An array, a list or a group, whose first token is open. */
static hf_status parse_nested(parser *p, hf_setting *value, char open)
{
    if (p->nesting == NESTING_MAX)
        return reject(p, "lists and sections are nested more than 64 deep");
    p->nesting++;
    hf_status status;
    if (open == '{') {
        value->type = HF_SETTING_GROUP;
        status = next(p);
        if (status == HF_OK)
            status = parse_members(p, value);
        if (status == HF_OK)
            status = expect(p, '}');
    } else {
        value->type = open == '(' ? HF_SETTING_LIST : HF_SETTING_ARRAY;
        status = parse_elements(p, value, open == '(' ? ')' : ']');
    }
    p->nesting--;
    return status;
}

/* joins: strings that stand behind each other are one. */
static hf_status parse_value(parser *p, hf_setting *value, bool joins)
{
    const hf_token token = p->token;
    *value = (hf_setting){.file = token.file, .line = token.line};
    switch (token.kind) {
    case HF_TOKEN_BOOL:
        value->type = HF_SETTING_BOOL;
        value->truth = token.truth;
        return next(p);
    case HF_TOKEN_INTEGER:
        value->type = HF_SETTING_INTEGER;
        value->integer = token.integer;
        return next(p);
    case HF_TOKEN_REAL:
        value->type = HF_SETTING_REAL;
        value->real = token.real;
        return next(p);
    case HF_TOKEN_STRING:
        value->type = HF_SETTING_STRING;
        return parse_string(p, value, joins);
    case '(':
    case '[':
    case '{':
        return parse_nested(p, value, (char)token.kind);
    default:
        return reject_token(p);
    }
}

hf_status hf_tree_parse(hf_pool *pool, const char *text, const char *directory, const char *expected,
                        const hf_setting **root, hf_fault *fault)
{
    parser p = {.pool = pool, .expected = expected, .fault = fault};
    hf_setting *whole = hf_pool_take(pool, sizeof *whole);
    if (whole == NULL)
        return HF_ESYSTEM;
    *whole = (hf_setting){.type = HF_SETTING_GROUP};
    hf_lexer_init(&p.lexer, pool, text, directory);
    hf_status status = next(&p);
    if (status == HF_OK)
        status = parse_members(&p, whole);
    if (status == HF_OK && p.token.kind != HF_TOKEN_END)
        status = reject_token(&p);
    hf_lexer_clear(&p.lexer);
    *root = whole;
    return status;
}

const hf_setting *hf_tree_string(hf_pool *pool, const char *text)
{
    hf_setting *setting = hf_pool_take(pool, sizeof *setting);
    const char *copy = hf_pool_copy(pool, text, strlen(text));
    if (setting == NULL || copy == NULL)
        return NULL;
    *setting = (hf_setting){.type = HF_SETTING_STRING, .string = copy};
    return setting;
}
