#include "report/paper.h"

#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INCH  25.4
#define POINT (INCH / 72)    /* of PDF and gnuplot */
#define TEX   (INCH / 72.27) /* point of LaTeX */
enum { LEAST = 40, MOST = 400 /* mm */, LETTERS = 17 /* a figure is so many letters high and more wide */ };

/* Text widths of the styles that these places give to authors. */
const char *const hf_paper_names[] = {"neurips", "iclr", "icml", "icml-wide", "aistats", "jmlr", "colt", "tmlr", "prl", "prl-wide",
                                      "pre", "prx", "nature", "nature-wide", "pnas", "ieee", "ieee-wide", NULL};
static const double widths[] = {5.5 * INCH, 5.5 * INCH, 3.25 * INCH, 6.75 * INCH, 3.25 * INCH, 6 * INCH, 6 * INCH, 6.5 * INCH,
                                246 * TEX, 510 * TEX, 246 * TEX, 246 * TEX, 89, 183, 87, 3.5 * INCH, 7.16 * INCH};
_Static_assert(sizeof hf_paper_names / sizeof *hf_paper_names == sizeof widths / sizeof *widths + 1, "a place without a width");

double hf_paper_of(const char *name)
{
    for (size_t i = 0; hf_paper_names[i] != NULL; i++)
        if (strcmp(hf_paper_names[i], name) == 0)
            return widths[i];
    return NAN;
}

/* A number with its unit, in mm; NaN: it is none. */
static double read_length(const char *text)
{
    static const struct {
        const char *name;
        double size;
    } units[] = {{"mm", 1}, {"cm", 10}, {"in", INCH}, {"pt", TEX}, {"bp", POINT}};
    char *end;
    const double number = strtod(text, &end);
    while (end != text && *end == ' ')
        end++;
    for (size_t i = 0; i < sizeof units / sizeof *units && end != text; i++)
        if (strcmp(end, units[i].name) == 0)
            return number * units[i].size;
    return NAN;
}

hf_status hf_paper_width(const char *text, double *width, hf_error *err)
{
    char shown[80], names[300] = "";
    *width = hf_paper_of(text);
    if (!isnan(*width))
        return HF_OK;
    *width = read_length(text);
    if (*width >= LEAST && *width <= MOST)
        return HF_OK;
    size_t used = 0;
    for (size_t i = 0; hf_paper_names[i] != NULL && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s %s", i == 0 ? "" : ",", hf_paper_names[i]);
    return hf_fail(err, HF_EUSAGE, "--width %s: expected %d to %d mm, as 85mm, 8.5cm, 3.25in or 240pt, or one of%s",
                   hf_text_show(text, shown, sizeof shown), LEAST, MOST, names);
}

hf_status hf_paper_check(double width, double font_size, hf_error *err)
{
    const double most = width / POINT / LETTERS;
    if (width <= 0 || font_size <= most)
        return HF_OK;
    return hf_fail(err, HF_EUSAGE, "--font-size %g: on %.4g mm there is room for letters of %.3g pt at most", font_size, width,
                   floor(10 * most) / 10);
}
