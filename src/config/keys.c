#include "config/keys.h"

#include "detect/search.h"

#include <string.h>

const hf_kind_info hf_kinds[] = {
    [HF_KIND_STRING] = {"a string", .size = sizeof(char *)},
    [HF_KIND_PATH] = {"the name of a file", .size = sizeof(char *)},
    [HF_KIND_CHOICE] = {"one of", .size = sizeof(int)},
    [HF_KIND_BOOL] = {"true or false", .size = sizeof(bool)},
    [HF_KIND_COUNT] = {"an integer", .size = sizeof(size_t)},
    [HF_KIND_NUMBER] = {"an integer", .size = sizeof(uint64_t)},
    [HF_KIND_REAL] = {"a real number", .size = sizeof(double)},
    [HF_KIND_COUNTS] = {"a list of integers", true, HF_KIND_COUNT, sizeof(hf_counts)},
    [HF_KIND_NUMBERS] = {"a list of integers", true, HF_KIND_NUMBER, sizeof(hf_numbers)},
    [HF_KIND_REALS] = {"a list of real numbers", true, HF_KIND_REAL, sizeof(hf_reals)},
    [HF_KIND_COUNT_ROWS] = {"a list of lists of integers", true, HF_KIND_COUNTS, sizeof(hf_count_rows)},
    [HF_KIND_REAL_ROWS] = {"a list of lists of real numbers", true, HF_KIND_REALS, sizeof(hf_real_rows)},
    [HF_KIND_STRINGS] = {"a list of strings", true, HF_KIND_STRING, sizeof(hf_strings)},
    [HF_KIND_AXES] = {"a list of groups", .size = sizeof(hf_axes)},
    [HF_KIND_FITS] = {"a group or a list of groups", .size = sizeof(hf_fits)},
    [HF_KIND_LABELS] = {"a group of labels", .size = sizeof(hf_labels)},
};

/* A choice is stored through an int. */
_Static_assert(sizeof(hf_geometry) == sizeof(int) && sizeof(hf_system_choice) == sizeof(int) && sizeof(hf_noise) == sizeof(int) && sizeof(hf_start) == sizeof(int) &&
                   sizeof(hf_values) == sizeof(int) && sizeof(hf_spacing) == sizeof(int) &&
                   sizeof(hf_task_kind) == sizeof(int) && sizeof(hf_optimizer_kind) == sizeof(int) &&
                   sizeof(hf_sampling) == sizeof(int) && sizeof(hf_schedule_kind) == sizeof(int) && sizeof(hf_features) == sizeof(int) &&
                   sizeof(hf_markov_matrices) == sizeof(int) && sizeof(hf_network_kind) == sizeof(int) && sizeof(hf_places) == sizeof(int) &&
                   sizeof(hf_precision) == sizeof(int) && sizeof(hf_entries_choice) == sizeof(int) &&
                   sizeof(hf_strings_kind) == sizeof(int) && sizeof(hf_mask_kind) == sizeof(int),
               "an enum of hf_config is not as wide as int");

static const char *const entries[] = {"all", "auto", "classes", "nodes", NULL};
static const char *const attentions[] = {"softmax", "squares", "sum", "sigmoid", "linear", NULL};
static const char *const geometries[] = {"logit", "replicator", NULL};
static const char *const noises[] = {"normal", "uniform", "sine", NULL};
static const char *const starts[] = {"uniform", "bumps", "wrong", "waterfall", "saddle", NULL};
static const char *const value_flows[] = {"learned", "frozen", "optimal", NULL};
static const char *const spacings[] = {"log", "linear", NULL};
static const char *const tasks[] = {"regression", "markov", "strings", "recall", "vectors", NULL};
static const char *const optimizers[] = {"sgd", "momentum", "adam", "adamw", "rmsprop", NULL};
static const char *const schedules[] = {"constant", "cosine", "halving", "epochs", NULL};
static const char *const precisions[] = {"double", "single", "mixed", NULL};
static const char *const samplings[] = {"auto", "direct", "projected", NULL};
static const char *const matrices[] = {"orthogonal", "normal", "exclusive", NULL};
static const char *const networks[] = {"minimal", "decoder", NULL};
static const char *const string_tasks[] = {"even-pairs", "parity", "missing-duplicates", "cycle-navigation",
                                            "modular-arithmetic", NULL};
static const char *const masks[] = {"full", "top", "bottom", "random", "window", "block", NULL};
static const char *const places[] = {"learned", "sinusoidal", "none", NULL};
static const char *const to_state[] = {"init.state", NULL};
static const char *const to_start[] = {"init.state", "model.beta", NULL};
static const char *const feature_kinds[] = {"orthogonal", "random", "hadamard", NULL};

/* ---- what has an effect ---- */

static bool never(const hf_config *c)
{
    (void)c;
    return false;
}

static bool of_heads(const hf_config *c)
{
    return c->flow.system == HF_SYSTEM_HEADS && !hf_config_reads_tokens(c);
}

static bool of_softmax(const hf_config *c)
{
    return of_heads(c) && c->flow.attention == HF_ATTENTION_SOFTMAX;
}

/* Hashes are older than this key. */
static bool is_other_attention(const hf_config *c)
{
    return c->flow.attention != HF_ATTENTION_SOFTMAX;
}

/* Hashes are older than these keys. */
static bool has_attention_decay(const hf_config *c)
{
    return c->flow.attention_decay > 0;
}

static bool has_support(const hf_config *c)
{
    return c->flow.support.count > 0;
}

static bool has_frozen_values(const hf_config *c)
{
    return c->flow.frozen.values.count > 0;
}

static bool has_frozen_logits(const hf_config *c)
{
    return c->flow.frozen.logits.count > 0;
}

static bool has_frozen_positions(const hf_config *c)
{
    return c->flow.frozen.positions.count > 0;
}

static bool is_in_context(const hf_config *c)
{
    return c->flow.system == HF_SYSTEM_IN_CONTEXT;
}

static bool is_content(const hf_config *c)
{
    return c->flow.system == HF_SYSTEM_CONTENT;
}

/* Hashes are older than this key. */
static bool is_other_system(const hf_config *c)
{
    return c->flow.system != HF_SYSTEM_HEADS;
}

/* What has as many heads as the model file says. */
static bool has_heads(const hf_config *c)
{
    return !hf_config_reads_tokens(c) && !is_content(c);
}

/* What tokens have no use for. */
static bool regresses(const hf_config *c)
{
    return !hf_config_reads_tokens(c);
}

/* What strings have no use for. */
static bool has_stages(const hf_config *c)
{
    return !hf_config_is_strings(c);
}

static bool trains_in_stages(const hf_config *c)
{
    return c->declared.train && has_stages(c);
}

static bool has_sized_mask(const hf_config *c)
{
    return hf_mask_kinds[c->encoder.mask].has_size;
}

static bool has_padding(const hf_config *c)
{
    return has_sized_mask(c) && c->encoder.pad;
}

static bool has_globals(const hf_config *c)
{
    return hf_mask_kinds[c->encoder.mask].has_globals;
}

/* Hashes are older than these keys. */
static bool has_slices(const hf_config *c)
{
    return c->output.slices > 0;
}

