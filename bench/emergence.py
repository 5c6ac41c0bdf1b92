#!/usr/bin/python3
"""Measures every number of doc/emergence.md with headflow, and prints the predictions derived there beside them.

    bench/emergence.py [HEADFLOW] [--parts times,plateau,copies,repetition,exponents,laws,training,adam]

Tables come in the order of the page. The whole takes some five minutes.
"""
import argparse
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

MODELS = Path(__file__).resolve().parent.parent / "models"
PLATEAU = math.sqrt(math.pi / 2)  # of sqrt(d) T


# ---- running headflow -----------------------------------------------------------------------------------------------

def literal(value):
    if isinstance(value, tuple):
        return "(" + ", ".join(literal(x) for x in value) + ")"
    if isinstance(value, str):
        return value  # a word, or a list of groups as it stands
    return str(value).lower() if isinstance(value, bool) else repr(value)


def events(model, settings):
    """Times of the events of a run, by kind, in order."""
    settings = {"output.plots": False, "output.attention": False, "output.points": 1, "detect.saddles": False, **settings}
    with tempfile.TemporaryDirectory() as directory:
        command = [HEADFLOW, "run", MODELS / f"{model}.conf", "-o", directory, "--quiet"]
        for key, value in settings.items():
            command += ["-s", f"{key}={literal(value)}"]
        subprocess.run([str(x) for x in command], check=True)
        found = {}
        for line in open(Path(directory, "flow", "events.tsv")):
            field = line.split("\t")
            if not line.startswith("#") and field[0] != "event":
                found.setdefault(field[0], []).append(float(field[1]))
        return found


def emergence(T, d, B=1, shared=False):
    """Time to a fifth of the loss. Shared: the published reduction, in which the B copies have one logit between them."""
    rate = B * (T - B) / T if shared else 1.0
    return events("emergence", {"target.strengths": (math.sqrt(d),), "data.copies": (B, 1), "data.replicas": (1, T - B),
                                "data.weights": ((1 / d,),), "flow.attention_rate": rate,
                                "solver.t_end": 20 * math.sqrt(d) * T + 100.0 * d})["emerged"][0]


def with_repetition(T, d, p, rate=None):
    """All events where x_T is e_1 with probability p; judged on data without repetition. Rate: (T-1)/T as in the source."""
    relevant = p + (1 - p) / d, (1 - p) / d
    return events("emergence-repetition", {"target.strengths": (1.0, math.sqrt(d - 1)), "data.replicas": (1, T - 1),
                                           "data.weights": tuple((x, 1 / d) for x in relevant),
                                           "test.weights": ((1 / d,), (1 / d,)), "flow.attention_rate": (T - 1) / T if rate is None else rate,
                                           "solver.t_end": 20 * math.sqrt(d) * T + 1e3 * d / (1 - p)})


def sweep(model, settings, table):
    """The rows of a table of a model's sweep, as dictionaries."""
    settings = {"output.plots": False, **settings}
    with tempfile.TemporaryDirectory() as directory:
        command = [HEADFLOW, "sweep", MODELS / f"{model}.conf", "-o", directory, "--quiet"]
        for key, value in settings.items():
            command += ["-s", f"{key}={literal(value)}"]
        subprocess.run([str(x) for x in command], check=True)
        lines = [line.rstrip("\n").split("\t") for line in open(Path(directory, table)) if not line.startswith("#")]
        return [dict(zip(lines[0], line)) for line in lines[1:]]


def steps(T, d, B=1, p=0.0, seeds=10):
    """Steps to a fifth of the loss, of the population without repetition, under SGD with 32 samples and learning rate 1."""
    relevant = p + (1 - p) / d, (1 - p) / d
    settings = {"sweep.over": '({ key = "train.dim"; values = (%d); })' % d, "sweep.seeds": seeds, "fit": '{ response = '
                '"t_emerged"; on = ("dim"); }', "target.strengths": (math.sqrt(d),), "data.copies": (B, 1),
                "data.replicas": (1, T - B), "data.weights": ((1 / d,),)}
    if p > 0:
        settings.update({"target.strengths": (1.0, math.sqrt(d - 1)), "target.patterns": ((1,), (1,)),
                         "data.weights": tuple((x, 1 / d) for x in relevant), "test.weights": ((1 / d,), (1 / d,)),
                         "train.inputs": (1, d - 1), "train.repetition": p, "train.sampling": "direct",
                         "solver.stop_loss": 1e-2})
    return np.array([float(row["t_emerged"]) for row in sweep("emergence-sgd", settings, "results.tsv")])


# ---- predictions ----------------------------------------------------------------------------------------------------

