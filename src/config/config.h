/* config: the model file as plain data.
 *
 * hf_config_read parses a model file, applies the overrides of the command line, fills in defaults and validates
 * everything that can be said without integrating: after HF_OK every list has the length it must have and every number is
 * in range, so that the rest of the program needs no further checks. One table (keys.c) describes every key; reading,
 * validating, printing and documentation are all made from it. */
#ifndef HF_CONFIG_CONFIG_H
#define HF_CONFIG_CONFIG_H

#include "compare/params.h"
#include "core/error.h"
#include "core/lists.h"
#include "detect/params.h"
#include "flow/params.h"
#include "report/params.h"
#include "run/params.h"
#include "sweep/params.h"
#include "system/params.h"
#include "train/encoder.h"
#include "train/params.h"
#include "train/recall.h"
#include "train/strings.h"
#include "train/token_params.h"
#include "train/vectors.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A list that the model file leaves out has count 0. Owner of every pointer: the hf_config. */
typedef struct {
    char *title;
    size_t heads;     /* H */
    size_t positions; /* T: number of position classes */
    hf_target_params target;
    hf_data_params data;
    hf_test_params test;
    hf_init_params init;
    hf_flow_params flow;
    hf_in_context_task in_context;
    hf_content_task content;
    hf_train_params train;
    hf_chain_params chain;
    hf_network_params model;
    hf_strings_params strings;
    hf_encoder_params encoder;
    hf_recall_params recall;
    hf_vectors_params vectors;
    hf_ladder_params ladder;
    hf_sensitivity_params sensitivity;
    hf_solver_params solver;
    hf_detect_params detect;
    hf_output_params output;
    hf_sweep_params sweep;
    hf_fits fit;
    hf_labels labels; /* of figures */
    struct {
        bool flow, train, sweep;
    } declared;      /* whether the model file or an override says anything in this section */
    char *directory; /* of the model file ("." if the path has no folder): relative paths in it start here */
    void *origins;   /* where each key was set (reader's own; for hf_config_reject) */
} hf_config;

/* Reads, overrides, completes and validates a model file.
 * overrides: "path=value" each, in libconfig's syntax for the value; a bare word is taken as a string.
 * Errors: HF_EUSAGE (message "FILE:LINE: KEY: what is wrong, what was expected"), HF_ESYSTEM (memory). *config is cleared
 * on failure. */
hf_status hf_config_read(hf_config *config, const char *path, size_t override_count, const char *const overrides[],
                         hf_error *err);

/* Where a model comes from: a file, or a text that somebody else has. */
typedef struct {
    const char *path;      /* of the file; of a text: what messages and the title call it */
    const char *text;      /* NULL: what the file holds */
    const char *directory; /* where the relative paths of a text start; NULL: the folder that path is in */
} hf_config_source;

/* The same of a source, which must outlive the call only. */
hf_status hf_config_read_from(hf_config *config, const hf_config_source *source, size_t override_count,
                              const char *const overrides[], hf_error *err);

/* Frees what config owns and zeroes it; legal on a zeroed or half-filled config. */
void hf_config_clear(hf_config *config);

/* HF_EUSAGE with the place where key (for example "init.state") was set in front of the formatted message. */
hf_status hf_config_reject(const hf_config *config, hf_error *err, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What a room that knows no files has returned: if its error is about a key, the place where that was set goes in front. */
hf_status hf_config_place(const hf_config *config, hf_status status, hf_error *err);

/* Whether a flow is integrated: a flow section says so, or no train section says otherwise. */
bool hf_config_runs_flow(const hf_config *config);

/* Whether a Markov chain is learned: no flow, no positions, no target. */
bool hf_config_is_chain(const hf_config *config);

/* Whether an encoder learns a task of strings: likewise. */
bool hf_config_is_strings(const hf_config *config);

/* Whether a decoder learns to recall: likewise. */
bool hf_config_is_recall(const hf_config *config);

/* Whether a decoder learns a regression on sequences of vectors: likewise. */
bool hf_config_is_vectors(const hf_config *config);

/* Whether the network of the section model learns a chain, recall or vectors. */
bool hf_config_predicts_tokens(const hf_config *config);

/* Whether tokens are learned, those or the answers to strings. */
bool hf_config_reads_tokens(const hf_config *config);

/* Whether steps of training stand for flow time (train/clock.h). */
bool hf_config_has_clock(const hf_config *config);

/* Whether, beside the flow, the one with the drift of the training run's noise is integrated: fresh samples, all inputs
 * alike, steps that have a flow time, and no drift of the model file's own. */
bool hf_config_runs_drift(const hf_config *config);

/* Whether the flow of the training's own optimizer is followed, too. */
bool hf_config_runs_optimizer(const hf_config *config);
/* Whether, beside the flow, the one with the finite steps of the training run is integrated: the gradient of the population,
 * whether it is sampled anew or exact, steps that have a flow time, and no steps of the model file's own. */
bool hf_config_runs_step(const hf_config *config);

/* Whether projected samples have the law of direct ones: fresh ones, with inputs alike in all coordinates. */
bool hf_config_may_project(const hf_config *config);

/* Whether the samples of a step are projected: where train.sampling says so, or, by default, where that has the same law and
 * the patterns and attentions are fewer than the inputs. */
bool hf_config_projects(const hf_config *config);

/* The name that the copy of a teacher gets where a state table is called init.tsv. */
#define HF_CONFIG_TEACHER "teacher.tsv"

/* Writes the effective configuration as a model file that reads back to the same configuration, each key with its unit
 * and help as a comment. state: the name to write for init.state (then a teacher is called
 * HF_CONFIG_TEACHER), NULL for absolute paths. Returns false when writing
 * failed. */
bool hf_config_print(const hf_config *config, const char *state, FILE *stream);

/* Writes the documentation of every key (Markdown table per section): name, type, range, default, unit, meaning. */
bool hf_config_print_keys(FILE *stream);

/* Writes what is to be known of a key, with an example, or of the keys of a section, for a terminal. False: topic is neither. */
bool hf_config_explain(const char *topic, FILE *stream);

/* Writes what the model file and the overrides said, without sweep and fit: everything else, also what follows from other
 * keys, is left to be settled anew for every task of a sweep. Arguments as for hf_config_print. */
bool hf_config_print_given(const hf_config *config, const char *state, FILE *stream);

/* Hash of what the tasks of a sweep share: what the model file gives but for the sections sweep and fit. */
hf_status hf_config_hash_model(const hf_config *config, uint64_t *hash, hf_error *err);

/* 64-bit FNV-1a hash of the effective configuration without comments: equal exactly when the runs they describe are. */
hf_status hf_config_hash(const hf_config *config, uint64_t *hash, hf_error *err);

/* The same for a sweep: equal exactly when all tasks, and what they report, are. Titles and fits do not count. */
hf_status hf_config_hash_sweep(const hf_config *config, uint64_t *hash, hf_error *err);

/* Whether the model file or an override gives this key a value. */
bool hf_config_is_given(const hf_config *config, const char *key);

/* The path of a file named in the model file, relative to the model file's folder unless absolute. Caller frees; NULL:
 * memory. */
char *hf_config_resolve(const hf_config *config, const char *path);

#endif
