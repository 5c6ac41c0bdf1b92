#include "config/validate.h"

#include "config/label_groups.h"

#include "config/axes.h"
#include "config/chain_check.h"
#include "config/frozen_check.h"
#include "config/heads_check.h"
#include "config/recall_check.h"
#include "config/rows_check.h"
#include "config/strings_check.h"
#include "config/system_check.h"
#include "config/task_check.h"
#include "config/train_check.h"
#include "core/file.h"
#include "core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- state and title ---- */

static hf_status check_state(hf_config *c, hf_error *err)
{
    struct stat info;
    char shown[HF_SHOWN];
    if (c->init.state == NULL)
        return HF_OK;
    char *path = hf_config_resolve(c, c->init.state);
    if (path == NULL)
        return hf_fail_memory(err, "the path of the state table");
    hf_text_show(path, shown, sizeof shown);
    const bool exists = stat(path, &info) == 0;
    const bool is_file = exists && S_ISREG(info.st_mode);
    FILE *stream = is_file ? fopen(path, "rb") : NULL;
    const int reason = errno;
    free(path);
    if (stream != NULL)
        fclose(stream);
    else if (exists && !is_file)
        return hf_config_reject(c, err, "init.state", "'%s' is not a file, expected a state table", shown);
    else if (hf_file_read_status(reason) != HF_EUSAGE)
        return hf_fail(err, HF_ESYSTEM, "%s: cannot be read: %s", shown, strerror(reason));
    else
        return hf_config_reject(c, err, "init.state", "cannot read '%s': %s", shown, strerror(reason));
    return HF_OK;
}

/* A state table has noise on it only where that is asked for. */
static hf_status settle_noise(hf_config *c, hf_error *err)
{
    const hf_counts *heads = &c->init.heads;
    if (c->init.state != NULL && !hf_config_is_given(c, "init.perturbation"))
        c->init.perturbation = 0;
    for (size_t i = 0; i < heads->count; i++) {
        if (heads->at[i] > c->heads)
            return hf_config_reject(c, err, "init.heads", "has head %zu, expected 1..%zu", heads->at[i], c->heads);
        for (size_t k = 0; k < i; k++)
            if (heads->at[k] == heads->at[i])
                return hf_config_reject(c, err, "init.heads", "has head %zu twice, expected each once", heads->at[i]);
    }
    return HF_OK;
}

/* The title stands in one line of every table. */
static hf_status check_title(hf_config *config, hf_error *err)
{
    for (const char *c = config->title; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return hf_config_reject(config, err, "title", "has a control character, expected one line of text");
    return HF_OK;
}

typedef hf_status check(hf_config *, hf_error *);

/* Every system and every task has its own list, in order: later checks rely on earlier ones. */
static check *const of_heads[] = {hf_task_check_keys, hf_system_check_keys, hf_heads_check_target, hf_rows_check,
                                  check_state,           settle_noise,         hf_heads_check_start,  check_title,
                                  hf_heads_check_attention, hf_frozen_check, hf_train_check, hf_heads_check_drift, hf_axes_check,
                                  hf_label_groups_check, NULL};
static check *const of_in_context[] = {hf_task_check_keys,
                                       hf_system_check_in_context,
                                       hf_system_check_keys,
                                       hf_rows_check,
                                       check_state,
                                       settle_noise,
                                       check_title,
                                       hf_axes_check,
                                       hf_label_groups_check,
                                       NULL};
static check *const of_content[] = {hf_task_check_keys, hf_system_check_content, hf_system_check_keys,  hf_rows_check,
                                    check_title,           hf_axes_check,           hf_label_groups_check, NULL};
static check *const of_chain[] = {check_title, check_state, hf_task_check_keys, hf_chain_check, hf_axes_check, hf_label_groups_check, NULL};

static check *const of_vectors[] = {check_title, check_state, hf_task_check_keys, hf_vectors_check, hf_axes_check, hf_label_groups_check, NULL};

static check *const of_recall[] = {check_title, check_state, hf_task_check_keys, hf_recall_check, hf_axes_check, hf_label_groups_check, NULL};

static check *const of_strings[] = {check_title, hf_task_check_keys, hf_strings_check, hf_axes_check, hf_label_groups_check, NULL};

static check *const *const by_task[HF_TASKS] = {[HF_TASK_MARKOV] = of_chain, [HF_TASK_STRINGS] = of_strings,
                                                [HF_TASK_RECALL] = of_recall, [HF_TASK_VECTORS] = of_vectors};
static check *const *const by_system[] = {[HF_SYSTEM_HEADS] = of_heads, [HF_SYSTEM_IN_CONTEXT] = of_in_context,
                                         [HF_SYSTEM_CONTENT] = of_content};

hf_status hf_validate_config(hf_config *config, hf_error *err)
{
    check *const *checks = config->declared.train ? by_task[config->train.task] : NULL;
    if (checks == NULL)
        checks = by_system[config->flow.system];
    hf_status status = HF_OK;
    for (; *checks != NULL && status == HF_OK; checks++)
        status = (*checks)(config, err);
    return status;
}
