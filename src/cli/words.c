/* Columns and quantities are looked up in what headflow help columns and help quantities print, which is made from the tables
 * themselves. */
#include "cli/words.h"
#include "cli/cli.h"

#include "config/keys.h"
#include "core/tsv.h"
#include "sweep/quantity.h"
#include "system/event.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- events ---- */

static const struct {
    const char *when, *value;
} events[] = {
    [HF_EVENT_PLATEAU] = {"the speed -dL/dt is lowest", "the speed"},
    [HF_EVENT_DROP] = {"the speed is highest", "the speed"},
    [HF_EVENT_ONSET] = {"a drop begins: the speed crosses the geometric mean of plateau and drop", "the speed"},
    [HF_EVENT_SETTLE] = {"a drop ends: the speed crosses the geometric mean of drop and plateau", "the speed"},
    [HF_EVENT_ACQUIRED] = {"the shares of a pattern add up to detect.acquired for the first time",
                           "the share of the carrier"},
    [HF_EVENT_SPLIT] = {"the overlap of the heads falls to detect.overlap for the first time", "the overlap"},
    [HF_EVENT_EMERGED] = {"the loss falls to detect.loss_fraction of its start", "the fraction"},
    [HF_EVENT_STOP] = {"the run ends", "the speed"},
};
enum { EVENTS = sizeof events / sizeof *events };

static bool explain_event(const char *topic)
{
    for (size_t i = 0; i < EVENTS; i++)
        if (strcmp(hf_event_names[i], topic) == 0) {
            printf("%s\n\n  an event    of events.tsv\n  when        %s\n  value       %s\n  more        doc/tables.md\n", topic,
                   events[i].when, events[i].value);
            return true;
        }
    return false;
}

void hf_cli_words_each_event(void (*see)(void *data, const char *name, const char *when, const char *value), void *data)
{
    for (size_t i = 0; i < EVENTS; i++)
        see(data, hf_event_names[i], events[i].when, events[i].value);
}

void hf_cli_words_print_events(void)
{
    puts("Events, in events.tsv (doc/tables.md). solver.stop ends a run at one of them; output.at_events gives each a row.\n");
    for (size_t i = 0; i < EVENTS; i++)
        printf("  %-10s %s\n", hf_event_names[i], events[i].when);
}

/* ---- columns ---- */

/* A row of the documentation: a table, its column, or the table alone (column NULL). */
typedef void see_row(void *data, const char *table, const char *column, const char *unit, const char *meaning);

/* "| `name` | unit | meaning |", taken apart in place; false: it is another line. */
static bool take_apart(char *line, char *field[3])
{
    if (strncmp(line, "| `", 3) != 0)
        return false;
    field[0] = line + 3;
    for (int i = 0; i < 3; i++) {
        char *end = strstr(field[i], i == 0 ? "` | " : " |");
        if (end == NULL)
            return false;
        *end = '\0';
        if (i < 2)
            field[i + 1] = end + (i == 0 ? 4 : 2) + (i == 1 && end[2] == ' ');
    }
    return true;
}

static void each_row(see_row *see, void *data)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return;
    hf_cli_explain_columns(NULL, stream);
    fputs("## sweep.report, the quantities of a sweep\n", stream);
    hf_quantity_print_kinds(stream);
    if (fclose(stream) == 0) {
        char *rest = text, *line;
        const char *table = "";
        while ((line = hf_tsv_cut_line(&rest)) != NULL) {
            char *field[3];
            if (strncmp(line, "## ", 3) == 0)
                see(data, table = line + 3, NULL, NULL, NULL);
            else if (take_apart(line, field))
                see(data, table, field[0], field[1], field[2]);
        }
    }
    free(text);
}

/* Whether a column is meant: "mass_<h>_<j>" by itself, by "mass_1_2" and by "mass". */
static bool is_meant(const char *column, const char *topic)
{
    const size_t fixed = strcspn(column, "<");
    if (strcmp(column, topic) == 0)
        return true;
    if (fixed == 0 || column[fixed] == '\0')
        return false;
    if (strlen(topic) == fixed - 1 && strncmp(column, topic, fixed - 1) == 0)
        return true;
    while (*column != '\0' && *topic != '\0') {
        if (*column == '<' && isdigit((unsigned char)*topic)) {
            column += strcspn(column, ">") + 1;
            topic += strspn(topic, "0123456789");
        } else if (*column++ != *topic++)
            return false;
    }
    return *column == '\0' && *topic == '\0';
}

typedef struct {
    const char *topic;
    bool found;
} lookup;

static void print_row(void *data, const char *table, const char *column, const char *unit, const char *meaning)
{
    lookup *l = data;
    if (column == NULL || !is_meant(column, l->topic))
        return;
    printf("%s%s in %s\n\n  meaning     %s\n", l->found ? "\n" : "", column, table, meaning);
    if (*unit != '\0')
        printf("  unit        %s\n", strcmp(unit, "1") == 0 ? "1, a pure number" : unit);
    l->found = true;
}

bool hf_cli_words_explain(const char *topic)
{
    lookup l = {.topic = topic};
    each_row(print_row, &l);
    if (l.found && hf_keys_find(topic) == NULL)
        puts("\nheadflow help TABLE says more of a table, such as stages.tsv.");
    return explain_event(topic) || l.found;
}

/* ---- all words ---- */

typedef struct {
    void (*see)(void *data, const char *word);
    void *data;
} listing;

static void pass_on(void *data, const char *table, const char *column, const char *unit, const char *meaning)
{
    const listing *l = data;
    (void)unit;
    (void)meaning;
    if (column == NULL ? strchr(table, ' ') == NULL : *column != '<')
        l->see(l->data, column == NULL ? table : column);
}

void hf_cli_words_each(void (*see)(void *data, const char *word), void *data)
{
    each_row(pass_on, &(listing){see, data});
    for (size_t i = 0; i < EVENTS; i++)
        see(data, hf_event_names[i]);
}

typedef struct {
    const char *topic;
    char *best;
} suggestion;

static void look_alike(void *data, const char *word)
{
    suggestion *s = data;
    const char *const names[] = {s->best == NULL ? word : s->best, word, NULL}; /* of equal ones the first */
    const char *nearest = hf_keys_nearest(s->topic, names);
    if (nearest == word) {
        free(s->best);
        s->best = strdup(word);
    }
}

char *hf_cli_words_suggest(const char *topic)
{
    suggestion s = {.topic = topic};
    hf_cli_words_each(look_alike, &s);
    return s.best;
}
