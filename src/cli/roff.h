/* roff: text as the man macros of roff take it. */
#ifndef HF_CLI_ROFF_H
#define HF_CLI_ROFF_H

#include <stdio.h>

/* Writes text so that every character stands for itself, also at the start of a line and between quotes. */
void hf_roff_write(const char *text, size_t length, FILE *stream);
void hf_roff_string(const char *text, FILE *stream);

/* Writes a usage: options bold, what stands for a value (in capital letters) in italics. */
void hf_roff_usage(const char *usage, FILE *stream);

/* Writes the help of a command: its paragraphs, and its lines "  --option  what it does" as a list below the heading OPTIONS. */
void hf_roff_help(const char *help, FILE *stream);

/* Writes Markdown that has headings of the second level, paragraphs of one line, and tables whose rows have three fields, the first
 * between backticks: "| `name` | unit | meaning |". */
void hf_roff_tables(const char *markdown, FILE *stream);

/* A heading of the first and of the second level, and the tag of an item, which its text follows. */
void hf_roff_section(const char *title, FILE *stream);
void hf_roff_part(const char *title, FILE *stream);
void hf_roff_item(const char *tag, FILE *stream);

#endif
