/* curves: logs whose stages are known, for bench/detect.py. Arguments: a folder that is there, a seed, and how many flows.
 *
 * Every flow is sampled at 300 and 3000 points, linear and logarithmic, each with one noise: none; white, correlated (neighbours
 * by 0.9) or in proportion to the loss, with a standard deviation that is at most so large a part of the smallest drop. Then come
 * 100 curves without stages. FOLDER/NNNN.csv: step, loss, clean; FOLDER/truth.tsv: a row for every stage, or for a curve without. */
#include "curves.h"

#include "core/init.h"

#include <stdlib.h>

static const char *const noise_names[] = {"none", "white", "AR(1)", "~ loss", "t_3"};
static const curve_noise noises[] = {
    {NOISE_NONE, 0},    {NOISE_WHITE, 0.001}, {NOISE_AR, 0.001},   {NOISE_LOSS, 0.001}, {NOISE_WHITE, 0.01},
    {NOISE_AR, 0.01},   {NOISE_LOSS, 0.01},   {NOISE_WHITE, 0.03}, {NOISE_AR, 0.03},    {NOISE_LOSS, 0.03},
    {NOISE_WHITE, 0.1}, {NOISE_AR, 0.1},      {NOISE_LOSS, 0.1},
};
enum { NOISES = sizeof noises / sizeof *noises, GRIDS = 4, POINTS_LEAST = 5, NULLS = 100 };
static const size_t sizes[GRIDS] = {300, 3000, 300, 3000};
static const bool is_log[GRIDS] = {false, false, true, true};

typedef struct {
    const char *folder;
    FILE *truth;
    size_t count;
} output;

static FILE *open_in(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *stream = fopen(path, "w");
    if (stream == NULL) {
        perror(path);
        exit(1);
    }
    return stream;
}

static void write_curve(output *out, const samples *s, const double *clean)
{
    char name[32];
    snprintf(name, sizeof name, "%04zu.csv", ++out->count);
    FILE *stream = open_in(out->folder, name);
    fputs("step,loss,clean\n", stream);
    for (size_t i = 0; i < s->count; i++)
        fprintf(stream, "%.17g,%.17g,%.17g\n", s->x[i], s->y[i], clean[i]);
    fclose(stream);
}

static size_t points_between(const samples *s, double from, double to)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++)
        n += s->x[i] >= from && s->x[i] <= to;
    return n;
}

/* How many times faster a stage is than the plateaus beside it, at their slowest: the smaller of both. */
static double contrast_of(const known_flow *f, size_t i)
{
    const hf_curve *curve = &f->findings.curve;
    const known_stage *k = &f->stage[i];
    double before = INFINITY, peak = 0, after = INFINITY;
    for (size_t n = 0; n < curve->count; n++) {
        const hf_sample *at = &curve->at[n];
        if (at->t >= k->t_before && at->t <= k->t_onset)
            before = fmin(before, at->speed);
        if (at->t >= k->t_onset && at->t <= k->t_settle)
            peak = fmax(peak, at->speed);
        if (at->t >= k->t_settle && at->t <= k->t_after)
            after = fmin(after, at->speed);
    }
    return peak / fmax(before, after);
}

static void write_flow(output *out, const known_flow *f, size_t grid, size_t noise, random_source *random)
{
    curve_noise how = noises[noise];
    if (how.kind == NOISE_LOSS)
        how.size /= 10; /* which is ten times as large where the loss is that of the start */
    samples s = sample_flow(f, sizes[grid], is_log[grid], how, random);
    double *clean = calloc(s.count, sizeof *clean);
    for (size_t i = 0; i < s.count; i++)
        clean[i] = hf_curve_loss(&f->findings.curve, fmin(s.x[i], f->end));
    write_curve(out, &s, clean);
    for (size_t i = 0; i < f->count; i++) {
        const known_stage *k = &f->stage[i];
        const bool resolved = points_between(&s, k->t_before, k->t_onset) >= POINTS_LEAST &&
                              points_between(&s, k->t_settle, k->t_after) >= POINTS_LEAST;
        fprintf(out->truth, "%zu\t%s\t%g\t%s\t%zu\t%zu\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%.9g\t%d\t%d\t%.4g\n",
                out->count, noise_names[how.kind], noises[noise].size, is_log[grid] ? "log" : "linear", s.count, i + 1,
                k->t_before, k->t_onset, k->t_peak, k->t_settle, k->t_after, k->before, k->after, resolved,
                is_clear(f, i, &s), contrast_of(f, i));
    }
    free(clean);
    clear_samples(&s);
}

static void write_nulls(output *out, random_source *random)
{
    static const size_t which[] = {0, 2, 3, 4, 6, 1, 7}; /* exponential, power, straight, constant, rising, two more */
    static const curve_noise how[] = {{NOISE_NONE, 0},     {NOISE_WHITE, 0.001}, {NOISE_AR, 0.001}, {NOISE_LOSS, 0.001},
                                      {NOISE_WHITE, 0.01}, {NOISE_AR, 0.01},     {NOISE_LOSS, 0.01}};
    for (size_t n = 0; n < NULLS; n++) {
        const size_t grid = n / 7 % GRIDS;
        const curve_noise noise = how[(n + n / 28) % 7];
        samples s = sample_null(which[n % 7], sizes[grid], is_log[grid], noise, random);
        write_curve(out, &s, s.y);
        fprintf(out->truth, "%zu\t%s\t%g\t%s\t%zu\t0\tnan\tnan\tnan\tnan\tnan\tnan\tnan\t0\t0\tnan\n", out->count,
                null_names[which[n % 7]], noise.size, is_log[grid] ? "log" : "linear", s.count);
        clear_samples(&s);
    }
}

/* Whether the flow is still on its last plateau, or leaves it by the end of what is sampled. */
static bool ends_at_rest(const known_flow *f)
{
    const hf_curve *curve = &f->findings.curve;
    double least = INFINITY, last = 0;
    for (size_t i = 0; i < curve->count && curve->at[i].t <= f->end; i++)
        if (curve->at[i].t >= f->stage[f->count - 1].t_settle)
            least = fmin(least, last = curve->at[i].speed);
    return last < 1.5 * least;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    random_source random = {argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    const size_t flows = argc > 3 ? strtoul(argv[3], NULL, 10) : 100;
    output out = {argv[1], open_in(argv[1], "truth.tsv"), 0};
    hf_init();
    fputs("curve\tnoise\tsize\tgrid\tpoints\tstage\tt_before\tt_onset\tt_peak\tt_settle\tt_"
          "after\tbefore\tafter\tresolved\tclear\tcontrast\n",
          out.truth);
    for (size_t n = 0; n < flows;) {
        known_flow f;
        draw_flow(&f, &random);
        const bool good = f.good && f.least > 1e-3 * f.stage[0].before && ends_at_rest(&f);
        for (size_t g = 0; g < GRIDS && good; g++)
            write_flow(&out, &f, g, (n * GRIDS + g + n / NOISES) % NOISES, &random);
        n += good;
        clear_flow(&f);
    }
    write_nulls(&out, &random);
    return fclose(out.truth) == 0 ? 0 : 1;
}
