/* Tests of who learns a pattern with whom: departures are cooperative, heads that stay together compete, the split names
 * the departure, and nothing depends on how heads, positions and patterns are numbered or listed. */
#include "flow/departure.h"
#include "detected.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* ---- departures ---- */

static const hf_event *acquisition(const hf_findings *f, size_t pattern)
{
    for (size_t i = 0; i < count_events(f, HF_EVENT_ACQUIRED); i++)
        if (event_of(f, HF_EVENT_ACQUIRED, i)->pattern == pattern)
            return event_of(f, HF_EVENT_ACQUIRED, i);
    fail_msg("pattern %zu is not acquired", pattern);
    return NULL;
}

/* Pattern 2 is acquired by one head that leaves, before or after its attention has moved. */
static void check_departure(const char *text, bool first_is_competitive)
{
    detected_run run;
    detect(&run, text);
    const hf_event *left = acquisition(&run.findings, 2), *split = event_of(&run.findings, HF_EVENT_SPLIT, 0);
    assert_int_equal(left->mode, HF_MODE_COOPERATIVE);
    assert_true(split->head == left->head && split->pattern == 2 && split->other != split->head);
    if (first_is_competitive)
        assert_int_equal(acquisition(&run.findings, 1)->mode, HF_MODE_COMPETITIVE);
    clear_run(&run);
}

#define THREE           "heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); };\n"
#define PERTURBED(size) "init = { distribution = \"sine\"; perturbation = " size "; };\n"

static void test_a_head_that_leaves_does_not_compete(void **state)
{
    (void)state;
    check_departure(THREE "init = { start = \"saddle\"; learned = 1; scale = 6.0; distribution = \"sine\"; perturbation = "
                          "1e-6; };\nsolver = { t_end = 2e4; };",
                    false);
    check_departure(THREE PERTURBED("1e-30") "solver = { t_end = 1e5; };", true);
    check_departure(THREE PERTURBED("1e-6") "solver = { t_end = 1e4; };", true);
    check_departure(
        "heads = 3; positions = 40; target = { strengths = (1.0, 0.7); patterns = ((1, 2, 3, 4), (5, 6, 7, 8)); "
        "};\n" PERTURBED("1e-2") "solver = { t_end = 1e4; };",
        false); /* head 2 turns away from pattern 1 before that is learned */
}

/* One head of three differs. */
static void test_one_perturbed_head_leaves(void **state)
{
    (void)state;
    FILE *stream = fopen(temporary_path("start.tsv"), "w");
    assert_non_null(stream);
    fprintf(stream, "kind\thead\tindex\tvalue\n");
    for (int k = 1; k <= 3; k++) {
        for (int r = 1; r <= 2; r++)
            fprintf(stream, "value\t%d\t%d\t0\n", k, r);
        for (int i = 1; i <= 10; i++)
            fprintf(stream, "logit\t%d\t%d\t%g\n", k, i, k == 3 && i == 2 ? 1e-6 : 0);
    }
    assert_int_equal(fclose(stream), 0);
    detected_run run;
    detect(&run, "heads = 3; positions = 10; target = { strengths = (2.0, 1.0); }; init = { state = \"start.tsv\"; };\n"
                 "solver = { t_end = 1e4; };");
    const hf_event *left = acquisition(&run.findings, 2), *split = event_of(&run.findings, HF_EVENT_SPLIT, 0);
    assert_int_equal(acquisition(&run.findings, 1)->mode, HF_MODE_COMPETITIVE);
    assert_int_equal(left->mode, HF_MODE_COOPERATIVE);
    assert_true(left->head == 3 && split->head == 3 && split->pattern == 2);
    clear_run(&run);
}

/* A head on pattern 1 fits a part of pattern 2, which is more than what the one that leaves for it has when it is learned. */
static void test_who_only_fits_a_part_does_not_move(void **state)
{
    (void)state;
    hf_problem p = {.heads = 2, .patterns = 1};
    double share[] = {0.44, 0.06}, rate[] = {-0.01, 0.2};
    const hf_observation o = {.share = share, .share_rate = rate};
    hf_event event = {.kind = HF_EVENT_ACQUIRED, .t = 1, .pattern = 1};
    hf_departure_acquired(&p, &o, &event);
    assert_true(event.head == 2 && event.mode == HF_MODE_COOPERATIVE && event.value == share[1]);
    event = (hf_event){.kind = HF_EVENT_ACQUIRED, .t = 0, .pattern = 1}; /* where nothing has moved, both carry it */
    hf_departure_acquired(&p, &o, &event);
    assert_true(event.head == 1 && event.mode == HF_MODE_COMPETITIVE);
    rate[0] = 0.05; /* now it moves, too */
    event.t = 1;
    hf_departure_acquired(&p, &o, &event);
    assert_true(event.head == 1 && event.mode == HF_MODE_COMPETITIVE);
}