static bool has_slices_of_strings(const hf_config *c)
{
    return hf_config_is_strings(c) && has_slices(c);
}

static bool has_maps(const hf_config *c)
{
    return c->output.maps.count > 0;
}

static bool has_stop(const hf_config *c)
{
    return c->solver.stop != NULL;
}

static bool has_times(const hf_config *c)
{
    return c->output.times.count > 0;
}

static bool has_event_rows(const hf_config *c)
{
    return c->output.at_events;
}

static bool has_chain_ratio(const hf_config *c)
{
    return c->chain.ratio > 0;
}

static bool has_span_weights(const hf_config *c)
{
    return c->chain.weights.count > 0;
}

static bool has_random_teacher(const hf_config *c)
{
    return c->chain.teacher == NULL;
}

static bool has_cuts(const hf_config *c)
{
    return c->train.cuts.count > 0;
}

static bool has_window(const hf_config *c)
{
    return c->model.window > 0;
}

static bool has_free_matrices(const hf_config *c)
{
    return has_random_teacher(c) || c->chain.matrices == HF_MARKOV_EXCLUSIVE;
}

static bool is_decoder(const hf_config *c)
{
    return c->model.kind == HF_NETWORK_DECODER;
}

static bool has_embedding(const hf_config *c)
{
    return is_decoder(c) && !c->model.one_hot;
}

static bool has_keys(const hf_config *c)
{
    return is_decoder(c) && c->model.keys;
}

static bool has_beta(const hf_config *c)
{
    return c->model.beta > 0;
}

/* The network starts with random weights. */
static bool has_scales(const hf_config *c)
{
    return c->init.state == NULL && !has_beta(c);
}

static bool has_key_scale(const hf_config *c)
{
    return has_keys(c) && has_scales(c);
}

static bool has_ratio(const hf_config *c)
{
    return c->target.ratio > 0;
}

static bool has_lengths(const hf_config *c)
{
    return c->target.lengths.count > 0;
}

static bool starts_anew(const hf_config *c)
{
    return of_heads(c) && c->init.state == NULL;
}

static bool starts_scaled(const hf_config *c)
{
    return c->init.state == NULL && c->init.start != HF_START_UNIFORM;
}

static bool starts_at_saddle(const hf_config *c)
{
    return c->init.state == NULL && c->init.start == HF_START_SADDLE;
}

static bool starts_wrong(const hf_config *c)
{
    return c->init.state == NULL && c->init.start == HF_START_WRONG;
}

static bool starts_with_values(const hf_config *c)
{
    return of_heads(c) && c->init.state == NULL && c->init.start != HF_START_SADDLE;
}

static bool has_noise(const hf_config *c)
{
    return (c->init.state == NULL || c->init.perturbation > 0) && has_heads(c);
}

static bool has_noise_on_logits(const hf_config *c)
{
    return of_heads(c) && has_noise(c);
}

static bool is_momentum(const hf_config *c)
{
    return c->train.optimizer == HF_OPTIMIZER_MOMENTUM;
}

static bool is_adamw(const hf_config *c)
{
    return c->train.optimizer == HF_OPTIMIZER_ADAMW;
}

static bool is_adam(const hf_config *c)
{
    return c->train.optimizer == HF_OPTIMIZER_ADAM || is_adamw(c);
}

/* Divides by the root of a mean square. */
static bool divides(const hf_config *c)
{
    return is_adam(c) || c->train.optimizer == HF_OPTIMIZER_RMSPROP;
}

static bool is_clipped(const hf_config *c)
{
    return c->train.clip > 0;
}

static bool has_precision(const hf_config *c)
{
    return !is_decoder(c) && (hf_config_is_chain(c) || (c->declared.train && c->train.task == HF_TASK_REGRESSION));
}

static bool is_not_double(const hf_config *c)
{
    return c->train.precision != HF_PRECISION_DOUBLE;
}

static bool has_schedule(const hf_config *c)
{
    return c->train.schedule != HF_SCHEDULE_CONSTANT;
}

static bool has_warmup(const hf_config *c)
{
    return c->train.warmup > 0;
}

static bool is_cosine(const hf_config *c)
{
    return c->train.schedule == HF_SCHEDULE_COSINE;
}

static bool is_halving(const hf_config *c)
{
    return c->train.schedule == HF_SCHEDULE_HALVING;
}

static bool is_by_epochs(const hf_config *c)
{
    return c->train.schedule == HF_SCHEDULE_EPOCHS;
}

static bool has_ladder(const hf_config *c)
{
    return c->ladder.halvings > 0 || c->ladder.batches.count > 0;
}

static bool trains(const hf_config *c)
{
    return c->declared.train;
}

static bool trains_regression(const hf_config *c)
{
    return trains(c) && regresses(c);
}

/* Hashes are older than these keys. */
static bool follows(const hf_config *c)
{
    return trains_regression(c) && c->flow.optimizer != HF_OPTIMIZER_SGD;
}

/* Hashes are older than these keys. */
static bool has_significance(const hf_config *c)
{
    return c->detect.significance != hf_search_usual.significance;
}

static bool has_least(const hf_config *c)
{
    return c->detect.least != hf_search_usual.least;
}

static bool sweeps(const hf_config *c)
{
    return c->declared.sweep;
}

static bool flows_with_heads(const hf_config *c)
{
    return hf_config_runs_flow(c) && of_heads(c);
}

/* Hashes are older than this key. */
static bool has_parameters(const hf_config *c)
{
    return c->sensitivity.to.count > 0;
}

static bool follows_heads(const hf_config *c)
{
    return hf_config_runs_flow(c) && of_softmax(c);
}

/* Hashes are older than these keys. */
static bool has_step(const hf_config *c)
{
    return of_heads(c) && c->flow.step > 0;
}

static bool has_drift(const hf_config *c)
{
    return hf_config_runs_flow(c) && of_heads(c) && c->flow.sgd_drift.lr > 0;
}

static bool is_dynamic(const hf_config *c)
{
    return has_drift(c) && c->flow.sgd_drift.dynamic;
}

static bool has_bands(const hf_config *c)
{
    return has_drift(c) && c->flow.sgd_drift.bands;
}

/* ---- the keys ---- */

/* clang-format off */

/* After the example: the help, then any further fields by name. */
#define KEY(field, its_kind, its_fallback, its_range, its_unit, its_example, ...)                                   \
    {.path = #field, .offset = offsetof(hf_config, field), .kind = HF_KIND_##its_kind, .fallback = its_fallback,    \
     .range = its_range, .unit = its_unit, .example = its_example, .help = __VA_ARGS__}

#define ANY                   {-HF_REAL_MAX, HF_REAL_MAX, false, false}
#define ABOVE(low)            {low, HF_REAL_MAX, true, false}
#define AT_LEAST(low)         {low, HF_REAL_MAX, false, false}
#define FROM_TO(low, high)    {low, high, false, false}
#define ABOVE_TO(low, high)   {low, high, true, false}
#define BETWEEN(low, high)    {low, high, true, true}
#define FROM_BELOW(low, high) {low, high, false, true}

