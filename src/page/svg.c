#include "page/svg.h"

#include "core/lists.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 0.1 /* pixels */

enum { LOOK_BACK = 600, MOST_BETWEEN = 300 };

typedef struct {
    double x0, x1, y0, y1;
    unsigned colour;
} rectangle;

typedef struct {
    double x, y;
} point;

typedef struct {
    FILE *to;
    bool blank; /* the last letter that was written */
    size_t count, room;
    rectangle *pending; /* pixels that are not written yet; owned */
    size_t points, point_room;
    point *line; /* of the present path; owned */
    bool failed; /* no memory */
} writer;

/* ---- pixels ---- */

/* A polygon that is an upright rectangle of one colour; returns where its tag ends, NULL: it is something else. */
static const char *read_rectangle(const char *at, rectangle *r)
{
    double x[4], y[4];
    unsigned red, green, blue;
    int used = 0;
    if (sscanf(at, "<polygon fill = 'rgb(%u,%u,%u)' points = '%lf,%lf %lf,%lf %lf,%lf %lf,%lf '/>%n", &red, &green, &blue,
               &x[0], &y[0], &x[1], &y[1], &x[2], &y[2], &x[3], &y[3], &used) != 11 ||
        used == 0 || red > 255 || green > 255 || blue > 255)
        return NULL;
    if (x[0] != x[3] || x[1] != x[2] || y[0] != y[1] || y[2] != y[3])
        return NULL;
    *r = (rectangle){fmin(x[0], x[1]), fmax(x[0], x[1]), fmin(y[0], y[2]), fmax(y[0], y[2]), red << 16 | green << 8 | blue};
    return at + used;
}

/* Joins a rectangle with one on its left, or adds it. */
static void add_rectangle(writer *w, const rectangle *r)
{
    if (r->x0 == r->x1 || r->y0 == r->y1)
        return;
    for (size_t i = w->count; i-- > 0 && w->count - i <= LOOK_BACK;) {
        rectangle *other = &w->pending[i];
        if (other->colour == r->colour && other->y0 == r->y0 && other->y1 == r->y1 && fabs(other->x1 - r->x0) < 0.02) {
            other->x1 = r->x1;
            return;
        }
    }
    rectangle *grown = hf_list_grow(w->pending, w->count, &w->room, sizeof *grown);
    w->failed = w->failed || grown == NULL;
    if (grown == NULL)
        return;
    w->pending = grown;
    w->pending[w->count++] = *r;
}

static int by_colour(const void *a, const void *b)
{
    const rectangle *r = a, *s = b;
    if (r->colour != s->colour)
        return r->colour < s->colour ? -1 : 1;
    if (r->y0 != s->y0)
        return r->y0 < s->y0 ? -1 : 1;
    return (r->x0 > s->x0) - (r->x0 < s->x0);
}

/* Pixels lie side by side, so their order does not matter: one path a colour. */
static void flush_rectangles(writer *w)
{
    if (w->count == 0)
        return;
    qsort(w->pending, w->count, sizeof *w->pending, by_colour);
    for (size_t i = 0; i < w->count; i++) {
        const rectangle *r = &w->pending[i];
        if (i == 0 || r->colour != w->pending[i - 1].colour)
            fprintf(w->to, "%s<path shape-rendering='crispEdges' fill='#%06x' d='", i == 0 ? "" : "'/>", r->colour);
        fprintf(w->to, "M%.5g %.5gH%.5gV%.5gH%.5gz", r->x0, r->y0, r->x1, r->y1, r->x0);
    }
    fputs("'/>", w->to);
    w->count = 0;
}

/* ---- lines ---- */

static double distance(const point *p, const point *a, const point *b)
{
    const double dx = b->x - a->x, dy = b->y - a->y, length = dx * dx + dy * dy;
    const double along = length > 0 ? fmin(fmax(((p->x - a->x) * dx + (p->y - a->y) * dy) / length, 0), 1) : 0;
    return hypot(p->x - a->x - along * dx, p->y - a->y - along * dy);
}

