#include "page/curve.h"

#include "page/html.h"

#include <math.h>
#include <string.h>

#define SIZE 1000.0 /* of the drawing, both ways; it is stretched to its place */

/* ---- axes ---- */

hf_curve_axis hf_curve_axis_of(size_t count, const double *x, bool log, double least)
{
    hf_curve_axis axis = {log, INFINITY, -INFINITY};
    for (size_t i = 0; i < count; i++)
        if (isfinite(x[i]) && (!log || x[i] > 0)) {
            axis.low = fmin(axis.low, x[i]);
            axis.high = fmax(axis.high, x[i]);
        }
    if (!isnan(least)) {
        axis.low = fmin(axis.low, least);
        axis.high = fmax(axis.high, least);
    }
    if (!(axis.low <= axis.high)) /* no numbers */
        return (hf_curve_axis){false, 0, 1};
    if (axis.low == axis.high) {
        axis.high = log ? 2 * axis.high : axis.high + fmax(fabs(axis.high), 1e-300);
        axis.low = log ? axis.low / 2 : axis.low;
    }
    return axis;
}

double hf_curve_place(const hf_curve_axis *axis, double x)
{
    if (!isfinite(x) || (axis->log && x <= 0))
        return NAN;
    return axis->log ? log(x / axis->low) / log(axis->high / axis->low) : (x - axis->low) / (axis->high - axis->low);
}

/* The least of 1, 2, 5 times a power of ten that is not below x. */
static double round_up(double x)
{
    const double power = pow(10, floor(log10(x)));
    return x <= power ? power : x <= 2 * power ? 2 * power : x <= 5 * power ? 5 * power : 10 * power;
}

/* "0.01", "1000" and, beyond, "10" with a raised exponent, for a number that is a power of ten. */
static void write_power(int exponent, FILE *stream)
{
    if (exponent >= -3 && exponent <= 3)
        fprintf(stream, "%g", pow(10, exponent));
    else
        fprintf(stream, "10<sup>%s%d</sup>", exponent < 0 ? "&minus;" : "", exponent < 0 ? -exponent : exponent);
}

/* One label, and its line across the drawing. */
static void write_tick(char axis, bool log, double place, double value, FILE *labels)
{
    if (!(place > -1e-9 && place < 1 + 1e-9))
        return;
    const double exponent = log && value > 0 ? log10(value) : (double)NAN;
    fprintf(labels, "<span class=\"%ct\" style=\"%s:%.4g%%\">", axis, axis == 'x' ? "left" : "bottom", 100 * place);
    if (isfinite(exponent) && fabs(exponent - round(exponent)) < 1e-9)
        write_power((int)lround(exponent), labels);
    else
        fprintf(labels, "%.6g", fabs(value) < 1e-300 ? 0 : value);
    fputs("</span>", labels);
}

/* Calls write_tick at round numbers, some count of them. */
static void write_ticks(char name, const hf_curve_axis *axis, int count, FILE *stream)
{
    if (axis->log && axis->high / axis->low >= 100) {
        const int first = (int)ceil(log10(axis->low) - 1e-9), last = (int)floor(log10(axis->high) + 1e-9);
        const int step = (last - first) / count + 1;
        for (int k = first; k <= last; k += step)
            write_tick(name, axis->log, hf_curve_place(axis, pow(10, k)), pow(10, k), stream);
        return;
    }
    const double step = round_up((axis->high - axis->low) / count);
    const double first = ceil(axis->low / step - 1e-9);
    for (int k = 0; k <= 2 * count; k++) {
        const double value = (first + k) * step;
        if (value <= axis->high * (1 + 1e-12))
            write_tick(name, axis->log, hf_curve_place(axis, value), value, stream);
    }
}

/* ---- the figure ---- */

static void write_line(const hf_curve_figure *f, const hf_curve_axis *x, const hf_curve_axis *y, FILE *stream)
{
    bool draws = false;
    fputs("<path class=\"loss\" d=\"", stream);
    for (size_t i = 0; i < f->count; i++) {
        const double across = hf_curve_place(x, f->t[i]), up = hf_curve_place(y, f->loss[i]);
        const bool is_there = across >= 0 && across <= 1 && up >= 0 && up <= 1;
        if (is_there)
            fprintf(stream, "%s%.1f %.1f", draws ? "L" : "M", SIZE * across, SIZE * (1 - up));
        draws = is_there; /* t = 0 has no place on a logarithmic axis */
    }
    fputs("\"/>", stream);
}

static void write_marks(const hf_curve_figure *f, const hf_curve_axis *x, FILE *lines, bool labels)
{
    for (size_t i = 0; i < f->marks; i++) {
        const double across = hf_curve_place(x, f->mark[i].t);
        if (!(across >= 0 && across <= 1))
            continue;
        if (labels)
            fprintf(lines, "<span class=\"mark%s\" style=\"left:%.4g%%\">%s</span>",
                    strlen(f->mark[i].label) > 2 ? " long" : "", 100 * across, f->mark[i].label);
        else
            fprintf(lines, "<path class=\"mark\" d=\"M%.1f 0V%g\"/>", SIZE * across, SIZE);
    }
}

void hf_curve_write(const hf_curve_figure *f, FILE *stream)
{
    const hf_curve_axis x = hf_curve_axis_of(f->count, f->t, f->log_t, NAN);
    hf_curve_axis y = hf_curve_axis_of(f->count, f->loss, f->log_loss, f->log_loss ? (double)NAN : 0.0);
    const double room = y.log ? pow(y.high / y.low, 0.04) : (y.high - y.low) * 0.04;
    y.high = y.log ? y.high * room : y.high + room;
    y.low = y.log ? y.low / room : y.low;
    fprintf(stream,
            "<div class=\"plot\" id=\"curve-%zu\"><svg viewBox=\"0 0 %g %g\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"",
            f->number, SIZE, SIZE);
    hf_html_text(f->name, stream);
    fputs("\">", stream);
    write_marks(f, &x, stream, false);
    write_line(f, &x, &y, stream);
    fprintf(stream, "<path class=\"cursor\" d=\"M0 0V%g\"/></svg>", SIZE);
    write_marks(f, &x, stream, true);
    write_ticks('x', &x, 6, stream);
    write_ticks('y', &y, 5, stream);
    fputs("<span class=\"xl\">", stream);
    hf_html_text(f->unit, stream);
    fputs("</span></div>\n", stream);
}
