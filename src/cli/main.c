/* headflow: integrates the gradient flow of attention heads that learn sparse attention patterns. */
#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/manual.h"
#include "cli/models.h"
#include "cli/words.h"

#include "config/config.h"
#include "config/keys.h"
#include "core/path.h"
#include "core/program.h"
#include "core/text.h"
#include "core/init.h"
#include "report/paper.h"
#include "sweep/quantity.h"

#include <ctype.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const hf_cli_command *const commands[] = {&hf_cli_run,  &hf_cli_check,   &hf_cli_plot,   &hf_cli_sweep,
                                                 &hf_cli_task, &hf_cli_collect, &hf_cli_detect, &hf_cli_page,
                                                 &hf_cli_models, &hf_cli_cite, &hf_cli_fit};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int usage_error(const hf_cli_command *command, const char *format, const char *detail)
{
    char shown[HF_SHOWN];
    fputs("headflow: ", stderr);
    fprintf(stderr, format, hf_text_show(detail, shown, sizeof shown));
    if (command != NULL)
        fprintf(stderr, "; usage: headflow %s; try headflow help %s\n", command->usage, command->name);
    else
        fputs("; try headflow --help\n", stderr);
    return HF_EUSAGE;
}

/* ---- help ---- */

static const char description[] =
    "headflow integrates the gradient flow of attention heads that learn sparse attention patterns: from saddle\n"
    "plateau to saddle plateau, heads first compete for the strongest pattern, then part and cooperate. It trains the\n"
    "transformers that the flow stands for, and compares.\n";
static const char help_summary[] =
    "a command, a key or section of the model file, a table, a column, a quantity, an event, or one of the lists keys, quantities, columns, events";
static const hf_cli_exit exits[] = {{"0", "done"},
                                    {"2", "command line or model file"},
                                    {"3", "the numerics failed, or tasks of a sweep"},
                                    {"4", "file system, memory, or a figure that gnuplot cannot draw"},
                                    {"130, 143", "interrupted (go on with --resume, or with the same sweep)"},
                                    {NULL, NULL}};

/* Prints text in lines of at most 114 columns, the first of which starts at column, the others at indent. Returns the column. */
static size_t print_wrapped(const char *text, size_t column, size_t indent)
{
    while (*text != '\0') {
        const size_t blank = strspn(text, " "), length = strcspn(text + blank, " ");
        const bool fits = column + blank + length <= 114;
        if (fits)
            printf("%.*s", (int)(blank + length), text);
        else
            printf("\n%*s%.*s", (int)indent, "", (int)length, text + blank);
        column = (fits ? column + blank : indent) + length;
        text += blank + length;
    }
    return column;
}

static void print_help(void)
{
    printf("%s\nCommands:\n", description);
    for (size_t i = 0; i < COMMANDS; i++) { /* options are told by its own help */
        const char *usage = commands[i]->usage, *options = strstr(usage, " [");
        const int length = (int)(options == NULL ? strlen(usage) : (size_t)(options - usage));
        printf("  headflow %-25.*s %s\n", length, usage, commands[i]->summary);
    }
    printf("  headflow help [TOPIC]              ");
    print_wrapped(help_summary, 37, 37);
    puts("\n  headflow --version\n\nTry:  headflow run three-stage     then look at out/three-stage/plots/flow.png\n");
    size_t column = print_wrapped("Exit codes:", 0, 0);
    for (const hf_cli_exit *e = exits; e->code != NULL; e++) {
        char text[120];
        snprintf(text, sizeof text, " %s %s%s", e->code, e->meaning, e[1].code == NULL ? "." : ";");
        column = print_wrapped(text, column, 0);
    }
    putchar('\n');
}

static const hf_cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i]->name) == 0)
            return commands[i];
    return NULL;
}

static int no_help(const char *topic)
{
    char shown[HF_SHOWN];
    const char *meant = hf_keys_suggest(topic);
    for (size_t i = 0; i < COMMANDS && meant == NULL; i++) {
        const char *const names[] = {commands[i]->name, "keys", "quantities", "columns", "events", NULL};
        meant = hf_keys_nearest(topic, names);
    }
    char *word = hf_cli_words_suggest(topic);
    if (word != NULL && (meant == NULL || hf_keys_distance(topic, word) < hf_keys_distance(topic, meant)))
        meant = word; /* of equally near ones the key or command */
    const int code = HF_EUSAGE;
    if (meant == NULL)
        usage_error(NULL, "there is no help on '%s'", topic);
    else
        fprintf(stderr, "headflow: there is no help on '%s', did you mean '%s'?\n",
                hf_text_show(topic, shown, sizeof shown), meant);
    free(word);
    return code;
}

