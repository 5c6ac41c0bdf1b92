#include "report/labels.h"

#include "core/file.h"
#include "report/markup.h"

#include <stdlib.h>
#include <string.h>

/* ---- the usual labels ---- */

typedef struct {
    const char *name; /* ending in _: of a quantity with an index, which stands for # in the text */
    const char *text;
    bool is_variable; /* label_NAME in every script */
} usual;

static const usual usuals[] = {
    {"time", "flow time $t$", true},
    {"step", "training step", true},
    {"loss", "loss", true},
    {"attention", "attention", true},
    {"value", "value", true},
    {"speed", "speed $-dL/dt$", true},
    {"distance", "distance", true},
    {"eigenvalues", "Hessian eigenvalues", true},
    {"entropy", "entropy (nats)", true},
    {"index", "index", true},
    {"moves", "$d\\,\\ln t_{\\mathrm{peak}} / d\\,\\ln p$", true},
    {"position", "position", true},
    {"later", "delay (%)", true},
    {"known", "known", true},
    {"divergence", "KL, excess (nats)", true},
    {"learning_rate", "learning rate $\\eta$", true},
    {"t_split", "$t_{\\mathrm{split}}$", true},
    {"t_emerged", "$t_{\\mathrm{emerged}}$", true},
    {"t_acquired_", "$t_{\\mathrm{acquired},#}$", false},
    {"t_onset_", "$t_{\\mathrm{onset},#}$", false},
    {"t_peak_", "$t_{\\mathrm{peak},#}$", false},
    {"t_settle_", "$t_{\\mathrm{settle},#}$", false},
    {"stages", "stages", false},
    {"plateaus", "plateaus", false},
    {"acquired", "acquired patterns", false},
    {"carrier_", "carrier of pattern #", false},
    {"cooperative_", "cooperation on pattern #", false},
    {"assignment", "patterns that heads carry", false},
    {"attended", "patterns that heads look at", false},
    {"order", "order of acquisition", false},
    {"heads_per_pattern", "heads of one pattern", false},
    {"patterns_per_head", "patterns of one head", false},
    {"looks_per_head", "patterns one head looks at", false},
    {"idle_heads", "idle heads", false},
    {"plateau_loss_", "loss at plateau #", false},
    {"saddle_index_", "index at plateau #", false},
    {"lambda_min_", "$\\lambda_{\\mathrm{min}}$ at plateau #", false},
    {"start_loss", "first loss", false},
    {"final_loss", "final loss", false},
    {"final_overlap", "final overlap", false},
    {"t_stop", "$t_{\\mathrm{stop}}$", false},
    {"energy_defect", "energy defect", false},
    {"steps", "steps", false},
    {"train_loss", "training loss", false},
    {"early_loss", "lowest loss", false},
    {"early_step", "step of the lowest loss", false},
    {"early_t", "$t$ of the lowest loss", false},
    {"early_class", "patterns known at the lowest loss", false},
    {"censored", "censored runs", false},
    {"heads", "heads $H$", false},
    {"positions", "positions $T$", false},
    {"target.ratio", "$m_1/m_2$", false},
    {"target.count", "patterns $J$", false},
    {"data.noise", "noise $\\sigma$", false},
    {"init.perturbation", "perturbation $\\varepsilon$", false},
    {"init.seed", "seed", false},
    {"train.lr", "learning rate $\\eta$", false},
    {"train.batch", "batch $B$", false},
    {"train.samples", "samples $n$", false},
    {"train.momentum", "momentum $\\mu$", false},
};
enum { USUALS = sizeof usuals / sizeof usuals[0] };

/* Whether row is about name; *index: what stands for #, "" for none. */
static bool is_about(const usual *row, const char *name, const char **index)
{
    const size_t length = strlen(row->name);
    *index = "";
    if (strcmp(row->name, name) == 0)
        return row->name[length - 1] != '_';
    if (row->name[length - 1] != '_' || strncmp(row->name, name, length) != 0)
        return false;
    *index = name + length;
    return **index != '\0' && strspn(*index, "0123456789") == strlen(*index);
}

