#define _XOPEN_SOURCE 700 /* nftw */
#include "support.h"
#include "config/fill.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool within(const char *what, double got, double limit)
{
    bool good = got <= limit;
    if (!good || getenv("HF_TEST_MARGINS") != NULL)
        fprintf(stderr, "%s%s: %.3g, limit %.3g\n", good ? "margin: " : "got ", what, got, limit);
    return good;
}

double relative_error(size_t count, const double *got, const long double *want)
{
    long double error = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(got[i]))
            return (double)NAN;
        error = fmaxl(error, fabsl((long double)got[i] - want[i]));
        size = fmaxl(size, fabsl(want[i]));
    }
    return (double)(size > 0 ? error / size : error);
}

double *numbers(size_t count)
{
    double *x = calloc(count > 0 ? count : 1, sizeof *x);
    assert_non_null(x);
    return x;
}

long double *long_numbers(size_t count)
{
    long double *x = calloc(count > 0 ? count : 1, sizeof *x);
    assert_non_null(x);
    return x;
}

/* ---- random numbers ---- */

static uint64_t draw(random_source *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double draw_uniform(random_source *random)
{
    return (double)(draw(random) >> 11) / 9007199254740992.0;
}

double draw_normal(random_source *random)
{
    double radius = sqrt(-2 * log(1 - draw_uniform(random)));
    return radius * cos(2 * acos(-1.0) * draw_uniform(random));
}

size_t draw_count(random_source *random, size_t low, size_t high)
{
    return low + (size_t)(draw(random) % (high - low + 1));
}

/* ---- files ---- */

static char folder[] = "/tmp/headflow-test-XXXXXX";
static bool have_folder;

static pid_t owner; /* a child that ends must not take its parent's folder away */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void remove_folder(void)
{
    if (getpid() == owner)
        remove_tree(folder);
}

const char *temporary_folder(void)
{
    if (!have_folder) {
        assert_non_null(mkdtemp(folder));
        have_folder = true;
        owner = getpid();
        atexit(remove_folder);
    }
    return folder;
}

const char *temporary_path(const char *name)
{
    static char path[sizeof folder + 64];
    temporary_folder();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

void write_text(const char *path, const char *text, size_t size)
{
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

const char *data_path(const char *name)
{
    static char path[4096];
    const char *source = getenv("srcdir");
    char here[2048] = "";
    source = source == NULL || *source == '\0' ? "." : source;
    if (source[0] != '/')
        assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/%.1024s/tests/data/%.128s", here, source, name);
    return path;
}

char *read_bytes(const char *path, size_t *size)
{
    hf_error err = {0};
    char *text;
    size_t count;
    if (hf_file_read(path, &text, &count, &err) != HF_OK)
        fail_msg("%s", err.message);
    if (size != NULL)
        *size = count;
    return text;
}

void assert_same_bytes(const char *path, const char *other)
{
    size_t size, other_size;
    char *text = read_bytes(path, &size), *other_text = read_bytes(other, &other_size);
    if (size != other_size || memcmp(text, other_text, size) != 0)
        fail_msg("%s and %s differ", path, other);
    free(text);
    free(other_text);
}

hf_tsv read_tsv(const char *path)
{
    hf_error err = {0};
    hf_tsv table;
    if (hf_tsv_read(&table, path, &err) != HF_OK)
        fail_msg("%s", err.message);
    return table;
}

static size_t column_of(const hf_tsv *table, const char *name)
{
    size_t column = 0;
    while (column < table->columns && strcmp(hf_tsv_name(table, column), name) != 0)
        column++;
    if (column == table->columns)
        fail_msg("%s has no column %s", table->path, name);
    return column;
}

const char *text_in(const hf_tsv *table, size_t row, const char *name)
{
    assert_true(row < table->rows);
    return hf_tsv_text(table, row, column_of(table, name));
}

double number_in(const hf_tsv *table, size_t row, const char *name)
{
    double number;
    assert_true(row < table->rows);
    if (!hf_tsv_number(table, row, column_of(table, name), &number))
        fail_msg("%s, row %zu: %s is no number: %s", table->path, row, name, text_in(table, row, name));
    return number;
}

number_table read_table(const char *name)
{
    hf_tsv text = read_tsv(data_path(name));
    number_table table = {.rows = text.rows, .columns = text.columns};
    table.name = calloc(table.columns, sizeof *table.name);
    table.at = numbers(table.rows * table.columns);
    assert_non_null(table.name);
    for (size_t c = 0; c < table.columns; c++) {
        snprintf(table.name[c], sizeof *table.name, "%s", hf_tsv_name(&text, c));
        for (size_t i = 0; i < table.rows; i++)
            table.at[i * table.columns + c] = number_in(&text, i, table.name[c]);
    }
    hf_tsv_clear(&text);
    return table;
}

void clear_table(number_table *table)
{
    free(table->name);
    free(table->at);
    *table = (number_table){0};
}

/* ---- problems ---- */

hf_status try_problem(const char *text, hf_problem **problem, hf_error *err)
{
    hf_config config;
    const char *path = temporary_path("model.conf");
    write_text(path, text, strlen(text));
    hf_status status = hf_config_read(&config, path, 0, NULL, err);
    if (status != HF_OK)
        return status;
    status = hf_fill_create_problem(&config, problem, err);
    hf_config_clear(&config);
    return status;
}

hf_problem *make_problem(const char *format, ...)
{
    static char text[16384];
    hf_error err = {0};
    hf_problem *problem = NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (try_problem(text, &problem, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    return problem;
}

const char *describe(const problem_shape *s)
{
    static char text[256];
    snprintf(text, sizeof text, "H=%zu T=%zu J=%zu outside=%zu%s%s%s%s%s%s%s%s%s", s->heads, s->positions, s->patterns,
             s->outside, s->replicator ? " replicator" : "", s->copies ? " copies" : "", s->replicas ? " replicas" : "",
             s->weights ? " weights" : "", s->gram ? " gram" : "", s->decay ? " decay" : "", s->rates ? " rates" : "",
             s->test ? " test" : "", s->drift ? " drift" : "");
    return text;
}

/* (a, b, ...) of count integers */
static void print_counts(FILE *stream, size_t count, size_t highest, random_source *random)
{
    for (size_t i = 0; i < count; i++)
        fprintf(stream, "%s%zu", i == 0 ? "(" : ", ", draw_count(random, 1, highest));
    fprintf(stream, ")");
}

/* Each pattern: a run of up to four positions from a random start, weighted. */
static void print_patterns(FILE *stream, const problem_shape *s, random_source *random)
{
    size_t length[64];
    assert_true(s->patterns <= 64);
    fprintf(stream, "patterns = (");
    for (size_t j = 0; j < s->patterns; j++) {
        length[j] = draw_count(random, 1, s->positions < 4 ? s->positions : 4);
        size_t start = draw_count(random, 1, s->positions - length[j] + 1);
        for (size_t e = 0; e < length[j]; e++)
            fprintf(stream, "%s%zu", e > 0 ? ", " : j > 0 ? "), (" : "(", start + e);
    }
    fprintf(stream, "));\nweights = (");
    for (size_t j = 0; j < s->patterns; j++)
        for (size_t e = 0; e < length[j]; e++)
            fprintf(stream, "%s%.17g", e > 0 ? ", " : j > 0 ? "), (" : "(", 0.2 + draw_uniform(random));
    fprintf(stream, "));\n");
}

/* One row a feature; rows are equal where the features cannot be told apart. */
static void print_variances(FILE *stream, const problem_shape *s, random_source *random)
{
    bool alike = s->gram || s->outside > 0 || s->drift;
    random_source again = *random;
    fprintf(stream, "weights = (");
    for (size_t j = 0; j < s->patterns; j++) {
        if (alike)
            *random = again;
        for (size_t i = 0; i < s->positions; i++)
            fprintf(stream, "%s%.17g", i > 0 ? ", " : j > 0 ? "), (" : "(", 0.3 + draw_uniform(random));
    }
    fprintf(stream, "));\n");
}

static void print_gram(FILE *stream, const problem_shape *s)
{
    fprintf(stream, "gram = (");
    for (size_t j = 0; j < s->patterns; j++)
        for (size_t l = 0; l < s->patterns; l++)
            fprintf(stream, "%s%.17g", l > 0 ? ", " : j > 0 ? "), (" : "(", j == l ? 1.5 : 0.4);
    fprintf(stream, "));\n");
}

static void write_start(const problem_shape *s, random_source *random)
{
    FILE *stream = fopen(temporary_path("start.tsv"), "w");
    assert_non_null(stream);
    fprintf(stream, "# a random start\nkind\thead\tindex\tvalue\n");
    for (size_t k = 1; k <= s->heads; k++) {
        for (size_t r = 1; r <= s->patterns + s->outside; r++)
            fprintf(stream, "value\t%zu\t%zu\t%.17g\n", k, r, 0.5 * draw_normal(random));
        for (size_t i = 1; i <= s->positions; i++)
            fprintf(stream, "logit\t%zu\t%zu\t%.17g\n", k, i, 0.5 * draw_normal(random));
    }
    assert_int_equal(fclose(stream), 0);
}

hf_problem *random_problem(const problem_shape *s, random_source *random)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    fprintf(stream, "heads = %zu;\npositions = %zu;\ntarget = {\nstrengths = (", s->heads, s->positions);
    for (size_t j = 0; j < s->patterns; j++)
        fprintf(stream, "%s%.17g", j > 0 ? ", " : "", 0.5 + 2 * draw_uniform(random));
    fprintf(stream, ");\n");
    print_patterns(stream, s, random);
    if (s->gram)
        print_gram(stream, s);
    fprintf(stream, "};\ndata = {\n");
    for (size_t list = 0; list < 2; list++)
        if (list == 0 ? s->copies : s->replicas) {
            fprintf(stream, list == 0 ? "copies = " : "replicas = ");
            print_counts(stream, s->positions, list == 0 ? 3 : 5, random);
            fprintf(stream, ";\n");
        }
    if (s->weights)
        print_variances(stream, s, random);
    if (s->test) {
        fprintf(stream, "};\ntest = {\n");
        print_variances(stream, s, random);
    }
    fprintf(stream, "};\ninit = { state = \"start.tsv\"; };\nflow = {\n");
    if (s->attention != NULL)
        fprintf(stream, "attention = \"%s\";\n", s->attention);
    if (s->replicator)
        fprintf(stream, "geometry = \"replicator\";\n");
    if (s->decay)
        fprintf(stream, "weight_decay = 0.07;\n");
    if (s->rates)
        fprintf(stream, "value_rate = 0.6; attention_rate = 1.7;\n");
    if (s->drift)
        fprintf(stream, "sgd_drift = { lr = 0.2; batch = 16; dim = 10; noise = 0.4; };\n");
    fprintf(stream, "};\n");
    fclose(stream);
    write_start(s, random);

    hf_problem *problem = NULL;
    hf_error err = {0};
    if (try_problem(text, &problem, &err) != HF_OK)
        fail_msg("%s\nof the model\n%s", err.message, text);
    free(text);
    return problem;
}

hf_flow *make_flow(const hf_problem *problem)
{
    hf_flow *flow = NULL;
    assert_int_equal(hf_flow_create(&flow, problem, NULL), HF_OK);
    return flow;
}

hf_flow_point *make_point(const hf_flow *flow)
{
    hf_flow_point *point = NULL;
    assert_int_equal(hf_flow_point_create(&point, flow, NULL), HF_OK);
    return point;
}

void observe_at(hf_flow_point *point, const double *y, hf_observation *observation)
{
    hf_flow_at(point, y);
    hf_observe(point, y, observation);
}

double *random_state(const hf_flow *flow, double contrast, random_source *random)
{
    const hf_problem *p = flow->problem;
    size_t values = p->heads * p->features;
    double *y = numbers(hf_flow_size(flow));
    for (size_t i = 0; i < values; i++)
        y[i] = (i < p->features ? 1 : contrast) * 0.7 * draw_normal(random);
    for (size_t n = 0; n < p->heads; n++) {
        double *a = y + values + n * p->positions, mean = 0;
        for (size_t i = 0; i < p->positions; i++) {
            a[i] = draw_normal(random);
            mean += p->multiplicity[i] * a[i] / p->total;
        }
        for (size_t i = 0; i < p->positions; i++)
            a[i] = (n == 0 ? 1 : contrast) * (a[i] - mean);
    }
    return y;
}

void clear_flow_setting(flow_setting *s)
{
    free(s->y);
    hf_flow_point_free(s->point);
    hf_flow_free(s->flow);
    hf_problem_free(s->problem);
}

/* ---- the flow again ---- */

static void block_to_heads(const hf_basis *basis, size_t width, const double *modes, long double *x)
{
    for (size_t k = 0; k < basis->heads; k++)
        for (size_t i = 0; i < width; i++) {
            x[k * width + i] = 0;
            for (size_t n = 0; n < basis->heads; n++)
                x[k * width + i] += (long double)basis->q[n * basis->heads + k] * modes[n * width + i];
        }
}

void to_heads(const hf_flow *flow, const double *y, long double *x)
{
    const hf_problem *p = flow->problem;
    block_to_heads(flow->basis, p->features, y, x);
    block_to_heads(flow->basis, p->positions, y + p->heads * p->features, x + p->heads * p->features);
}

/* s (H, T), pull omega E (R, T) and residual E (R, T), the loss without decay; g of the loss and turned_g = g - beta w s of
 * the velocity (H, T), with their means under s (H) and w (T) */
typedef struct {
    long double *s, *residual, *pull, *g, *mean_g, *turned_g, *mean_turned, *weight, loss, beta;
} naive_terms;

static naive_terms naive_evaluate(const hf_problem *p, const long double *x)
{
    size_t H = p->heads, T = p->positions, R = p->features;
    const long double *v = x, *a = x + H * R;
    naive_terms t = {.s = long_numbers(H * T),
                     .residual = long_numbers(R * T),
                     .pull = long_numbers(R * T),
                     .g = long_numbers(H * T),
                     .mean_g = long_numbers(H),
                     .turned_g = long_numbers(H * T),
                     .mean_turned = long_numbers(H),
                     .weight = long_numbers(T)};
    for (size_t k = 0; k < H; k++) {
        long double largest = a[k * T], sum = 0;
        for (size_t i = 0; i < T; i++)
            largest = fmaxl(largest, a[k * T + i]);
        for (size_t i = 0; i < T; i++)
            sum += (long double)p->replicas[i] * p->copies[i] * expl(a[k * T + i] - largest);
        for (size_t i = 0; i < T; i++)
            t.s[k * T + i] = expl(a[k * T + i] - largest) / sum;
    }
    for (size_t r = 0; r < R; r++)
        for (size_t i = 0; i < T; i++) {
            long double e = p->target[r * T + i];
            for (size_t k = 0; k < H; k++)
                e -= v[k * R + r] * p->copies[i] * t.s[k * T + i];
            t.residual[r * T + i] = e;
            t.pull[r * T + i] = p->variance[r * T + i] * e;
            t.loss += p->replicas[i] * t.pull[r * T + i] * e / 2;
        }
    t.beta = 2 * (long double)p->kappa * (t.loss + p->noise_floor);
    for (size_t i = 0; i < T; i++)
        t.weight[i] = (long double)p->copies[i] * p->variance[i];
    for (size_t k = 0; k < H; k++)
        for (size_t i = 0; i < T; i++) {
            for (size_t r = 0; r < R; r++)
                t.g[k * T + i] += t.pull[r * T + i] * v[k * R + r];
            t.mean_g[k] += (long double)p->replicas[i] * p->copies[i] * t.s[k * T + i] * t.g[k * T + i];
            t.turned_g[k * T + i] = t.g[k * T + i] - t.beta * t.weight[i] * t.s[k * T + i];
            t.mean_turned[k] += (long double)p->replicas[i] * p->copies[i] * t.s[k * T + i] * t.turned_g[k * T + i];
        }
    return t;
}

static void naive_free(naive_terms *t)
{
    free(t->s);
    free(t->residual);
    free(t->pull);
    free(t->g);
    free(t->mean_g);
    free(t->turned_g);
    free(t->mean_turned);
    free(t->weight);
}

void naive_flow(const hf_problem *p, const long double *x, long double *velocity, long double *loss, long double *speed)
{
    size_t H = p->heads, T = p->positions, R = p->features;
    naive_terms t = naive_evaluate(p, x);
    long double lambda = p->weight_decay, P = 0, L = t.loss;
    for (size_t k = 0; k < H; k++) {
        for (size_t r = 0; r < R; r++) {
            long double slope = -lambda * x[k * R + r];
            for (size_t i = 0; i < T; i++)
                slope += p->replicas[i] * t.pull[r * T + i] * p->copies[i] * t.s[k * T + i];
            L += lambda / 2 * x[k * R + r] * x[k * R + r];
            P += p->value_rate * slope * slope;
            if (velocity != NULL)
                velocity[k * R + r] = p->value_rate * slope;
        }
        long double average = 0, count = 0;
        for (size_t i = 0; i < T; i++) {
            count += (long double)p->replicas[i] * p->copies[i];
            average += (long double)p->replicas[i] * p->copies[i] * t.turned_g[k * T + i];
        }
        average /= count;
        for (size_t i = 0; i < T; i++) {
            long double ascent = t.s[k * T + i] * (t.g[k * T + i] - t.mean_g[k]);
            long double v = p->geometry == HF_GEOMETRY_LOGIT ? t.s[k * T + i] * (t.turned_g[k * T + i] - t.mean_turned[k])
                                                             : t.turned_g[k * T + i] - average;
            P += p->attention_rate * p->replicas[i] * p->copies[i] * ascent * v;
            if (velocity != NULL)
                velocity[H * R + k * T + i] = p->attention_rate * v;
        }
    }
    naive_free(&t);
    if (loss != NULL)
        *loss = L;
    if (speed != NULL)
        *speed = P;
}

void naive_jacobian_times(const hf_problem *p, const long double *x, const long double *dx, long double *result)
{
    size_t H = p->heads, T = p->positions, R = p->features;
    const long double *v = x, *dv = dx, *da = dx + H * R;
    naive_terms t = naive_evaluate(p, x);
    long double *ds = long_numbers(H * T), *dpull = long_numbers(R * T), *dg = long_numbers(H * T), count = 0;
    for (size_t k = 0; k < H; k++) {
        long double mean = 0;
        for (size_t i = 0; i < T; i++)
            mean += (long double)p->replicas[i] * p->copies[i] * t.s[k * T + i] * da[k * T + i];
        for (size_t i = 0; i < T; i++)
            ds[k * T + i] = t.s[k * T + i] * (da[k * T + i] - mean);
    }
    for (size_t r = 0; r < R; r++)
        for (size_t i = 0; i < T; i++)
            for (size_t k = 0; k < H; k++)
                dpull[r * T + i] -= (long double)p->variance[r * T + i] * p->copies[i] *
                                    (dv[k * R + r] * t.s[k * T + i] + v[k * R + r] * ds[k * T + i]);
    for (size_t i = 0; i < T; i++)
        count += (long double)p->replicas[i] * p->copies[i];
    long double dloss = 0; /* dL = sum_i r_i sum_r E omega dE */
    for (size_t r = 0; r < R; r++)
        for (size_t i = 0; i < T; i++)
            dloss += p->replicas[i] * t.residual[r * T + i] * dpull[r * T + i];
    for (size_t k = 0; k < H; k++) {
        long double dmean = 0, daverage = 0;
        for (size_t r = 0; r < R; r++) {
            long double sum = -(long double)p->weight_decay * dv[k * R + r];
            for (size_t i = 0; i < T; i++)
                sum += (long double)p->replicas[i] * p->copies[i] *
                       (dpull[r * T + i] * t.s[k * T + i] + t.pull[r * T + i] * ds[k * T + i]);
            result[k * R + r] = p->value_rate * sum;
        }
        for (size_t i = 0; i < T; i++) {
            long double n = (long double)p->replicas[i] * p->copies[i];
            for (size_t r = 0; r < R; r++)
                dg[k * T + i] += dpull[r * T + i] * v[k * R + r] + t.pull[r * T + i] * dv[k * R + r];
            dg[k * T + i] -= t.weight[i] * (t.beta * ds[k * T + i] + 2 * p->kappa * dloss * t.s[k * T + i]);
            dmean += n * (ds[k * T + i] * t.turned_g[k * T + i] + t.s[k * T + i] * dg[k * T + i]);
            daverage += n * dg[k * T + i] / count;
        }
        for (size_t i = 0; i < T; i++)
            result[H * R + k * T + i] =
                p->attention_rate *
                (p->geometry == HF_GEOMETRY_LOGIT
                     ? ds[k * T + i] * (t.turned_g[k * T + i] - t.mean_turned[k]) + t.s[k * T + i] * (dg[k * T + i] - dmean)
                     : dg[k * T + i] - daverage);
    }
    free(ds);
    free(dpull);
    free(dg);
    naive_free(&t);
}

/* ---- runs ---- */

/* The flow at a time within the last step. */
static void look(test_run *r, double t)
{
    hf_integrator_interpolate(r->integrator, t, r->y, &r->energy);
    assert_true(hf_flow_at(r->point, r->y));
    r->loss = r->point->loss;
}

test_run start_run(hf_problem *problem, double rtol, double atol)
{
    test_run r = {.problem = problem, .flow = make_flow(problem)};
    hf_error err = {0};
    if (hf_integrator_create(&r.integrator, hf_flow_system(r.flow), rtol, atol, &err) != HF_OK)
        fail_msg("%s", err.message);
    r.point = make_point(r.flow);
    r.y = numbers(hf_flow_size(r.flow));
    look(&r, 0);
    r.loss_at_start = r.loss;
    return r;
}

void end_run(test_run *r)
{
    hf_integrator_free(r->integrator);
    hf_flow_point_free(r->point);
    hf_flow_free(r->flow);
    hf_problem_free(r->problem);
    free(r->y);
    *r = (test_run){0};
}

void step(test_run *r)
{
    hf_error err = {0};
    hf_status status = HF_OK;
    if (hf_integrator_at_boundary(r->integrator))
        status = hf_integrator_restart(r->integrator, &err);
    if (status == HF_OK)
        status = hf_integrator_step(r->integrator, &err);
    if (status != HF_OK)
        fail_msg("%s", err.message);
}

void run_to(test_run *r, double t)
{
    while (hf_integrator_time(r->integrator) < t)
        step(r);
    look(r, t);
}

static double loss_of(const test_run *r)
{
    return r->loss;
}

double run_until_below(test_run *r, double (*measure)(const test_run *), double level)
{
    measure = measure == NULL ? loss_of : measure;
    look(r, hf_integrator_time(r->integrator));
    while (measure(r) >= level) {
        step(r);
        look(r, hf_integrator_time(r->integrator));
    }
    double low = hf_integrator_previous_time(r->integrator), high = hf_integrator_time(r->integrator);
    for (size_t halving = 0; halving < 60 && high - low > 1e-15 * high; halving++) {
        double middle = low + (high - low) / 2;
        look(r, middle);
        *(measure(r) < level ? &high : &low) = middle;
    }
    look(r, high);
    return high;
}

double energy_defect(const test_run *r)
{
    return fabs(r->loss_at_start - r->loss - r->energy) / r->loss_at_start;
}
