/* Saved states of a flow: a valid one with bytes changed, and a right checksum again. The input is edits of three bytes, place (two) and
 * value; what is left over is a length that the file is cut to. Refused, or followed for some steps; never more. */
#include "fuzz.h"

#include "config/fill.h"
#include "core/init.h"
#include "core/file.h"
#include "core/hash.h"
#include "run/checkpoint.h"
#include "run/systems.h"

enum { STEPS = 20 };

static const char model[] =
    "heads = 2; positions = 4; target = { strengths = (2.0, 1.0); }; init = { perturbation = 1e-2; };";

/* All that a saved state is read into. */
typedef struct {
    hf_owned_system made;
    hf_detector *detector;
    hf_integrator *integrator;
    hf_checkpoint checkpoint;
} run;

static run start(const hf_flow_run_params *params)
{
    run r = {0};
    hf_error err = {0};
    hf_status status = hf_systems_create(params, &r.made, &err);
    if (status == HF_OK)
        status = hf_integrator_create(&r.integrator, r.made.system, params->solver.rtol, params->solver.atol, &err);
    if (status == HF_OK)
        status = hf_detector_create(&r.detector, &params->detector, r.integrator, &err);
    if (status == HF_OK)
        status = hf_checkpoint_init(&r.checkpoint, &r.made.system, 1, &err);
    if (status != HF_OK)
        abort();
    return r;
}

static void end(run *r)
{
    hf_checkpoint_clear(&r->checkpoint);
    hf_detector_free(r->detector);
    hf_integrator_free(r->integrator);
    hf_owned_system_free(&r->made);
}

/* A step, and a look at it. */
static hf_status advance(run *r, hf_error *err)
{
    double reached;
    bool stopped;
    const hf_status status = hf_integrator_step(r->integrator, err);
    return status == HF_OK ? hf_detector_step(r->detector, r->integrator, 1e9, &reached, &stopped, err) : status;
}

/* A saved state at the first boundary, without its checksum. */
typedef struct {
    hf_config config;
    hf_flow_run_params params;
    char *valid;
    size_t size;
} fixture;

static void save(fixture *f)
{
    run r = start(&f->params);
    hf_error err = {0};
    hf_status status = HF_OK;
    while (status == HF_OK && !hf_integrator_at_boundary(r.integrator))
        status = advance(&r, &err);
    if (status == HF_OK)
        status = hf_detector_before_restart(r.detector, &err);
    if (status == HF_OK)
        status = hf_integrator_restart(r.integrator, &err);
    hf_integrator_save(r.integrator, &r.checkpoint.state);
    r.made.system.kind->save_basis(r.made.system.self, r.checkpoint.basis);
    const char *path = fuzz_file("", 0);
    if (status != HF_OK || hf_checkpoint_write(&r.checkpoint, r.detector, path, &err) != HF_OK ||
        hf_file_read(path, &f->valid, &f->size, &err) != HF_OK)
        abort();
    f->size -= sizeof(uint64_t);
    end(&r);
}

static const fixture *setting(void)
{
    static fixture f;
    const hf_config_source source = {"model.conf", model, NULL};
    hf_error err = {0};
    if (f.valid != NULL)
        return &f;
    hf_init();
    if (hf_config_read_from(&f.config, &source, 0, NULL, &err) != HF_OK ||
        hf_fill_flow_run(&f.config, &f.params, &err) != HF_OK)
        abort();
    save(&f);
    return &f;
}

/* The valid state with the edits, and the checksum that it has. */
static const char *forge(const fixture *f, const uint8_t *edits, size_t size)
{
    uint64_t sum = 0;
    size_t length = f->size;
    uint8_t *bytes = malloc(length + sizeof sum);
    if (bytes == NULL)
        abort();
    memcpy(bytes, f->valid, length);
    for (; size >= 3; edits += 3, size -= 3)
        bytes[(size_t)(edits[0] << 8 | edits[1]) % f->size] = edits[2];
    if (size == 2)
        length = (size_t)(edits[0] << 8 | edits[1]) % length;
    hf_hash_bytes(&sum, bytes, length);
    memcpy(bytes + length, &sum, sizeof sum);
    const char *path = fuzz_file(bytes, length + sizeof sum);
    free(bytes);
    return path;
}

/* As a run that is taken up does; a state that is forged may end it in any way but a crash. */
static void go_on(run *r)
{
    const hf_system *system = &r->made.system;
    hf_error err = {0};
    hf_findings findings;
    hf_status status = system->kind->use_basis(system->self, r->checkpoint.basis, &err);
    if (status == HF_OK)
        status = hf_integrator_load(r->integrator, &r->checkpoint.state, &err);
    if (status == HF_OK)
        hf_detector_after_restart(r->detector, r->integrator);
    for (size_t n = 0; n < STEPS && status == HF_OK; n++)
        status = advance(r, &err);
    if (status == HF_OK && hf_detector_finish(r->detector, &findings, &err) == HF_OK)
        hf_findings_clear(&findings);
}

FUZZ_TARGET(checkpoint)
{
    const fixture *f = setting();
    run r = start(&f->params);
    hf_error err = {0};
    const hf_status status = hf_checkpoint_read(&r.checkpoint, r.detector, forge(f, bytes, size), &err);
    fuzz_judge(status, &err);
    if (status == HF_OK)
        go_on(&r);
    end(&r);
    return 0;
}