/* Rates of shares against differences along the flow. */
static void test_share_rates(void **state)
{
    (void)state;
    random_source random = {20261110};
    for (int i = 0; i < 12; i++) {
        problem_shape shape = {.heads = 1 + (size_t)i % 4,
                               .positions = 8,
                               .patterns = 3,
                               .replicator = i % 2,
                               .copies = i % 3,
                               .replicas = i > 5,
                               .weights = i > 6,
                               .gram = i % 4 == 1,
                               .decay = i > 8,
                               .rates = i % 5 == 2};
        hf_problem *p = random_problem(&shape, &random);
        if (i == 3 || i == 4)
            p->values = HF_VALUES_OPTIMAL, p->value_rate = 0, p->weight_decay = 1e-3;
        hf_flow *flow = make_flow(p);
        hf_flow_point *point = make_point(flow);
        hf_observation o, side;
        assert_int_equal(hf_observation_init(&o, flow->problem, NULL), HF_OK);
        assert_int_equal(hf_observation_init(&side, flow->problem, NULL), HF_OK);
        size_t size = hf_flow_size(flow), table = p->heads * p->patterns;
        double *y = random_state(flow, 1, &random), *moved = numbers(size), *up = numbers(table), h = 1e-5;
        observe_at(point, y, &o);
        hf_observe_share_rates(point, &o);
        for (size_t n = 0; n < size; n++)
            moved[n] = y[n] + h * o.velocity[n];
        observe_at(point, moved, &side);
        memcpy(up, side.share, table * sizeof *up);
        for (size_t n = 0; n < size; n++)
            moved[n] = y[n] - h * o.velocity[n];
        observe_at(point, moved, &side);
        for (size_t n = 0; n < table; n++)
            assert_true(is_close(o.share_rate[n], (up[n] - side.share[n]) / (2 * h), 1e-6, 1e-6));
        free(y), free(moved), free(up);
        hf_observation_clear(&o);
        hf_observation_clear(&side);
        hf_flow_point_free(point);
        hf_flow_free(flow);
        hf_problem_free(p);
    }
}

/* ---- numbering ---- */

enum { MOST = 16 };

/* A problem with patterns of length positions each, which overlap. */
typedef struct {
    size_t heads, positions, patterns, length;
    double strength[MOST], weight[MOST][MOST], logit[MOST][MOST];
    size_t position[MOST][MOST];
} layout;

/* New number of every head, position and pattern, and the order in which a pattern lists its positions (from 0). */
typedef struct {
    size_t head[MOST], position[MOST], pattern[MOST], listing[MOST];
} numbering;

