#include "sweep/report.h"

#include "core/plural.h"
#include "sweep/quantity.h"

#include <stdlib.h>
#include <string.h>

static bool is_swept(const hf_config *config, const char *prefix)
{
    for (size_t i = 0; i < config->sweep.over.count; i++)
        if (strncmp(config->sweep.over.at[i].key, prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

/* Something that could never be measured is a mistake, unless the sweep itself may change that. */
static hf_status check_quantity(const hf_config *config, const char *key, const char *name, hf_error *err)
{
    hf_quantity q;
    hf_error why;
    if (hf_quantity_find(name, &q, &why) != HF_OK)
        return hf_config_reject(config, err, key, "%s", why.message);
    if (q.kind->needs_events && !config->detect.events && !is_swept(config, "detect.events"))
        return hf_config_reject(config, err, key, "%s needs detect.events = true", name);
    if (q.kind->needs_training && hf_config_runs_flow(config))
        return hf_config_reject(config, err, key, "%s is one of training: needs a train section and no flow section", name);
    if (q.kind->of_strings && !hf_config_is_strings(config))
        return hf_config_reject(config, err, key, "%s needs train.task = \"strings\"", name);
    if (q.kind->needs_slices && config->output.slices == 0 && !is_swept(config, "output.slices"))
        return hf_config_reject(config, err, key, "%s needs output.slices > 0", name);
    if (hf_config_is_strings(config) && (q.kind->of_heads || q.kind->needs_events || q.kind->not_strings))
        return hf_config_reject(config, err, key, "%s is nothing that a training on strings has", name);
    if (q.kind->of_heads && hf_config_predicts_tokens(config))
        return hf_config_reject(config, err, key, "%s is nothing that %s has", name,
                                hf_config_is_chain(config)    ? "a Markov chain"
                                : hf_config_is_recall(config) ? "recall"
                                                              : "a regression on sequences");
    if (q.kind->needs_masses && config->flow.system != HF_SYSTEM_HEADS && !is_swept(config, "flow.system"))
        return hf_config_reject(config, err, key, "%s is of attention, which this system has none of", name);
    if (strcmp(key, "fit") == 0 && hf_quantity_is_category(&q))
        return hf_config_reject(config, err, key, "%s is no number that a law could give", name);
    if (q.kind->needs_level && config->detect.loss_fraction == 0 && !is_swept(config, "detect.loss_fraction"))
        return hf_config_reject(config, err, key, "%s needs detect.loss_fraction > 0", name);
    if (q.kind->index == HF_INDEX_PATTERN && q.index > config->target.count && !is_swept(config, "target."))
        return hf_config_reject(config, err, key, "%s: the target has only %zu pattern%s", name, config->target.count,
                                hf_plural(config->target.count));
    return HF_OK;
}

static hf_status add_report(hf_config *config, const char *name, hf_error *err)
{
    hf_strings *report = &config->sweep.report;
    char **grown = realloc(report->at, (report->count + 1) * sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the report");
    report->at = grown;
    report->at[report->count] = strdup(name);
    if (report->at[report->count] == NULL)
        return hf_fail_memory(err, "the report");
    report->count++;
    return HF_OK;
}

/* When the heads part, when each of the first patterns is learned, in how many stages, how well. */
static hf_status default_report(hf_config *config, hf_error *err)
{
    const size_t most_patterns = 6;
    hf_status status = HF_OK;
    for (size_t i = 0; hf_config_is_strings(config) && i < 3 && status == HF_OK; i++)
        status = add_report(config, (const char *const[]){"learned", "accuracy", "train_accuracy"}[i], err);
    if (hf_config_is_strings(config))
        return status == HF_OK ? add_report(config, "final_loss", err) : status;
    if (config->detect.events && config->heads > 1 && config->flow.system == HF_SYSTEM_HEADS &&
        !hf_config_reads_tokens(config))
        status = add_report(config, "t_split", err);
    for (size_t j = 1; j <= config->target.count && j <= most_patterns && config->detect.events && status == HF_OK; j++) {
        char name[32];
        snprintf(name, sizeof name, "t_acquired_%zu", j);
        status = add_report(config, name, err);
    }
    if (config->detect.events && config->detect.loss_fraction > 0 && status == HF_OK)
        status = add_report(config, "t_emerged", err);
    if (config->detect.events && status == HF_OK)
        status = add_report(config, "stages", err);
    return status == HF_OK ? add_report(config, "final_loss", err) : status;
}

/* Adds name unless its quantity is reported already. */
static hf_status want(hf_config *config, const char *name, hf_error *err)
{
    const hf_quantity wanted = hf_quantity_of(name);
    for (size_t i = 0; i < config->sweep.report.count; i++) {
        const hf_quantity have = hf_quantity_of(config->sweep.report.at[i]);
        if (hf_quantity_equal(&wanted, &have))
            return HF_OK;
    }
    return add_report(config, name, err);
}

static hf_status check_repeated(const hf_config *config, hf_error *err)
{
    const hf_strings *report = &config->sweep.report;
    for (size_t i = 0; i < report->count; i++)
        for (size_t k = 0; k < i; k++) {
            const hf_quantity a = hf_quantity_of(report->at[i]), b = hf_quantity_of(report->at[k]);
            if (hf_quantity_equal(&a, &b))
                return hf_config_reject(config, err, "sweep.report", "has %s twice, expected each once", report->at[i]);
        }
    return HF_OK;
}

/* A column of results.tsv or summary.tsv: the quantity itself, or what is said of its runs. */
static bool is_column_of(const char *name, const char *quantity)
{
    static const char *const endings[] = {"", "_median", "_low", "_high", "_count", "_mode", "_fraction"};
    const size_t length = strlen(quantity);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strncmp(name, quantity, length) == 0 && strcmp(name + length, endings[i]) == 0)
            return true;
    return false;
}

static hf_status check_axis_names(const hf_config *config, hf_error *err)
{
    for (size_t a = 0; a < config->sweep.over.count; a++)
        for (size_t i = 0; i < config->sweep.report.count && config->sweep.over.at[a].name != NULL; i++)
            if (is_column_of(config->sweep.over.at[a].name, config->sweep.report.at[i]))
                return hf_config_reject(config, err, "sweep.over", "the name '%s' is that of a column of the quantity %s",
                                        config->sweep.over.at[a].name, config->sweep.report.at[i]);
    return HF_OK;
}

hf_status hf_report_settle(hf_config *config, hf_error *err)
{
    hf_status status = config->sweep.report.count == 0 ? default_report(config, err) : HF_OK;
    for (size_t i = 0; i < config->sweep.report.count && status == HF_OK; i++)
        status = check_quantity(config, "sweep.report", config->sweep.report.at[i], err);
    if (status == HF_OK)
        status = check_repeated(config, err);
    if (status == HF_OK)
        status = check_axis_names(config, err);
    for (size_t i = 0; i < config->fit.count && status == HF_OK; i++) {
        status = check_quantity(config, "fit", config->fit.at[i].response, err);
        if (status == HF_OK)
            status = want(config, config->fit.at[i].response, err);
    }
    return status;
}
