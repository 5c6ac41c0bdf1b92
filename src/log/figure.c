#include "core/file.h"
#include "log/tables.h"
#include "report/labels.h"
#include "report/plot_scripts.h" /* made from plots/ by make */
#include "report/plots.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t count;
    const hf_log_look *looks;
} facts;

/* How much of the beginning and of the end of all names is the same, up to a / each: of paths in folders that are built alike.
 * Something of every name remains. */
static void find_common(const facts *f, size_t *head, size_t *tail)
{
    const char *first = f->looks[0].curve->name;
    size_t shortest = strlen(first), same_head = shortest, same_tail = shortest;
    for (size_t i = 1; i < f->count; i++) {
        const char *name = f->looks[i].curve->name;
        const size_t length = strlen(name);
        size_t n = 0, m = 0;
        shortest = length < shortest ? length : shortest;
        while (n < same_head && name[n] == first[n])
            n++;
        while (m < same_tail && m < length && name[length - 1 - m] == first[strlen(first) - 1 - m])
            m++;
        same_head = n;
        same_tail = m;
    }
    while (same_head > 0 && first[same_head - 1] != '/')
        same_head--;
    while (same_tail > 0 && first[strlen(first) - same_tail] != '/')
        same_tail--;
    const bool remains = f->count > 1 && same_head + same_tail < shortest;
    *head = remains ? same_head : 0;
    *tail = remains ? same_tail : 0;
}

/* The curves' names without what all of them have in common. */
static void write_names(FILE *stream, const facts *f)
{
    size_t head, tail;
    find_common(f, &head, &tail);
    fprintf(stream, "array curve_names[%zu]\n", f->count);
    for (size_t i = 0; i < f->count; i++) {
        const char *name = f->looks[i].curve->name;
        char *own = strndup(name + head, strlen(name) - head - tail);
        if (own == NULL)
            hf_file_spoil(stream);
        fprintf(stream, "curve_names[%zu] = ", i + 1);
        hf_labels_write_text(stream, own == NULL ? name : own);
        putc('\n', stream);
        free(own);
    }
}

/* The name of the column that all curves are from. */
static const char *loss_name(const facts *f)
{
    const char *name = f->looks[0].curve->loss;
    for (size_t i = 1; i < f->count; i++)
        if (strcmp(f->looks[i].curve->loss, name) != 0)
            return "loss";
    return name;
}

/* How many curves there are, their names, whose steps stand better on a logarithmic axis, and which fall from their start to their
 * first plateau. */
static void write_facts(FILE *stream, const void *data)
{
    const facts *f = data;
    const char *step = f->looks[0].curve->step;
    fprintf(stream, "curves = %zu\nlog_spaced = '", f->count);
    for (size_t i = 0; i < f->count; i++)
        fprintf(stream, " %d", f->looks[i].is_log);
    fputs("'\nfalls_at_start = '", stream);
    for (size_t i = 0; i < f->count; i++)
        fprintf(stream, " %d", f->looks[i].found.falls_at_start);
    fputs("'\n", stream);
    hf_plots_write_text(stream, "step_name", step[0] == '\0' ? "row" : step);
    hf_plots_write_text(stream, "loss_name", loss_name(f));
    write_names(stream, f);
    fputs("word_of(k) = curve_names[k]\n", stream);
}

hf_status hf_log_figure_write(size_t count, const hf_log_look *looks, const char *directory, hf_error *err)
{
    return hf_plots_write_figure(directory, "detect", NULL, write_facts, &(facts){count, looks}, hf_plot_detect, err);
}
