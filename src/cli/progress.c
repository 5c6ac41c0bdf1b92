#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { NOTHING, FLOWS, TRAINING, TASKS };

static const double often = 0.2;    /* seconds between lines of a terminal */
static const double seldom = 30;    /* between lines elsewhere, */
static const double at_least = 2;   /* but not more often than this */
static const double first_look = 1; /* seconds of training after which it is known how long it takes */
static const double is_long = 60;   /* seconds from which on that is told */

void hf_cli_progress_duration(double seconds, char *text)
{
    const size_t size = 32;
    const double s = fmax(ceil(seconds), 0), m = ceil(s / 60), h = ceil(s / 3600);
    if (s < 100)
        snprintf(text, size, "%.0f s", s);
    else if (m < 100)
        snprintf(text, size, "%.0f min", m);
    else if (m < 48 * 60)
        snprintf(text, size, "%.0f h %.0f min", floor(m / 60), fmod(m, 60));
    else
        snprintf(text, size, "%.0f d %.0f h", floor(h / 24), fmod(h, 24));
}

/* Whole ones; what rounding has taken from the last is given back. */
static double percent(double share)
{
    return floor(100 * share + 1e-9);
}

/* Begins a kind of work of which done is behind. */
static void begin(hf_cli_progress *p, int kind, double done)
{
    if (p->kind == kind)
        return;
    p->kind = kind;
    p->since = p->now(p->clock);
    if (kind == FLOWS || p->shown == 0)
        p->shown = p->since;
    p->base = done;
    p->tenth = 0;
}

/* Seconds until all of work is done; nan: unknown. */
static double time_left(const hf_cli_progress *p, double done, double work)
{
    const double elapsed = p->now(p->clock) - p->since, made = done - p->base;
    return made > 0 ? elapsed * fmax(work - done, 0) / made : NAN;
}

/* Whether a line may be due at all: what is asked after every step. */
static bool may_be_due(const hf_cli_progress *p)
{
    return p->now(p->clock) - p->shown >= (p->terminal ? often : at_least);
}

/* Whether the next line is due, in which share (0 to 1) of the work is done; begins it. */
static bool begin_line(hf_cli_progress *p, double share)
{
    const double now = p->now(p->clock), since = now - p->shown, tenth = floor(percent(share) / 10);
    const bool due = p->terminal ? since >= often : since >= seldom || (since >= at_least && tenth > p->tenth);
    if (!due)
        return false;
    p->shown = now;
    p->tenth = tenth;
    p->is_written = p->terminal;
    fputs(p->terminal ? "\r" : "headflow: ", p->stream);
    return true;
}

static void end_line(const hf_cli_progress *p, double left, const char *then)
{
    char text[32];
    if (!isnan(left)) {
        hf_cli_progress_duration(left, text);
        fprintf(p->stream, "; %s left%s", text, then);
    }
    fputs(p->terminal ? "\033[K" : "\n", p->stream);
    fflush(p->stream);
}

/* ---- flows ---- */

/* Steps are spread evenly over log t, roughly: so is the time they take. */
static double share_of_flow(const hf_run_progress *now)
{
    const double from = fmin(now->t_first, now->t_end), all = log(now->t_end / from);
    if (!(now->t > from) || !(all > 0))
        return 0;
    return fmin(log(now->t / from) / all, 1);
}

void hf_cli_progress_flow(void *progress, const hf_run_progress *now)
{
    hf_cli_progress *p = progress;
    const char *part = now->part == NULL ? "flow" : now->part;
    const bool is_same = strcmp(p->part, part) == 0;
    if (p->kind == FLOWS && is_same && !may_be_due(p))
        return;
    if (p->kind == FLOWS && !is_same)
        p->flow++;
    snprintf(p->part, sizeof p->part, "%s", part);
    const double flows = fmax((double)p->flows, 1), done = (double)p->flow + share_of_flow(now);
    begin(p, FLOWS, done);
    if (!begin_line(p, done / flows))
        return;
    fprintf(p->stream, "%s, %.0f %%: t = %.4g of %g, loss %.4g, %zu stage%s so far", part, percent(share_of_flow(now)),
            now->t, now->t_end, now->loss, now->stages, now->stages == 1 ? "" : "s");
    end_line(p, time_left(p, done, flows), p->trains ? ", then the training" : "");
}

/* ---- training ---- */

/* Once, as soon as it is known how long the training takes. */
static void tell_estimate(hf_cli_progress *p, const hf_training_progress *now)
{
    char text[32];
    const double elapsed = p->now(p->clock) - p->since, left = time_left(p, now->done, now->work);
    if (p->estimated || elapsed < first_look || isnan(left))
        return;
    p->estimated = true;
    if (elapsed + left < is_long)
        return;
    hf_cli_progress_duration(elapsed + left, text);
    hf_cli_progress_end(p);
    fprintf(p->stream, "headflow: the training takes about %s", text);
    if (now->parts > 1)
        fprintf(p->stream, " (%zu rungs)", now->parts);
    else
        fprintf(p->stream, " (%zu seed%s of %" PRIu64 " steps)", now->seeds, now->seeds == 1 ? "" : "s",
                now->steps / now->seeds);
    fprintf(p->stream, "%s%s\n", p->cheaper == NULL ? "" : "; cheaper: ", p->cheaper == NULL ? "" : p->cheaper);
    fflush(p->stream);
}

void hf_cli_progress_training(void *progress, const hf_training_progress *now)
{
    hf_cli_progress *p = progress;
    const double share = now->work > 0 ? now->done / now->work : 0;
    begin(p, TRAINING, now->done);
    tell_estimate(p, now);
    if (!begin_line(p, share))
        return;
    fprintf(p->stream, "training, %.0f %%: ", percent(share));
    if (now->parts > 1)
        fprintf(p->stream, "%s (%zu of %zu), ", now->part, now->number, now->parts);
    fprintf(p->stream, "step %" PRIu64 " of %" PRIu64, now->step, now->steps);
    if (!isnan(now->t))
        fprintf(p->stream, ", t = %.4g", now->t);
    fprintf(p->stream, ", loss %.4g", now->loss);
    if (now->stages > 0)
        fprintf(p->stream, ", %zu of the flow's %zu stage%s", now->reached, now->stages, now->stages == 1 ? "" : "s");
    end_line(p, time_left(p, now->done, now->work), "");
}

/* ---- tasks ---- */

void hf_cli_progress_tasks(void *progress, const hf_sweep_progress *now)
{
    hf_cli_progress *p = progress;
    const size_t ended = now->done + now->failed;
    const double all = (double)now->total;
    begin(p, TASKS, 0);
    if (!begin_line(p, all > 0 ? (double)ended / all : 0))
        return;
    fprintf(p->stream, "%zu of %zu tasks done", now->done, now->total);
    if (now->failed > 0)
        fprintf(p->stream, ", %zu failed", now->failed);
    if (ended > 0)
        fprintf(p->stream, ", %.3g a second", (double)ended / (p->now(p->clock) - p->since));
    end_line(p, time_left(p, (double)ended, all), "");
}

void hf_cli_progress_end(hf_cli_progress *p)
{
    if (p->is_written)
        fputs("\r\033[K", p->stream);
    p->is_written = false;
}
