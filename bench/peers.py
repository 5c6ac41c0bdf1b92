#!/usr/bin/python3
"""The attention-head gradient flow as one writes it for scipy: what headflow is measured against.

Regression task with J patterns: target sum_j A_j X p_j, model sum_k V_k X s_k, k = 1..H heads, s_k = softmax(a_k) over
T positions, loss L = 1/2 |sum_k V_k (x) s_k - sum_j A_j (x) p_j|^2. The A_j are orthogonal matrices-as-vectors of norm m_j.

    V_k' = sum_j A_j <p_j, s_k> - sum_l V_l <s_l, s_k>
    g_k  = sum_j <A_j, V_k> p_j - sum_l <V_l, V_k> s_l
    a_k' = Pi(s_k) g_k             geometry "logit":      hence s_k' = Pi(s_k)^2 g_k
    a_k' = g_k - mean(g_k)         geometry "replicator": hence s_k' = Pi(s_k) g_k,     Pi(s) = diag(s) - s s^T

Two forms of the same equations:

    script   what a research script does: V_k as full d x d matrices, s_k itself as the state, Pi(s_k) built as a
             matrix, loops over heads; H (d^2 + T) unknowns.
    reduced  the flow never leaves span{A_j}: V_k becomes J coordinates v_k, everything is one (H, T) array,
             twelve numpy calls an evaluation; H (J + T) unknowns. For the implicit methods also an analytic Jacobian.

Prints one tab-separated line, see COLUMNS. --check verifies the forms against each other and against differences.
"""
import argparse
import csv
import sys
import time

import numpy as np
from scipy.integrate import solve_ivp

COLUMNS = ("form", "method", "jacobian", "rtol", "atol", "t_end", "seconds", "evaluations", "jacobians",
           "final_loss", "loss_error", "mass_error")


class Problem:
    """What is integrated, in reduced coordinates. Shapes: heads H, patterns J, positions T."""

    def __init__(self, heads, positions, strengths, patterns, perturbation, geometry):
        self.H, self.J, self.T = heads, len(strengths), positions
        self.m = np.array(strengths)                                # (J)
        self.p = np.zeros((self.J, positions))                      # (J, T), uniform on its support, sum 1
        for row, support in zip(self.p, patterns):
            row[np.array(support) - 1] = 1.0 / len(support)
        self.G = self.m[:, None] * self.p                           # (J, T) target
        k, i = np.mgrid[1:heads + 1, 1:positions + 1]
        a = np.sin(1 + 3 * k + 2 * i + k * i)
        self.a0 = perturbation * (a - a.mean(axis=1, keepdims=True))    # (H, T) logits at t = 0; values are 0
        self.geometry = geometry


def softmax(a):
    s = np.exp(a - a.max(axis=-1, keepdims=True))
    return s / s.sum(axis=-1, keepdims=True)


class Script:
    """State: V_1..V_H row by row, then s_1..s_H."""

    def __init__(self, problem, d=50, seed=0):
        self.problem, self.d = problem, d
        features = np.random.default_rng(seed).normal(size=(d * d, problem.J))
        self.U = np.linalg.qr(features)[0].T.reshape(-1, d, d)      # (J, d, d) orthonormal
        self.A = problem.m[:, None, None] * self.U                  # (J, d, d)

    def initial(self):
        return np.concatenate([np.zeros(self.problem.H * self.d ** 2), softmax(self.problem.a0).ravel()])

    def rhs(self, t, y):
        q, d = self.problem, self.d
        V = y[:q.H * d * d].reshape(q.H, d, d)
        s = y[q.H * d * d:].reshape(q.H, q.T)
        dV, ds = np.empty_like(V), np.empty_like(s)
        A_rows, V_rows = self.A.reshape(q.J, -1), V.reshape(q.H, -1)
        for k in range(q.H):
            dV[k] = ((q.p @ s[k]) @ A_rows - (s @ s[k]) @ V_rows).reshape(d, d)
            g = (A_rows @ V_rows[k]) @ q.p - (V_rows @ V_rows[k]) @ s
            Pi = np.diag(s[k]) - np.outer(s[k], s[k])
            ds[k] = Pi @ g
            if q.geometry == "logit":
                ds[k] = Pi @ ds[k]
        return np.concatenate([dV.ravel(), ds.ravel()])

    def reduce(self, y):
        """Coordinates v (H, J) and attention s (H, T) of a state."""
        q, n = self.problem, self.problem.H * self.d ** 2
        return np.tensordot(y[:n].reshape(q.H, self.d, self.d), self.U, ((1, 2), (1, 2))), y[n:].reshape(q.H, q.T)