/* A key or section, and a column or event of this name. */
static bool explain_word(const char *topic)
{
    const bool is_key = hf_config_explain(topic, stdout);
    return hf_cli_words_explain(topic) || is_key;
}

/* A failed write shows when main flushes. */
static int help(const char *topic)
{
    const hf_cli_command *command = topic == NULL ? NULL : find_command(topic);
    if (topic == NULL || strcmp(topic, "help") == 0)
        print_help();
    else if (strcmp(topic, "keys") == 0)
        hf_config_print_keys(stdout);
    else if (strcmp(topic, "quantities") == 0)
        hf_quantity_print_kinds(stdout);
    else if (strcmp(topic, "columns") == 0)
        hf_cli_explain_columns(NULL, stdout);
    else if (strcmp(topic, "events") == 0)
        hf_cli_words_print_events();
    else if (command != NULL) {
        printf("headflow %s\n\n%s", command->usage, command->help);
        if (hf_keys_find_section(topic) != NULL) {
            putchar('\n');
            hf_config_explain(topic, stdout);
        }
    } else if (!explain_word(topic) && !hf_cli_explain_columns(topic, stdout))
        return no_help(topic);
    return 0;
}

/* ---- options ---- */

static bool parse_count(const char *text, size_t most, size_t *count)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    *count = number;
    return isdigit((unsigned char)text[0]) && *end == '\0' && number >= 1 && number <= most;
}

static bool parse_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number);
}

static bool parse_positive(const char *text, double *number)
{
    return parse_number(text, number) && *number > 0;
}

/* A long option is known by the letter that a command has it by, and this. */
enum { LONG = 256 };

static const struct option long_options[] = {{"explain", no_argument, NULL, LONG + 'e'},
                                             {"resume", no_argument, NULL, LONG + 'r'},
                                             {"restart", no_argument, NULL, LONG + 'x'},
                                             {"quiet", no_argument, NULL, LONG + 'q'},
                                             {"terminal", required_argument, NULL, LONG + 't'},
                                             {"only", required_argument, NULL, LONG + 'F'},
                                             {"width", required_argument, NULL, LONG + 'W'},
                                             {"font-size", required_argument, NULL, LONG + 'S'},
                                             {"palette", required_argument, NULL, LONG + 'P'},
                                             {"style", required_argument, NULL, LONG + 'T'},
                                             {"no-title", no_argument, NULL, LONG + 'N'},
                                             {"step", required_argument, NULL, LONG + 'p'},
                                             {"loss", required_argument, NULL, LONG + 'l'},
                                             {"beside", required_argument, NULL, LONG + 'w'},
                                             {"lr", required_argument, NULL, LONG + 'y'},
                                             {"to", required_argument, NULL, LONG + 'i'},
                                             {"from", required_argument, NULL, LONG + 'f'},
                                             {"until", required_argument, NULL, LONG + 'u'},
                                             {"seeds", required_argument, NULL, LONG + 'd'},
                                             {"json", no_argument, NULL, LONG + 'J'},
                                             {"slurm", no_argument, NULL, LONG + 'b'},
                                             {"chunk", required_argument, NULL, LONG + 'c'},
                                             {"chunks", required_argument, NULL, LONG + 'n'},
                                             {"task", required_argument, NULL, LONG + 'k'},
                                             {"bibtex", no_argument, NULL, LONG + 'B'},
                                             {"apa", no_argument, NULL, LONG + 'A'},
                                             {"cff", no_argument, NULL, LONG + 'C'},
                                             {"help", no_argument, NULL, LONG + 'h'},
                                             {NULL, 0, NULL, 0}};

/* What the user wrote for the option that getopt stopped at: its name, but for an unknown long one (number 0) the whole
 * word. The word before optind may be another one: getopt is still inside a cluster such as -xq, or behind an argument. */
static const char *show_option(int number, char *argv[], char shown[16])
{
    if (number == 0)
        return argv[optind - 1];
    for (const struct option *option = long_options; option->name != NULL; option++)
        if (option->val == number) {
            snprintf(shown, 16, "--%s", option->name);
            return shown;
        }
    snprintf(shown, 16, "-%c", number);
    return shown;
}

