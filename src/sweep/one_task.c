#include "sweep/one_task.h"

#include "config/axes.h"
#include "config/keys.h"
#include "config/value.h"
#include "sweep/tasks.h"

#include <stdlib.h>
#include <string.h>

/* Overrides: the command line's, then the swept values and the seeds of a task. The first ones belong to the caller. */
typedef struct {
    size_t given, count;
    const char **at;
    char **made; /* (count - given) */
} override_list;

static void clear_list(override_list *list)
{
    for (size_t i = 0; list->made != NULL && i < list->count - list->given; i++)
        free(list->made[i]);
    free(list->made);
    free(list->at);
}

static bool append(override_list *list, char *override)
{
    list->made[list->count - list->given] = override;
    list->at[list->count++] = override;
    return override != NULL;
}

/* False: no memory. */
static bool make_list(const hf_config *swept, size_t task, size_t given, const char *const overrides[], override_list *list)
{
    const hf_axes *over = &swept->sweep.over;
    const char *seed_keys[2];
    const size_t seeds = hf_tasks_seed_keys(swept, seed_keys);
    *list = (override_list){.given = given, .count = given};
    list->at = calloc(given + over->count + seeds + 1, sizeof *list->at);
    list->made = calloc(over->count + seeds + 1, sizeof *list->made);
    bool good = list->at != NULL && list->made != NULL;
    for (size_t i = 0; i < given && good; i++)
        list->at[i] = overrides[i];
    for (size_t i = 0; i < over->count && good; i++)
        good = append(list, hf_tasks_override(swept, i, hf_axes_index(swept, i, task / swept->sweep.seeds)));
    for (size_t i = 0; i < seeds && good; i++)
        good = append(list, hf_tasks_seed_override(swept, seed_keys[i], task % swept->sweep.seeds));
    return good;
}

/* What is left is one run. */
static void forget_sweep(hf_config *config)
{
    static const char *const lists[] = {"sweep.over", "sweep.report", "fit"};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const hf_key *key = hf_keys_find(lists[i]);
        hf_value_clear(key->kind, hf_keys_field(key, config));
    }
    config->sweep.seeds = 1;
    config->sweep.zip = false;
    config->declared.sweep = false;
}

static hf_status check_number(const hf_config *swept, const char *path, size_t number, hf_error *err)
{
    if (!swept->declared.sweep)
        return hf_fail(err, HF_EUSAGE, "%s: there is no sweep section, and so no task %zu; run it without --task", path, number);
    const size_t tasks = hf_axes_points(swept) * swept->sweep.seeds;
    if (number >= 1 && number <= tasks)
        return HF_OK;
    return hf_fail(err, HF_EUSAGE, "%s: --task %zu: the sweep has tasks 1 to %zu", path, number, tasks);
}

hf_status hf_one_task_read(hf_config *config, const hf_config_source *source, size_t override_count,
                           const char *const overrides[], size_t number, hf_error *err)
{
    hf_config swept;
    override_list list = {0};
    *config = (hf_config){0};
    hf_status status = hf_config_read_from(&swept, source, override_count, overrides, err);
    if (status != HF_OK)
        return status;
    status = check_number(&swept, source->path, number, err);
    if (status == HF_OK && !make_list(&swept, number - 1, override_count, overrides, &list))
        status = hf_fail_memory(err, "the task");
    if (status == HF_OK)
        status = hf_config_read_from(config, source, list.count, list.at, err);
    if (status == HF_OK)
        forget_sweep(config);
    clear_list(&list);
    hf_config_clear(&swept);
    return status;
}