class Reduced:
    """State: v_1..v_H, then a_1..a_H. Logits stay of the order of 10, so exp needs no shift."""

    def __init__(self, problem):
        self.problem = problem
        self.ones = np.ones((problem.T, 1))
        self.rhs = self.logit if problem.geometry == "logit" else self.replicator

    def initial(self):
        return np.concatenate([np.zeros(self.problem.H * self.problem.J), self.problem.a0.ravel()])

    def split(self, y):
        q, n = self.problem, self.problem.H * self.problem.J
        return y[:n].reshape(q.H, q.J), y[n:].reshape(q.H, q.T)

    def logit(self, t, y):
        v, a = self.split(y)
        s = np.exp(a)
        s /= np.dot(s, self.ones)
        E = self.problem.G - np.dot(v.T, s)                         # (J, T) residual
        f = np.empty_like(y)
        dv, da = self.split(f)
        np.dot(s, E.T, out=dv)
        np.dot(v, E, out=da)
        da *= s
        da -= s * np.dot(da, self.ones)
        return f

    def replicator(self, t, y):
        v, a = self.split(y)
        s = np.exp(a)
        s /= np.dot(s, self.ones)
        E = self.problem.G - np.dot(v.T, s)
        f = np.empty_like(y)
        dv, da = self.split(f)
        np.dot(s, E.T, out=dv)
        np.dot(v, E, out=da)
        da -= np.dot(da, self.ones) / self.problem.T
        return f

    def jacobian(self, t, y):
        q, n = self.problem, self.problem.H * self.problem.J
        v, a = self.split(y)
        s = softmax(a)
        E = q.G - v.T @ s
        S, C = s @ s.T, v @ v.T                                     # (H, H)
        heads, i = np.arange(q.H), np.arange(q.T)
        out = np.empty((y.size, y.size))
        out[:n, :n] = np.kron(-S, np.eye(q.J))
        va = out[:n, n:].reshape(q.H, q.J, q.H, q.T)                # views: the blocks are written in place
        av = out[n:, :n].reshape(q.H, q.T, q.H, q.J)
        aa = out[n:, n:].reshape(q.H, q.T, q.H, q.T)
        ss = s[:, None, :] * s                                      # (H, H, T)   s_k s_l
        va[:] = -v.T[None, :, :, None] * (ss - S[:, :, None] * s)[:, None]
        va[heads, :, heads] += s[:, None, :] * (E - (s @ E.T)[:, :, None])
        if q.geometry == "logit":                                   # minus a Hessian: symmetric
            out[n:, :n] = out[:n, n:].T
            sh = s * (v @ E - np.sum(v * (s @ E.T), axis=1)[:, None])       # (H, T)  s (g - s.g)
            aa[:] = np.einsum("kli,lj->kilj", C[:, :, None] * ss, s)        # -C_kl Pi(s_k) Pi(s_l)
            aa += np.einsum("ki,klj->kilj", s, C[:, :, None] * (ss - S[:, :, None] * s))
            aa[:, i, :, i] -= (C[:, :, None] * ss).transpose(2, 0, 1)
            own = -sh[:, :, None] * s[:, None, :]                           # dPi(s_k) g_k
            aa[heads, :, heads] += own + own.transpose(0, 2, 1)
            aa[heads[:, None], i, heads[:, None], i] += sh
        else:
            av[:] = -v[:, None, None, :] * (s.T - 1.0 / q.T)[None, :, :, None]
            av[heads, :, heads] += E.T - E.mean(axis=1)
            aa[:] = np.einsum("kl,li,lj->kilj", C, s, s)                    # -C_kl Pi(s_l)
            aa[:, i, :, i] -= (C[:, :, None] * s).transpose(2, 0, 1)
        return out

    def reduce(self, y):
        v, a = self.split(y)
        return v, softmax(a)