/* Those of figures. Returns 0, or an exit code after a message. */
static int take_figure_option(const hf_cli_command *command, int letter, hf_cli_options *options)
{
    hf_error err;
    switch (letter) {
    case 't':
        options->terminal = optarg;
        break;
    case 'F':
        options->only = optarg;
        break;
    case 'W':
        if (hf_paper_width(optarg, &options->width, &err) != HF_OK)
            return hf_cli_fail(&err);
        break;
    case 'S':
        if (!parse_positive(optarg, &options->font_size) || options->font_size < 4 || options->font_size > 40)
            return usage_error(command, "--font-size %s: expected points from 4 to 40", optarg);
        break;
    case 'P':
        options->palette = optarg;
        break;
    case 'T':
        options->style = optarg;
        break;
    case 'N':
        options->no_title = true;
        break;
    }
    return 0;
}

/* What is fitted, to which part of a log. */
static int take_fit_option(const hf_cli_command *command, int letter, hf_cli_options *options)
{
    switch (letter) {
    case 'i':
        options->to[options->to_count++] = optarg;
        break;
    case 'f':
        if (!parse_number(optarg, &options->from))
            return usage_error(command, "--from %s: expected a step", optarg);
        break;
    case 'u':
        if (!parse_number(optarg, &options->until))
            return usage_error(command, "--until %s: expected a step", optarg);
        break;
    case 'd':
        options->has_seeds = true;
        if (strcmp(optarg, "0") != 0 && (!parse_count(optarg, 1000, &options->seeds) || options->seeds < 4))
            return usage_error(command, "--seeds %s: expected 0, or a number from 4 to 1000", optarg);
        break;
    default:
        return take_figure_option(command, letter, options);
    }
    return 0;
}

/* What a training log is read by, or how a figure is drawn. */
static int take_log_option(const hf_cli_command *command, int letter, hf_cli_options *options)
{
    switch (letter) {
    case 'w':
        options->beside = optarg;
        break;
    case 'y':
        if (!parse_positive(optarg, &options->lr))
            return usage_error(command, "--lr %s: expected a number > 0", optarg);
        break;
    case 'p':
        options->step = optarg;
        break;
    case 'l':
        options->losses[options->loss_count++] = optarg;
        break;
    default:
        return take_fit_option(command, letter, options);
    }
    return 0;
}

/* Stores one option. Returns 0, or an exit code after a message. */
static int take(const hf_cli_command *command, int letter, hf_cli_options *options)
{
    switch (letter) {
    case 'o':
        if (optarg[0] == '\0')
            return usage_error(command, "-o: expected a %s", "directory");
        options->directory = optarg;
        break;
    case 's':
        options->overrides[options->override_count++] = optarg;
        break;
    case 'j':
        if (!parse_count(optarg, 4096, &options->jobs))
            return usage_error(command, "-j %s: expected a number of jobs from 1 to 4096", optarg);
        break;
    case 'e':
        options->explain = true;
        break;
    case 'r':
        options->resume = true;
        break;
    case 'x':
        options->restart = true;
        break;
    case 'q':
        options->quiet = true;
        break;
    case 'J':
        options->json = true;
        break;
    case 'B':
    case 'A':
    case 'C':
        options->citation = letter;
        break;
    case 'b':
        options->slurm = true;
        break;
    case 'c':
        options->chunk = optarg;
        break;
    case 'k':
        if (!parse_count(optarg, 1000000, &options->task))
            return usage_error(command, "--task %s: expected a number from 1 to 1000000", optarg);
        break;
    case 'n':
        if (!parse_count(optarg, 1000000, &options->chunks))
            return usage_error(command, "--chunks %s: expected a number from 1 to 1000000", optarg);
        break;
    default:
        return take_log_option(command, letter, options);
    }
    return 0;
}

