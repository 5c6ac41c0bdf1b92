#include "core/shell.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Words of these are themselves for every shell, anywhere behind the command. */
static bool is_plain(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+=:,@";
    return *text != '\0' && *text != '=' && strspn(text, plain) == strlen(text); /* zsh looks =word up */
}

/* A single quote for the shell that reads the line, or (twice) for the one after it. */
static void put_quote(bool twice, FILE *stream)
{
    fputs(twice ? "'\\''" : "'", stream);
}

/* Inside single quotes a shell takes every character as it is but the quote itself, for which the quotes are closed and
 * opened again. What parallel fills in starts with '{': quotes closed and opened after each hide it until parallel has
 * gone. */
static void write_inside(const char *text, bool twice, FILE *stream)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            put_quote(twice, stream);
            putc('\\', stream);
            put_quote(twice, stream);
            put_quote(twice, stream);
            continue;
        }
        putc(*text, stream);
        if (twice && *text == '{') {
            put_quote(twice, stream);
            put_quote(twice, stream);
        }
    }
}

/* before: what the word starts with, plain characters. */
static void write_word(const char *before, const char *text, hf_shell_form form, FILE *stream)
{
    const bool plain = is_plain(text);
    const bool twice = form == HF_SHELL_PARALLEL && (!plain || *text == ':'); /* ::: is an option of parallel */
    const bool quoted = form != HF_SHELL_BARE || !plain;
    fputs(quoted ? "'" : "", stream);
    if (twice)
        put_quote(true, stream);
    fputs(before, stream);
    write_inside(text, twice, stream);
    if (twice)
        put_quote(true, stream);
    fputs(quoted ? "'" : "", stream);
}

void hf_shell_write(const char *text, hf_shell_form form, FILE *stream)
{
    write_word("", text, form, stream);
}

void hf_shell_write_path(const char *path, hf_shell_form form, FILE *stream)
{
    write_word(*path == '-' ? "./" : "", path, form, stream);
}

char *hf_shell_path(const char *path)
{
    char *word = NULL;
    size_t size;
    FILE *stream = open_memstream(&word, &size);
    if (stream == NULL)
        return NULL;
    hf_shell_write_path(path, HF_SHELL_BARE, stream);
    if (fclose(stream) == 0)
        return word;
    free(word);
    return NULL;
}

void hf_shell_write_overrides(size_t count, const char *const overrides[], FILE *stream)
{
    for (size_t i = 0; i < count; i++) {
        fputs(" -s ", stream);
        hf_shell_write(overrides[i], HF_SHELL_QUOTED, stream);
    }
}
