#include "config/fill.h"

#include "config/stored.h"
#include "run/systems.h"
#include "train/clock.h"
#include "train/optimizer.h"
#include "train/regression_task.h"
#include "train/teacher.h"
#include "train/tensor_table.h"

#include <math.h>
#include <stdlib.h>

/* ---- problems ---- */

hf_status hf_fill_problem(const hf_config *config, hf_problem_params *params, hf_error *err)
{
    *params = (hf_problem_params){
        .heads = config->heads,
        .positions = config->positions,
        .target = config->target,
        .data = config->data,
        .test = config->test,
        .init = config->init,
        .flow = config->flow,
    };
    if (config->init.state == NULL || config->flow.system != HF_SYSTEM_HEADS) /* others read it themselves */
        return HF_OK;
    char *path = hf_config_resolve(config, config->init.state);
    if (path == NULL)
        return hf_fail_memory(err, "the path of the state table");
    const hf_status status =
        hf_state_read(&params->state, path, config->heads, config->positions, config->target.count, err);
    free(path);
    return status;
}

void hf_fill_clear_problem(hf_problem_params *params)
{
    hf_state_clear(&params->state);
}

hf_status hf_fill_create_problem(const hf_config *config, hf_problem **problem, hf_error *err)
{
    hf_problem_params params;
    hf_status status = hf_fill_problem(config, &params, err);
    if (status == HF_OK)
        status = hf_config_place(config, hf_problem_create(problem, &params, err), err);
    hf_fill_clear_problem(&params);
    return status;
}

/* Steps that what is drawn in one step acts on, down to e^-2 of it. */
static size_t memory_of(const hf_train_params *train)
{
    const bool forgets = train->optimizer == HF_OPTIMIZER_SGD || train->optimizer == HF_OPTIMIZER_RMSPROP;
    const double kept = train->batch == 0 || forgets                ? 0
                        : train->optimizer == HF_OPTIMIZER_MOMENTUM ? train->momentum
                                                                    : train->beta1;
    return kept > 0 ? (size_t)ceil(fmin(2 / (1 - kept), 1e9)) : 1;
}

hf_detector_params hf_fill_detector(const hf_config *config)
{
    const hf_awaited_event *stop = &config->solver.stop_at;
    return (hf_detector_params){.detect = config->detect,
                                .stop_loss = config->solver.stop_loss,
                                .stop = hf_event_is_crossing(stop->kind) ? *stop : (hf_awaited_event){.wanted = false},
                                .rtol = config->solver.rtol,
                                .atol = config->solver.atol,
                                .is_noisy = config->train.batch > 0,
                                .memory = memory_of(&config->train)};
}

/* ---- single runs ---- */

hf_status hf_fill_identity(const hf_config *config, hf_table_origin *origin, uint64_t *state_hash, hf_error *err)
{
    const hf_status status = hf_config_hash(config, &origin->hash, err);
    return status == HF_OK ? hf_stored_hash(config, state_hash, err) : status;
}

/* Everything but the state of the problem, which is read once. */
static void set_flow_run(const hf_config *config, hf_flow_run_params *params)
{
    params->in_context = config->in_context;
    params->content = config->content;
    params->directory = config->directory;
    params->solver = config->solver;
    params->output = config->output;
    params->sensitivity = config->sensitivity;
    params->detector = hf_fill_detector(config);
    params->origin = (hf_table_origin){.title = config->title, .seed = config->init.seed};
}

static void set_train_run(const hf_config *config, hf_train_run_params *params)
{
    params->learner.train = config->train;
    params->learner.projects = hf_config_projects(config);
    params->solver = config->solver;
    params->output = config->output;
    params->detector = hf_fill_detector(config);
    params->origin = (hf_table_origin){.title = config->title, .seed = config->train.seed};
}

hf_status hf_fill_learner(const hf_config *config, hf_learner_params *params, hf_error *err)
{
    *params = (hf_learner_params){.train = config->train, .projects = hf_config_projects(config)};
    return hf_fill_problem(config, &params->problem, err);
}

hf_status hf_fill_flow_run(const hf_config *config, hf_flow_run_params *params, hf_error *err)
{
    *params = (hf_flow_run_params){0};
    set_flow_run(config, params);
    return hf_fill_problem(config, &params->problem, err);
}