const hf_key hf_keys[] = {
    KEY(title, STRING, NULL, ANY, "", "\"two heads\"",
        "name of the model in tables and plots; default: the name of the file", .counts = never),
    KEY(heads, COUNT, NULL, FROM_TO(1, 1000), "1", "3", "number of heads H", .required = true, .when = has_heads),
    KEY(positions, COUNT, NULL, FROM_TO(1, 1e8), "1", "40", "number of position classes T", .required = true, .when = of_heads),

    KEY(target.strengths, REALS, NULL, ABOVE(0), "1", "(2.89, 1.7, 1.0)",
        "(J) norms m_j of the features; either these or the ratio", .derived = has_ratio),
    KEY(target.base, REAL, "1.0", ABOVE(0), "1", "0.5", "strength of the last pattern, m_j = base * ratio^(J-j)",
        .replaces = "target.strengths", .when = has_ratio, .counts = never),
    KEY(target.ratio, REAL, NULL, ABOVE(0), "1", "1.7", "strength of a pattern over that of the next one",
        .replaces = "target.strengths", .when = has_ratio, .counts = never),
    KEY(target.count, COUNT, NULL, FROM_TO(1, 10000), "1", "3",
        "number of patterns J; default: as many as the lists hold", .when = never),
    KEY(target.patterns, COUNT_ROWS, NULL, FROM_TO(1, 1e8), "1", "((1, 2), (3), (4, 5, 6))",
        "(J)(n_j) positions of each pattern, from 1; default: pattern j is position j", .derived = has_lengths),
    KEY(target.lengths, COUNTS, NULL, FROM_TO(1, 1e8), "1", "(4, 4, 4)",
        "(J) numbers n_j of positions of contiguous patterns",
        .replaces = "target.patterns", .counts = never),
    KEY(target.stride, COUNT, "0", FROM_TO(0, 1e8), "1", "3",
        "pattern j starts at 1 + (j-1) * stride; 0: right after the one before",
        .replaces = "target.patterns", .when = has_lengths, .counts = never),
    KEY(target.weights, REAL_ROWS, NULL, AT_LEAST(0), "1", "((0.7, 0.3), (1.0), (0.5, 0.25, 0.25))",
        "(J)(n_j) weights p_j of the positions of each pattern; default: uniform with sum 1"),
    KEY(target.gram, REAL_ROWS, NULL, ANY, "1", "((1.0, 0.5, 0.0), (0.5, 1.0, 0.0), (0.0, 0.0, 1.0))",
        "(J)(J) inner products of the features; default: the identity"),

    KEY(data.copies, COUNTS, NULL, FROM_TO(1, 1e9), "1", "(10)",
        "(T) or (1) positions that hold the very same input, of each class; default: 1"),
    KEY(data.replicas, COUNTS, NULL, FROM_TO(1, 1e9), "1", "(4)",
        "(T) or (1) distinct inputs that play the same role, of each class; default: 1"),
    KEY(data.weights, REAL_ROWS, NULL, AT_LEAST(0), "1", "((1.0), (0.5), (0.25))",
        "(J)(T) or (J)(1) input variance along each feature at each class; default: 1"),
    KEY(data.noise, REAL, "0.0", AT_LEAST(0), "1", "0.1",
        "standard deviation of the label noise; it adds a constant to the loss, which is left out"),

    KEY(test.weights, REAL_ROWS, NULL, AT_LEAST(0), "1", "((1.0), (0.0), (0.0))",
        "(J)(T) or (J)(1) input variance along each feature at each class, as data.weights; default: the data that are learned"),

    KEY(init.start, CHOICE, "uniform", ANY, "", "\"bumps\"",
        "attention without noise: uniform; bumps, head h on pattern h; wrong, all heads on one position; waterfall, head h on "
        "patterns 1..h; saddle, the first patterns learned and shared by all heads",
        .choices = starts, .replaces = "init.state", .when = starts_anew),
    KEY(init.scale, REAL, "6.0", ABOVE_TO(0, 1000), "logit", "4.0",
        "logit of what a head looks at before the others, for any start but uniform", .when = starts_scaled),
    KEY(init.learned, COUNT, "1", FROM_TO(1, 10000), "1", "2",
        "number of patterns learned at the saddle", .when = starts_at_saddle),
    KEY(init.position, COUNT, "0", FROM_TO(0, 1e8), "1", "3",
        "position that the wrong start looks at; 0: the last", .when = starts_wrong),
    KEY(init.values, REAL, "0.0", ANY, "1", "0.1", "every coordinate of every head's value along the features",
        .replaces = "init.state", .when = starts_with_values),
    KEY(init.perturbation, REAL, "1e-3", FROM_TO(0, 1000), "1", "1e-2",
        "standard deviation of the noise on the logits (sine: its amplitude); in-context: of every coordinate of the start",
        .yields = to_state, .when = has_noise),
    KEY(init.distribution, CHOICE, "normal", ANY, "", "\"uniform\"",
        "distribution of that noise", .choices = noises, .when = has_noise_on_logits),
    KEY(init.seed, NUMBER, "4", AT_LEAST(0), "", "7", "seed of that noise", .when = has_noise),
    KEY(init.heads, COUNTS, NULL, FROM_TO(1, 1000), "1", "(2)",
        "heads whose logits get that noise; default: all", .when = has_noise_on_logits),
    KEY(init.state, PATH, NULL, ANY, "", "\"final.tsv\"",
        "state table to start from, such as the final.tsv of another run; init.perturbation, if given, adds noise to it", .counts = never,
        .task_help[HF_TASK_MARKOV] = "table of weights to start from, such as the final.tsv of another run", .when = has_stages),

    KEY(flow.system, CHOICE, "heads", ANY, "", "\"in-context\"",
        "attention heads that learn sparse patterns, linear attention that learns linear regression in context, or a head that finds a "
        "single location by its content",
        .choices = hf_system_names, .counts = is_other_system, .decides = true),
    KEY(flow.attention, CHOICE, "softmax", ANY, "", "\"linear\"",
        "what a head makes of its scores z: softmax; squares, z^2 over their sum; sum, z over their sum; sigmoid, without a sum; "
        "linear, z itself",
        .choices = attentions, .when = of_heads, .counts = is_other_attention),
    KEY(flow.geometry, CHOICE, "logit", ANY, "", "\"replicator\"",
        "the true gradient flow of the logits, or the Fisher metric",
        .choices = geometries, .when = of_softmax),
    KEY(flow.values, CHOICE, "learned", ANY, "", "\"optimal\"",
        "values follow the flow, stay as they start, or are the best for the attention at every time (least squares)",
        .choices = value_flows, .when = of_heads),
    KEY(flow.value_rate, REAL, "1.0", AT_LEAST(0), "1", "2.0", "multiplier rho_v of the learning rate of the values", .when = of_heads),
    KEY(flow.attention_rate, REAL, "1.0", AT_LEAST(0), "1", "0.5", "multiplier rho_a of the learning rate of the logits", .when = of_heads),
    KEY(flow.weight_decay, REAL, "0.0", AT_LEAST(0), "1/flow time", "1e-4", "decay lambda of the values", .when = of_heads),
    KEY(flow.attention_decay, REAL, "0.0", AT_LEAST(0), "1/flow time", "1e-4",
        "decay lambda_a of the logits, or scores; with the geometry replicator, of the attention itself", .when = of_heads,
        .counts = has_attention_decay),

    KEY(flow.support, COUNTS, NULL, FROM_TO(1, 1e8), "1", "(1, 2, 3)",
        "positions that heads can attend to: a mask that does not depend on the input; default: all", .when = of_softmax,
        .counts = has_support),

    KEY(flow.frozen.values, COUNTS, NULL, FROM_TO(1, 1000), "1", "(1)", "heads whose values stay as they start; default: none",
        .when = of_heads, .counts = has_frozen_values),
    KEY(flow.frozen.logits, COUNTS, NULL, FROM_TO(1, 1000), "1", "(1, 2)",
        "heads whose logits, or scores, stay as they start; default: none", .when = of_heads, .counts = has_frozen_logits),
    KEY(flow.frozen.positions, COUNTS, NULL, FROM_TO(1, 1e8), "1", "(40)",
        "positions whose logits, or scores, stay as they start in all heads, without noise; default: none", .when = of_heads,
        .counts = has_frozen_positions),

    KEY(flow.optimizer, CHOICE, "sgd", ANY, "", "\"adam\"",
        "whose flow is followed beside this one, that of sgd: that of train.optimizer = adam, adamw or rmsprop, with its memory, in steps",
        .choices = optimizers, .when = trains_regression, .counts = follows),
    KEY(flow.entries, CHOICE, "auto", ANY, "", "\"nodes\"",
        "entries of the values that flow.optimizer follows: all; one for each class of equal ones; 1024 quadrature nodes; auto: classes "
        "where there are, else all up to train.dim = 64, then nodes where features are orthogonal, alike in all inputs and at most 40",
        .choices = entries, .when = follows, .counts = follows),

    KEY(flow.step, REAL, "0.0", AT_LEAST(0), "flow time", "0.1",
        "learning rate of gradient descent whose finite steps the flow follows, to second order; 0: infinitely small steps",
        .when = of_heads, .counts = has_step),
    KEY(flow.momentum, REAL, "0.0", FROM_BELOW(0, 1), "1", "0.9", "momentum of these steps", .when = has_step, .counts = has_step),

    KEY(flow.sgd_drift.lr, REAL, NULL, ABOVE(0), "flow time", "0.05",
        "learning rate of SGD: the flow time of one step; default: no drift"),
    KEY(flow.sgd_drift.batch, COUNT, "512", FROM_TO(1, 1e9), "1", "64", "samples per step, fresh ones at every step"),
    KEY(flow.sgd_drift.dim, COUNT, "50", FROM_TO(1, 10000), "1", "10", "dimension d of inputs and outputs"),
    KEY(flow.sgd_drift.noise, REAL, "0.0", AT_LEAST(0), "1", "0.1", "standard deviation of the label noise"),
    KEY(flow.sgd_drift.dynamic, BOOL, "false", ANY, "", "true",
        "follow what the noise has put into the values outside the features, as a part of the state, in place of taking it as at rest "
        "(with the logit geometry)", .counts = is_dynamic),
    KEY(flow.sgd_drift.bands, BOOL, "false", ANY, "", "true",
        "predict how this noise scatters the times of stages over runs of SGD, and what it does to their mean: bands.tsv (with dynamic = true and no "
        "train section, which has bands of its own noise without flow.sgd_drift)", .counts = has_bands),

    KEY(in_context.eigenvalues, REALS, NULL, ABOVE(0), "1", "(0.4, 0.3, 0.2, 0.1)",
        "(D) eigenvalues lambda_i of the inputs' covariance", .required = true, .when = is_in_context),
    KEY(in_context.length, COUNT, NULL, FROM_TO(1, 1e9), "1", "31", "number N of examples (x, y) in a prompt",
        .required = true, .when = is_in_context),

    KEY(content.dim, COUNT, NULL, FROM_TO(1, 1e9), "1", "400", "dimension d of a token", .required = true, .when = is_content),
    KEY(content.variance, REAL, "0.5", ABOVE(0), "1", "1.0", "gamma^2, the variance of what is asked for", .when = is_content),
    KEY(content.inverse_temperature, REAL, "0.1", ABOVE_TO(0, 1000), "1", "0.2", "lambda: the head looks by erf(lambda k . x)",
        .when = is_content),
    KEY(content.kappa, REAL, "0.05", BETWEEN(-1, 1), "1", "0.1", "overlap of the key with the hidden direction at the start",
        .when = is_content),
    KEY(content.nu, REAL, "0.05", BETWEEN(-1, 1), "1", "-0.05", "overlap of the value with the one that is asked for, at the start",
        .when = is_content),

    KEY(train.task, CHOICE, "regression", ANY, "", "\"regression\"",
        "what the transformer learns: y = sum_j A_j X p_j + noise", .choices = tasks, .decides = true,
        .task_help[HF_TASK_MARKOV] = "what the transformer learns: the Markov chain of the section chain",
        .task_help[HF_TASK_STRINGS] = "what the transformer learns: the answers to the strings of the section strings",
        .task_help[HF_TASK_RECALL] = "what the transformer learns: the value of a key, section recall",
        .task_help[HF_TASK_VECTORS] = "what the transformer learns: the image of one input among others, section vectors"),
    KEY(train.dim, COUNT, "10", FROM_TO(1, 10000), "1", "20", "dimension d of inputs and outputs", .when = regresses),
    KEY(train.features, CHOICE, "orthogonal", ANY, "", "\"random\"",
        "features A_j random and exactly orthogonal (Gram matrix target.gram), or merely random with norms m_j, or orthogonal with "
        "entries of one size, m_j/d, whose signs are Walsh functions",
        .choices = feature_kinds, .when = regresses),
    KEY(train.inputs, COUNTS, NULL, FROM_TO(1, 10000), "1", "(4, 3, 3)",
        "(J) how many of the d input coordinates each feature reads, of its own; default: all features read all of them", .when = regresses),
    KEY(train.repetition, REAL, "0.0", FROM_BELOW(0, 1), "1", "0.1",
        "part of the samples whose inputs on pattern 1 are the first unit vector instead of random", .when = regresses),
    KEY(train.batch, COUNT, "512", FROM_TO(0, 1e9), "1", "64",
        "samples per step; 0: the exact gradient, of the population or of all samples"),
    KEY(train.lr, REAL, "0.05", ABOVE(0), "flow time", "0.02", "learning rate: the flow time of one step"),
    KEY(train.steps, NUMBER, "0", FROM_TO(0, 1e12), "1", "5000", "number of steps; 0: as many as reach solver.t_end"),
    KEY(train.optimizer, CHOICE, "sgd", ANY, "", "\"momentum\"", "how a gradient becomes a step", .choices = optimizers),
    KEY(train.momentum, REAL, "0.9", FROM_BELOW(0, 1), "1", "0.8",
        "of the optimizer momentum: part of the last step that is kept", .when = is_momentum),
    KEY(train.beta1, REAL, "0.9", FROM_BELOW(0, 1), "1", "0.95",
        "of adam and adamw: decay of the mean gradient", .when = is_adam),
    KEY(train.beta2, REAL, "0.999", FROM_BELOW(0, 1), "1", "0.99",
        "of adam, adamw and rmsprop: decay of the mean squared gradient", .when = divides),
    KEY(train.epsilon, REAL, "1e-8", ABOVE(0), "gradient", "1e-6",
        "of adam, adamw and rmsprop: added to the root of the mean square", .when = divides),
    KEY(train.weight_decay, REAL, "0.01", AT_LEAST(0), "1", "0.1",
        "of adamw: decay of all parameters, times lr at every step", .when = is_adamw),
    KEY(train.clip, REAL, "0.0", AT_LEAST(0), "gradient", "1.0",
        "largest norm of a step's gradient, over all parameters; 0: any", .counts = is_clipped),
    KEY(train.precision, CHOICE, "double", ANY, "", "\"single\"",
        "single, of the minimal model: its forward and backward, its parameters and what the optimizer remembers; mixed, of regression: "
        "samples, forward and backward are single, parameters, and sums of gradients over sixteenths of a batch, double", .choices = precisions,
        .when = has_precision, .counts = is_not_double),
    KEY(train.schedule, CHOICE, "constant", ANY, "", "\"cosine\"",
        "learning rate in the course of the run: constant, falling like a cosine, halved where the loss stays, or falling by a factor "
        "after every epoch",
        .choices = schedules, .counts = has_schedule),
    KEY(train.warmup, NUMBER, "0", FROM_TO(0, 1e12), "steps", "100", "steps in which the learning rate grows from 0",
        .counts = has_warmup),
    KEY(train.final_rate, REAL, "0.0", FROM_TO(0, 1), "1", "0.1", "of the schedule cosine: last learning rate over lr",
        .when = is_cosine),
    KEY(train.epoch_rate, REAL, "0.9995", ABOVE_TO(0, 1), "1", "0.99",
        "of the schedule epochs: factor of the learning rate after every epoch, which is as many steps as train.samples has batches",
        .when = is_by_epochs),
    KEY(train.patience, NUMBER, "100", FROM_TO(0, 1e12), "steps", "200",
        "of the schedule halving: steps without a lower loss after which the learning rate is halved", .when = is_halving),
    KEY(train.samples, COUNT, "0", FROM_TO(0, 1e8), "1", "4096",
        "number of fixed training samples; 0: fresh ones at every step"),
    KEY(train.validation, COUNT, "0", FROM_TO(0, 1e8), "1", "1024",
        "number of held-out samples that decide on the early stop; 0: the exact loss of the population"),
    KEY(train.cuts, COUNTS, NULL, FROM_TO(1, HF_MARKOV_LENGTH), "spans", "(1, 2)",
        "train, before, models that see only the nearest so many spans, without clipping, and compare with them; each costs a training; "
        "default: none", .when = hf_config_is_chain, .counts = has_cuts),
    KEY(train.seeds, COUNT, "3", FROM_TO(1, 10000), "1", "8",
        "number of training runs, each with a seed of its own", .counts = never),
    KEY(train.seed, NUMBER, "1", AT_LEAST(0), "", "11",
        "seed of the first run: of features, samples and label noise; then + 1", .counts = never),
    KEY(train.sampling, CHOICE, "auto", ANY, "", "\"projected\"",
        "draw the inputs (direct), or only the projections of them that matter (projected: the same law, faster); auto: projected "
        "where that may be done and is less to draw", .choices = samplings, .when = regresses),
    KEY(train.log_every, NUMBER, "0", FROM_TO(0, 1e12), "steps", "10",
        "steps between rows of the tables; 0: at the output times",
        .task_help[HF_TASK_STRINGS] = "steps between rows of the tables; 0: after every epoch"),
    KEY(train.save_every, NUMBER, "1000", FROM_TO(1, 1e12), "steps", "500",
        "steps between saved states, for --resume", .counts = never),

    KEY(chain.vocabulary, COUNT, "50", FROM_TO(2, HF_MARKOV_VOCABULARY), "1", "20", "number of tokens d"),
    KEY(chain.lengths, COUNTS, "(2, 2, 2)", FROM_TO(1, HF_MARKOV_LENGTH), "1", "(4, 4, 4)",
        "(K) numbers of earlier tokens in the spans that the next token depends on, the nearest span first"),
    KEY(chain.stride, COUNT, "0", FROM_TO(0, HF_MARKOV_LENGTH), "1", "2",
        "span k starts at lag 1 + (k-1) * stride; 0: right behind the one before"),
    KEY(chain.strengths, REALS, NULL, ABOVE(0), "1", "(2.89, 1.7, 1.0)",
        "(K) sizes of the matrices A_k: Frobenius norm over sqrt(d); either these or the ratio, which is 1.7 if neither is given",
        .derived = has_chain_ratio),
    KEY(chain.ratio, REAL, NULL, ABOVE(0), "1", "1.5", "size of A_k over that of the next span's, the farthest having size 1",
        .replaces = "chain.strengths", .when = has_chain_ratio, .counts = never),
    KEY(chain.reversed, BOOL, "false", ANY, "", "true", "with the ratio: the nearest span has size 1, the farthest is the strongest",
        .when = has_chain_ratio, .counts = never),
    KEY(chain.weights, REAL_ROWS, NULL, ANY, "1", "((0.7, 0.3), (0.7, 0.3), (0.7, 0.3))",
        "(K)(length) weights alpha of the tokens of each span, the nearest first; default: 1"),
    KEY(chain.normalized, BOOL, "false", ANY, "", "true", "weights of a span are divided by their sum", .when = has_span_weights),
    KEY(chain.temperature, REAL, "0.1", ABOVE(0), "1", "0.2", "temperature tau: logits of the next token are divided by it"),
    KEY(chain.generated, COUNT, "20", FROM_TO(1, HF_MARKOV_LENGTH), "1", "40",
        "tokens of a sequence behind the first, which are uniform: as many as the largest lag; these are predicted"),
    KEY(chain.matrices, CHOICE, "orthogonal", ANY, "", "\"exclusive\"",
        "A_k: random orthogonal ones, normal numbers, or ones (drawn, or those of the teacher) that are made orthogonal to each "
        "other as vectors, the nearest span's first", .choices = matrices, .when = has_free_matrices),
    KEY(chain.seed, NUMBER, "1", AT_LEAST(0), "", "7", "seed of A_k, the same for all training runs", .replaces = "chain.teacher",
        .when = has_random_teacher),
    KEY(chain.teacher, PATH, NULL, ANY, "", "\"teacher.tsv\"",
        "table of the A_k, which are scaled to their sizes: columns k (the span), row (the next token) and one for each token; "
        "default: random ones", .counts = never),

    KEY(model.kind, CHOICE, "minimal", ANY, "", "\"decoder\"",
        "network: attention alone on one-hot tokens and positions, or a decoder of blocks", .choices = networks),
    KEY(model.heads, COUNT, "3", FROM_TO(1, 1000), "1", "4", "number of heads H"),
    KEY(model.window, COUNT, "0", FROM_TO(0, HF_MARKOV_LENGTH), "1", "4",
        "tokens that attention sees, the last ones up to where it is; with several blocks each of them sees so many; 0: all",
        .counts = has_window),
    KEY(model.query_scale, REAL, "-1.0", FROM_TO(-1, 1000), "1", "1e-9",
        "query weights start uniform between -scale and scale; negative: Xavier's bound; 0: exactly 0",
        .yields = to_start, .when = has_scales),
    KEY(model.value_scale, REAL, "-1.0", FROM_TO(-1, 1000), "1", "0.0", "the same for the values", .yields = to_start,
        .when = has_scales),
    KEY(model.key_scale, REAL, "-1.0", FROM_TO(-1, 1000), "1", "0.01", "the same for the keys", .yields = to_start,
        .when = has_key_scale),
    KEY(model.beta, REAL, NULL, ABOVE_TO(0, 1000), "logit", "20.0",
        "start, instead of from random weights, from those that are the chain itself but for terms of exp(-beta): head k attends "
        "to span k with this logit; of networks that are attention alone", .replaces = "init.state", .when = has_beta),
    KEY(model.blocks, COUNT, "1", FROM_TO(1, 100), "1", "2", "number of blocks", .when = is_decoder),
    KEY(model.width, COUNT, "255", FROM_TO(1, 10000), "1", "126", "width of a token's vector", .when = has_embedding),
    KEY(model.mlp, COUNT, "64", FROM_TO(0, 100000), "1", "0", "width of the inner layer of the MLP; 0: no MLP", .when = is_decoder),
    KEY(model.positions, CHOICE, "learned", ANY, "", "\"sinusoidal\"", "vectors of the positions", .choices = places,
        .when = has_embedding),
    KEY(model.one_hot, BOOL, "false", ANY, "", "true",
        "tokens and positions are one-hot vectors, and the first coordinates are read out: no embedding", .when = is_decoder),
    KEY(model.keys, BOOL, "true", ANY, "", "false", "keys have weights of their own", .when = is_decoder),
    KEY(model.full_heads, BOOL, "false", ANY, "", "true", "heads are as wide as a token's vector, instead of sharing its width",
        .when = is_decoder),
    KEY(model.output, BOOL, "true", ANY, "", "false", "the heads' outputs pass through weights of their own", .when = is_decoder),
    KEY(model.residual, BOOL, "true", ANY, "", "false", "what a layer gives is added to what it got", .when = is_decoder),
    KEY(model.norm, BOOL, "true", ANY, "", "false", "layers are followed by a layer norm", .when = is_decoder),
    KEY(model.dropout, REAL, "0.1", FROM_BELOW(0, 1), "1", "0.0", "part of the numbers that a step leaves out", .when = is_decoder),

    KEY(recall.tokens, COUNT, "64", FROM_TO(2, HF_RECALL_TOKENS), "1", "32", "number of tokens, which are keys and values"),
    KEY(recall.pairs, COUNT, "32", FROM_TO(1, HF_RECALL_PAIRS), "1", "8", "pairs of a key and a value in a sequence; keys are distinct"),
    KEY(recall.copies, COUNT, "1", FROM_TO(1, HF_RECALL_PAIRS), "1", "4",
        "repetition in context, B: of the pairs so many are the one that is asked for, at random places"),
    KEY(recall.held_out, COUNT, "0", FROM_TO(0, HF_RECALL_PAIRS), "1", "1",
        "the same in held-out sequences; 0: recall.copies. With 1 it is seen whether copies have taught recall, or to count"),
    KEY(recall.repetition, REAL, "0.0", FROM_TO(0, 1), "1", "0.2",
        "repetition across samples, p: probability that token 0 is the key that is asked for; never in held-out sequences"),

    KEY(vectors.dim, COUNT, "16", FROM_TO(1, HF_VECTORS_DIM), "1", "64", "dimension d of inputs and outputs"),
    KEY(vectors.length, COUNT, "64", FROM_TO(1, HF_VECTORS_LENGTH), "1", "256", "number T of inputs; behind them is the place that is asked"),
    KEY(vectors.copies, COUNT, "1", FROM_TO(1, HF_VECTORS_LENGTH), "1", "4",
        "repetition in context, B: so many inputs, the last ones, are the one that matters"),
    KEY(vectors.repetition, REAL, "0.0", FROM_TO(0, 1), "1", "0.2",
        "repetition across samples, p: probability that the input that matters is the first unit vector; never in held-out samples"),

    KEY(strings.task, CHOICE, "even-pairs", ANY, "", "\"parity\"",
        "what is asked of random strings: whether the number of unequal neighbours is odd; whether that of ones is; which bit was "
        "replaced by a mark, in a string whose second half repeats its first; where steps -1, 0, 1 on a cycle of five lead; what residues of 5 with "
        "+, - and * between them make", .choices = string_tasks),
    KEY(strings.length, COUNT, "40", FROM_TO(2, HF_STRINGS_LENGTH), "1", "20", "tokens of a string"),

    KEY(encoder.mask, CHOICE, "full", ANY, "", "\"top\"",
        "keys that a query attends to: all; the k with the largest logits, the smallest, or drawn at every step; k places around it, or "
        "those of its block of k", .choices = masks),
    KEY(encoder.keep, COUNT, "5", FROM_TO(1, HF_STRINGS_LENGTH), "1", "9",
        "that k; of the mask full: the k for which logits.tsv says what a mask top would keep"),
    KEY(encoder.globals, COUNT, "0", FROM_TO(0, 100), "1", "1",
        "global places behind the string, each with a token of its own, which attend to all and which all attend to", .when = has_globals),
    KEY(encoder.pad, BOOL, "true", ANY, "", "false", "the string is padded to a multiple of k with a token of its own", .when = has_sized_mask),
    KEY(encoder.pad_seen, BOOL, "true", ANY, "", "false", "padding is attended to, and counts in the mean that is read out",
        .when = has_padding),
    KEY(encoder.width, COUNT, "64", FROM_TO(1, 10000), "1", "32", "width of a token's vector"),
    KEY(encoder.heads, COUNT, "1", FROM_TO(1, 1000), "1", "4", "number of heads, which share that width"),
    KEY(encoder.blocks, COUNT, "5", FROM_TO(1, 60), "1", "2", "number of blocks"),
    KEY(encoder.mlp, COUNT, "64", FROM_TO(1, 100000), "1", "128", "width of the inner layer of the MLP"),
    KEY(encoder.dropout, REAL, "0.01", FROM_BELOW(0, 1), "1", "0.0", "part of the numbers that a step leaves out, but for attention"),
    KEY(encoder.attention_dropout, REAL, "0.01", FROM_BELOW(0, 1), "1", "0.0", "part of the attention that a step leaves out"),
    KEY(encoder.final_norm, BOOL, "false", ANY, "", "true", "a layer norm follows the last block"),
    KEY(encoder.eps, REAL, "1e-5", AT_LEAST(0), "1", "1e-6", "of the layer norms: added to the variance"),
    KEY(encoder.first_eps, REAL, "0.0", AT_LEAST(0), "1", "1e-5", "the same of the first, before the attention of the first block"),

    KEY(ladder.halvings, COUNT, "0", FROM_TO(0, 20), "1", "3",
        "how often lr is halved: rungs lr, lr/2, lr/4, ...", .when = has_ladder, .counts = never),
    KEY(ladder.batches, COUNTS, NULL, FROM_TO(0, 1e9), "1", "(64, 512)",
        "batch sizes of the rungs; default: train.batch alone", .counts = never),

    KEY(sensitivity.to, STRINGS, NULL, ANY, "", "(\"perturbation\", \"strengths\")",
        "parameters whose logarithm the events' times and levels are derived by: perturbation, values, strengths, base, ratio, "
        "value_rate, attention_rate, weight_decay, drift, step, per_step, positions (doc/sensitivity.md); default: none",
        .counts = has_parameters),

    KEY(solver.t_end, REAL, "1e4", ABOVE(0), "flow time", "1e3", "time at which the flow ends"),
    KEY(solver.rtol, REAL, "1e-8", FROM_TO(1e-14, 1e-2), "1", "1e-10", "relative tolerance"),
    KEY(solver.atol, REAL, "1e-12", FROM_TO(1e-300, 1), "1", "1e-14", "absolute tolerance of the mean head"),
    KEY(solver.stop_loss, REAL, "0.0", AT_LEAST(0), "loss", "1e-3", "the flow ends early once the loss is below this"),
    KEY(solver.stop, STRING, NULL, ANY, "", "\"acquired=2\"",
        "an event that ends the run (headflow help events), or the one of a pattern, stage or plateau; default: none",
        .counts = has_stop),
    KEY(solver.max_steps, NUMBER, "1000000", FROM_TO(1, 1e15), "1", "10000", "limit on the steps of the integrator"),

    KEY(detect.contrast, REAL, "3.0", ABOVE(1), "1", "2.0", "smallest ratio of speeds between a drop and a plateau", .when = has_stages),
    KEY(detect.significance, REAL, "4.0", ABOVE(0), "1", "5.0",
        "of training: deviations of the noise that are not trusted to be more than noise",
        .when = trains_in_stages, .counts = has_significance),
    KEY(detect.least, REAL, "1e-4", FROM_BELOW(0, 1), "1", "1e-3",
        "of training: smallest fall of a stage, as part of the fall of the whole run", .when = trains_in_stages, .counts = has_least),
    KEY(detect.overlap, REAL, "0.5", BETWEEN(0, 1), "1", "0.9", "overlap of the heads at which they split", .when = of_heads),
    KEY(detect.acquired, REAL, "0.5", BETWEEN(0, 1), "1", "0.8", "share of a pattern from which it counts as acquired", .when = regresses),
    KEY(detect.loss_fraction, REAL, "0.0", FROM_BELOW(0, 1), "initial loss", "0.1",
        "loss at which the event emerged is reported; 0: never", .when = has_stages),
    KEY(detect.accuracy, REAL, "0.95", ABOVE_TO(0, 1), "1", "0.9",
        "of strings: part of the training strings answered rightly from which the task counts as learned", .when = hf_config_is_strings),
    KEY(detect.events, BOOL, "true", ANY, "", "false", "look for plateaus, stages and the events of the heads", .when = has_stages),
    KEY(detect.saddles, BOOL, "true", ANY, "", "false", "take the Hessian's lowest eigenvalues at every plateau", .when = regresses),

    KEY(output.points, COUNT, "400", FROM_TO(0, 1e7), "1", "1000",
        "rows of the trajectory after t = 0; 0: none but those of output.times and output.at_events", .when = has_stages),
    KEY(output.spacing, CHOICE, "log", ANY, "", "\"linear\"", "spacing of the times of these rows", .choices = spacings,
        .when = has_stages),
    KEY(output.t_first, REAL, "1e-2", ABOVE(0), "flow time", "0.1", "time of the first of these rows", .when = regresses),
    KEY(output.times, REALS, NULL, AT_LEAST(0), "flow time", "(10, 54.5, 1e3)",
        "times of further rows, ascending (steps, where these are no flow time)", .when = regresses, .counts = has_times),
    KEY(output.at_events, BOOL, "false", ANY, "", "true", "further rows of the flow, at the times of its events",
        .when = hf_config_runs_flow, .counts = has_event_rows),
    KEY(output.attention, BOOL, "true", ANY, "", "false", "write the table of attention", .when = of_heads),
    KEY(output.states, BOOL, "false", ANY, "", "true", "write the state at every row", .when = regresses),
    KEY(output.spectrum, COUNT, "0", FROM_TO(0, 1000), "1", "3",
        "write so many of the lowest eigenvalues of the Hessian at every row, and the largest", .when = regresses),
    KEY(output.maps, NUMBERS, NULL, FROM_TO(0, 1e12), "steps", "(0, 150, 500, 1000)",
        "after so many steps, ascending, write every head's attention of every query on every key, mean over the held-out sequences; "
        "default: never", .when = hf_config_predicts_tokens, .counts = has_maps),
    KEY(output.slices, COUNT, "0", FROM_TO(0, 1000), "1", "10",
        "at the end, look at the held-out loss along so many random lines through the parameters, at 21 places each, which costs as many looks at all "
        "held-out strings", .when = hf_config_is_strings, .counts = has_slices),
    KEY(output.slice_radius, REAL, "1.0", FROM_TO(1e-4, 1e6), "1", "0.5", "how far, both ways: Euclidean norm of the change of all parameters",
        .when = has_slices_of_strings, .counts = has_slices),
    KEY(output.phase, STRINGS, NULL, ANY, "", "(\"overlap\", \"loss\")",
        "two columns of trajectory.tsv: a figure of the flow, phase, draws them against each other; default: none", .when = hf_config_runs_flow,
        .counts = never),
    KEY(output.plots, BOOL, "true", ANY, "", "false", "draw the plots at the end of a run", .counts = never),

    KEY(sweep.over, AXES, NULL, ANY, "", "({ key = \"init.perturbation\"; log = (1e-6, 1e-2, 5); })",
        "swept keys, the first varies slowest: { key = \"heads\"; values = (2, 3); }, or log or linear = (first, last, count); "
        "with = (...): keys that go along"),
    KEY(sweep.seeds, COUNT, "1", FROM_TO(1, 1e6), "1", "8",
        "runs at every point: the model's own seed, the next one and so on"),
    KEY(sweep.zip, BOOL, "false", ANY, "", "true",
        "vary all keys together, value by value, instead of in all combinations"),
    KEY(sweep.report, STRINGS, NULL, ANY, "", "(\"t_split\", \"stages\")",
        "the reported quantities, see headflow help quantities; default: t_split, `t_acquired_<j>`, stages, final_loss"),
    KEY(sweep.fit, FITS, NULL, ANY, "", "{ of = \"t_split\"; over = \"perturbation\"; law = \"sqrt-log\"; }",
        "another place for fit", .replaces = "fit", .counts = never),
    KEY(fit, FITS, NULL, ANY, "", "{ response = \"t_split\"; on = (\"perturbation\"); }",
        "laws to fit to a sweep's results: { response = \"t_emerged\"; on = (\"positions\", \"dim\"); law = \"power\"; }, or "
        "of for response and over for on; law: power (the default), exponential, log, sqrt-log or linear",
        .counts = never),
    KEY(labels, LABELS, NULL, ANY, "", "{ t_split = \"$t_*$\"; init = { perturbation = \"$\\\\varepsilon$\"; }; }",
        "what figures call things: reported quantities, keys in their sections, and time, step, loss, attention, value and the like; "
        "mathematics of LaTeX between $ signs (doc/print.md)", .counts = never),
};

