#include "config/task_check.h"

#include "config/keys.h"

#include <stdio.h>
#include <string.h>

/* ---- a task ---- */

/* What a task is called, which sections are no business of it, and which keys in these are. */
typedef struct {
    const char *name;
    const char *const *foreign;
    const char *const *own;
    const char *heads; /* the key that says how many there are */
} task_traits;

#define OF_FLOWS "", "target", "data", "test", "init", "flow", "flow.sgd_drift", "in_context", "content", "ladder", "solver"
static const char *const of_tokens[] = {"chain", "model", "strings", "encoder", "recall", "vectors", NULL};
static const char *const not_of_chain[] = {OF_FLOWS, "strings", "encoder", "recall", "vectors", NULL};
static const char *const not_of_strings[] = {OF_FLOWS, "chain", "model", "recall", "vectors", NULL};
static const char *const not_of_recall[] = {OF_FLOWS, "chain", "strings", "encoder", "vectors", NULL};
static const char *const not_of_vectors[] = {OF_FLOWS, "chain", "strings", "encoder", "recall", NULL};
static const char *const own_of_chain[] = {"title", "fit", "labels", "init.state", NULL};
static const char *const own_of_strings[] = {"title", "fit", "labels", NULL};
static const char *const nothing[] = {NULL};

static const task_traits tasks[HF_TASKS] = {
    [HF_TASK_REGRESSION] = {"regression", of_tokens, nothing, "heads"},
    [HF_TASK_MARKOV] = {"markov", not_of_chain, own_of_chain, "model.heads"},
    [HF_TASK_STRINGS] = {"strings", not_of_strings, own_of_strings, "encoder.heads"},
    [HF_TASK_RECALL] = {"recall", not_of_recall, own_of_chain, "model.heads"},
    [HF_TASK_VECTORS] = {"vectors", not_of_vectors, own_of_chain, "model.heads"}};

const char *hf_task_name(hf_task_kind task)
{
    return tasks[task].name;
}

static bool is_of(const hf_key *key, const char *const sections[])
{
    const size_t length = hf_keys_section_length(key->path);
    for (; *sections != NULL; sections++)
        if (strlen(*sections) == length && strncmp(key->path, *sections, length) == 0)
            return true;
    return false;
}

static bool is_among(const hf_key *key, const char *const paths[])
{
    for (; *paths != NULL; paths++)
        if (strcmp(key->path, *paths) == 0)
            return true;
    return false;
}

/* Whether a key has an effect in training on this task. */
static bool applies(const hf_config *c, const hf_key *key, hf_task_kind task)
{
    hf_config as = *c; /* looked at only */
    if (is_of(key, tasks[task].foreign) && !is_among(key, tasks[task].own))
        return false;
    as.train.task = task;
    as.declared.train = true;
    return key->when == NULL || key->when(&as);
}

/* Whether a key has an effect in training on some task. */
static bool applies_somewhere(const hf_config *c, const hf_key *key)
{
    hf_task_kind task = 0;
    while (task < HF_TASKS && !applies(c, key, task))
        task++;
    return task < HF_TASKS;
}

/* Whether it would have one in a flow alone. */
static bool applies_to_flow(const hf_config *c, const hf_key *key)
{
    hf_config as = *c;
    as.declared.train = false;
    return key->when != NULL && key->when(&as);
}

/* ---- keys ---- */

/* The tasks that a key has an effect with, or, if with none as things are, those that its section is a business of. */
static void list_owners(const hf_config *c, const hf_key *key, size_t size, char *list)
{
    const bool somewhere = applies_somewhere(c, key);
    size_t used = 0;
    for (hf_task_kind task = 0; task < HF_TASKS && used < size; task++)
        if (somewhere ? applies(c, key, task) : !is_of(key, tasks[task].foreign))
            used += (size_t)snprintf(list + used, size - used, "%s\"%s\"", used == 0 ? "" : " or ", tasks[task].name);
}

static hf_status reject(hf_config *c, const hf_key *key, hf_task_kind task, hf_error *err)
{
    char owners[80] = "";
    const bool heads = strcmp(key->path, "heads") == 0;
    if (task != HF_TASK_REGRESSION)
        return hf_config_reject(c, err, key->path, "has no effect with train.task = \"%s\"%s%s", tasks[task].name,
                                heads ? ", expected " : "", heads ? tasks[task].heads : "");
    list_owners(c, key, sizeof owners, owners);
    return hf_config_reject(c, err, key->path, "has an effect with train.task = %s alone", owners);
}

hf_status hf_task_check_keys(hf_config *c, hf_error *err)
{
    const hf_task_kind task = c->declared.train ? c->train.task : HF_TASK_REGRESSION;
    for (const hf_key *key = hf_keys; key < hf_keys + hf_key_count; key++) {
        const bool foreign = is_of(key, tasks[task].foreign) && !is_among(key, tasks[task].own);
        const bool elsewhere = applies_somewhere(c, key) || (task != HF_TASK_REGRESSION && applies_to_flow(c, key));
        if ((foreign || (!applies(c, key, task) && elsewhere)) && hf_keys_is_given(key, c))
            return reject(c, key, task, err);
    }
    if (task != HF_TASK_REGRESSION && c->declared.flow)
        return hf_config_reject(c, err, "train.task", "is \"%s\", which has no flow: leave out flow = { }",
                                tasks[task].name);
    return HF_OK;
}

/* Why a key has no effect: what stands in the place of it, or here. */
static const char *reason_of(const hf_config *c, const hf_key *key, const char *here)
{
    if (key->yields == NULL)
        return here;
    return c->init.state != NULL ? "beside init.state" : c->model.beta > 0 ? "beside model.beta" : here;
}

hf_status hf_task_check_effect(hf_config *c, const char *section, const char *here, hf_error *err)
{
    const char *const sections[] = {section, NULL};
    for (const hf_key *key = hf_keys; key < hf_keys + hf_key_count; key++)
        if (is_of(key, sections) && key->when != NULL && !key->when(c) && hf_keys_is_given(key, c))
            return hf_config_reject(c, err, key->path, "has no effect %s", reason_of(c, key, here));
    return HF_OK;
}

hf_status hf_task_check_epochs(hf_config *c, hf_error *err)
{
    if (c->train.schedule == HF_SCHEDULE_EPOCHS && (c->train.samples == 0 || c->train.batch == 0))
        return hf_config_reject(c, err, "train.schedule",
                                "is \"epochs\", but there are none: expected train.samples and train.batch above 0");
    return HF_OK;
}
