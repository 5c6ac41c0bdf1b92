/* content: one head that finds a single location by its content, as a flow in the plane of two overlaps.
 *
 * Every input has tokens X_l of dimension d, and one of them, anywhere, lies along a hidden direction k*; the target is v* . X there, of
 * variance gamma^2. The head looks by erf(lambda k . X_l) and reads v . X_l; k and v stay on unit spheres. What is expected of the
 * error depends on kappa = k . k* and nu = v . v* alone (start and flow within span{k*, v*} of each). With G = lambda gamma,
 * b = lambda sqrt(d / (2 (1 + 2 G^2))) and c = lambda sqrt(d / 2),
 *
 *     L = gamma^2 (1 - 2 nu erf(b kappa) + zeta(c kappa)),   zeta(t) = E erf(t + G z)^2,  z standard normal,
 *     kappa' = -(1 - kappa^2) dL/dkappa,   nu' = -(1 - nu^2) dL/dnu
 *
 * (Marion, Berthier, Biau and Boyer, arXiv 2410.01537). In the angles kappa = sin x, nu = sin y of the spheres this is the gradient flow x' =
 * -dL/dx, y' = -dL/dy, which is integrated: P = -dL/dt = x'^2 + y'^2. With Owen's T, zeta(t) = 1 - 8 T(sqrt(2) p t, 1 / sqrt(1 + 4 G^2)),
 * p = 1 / sqrt(1 + 2 G^2), and zeta'(t) = 2 p erf(q t) erf'(p t), q = p / sqrt(1 + 4 G^2). The flow has a saddle at the origin, where nothing is
 * known. A state is x, y. */
#ifndef HF_SYSTEM_CONTENT_H
#define HF_SYSTEM_CONTENT_H

#include "core/error.h"
#include "system/params.h"
#include "system/system.h"

typedef struct hf_content hf_content;

/* A flow of a task and its start, |kappa|, |nu| < 1. Errors: HF_ESYSTEM. Free with hf_content_free. */
hf_status hf_content_create(hf_content **flow, const hf_content_task *task, hf_error *err);

void hf_content_free(hf_content *flow);

/* Its columns. */
extern const hf_observer_kind hf_content_observer;

/* The flow as a system without a Newton solve of its own. Groups: x, y. */
hf_system hf_content_system(hf_content *flow);

/* zeta(t) of a flow, and L at any overlaps. */
double hf_content_zeta(const hf_content *flow, double t);
double hf_content_loss(const hf_content *flow, double kappa, double nu);

#endif