hf_status hf_fill_train_run(const hf_config *config, hf_train_run_params *params, hf_error *err)
{
    *params = (hf_train_run_params){0};
    set_train_run(config, params);
    return hf_fill_problem(config, &params->learner.problem, err);
}

static hf_status check_tokens(const hf_config *config, hf_error *err)
{
    hf_token_run_params params;
    const hf_status status = hf_fill_token_run(config, &params, err);
    hf_fill_clear_token_run(&params);
    return status;
}

hf_status hf_fill_check(const hf_config *config, hf_error *err)
{
    if (hf_config_predicts_tokens(config))
        return check_tokens(config, err);
    if (hf_config_is_strings(config))
        return HF_OK;
    hf_problem *problem = NULL;
    hf_owned_system made = {0};
    hf_flow_run_params params;
    hf_status status = HF_OK;
    if (config->flow.system == HF_SYSTEM_HEADS)
        status = hf_fill_create_problem(config, &problem, err);
    if (status == HF_OK && config->declared.train)
        status = hf_config_place(config, hf_regression_task_check(&config->train, problem, err), err);
    if (status == HF_OK && hf_config_runs_flow(config) &&
        (config->flow.system != HF_SYSTEM_HEADS || config->sensitivity.to.count > 0 || config->output.spectrum > 0)) {
        status = hf_fill_flow_run(config, &params, err);
        if (status == HF_OK)
            status = hf_config_place(config, hf_systems_create(&params, &made, err), err);
        if (status == HF_OK)
            status = hf_config_place(config, hf_systems_check_output(&config->output, made.system.size, err), err);
        hf_fill_clear_problem(&params.problem);
    }
    hf_problem_free(problem);
    hf_owned_system_free(&made);
    return status;
}

/* ---- experiments ---- */

static void set_drift(const hf_config *config, hf_flow_params *flow)
{
    flow->sgd_drift.lr = hf_clock_rate(hf_clock_of(&config->train));
    flow->sgd_drift.batch = config->train.batch;
    flow->sgd_drift.dim = config->train.dim;
    flow->sgd_drift.noise = config->data.noise;
    flow->sgd_drift.dynamic = true;
}

static void set_step(const hf_config *config, hf_flow_params *flow)
{
    const hf_clock clock = hf_clock_of(&config->train);
    flow->step = clock.lr;
    flow->momentum = clock.momentum;
}

/* A companion of a configuration's flow: what its training run has beside it. problem: that of the flow. */
static hf_status fill_companion(const hf_config *config, hf_companion c, const hf_problem_params *problem,
                                hf_flow_run_params *params, hf_error *err)
{
    hf_config own = *config; /* for the hash that its tables name */
    if (c != HF_COMPANION_STEP)
        set_drift(config, &own.flow);
    if (c != HF_COMPANION_DRIFT)
        set_step(config, &own.flow);
    own.sensitivity.to.count = 0; /* of the flow alone */
    params->problem = *problem;
    params->problem.flow = own.flow;
    set_flow_run(&own, params);
    return hf_fill_identity(&own, &params->origin, &params->state_hash, err);
}

/* Which companions a configuration has. */
static void set_companions(const hf_config *config, bool has[HF_COMPANIONS])
{
    has[HF_COMPANION_DRIFT] = hf_config_runs_drift(config);
    has[HF_COMPANION_STEP] = hf_config_runs_step(config);
    has[HF_COMPANION_STEP_DRIFT] = has[HF_COMPANION_DRIFT] && has[HF_COMPANION_STEP];
}

static hf_status fill_companions(const hf_config *config, const hf_problem_params *problem, bool has[HF_COMPANIONS],
                                 hf_flow_run_params companion[HF_COMPANIONS], hf_error *err)
{
    hf_status status = HF_OK;
    set_companions(config, has);
    for (hf_companion c = 0; c < HF_COMPANIONS && status == HF_OK; c++)
        if (has[c])
            status = fill_companion(config, c, problem, &companion[c], err);
    return status;
}

/* Number i of the ladder: lr halved, steps doubled so that the run ends at the same time. Without noise all seeds are alike,
 * unless their features differ. */
