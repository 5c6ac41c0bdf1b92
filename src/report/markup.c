#include "report/markup.h"

#include "core/text.h"

#include <ctype.h>
#include <string.h>

/* ---- signs ---- */

typedef struct {
    const char *name, *sign; /* of a command of LaTeX, without its backslash; in UTF-8 */
} sign;

static const sign signs[] = {
    {"alpha", "α"},   {"beta", "β"},    {"gamma", "γ"},      {"delta", "δ"},   {"varepsilon", "ε"}, {"epsilon", "ϵ"},
    {"zeta", "ζ"},    {"eta", "η"},     {"vartheta", "ϑ"},   {"theta", "θ"},   {"iota", "ι"},       {"kappa", "κ"},
    {"lambda", "λ"},  {"mu", "μ"},      {"nu", "ν"},         {"xi", "ξ"},      {"pi", "π"},         {"varrho", "ϱ"},
    {"rho", "ρ"},     {"sigma", "σ"},   {"tau", "τ"},        {"upsilon", "υ"}, {"varphi", "φ"},     {"phi", "ϕ"},
    {"chi", "χ"},     {"psi", "ψ"},     {"omega", "ω"},      {"Gamma", "Γ"},   {"Delta", "Δ"},      {"Theta", "Θ"},
    {"Lambda", "Λ"},  {"Xi", "Ξ"},      {"Pi", "Π"},         {"Sigma", "Σ"},   {"Phi", "Φ"},        {"Psi", "Ψ"},
    {"Omega", "Ω"},   {"ell", "ℓ"},     {"partial", "∂"},    {"nabla", "∇"},   {"infty", "∞"},      {"cdot", "·"},
    {"times", "×"},   {"pm", "±"},      {"le", "≤"},         {"ge", "≥"},      {"leq", "≤"},        {"geq", "≥"},
    {"neq", "≠"},     {"ll", "≪"},      {"gg", "≫"},         {"approx", "≈"},  {"sim", "∼"},        {"propto", "∝"},
    {"to", "→"},      {"langle", "⟨"},  {"rangle", "⟩"},     {"sum", "∑"},     {"prod", "∏"},       {"|", "‖"},
    {"log", "log"},   {"ln", "ln"},     {"exp", "exp"},      {"min", "min"},   {"max", "max"},      {"det", "det"},
    {",", " "},       {" ", " "},       {"quad", "  "},      {"%", "%"},       {"#", "#"},          {"&", "&"},
    {"{", "{"},       {"}", "}"},       {"$", "$"},          {"_", "_"},       {"-", "−"},          {"'", "′"},
};
enum { SIGNS = sizeof signs / sizeof signs[0], OF_LATEX = SIGNS - 2 /* the others are no commands */ };

static const sign *find_command(const char *name, size_t length)
{
    for (size_t i = 0; i < OF_LATEX; i++)
        if (strlen(signs[i].name) == length && strncmp(signs[i].name, name, length) == 0)
            return &signs[i];
    return NULL;
}

/* The command for a sign that is not ASCII. */
static const sign *find_sign(const char *text, size_t length)
{
    for (size_t i = 0; i < SIGNS; i++)
        if (length > 1 && strlen(signs[i].sign) == length && strncmp(signs[i].sign, text, length) == 0)
            return &signs[i];
    return NULL;
}

