/* headflow --complete: what may stand next on a command line, for the completion of a shell (completion/). All of it comes from
 * the tables of commands, options, keys and models, so that it is never out of date. */
#include "cli/complete.h"

#include "cli/models.h"
#include "cli/words.h"
#include "config/keys.h"
#include "core/file.h"
#include "core/path.h"
#include "flow/direction.h"
#include "report/draw.h"
#include "report/paper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *current; /* what is there of the word */
} wish;

static void offer(const wish *w, const char *word)
{
    if (strncmp(word, w->current, strlen(w->current)) == 0)
        puts(word);
}

static void offer_all(const wish *w, const char *const words[])
{
    for (; *words != NULL; words++)
        offer(w, *words);
}

static void offer_word(void *data, const char *word)
{
    offer(data, word);
}

static void offer_model(void *data, const char *name, const char *says)
{
    (void)says;
    offer(data, name);
}

static void offer_models(wish *w)
{
    hf_error err;
    hf_cli_models_each(offer_model, w, &err); /* where there are none, there are still files */
    puts("<files>");
}

/* ---- what stands behind an option ---- */

static void offer_choice(const wish *w, const hf_key *key, const char *choice)
{
    char word[300];
    snprintf(word, sizeof word, "%s=%s", key->path, choice);
    offer(w, word);
}

/* KEY= for all keys, or KEY=VALUE for the values of one. */
static void offer_overrides(const wish *w)
{
    const char *equals = strchr(w->current, '=');
    for (size_t k = 0; k < hf_key_count; k++) {
        const hf_key *key = &hf_keys[k];
        const bool is_it = equals != NULL && strlen(key->path) == (size_t)(equals - w->current) &&
                           strncmp(key->path, w->current, strlen(key->path)) == 0;
        if (equals == NULL)
            offer_choice(w, key, "");
        for (size_t i = 0; is_it && key->kind == HF_KIND_CHOICE && key->choices[i] != NULL; i++)
            offer_choice(w, key, key->choices[i]);
        if (is_it && key->kind == HF_KIND_BOOL) {
            offer_choice(w, key, "true");
            offer_choice(w, key, "false");
        }
    }
}

/* The figures that a folder among the words has scripts of. */
static hf_status offer_figure(void *data, const char *path, hf_error *err)
{
    const size_t length = strlen(path), end = strlen(".gp");
    char name[200];
    (void)err;
    if (length > end && strcmp(path + length - end, ".gp") == 0 && strchr(path, '/') == NULL && path[0] != '.' && strncmp(path, "style", 5) != 0) {
        snprintf(name, sizeof name, "%.*s", (int)(length - end), path);
        offer(data, name);
    }
    return HF_OK;
}

static void offer_figures(wish *w, int count, char *const words[])
{
    for (int i = 1; i < count - 1; i++) {
        hf_error err;
        char *plots = hf_path_join(words[i], "plots");
        if (words[i][0] != '-' && plots != NULL)
            (void)hf_directory_walk(plots, offer_figure, w, &err); /* what cannot be read offers nothing */
        free(plots);
    }
}

/* The letter of the option that a word is; 0: none. */
static int letter_of(const hf_cli_tables *t, const char *word)
{
    if (word[0] != '-')
        return 0;
    if (word[1] != '-')
        return word[2] == '\0' && strchr("osj", word[1]) != NULL ? word[1] : 0;
    for (const struct option *o = t->options; o->name != NULL; o++)
        if (strcmp(o->name, word + 2) == 0 && o->has_arg != no_argument)
            return o->val - t->long_from;
    return 0;
}

/* What may stand behind an option; false: it takes nothing. */
static bool offer_argument(const hf_cli_command *command, int letter, wish *w, int count, char *const words[])
{
    static const char *const palettes[] = {"light", "print", NULL};
    switch (letter) {
    case 0:
        return false;
    case 's':
        offer_overrides(w);
        break;
    case 'o':
        puts(strstr(command->usage, "-o FILE") != NULL ? "<files>" : "<folders>");
        break;
    case 'w':
        offer_models(w);
        break;
    case 'F':
        offer_figures(w, count, words);
        break;
    case 'T':
        puts("<files>");
        break;
    case 't':
        for (size_t i = 0; hf_draw_terminal_name(i) != NULL; i++)
            offer(w, hf_draw_terminal_name(i));
        break;
    case 'i':
        offer(w, "lr");
        offer_all(w, hf_direction_names);
        break;
    case 'P':
        offer_all(w, palettes);
        break;
    case 'W':
        offer_all(w, hf_paper_names);
        break;
    }
    return true;
}

/* ---- the words ---- */

static void offer_options(const hf_cli_tables *t, const hf_cli_command *command, const wish *w)
{
    for (const char *letter = command->short_options; *letter != '\0'; letter++) {
        char word[64];
        const bool is_short = strchr("osj", *letter) != NULL;
        snprintf(word, sizeof word, "-%c", *letter);
        if (is_short)
            offer(w, word);
        for (const struct option *o = t->options; o->name != NULL && !is_short; o++)
            if (o->val == t->long_from + *letter) {
                snprintf(word, sizeof word, "--%s", o->name);
                offer(w, word);
            }
    }
    offer(w, "--help");
}

static void offer_commands(const hf_cli_tables *t, const wish *w)
{
    for (size_t i = 0; i < t->command_count; i++)
        offer(w, t->commands[i]->name);
}

static void offer_topics(const hf_cli_tables *t, wish *w)
{
    static const char *const lists[] = {"keys", "quantities", "columns", "events", NULL};
    offer_commands(t, w);
    offer_all(w, lists);
    for (size_t k = 0; k < hf_key_count; k++)
        offer(w, hf_keys[k].path);
    for (size_t s = 0; s < hf_section_count; s++)
        if (*hf_sections[s].path != '\0')
            offer(w, hf_sections[s].path);
    hf_cli_words_each(offer_word, w);
}

static const hf_cli_command *find(const hf_cli_tables *t, const char *name)
{
    for (size_t i = 0; i < t->command_count; i++)
        if (strcmp(t->commands[i]->name, name) == 0)
            return t->commands[i];
    return NULL;
}

int hf_cli_complete(const hf_cli_tables *t, int count, char *const words[])
{
    static const char *const first[] = {"help", "--help", "--version", NULL};
    wish w = {count == 0 ? "" : words[count - 1]};
    if (count <= 1) {
        offer_commands(t, &w);
        offer_all(&w, first);
        return 0;
    }
    const hf_cli_command *command = find(t, words[0]);
    if (strcmp(words[0], "help") == 0 && count == 2)
        offer_topics(t, &w);
    if (command == NULL || (count > 2 && offer_argument(command, letter_of(t, words[count - 2]), &w, count, words)))
        return 0;
    if (w.current[0] == '-')
        offer_options(t, command, &w);
    else if (command->none)
        return 0;
    else if (strstr(command->usage, "MODEL") != NULL && command->argument == NULL)
        offer_models(&w);
    else
        puts(command->many ? "<files>" : "<folders>");
    return 0;
}
