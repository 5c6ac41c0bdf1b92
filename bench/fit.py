#!/usr/bin/env python3
"""headflow fit on the logs of trainings whose parameters are known: for every trial, with another seed, perturbation and learning rate,
the loss of its batches is fitted from a start that is wrong by up to a third, and the true value should be within two standard errors
in 19 of 20. Prints a row for each trial and parameter, and the counts. Draws of other blocks are others.

    bench/fit.py HEADFLOW [TRIALS [BLOCK]] >fit.tsv
"""
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

MODEL = """title = "fit";
heads = 3; positions = 40;
target = {{ strengths = (2.89, 1.7, 1.0); patterns = ((1), (2), (3)); }};
init = {{ distribution = "sine"; perturbation = {perturbation!r}; }};
train = {{ dim = 10; batch = {batch}; lr = {lr!r}; seed = {seed}; sampling = "projected"; log_every = 1; }};
solver = {{ t_end = 70.0; }};
output = {{ plots = false; }};
"""


def batch_losses(run):
    """The loss of every step's batch, which is that before the step."""
    lines = [line.rstrip("\n").split("\t") for line in open(run / "trajectory.tsv") if not line.startswith("#")]
    step, loss = lines[0].index("step"), lines[0].index("train_loss")
    return [(int(float(row[step])) - 1, row[loss]) for row in lines[1:] if row[loss] != "nan"]


def trial(headflow, folder, number, draw):
    true = {"perturbation": 10 ** draw.uniform(-2.3, -1.5), "lr": draw.uniform(0.03, 0.1)}
    start = {name: value * math.exp(draw.uniform(-0.3, 0.3)) for name, value in true.items()}
    batch = draw.choice([256, 512, 1024])
    model = folder / "model.conf"
    model.write_text(MODEL.format(seed=number, batch=batch, **true))
    subprocess.run([headflow, "run", model, "-o", folder / "out", "--quiet"], check=True)
    model.write_text(MODEL.format(seed=1000 * number, batch=batch, **start))
    log = folder / "log.csv"
    log.write_text("step,loss\n" + "".join(f"{step},{loss}\n" for step, loss in batch_losses(folder / f"out/train/seed-{number}")))
    found = subprocess.run([headflow, "fit", model, log, "--json"], check=True,
                           capture_output=True, text=True)
    for row in json.loads(found.stdout)["fit"]:
        name = row["parameter"]
        off = math.log(row["value"] / true[name]) / row["error"]
        plain = math.log(row["fitted"] / true[name]) / row["error_plain"]
        print(number, batch, name, true[name], start[name], row["value"], row["error"], off, plain, sep="\t", flush=True)
        yield name, abs(off) <= 2, abs(plain) <= 2


def main():
    trials = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    block = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    first = 1000 * (block - 1) + 1
    draw = random.Random(block)
    held = {}
    print("trial", "batch", "parameter", "true", "start", "value", "error", "off", "off_plain", sep="\t")
    for number in range(first, first + trials):
        with tempfile.TemporaryDirectory() as folder:
            for name, good, plain in trial(Path(sys.argv[1]).resolve(), Path(folder), number, draw):
                counts = held.setdefault(name, [0, 0])
                counts[0] += good
                counts[1] += plain
    for name, (good, plain) in held.items():
        print(f"# {name}: within two errors in {good} of {trials}; by plain errors in {plain}")


if __name__ == "__main__":
    main()