/* Whether all points between two lie on the line from one to the other. */
static bool is_straight(const point *line, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++)
        if (distance(&line[i], &line[from], &line[to]) > TOLERANCE)
            return false;
    return to - from < MOST_BETWEEN;
}

static void write_line(writer *w)
{
    for (size_t i = 0, last = 0; i < w->points; i++) {
        if (i > 0 && i + 1 < w->points && is_straight(w->line, last, i + 1))
            continue;
        fprintf(w->to, "%c%.1f %.1f", i == 0 ? 'M' : 'L', w->line[i].x, w->line[i].y);
        last = i;
    }
    w->points = 0;
}

static bool add_point(writer *w, double x, double y)
{
    point *grown = hf_list_grow(w->line, w->points, &w->point_room, sizeof *grown);
    w->failed = w->failed || grown == NULL;
    if (grown == NULL)
        return false;
    w->line = grown;
    w->line[w->points++] = (point){x, y};
    return true;
}

/* "M1,2 L3,4 ..." up to the quote; returns where that is, NULL: there is something else in it. */
static const char *check_line(const char *at)
{
    while (*at != '\'') {
        double x, y;
        int used = 0;
        const char command = *at;
        if (isspace((unsigned char)command)) {
            at++;
            continue;
        }
        if ((command != 'M' && command != 'L') || sscanf(at + 1, "%lf,%lf%n", &x, &y, &used) != 2 || used == 0)
            return NULL;
        at += 1 + used;
    }
    return at;
}

/* Writes the d of a path; returns where it ends. */
static const char *take_line(writer *w, const char *at)
{
    const char *end = check_line(at);
    if (end == NULL)
        return at;
    while (at < end) {
        double x = 0, y = 0;
        char *rest;
        if (isspace((unsigned char)*at)) {
            at++;
            continue;
        }
        if (*at == 'M')
            write_line(w);
        x = strtod(at + 1, &rest);
        y = strtod(rest + 1, &rest);
        at = rest;
        if (!add_point(w, x, y))
            return end;
    }
    write_line(w);
    return end;
}

/* ---- the whole ---- */

/* Where an empty group that starts here ends; NULL: it is none. */
static const char *empty_group(const char *at)
{
    if (strncmp(at, "<g ", 3) != 0)
        return NULL;
    const char *end = strchr(at, '>');
    if (end == NULL)
        return NULL;
    end += 1 + strspn(end + 1, " \t\r\n");
    return strncmp(end, "</g>", 4) == 0 ? end + 4 : NULL;
}

static void compact(writer *w, const char *at)
{
    static const char start[] = " d='";
    while (*at != '\0' && !w->failed) {
        rectangle r;
        const char *next = strncmp(at, "<polygon", 8) == 0 ? read_rectangle(at, &r) : NULL;
        if (next != NULL) {
            add_rectangle(w, &r);
            at = next;
        } else if (isspace((unsigned char)*at) && strncmp(at, start, 4) != 0) {
            if (!w->blank && w->count == 0)
                putc(' ', w->to);
            w->blank = true;
            at++;
        } else if ((next = empty_group(at)) != NULL)
            at = next;
        else {
            flush_rectangles(w);
            w->blank = false;
            if (strncmp(at, start, 4) == 0) {
                fputs(start, w->to);
                at = take_line(w, at + 4);
            } else
                putc(*at++, w->to);
        }
    }
    flush_rectangles(w);
}

hf_status hf_svg_compact(const char *svg, char **smaller, hf_error *err)
{
    size_t size;
    *smaller = NULL;
    writer w = {.to = open_memstream(smaller, &size)};
    if (w.to == NULL)
        return hf_fail_memory(err, "an image");
    compact(&w, svg);
    free(w.pending);
    free(w.line);
    if (fclose(w.to) == 0 && !w.failed)
        return HF_OK;
    free(*smaller);
    *smaller = NULL;
    return hf_fail_memory(err, "an image");
}
