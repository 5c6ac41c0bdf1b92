/* labels: what figures call times, losses, reported quantities and keys, as text with mathematics.
 *
 * Between two $ a label is mathematics as LaTeX has it: letters, digits, indices _x and _{...}, exponents ^x and ^{...}, \mathrm{...},
 * and Greek letters and signs by their names or as they are. All else is text, in which nothing is special. gnuplot gets it in its
 * own markup ("enhanced" text), LaTeX as it is. */
#ifndef HF_REPORT_LABELS_H
#define HF_REPORT_LABELS_H

#include "core/error.h"
#include "report/markup.h"
#include "report/params.h"

#include <stdbool.h>
#include <stdio.h>

#define HF_LABEL_TEXT HF_MARKUP_TEXT

/* Whether every figure may show a thing of this name; keys of the model file have names besides. */
bool hf_labels_knows(const char *name);

/* The name that was most likely meant, from all that figures show; NULL if nothing is close. */
const char *hf_labels_nearest(const char *name);

/* What stands for name, "t_split" or "init.perturbation": the text of labels, which may be NULL, else the usual one, else the name
 * itself as text. Returns text. */
const char *hf_labels_text(const hf_labels *labels, const char *name, char text[HF_LABEL_TEXT]);

/* False: the mathematics of a label is not what is known here; *what says why, in words after "expected". */
bool hf_labels_check(const char *label, char what[HF_LABEL_TEXT]);

/* Both forms of a label, and of a text without mathematics, as a gnuplot expression: (tex ? '...' : '...'), or one string. */
void hf_labels_write(FILE *stream, const char *label);
void hf_labels_write_text(FILE *stream, const char *text);

/* The variables label_NAME of all figures. */
void hf_labels_write_all(FILE *stream, const hf_labels *labels);

#endif