def observe(form, t, y):
    """One row of a trajectory: t, loss, masses and values, named as headflow names them."""
    q = form.problem
    v, s = form.reduce(y)
    row = {"t": t, "loss": 0.5 * np.sum((q.G - v.T @ s) ** 2)}
    for name, table in (("mass", s @ (q.p > 0).T), ("value", v)):
        row.update({f"{name}_{k + 1}_{j + 1}": table[k, j] for k in range(q.H) for j in range(q.J)})
    return row


def read_table(path):
    """Rows of a tab-separated table with comment lines, one header line and numbers."""
    with open(path) as lines:
        return [{key: float(x) for key, x in row.items()}
                for row in csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t")]


def largest_difference(rows, reference, prefix):
    return max(abs(row[key] - want[key]) for row, want in zip(rows, reference) for key in want if key.startswith(prefix))


def integrate(form, method, times, rtol, atol, analytic=False):
    """solve_ivp from 0 to the last of the times; returns seconds, its result and the rows observed at the times."""
    options = {"jac": form.jacobian} if analytic else {}
    start = time.perf_counter()
    result = solve_ivp(form.rhs, (0.0, times[-1]), form.initial(), method=method, t_eval=times, rtol=rtol, atol=atol,
                       **options)
    seconds = time.perf_counter() - start
    if not result.success:
        sys.exit(f"peers.py: {method} failed: {result.message}")
    return seconds, result, [observe(form, t, y) for t, y in zip(result.t, result.y.T)]


def check():
    """Right-hand sides and Jacobian at a random state: against each other and against central differences."""
    random = np.random.default_rng(1)
    worst = 0.0
    for geometry in ("logit", "replicator"):
        q = Problem(3, 11, (2.0, 1.3, 0.7, 0.4), ((1,), (2, 3), (3, 4, 5), (9,)), 1e-2, geometry)
        reduced, script = Reduced(q), Script(q, d=6)
        y = random.normal(size=reduced.initial().size)
        v, a = reduced.split(y)
        s = softmax(a)
        dv, da = reduced.split(reduced.rhs(0.0, y))
        full = np.concatenate([np.tensordot(v, script.U, 1).ravel(), s.ravel()])
        want_dv, want_ds = script.reduce(script.rhs(0.0, full))
        ds = s * (da - np.sum(s * da, axis=1, keepdims=True))
        h = 1e-5 * np.eye(y.size)
        differences = np.array([(reduced.rhs(0.0, y + e) - reduced.rhs(0.0, y - e)) / 2e-5 for e in h]).T
        loss = np.array([(observe(reduced, 0, y + e)["loss"] - observe(reduced, 0, y - e)["loss"]) / 2e-5 for e in h])
        flow = reduced.rhs(0.0, y) if geometry == "logit" else np.concatenate([dv.ravel(), ds.ravel()])
        errors = {"script against reduced": max(np.abs(dv - want_dv).max(), np.abs(ds - want_ds).max()),
                  "Jacobian against differences": np.abs(reduced.jacobian(0.0, y) - differences).max() * 1e-4,
                  "flow against gradient of the loss": np.abs(flow + loss).max() * 1e-4}
        for what, error in errors.items():      # differences are good to 1e-9: weighted so that one bound serves all
            print(f"{geometry}\t{what}\t{error:.1e}")
            worst = max(worst, error)
    sys.exit("peers.py: the check failed" if not worst < 1e-12 else 0)


def numbers(text):
    return [float(x) for x in text.split(",")]


def supports(text):
    return [[int(i) for i in pattern.split("+")] for pattern in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--form", choices=("script", "reduced"), default="reduced")
    parser.add_argument("--method", choices=("RK45", "DOP853", "LSODA", "BDF", "Radau"), default="LSODA")
    parser.add_argument("--jacobian", choices=("differences", "analytic"), default="differences",
                        help="of the reduced form, for LSODA, BDF and Radau (default: %(default)s)")
    parser.add_argument("--rtol", type=float, default=1e-8)
    parser.add_argument("--atol", type=float, default=1e-12)
    parser.add_argument("--t-end", type=float, default=1e4)
    parser.add_argument("--heads", type=int, default=3)
    parser.add_argument("--positions", type=int, default=40)
    parser.add_argument("--strengths", type=numbers, default=[6.25, 2.5, 1.0], metavar="M1,M2,...")
    parser.add_argument("--patterns", type=supports, metavar="1+2,3+4,...",
                        help="positions of each pattern, uniform weights (default: pattern j is position j)")
    parser.add_argument("--perturbation", type=float, default=1e-3,
                        help="amplitude of the initial logits sin(1+3k+2i+ki), made zero-mean (default: %(default)s)")
    parser.add_argument("--geometry", choices=("logit", "replicator"), default="logit")
    parser.add_argument("--seed", type=int, default=0, help="of the features of the script form (default: %(default)s)")
    parser.add_argument("--times", type=numbers, metavar="T1,T2,...",
                        help="output times (default: 30, geometric, from 0.1 to the end); the last one ends the run")
    parser.add_argument("--reference", metavar="TSV", help="a trajectory: take its times and report the error against it")
    parser.add_argument("--output", metavar="TSV", help="write the trajectory: t, loss, masses, values")
    parser.add_argument("--header", action="store_true", help="print the names of the columns first")
    parser.add_argument("--check", action="store_true", help="verify the right-hand sides and the Jacobian, then stop")
    return parser.parse_args()


def main():
    args = arguments()
    if args.check:
        check()
    patterns = args.patterns or [[j + 1] for j in range(len(args.strengths))]
    if len(patterns) != len(args.strengths) or not all(1 <= i <= args.positions for p in patterns for i in p):
        sys.exit("peers.py: one pattern a strength, positions from 1 to --positions")
    analytic = args.jacobian == "analytic"
    if analytic and (args.form == "script" or args.method in ("RK45", "DOP853")):
        sys.exit("peers.py: the analytic Jacobian is for the reduced form with LSODA, BDF or Radau")
    problem = Problem(args.heads, args.positions, args.strengths, patterns, args.perturbation, args.geometry)
    form = Reduced(problem) if args.form == "reduced" else Script(problem, seed=args.seed)
    reference = read_table(args.reference) if args.reference else None
    if reference:
        times = [row["t"] for row in reference]
    else:
        times = args.times or np.geomspace(0.1, args.t_end, 30)

    seconds, result, rows = integrate(form, args.method, times, args.rtol, args.atol, analytic)

    initial = observe(form, 0.0, form.initial())["loss"]
    errors = ((largest_difference(rows, reference, "loss") / initial, largest_difference(rows, reference, "mass_"))
              if reference else (float("nan"), float("nan")))
    if args.output:
        with open(args.output, "w") as out:
            out.write("\t".join(rows[0]) + "\n")
            out.writelines("\t".join(f"{x:.17g}" for x in row.values()) + "\n" for row in rows)
    if args.header:
        print(*COLUMNS, sep="\t")
    print(args.form, args.method, args.jacobian if args.method not in ("RK45", "DOP853") else "none", args.rtol, args.atol,
          times[-1], f"{seconds:.6f}", result.nfev, result.njev, f"{rows[-1]['loss']:.17g}",
          *(f"{x:.3g}" for x in errors), sep="\t")


if __name__ == "__main__":
    main()
