#include "config/train_check.h"

#include "config/heads_check.h"
#include "config/task_check.h"
#include "core/plural.h"
#include "train/clock.h"
#include "train/continuous.h"
#include "train/entries.h"

#include <math.h>

#define STEPS_MAX 1e12

/* ---- the number of steps ---- */

static hf_status settle_steps(hf_config *c, hf_error *err)
{
    if (c->train.steps > 0)
        return HF_OK;
    const double steps = hf_clock_steps(hf_clock_of(&c->train), c->solver.t_end);
    if (!(steps <= STEPS_MAX))
        return hf_config_reject(c, err, "train.lr", "needs %g steps to reach solver.t_end = %g, expected at most %g", steps,
                                c->solver.t_end, STEPS_MAX);
    c->train.steps = steps < 1 ? 1 : (uint64_t)steps;
    return HF_OK;
}

/* ---- what can be trained ---- */

static hf_status check_inputs(hf_config *c, hf_error *err)
{
    const hf_counts *inputs = &c->train.inputs;
    size_t sum = 0;
    if (inputs->count == 0)
        return HF_OK;
    if (inputs->count != c->target.count)
        return hf_config_reject(c, err, "train.inputs", "has %zu number%s, expected %zu, one per feature", inputs->count,
                                hf_plural(inputs->count), c->target.count);
    for (size_t j = 0; j < inputs->count; j++)
        sum += inputs->at[j];
    if (sum != c->train.dim)
        return hf_config_reject(c, err, "train.inputs", "has the sum %zu, expected train.dim = %zu", sum, c->train.dim);
    if (!hf_gram_is_diagonal(&c->target.gram))
        return hf_config_reject(c, err, "train.inputs",
                                "cannot be given with this target.gram: features of different inputs are orthogonal");
    return HF_OK;
}

/* What is a matter of the reduced problem, or of files, is checked when that is made (train/task.c). */
static hf_status check_model(hf_config *c, hf_error *err)
{
    const bool projected = c->train.sampling == HF_SAMPLING_PROJECTED;
    if (c->flow.geometry != HF_GEOMETRY_LOGIT)
        return hf_config_reject(c, err, "flow.geometry", "is \"replicator\": a transformer trains its logits");
    if (c->flow.values == HF_VALUES_OPTIMAL)
        return hf_config_reject(c, err, "flow.values", "is \"optimal\": a transformer trains its values");
    if (c->train.features == HF_FEATURES_RANDOM && c->target.gram.count > 0)
        return hf_config_reject(c, err, "train.features", "random features have no target.gram");
    if (c->train.features == HF_FEATURES_HADAMARD && (c->train.dim & (c->train.dim - 1)) != 0)
        return hf_config_reject(c, err, "train.dim", "is %zu, expected a power of 2 with train.features = \"hadamard\"",
                                c->train.dim);
    if (c->train.features == HF_FEATURES_HADAMARD && c->train.inputs.count > 0)
        return hf_config_reject(c, err, "train.features",
                                "is \"hadamard\": such features read all input coordinates, expected no train.inputs");
    if (c->train.precision == HF_PRECISION_SINGLE)
        return hf_config_reject(c, err, "train.precision",
                                "is \"single\", which the minimal model alone can be, expected \"double\" or \"mixed\"");
    if (c->train.precision == HF_PRECISION_MIXED && c->train.batch == 0 && c->train.samples == 0)
        return hf_config_reject(c, err, "train.precision",
                                "is \"mixed\", but the gradient of the population (train.batch = 0) has no samples");
    if (projected && !hf_config_may_project(c))
        return hf_config_reject(
            c, err, "train.sampling",
            "projected samples are fresh ones with inputs alike in all coordinates: without train.samples, "
            "train.validation, train.inputs");
    return HF_OK;
}

/* ---- the optimizer's own flow ---- */

