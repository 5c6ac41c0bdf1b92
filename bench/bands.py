#!/usr/bin/python3
"""Do bands without seeds tell where they end? Problems on which no threshold was chosen, against many runs of SGD.

    bench/bands.py [HEADFLOW] [--set ten|noisy|chosen] [--seeds N] [--jobs N] [--only NUMBERS] [--latest TIME]

For every stage of every problem one line: what bands.tsv says, which of its tests hold, and what the runs do. A
band holds 80 % of runs if it is right; where fewer than 70 % or more than 90 % are in it, it is wrong. The sets: ten problems; eight with
much noise; those on which thresholds were chosen, with a third stage.
"""
import argparse
import math
import subprocess
import tempfile
from pathlib import Path

LATEST = 1200  # flow time up to which stages are looked at
FEWEST, MOST = 0.70, 0.90  # of runs in a band that is right
TESTS = ("curved", "moved", "contrasts", "wide", "far")

# heads, positions, strengths, distribution of the start, perturbation, dim, lr, batch
PROBLEMS = [
    (2, 12, (2.5, 1.2), "sine", 1e-2, 8, 0.05, 64),
    (3, 8, (3.0, 2.0, 1.0), "sine", 1e-1, 4, 0.05, 512),
    (2, 20, (2.0, 1.0), "sine", 1e-4, 6, 0.05, 32),
    (3, 16, (3.5, 2.0, 1.2), "normal", 1e-3, 12, 0.05, 256),
    (2, 30, (4.0, 1.5), "sine", 1e-3, 5, 0.04, 400),
    (4, 10, (4.0, 3.0, 2.0, 1.0), "normal", 3e-2, 6, 0.02, 128),
    (2, 6, (1.5, 1.0), "normal", 1e-3, 20, 0.02, 16),
    (3, 24, (2.89, 1.7, 1.0), "normal", 1e-2, 16, 0.1, 50),
    (2, 15, (5.0, 2.0), "sine", 1e-4, 10, 0.02, 200),
    (3, 12, (1.2, 1.0, 0.8), "sine", 1e-2, 5, 0.05, 20),
]
MUCH_NOISE = [
    (3, 12, (2.89, 1.7, 1.0), "sine", 1e-6, 8, 0.05, 20),
    (3, 10, (2.0, 1.5, 1.0), "sine", 1e-4, 6, 0.05, 10),
    (2, 16, (2.5, 1.5), "sine", 1e-5, 10, 0.05, 25),
    (3, 20, (3.0, 2.0, 1.0), "normal", 1e-4, 12, 0.05, 20),
    (2, 8, (2.0, 1.2), "sine", 1e-8, 5, 0.05, 10),
    (4, 12, (3.0, 2.5, 2.0, 1.5), "normal", 1e-3, 8, 0.05, 16),
    (2, 24, (3.0, 1.5), "sine", 1e-6, 16, 0.05, 50),
    (3, 6, (1.5, 1.2, 1.0), "normal", 1e-2, 4, 0.05, 5),
]
BASE = (2.89, 1.7, 1.0)
CHOSEN = [
    (3, 40, BASE, "sine", 1e-2, 10, 0.05, 64),
    (3, 40, BASE, "sine", 1e-2, 50, 0.05, 64),
    (3, 40, BASE, "sine", 1e-3, 10, 0.05, 64),
    (3, 40, BASE, "sine", 1e-6, 10, 0.05, 64),
]
SETS = {"ten": PROBLEMS, "noisy": MUCH_NOISE, "chosen": CHOSEN}


def model(problem, t_end, train):
    heads, positions, strengths, distribution, perturbation, dim, lr, batch = problem
    patterns = ", ".join(f"({j + 1})" for j in range(len(strengths)))
    text = f"""title = "bands"; heads = {heads}; positions = {positions};
target = {{ strengths = ({", ".join(map(repr, strengths))}); patterns = ({patterns}); }};
init = {{ distribution = "{distribution}"; perturbation = {perturbation!r}; }};
flow = {{ }};
solver = {{ t_end = {t_end!r}; }};
output = {{ plots = false; }};
"""
    if train:
        text += f'train = {{ dim = {dim}; batch = {batch}; lr = {lr!r}; seeds = {train}; sampling = "projected"; }};\n'
    return text


def table(path):
    lines = [line.rstrip("\n").split("\t") for line in open(path) if not line.startswith("#")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def run(headflow, text, directory, jobs=1):
    path = Path(directory, "bands.conf")
    path.write_text(text)
    subprocess.run([headflow, "run", str(path), "-o", str(Path(directory, "out")), "--quiet", "--restart", "-j", str(jobs)], check=True)
    return Path(directory, "out")


def last_stage(headflow, problem, latest):
    """When the flow has its last stage that ends before latest."""
    with tempfile.TemporaryDirectory() as directory:
        out = run(headflow, model(problem, 1.25 * latest, 0), directory)
        ends = [float(stage["t_settle"]) for stage in table(out / "flow" / "stages.tsv")]
    ends = [t for t in ends if t < latest]
    return max(ends) if ends else latest


def compare(headflow, problem, seeds, jobs, latest):
    """(band, times of the runs) of every stage."""
    with tempfile.TemporaryDirectory() as directory:
        t_end = round(1.25 * last_stage(headflow, problem, latest) + 5, 1)
        out = run(headflow, model(problem, t_end, seeds), directory, jobs)
        bands, rows = table(out / "bands.tsv"), table(out / "compare.tsv")
    for band in bands:
        times = [float(row["t"]) for row in rows if row["stage"] == band["stage"] and row["curve"] == "seed"]
        yield band, times


def verdict(band, times):
    number = {name: float(band[name]) for name in ("t_flow", "t", "mean", "deviation", "deviation_flow", "p10", "p90")}
    there = [t for t in times if not math.isnan(t)]
    mean = sum(there) / len(there) if there else math.nan
    spread = math.sqrt(sum((t - mean) ** 2 for t in there) / (len(there) - 1)) if len(there) > 1 else math.nan
    within = sum(number["p10"] <= t <= number["p90"] for t in there) / len(times)
    doubts = [name for name in TESTS if band[name] == "1"]
    known = not math.isnan(number["deviation"])
    right = FEWEST <= within <= MOST
    middle = (number["p10"] + number["p90"]) / 2
    return (*(number[name] for name in ("t_flow", "t", "mean", "deviation", "deviation_flow")), len(there), mean, spread,
            (mean - middle) / number["deviation"], spread / number["deviation"], within, ",".join(doubts) or "-",
            "unknown" if not known else "right" if right else "wrong",
            "-" if not known else "agrees" if right == (not doubts) else "warns for nothing" if right else "SILENT")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("headflow", nargs="?", default="build/headflow")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--latest", type=float, default=LATEST)
    parser.add_argument("--only", type=lambda text: {int(i) for i in text.split(",")})
    parser.add_argument("--set", choices=SETS, default="ten")
    options = parser.parse_args()
    print("problem", "stage", "t_flow", "t", "mean", "deviation", "deviation_flow", "runs", "runs_mean", "runs_deviation", "shift_over_deviation",
          "deviation_ratio", "within", "doubts", "truth", "verdict", sep="\t", flush=True)
    for i, problem in enumerate(SETS[options.set]):
        if options.only and i + 1 not in options.only:
            continue
        for band, times in compare(options.headflow, problem, options.seeds, options.jobs, options.latest):
            shown = [f"{x:.4g}" if isinstance(x, float) else x for x in verdict(band, times)]
            print(i + 1, band["stage"], *shown, sep="\t", flush=True)


if __name__ == "__main__":
    main()