/* clang-format on */

const size_t hf_key_count = sizeof hf_keys / sizeof *hf_keys;

#define DECLARED(section) .is_declared = true, .declared = offsetof(hf_config, declared.section)

const hf_section hf_sections[] = {
    {.path = "", .help = "The model."},
    {.path = "target", .help = "What is learned: y = sum_j m_j u_j p_j^T, J features u_j, each on its own pattern p_j of positions.", .when = of_heads},
    {.path = "data", .help = "The inputs: how often each appears and how much it varies.", .when = of_heads},
    {.path = "test", .help = "The data whose loss decides on the event emerged (detect.loss_fraction), where they are not the data that are learned.", .when = of_heads},
    {.path = "init", .help = "Where the flow starts: values and logits of the heads."},
    {.path = "flow", .help = "The flow that is integrated.", .when = hf_config_runs_flow, DECLARED(flow)},
    {.path = "flow.frozen", .help = "What stays as it starts while all else follows the flow. A position without variance "
     "(data.weights) whose logit is 0 and stays so is an attention sink: the softmax with 1 added to its sum.", .when = flows_with_heads},
    {.path = "flow.sgd_drift", .help = "What the noise of minibatch SGD does to the attention on average, as a term of the flow.",
     .when = has_drift},
    {.path = "content", .help = "Of the flow content: one token among others lies along a hidden direction, and its value is asked for.",
     .when = is_content},
    {.path = "in_context", .help = "Of the flow in-context: linear regression from the examples in a prompt.", .when = is_in_context},
    {.path = "train", .help = "The transformer that is trained, beside the flow or alone: y = sum_k V_k X s_k.",
     .when = trains, DECLARED(train)},
    {.path = "chain", .help = "The Markov chain: the next token has the probabilities softmax( (1/tau) sum_k A_k sum_{i in span k} alpha_i x_{t-i} ).",
     .when = hf_config_is_chain},
    {.path = "model", .help = "The network that learns the chain, to recall, or vectors.", .when = hf_config_predicts_tokens},
    {.path = "recall", .help = "Associative recall: pairs of a key and a value, one of the keys once more, and its value is asked for.",
     .when = hf_config_is_recall},
    {.path = "vectors", .help = "Regression on sequences: of random inputs x_1 .. x_T the last are one vector, and W x_T is asked for.",
     .when = hf_config_is_vectors},
    {.path = "strings", .help = "The strings and what is asked of them.", .when = hf_config_is_strings},
    {.path = "encoder", .help = "The bidirectional transformer that answers, and its mask of attention.", .when = hf_config_is_strings},
    {.path = "ladder", .help = "Training at several learning rates and batch sizes, against the flow.", .when = trains_regression},
    {.path = "sensitivity", .help = "What moves the events of the flow.", .when = follows_heads},
    {.path = "solver", .help = "The integrator: end, accuracy and limits.", .when = regresses},
    {.path = "detect", .help = "Thresholds of the events that are looked for."},
    {.path = "output", .help = "What is written, and at which times."},
    {.path = "sweep", .help = "Many runs of one model, for headflow sweep.", .when = sweeps, DECLARED(sweep)},
};

