/* headflow models: the model files that come with the program. */
#include "cli/models.h"
#include "cli/cli.h"

#include "config/keys.h"
#include "core/file.h"
#include "core/lists.h"
#include "core/path.h"
#include "core/program.h"
#include "core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- where they are ---- */

/* From the folder of the program: in and above a build folder, and beside bin/. */
static const char *const near_program[] = {"models", "../models", "../../models", "../share/headflow/models", NULL};

static bool holds_models(const char *folder)
{
    return hf_file_exists_in(folder, "three-stage.conf");
}

/* The folder of the models, for the caller to free; NULL: there is none, or no memory. */
static char *find_folder(void)
{
    char *program = hf_program_path(), *beside = program == NULL ? NULL : hf_path_folder(program), *found = NULL;
    for (size_t i = 0; beside != NULL && found == NULL && near_program[i] != NULL; i++) {
        found = hf_path_join(beside, near_program[i]);
        if (found != NULL && !holds_models(found)) {
            free(found);
            found = NULL;
        }
    }
    free(beside);
    free(program);
    if (found != NULL)
        return found;
    return holds_models(HF_MODELS_FOLDER) ? strdup(HF_MODELS_FOLDER) : NULL;
}

/* ---- by name ---- */

static bool is_name(const char *argument)
{
    return argument[0] != '/' && argument[0] != '.' && argument[0] != '-' && strstr(argument, "..") == NULL &&
           argument[strspn(argument, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-")] == '\0';
}

char *hf_cli_models_resolve(const char *argument)
{
    if (hf_file_exists(argument) || !is_name(argument) || *argument == '\0')
        return strdup(argument);
    char *folder = find_folder(), *path = NULL;
    char name[300];
    if (folder != NULL && snprintf(name, sizeof name, "%s.conf", argument) < (int)sizeof name)
        path = hf_path_join(folder, name);
    free(folder);
    if (path != NULL && hf_file_exists(path))
        return path;
    free(path);
    return strdup(argument);
}

/* ---- all of them ---- */

typedef struct {
    const char *folder;
    char **name; /* (count); owned */
    size_t count, room;
} list;

static hf_status add_name(void *data, const char *path, hf_error *err)
{
    list *l = data;
    const size_t length = strlen(path);
    if (length < 6 || strcmp(path + length - 5, ".conf") != 0)
        return HF_OK;
    char **grown = hf_list_grow(l->name, l->count, &l->room, sizeof *grown);
    if (grown == NULL)
        return hf_fail_memory(err, "the models");
    l->name = grown;
    l->name[l->count] = strndup(path, length - 5);
    return l->name[l->count++] == NULL ? hf_fail_memory(err, "the models") : HF_OK;
}

/* Those in subfolders behind the others. */
static int compare_names(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const bool deep_x = strchr(x, '/') != NULL, deep_y = strchr(y, '/') != NULL;
    return deep_x != deep_y ? (int)deep_x - (int)deep_y : strcmp(x, y);
}

/* The first line of a model, without the mark of a comment, up to its end. */
static void read_first_line(const char *folder, const char *name, char *text, size_t size)
{
    char file[300];
    text[0] = '\0';
    snprintf(file, sizeof file, "%s.conf", name);
    char *path = hf_path_join(folder, file);
    FILE *stream = path == NULL ? NULL : fopen(path, "r");
    if (stream != NULL && fgets(text, (int)size, stream) == NULL)
        text[0] = '\0';
    if (stream != NULL)
        fclose(stream);
    free(path);
    text[strcspn(text, "\r\n")] = '\0';
    const size_t mark = strspn(text, "# ");
    memmove(text, text + mark, strlen(text + mark) + 1);
}

hf_status hf_cli_models_each(void (*see)(void *data, const char *name, const char *says), void *data, hf_error *err)
{
    char *folder = find_folder();
    if (folder == NULL)
        return hf_fail(err, HF_EUSAGE, "the models are not installed: neither beside the program nor in %s",
                       HF_MODELS_FOLDER);
    list l = {.folder = folder};
    const hf_status status = hf_directory_walk(folder, add_name, &l, err);
    if (status == HF_OK)
        qsort(l.name, l.count, sizeof *l.name, compare_names);
    for (size_t i = 0; i < l.count; i++) {
        char says[300];
        if (status == HF_OK) {
            read_first_line(folder, l.name[i], says, sizeof says);
            see(data, l.name[i], says);
        }
        free(l.name[i]);
    }
    free(l.name);
    free(folder);
    return status;
}

typedef struct {
    const char *wanted;
    char *best;
} suggestion;

static void look_alike(void *data, const char *name, const char *says)
{
    suggestion *s = data;
    (void)says;
    const char *const names[] = {s->best == NULL ? name : s->best, name, NULL}; /* of equal ones the first */
    const char *nearest = hf_keys_nearest(s->wanted, names);
    if (nearest == name) {
        free(s->best);
        s->best = strdup(name);
    }
}

char *hf_cli_models_suggest(const char *name)
{
    hf_error err;
    suggestion s = {.wanted = name};
    if (is_name(name) && *name != '\0')
        hf_cli_models_each(look_alike, &s, &err);
    return s.best;
}

/* ---- the command ---- */

enum { SHOWN = 92 }; /* bytes of what a model says */

static void print_model(void *data, const char *name, const char *says)
{
    size_t length = strlen(says); /* a line of a terminal: up to a whole word */
    (void)data;
    if (length > SHOWN)
        for (length = SHOWN; length > 0 && says[length] != ' ';)
            length--;
    printf("%-26s %.*s%s\n", name, (int)length, says, says[length] == '\0' ? "" : " ...");
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    (void)options;
    hf_status status = hf_cli_models_each(print_model, NULL, &err);
    if (status == HF_OK)
        status = hf_cli_flush(&err);
    return status == HF_OK ? 0 : hf_cli_fail(&err);
}

const hf_cli_command hf_cli_models = {
    .name = "models",
    .usage = "models",
    .summary = "list the models that come with the program",
    .none = true,
    .short_options = "",
    /* clang-format off */
    .help =
        "Lists the model files that come with the program, with a line about each. Every command that takes a MODEL takes these\n"
        "names, too: headflow run three-stage. A file of that name in the current directory comes first.\n"
        "\n"
        "To start from one of them: headflow check three-stage >mine.conf\n",
    /* clang-format on */
    .run = run,
};