static hf_status check_optimizer_flow(hf_config *c, hf_error *err)
{
    const char *key = "flow.optimizer", *name = hf_optimizer_name(c->flow.optimizer);
    const hf_optimizer_params params = {.kind = c->train.optimizer,
                                        .clip = c->train.clip,
                                        .schedule = {.kind = c->train.schedule, .warmup = c->train.warmup}};
    if (c->flow.optimizer == HF_OPTIMIZER_SGD)
        return HF_OK;
    if (c->flow.optimizer == HF_OPTIMIZER_MOMENTUM)
        return hf_config_reject(c, err, key, "the flow of momentum is that of sgd, in its own time; expected \"sgd\"");
    if (c->flow.optimizer != c->train.optimizer)
        return hf_config_reject(c, err, key, "is %s, but train.optimizer is %s: expected the same, or \"sgd\"", name,
                                hf_optimizer_name(c->train.optimizer));
    if (!hf_continuous_exists(&params))
        return hf_config_reject(c, err, key,
                                "%s has a flow with a constant learning rate, and without clipping, alone: expected no "
                                "train.schedule, train.warmup and train.clip",
                                name);
    if (c->train.samples > 0)
        return hf_config_reject(c, err, key, "the flow of %s is that of the population: expected no train.samples", name);
    if (c->flow.entries == HF_ENTRIES_CLASSES && c->train.features != HF_FEATURES_HADAMARD)
        return hf_config_reject(c, err, "flow.entries",
                                "is \"classes\", but random features have no equal entries, expected \"all\", \"nodes\" or "
                                "train.features = \"hadamard\"");
    if (c->flow.entries == HF_ENTRIES_NODES && (c->train.features != HF_FEATURES_ORTHOGONAL || c->train.inputs.count > 0))
        return hf_config_reject(c, err, "flow.entries",
                                "is \"nodes\": they stand for entries that are random and alike, expected "
                                "train.features = \"orthogonal\" and no train.inputs");
    if (c->flow.entries == HF_ENTRIES_NODES && c->target.count > HF_ENTRIES_FEATURES)
        return hf_config_reject(c, err, "flow.entries", "is \"nodes\", which exist for at most %d features, not %zu",
                                (int)HF_ENTRIES_FEATURES, c->target.count);
    return HF_OK;
}

/* ---- what can be compared ---- */

static hf_status check_comparison(hf_config *c, hf_error *err)
{
    if (c->declared.flow && !c->detect.events && !c->declared.sweep)
        return hf_config_reject(c, err, "detect.events", "is false: a comparison needs the stages of the flow");
    return HF_OK;
}

static hf_status check_ladder(hf_config *c, hf_error *err)
{
    const hf_counts *batches = &c->ladder.batches;
    const char *key = batches->count > 0 ? "ladder.batches" : "ladder.halvings";
    if (batches->count == 0 && c->ladder.halvings == 0)
        return HF_OK;
    if (!c->declared.flow)
        return hf_config_reject(c, err, key, "a ladder needs a flow to compare with: add flow = { };");
    if (!hf_clock_of(&c->train).is_time)
        return hf_config_reject(c, err, "train.optimizer",
                                "steps of %s are no flow time: a ladder needs \"sgd\" or \"momentum\"",
                                hf_optimizer_name(c->train.optimizer));
    for (size_t b = 0; b < batches->count; b++)
        if (batches->at[b] == 0 && c->train.samples == 0 && c->train.precision == HF_PRECISION_MIXED)
            return hf_config_reject(
                c, err, key, "has 0, the gradient of the population, which has no samples for train.precision = \"mixed\"");
    for (size_t b = 0; b < batches->count; b++)
        for (size_t other = 0; other < b; other++)
            if (batches->at[b] == batches->at[other])
                return hf_config_reject(c, err, key, "has %zu twice, expected each batch size once", batches->at[b]);
    return HF_OK;
}

hf_status hf_train_check(hf_config *config, hf_error *err)
{
    static hf_status (*const steps[])(hf_config *, hf_error *) = {settle_steps, hf_task_check_epochs, check_inputs,
                                                                  check_model,  check_optimizer_flow, check_comparison,
                                                                  check_ladder};
    if (!config->declared.train && config->flow.optimizer != HF_OPTIMIZER_SGD)
        return hf_config_reject(config, err, "flow.optimizer",
                                "is %s, but nothing is trained: expected a section train with that optimizer, or \"sgd\"",
                                hf_optimizer_name(config->flow.optimizer));
    for (size_t i = 0; i < sizeof steps / sizeof *steps && config->declared.train; i++) {
        const hf_status status = steps[i](config, err);
        if (status != HF_OK)
            return status;
    }
    return HF_OK;
}