static void shuffle(size_t count, size_t *order, random_source *random)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; random != NULL && i > 1; i--) {
        size_t j = draw_count(random, 0, i - 1), swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

static layout random_layout(int i, random_source *random)
{
    layout l = {.heads = 2 + (size_t)i % 3,
                .positions = 6 + (size_t)i % 4,
                .patterns = 2 + (size_t)i % 2,
                .length = 2 + (size_t)i % 2};
    for (size_t j = 0; j < l.patterns; j++) {
        size_t order[MOST];
        l.strength[j] = i % 3 == 0 ? 1 : 0.6 + draw_uniform(random); /* equal strengths, too */
        shuffle(l.positions, order, random);
        for (size_t e = 0; e < l.length; e++) {
            bool shared = i % 4 == 1 && j > 0; /* patterns on the very same positions */
            l.position[j][e] = shared ? l.position[0][e] : order[e];
            l.weight[j][e] = 0.2 + draw_uniform(random);
        }
    }
    for (size_t k = 0; k < l.heads; k++)
        for (size_t n = 0; n < l.positions; n++)
            l.logit[k][n] = (i % 2 == 0 ? 0.3 : 1e-3) * draw_normal(random);
    return l;
}

static void run_layout(const layout *l, const numbering *new, detected_run *run)
{
    char *text = NULL;
    size_t size, old[MOST];
    FILE *stream = open_memstream(&text, &size), *table = fopen(temporary_path("start.tsv"), "w");
    assert_true(stream != NULL && table != NULL);
    for (size_t j = 0; j < l->patterns; j++)
        old[new->pattern[j]] = j;
    fprintf(stream, "heads = %zu; positions = %zu; target = { strengths = (", l->heads, l->positions);
    for (size_t j = 0; j < l->patterns; j++)
        fprintf(stream, "%s%.17g", j > 0 ? ", " : "", l->strength[old[j]]);
    for (int weights = 0; weights < 2; weights++) {
        fprintf(stream, weights ? "); weights = (" : "); patterns = (");
        for (size_t j = 0; j < l->patterns; j++)
            for (size_t e = 0; e < l->length; e++) {
                size_t at = new->listing[e];
                fprintf(stream, "%s", e == 0 ? (j > 0 ? ", (" : "(") : ", ");
                if (weights)
                    fprintf(stream, "%.17g", l->weight[old[j]][at]);
                else
                    fprintf(stream, "%zu", new->position[l->position[old[j]][at]] + 1);
                fprintf(stream, "%s", e + 1 == l->length ? ")" : "");
            }
    }
    fprintf(stream, "); };\ninit = { state = \"start.tsv\"; }; solver = { t_end = 2000.0; };");
    fclose(stream);
    fprintf(table, "kind\thead\tindex\tvalue\n");
    for (size_t k = 0; k < l->heads; k++) {
        for (size_t r = 0; r < l->patterns; r++)
            fprintf(table, "value\t%zu\t%zu\t0\n", new->head[k] + 1, r + 1);
        for (size_t n = 0; n < l->positions; n++)
            fprintf(table, "logit\t%zu\t%zu\t%.17g\n", new->head[k] + 1, new->position[n] + 1, l->logit[k][n]);
    }
    assert_int_equal(fclose(table), 0);
    detect(run, text);
    free(text);
}

/* Whether the events are those of the plain run, renumbered. */
static bool same_events(const hf_findings *plain, const hf_findings *f, const numbering *new)
{
    bool same = count_events(plain, HF_EVENT_ACQUIRED) == count_events(f, HF_EVENT_ACQUIRED) &&
                count_events(plain, HF_EVENT_SPLIT) == count_events(f, HF_EVENT_SPLIT);
    for (size_t i = 0; i < plain->event_count && same; i++) {
        const hf_event *e = &plain->event[i];
        bool found = e->kind != HF_EVENT_ACQUIRED && e->kind != HF_EVENT_SPLIT;
        for (size_t n = 0; n < f->event_count && !found; n++) {
            const hf_event *g = &f->event[n];
            found = g->kind == e->kind && fabs(g->t - e->t) <= 1e-4 * e->t && g->mode == e->mode &&
                    g->head == new->head[e->head - 1] + 1 && g->pattern == new->pattern[e->pattern - 1] + 1;
        }
        same = found;
        if (!found)
            fprintf(stderr, "event %d at t = %g: mode %d, head %zu, pattern %zu\n", e->kind, e->t, e->mode, e->head,
                    e->pattern);
    }
    return same;
}

static void test_numbers_do_not_matter(void **state)
{
    (void)state;
    random_source random = {20261111};
    size_t acquired = 0, cooperative = 0, splits = 0;
    for (int i = 0; i < 24; i++) {
        const layout l = random_layout(i, &random);
        numbering plain = {0};
        detected_run run;
        shuffle(l.heads, plain.head, NULL), shuffle(l.positions, plain.position, NULL);
        shuffle(l.patterns, plain.pattern, NULL), shuffle(l.length, plain.listing, NULL);
        run_layout(&l, &plain, &run);
        for (size_t e = 0; e < run.findings.event_count; e++) {
            acquired += run.findings.event[e].kind == HF_EVENT_ACQUIRED;
            cooperative += run.findings.event[e].mode == HF_MODE_COOPERATIVE;
            splits += run.findings.event[e].kind == HF_EVENT_SPLIT;
        }
        for (int what = 0; what < 5; what++) { /* heads, positions, listing, patterns, all */
            numbering new = plain;
            detected_run other;
            if (what == 0 || what == 4)
                shuffle(l.heads, new.head, &random);
            if (what == 1 || what == 4)
                shuffle(l.positions, new.position, &random);
            if (what == 2 || what == 4)
                shuffle(l.length, new.listing, &random);
            if (what == 3 || what == 4)
                shuffle(l.patterns, new.pattern, &random);
            run_layout(&l, &new, &other);
            if (!same_events(&run.findings, &other.findings, &new))
                fail_msg("problem %d, renumbering %d", i, what);
            clear_run(&other);
        }
        clear_run(&run);
    }
    assert_true(acquired > 30 && cooperative > 10 && cooperative < acquired && splits > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_head_that_leaves_does_not_compete),
        cmocka_unit_test(test_one_perturbed_head_leaves),
        cmocka_unit_test(test_who_only_fits_a_part_does_not_move),
        cmocka_unit_test(test_share_rates),
        cmocka_unit_test(test_numbers_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
