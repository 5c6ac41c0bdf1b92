#!/usr/bin/python3
"""Measures every number of doc/theory.md with headflow, and prints the predictions derived there beside them.

    bench/theory.py [HEADFLOW] [--parts equal,escape,law,dependence,replicator,saddle,stages,staircase,starts]

Tables come in the order of the page. The whole takes about half a minute.
"""
import argparse
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

MODELS = Path(__file__).resolve().parent.parent / "models"
BASE = (2.89, 1.7, 1.0)
LN10 = math.log(10)


# ---- running headflow -----------------------------------------------------------------------------------------------

def literal(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(literal(x) for x in value) + ")"
    return repr(value)


class Run:
    """One run of a model with some keys changed; tables are read when asked for."""

    def __init__(self, model, settings):
        self.directory = tempfile.TemporaryDirectory()
        command = [HEADFLOW, "run", MODELS / f"{model}.conf", "-o", self.directory.name, "--quiet"]
        for key, value in {"output.plots": False, **settings}.items():
            command += ["-s", f"{key}={literal(value)}"]
        subprocess.run([str(x) for x in command], check=True)

    def table(self, name):
        """Columns by name: arrays of numbers where they are numbers, else of strings."""
        lines = [line.rstrip("\n").split("\t") for line in open(Path(self.directory.name, "flow", name + ".tsv"))
                 if not line.startswith("#")]
        columns = {}
        for i, head in enumerate(lines[0]):
            column = [line[i] for line in lines[1:]]
            try:
                columns[head] = np.array([float(x) for x in column])
            except ValueError:
                columns[head] = np.array(column)
        return columns

    def events(self, kind):
        """(t, head, pattern) of the events of a kind."""
        e = self.table("events")
        number = [np.nan_to_num(np.array(e[name], dtype=float)).astype(int) for name in ("head", "pattern")]
        return [(float(e["t"][i]), number[0][i], number[1][i]) for i in range(len(e["t"])) if e["event"][i] == kind]


def run(model, settings=None, **more):
    """run("symmetric", heads=5) or, for keys of sections, run("symmetric", {"init.perturbation": 0.0})."""
    return Run(model, {**(settings or {}), **more})


def problem(heads, positions, strengths):
    return {"heads": heads, "positions": positions, "target.strengths": strengths,
            "target.patterns": tuple((j + 1,) for j in range(len(strengths)))}


def escape_time(heads, positions, strengths, epsilon, geometry="logit"):
    """When the loss first falls below the middle of the first and the second plateau; 1.2 for the base problem."""
    level = 1.2 if strengths == BASE else sum(m * m for m in strengths[1:]) / 2 - strengths[1] ** 2 / 4
    result = run("symmetric", {**problem(heads, positions, strengths), "init.distribution": "sine",
                               "init.perturbation": epsilon, "flow.geometry": geometry, "solver.stop_loss": level,
                               "solver.t_end": 1e12, "output.attention": False, "output.points": 1,
                               "detect.saddles": False})
    return result.events("stop")[0][0]


# ---- predictions ----------------------------------------------------------------------------------------------------

def erfinv(y):
    low, high = 0.0, 6.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.erf(middle) < y else (low, middle)
    return low


class Theory:
    """Leading order for patterns of one position each; ratios r_j: attention on pattern j over that on no pattern."""

    def __init__(self, heads, positions, strengths, ratios=None):
        m = np.array(strengths)
        r = np.array([math.exp(erfinv(x / m[0]) ** 2) for x in m[1:]] if ratios is None else ratios)
        rest = positions - len(m)
        self.heads, self.positions, self.strengths, self.ratios = heads, positions, m, r
        self.R = r.sum() + rest
        self.P = ((m[0] ** 2 - m[1:] ** 2) * r ** 2).sum() + rest * m[0] ** 2
        self.beta = math.sqrt(2 * self.P / heads)
        self.c = r[0] / self.beta                          # s_2 -> c / sqrt(t)
        rho = m[1:] * r / (m[1] * r[0])
        squares, vectors = np.linalg.eigh(np.diag(rho ** 2) + np.outer(rho, rho))
        self.kappa = math.sqrt(squares[-1])
        self.kappa_2 = math.sqrt(squares[-2]) if len(m) > 2 else math.nan
        self.alpha = (rho @ vectors[:, -1]) ** 2 / squares[-1] / 4
        self.rate = self.kappa * m[1]                      # growth rate over s_2
        self.slope = LN10 / (2 * self.rate * self.c)       # of sqrt(t), a decade of epsilon

    def slow_flow(self, t_end=1e13, step=0.02):
        """Times and s_2(t) of equal heads whose values are the best for their attention, from s_1 = 1/2 at t*."""
        m, n = self.strengths, len(self.strengths)
        count = np.ones(n + 1)
        count[n] = self.positions - n
        strength = np.append(m, 0)
        s = np.append(1, np.append(self.ratios, 1) / (count[1:] * np.append(self.ratios, 1)).sum()) / 2
        logit = np.log(s)

        def rate(log_t, a):
            s = np.exp(a - a.max())
            s /= count @ s
            w = strength * s / (count @ s ** 2)
            g = (strength * w - w @ w * s) / self.heads
            return math.exp(log_t) * s * (g - count @ (s * g))

        start = self.positions / m[0] * math.sqrt(math.pi / 2)
        times, attention = [], []
        for log_t in np.arange(math.log(1e-3), math.log(t_end), step):
            s = np.exp(logit - logit.max())
            times.append(start + math.exp(log_t))
            attention.append(s[1] / (count @ s))
            k1 = rate(log_t, logit)
            k2 = rate(log_t + step / 2, logit + step / 2 * k1)
            k3 = rate(log_t + step / 2, logit + step / 2 * k2)
            k4 = rate(log_t + step, logit + step * k3)
            logit = logit + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return np.array(times), np.array(attention)

    def next_escape(self, times, attention, t, decades):
        """The escape that comes decades of epsilon after the one at t: the growth exponent is
        int kappa m_2 s_2 dt - alpha log t."""
        log_t = np.log(times)
        integrand = self.rate * attention * times - self.alpha
        total = np.concatenate([[0], np.cumsum((integrand[1:] + integrand[:-1]) / 2 * np.diff(log_t))])
        goal = np.interp(math.log(t), log_t, total) + decades * LN10
        first = np.searchsorted(log_t, math.log(t))        # the exponent grows from here on
        return math.exp(np.interp(goal, total[first:], log_t[first:]))


def symmetric_run(heads, positions, strengths, **settings):
    return run("symmetric", {**problem(heads, positions, strengths), "output.points": 2000, **settings})


def attention(result, position):
    """Times after 0 and the attention of head 1 to a position."""
    a = result.table("attention")
    here = a["position"] == position
    return a["t"][here][1:], a["attention_1"][here][1:]


def slopes(theory, equal, before, after, decades):
    """sqrt(t) a decade between two escapes: measured, leading order, from the slow flow, from the measured s_2(t)."""
    slow = theory.next_escape(*theory.slow_flow(), before, decades)
    measured = theory.next_escape(*attention(equal, 2), before, decades)
    return [(math.sqrt(t) - math.sqrt(before)) / decades for t in (after, slow, measured)]


# ---- the tables -----------------------------------------------------------------------------------------------------

def part_equal():
    print("heads  plateau loss      4t(L - L_1)/H at t = 1e4, 1e6, 1e8   H v_1/m_1 at t = 1e8   largest difference")
    for heads in (2, 3, 5, 10):
        r = run("symmetric", heads=heads).table("trajectory")
        excess = [np.interp(math.log(t), np.log(r["t"][1:]), ((r["loss"] - 1.945) * 4 * r["t"] / heads)[1:])
                  for t in (1e4, 1e6, 1e8)]
        print(f"{heads:5d}  {r['loss'][-1]:.10f}    " + "  ".join(f"{x:.4f}" for x in excess) +
              f"    {heads * r['value_1_1'][-1] / BASE[0]:.6f}    {max(r['divergence']):g}")


def part_escape():
    theory = Theory(3, 40, BASE)
    decades = np.arange(2, 31)
    x = np.array([math.sqrt(escape_time(3, 40, BASE, 10.0 ** -e)) for e in decades.tolist()])
    for first in (2, 10):
        d, y = decades[decades >= first], x[decades >= first]
        slope, offset = np.polyfit(d, y, 1)
        print(f"fit over 1e-{first} .. 1e-30: sqrt(t) = {slope:.3f} log10(1/eps) {offset:+.2f}, largest deviation "
              f"{abs(y - slope * d - offset).max():.2f}, R^2 = {np.corrcoef(d, y)[0, 1] ** 2:.6f}")
    print(f"prediction: r = {theory.ratios}, P = {theory.P:.2f}, R = {theory.R:.3f}, beta = {theory.beta:.3f}, "
          f"c_2 = {theory.c:.5f}, kappa = {theory.kappa:.4f}, alpha = {theory.alpha:.4f}, slope = {theory.slope:.4f}")
    c = math.sqrt(3 / (2 * 40 * (BASE[0] ** 2 - BASE[1] ** 2)))
    rho = math.sqrt((BASE[0] ** 2 - BASE[1] ** 2) / (BASE[0] ** 2 - 1)) / BASE[1]
    kappa = math.sqrt(np.linalg.eigvalsh([[2, rho], [rho, 2 * rho * rho]])[1])
    print(f"final limit: c_2 = {c:.5f}, kappa = {kappa:.4f}, slope = {LN10 / (2 * kappa * BASE[1] * c):.4f}")
    equal = symmetric_run(3, 40, BASE)
    print("eps      t          sqrt t    slope since   leading   slow flow   from s_2(t)")
    before = None
    for e in (2, 6, 12, 20, 30, 60, 100, 200):
        t = escape_time(3, 40, BASE, 10.0 ** -e)
        line = f"1e-{e:<4d} {t:12.4f} {math.sqrt(t):10.3f}"
        if before:
            s = slopes(theory, equal, before[1], t, e - before[0])
            line += f" {s[0]:10.3f} {theory.slope:10.3f} {s[1]:10.3f} {s[2]:10.3f}"
        print(line)
        before = (e, t)


def part_law():
    equal = symmetric_run(3, 40, BASE, **{"output.spectrum": 4})
    spectrum = equal.table("spectrum")
    (t, s1), (_, s2), (_, s3), (_, s9) = (attention(equal, i) for i in (1, 2, 3, 9))
    slow_t, slow_s = Theory(3, 40, BASE).slow_flow()
    print("t        s_2 sqrt(t)   slow flow   r_2  r_3   -lambda_1/(m_2 s_2)  kappa   -lambda_3/(m_2 s_2)  kappa'   1 - s_1")
    for time in (1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8):
        i = abs(np.log(t / time)).argmin()
        theory = Theory(3, 40, BASE, (s2[i] / s9[i], s3[i] / s9[i]))
        low, high = (-spectrum[name][i + 1] / (BASE[1] * s2[i]) for name in ("lambda_3", "lambda_1"))
        slow = math.exp(np.interp(math.log(t[i]), np.log(slow_t), np.log(slow_s))) * math.sqrt(t[i])
        print(f"{t[i]:8.3g} {s2[i] * math.sqrt(t[i]):10.5f} {slow:10.5f} {s2[i] / s9[i]:10.4f} {s3[i] / s9[i]:8.4f}"
              f" {high:10.4f} {theory.kappa:10.4f} {low:10.4f} {theory.kappa_2:10.4f} {1 - s1[i]:10.5f}"
              f"   corrected lambda_1: {theory.kappa - theory.alpha / (t[i] * BASE[1] * s2[i]):.4f}")


def part_dependence():
    print("heads positions strengths            t(1e-10)   t(1e-30)     slope   leading   slow flow   from s_2(t)")
    cases = [(3, 40, BASE), (2, 40, BASE), (5, 40, BASE), (10, 40, BASE), (3, 10, BASE), (3, 100, BASE), (3, 400, BASE),
             (3, 40, (5.78, 1.7, 1.0)), (3, 40, (2.89, 1.3, 1.0)), (3, 40, (2.89, 2.3, 1.0)), (3, 40, (2.89, 1.7)),
             (3, 40, (2.89, 1.7, 1.7))]
    for heads, positions, strengths in cases:
        theory = Theory(heads, positions, strengths)
        t10, t30 = (escape_time(heads, positions, strengths, e) for e in (1e-10, 1e-30))
        equal = symmetric_run(heads, positions, strengths, **{"output.t_first": t10 / 10, "solver.t_end": t30 * 10})
        s = slopes(theory, equal, t10, t30, 20)
        print(f"{heads:5d} {positions:9d} {str(strengths):20s} {t10:10.1f} {t30:10.1f} {s[0]:9.3f}"
              f" {theory.slope:10.3f} {s[1]:10.3f} {s[2]:10.3f}")


def part_replicator():
    print("positions  slope of sqrt(t), 1e-10 to 1e-30, 1e-30 to 1e-100   predicted")
    for positions in (40, 400):
        x = [math.sqrt(escape_time(3, positions, BASE, e, "replicator")) for e in (1e-10, 1e-30, 1e-100)]
        predicted = LN10 * math.sqrt(BASE[0] ** 2 - BASE[1] ** 2) / (2 * BASE[1] * math.sqrt(3))
        print(f"{positions:8d} {(x[1] - x[0]) / 20:10.4f} {(x[2] - x[1]) / 70:10.4f} {predicted:10.4f}")


def part_saddle():
    print("k  scale  eps     split     acquired (t, head, pattern)...   plateau t  index  lambda_min  predicted  symmetric")
    for learned in (1, 2):
        for scale in (6.0, 8.0):
            for epsilon in (1e-2, 1e-6, 1e-12, 0.0):
                r = run("near-saddle", {"init.learned": learned, "init.scale": scale, "init.perturbation": epsilon,
                                        "solver.t_end": 1e7, "output.attention": False})
                p = r.table("plateaus")
                t, sharing = p["t"][0], (3, 2)[learned - 1]
                rest = [m * m for m in BASE[learned:]]
                # positions of patterns that other heads have learned do not repel
                strength = sum(BASE[0] ** 2 - m2 for m2 in rest) + (40 - 3) * BASE[0] ** 2
                s = 1 / (math.sqrt((math.exp(scale) + 39) ** 2 + 2 * strength * t / sharing))
                rho = np.array(BASE[learned:]) / BASE[learned]
                kappa = math.sqrt(np.linalg.eigvalsh(np.diag(rho ** 2) + np.outer(rho, rho))[-1])
                split = r.events("split")
                print(f"{learned}  {scale:g}  {epsilon:6g}  {split[0][0] if split else math.nan:10.1f}  "
                      + "  ".join(f"({a[0]:.1f}, {a[1]}, {a[2]})" for a in r.events("acquired") if a[2] > learned)
                      + f"   {t:.4g}  {p['saddle_index'][0]:.0f}  {p['lambda_min'][0]:.4e}"
                      f"  {-kappa * BASE[learned] * s:.4e}  {p['symmetric_fraction'][0]:.1e}  loss at the end {p['loss'][-1]:.4g}")


def part_stages():
    for ratio in (1.1, 1.3, 1.5, 1.7, 2.5):
        theory = Theory(3, 40, (ratio ** 2, ratio, 1.0))
        print(f"ratio {ratio}: kappa'/kappa = {theory.kappa_2 / theory.kappa:.3f}")
    equal = run("symmetric", {"target.strengths": (1.0, 1.0, 1.0)}).table("trajectory")
    print(f"ratio 1, eps 0: loss {equal['loss'][-1]:.9f}, attention {equal['mass_1_1'][-1]:.4f} at the end")
    print("ratio  eps    stages  t_peak...   acquired (t, pattern)...   split   loss after each stage")
    for epsilon in (1e-2, 1e-6, 1e-12):
        for ratio in (1.0, 1.1, 1.3, 1.5, 1.7, 2.5):
            r = run("three-stage", {"target.strengths": (ratio ** 2, ratio, 1.0), "init.perturbation": epsilon,
                                    "solver.t_end": 1e6, "output.attention": False})
            stages = r.table("stages")
            print(f"{ratio:4.1f}  {epsilon:g}  {len(stages['t_peak'])}   "
                  + " ".join(f"{t:.1f}" for t in stages["t_peak"]) + "   "
                  + " ".join(f"({a[0]:.1f}, {a[2]})" for a in r.events("acquired"))
                  + f"   {r.events('split')[0][0]:.1f}   " + " ".join(f"{x:.3f}" for x in stages["loss_after"]))


def part_staircase():
    r = run("staircase")
    stages, acquired = r.table("stages"), r.events("acquired")
    print("stage  t_peak   loss after  predicted   index before  (H-k)(J-k)  lambda_min   acquired")
    for i in range(len(stages["t_peak"])):
        print(f"{i + 1:3d} {stages['t_peak'][i]:10.1f} {stages['loss_after'][i]:10.4f} {stages['predicted_loss_after'][i]:10.4f}"
              f" {stages['saddle_index'][i]:8.0f} {(10 - i) ** 2 if i else 90:8d} {stages['lambda_min'][i]:12.3e}   {acquired[i]}")


def part_starts():
    for model in ("optimal-values", "wrong-start"):
        r = run(model)
        stages, trajectory = r.table("stages"), r.table("trajectory")
        print(f"{model}: peaks {stages['t_peak']}, losses {stages['loss_after']}, acquired {r.events('acquired')}, "
              f"split {r.events('split')}, overlap {trajectory['overlap'][-1]:.7f}, loss {trajectory['loss'][0]:.4f} "
              f"to {trajectory['loss'][-1]:.3g}, largest value {max(abs(trajectory[f'value_{h}_{j}']).max() for h in (1, 2, 3) for j in (1, 2, 3)):.4g}")


PARTS = {name[5:]: function for name, function in list(globals().items()) if name.startswith("part_")}


def main():
    global HEADFLOW
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("headflow", nargs="?", default="./headflow")
    parser.add_argument("--parts", default=",".join(PARTS))
    arguments = parser.parse_args()
    HEADFLOW = Path(arguments.headflow).resolve()
    for name in arguments.parts.split(","):
        if name not in PARTS:
            sys.exit(f"theory.py: no part '{name}', expected some of {', '.join(PARTS)}")
        print(f"\n== {name}")
        PARTS[name]()


if __name__ == "__main__":
    main()