static hf_status fill_rung(const hf_config *config, size_t i, const hf_problem_params *problem, hf_rung_params *rung,
                           hf_error *err)
{
    const size_t halvings = i % (config->ladder.halvings + 1), column = i / (config->ladder.halvings + 1);
    hf_config own = *config; /* for the hash that its tables name */
    if (config->ladder.batches.count > 0)
        own.train.batch = config->ladder.batches.at[column];
    own.train.lr = ldexp(config->train.lr, -(int)halvings);
    own.train.steps = config->train.steps << halvings;
    if (own.train.batch == 0 && config->train.samples == 0 && config->train.features != HF_FEATURES_RANDOM)
        own.train.seeds = 1;
    *rung = (hf_rung_params){.train = {.learner = {.problem = *problem}},
                             .is_main = halvings == 0 && own.train.batch == config->train.batch};
    set_train_run(&own, &rung->train);
    hf_status status = hf_fill_identity(&own, &rung->train.origin, &rung->train.state_hash, err);
    if (status == HF_OK)
        status = fill_companions(&own, problem, rung->has, rung->companion, err);
    for (size_t c = 0; c < HF_COMPANIONS; c++)
        rung->companion[c].detector.detect.saddles = false; /* nobody asks for them, and they change no trajectory */
    return status;
}

static hf_status fill_ladder(const hf_config *config, hf_experiment_params *params, hf_error *err)
{
    const size_t batches = config->ladder.batches.count;
    const size_t count = (batches == 0 ? 1 : batches) * (config->ladder.halvings + 1);
    hf_status status = HF_OK;
    if (config->ladder.halvings == 0 && batches == 0)
        return HF_OK;
    params->rung = calloc(count, sizeof *params->rung);
    if (params->rung == NULL)
        return hf_fail_memory(err, "the ladder");
    params->rung_count = count;
    for (size_t i = 0; i < count && status == HF_OK; i++)
        status = fill_rung(config, i, &params->flow.problem, &params->rung[i], err);
    return status;
}

/* The training of a configuration along the flow of its optimizer, which knows no noise. problem: its problem. */
static hf_status fill_optimizer(const hf_config *config, const hf_problem_params *problem, hf_train_run_params *params,
                                hf_error *err)
{
    hf_config following = *config; /* for the hash that its tables name */
    following.train.batch = following.train.validation = 0;
    set_train_run(&following, params);
    params->learner.problem = *problem;
    params->learner.continuous = true;
    params->learner.train.entries = config->flow.entries;
    return hf_fill_identity(&following, &params->origin, &params->state_hash, err);
}

hf_status hf_fill_experiment(const hf_config *config, hf_experiment_params *params, hf_error *err)
{
    *params = (hf_experiment_params){.has_flow = hf_config_runs_flow(config),
                                     .has_optimizer = hf_config_runs_optimizer(config),
                                     .trains = config->declared.train};
    hf_status status = hf_fill_flow_run(config, &params->flow, err);
    if (status == HF_OK)
        status = hf_fill_identity(config, &params->flow.origin, &params->flow.state_hash, err);
    set_train_run(config, &params->main);
    params->main.learner.problem = params->flow.problem;
    params->main.origin.hash = params->flow.origin.hash;
    params->main.state_hash = params->flow.state_hash;
    if (status == HF_OK)
        status = fill_companions(config, &params->flow.problem, params->has, params->companion, err);
    if (status == HF_OK && params->has_optimizer)
        status = fill_optimizer(config, &params->flow.problem, &params->optimizer, err);
    if (status == HF_OK && params->trains)
        status = fill_ladder(config, params, err);
    if (status != HF_OK)
        hf_fill_clear_experiment(params);
    return status;
}

void hf_fill_clear_experiment(hf_experiment_params *params)
{
    hf_fill_clear_problem(&params->flow.problem); /* all share its state */
    free(params->rung);
    *params = (hf_experiment_params){0};
}

/* ---- Markov chains ---- */

static hf_status read_teacher(const hf_config *config, double **teacher, hf_error *err)
{
    if (config->chain.teacher == NULL)
        return HF_OK;
    char *path = hf_config_resolve(config, config->chain.teacher);
    if (path == NULL)
        return hf_fail_memory(err, "the path of the teacher");
    const hf_status status = hf_teacher_read(path, config->chain.lengths.count, config->chain.vocabulary, teacher, err);
    free(path);
    return status;
}

