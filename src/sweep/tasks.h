/* tasks: the numbered runs of a sweep, frozen in DIR/tasks.tsv.
 *
 * A row per task: its number, then one column per overridden key, the swept ones first and the seeds last, with the value
 * as -s takes it. Whoever has DIR can run task i: `headflow run DIR/model.conf -s key=value ...`. A checksum in the last
 * line tells a damaged or edited file. */
#ifndef HF_SWEEP_TASKS_H
#define HF_SWEEP_TASKS_H

#include "config/config.h"
#include "report/table.h"

extern const hf_table_kind *const hf_tasks_tables[]; /* ended by NULL */

typedef struct {
    uint64_t hash; /* of the sweep they were made from */
    size_t count, columns;
    const char **name; /* (columns) keys */
    const char **cell; /* (count, columns) values */
    char *text;        /* what name and cell point into */
} hf_tasks;

/* Writes the tasks of a settled configuration. Errors: HF_ESYSTEM. */
hf_status hf_tasks_write(const hf_config *config, uint64_t hash, const char *directory, hf_error *err);

/* Reads DIR/tasks.tsv. Errors: HF_EUSAGE (not there, damaged), HF_ESYSTEM. Free with hf_tasks_clear. */
hf_status hf_tasks_read(hf_tasks *tasks, const char *directory, hf_error *err);

void hf_tasks_clear(hf_tasks *tasks);

/* "key=value" for every column of task number i (from 0): a list of tasks->columns, in one allocation that the caller
 * frees; NULL: memory. directory: that of the sweep, where swept state tables are. */
char **hf_tasks_overrides(const hf_tasks *tasks, size_t i, const char *directory);

/* "key=value" for value i of axis number a, to be freed; NULL: memory. A state table stands with its path. */
char *hf_tasks_override(const hf_config *config, size_t a, size_t i);

/* The same for a seed of run number run (from 0) of a point. */
char *hf_tasks_seed_override(const hf_config *config, const char *path, size_t run);

/* The file in the sweep's directory that a cell of a swept init.state names; the caller frees it; NULL: memory. */
char *hf_tasks_state_path(const char *directory, const char *cell);

/* The name in DIR of the state table that is value i of a swept init.state. */
void hf_tasks_state_name(size_t i, char name[40]);

/* Seeds that count up with a point's runs: init.seed and, where the model trains, train.seed, unless they are swept. */
size_t hf_tasks_seed_keys(const hf_config *config, const char *keys[2]);

#endif
