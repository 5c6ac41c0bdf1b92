/* checkpoint: what a flow needs to go on after it was killed, saved at the integrator's boundaries.
 *
 * One binary file, for the machine that wrote it; a checksum at its end tells a damaged file. */
#ifndef HF_RUN_CHECKPOINT_H
#define HF_RUN_CHECKPOINT_H

#include "detect/detector.h"
#include "integrate/integrator.h"
#include "run/record.h"
#include "run/sensitivity.h"

typedef struct {
    uint64_t hash;                  /* of the configuration */
    uint64_t basis_size, size;      /* of what chose the coordinates, and of a state */
    uint64_t next;                  /* output time to be written next */
    long lengths[HF_RECORD_TABLES]; /* of the tables so far */
    hf_integrator_state state;      /* y: (size), owned */
    double *basis;                  /* (basis_size) of the system's save_basis, owned */
    hf_sensitivity *sensitivity;    /* of the run, which is saved with it; NULL: there is none */
} hf_checkpoint;

/* Memory for a system's checkpoints. Free with hf_checkpoint_clear. Errors: HF_ESYSTEM. */
hf_status hf_checkpoint_init(hf_checkpoint *checkpoint, const hf_system *system, uint64_t hash, hf_error *err);

/* Legal on a zeroed checkpoint. */
void hf_checkpoint_clear(hf_checkpoint *checkpoint);

/* Writes the checkpoint and what the detector knows. Errors: HF_ESYSTEM. */
hf_status hf_checkpoint_write(const hf_checkpoint *checkpoint, hf_detector *detector, const char *path, hf_error *err);

/* Reads into an initialized checkpoint and a new detector. Errors: HF_EUSAGE when the file is damaged or belongs to
 * another configuration; the detector must not be used then. */
hf_status hf_checkpoint_read(hf_checkpoint *checkpoint, hf_detector *detector, const char *path, hf_error *err);

#endif