/* The table of init.state into *start. The network, which says what is to be in it, is made without sequences. */
static hf_status read_start(const hf_config *config, const hf_learner_params *params, double **start, hf_error *err)
{
    hf_learner learner;
    hf_learner_params bare = *params;
    if (config->init.state == NULL)
        return HF_OK;
    bare.train.samples = bare.train.validation = 0;
    char *path = hf_config_resolve(config, config->init.state);
    if (path == NULL)
        return hf_fail_memory(err, "the path of the state table");
    hf_status status = hf_learner_create(&learner, &bare, params->train.seed, 1, err);
    if (status == HF_OK) {
        const hf_tensors tensors = learner.model.kind->tensors(learner.model.self);
        *start = malloc(hf_tensors_size(tensors) * sizeof **start);
        status = *start == NULL ? hf_fail_memory(err, "the state table") : hf_tensor_table_read(path, tensors, *start, err);
        hf_learner_clear(&learner);
    }
    free(path);
    return status;
}

hf_status hf_fill_token_run(const hf_config *config, hf_token_run_params *params, hf_error *err)
{
    *params = (hf_token_run_params){
        .learner = {.train = config->train,
                    .chain = config->chain,
                    .recall = config->recall,
                    .vectors = config->vectors,
                    .network = config->model},
        .output = config->output,
        .detect = config->detect,
        .labels = &config->labels,
        .origin = {.title = config->title, .seed = config->train.seed},
    };
    hf_status status = hf_fill_identity(config, &params->origin, &params->state_hash, err);
    if (status == HF_OK)
        status = read_teacher(config, &params->teacher, err);
    params->learner.teacher = params->teacher;
    if (status == HF_OK)
        status = read_start(config, &params->learner, &params->start, err);
    params->learner.start = params->start;
    return status;
}

void hf_fill_clear_token_run(hf_token_run_params *params)
{
    free(params->teacher);
    free(params->start);
    *params = (hf_token_run_params){0};
}

/* ---- strings ---- */

hf_status hf_fill_string_run(const hf_config *config, hf_string_run_params *params, hf_error *err)
{
    *params = (hf_string_run_params){
        .learner = {.train = config->train, .strings = config->strings, .encoder = config->encoder},
        .output = config->output,
        .accuracy = config->detect.accuracy,
        .labels = &config->labels,
        .origin = {.title = config->title, .seed = config->train.seed},
    };
    return hf_fill_identity(config, &params->origin, &params->state_hash, err);
}

/* ---- figures ---- */

hf_plots_run hf_fill_plots(const hf_config *config, uint64_t hash)
{
    return (hf_plots_run){.title = config->title,
                          .labels = &config->labels,
                          .hash = hash,
                          .has_flow = hf_config_runs_flow(config),
                          .has_drift = hf_config_runs_drift(config),
                          .has_step = hf_config_runs_step(config),
                          .has_optimizer = hf_config_runs_optimizer(config),
                          .trains = config->declared.train,
                          .has_rungs = config->ladder.halvings > 0 || config->ladder.batches.count > 0,
                          .heads = config->heads,
                          .positions = config->positions,
                          .figures = hf_systems[config->flow.system].figures,
                          .pattern_count = config->target.count,
                          .patterns = &config->target.patterns,
                          .copies = &config->data.copies,
                          .replicas = &config->data.replicas,
                          .t_first = config->output.t_first,
                          .t_end = config->solver.t_end,
                          .log_time = config->output.spacing == HF_SPACING_LOG,
                          .has_attention = config->output.attention,
                          .has_events = config->detect.events,
                          .has_saddles = config->detect.saddles,
                          .has_sensitivities = config->sensitivity.to.count > 0,
                          .has_test = config->test.weights.count > 0,
                          .contrast = config->detect.contrast,
                          .phase = &config->output.phase,
                          .eigenvalues = config->output.spectrum,
                          .train = {.seeds = config->train.seeds,
                                    .steps = config->train.steps,
                                    .batch = config->train.batch,
                                    .samples = config->train.samples,
                                    .validation = config->train.validation,
                                    .first_seed = config->train.seed,
                                    .optimizer = hf_optimizer_name(config->train.optimizer),
                                    .lr = config->train.lr,
                                    .is_time = hf_clock_of(&config->train).is_time}};
}