/* Small digits above and below the line: their value, and '^' or '_'. -1: none. */
static int small_digit(const char *text, size_t length, char *side)
{
    static const char *const above[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    static const char *const below[] = {"₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉"};
    for (int i = 0; i < 10; i++) {
        *side = '^';
        if (strlen(above[i]) == length && strncmp(above[i], text, length) == 0)
            return i;
        *side = '_';
        if (strlen(below[i]) == length && strncmp(below[i], text, length) == 0)
            return i;
    }
    return -1;
}

/* ---- text ---- */

/* One letter of a text for LaTeX. */
static void put_tex(const char *text, size_t length, FILE *stream)
{
    static const char *const special[] = {"\\\\textbackslash{}", "~\\textasciitilde{}", "^\\textasciicircum{}", "#\\#", "$\\$", "%\\%",
                                          "&\\&", "_\\_", "{\\{", "}\\}", "<$<$", ">$>$", "|$|$"};
    char side;
    const sign *known = find_sign(text, length);
    const int digit = small_digit(text, length, &side);
    for (size_t i = 0; length == 1 && i < sizeof special / sizeof *special; i++)
        if (*text == special[i][0]) {
            fputs(special[i] + 1, stream);
            return;
        }
    if (digit >= 0)
        fprintf(stream, "$%c%d$", side, digit);
    else if (known != NULL)
        fprintf(stream, known >= signs + OF_LATEX ? "$%s$" : "$\\%s$", known->name);
    else
        fprintf(stream, "%.*s", (int)length, text);
}

/* One for gnuplot's enhanced text. */
static void put_enhanced(const char *text, size_t length, FILE *stream)
{
    if (length == 1 && strchr("\\^_{}@&~", *text) != NULL)
        putc('\\', stream);
    fprintf(stream, "%.*s", (int)length, text);
}

void hf_markup_quote(FILE *stream, const char *text)
{
    putc('\'', stream);
    while (*text != '\0') {
        const size_t length = hf_text_printable(text);
        if (length == 0) /* a control character, or no UTF-8 */
            putc((unsigned char)*text < ' ' ? ' ' : '?', stream);
        else if (*text == '\'')
            fputs("''", stream);
        else
            fprintf(stream, "%.*s", (int)length, text);
        text += length == 0 ? 1 : length;
    }
    putc('\'', stream);
}

void hf_markup_put_text(const char *text, size_t size, bool tex, FILE *stream)
{
    for (size_t i = 0, length; i < size; i += length) {
        length = hf_text_printable(text + i);
        if (length == 0) {
            putc((unsigned char)text[i] < ' ' ? ' ' : '?', stream);
            length = 1;
        } else
            (tex ? put_tex : put_enhanced)(text + i, length, stream);
    }
}

/* ---- mathematics ---- */

typedef struct {
    const char *at, *end; /* what is left of it */
    bool tex, upright;
    size_t depth; /* of indices */
    FILE *stream; /* NULL: it is only checked */
    char *what;   /* HF_MARKUP_TEXT, what is wrong; "": nothing */
} math;

static void put_math(math *m);

static void say(const math *m, const char *text, size_t length)
{
    if (m->stream != NULL)
        fprintf(m->stream, "%.*s", (int)length, text);
}

static void put_word(const math *m, const char *text)
{
    say(m, text, strlen(text));
}

static void reject(math *m, const char *what, const char *detail, size_t length)
{
    if (m->what[0] == '\0')
        snprintf(m->what, HF_MARKUP_TEXT, "%s%.*s", what, (int)(length < 40 ? length : 40), detail);
    m->at = m->end;
}

/* What stands in { } or, without these, is one sign: left to be read in *inner. */
static bool take_argument(math *m, math *inner)
{
    *inner = *m;
    if (m->at < m->end && *m->at == '{') {
        size_t depth = 0;
        const char *at = m->at;
        for (; at < m->end; at++) {
            if (*at == '\\' && at + 1 < m->end) {
                at++;
                continue;
            }
            depth += *at == '{';
            depth -= *at == '}';
            if (depth == 0)
                break;
        }
        if (at == m->end) {
            reject(m, "a } for every {", "", 0);
            return false;
        }
        inner->at = m->at + 1;
        inner->end = at;
        m->at = at + 1;
        return true;
    }
    if (m->at == m->end) {
        reject(m, "something behind every _, ^ and \\mathrm", "", 0);
        return false;
    }
    const char *end = m->at + 1;
    if (*m->at == '\\') {
        while (end < m->end && isalpha((unsigned char)*end))
            end++;
        end += end == m->at + 1 && end < m->end;
    } else if (hf_text_printable(m->at) > 1)
        end = m->at + hf_text_printable(m->at);
    inner->end = end;
    m->at = inner->end;
    return true;
}

/* An index or an exponent, which gnuplot sets at 0.8 of the size: here at 0.88, so that 7 of 8 points remain. */
static void put_index(math *m)
{
    math inner;
    const char side[2] = {*m->at, '\0'};
    m->at++;
    if (!take_argument(m, &inner))
        return;
    inner.depth++;
    put_word(m, side);
    put_word(m, m->tex ? "{" : inner.depth > 1 ? "{" : "{/*1.1 ");
    put_math(&inner);
    put_word(m, "}");
}

static void put_command(math *m)
{
    const char *name = m->at + 1, *end = name;
    while (end < m->end && isalpha((unsigned char)*end))
        end++;
    if (end == name && end < m->end)
        end++;
    const size_t length = (size_t)(end - name);
    const sign *known = find_command(name, length);
    const bool is_upright = length == 6 && strncmp(name, "mathrm", length) == 0;
    const bool is_text = length == 4 && strncmp(name, "text", length) == 0;
    math inner;
    if (is_upright || is_text) {
        m->at = end;
        if (!take_argument(m, &inner))
            return;
        inner.upright = true;
        put_word(m, m->tex ? "\\mathrm{" : "");
        put_math(&inner);
        put_word(m, m->tex ? "}" : "");
    } else if (known == NULL)
        reject(m, "Greek letters, signs, indices and \\mathrm{...} of LaTeX's mathematics, got \\", name, length);
    else {
        if (m->tex) {
            say(m, m->at, (size_t)(end - m->at));
            put_word(m, isalpha((unsigned char)*name) && end < m->end && isalpha((unsigned char)*end) ? " " : "");
        } else if (strlen(known->sign) > 1)
            put_word(m, known->sign);
        else if (m->stream != NULL)
            put_enhanced(known->sign, 1, m->stream);
        m->at = end;
    }
}

/* Letters of the alphabet are slanted, but for those of words. */
static void put_letters(math *m)
{
    const char *end = m->at;
    while (end < m->end && isalpha((unsigned char)*end))
        end++;
    const bool slanted = !m->tex && !m->upright;
    put_word(m, slanted ? "{/:Italic " : "");
    say(m, m->at, (size_t)(end - m->at));
    put_word(m, slanted ? "}" : "");
    m->at = end;
}

static void put_other(math *m)
{
    const size_t length = hf_text_printable(m->at);
    const sign *known = find_sign(m->at, length);
    char side;
    const int digit = small_digit(m->at, length, &side);
    if (length == 0)
        reject(m, "a backslash written twice, \"\\\\varepsilon\", and no other control characters", "", 0);
    else if (m->tex && digit >= 0 && m->stream != NULL)
        fprintf(m->stream, "%c%d", side, digit);
    else if (m->tex && known != NULL && m->stream != NULL)
        fprintf(m->stream, known >= signs + OF_LATEX ? "%s" : "\\%s ", known->name);
    else if (*m->at == '-' && !m->tex)
        put_word(m, "−");
    else if (*m->at == '#' || *m->at == '%' || *m->at == '&' || *m->at == '~' || *m->at == '@')
        reject(m, "\\#, \\% or \\& in mathematics, got ", m->at, 1);
    else
        say(m, m->at, length);
    m->at += m->at < m->end ? length : 0;
}

static void put_math(math *m)
{
    while (m->at < m->end) {
        math inner;
        if (*m->at == '\\')
            put_command(m);
        else if (*m->at == '_' || *m->at == '^')
            put_index(m);
        else if (*m->at == '{') {
            if (take_argument(m, &inner)) {
                put_word(m, "{");
                put_math(&inner);
                put_word(m, "}");
            }
        } else if (*m->at == '}')
            reject(m, "a { for every }", "", 0);
        else if (isalpha((unsigned char)*m->at))
            put_letters(m);
        else
            put_other(m);
    }
}

/* ---- labels ---- */

/* The end of the mathematics that begins at text: its $, or the end of the string. */
static const char *end_of_math(const char *text)
{
    while (*text != '\0' && *text != '$')
        text += *text == '\\' && text[1] != '\0' ? 2 : 1;
    return text;
}

void hf_markup_put_label(const char *label, bool tex, FILE *stream, char what[HF_MARKUP_TEXT])
{
    what[0] = '\0';
    while (*label != '\0' && what[0] == '\0') {
        const size_t length = strcspn(label, "$");
        if (stream != NULL)
            hf_markup_put_text(label, length, tex, stream);
        label += length;
        if (*label == '\0')
            return;
        const char *end = end_of_math(label + 1);
        if (*end == '\0') {
            snprintf(what, HF_MARKUP_TEXT, "a second $ where the mathematics ends");
            return;
        }
        math m = {.at = label + 1, .end = end, .tex = tex, .stream = stream, .what = what};
        if (stream != NULL && tex)
            putc('$', stream);
        put_math(&m);
        if (stream != NULL && tex)
            putc('$', stream);
        label = end + 1;
    }
}
