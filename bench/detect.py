#!/usr/bin/python3
"""Stages missed and invented by `headflow detect` on curves whose stages are known, beside change points.

    bench/curves FOLDER SEED FLOWS && bench/detect.py ./headflow FOLDER [--no-peer] [--show]

FOLDER: of bench/curves. The peer fits a straight line to every segment of the curve and chooses the segments by dynamic programming
(PELT: Killick, Fearnhead and Eckley 2012) with the penalty of BIC and the noise that headflow estimates from differences; of its
speeds, maxima count that exceed the minima beside them by the contrast of 3, as in headflow.

A stage that was found is the true one if its half time lies in it, or in the half of a plateau that is next to it, and its middle
level between the true levels. Missed: of stages with five points or more on both plateaus beside them (resolved). Off: how far, in
samples, half times are from when the clean curve passes the level in the middle of those that were found."""
import os
import subprocess
import sys
import tempfile

import numpy as np

CONTRAST = 3


def read_truth(folder):
    curves = {}
    with open(os.path.join(folder, "truth.tsv"), encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("\t")
        for line in lines:
            row = dict(zip(names, line.rstrip("\n").split("\t")))
            for name in names:
                if name not in ("noise", "grid"):
                    row[name] = float(row[name])
            curves.setdefault(int(row["curve"]), []).append(row)
    return curves


def read_curve(folder, number):
    return np.loadtxt(os.path.join(folder, f"{number:04d}.csv"), delimiter=",", skiprows=1).T


def table(path):
    with open(path, encoding="utf-8") as lines:
        lines = [line.rstrip("\n").split("\t") for line in lines if not line.startswith("#")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def by_headflow(program, folder, numbers):
    found = {n: [] for n in numbers}
    with tempfile.TemporaryDirectory() as out:
        files = [os.path.join(folder, f"{n:04d}.csv") for n in numbers]
        subprocess.run([program, "detect", *files, "-o", out, "--step", "step", "--loss", "loss", "--quiet"], check=True,
                       env={**os.environ, "PATH": "/nowhere"})  # no figures
        for row in table(os.path.join(out, "stages.tsv")):
            number = numbers[int(row["curve"]) - 1]
            found[number].append({k: float(v) for k, v in row.items() if k != "name"})
    return found


# ---- the peer ----


def deviation(y):
    e = y[:-3] - 3 * y[1:-2] + 3 * y[2:-1] - y[3:]
    return np.median(np.abs(e)) / (np.sqrt(20) * 0.6745)


def change_points(x, y):
    """Ends of the segments of the piecewise straight line."""
    n = len(x)
    sigma = max(deviation(y), 1e-9 * (y.max() - y.min()), 1e-300)
    x = (x - x[0]) / (x[-1] - x[0])
    y = (y - y[0]) / sigma
    sums = np.array([np.concatenate([[0], np.cumsum(v)]) for v in (x, y, x * x, x * y, y * y)])

    def cost(starts, end):
        sx, sy, sxx, sxy, syy = sums[:, end, None] - sums[:, starts]
        m = end - starts
        vx = sxx - sx * sx / m
        cxy = sxy - sx * sy / m
        return np.maximum(syy - sy * sy / m - np.where(vx > 0, cxy**2 / np.where(vx > 0, vx, 1), 0), 0)

    penalty = 3 * np.log(n)
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    last = np.zeros(n + 1, int)
    candidates = np.array([0])
    for end in range(2, n + 1):
        usable = candidates[end - candidates >= 2]
        costs = best[usable] + cost(usable, end)
        k = np.argmin(costs)
        best[end] = costs[k] + penalty
        last[end] = usable[k]
        keep = usable[costs <= best[end]]
        candidates = np.concatenate([keep, candidates[end - candidates < 2], [end - 1]])
    ends = [n]
    while ends[-1] > 0:
        ends.append(last[ends[-1]])
    return ends[::-1]


def by_change_points(x, y):
    ends = change_points(x, y)
    speeds, falls, times, levels = [], [], [], []
    for a, b in zip(ends[:-1], ends[1:]):
        line = np.polyfit(x[a:b] - x[a], y[a:b], 1) if b - a > 1 else [0, y[a]]
        speeds.append(max(-line[0], 1e-300))
        times.append((x[a], x[b - 1]))
        levels.append((line[1], line[1] + line[0] * (x[b - 1] - x[a])))
        falls.append(b - a)
    stages = []
    low = high = 0
    seeking = None
    for k in range(1, len(speeds)):
        low = k if speeds[k] < speeds[low] else low
        high = k if speeds[k] > speeds[high] else high
        if seeking != "drop" and speeds[k] >= CONTRAST * speeds[low]:
            before, seeking, high = low, "drop", k
        elif seeking != "plateau" and speeds[k] * CONTRAST <= speeds[high]:
            if seeking == "drop":
                stages.append([before, high, k])
            seeking, low = "plateau", k
        elif seeking == "plateau" and stages and speeds[k] < speeds[stages[-1][2]]:
            stages[-1][2] = k
    found = []
    for before, peak, after in stages:
        top, bottom = levels[before][1], levels[after][0]
        found.append({"t_half": np.mean(times[peak]), "loss_before": top, "loss_after": bottom})
    return found


# ---- the score ----


def is_stage(true, found):
    half = found["t_half"] if np.isfinite(found["t_half"]) else found["t_onset"]
    after = found["loss_after"] if np.isfinite(found["loss_after"]) else found["loss_before"]
    middle = (found["loss_before"] + after) / 2
    early = true["t_onset"] - (true["t_onset"] - true["t_before"]) / 2
    late = true["t_settle"] + (true["t_after"] - true["t_settle"]) / 2
    return early <= half <= late and true["after"] < middle <= true["before"]


def samples_off(found, x, clean):
    if not np.isfinite(found["t_half"]):
        return np.nan
    level = (found["loss_before"] + found["loss_after"]) / 2
    below = np.nonzero(clean < level)[0]
    if len(below) == 0 or below[0] == 0:
        return np.nan
    i = below[0]
    t = x[i - 1] + (x[i] - x[i - 1]) * (clean[i - 1] - level) / (clean[i - 1] - clean[i])
    here, there = np.interp([t, found["t_half"]], x, np.arange(len(x)))
    return abs(there - here)


def judge(stages, found, x, clean, score, show):
    left = list(found)
    for true in stages:
        if not np.isfinite(true["t_onset"]):
            continue
        match = next((f for f in left if is_stage(true, f)), None)
        score["known"] += 1
        score["resolved"] += true["resolved"]
        score["clear"] += true["clear"]
        if match is None:
            score["missed"] += true["resolved"]
            score["missed_clear"] += true["clear"]
            if show and true["resolved"] and true["size"] <= 0.01:
                print("missed", {k: v if isinstance(v, str) else float(f"{v:.6g}") for k, v in true.items()})
                for f in found:
                    print("   found", {k: float(f"{v:.5g}") for k, v in f.items()})
        else:
            left.remove(match)
            off = samples_off(match, x, clean)
            if true["resolved"] and np.isfinite(off):
                score["off"].append(off)
                if "t_settle" in match:
                    score["peak"].append(abs(match["t_peak"] - true["t_peak"]) / (match["t_settle"] - match["t_onset"]))
                if show and true["size"] <= 0.01 and off > 2:
                    print("off by", off, {k: v if isinstance(v, str) else float(f"{v:.6g}") for k, v in true.items()},
                          {k: float(f"{v:.6g}") for k, v in match.items()})
    score["invented"] += len(left)
    if show and left and stages[0]["size"] <= 0.01:
        print("invented in", stages[0]["curve"], stages[0]["noise"], stages[0]["size"], stages[0]["grid"], stages[0]["points"],
              [{k: float(f"{v:.5g}") for k, v in f.items()} for f in left])


def new_score():
    return {"curves": 0, "known": 0, "resolved": 0, "clear": 0, "missed": 0, "missed_clear": 0, "invented": 0, "off": [],
            "peak": []}


def print_scores(scores):
    print("method\tnoise\tsize\tcurves\tstages\tresolved\tmissed\tclear\tmissed_clear\tinvented\toff_median\toff_95\toff_most\tpeak_median\t"
          "peak_95")
    for (method, noise, size), s in scores.items():
        off = list(np.quantile(s["off"], [0.5, 0.95, 1])) if s["off"] else [np.nan] * 3
        off += list(np.nanquantile(s["peak"], [0.5, 0.95])) if s["peak"] else [np.nan] * 2
        print(f"{method}\t{noise}\t{size:g}\t{s['curves']}\t{s['known']}\t{s['resolved']:.0f}\t{s['missed']:.0f}\t{s['clear']:.0f}\t"
              f"{s['missed_clear']:.0f}\t{s['invented']}\t" + "\t".join(f"{v:.2g}" for v in off))


def main():
    program, folder = sys.argv[1:3]
    with_peer, show = "--no-peer" not in sys.argv, "--show" in sys.argv
    curves = read_truth(folder)
    numbers = sorted(curves)
    found = by_headflow(program, folder, numbers)
    scores = {}
    for number in numbers:
        stages = curves[number]
        x, y, clean = read_curve(folder, number)
        noise = stages[0]["noise"] if stages[0]["stage"] > 0 else "no stages"
        size = stages[0]["size"] if stages[0]["stage"] > 0 else 0
        answers = {"headflow": found[number]}
        if with_peer:
            answers["PELT"] = by_change_points(x, y)
        for method, answer in answers.items():
            for key in ((method, noise, size), (method, "all", 0)):
                score = scores.setdefault(key, new_score())
                score["curves"] += 1
                judge(stages, answer, x, clean, score, show and method == "headflow" and key[1] != "all")
    print_scores(dict(sorted(scores.items())))


if __name__ == "__main__":
    main()