const size_t hf_section_count = sizeof hf_sections / sizeof *hf_sections;

const hf_key *hf_keys_find(const char *path)
{
    for (size_t k = 0; k < hf_key_count; k++)
        if (strcmp(hf_keys[k].path, path) == 0)
            return &hf_keys[k];
    return NULL;
}

static const hf_section *find_section(const char *path, size_t length)
{
    for (size_t s = 0; s < hf_section_count; s++)
        if (strlen(hf_sections[s].path) == length && strncmp(hf_sections[s].path, path, length) == 0)
            return &hf_sections[s];
    return NULL;
}

const hf_section *hf_keys_find_section(const char *path)
{
    return find_section(path, strlen(path));
}

const hf_section *hf_keys_section(const hf_key *key)
{
    return find_section(key->path, hf_keys_section_length(key->path));
}

size_t hf_keys_section_length(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? 0 : (size_t)(dot - path);
}

void *hf_keys_field(const hf_key *key, hf_config *config)
{
    return (char *)config + key->offset;
}

const void *hf_keys_value(const hf_key *key, const hf_config *config)
{
    return (const char *)config + key->offset;
}

/* The longest name a suggestion is looked for. */
#define NAME_MAX_LENGTH 64

/* Levenshtein's distance; both names are at most NAME_MAX_LENGTH long. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_LENGTH + 1]; /* row[j]: from the first i characters of a to the first j of b */
    const size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 1; j <= length; j++) {
            const size_t insert_or_delete = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            const size_t replace = diagonal + (a[i] != b[j - 1]);
            diagonal = row[j];
            row[j] = insert_or_delete < replace ? insert_or_delete : replace;
        }
    }
    return row[length];
}

