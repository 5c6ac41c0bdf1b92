/* Documentation of keys, made from their table. */
#include "config/config.h"

#include "config/keys.h"
#include "config/value.h"
#include "core/shell.h"

#include <string.h>

#define COLUMNS 100 /* of what is printed for a terminal */
#define INDENT  16  /* of what is said of a key */

/* ---- all keys, as a document ---- */

static const char *describe_default(const hf_key *key)
{
    return key->required ? "required" : key->fallback != NULL ? key->fallback : "none";
}

static bool is_in(const hf_key *key, const hf_section *section)
{
    return hf_keys_section(key) == section;
}

static void print_row(const hf_key *key, FILE *stream)
{
    char expected[HF_EXPECTED];
    fprintf(stream, "| `%s` | %s | %s | %s | %s |\n", key->path, hf_value_expected(key, expected), describe_default(key),
            *key->unit == '\0' ? "-" : key->unit, key->help);
}

bool hf_config_print_keys(FILE *stream)
{
    for (size_t s = 0; s < hf_section_count; s++) {
        const hf_section *section = &hf_sections[s];
        fprintf(stream, "%s## %s\n\n%s\n\n", s == 0 ? "" : "\n", *section->path == '\0' ? "Top level" : section->path,
                section->help);
        fputs("| key | value | default | unit | meaning |\n|---|---|---|---|---|\n", stream);
        for (size_t k = 0; k < hf_key_count; k++)
            if (is_in(&hf_keys[k], section))
                print_row(&hf_keys[k], stream);
    }
    return fflush(stream) == 0 && !ferror(stream);
}

/* ---- one key or section, for a terminal ---- */

/* Writes words, which start in column INDENT, in lines that are indented so, and ends the last one. */
static void print_words(const char *words, FILE *stream)
{
    size_t column = INDENT;
    for (const char *separator = ""; *words != '\0'; separator = " ") {
        const size_t length = strcspn(words, " ");
        const bool fits = column + 1 + length <= COLUMNS;
        if (fits)
            fputs(separator, stream);
        else
            fprintf(stream, "\n%*s", INDENT, "");
        column = (fits ? column + 1 : INDENT) + length;
        fprintf(stream, "%.*s", (int)length, words);
        words += length;
        words += strspn(words, " ");
    }
    putc('\n', stream);
}

static void print_item(const char *name, const char *text, FILE *stream)
{
    fprintf(stream, "  %-*s", INDENT - 2, name);
    print_words(text, stream);
}

/* The example as a model file has it, in its sections. */
static void print_in_file(const hf_key *key, FILE *stream)
{
    const char *at = key->path;
    size_t depth = 0;
    fprintf(stream, "  %-*s", INDENT - 2, "in a file");
    for (const char *dot; (dot = strchr(at, '.')) != NULL; at = dot + 1, depth++)
        fprintf(stream, "%.*s = { ", (int)(dot - at), at);
    fprintf(stream, "%s = %s;", at, key->example);
    for (; depth > 0; depth--)
        fputs(" };", stream);
    putc('\n', stream);
}

/* A string needs no quotes of its own there. */
static void print_in_command(const hf_key *key, FILE *stream)
{
    char value[200];
    const bool is_string = key->example[0] == '"';
    snprintf(value, sizeof value, "%.*s", (int)(strlen(key->example) - 2 * is_string), key->example + is_string);
    fprintf(stream, "  %-*s-s %s=", INDENT - 2, "in a command", key->path);
    hf_shell_write(value, HF_SHELL_BARE, stream);
    putc('\n', stream);
}

static void explain_key(const hf_key *key, FILE *stream)
{
    char expected[HF_EXPECTED];
    fprintf(stream, "%s\n\n", key->path);
    print_item("meaning", key->help, stream);
    print_item("value", hf_value_expected(key, expected), stream);
    if (key->required || key->fallback != NULL)
        print_item("default", describe_default(key), stream);
    if (*key->unit != '\0')
        print_item("unit", strcmp(key->unit, "1") == 0 ? "1, a pure number" : key->unit, stream);
    print_in_file(key, stream);
    print_in_command(key, stream);
    if (key->replaces != NULL)
        print_item("not beside", key->replaces, stream);
    for (size_t k = 0; k < hf_key_count; k++)
        if (hf_keys[k].replaces != NULL && strcmp(hf_keys[k].replaces, key->path) == 0)
            print_item("not beside", hf_keys[k].path, stream);
}

static void explain_section(const hf_section *section, FILE *stream)
{
    fprintf(stream, "Section %s of a model file. %s\n", section->path, section->help);
    for (size_t k = 0; k < hf_key_count; k++) {
        const hf_key *key = &hf_keys[k];
        if (!is_in(key, section))
            continue;
        fprintf(stream, "\n  %s%s%s\n%*s", key->path, key->fallback == NULL ? "" : " = ",
                key->fallback == NULL ? "" : key->fallback, INDENT, "");
        print_words(key->help, stream);
    }
    fputs("\nBehind = stands the default. headflow help KEY says more of a key, with an example.\n", stream);
}

bool hf_config_explain(const char *topic, FILE *stream)
{
    const hf_key *key = hf_keys_find(topic);
    const hf_section *section = *topic == '\0' ? NULL : hf_keys_find_section(topic);
    if (key != NULL)
        explain_key(key, stream);
    else if (section != NULL)
        explain_section(section, stream);
    return key != NULL || section != NULL;
}
