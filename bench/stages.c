/* stages: how many stages of noisy curves are missed and invented (make bench). Arguments:
 * seed, number of flows, and anything more to see each that was missed or invented. */
#include "curves.h"

#include "core/init.h"

#include <stdlib.h>
#include <string.h>

static const char *const noise_names[] = {"none", "white", "AR(1)", "~ loss", "t_3"};
static const curve_noise noises[] = {
    {NOISE_NONE, 0},    {NOISE_WHITE, 0.001}, {NOISE_WHITE, 0.01}, {NOISE_WHITE, 0.03}, {NOISE_WHITE, 0.1},
    {NOISE_AR, 0.001},  {NOISE_AR, 0.01},     {NOISE_AR, 0.03},    {NOISE_AR, 0.1},     {NOISE_LOSS, 0.001},
    {NOISE_LOSS, 0.01}, {NOISE_LOSS, 0.03},   {NOISE_LOSS, 0.1},
};
enum { NOISES = sizeof noises / sizeof *noises, GRIDS = 4 };
static const curve_noise null_noises[] = {{NOISE_NONE, 0},    {NOISE_WHITE, 0.01}, {NOISE_WHITE, 0.05},
                                          {NOISE_AR, 0.01},   {NOISE_AR, 0.05},    {NOISE_LOSS, 0.01},
                                          {NOISE_LOSS, 0.05}, {NOISE_HEAVY, 0.01}, {NOISE_HEAVY, 0.05}};
enum { NULL_NOISES = sizeof null_noises / sizeof *null_noises };
static const size_t sizes[GRIDS] = {300, 3000, 300, 3000};
static const bool is_log[GRIDS] = {false, false, true, true};

static void look(const samples *s, hf_search_result *r)
{
    hf_error err = {0};
    if (hf_search_run(r, s->count, s->x, s->y, &hf_search_usual, &err) != HF_OK) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
}

/* What was missed or invented. */
static void show(const known_flow *f, const samples *s, const hf_search_result *r, size_t grid, size_t noise)
{
    printf("## grid %s %zu, noise %s %g\n%s\n", is_log[grid] ? "log" : "linear", sizes[grid],
           noise_names[noises[noise].kind], noises[noise].size, f->text);
    for (size_t i = 0; i < f->count; i++)
        printf("  known %g %g %g  %g -> %g %s\n", f->stage[i].t_onset, f->stage[i].t_peak, f->stage[i].t_settle,
               f->stage[i].before, f->stage[i].after, is_clear(f, i, s) ? "clear" : "");
    for (size_t i = 0; i < r->stage_count; i++)
        printf("  found %g %g %g %g  %g -> %g  strength %g rows %zu\n", r->stage[i].t_onset, r->stage[i].t_half,
               r->stage[i].t_peak, r->stage[i].t_settle, r->stage[i].before, r->stage[i].after, r->stage[i].strength,
               r->stage[i].rows);
}

/* Curves that have none. */
static void look_at_nulls(random_source *random)
{
    size_t curves = 0, invented = 0;
    for (size_t which = 0; which < NULL_CURVES; which++)
        for (size_t k = 0; k < NULL_NOISES * GRIDS; k++) {
            samples s = sample_null(which, sizes[k % GRIDS], is_log[k % GRIDS], null_noises[k / GRIDS], random);
            hf_search_result r;
            look(&s, &r);
            curves++;
            invented += r.stage_count;
            if (r.stage_count > 0)
                printf("# %s, %s %g, %s %zu: %zu\n", null_names[which], noise_names[s.kind], null_noises[k / GRIDS].size,
                       is_log[k % GRIDS] ? "log" : "linear", s.count, r.stage_count);
            hf_search_clear(&r);
            clear_samples(&s);
        }
    printf("# without stages: %zu curves, %zu invented\n", curves, invented);
}

static void look_at_flow(const known_flow *f, random_source *random, bool verbose, score by_noise[NOISES],
                         score by_grid[GRIDS], score *all)
{
    for (size_t g = 0; g < GRIDS; g++)
        for (size_t k = 0; k < NOISES; k++) {
            samples s = sample_flow(f, sizes[g], is_log[g], noises[k], random);
            hf_search_result r;
            look(&s, &r);
            const score before = *all;
            judge(f, &s, &r, all);
            judge(f, &s, &r, &by_noise[k]);
            judge(f, &s, &r, &by_grid[g]);
            if (verbose && (all->missed > before.missed || all->invented > before.invented))
                show(f, &s, &r, g, k);
            hf_search_clear(&r);
            clear_samples(&s);
        }
}

int main(int argc, char **argv)
{
    random_source random = {argc > 1 ? strtoull(argv[1], NULL, 10) : 1};
    const size_t flows = argc > 2 ? strtoul(argv[2], NULL, 10) : 50;
    const bool verbose = argc > 3;
    score by_noise[NOISES] = {0}, by_grid[GRIDS] = {0}, all = {0};
    hf_init();
    for (size_t n = 0; n < flows;) {
        known_flow f;
        draw_flow(&f, &random);
        if (f.good)
            look_at_flow(&f, &random, verbose, by_noise, by_grid, &all);
        n += f.good;
        clear_flow(&f);
    }
    printf("noise\tsize\tcurves\tclear\tmissed\tknown\tfound\tinvented\tpeak_off\n");
    for (size_t k = 0; k < NOISES; k++) {
        const score *s = &by_noise[k];
        printf("%s\t%g\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\t%.3g\n", noise_names[noises[k].kind], noises[k].size, s->curves,
               s->clear, s->missed, s->known, s->known_found, s->invented, s->peak_off);
    }
    for (size_t g = 0; g < GRIDS; g++)
        printf("# %s %zu: %zu of %zu missed, %zu invented\n", is_log[g] ? "log" : "linear", sizes[g], by_grid[g].missed,
               by_grid[g].clear, by_grid[g].invented);
    printf("# all: %zu curves, %zu of %zu clear stages missed (%.1f %%), %zu of %zu known found, %zu invented\n",
           all.curves, all.missed, all.clear, 100.0 * (double)all.missed / (double)all.clear, all.known_found, all.known,
           all.invented);
    look_at_nulls(&random);
    return 0;
}