static const usual *find_usual(const char *name, const char **index)
{
    for (size_t i = 0; i < USUALS; i++)
        if (is_about(&usuals[i], name, index))
            return &usuals[i];
    return NULL;
}

bool hf_labels_knows(const char *name)
{
    const char *index;
    return find_usual(name, &index) != NULL;
}

/* Copies text into a label with index in place of #. */
static void fill_index(const char *text, const char *index, char label[HF_LABEL_TEXT])
{
    const size_t before = strcspn(text, "#");
    snprintf(label, HF_LABEL_TEXT, "%.*s%s%s", (int)before, text, text[before] == '#' ? index : "",
             text[before] == '#' ? text + before + 1 : "");
}

/* A name as a text: in a label a $ would begin mathematics. */
static void copy_name(const char *name, char label[HF_LABEL_TEXT])
{
    size_t used = 0;
    for (; *name != '\0' && used + 1 < HF_LABEL_TEXT; name++)
        if (*name != '$')
            label[used++] = *name;
    label[used] = '\0';
}

const char *hf_labels_text(const hf_labels *labels, const char *name, char text[HF_LABEL_TEXT])
{
    const char *index;
    for (size_t i = 0; labels != NULL && i < labels->count; i++)
        if (strcmp(labels->at[i].name, name) == 0) {
            snprintf(text, HF_LABEL_TEXT, "%s", labels->at[i].text);
            return text;
        }
    const usual *row = find_usual(name, &index);
    if (row != NULL)
        fill_index(row->text, index, text);
    else
        copy_name(name, text);
    return text;
}

/* ---- in a script ---- */

bool hf_labels_check(const char *label, char what[HF_LABEL_TEXT])
{
    hf_markup_put_label(label, false, NULL, what);
    return what[0] == '\0';
}

/* One form, to be freed. is_label: with mathematics. NULL: memory. */
static char *make_form(const char *text, bool is_label, bool tex)
{
    char *form = NULL, what[HF_LABEL_TEXT];
    size_t size;
    FILE *memory = open_memstream(&form, &size);
    if (memory == NULL)
        return NULL;
    if (is_label)
        hf_markup_put_label(text, tex, memory, what);
    else
        hf_markup_put_text(text, strlen(text), tex, memory);
    if (fclose(memory) == 0)
        return form;
    free(form);
    return NULL;
}

static void write_forms(FILE *stream, const char *text, bool is_label)
{
    char *of_tex = make_form(text, is_label, true), *plain = make_form(text, is_label, false);
    if (of_tex == NULL || plain == NULL)
        hf_file_spoil(stream);
    else if (strcmp(of_tex, plain) != 0) {
        fputs("(tex ? ", stream);
        hf_markup_quote(stream, of_tex);
        fputs(" : ", stream);
        hf_markup_quote(stream, plain);
        putc(')', stream);
    } else
        hf_markup_quote(stream, plain);
    free(of_tex);
    free(plain);
}

void hf_labels_write(FILE *stream, const char *label)
{
    write_forms(stream, label, true);
}

void hf_labels_write_text(FILE *stream, const char *text)
{
    write_forms(stream, text, false);
}

void hf_labels_write_all(FILE *stream, const hf_labels *labels)
{
    char text[HF_LABEL_TEXT];
    for (size_t i = 0; i < USUALS; i++)
        if (usuals[i].is_variable) {
            fprintf(stream, "label_%s = ", usuals[i].name);
            hf_labels_write(stream, hf_labels_text(labels, usuals[i].name, text));
            putc('\n', stream);
        }
}

const char *hf_labels_nearest(const char *name)
{
    for (size_t i = 0; i < USUALS; i++) /* t_spl for t_split */
        if (strlen(name) > 2 && (strstr(usuals[i].name, name) != NULL || strstr(name, usuals[i].name) != NULL))
            return usuals[i].name;
    return NULL;
}