/* Fills options from argv, argv[0] being the command's name. Returns 0, or an exit code after a message; *asked_help. */
static int parse(const hf_cli_command *command, int argc, char *argv[], hf_cli_options *options, bool *asked_help)
{
    int number, code = 0;
    char shown[16];
    opterr = 0;
    while (code == 0 && (number = getopt_long(argc, argv, ":o:s:j:h", long_options, NULL)) != -1) {
        const int letter = number % LONG;
        if (letter == 'h') {
            *asked_help = true;
            return 0;
        }
        if (letter == ':')
            return usage_error(command, "option %s needs an argument", show_option(optopt, argv, shown));
        if (letter == '?' && optopt > LONG)
            return usage_error(command, "option %s takes no argument", show_option(optopt, argv, shown));
        if (letter == '?' || strchr(command->short_options, letter) == NULL)
            return usage_error(command, "unknown option %s", show_option(letter == '?' ? optopt : number, argv, shown));
        code = take(command, letter, options);
    }
    if (code != 0)
        return code;
    if (command->none && optind < argc)
        return usage_error(command, "one argument too many: %s", argv[optind]);
    if (command->none)
        return 0;
    if (optind == argc)
        return usage_error(command, "%s is missing",
                           command->argument != NULL                 ? command->argument
                           : strstr(command->usage, "MODEL") == NULL ? "DIR"
                                                                     : "MODEL");
    if (optind + 1 < argc && !command->many)
        return usage_error(command, "one argument too many: %s", argv[optind + 1]);
    options->argument = argv[optind];
    options->arguments = (const char *const *)argv + optind;
    options->argument_count = (size_t)(argc - optind);
    return 0;
}

size_t hf_cli_processors(void)
{
    return hf_program_processors();
}

static int run_command(const hf_cli_command *command, int argc, char *argv[])
{
    hf_cli_options options = {.overrides = calloc(3 * (size_t)argc, sizeof *options.overrides), .from = -INFINITY, .until = INFINITY};
    bool asked_help = false;
    if (options.overrides == NULL) {
        fputs("headflow: out of memory for the command line\n", stderr);
        return HF_ESYSTEM;
    }
    options.losses = options.overrides + argc;
    options.to = options.losses + argc;
    int code = parse(command, argc, argv, &options, &asked_help);
    if (code == 0)
        code = asked_help ? help(command->name) : command->run(&options);
    free(options.overrides);
    return code;
}

char *hf_cli_default_directory(const char *model)
{
    char *path = hf_cli_models_resolve(model); /* names of models have no ending */
    if (path == NULL)
        return NULL;
    const char *name = strcmp(model, "-") == 0 ? "stdin" : hf_path_name(path), *dot = strrchr(name, '.');
    size_t length = dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
    char *directory = malloc(length + sizeof "out/");
    if (directory != NULL)
        snprintf(directory, length + sizeof "out/", "out/%.*s", (int)length, name);
    free(path);
    return directory;
}

static bool returned; /* from main: the one thing that a handler of exit can reach */

/* OpenMP's library, and others, end the program where they get no memory and no thread: with exit code 1. */
static void end_for_a_library(void)
{
    if (returned)
        return;
    fputs(
        "headflow: a library ended the program (are memory or threads short? fewer threads: -j 1); what was saved is kept, "
        "go on with --resume\n",
        stderr);
    _exit(HF_ESYSTEM);
}

static int manual(const hf_cli_tables *tables, const char *page)
{
    const int code = hf_cli_manual(tables, page);
    if (code == HF_ESYSTEM)
        fputs("headflow: out of memory for the page\n", stderr);
    return code == HF_EUSAGE ? usage_error(NULL, "there is no page '%s'", page) : code;
}

static int dispatch(int argc, char *argv[])
{
    if (argc < 2)
        return usage_error(NULL, "%s is missing", "a command");
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return argc > 3 ? usage_error(NULL, "one argument too many: %s", argv[3]) : help(argc > 2 ? argv[2] : NULL);
    if (strcmp(name, "--version") == 0) {
        printf("headflow %s\n", PACKAGE_VERSION);
        return 0;
    }
    const hf_cli_tables tables = {COMMANDS, commands, long_options, LONG, description, help_summary, exits};
    if (strcmp(name, "--complete") == 0)
        return hf_cli_complete(&tables, argc - 2, argv + 2);
    if (strcmp(name, "--man") == 0)
        return manual(&tables, argc > 2 ? argv[2] : NULL);
    const hf_cli_command *command = find_command(name);
    if (command == NULL)
        return usage_error(NULL, "there is no command '%s'", name);
    return run_command(command, argc - 1, argv + 1);
}

int main(int argc, char *argv[])
{
    hf_error err;
    if (hf_cli_open_streams(&err) != HF_OK)
        return hf_cli_fail(&err);
    atexit(end_for_a_library);
    signal(SIGXFSZ, SIG_IGN); /* a file as large as it may be is a write that fails */
    hf_init();
    int code = dispatch(argc, argv);
    if (code == 0 && hf_cli_flush(&err) != HF_OK)
        code = hf_cli_fail(&err);
    returned = true;
    if (code == HF_ESYSTEM) { /* where memory is short, a library may wait at exit for what it has not got */
        fflush(NULL);
        _exit(code);
    }
    return code;
}