static const char *last_component(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot == NULL ? path : dot + 1;
}

size_t hf_keys_distance(const char *path, const char *known)
{
    if (strlen(path) > NAME_MAX_LENGTH || strlen(known) > NAME_MAX_LENGTH)
        return SIZE_MAX;
    const size_t section = hf_keys_section_length(path);
    const bool siblings = section == hf_keys_section_length(known) && strncmp(path, known, section) == 0;
    const size_t by_name = edit_distance(last_component(path), last_component(known)) + !siblings;
    const size_t by_path = edit_distance(path, known);
    return by_name < by_path ? by_name : by_path;
}

const char *hf_keys_suggest(const char *path)
{
    if (strlen(path) > NAME_MAX_LENGTH)
        return NULL;
    const char *best = NULL;
    size_t nearest = 2 + strlen(last_component(path)) / 4; /* distances below this are close */
    for (size_t k = 0; k < hf_key_count + hf_section_count; k++) {
        const char *known = k < hf_key_count ? hf_keys[k].path : hf_sections[k - hf_key_count].path;
        const size_t distance = hf_keys_distance(path, known);
        if (*known != '\0' && distance < nearest) {
            nearest = distance;
            best = known;
        }
    }
    return best;
}

const char *hf_keys_nearest(const char *name, const char *const names[])
{
    if (strlen(name) > NAME_MAX_LENGTH)
        return NULL;
    const char *best = NULL;
    size_t nearest = 2 + strlen(name) / 4;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strlen(names[i]) > NAME_MAX_LENGTH)
            continue;
        const size_t distance = edit_distance(name, names[i]);
        if (distance < nearest) {
            nearest = distance;
            best = names[i];
        }
    }
    return best;
}

bool hf_range_holds(const hf_range *range, double value)
{
    return (range->low_open ? value > range->low : value >= range->low) &&
           (range->high_open ? value < range->high : value <= range->high);
}

const char *hf_range_describe(const hf_range *range, char text[HF_RANGE_TEXT])
{
    if (range->high < HF_REAL_MAX)
        snprintf(text, HF_RANGE_TEXT, " in %c%.10g, %.10g%c", range->low_open ? '(' : '[', range->low, range->high,
                 range->high_open ? ')' : ']');
    else if (range->low > -HF_REAL_MAX)
        snprintf(text, HF_RANGE_TEXT, " %s %.10g", range->low_open ? ">" : ">=", range->low);
    else
        text[0] = '\0';
    return text;
}
