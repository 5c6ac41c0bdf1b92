/* headflow --man PAGE: a page for the program, one for each command, one for model files and one for tables. What the help prints is all
 * they hold, so that nothing is said twice. */
#include "cli/manual.h"

#include "cli/roff.h"
#include "cli/words.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/value.h"
#include "sweep/quantity.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRAM "headflow.1"
#define HELP    "headflow-help.1"
#define MODEL   "headflow.conf.5"
#define TABLES  "headflow-tables.5"

/* "headflow-run.1": its title and the line below NAME. */
static void print_head(const char *page, const char *summary)
{
    const char *dot = strrchr(page, '.');
    printf(".\\\" made from the program by headflow --man\n.TH ");
    for (const char *c = page; c < dot; c++)
        hf_roff_write(&(char){(char)toupper((unsigned char)*c)}, 1, stdout);
    printf(" %s %s \"headflow %s\" \"%s\"\n.nh\n.ad l\n", dot + 1, PACKAGE_DATE, PACKAGE_VERSION,
           dot[1] == '5' ? "File Formats" : "User Commands");
    hf_roff_section("NAME", stdout);
    hf_roff_write(page, (size_t)(dot - page), stdout);
    printf(" \\- ");
    hf_roff_string(summary, stdout);
    putchar('\n');
}

static void print_reference(const char *page, const char *end)
{
    const char *dot = strrchr(page, '.');
    printf("\\fB");
    hf_roff_write(page, (size_t)(dot - page), stdout);
    printf("\\fR(%s)%s\n", dot + 1, end);
}

/* SEE ALSO: the pages of the list, ended by NULL, but for the page itself. */
static void print_see_also(const char *self, const char *const pages[])
{
    hf_roff_section("SEE ALSO", stdout);
    for (; *pages != NULL; pages++)
        if (strcmp(*pages, self) != 0)
            print_reference(*pages, ",");
    puts("and the pages doc/*.md, which\n.B make install\nputs into the folder share/doc/headflow.");
}

static const char *const all[] = {PROGRAM, MODEL, TABLES, HELP, NULL};

static void page_of(const char *command, char name[40])
{
    snprintf(name, 40, "headflow-%s.1", command);
}

static void print_exits(const hf_cli_tables *tables)
{
    hf_roff_section("EXIT STATUS", stdout);
    for (const hf_cli_exit *e = tables->exits; e->code != NULL; e++) {
        printf(".TP\n%s\n", e->code);
        hf_roff_string(e->meaning, stdout);
        puts(".");
    }
}

/* ---- the program ---- */

static void print_entry(const char *name, const char *summary)
{
    char page[40];
    page_of(name, page);
    puts(".TP");
    print_reference(page, "");
    hf_roff_string(summary, stdout);
    puts(".");
}

static void print_program(const hf_cli_tables *tables)
{
    print_head(PROGRAM, "gradient flows of attention heads, and transformers beside them");
    hf_roff_section("SYNOPSIS", stdout);
    puts(".B headflow\n.I COMMAND\n[\\fIARGUMENT\\fR]...\n.br\n.B headflow help\n[\\fITOPIC\\fR]\n.br\n.B headflow \\-\\-version");
    hf_roff_section("DESCRIPTION", stdout);
    hf_roff_help(tables->description, stdout);
    hf_roff_section("COMMANDS", stdout);
    for (size_t i = 0; i < tables->command_count; i++)
        print_entry(tables->commands[i]->name, tables->commands[i]->summary);
    print_entry("help", tables->help_summary);
    print_exits(tables);
    hf_roff_section("EXAMPLES", stdout);
    puts("A first run, whose figure is out/three\\-stage/plots/flow.png; the same with another start; its figure for print:\n.PP\n.nf\n"
         "headflow run three\\-stage\n"
         "headflow run three\\-stage \\-s init.perturbation=1e\\-12 \\-o out/small\n"
         "headflow plot out/small \\-\\-only flow \\-\\-width 85mm \\-\\-terminal pdf\n.fi");
    print_see_also(PROGRAM, all);
}

static void print_command(const hf_cli_tables *tables, const hf_cli_command *command, const char *page)
{
    print_head(page, command->summary);
    hf_roff_section("SYNOPSIS", stdout);
    printf(".B headflow ");
    const size_t length = strlen(command->name);
    hf_roff_string(command->name, stdout);
    putchar('\n');
    hf_roff_usage(command->usage + length + strspn(command->usage + length, " "), stdout);
    putchar('\n');
    hf_roff_section("DESCRIPTION", stdout);
    hf_roff_help(command->help, stdout);
    print_exits(tables);
    print_see_also(page, all);
}

static void print_help_page(const hf_cli_tables *tables)
{
    print_head(HELP, "tells what a word is");
    hf_roff_section("SYNOPSIS", stdout);
    puts(".B headflow help\n[\\fITOPIC\\fR]");
    hf_roff_section("DESCRIPTION", stdout);
    puts("Without a TOPIC it lists the commands. A TOPIC is");
    hf_roff_string(tables->help_summary, stdout);
    puts(".\nA word that is misspelled is answered with the one that is meant.");
    print_exits(tables);
    print_see_also(HELP, all);
}