def limit(epsilon):
    """c(epsilon) of equation (4): x' = e^a - epsilon x and a' = x e^a, from 0, diverge at c sqrt(pi/2); c(0) = 1. In the
    variable sigma of d sigma = e^a d tau nothing diverges: Runge and Kutta's method does."""
    def slope(y):
        x, a, _ = y
        return np.array([1 - epsilon * x * math.exp(-a), x, math.exp(-a)])
    y, step = np.zeros(3), 1e-3
    for _ in range(10000):
        k1 = slope(y)
        k2 = slope(y + step / 2 * k1)
        k3 = slope(y + step / 2 * k2)
        k4 = slope(y + step * k3)
        y = y + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y[2] / PLATEAU


def speed_up(d, p):
    """f of equation (7): by how much repetition shortens the plateau to leading order."""
    return math.sqrt(1 + (d - 1) * p * p)


def source_speed_up(d, p):
    return math.sqrt(p * p * d + (1 - p) ** 2)


# ---- fits -----------------------------------------------------------------------------------------------------------

def fit(names, rows, times):
    """Least squares of log t on the logarithms of the columns of rows; prints exponents with standard errors."""
    X = np.column_stack([np.ones(len(rows)), np.log(np.array(rows, dtype=float))])
    y = np.log(np.array(times))
    coefficient = np.linalg.lstsq(X, y, rcond=None)[0]
    rest = y - X @ coefficient
    freedom = len(y) - X.shape[1]
    error = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * (rest @ rest) / freedom)
    R2 = 1 - rest @ rest / ((y - y.mean()) @ (y - y.mean()))
    terms = ", ".join(f"{name}^({c:.4f} +- {e:.4f})" for name, c, e in zip(names, coefficient[1:], error[1:]))
    print(f"{len(y)} runs: {math.exp(coefficient[0]):.3f} {terms}, R2 = {R2:.6f}, "
          f"largest deviation {100 * abs(np.expm1(rest)).max():.1f} %")


# ---- the parts, in the order of the page -----------------------------------------------------------------------------

def part_times():
    print("   T    d    B   shared logit   a logit each   sqrt(pi/2) sqrt(d) T / (B, sqrt(B))")
    for T, d, B in ((256, 64, 1), (512, 64, 1), (512, 16, 1), (4096, 64, 1), (256, 256, 1), (4096, 64, 4), (4096, 64, 16),
                    (4096, 64, 64)):
        leading = PLATEAU * math.sqrt(d) * T
        print(f"{T:5} {d:4} {B:4} {emergence(T, d, B, True):14.3f} {emergence(T, d, B):14.3f} "
              f"{leading / B:14.1f} {leading / math.sqrt(B):10.1f}")


def part_plateau():
    dimensions, lengths = (4, 16, 64, 256, 1024), (100, 1000, 10000, 100000, 1000000)
    c = {d: limit(1 / math.sqrt(d)) for d in dimensions}
    t = {(T, d): emergence(T, d) for T in lengths for d in dimensions}
    print("t / (sqrt(pi/2) sqrt(d) T)")
    print("       T " + "".join(f"{'d = ' + str(d):>10}" for d in dimensions))
    for T in lengths:
        print(f"{T:8} " + "".join(f"{t[T, d] / (PLATEAU * math.sqrt(d) * T):10.5f}" for d in dimensions))
    print("       c " + "".join(f"{c[d]:10.5f}" for d in dimensions))
    print("1st order" + "".join(f"{1 + (1 - math.pi / 4) / PLATEAU / math.sqrt(d):10.5f}" for d in dimensions))
    print(f"\nwhat is left over in units of d, (t - c sqrt(pi/2) sqrt(d) T) / d; (log 5)/2 = {math.log(5) / 2:.3f}")
    for T in lengths:
        print(f"{T:8} " + "".join(f"{(t[T, d] - c[d] * PLATEAU * math.sqrt(d) * T) / d:10.3f}" for d in dimensions))


def part_copies():
    T, d = 1000000, 64
    alone = emergence(T, d), emergence(T, d, 1, True)
    print(f"T = {T}, d = {d}: t(1) / t(B)\n   B   each   / sqrt(B)   limit    shared    / B   limit")
    for B in (1, 4, 16, 64, 256):
        each, shared = alone[0] / emergence(T, d, B), alone[1] / emergence(T, d, B, True)
        of_each = limit(1 / math.sqrt(d)) / limit(1 / math.sqrt(d * B))
        of_shared = limit(1 / math.sqrt(d)) / limit(1 / (math.sqrt(d) * B))
        print(f"{B:4} {each:8.3f} {each / math.sqrt(B):8.4f} {of_each:8.4f} {shared:10.3f} {shared / B:8.4f} {of_shared:8.4f}")


def part_repetition():
    d = 64
    print("      T     p        f   feature 1 at   plateau (8)     emerged   t(0)/t   f, source")
    for T in (512, 100000):
        start = None
        for p in (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9):
            found, f = with_repetition(T, d, p), speed_up(d, p)
            emerged = found["emerged"][0]
            start = start or emerged
            plateau = limit(1 / (math.sqrt(d) * f)) * PLATEAU * math.sqrt(d) * T / f
            print(f"{T:7} {p:5} {f:8.3f} {found['acquired'][0]:14.2f} {plateau:13.2f} {emerged:11.2f} {start / emerged:8.3f} "
                  f"{source_speed_up(d, p):11.3f}")


