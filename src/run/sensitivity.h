/* sensitivity: what moves the events of a flow: derivatives of their times and levels, and of the end, with respect to the logarithms
 * of parameters, from the derivatives of the state (integrate/variation.h).
 *
 * An event is where a number h of the state crosses a threshold: dt = -(dh - dthreshold) / h', with dh along the derivative of the
 * state and the parameter at a fixed time. A plateau and a drop are where q = dP/dt is 0, P = -dL/dt: dt = -dq / q'. Their
 * derivatives are those of dP along the flow and of q, taken by differences of sixth order along the flow's own direction. A stage
 * begins and settles where ln P crosses the mean of those of its plateau and its peak, whose own times do not matter there.
 * A number at an event changes by what it changes at a fixed time and by the time: dL - P dt. */
#ifndef HF_RUN_SENSITIVITY_H
#define HF_RUN_SENSITIVITY_H

#include "detect/detector.h"
#include "integrate/variation.h"
#include "report/sensitivities.h"

typedef struct hf_sensitivity hf_sensitivity;

/* Of an integration that has just begun, whose system has parameters to follow. loss_fraction: at which loss it emerges. Errors:
 * HF_ESYSTEM, HF_ENUMERIC. Free with hf_sensitivity_free. */
hf_status hf_sensitivity_create(hf_sensitivity **sensitivity, hf_integrator *integrator, double loss_fraction, hf_error *err);

void hf_sensitivity_free(hf_sensitivity *sensitivity);

/* After every step of the integrator, and once the detector has looked at it. Errors: HF_ESYSTEM, HF_ENUMERIC. */
hf_status hf_sensitivity_step(hf_sensitivity *sensitivity, hf_error *err);
hf_status hf_sensitivity_look(hf_sensitivity *sensitivity, const hf_detector *detector, hf_error *err);

/* Before and after the integrator's restart. Errors: HF_ESYSTEM, HF_ENUMERIC. */
void hf_sensitivity_before_restart(hf_sensitivity *sensitivity);
hf_status hf_sensitivity_restart(hf_sensitivity *sensitivity, hf_error *err);

/* What is known, to or from a checkpoint just after a restart; and once the integrator has gone on from there. */
struct hf_channel;
bool hf_sensitivity_transfer(hf_sensitivity *sensitivity, struct hf_channel *channel);
hf_status hf_sensitivity_load(hf_sensitivity *sensitivity, hf_error *err);

/* What moves what was found, up to the end at t, within the integrator's last step. Free the result with
 * hf_sensitivities_clear. Errors: HF_ESYSTEM. */
hf_status hf_sensitivity_finish(hf_sensitivity *sensitivity, double t, const hf_findings *findings, hf_sensitivities *result,
                                hf_error *err);

#endif
