#include "config/stored.h"

#include "config/keys.h"
#include "config/value.h"
#include "core/file.h"
#include "core/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is there ---- */

hf_status hf_stored_hash(const hf_config *config, uint64_t *hash, hf_error *err)
{
    hf_config general = *config;
    const bool free_length = (config->train.log_every > 0 || hf_config_has_clock(config) || hf_config_is_strings(config)) &&
                             config->train.schedule != HF_SCHEDULE_COSINE && config->train.cuts.count == 0;
    general.train.seeds = 1;
    if (config->declared.train && free_length)
        general.train.steps = 1;
    return hf_config_hash(&general, hash, err);
}

/* Whether a key has a say in what a run leaves. */
static bool decides(const hf_config *config, const char *key)
{
    const bool trains = strncmp(key, "train.", strlen("train.")) == 0 || strncmp(key, "ladder.", strlen("ladder.")) == 0;
    return (config->declared.train || !trains) && strcmp(key, "train.save_every") != 0 && strcmp(key, "output.plots") != 0;
}

/* A value, or that there is none. Caller frees; NULL: memory. */
static char *describe(const hf_key *key, const hf_config *config)
{
    const void *value = hf_keys_value(key, config);
    return hf_value_is_set(key->kind, value) ? hf_value_text(key, value) : strdup("none");
}

/* The keys that differ, for the user. */
static void describe_difference(const hf_config *old, const hf_config *new, char *text, size_t size)
{
    size_t used = 0, more = 0;
    text[0] = '\0';
    if (old->declared.train != new->declared.train)
        used = (size_t)snprintf(text, size, ": a train section %s", old->declared.train ? "there" : "here");
    for (size_t k = 0; k < hf_key_count; k++) {
        const hf_key *key = &hf_keys[k];
        if (key->kind == HF_KIND_PATH || !decides(old, key->path) || !decides(new, key->path))
            continue;
        char *a = describe(key, old), *b = describe(key, new);
        if (a != NULL && b != NULL && strcmp(a, b) != 0) {
            if (used + strlen(key->path) + strlen(a) + strlen(b) + 40 < size)
                used += (size_t)snprintf(text + used, size - used, "%s%s = %s there, %s here", used == 0 ? ": " : "; ",
                                         key->path, a, b);
            else
                more++;
        }
        free(a);
        free(b);
    }
    if (more > 0)
        snprintf(text + used, size - used, "%s%zu more", used == 0 ? ": keys differ, " : "; ", more);
}

static hf_status compare_hashes(const hf_config *old, const hf_config *new, hf_folder_relation *result, hf_error *err)
{
    uint64_t a, b;
    hf_config longer = *old;
    const bool grown = old->train.steps <= new->train.steps && old->train.seeds <= new->train.seeds;
    hf_status status = hf_config_hash(old, &a, err);
    if (status == HF_OK)
        status = hf_config_hash(new, &b, err);
    if (status != HF_OK)
        return status;
    const bool fewer = old->declared.train && old->train.seeds > new->train.seeds; /* the tables of seeds do not know */
    *result = a == b && !fewer ? HF_FOLDER_SAME : HF_FOLDER_OTHER;
    longer.train.steps = new->train.steps;
    longer.train.seeds = new->train.seeds;
    for (int i = 0; i < 2 && *result == HF_FOLDER_OTHER && grown && old->solver.t_end <= new->solver.t_end; i++) {
        status = hf_config_hash(&longer, &a, err);
        if (status != HF_OK)
            return status;
        *result = a != b ? HF_FOLDER_OTHER : i == 0 ? HF_FOLDER_LONGER : HF_FOLDER_LATER;
        longer.solver.t_end = new->solver.t_end;
        if (old->solver.stop != NULL) /* who has stopped at an event may go on */
            longer.solver.stop = new->solver.stop;
    }
    uint64_t c, d; /* rows of a longer run may be at other times */
    if (*result == HF_FOLDER_LONGER && hf_stored_hash(old, &c, err) == HF_OK && hf_stored_hash(new, &d, err) == HF_OK &&
        c != d)
        *result = HF_FOLDER_LATER;
    return HF_OK;
}

/* Compares the configuration with root/model.conf. */
static hf_status relate(const void *self, const char *root, hf_folder_relation *result,
                        char difference[HF_FOLDER_DIFFERENCE], hf_error *err)
{
    const hf_config *config = self;
    hf_config old;
    hf_error why;
    *result = HF_FOLDER_NOTHING;
    difference[0] = '\0';
    char *path = hf_path_join(root, "model.conf");
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    hf_status status = HF_OK;
    if (hf_file_exists(path)) {
        *result = HF_FOLDER_OTHER;
        status = hf_config_read(&old, path, 0, NULL, &why);
        if (status == HF_OK) {
            status = compare_hashes(&old, config, result, err);
            if (status == HF_OK && *result != HF_FOLDER_SAME)
                describe_difference(&old, config, difference, HF_FOLDER_DIFFERENCE);
            hf_config_clear(&old);
        } else if (status == HF_ESYSTEM)
            hf_fail(err, status, "%s", why.message);
        else
            status = HF_OK; /* of another version, or somebody else's */
    }
    free(path);
    return status;
}

/* ---- what comes there ---- */

/* A table that the model names, if it names one, is copied beside model.conf. */
static hf_status copy_table(const hf_config *config, const char *given, const char *work, const char *name, hf_error *err)
{
    if (given == NULL)
        return HF_OK;
    char *source = hf_config_resolve(config, given), *copy = hf_path_join(work, name);
    const hf_status status =
        source == NULL || copy == NULL ? hf_fail_memory(err, "a file name") : hf_file_copy(source, copy, err);
    free(source);
    free(copy);
    return status;
}

hf_status hf_stored_copy_tables(const hf_config *config, const char *directory, hf_error *err)
{
    const hf_status status = copy_table(config, config->init.state, directory, "init.tsv", err);
    return status == HF_OK ? copy_table(config, config->chain.teacher, directory, HF_CONFIG_TEACHER, err) : status;
}

/* model.conf and its tables, so that DIR is all a rerun needs. */
static hf_status write_model(const void *self, const char *work, hf_error *err)
{
    const hf_config *config = self;
    hf_file file;
    char *path = hf_path_join(work, "model.conf");
    if (path == NULL)
        return hf_fail_memory(err, "a file name");
    hf_status status = hf_stored_copy_tables(config, work, err);
    if (status == HF_OK)
        status = hf_file_open(&file, path, err);
    if (status == HF_OK) {
        hf_config_print(config, "init.tsv", file.stream); /* a failure shows at the commit */
        status = hf_file_commit(&file, err);
    }
    free(path);
    return status;
}

hf_folder_model hf_stored_model(const hf_config *config)
{
    return (hf_folder_model){config, relate, write_model};
}
