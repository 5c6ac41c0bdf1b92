#include "config/chain_check.h"

#include "config/keys.h"
#include "config/network_check.h"
#include "config/task_check.h"

#include <math.h>
#include <stdlib.h>

static const double usual_ratio = 1.7;

/* ---- the chain ---- */

static hf_status derive_strengths(hf_config *c, hf_error *err)
{
    const size_t spans = c->chain.lengths.count;
    hf_reals *strengths = &c->chain.strengths;
    c->chain.ratio = c->chain.ratio > 0 ? c->chain.ratio : usual_ratio;
    strengths->at = malloc(spans * sizeof *strengths->at);
    if (strengths->at == NULL)
        return hf_fail_memory(err, "the strengths");
    strengths->count = spans;
    for (size_t k = 0; k < spans; k++) {
        strengths->at[k] = pow(c->chain.ratio, (double)(c->chain.reversed ? k : spans - 1 - k));
        if (!(strengths->at[k] > 0 && strengths->at[k] < HF_REAL_MAX))
            return hf_config_reject(c, err, "chain.ratio", "is %g, which makes a strength of %g", c->chain.ratio,
                                    strengths->at[k]);
    }
    return HF_OK;
}

static hf_status settle_strengths(hf_config *c, hf_error *err)
{
    const hf_reals *strengths = &c->chain.strengths;
    if (strengths->count == 0)
        return derive_strengths(c, err);
    if (hf_config_is_given(c, "chain.reversed"))
        return hf_config_reject(c, err, "chain.reversed", "has no effect beside chain.strengths");
    if (strengths->count != c->chain.lengths.count)
        return hf_config_reject(c, err, "chain.strengths", "has %zu numbers, expected %zu, one per span", strengths->count,
                                c->chain.lengths.count);
    return HF_OK;
}

static hf_status check_length(hf_config *c, hf_error *err)
{
    const size_t order = hf_chain_reach(&c->chain, c->chain.lengths.count);
    if (c->chain.lengths.count == 0)
        return hf_config_reject(c, err, "chain.lengths", "is empty, expected one length per span");
    if (order + c->chain.generated > HF_MARKOV_LENGTH)
        return hf_config_reject(c, err, "chain.generated", "makes sequences of %zu tokens, expected at most %d",
                                order + c->chain.generated, HF_MARKOV_LENGTH);
    return HF_OK;
}

static hf_status check_weights(hf_config *c, hf_error *err)
{
    const hf_real_rows *weights = &c->chain.weights;
    if (weights->count > 0 && weights->count != c->chain.lengths.count)
        return hf_config_reject(c, err, "chain.weights", "has %zu rows, expected %zu, one per span", weights->count,
                                c->chain.lengths.count);
    for (size_t k = 0; k < weights->count; k++) {
        const hf_reals *row = &weights->row[k];
        double sum = 0;
        if (row->count != c->chain.lengths.at[k])
            return hf_config_reject(c, err, "chain.weights",
                                    "row %zu has %zu numbers, expected %zu, one per token of the span", k + 1, row->count,
                                    c->chain.lengths.at[k]);
        for (size_t i = 0; i < row->count; i++)
            sum += row->at[i];
        if (c->chain.normalized && !(sum > 0))
            return hf_config_reject(c, err, "chain.weights", "row %zu has the sum %g, expected more than 0 to divide by",
                                    k + 1, sum);
    }
    return HF_OK;
}

/* ---- the network beside it ---- */

/* Attention is not negative, and sums to 1. */
static hf_status check_construction_weights(hf_config *c, hf_error *err)
{
    const hf_real_rows *weights = &c->chain.weights;
    for (size_t k = 0; k < weights->count; k++) {
        double sum = 0;
        for (size_t i = 0; i < weights->row[k].count; i++) {
            sum += weights->row[k].at[i];
            if (weights->row[k].at[i] < 0)
                return hf_config_reject(c, err, "chain.weights",
                                        "row %zu has %g, expected no negative weights with model.beta: no attention is "
                                        "negative",
                                        k + 1, weights->row[k].at[i]);
        }
        if (!(sum > 0))
            return hf_config_reject(c, err, "chain.weights", "row %zu has no weight, expected some with model.beta", k + 1);
    }
    return HF_OK;
}

/* What the construction needs (train/construction.h). */
static hf_status check_construction(hf_config *c, hf_error *err)
{
    const hf_network_params *m = &c->model;
    const size_t spans = c->chain.lengths.count, order = hf_chain_reach(&c->chain, spans);
    const bool alone =
        m->blocks == 1 && m->one_hot && m->full_heads && m->mlp == 0 && !m->keys && !m->output && !m->residual && !m->norm;
    if (m->beta == 0)
        return HF_OK;
    if (m->kind == HF_NETWORK_DECODER && !alone)
        return hf_config_reject(
            c, err, "model.beta",
            "needs a network that is attention alone: model.kind = \"minimal\", or a decoder of one block "
            "with one_hot and full_heads, without keys, output, residual, norm and mlp");
    if (m->heads < spans)
        return hf_config_reject(c, err, "model.heads",
                                "is %zu, expected at least %zu with model.beta: a head for every span", m->heads, spans);
    if (m->window > 0 && m->window < order)
        return hf_config_reject(c, err, "model.window",
                                "is %zu, expected at least %zu with model.beta: heads see the spans", m->window, order);
    return check_construction_weights(c, err);
}

static hf_status check_switches(hf_config *c, hf_error *err)
{
    hf_status status = hf_task_check_effect(c, "chain", "on this chain", err);
    if (status == HF_OK)
        status = hf_network_check(c, err);
    return status == HF_OK ? check_construction(c, err) : status;
}

/* Models with cut contexts. */
static hf_status check_cuts(hf_config *c, hf_error *err)
{
    const hf_counts *cuts = &c->train.cuts;
    if (cuts->count > 0 && c->model.kind == HF_NETWORK_DECODER && c->model.blocks > 1)
        return hf_config_reject(c, err, "train.cuts",
                                "needs model.blocks = 1: through several blocks a model sees more than it attends to");
    if (cuts->count > 0 && c->model.beta > 0)
        return hf_config_reject(
            c, err, "train.cuts",
            "cannot be given together with model.beta: a cut model does not see the spans that heads start on");
    for (size_t i = 0; i < cuts->count; i++) {
        if (cuts->at[i] > c->chain.lengths.count)
            return hf_config_reject(c, err, "train.cuts", "has %zu spans, expected 1..%zu", cuts->at[i],
                                    c->chain.lengths.count);
        if (i > 0 && cuts->at[i] <= cuts->at[i - 1])
            return hf_config_reject(c, err, "train.cuts", "has %zu behind %zu, expected ascending numbers of spans",
                                    cuts->at[i], cuts->at[i - 1]);
    }
    return HF_OK;
}

hf_status hf_chain_check(hf_config *config, hf_error *err)
{
    static hf_status (*const steps[])(hf_config *, hf_error *) = {check_length,   settle_strengths,          check_weights,
                                                                  check_switches, hf_network_check_training, check_cuts};
    hf_status status = HF_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == HF_OK; i++)
        status = steps[i](config, err);
    return status;
}
