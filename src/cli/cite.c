/* headflow cite: what to cite, from one list, in the forms that people and their tools read. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    const char *given, *family; /* in UTF-8 */
    const char *latex;          /* both, as BibTeX sorts them; NULL: "family, given" */
} person;

typedef struct {
    const char *key; /* of BibTeX */
    const char *title, *year;
    const char *arxiv; /* NULL: it is the program */
    const char *why;
    size_t author_count;
    person author[3]; /* the program's have one name */
} work;

static const work works[] = {
    {.key = "headflow",
     .title = "headflow: gradient flow of attention heads that learn sparse attention patterns",
     .year = "2026",
     .author_count = 1,
     .author = {{.family = "headflow developers", .latex = "{headflow developers}"}}},
    {.key = "yuksel2026incremental",
     .title = "Incremental Learning of Sparse Attention Patterns in Transformers",
     .year = "2026",
     .arxiv = "2602.19143",
     .why = "the flow that headflow integrates",
     .author_count = 3,
     .author = {{"Oğuz Kaan", "Yüksel", "Y{\\\"u}ksel, O{\\u g}uz Kaan"},
                {"Rodrigo", "Alvarez Lucendo", NULL},
                {"Nicolas", "Flammarion", NULL}}},
};
enum { WORKS = sizeof works / sizeof *works };

/* ---- BibTeX ---- */

static void print_bibtex(const work *w)
{
    printf("@misc{%s,\n  title = {{%s}},\n  author = {", w->key, w->title);
    for (size_t i = 0; i < w->author_count; i++) {
        const person *p = &w->author[i];
        fputs(i == 0 ? "" : " and ", stdout);
        if (p->latex != NULL)
            fputs(p->latex, stdout);
        else
            printf("%s, %s", p->family, p->given);
    }
    printf("},\n  year = {%s},\n", w->year);
    if (w->arxiv == NULL)
        printf("  note = {Version %s}\n}\n", PACKAGE_VERSION);
    else
        printf("  eprint = {%s},\n  archivePrefix = {arXiv},\n  url = {https://arxiv.org/abs/%s}\n}\n", w->arxiv, w->arxiv);
}

/* ---- a list of references ---- */

/* "O. K." of "Oğuz Kaan": the first character of every name, of one byte or more. */
static void print_initials(const char *given)
{
    for (const char *at = given; *at != '\0';) {
        size_t length = 1;
        while (((unsigned char)at[length] & 0xc0) == 0x80)
            length++;
        printf("%s%.*s.", at == given ? "" : " ", (int)length, at);
        at += strcspn(at, " ");
        at += strspn(at, " ");
    }
}

static void print_apa(const work *w)
{
    for (size_t i = 0; i < w->author_count; i++) {
        const person *p = &w->author[i];
        fputs(i == 0 ? "" : i + 1 == w->author_count ? ", & " : ", ", stdout);
        fputs(p->family, stdout);
        if (p->given != NULL) {
            fputs(", ", stdout);
            print_initials(p->given);
        }
    }
    printf(" (%s). %s", w->year, w->title);
    if (w->arxiv == NULL)
        printf(" (Version %s) [Computer software].\n", PACKAGE_VERSION);
    else
        printf(". arXiv. https://arxiv.org/abs/%s\n", w->arxiv);
}

/* ---- CITATION.cff ---- */

static void print_cff_people(const work *w, const char *indent)
{
    printf("%sauthors:\n", indent);
    for (size_t i = 0; i < w->author_count; i++) {
        const person *p = &w->author[i];
        if (p->given == NULL)
            printf("%s  - name: \"%s\"\n", indent, p->family);
        else
            printf("%s  - given-names: \"%s\"\n%s    family-names: \"%s\"\n", indent, p->given, indent, p->family);
    }
}

static void print_cff(void)
{
    printf("cff-version: 1.2.0\nmessage: \"Please cite headflow and the work whose flow it integrates.\"\ntype: software\n"
           "title: \"%s\"\nversion: \"%s\"\nlicense: GPL-3.0-or-later\n",
           works[0].title, PACKAGE_VERSION);
    print_cff_people(&works[0], "");
    puts("references:");
    for (size_t i = 1; i < WORKS; i++) {
        const work *w = &works[i];
        printf("  - type: article\n    title: \"%s\"\n    year: %s\n    notes: \"%s\"\n", w->title, w->year, w->why);
        printf("    url: \"https://arxiv.org/abs/%s\"\n    identifiers:\n      - type: other\n        value: \"arXiv:%s\"\n", w->arxiv, w->arxiv);
        print_cff_people(w, "    ");
    }
}

/* ---- the command ---- */

static void print_works(void (*print)(const work *), const char *between)
{
    for (size_t i = 0; i < WORKS; i++) {
        fputs(i == 0 ? "" : between, stdout);
        print(&works[i]);
    }
}

static void print_all(void)
{
    for (size_t i = 0; i < WORKS; i++) {
        printf("%s%s%s:\n\n  ", i == 0 ? "" : "\n", works[i].why == NULL ? "The program" : "For ",
               works[i].why == NULL ? "" : works[i].why);
        print_apa(&works[i]);
    }
    puts("\nFor BibTeX: headflow cite --bibtex");
}

static int run(const hf_cli_options *options)
{
    hf_error err;
    switch (options->citation) {
    case 'B':
        print_works(print_bibtex, "\n");
        break;
    case 'A':
        print_works(print_apa, "");
        break;
    case 'C':
        print_cff();
        break;
    default:
        print_all();
    }
    return hf_cli_flush(&err) == HF_OK ? 0 : hf_cli_fail(&err);
}

const hf_cli_command hf_cli_cite = {
    .name = "cite",
    .usage = "cite [--bibtex | --apa | --cff]",
    .summary = "what to cite",
    .none = true,
    .short_options = "BAC",
    /* clang-format off */
    .help =
        "Says what to cite: the program, and the work whose flow it integrates.\n"
        "\n"
        "  --bibtex   entries for BibTeX\n"
        "  --apa      a list of references\n"
        "  --cff      the file CITATION.cff\n",
    /* clang-format on */
    .run = run,
};
