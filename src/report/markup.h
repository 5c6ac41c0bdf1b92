/* markup: text with mathematics between $ signs, for gnuplot's enhanced text and for LaTeX (labels.h says what it may hold). */
#ifndef HF_REPORT_MARKUP_H
#define HF_REPORT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define HF_MARKUP_TEXT 400 /* bytes of what is said of a mistake */

/* A gnuplot string in single quotes, in which a quote is doubled, on one line. */
void hf_markup_quote(FILE *stream, const char *text);

/* Writes the first size bytes of a text, in which nothing is special. tex: for LaTeX, else for gnuplot. */
void hf_markup_put_text(const char *text, size_t size, bool tex, FILE *stream);

/* Writes a label, which ends at its first mistake; stream NULL: only looks for one. what: what was expected there; "": there is none. */
void hf_markup_put_label(const char *label, bool tex, FILE *stream, char what[HF_MARKUP_TEXT]);

#endif
