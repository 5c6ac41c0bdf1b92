/* trainer: the parameters of a model on their way: step after step, looked at, saved and taken up again.
 *
 * What is looked at and written is the business of a table of functions. A run of as many steps as another and more goes on
 * with it: the row that a last step has only because it is the last is taken back then. */
#ifndef HF_RUN_TRAINER_H
#define HF_RUN_TRAINER_H

#include "core/channel.h"
#include "report/table.h"
#include "run/learner.h"
#include "run/record.h"
#include "run/run.h"
#include "train/continuous.h"

/* What a kind of training does at a step; self is the run. Only with a directory are open, check and sync called. */
typedef struct {
    char magic[9]; /* eight letters, of the saved state */

    /* Output time number index is at the present step or before. */
    bool (*is_due)(const void *self, size_t index);

    void (*learn)(void *self); /* with the gradient of the step that is about to be made; NULL: does nothing */

    /* Before the first step and after each: takes notice. */
    hf_status (*look)(void *self, hf_error *err);
    hf_status (*row)(void *self, hf_error *err);
    void (*tell)(const void *self, hf_run_progress *progress); /* fills what the trainer does not know */

    /* What the row of a last step that is no output step will change: kept before it, and put back. */
    void (*keep)(void *self);
    void (*put_back)(void *self);

    /* Tables, anew (lengths NULL) or cut to lengths; and whether those of a finished run are as long. */
    hf_status (*open)(void *self, const long *lengths, hf_error *err);
    hf_status (*check)(void *self, const long *lengths, hf_error *err);
    hf_status (*sync)(void *self, long *lengths, hf_error *err); /* (HF_RECORD_TABLES) */

    void (*transfer)(void *self, hf_channel *channel); /* of all that goes on, to or from a saved state */
} hf_trainer_kind;

typedef struct {
    const hf_trainer_kind *kind;
    void *self;
    const hf_learner_params *params;
    const hf_train_params *train;
    const hf_run_options *options;
    hf_run_summary *summary;
    size_t points;       /* output times behind the start */
    uint64_t state_hash; /* of what a saved state depends on */
    hf_table_origin origin;

    hf_learner learner;
    hf_tensors tensors;
    size_t count;       /* of parameters */
    double *parameters; /* (count) */
    double *gradient;   /* (count) */
    double batch_loss;  /* of the last gradient; nan: none */
    double judged;      /* the loss that a schedule goes by; set by look */
    bool stopped;       /* nothing more is to be learned; set by look */
    uint64_t step;

    /* The trainer's own. */
    hf_optimizer optimizer;
    hf_continuous *flow; /* its flow, where that is followed; NULL: its steps are */
    char *checkpoint_path;
    uint64_t next; /* output time to be written next */
    long lengths[HF_RECORD_TABLES];
    uint64_t open_step; /* that has a row only because it was the last; 0: none */
    long open_lengths[HF_RECORD_TABLES];
} hf_trainer;

/* The summary of a training with this seed, with nothing in it, and the seed of its tables. Before hf_trainer_create. */
void hf_trainer_begin(hf_trainer *trainer, uint64_t seed);

/* Takes origin.seed, options and summary as they are and looks what is there already. The model is made, and its parameters
 * are those of the start. Errors: HF_EUSAGE, HF_ESYSTEM. Free with hf_trainer_clear, also after an error. */
hf_status hf_trainer_create(hf_trainer *trainer, hf_error *err);
void hf_trainer_clear(hf_trainer *trainer);

/* Trains to the end, or until the run is interrupted, and saves. Errors: those of the kind's functions, HF_EUSAGE, HF_ESYSTEM. */
hf_status hf_trainer_run(hf_trainer *trainer, hf_error *err);

/* A look for kinds that go by the loss of the last batch, which is judged. Errors: HF_ENUMERIC, as hf_trainer_judge and _fail. */
hf_status hf_trainer_look_at_batch(hf_trainer *trainer, hf_error *err);

/* HF_ENUMERIC: a parameter is not finite, or absurd: for losses that saturate, and stay finite then. */
hf_status hf_trainer_judge(const hf_trainer *trainer, hf_error *err);

/* HF_ENUMERIC: the loss is not finite. more: what is to be added; NULL: nothing. */
hf_status hf_trainer_fail(const hf_trainer *trainer, const char *more, hf_error *err);

#endif
