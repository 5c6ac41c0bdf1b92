#include "train/construction.h"

#include "train/markov.h"
#include "train/minimal.h"

#include <math.h>
#include <string.h>

static double *find(hf_tensors tensors, const char *name, double *parameters)
{
    size_t t = 0;
    while (t + 1 < tensors.count && strcmp(tensors.at[t].name, name) != 0)
        t++;
    memset(parameters + tensors.at[t].offset, 0, tensors.at[t].count * sizeof *parameters);
    return parameters + tensors.at[t].offset;
}

/* Query matrix (D, D) of the head of a span: lag i is the key i - 1 places before the query. */
static void fill_query(const hf_token_task *task, const hf_markov_reach *span, double beta, double *query)
{
    const size_t d = task->vocabulary, D = hf_minimal_width(task), places = D - d;
    double largest = 0;
    for (size_t i = 0; i < span->length; i++)
        largest = fmax(largest, span->weight[i]);
    for (size_t i = 0; i < span->length; i++)
        for (size_t place = span->lag + i - 1; place < places && span->weight[i] > 0; place++) {
            const size_t key = place + 1 - span->lag - i;
            query[(d + key) * D + d + place] = (beta + log(span->weight[i] / largest)) * sqrt((double)D);
        }
}

static void fill_value(const hf_token_task *task, const hf_markov_reach *span, bool output_first, double *value)
{
    const size_t d = task->vocabulary, D = hf_minimal_width(task);
    double sum = 0;
    for (size_t i = 0; i < span->length; i++)
        sum += span->weight[i];
    for (size_t key = 0; key < d; key++)
        for (size_t v = 0; v < d; v++)
            value[output_first ? v * D + key : key * D + v] = sum * span->effect[key * span->stride + v];
}

void hf_construction_fill(const hf_token_task *task, size_t heads, double beta, bool output_first, hf_tensors tensors,
                          double *parameters)
{
    const size_t D = hf_minimal_width(task), spans = task->kind->levels(task->self);
    double *query = find(tensors, "query", parameters), *value = find(tensors, "value", parameters);
    for (size_t k = 0; k < spans && k < heads; k++) {
        const hf_markov_reach span = hf_markov_reach_of(task, k);
        fill_query(task, &span, beta, query + k * D * D);
        fill_value(task, &span, output_first, value + k * D * D);
    }
}