def part_exponents():
    lengths = [512 * 2 ** k for k in range(12)]
    dimensions = (16, 32, 64, 128, 256)
    cases = [(T, d) for T in lengths for d in dimensions]
    print("alone, T = 512 ... 2^20, d = 16 ... 256")
    fit(("T", "d"), cases, [emergence(T, d, 1, True) for T, d in cases])
    copies = (1, 2, 4, 8, 16, 32, 64)
    print("copies, T = 4096, d = 64, B = 1 ... 64: shared, each")
    for shared in (True, False):
        fit(("B",), [(B,) for B in copies], [emergence(4096, 64, B, shared) for B in copies])
    cases = [(T, d, B) for T in lengths[2:] for d in dimensions for B in copies]
    print("copies, T = 2048 ... 2^20, d = 16 ... 256, B = 1 ... 64: shared, each")
    for shared in (True, False):
        fit(("T", "d", "B"), cases, [emergence(T, d, B, shared) for T, d, B in cases])
    for first, repetitions in ((512, (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)), (8192, (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9))):
        cases = [(T, d, p) for T in lengths if T >= first for d in dimensions for p in repetitions]
        times = [with_repetition(T, d, p)["emerged"][0] for T, d, p in cases]
        print(f"repetition, T = {first} ... 2^20, d = 16 ... 256, p = 0 ... {repetitions[-1]}: f of the source, f of (7)")
        for f in (source_speed_up, speed_up):
            fit(("(sqrt(d) T/f)",), [(math.sqrt(d) * T / f(d, p),) for T, d, p in cases], times)


def error_of(row):
    """By the seeds where there are some, else by the scatter about the law."""
    by_seeds = float(row["standard_error"])
    return by_seeds if by_seeds == by_seeds else float(row["residual_error"])


def print_law(rows):
    terms = " ".join(f"{row['parameter']}^({float(row['exponent']):.4f} +- {error_of(row):.4f})"
                     for row in rows if row["parameter"] != "constant")
    print(f"{rows[0]['runs']} runs, {rows[0]['left_out']} left out: {float(rows[0]['exponent']):.4g} {terms}, "
          f"R2 = {float(rows[0]['r2']):.6f}")


def part_laws():
    for model in ("law", "law-shared", "law-copies", "law-repetition", "sgd", "adam"):
        started = time.monotonic()
        rows = sweep(f"emergence-{model}", {}, "fit.tsv")
        print(f"emergence-{model}.conf, {time.monotonic() - started:.1f} s")
        print_law(rows)
    print("the flow at the points of emergence-sgd.conf")
    print_law(sweep("emergence-sgd", {"flow.geometry": "logit", "sweep.seeds": 1, "solver.rtol": 1e-10}, "fit.tsv"))


def part_training():
    print("   T    d    B     p       flow   SGD, mean of 10   deviation   ratio")
    for T, d, B, p in ((256, 64, 1, 0), (512, 64, 1, 0), (512, 16, 1, 0), (256, 64, 4, 0), (256, 64, 16, 0),
                       (256, 64, 1, 0.1), (256, 64, 1, 0.3), (256, 64, 1, 0.5)):
        flow = with_repetition(T, d, p, 1.0)["emerged"][0] if p > 0 else emergence(T, d, B)
        found = steps(T, d, B, p)
        print(f"{T:4} {d:4} {B:4} {p:5} {flow:10.2f} {found.mean():17.1f} {found.std(ddof=1):11.1f} {found.mean() / flow:7.4f}")


def part_adam():
    lengths = [64 * 2 ** k for k in range(6)]
    over = '({ key = "data.replicas"; values = %s; name = "T"; at = %s; })' % (
        literal(tuple((1, T - 1) for T in lengths)), literal(tuple(lengths)))
    print("d = 64, medians over 3 seeds; T = " + ", ".join(str(T) for T in lengths))
    for key, value in (("train.lr", 3e-3), ("train.lr", 1e-3), ("train.lr", 3e-4), ("train.batch", 512), ("train.batch", 0),
                       ("train.epsilon", 1e-3)):
        settings = {"sweep.over": over, "sweep.seeds": 3, "fit": '{ response = "t_emerged"; on = ("T"); }', key: value,
                    "train.steps": 100000}
        medians = [float(row["t_emerged_median"]) for row in sweep("emergence-adam", settings, "summary.tsv")]
        print(f"{key} = {value}: " + " ".join(f"{median:7.0f}" for median in medians))
        fit(("T",), [(T,) for T in lengths], medians)


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
            sys.exit(f"emergence.py: no part '{name}', expected some of {', '.join(PARTS)}")
        print(f"\n== {name}")
        PARTS[name]()


if __name__ == "__main__":
    main()