/* ---- model files ---- */

static void print_key(const hf_key *key)
{
    char expected[HF_EXPECTED];
    printf(".TP\n\\fB");
    hf_roff_string(key->path, stdout);
    printf("\\fR\n");
    hf_roff_string(key->help, stdout);
    printf(".\n.br\nValue: ");
    hf_roff_string(hf_value_expected(key, expected), stdout);
    if (strcmp(key->unit, "1") != 0 && *key->unit != '\0') {
        printf("; unit: ");
        hf_roff_string(key->unit, stdout);
    }
    if (key->fallback != NULL) {
        printf("; default: ");
        hf_roff_string(key->fallback, stdout);
    }
    puts(key->required ? "; required." : ".");
    printf(".br\nExample: ");
    hf_roff_string(key->example, stdout);
    putchar('\n');
}

static void print_model_page(void)
{
    print_head(MODEL, "model files of headflow");
    hf_roff_section("DESCRIPTION", stdout);
    puts("A model file says what is to be learned, from where, and what is to be written. Its syntax is that of libconfig: keys with\n"
         "their values, and sections between braces. Comments start with #. A key of a section is written here with a point, as behind\n"
         "\\fB\\-s\\fR: target.ratio is the key ratio of the section target. Keys that are not there have their defaults.\n"
         ".SH EXAMPLE\n.nf\nheads = 3;\npositions = 40;\n"
         "target = { strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); };\n"
         "init = { perturbation = 1e\\-6; seed = 4; };\n.fi");
    hf_roff_section("KEYS", stdout);
    for (size_t s = 0; s < hf_section_count; s++) {
        const hf_section *section = &hf_sections[s];
        hf_roff_part(*section->path == '\0' ? "Top level" : section->path, stdout);
        hf_roff_string(section->help, stdout);
        putchar('\n');
        for (size_t k = 0; k < hf_key_count; k++)
            if (hf_keys_section(&hf_keys[k]) == section)
                print_key(&hf_keys[k]);
    }
    print_see_also(MODEL, all);
}

/* ---- tables ---- */

static void print_event(void *data, const char *name, const char *when, const char *value)
{
    (void)data;
    printf(".TP\n\\fB%s\\fR\n", name);
    hf_roff_string(when, stdout);
    printf(". Value: ");
    hf_roff_string(value, stdout);
    puts(".");
}

/* Sends what write prints as Markdown through hf_roff_tables. False: out of memory. */
static bool print_tables(void (*write)(FILE *stream))
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        return false;
    write(stream);
    const bool is_done = fclose(stream) == 0;
    if (is_done)
        hf_roff_tables(text, stdout);
    free(text);
    return is_done;
}

static void write_columns(FILE *stream)
{
    hf_cli_explain_columns(NULL, stream);
}

static void write_quantities(FILE *stream)
{
    hf_quantity_print_kinds(stream);
}

static bool print_tables_page(void)
{
    print_head(TABLES, "tables and events of headflow");
    hf_roff_section("DESCRIPTION", stdout);
    puts("Tables are text: lines that start with # say where a table is from, the next line names the columns, and tabulators part the\n"
         "values of a row. nan stands where there is no value. In the name of a column <h> is the number of a head, <j> of a pattern,\n"
         "<s> of a stage, <i> of a direction, <k> of a span or of a number of patterns known; all count from 1.");
    hf_roff_section("TABLES", stdout);
    bool is_done = print_tables(write_columns);
    hf_roff_section("EVENTS", stdout);
    puts("The rows of events.tsv:");
    hf_cli_words_each_event(print_event, NULL);
    hf_roff_section("REPORTED QUANTITIES", stdout);
    puts("Columns of results.tsv, for the key sweep.report:");
    is_done = print_tables(write_quantities) && is_done;
    print_see_also(TABLES, all);
    return is_done;
}

int hf_cli_manual(const hf_cli_tables *tables, const char *name)
{
    char page[40];
    bool is_done = true;
    for (size_t i = 0; name == NULL && all[i] != NULL; i++)
        puts(all[i]);
    for (size_t i = 0; i < tables->command_count; i++) {
        page_of(tables->commands[i]->name, page);
        if (name == NULL)
            puts(page);
        else if (strcmp(name, page) == 0)
            return print_command(tables, tables->commands[i], page), 0;
    }
    if (name == NULL)
        return 0;
    if (strcmp(name, PROGRAM) == 0)
        print_program(tables);
    else if (strcmp(name, HELP) == 0)
        print_help_page(tables);
    else if (strcmp(name, MODEL) == 0)
        print_model_page();
    else if (strcmp(name, TABLES) == 0)
        is_done = print_tables_page();
    else
        return HF_EUSAGE;
    return is_done ? 0 : HF_ESYSTEM;
}
