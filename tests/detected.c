#include "detected.h"

#include "config/fill.h"
#include "flow/flow_system.h"
#include "integrate/integrator.h"
#include "support.h"

#include <string.h>

void detect(detected_run *run, const char *text)
{
    detect_with(run, text, 0, NULL);
}

void detect_with(detected_run *run, const char *text, size_t count, const char *const *settings)
{
    detect_by(run, text, count, settings, true);
}

void detect_by(detected_run *run, const char *text, size_t count, const char *const *settings, bool glances)
{
    hf_error err = {0};
    hf_detector *detector;
    hf_integrator *integrator;
    bool stopped = false;
    write_text(temporary_path("model.conf"), text, strlen(text));
    if (hf_config_read(&run->config, temporary_path("model.conf"), count, settings, &err) != HF_OK ||
        hf_fill_create_problem(&run->config, &run->problem, &err) != HF_OK ||
        hf_flow_create(&run->flow, run->problem, &err) != HF_OK)
        fail_msg("%s", err.message);
    const hf_detector_params params = hf_fill_detector(&run->config);
    hf_system system = hf_flow_system(run->flow);
    hf_system_kind kind = *system.kind;
    if (!glances) {
        kind.near = NULL;
        system.kind = &kind;
    }
    if (hf_integrator_create(&integrator, system, run->config.solver.rtol, run->config.solver.atol, &err) != HF_OK ||
        hf_detector_create(&detector, &params, integrator, &err) != HF_OK)
        fail_msg("%s", err.message);
    stopped = hf_detector_starts_stopped(detector);
    for (run->t = 0; run->t < run->config.solver.t_end && !stopped;) {
        if (hf_integrator_at_boundary(integrator)) {
            assert_int_equal(hf_detector_before_restart(detector, &err), HF_OK);
            assert_int_equal(hf_integrator_restart(integrator, &err), HF_OK);
            hf_detector_after_restart(detector, integrator);
        }
        if (hf_integrator_step(integrator, &err) != HF_OK ||
            hf_detector_step(detector, integrator, run->config.solver.t_end, &run->t, &stopped, &err) != HF_OK)
            fail_msg("%s", err.message);
    }
    assert_int_equal(hf_detector_finish(detector, &run->findings, &err), HF_OK);
    hf_detector_free(detector);
    hf_integrator_free(integrator);
}

void clear_run(detected_run *run)
{
    hf_findings_clear(&run->findings);
    hf_flow_free(run->flow);
    hf_problem_free(run->problem);
    hf_config_clear(&run->config);
}

size_t count_events(const hf_findings *f, hf_event_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < f->event_count; i++)
        count += f->event[i].kind == kind;
    return count;
}

const hf_event *event_of(const hf_findings *f, hf_event_kind kind, size_t index)
{
    for (size_t i = 0; i < f->event_count; i++)
        if (f->event[i].kind == kind && index-- == 0)
            return &f->event[i];
    fail_msg("there is no such %s", hf_event_names[kind]);
    return NULL;
}
