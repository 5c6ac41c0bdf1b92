#!/usr/bin/env python3
"""Kills headflow at random moments, goes on, and compares bytes.

    bench/crash.py build/headflow [--kills 200] [--seconds S] [--seed 1] [KIND]...

For each kind of work (flow, training, ladder, sweep, the minimal model on a chain (tokens), a decoder there, an encoder on strings, decoders that
learn recall and regression (vectors), detect) one run is left alone. Others are killed (SIGKILL, INT or TERM in turn) after
a random part of its time, again and again with --resume until KILLS kills have hit a living process, or S seconds are over, and every one
that comes to its end must have the same files, byte for byte. Prints a line for each kind; exit code 1 where something differs, an exit code is
not 0, 130, 143 or that of the kill, or a run cannot be taken up."""
import argparse
import filecmp
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

FLOW = """heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); }; init = { distribution = "sine"; perturbation = 1e-2; };
solver = { t_end = 3000.0; }; output = { points = 60; plots = false; };"""
SMALL = """heads = 2; positions = 8; target = { strengths = (2.0, 1.0); }; init = { distribution = "sine"; perturbation = 0.05; };
solver = { t_end = 40.0; }; output = { points = 30; plots = false; };"""
MARKOV = """train = { task = "markov"; steps = %d; batch = 16; samples = 64; validation = 32; lr = 0.01; save_every = %d; };
chain = { vocabulary = 12; lengths = (2, 2); generated = 8; }; model = { kind = "%s"; heads = 2;%s };
output = { points = 20; plots = false; };"""
SEQUENCES = """train = { task = "%s"; steps = %d; batch = 16; validation = 16; lr = 0.01; optimizer = "adam"; save_every = 5; };
%s model = { kind = "decoder"; heads = %d; width = 16; }; output = { points = 20; plots = false; };"""
MODELS = {
    "flow": FLOW,
    "training": SMALL + " flow = { }; train = { dim = 8; batch = 128; lr = 0.05; steps = 800; seeds = 2; save_every = 20; };",
    "ladder": SMALL + " flow = { }; train = { dim = 5; batch = 32; lr = 0.2; seeds = 2; save_every = 10; }; ladder = { halvings = 1; };",
    "sweep": SMALL + ' sweep = { over = ({ key = "init.perturbation"; values = (1e-3, 1e-2, 1e-1); }); seeds = 8; };',
    "tokens": MARKOV % (60, 5, "minimal", ""),
    "decoder": MARKOV % (60, 5, "decoder", " width = 16;"),
    "encoder": """train = { task = "strings"; steps = 12; batch = 16; samples = 64; validation = 32; lr = 0.01; optimizer = "sgd"; save_every = 2; };
strings = { task = "parity"; length = 6; }; output = { plots = false; };""",
    "recall": SEQUENCES % ("recall", 100, "recall = { tokens = 8; pairs = 3; };", 2),
    "vectors": SEQUENCES % ("vectors", 50, "", 1),
}
LEFT_OUT = ("lock", "timing.tsv", "parts", "unfinished")


def files(folder):
    found = {}
    for at, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if f not in LEFT_OUT]
        for name in names:
            if name not in LEFT_OUT:
                path = os.path.join(at, name)
                found[os.path.relpath(path, folder)] = path
    return found


def same(one, other):
    a, b = files(one), files(other)
    return a.keys() == b.keys() and all(filecmp.cmp(a[name], b[name], shallow=False) for name in a)


def command(program, kind, model, out):
    if kind == "detect":
        return [program, "detect", model, "-o", out, "--quiet"]
    return [program, "sweep" if kind == "sweep" else "run", model, "-o", out, "--quiet"] + ([] if kind == "sweep" else ["-j", "2"])


def attack(program, kind, kills, seconds, rng, work):
    """How many kills hit, runs that came to their end, and what was wrong."""
    model = os.path.join(work, kind + (".csv" if kind == "detect" else ".conf"))
    with open(model, "w") as file:
        if kind == "detect":
            level, rows = 4.0, ["step,loss"]
            for step in range(2000):
                level -= 3e-2 if 600 < step < 660 or 1200 < step < 1250 else 0
                rows.append("%d,%.6g" % (step, level + 0.01 * rng.gauss(0, 1)))
            file.write("\n".join(rows) + "\n")
        else:
            file.write(MODELS[kind])
    whole, out = os.path.join(work, "whole"), os.path.join(work, "out")
    start = time.monotonic()
    subprocess.run(command(program, kind, model, whole), check=True)
    span = time.monotonic() - start
    end = time.monotonic() + seconds
    hits = ends = 0
    wrong = []
    resume = False
    while hits < kills and time.monotonic() < end:
        args = command(program, kind, model, out) + (["--resume"] if resume and kind != "detect" else [])
        process = subprocess.Popen(args, stderr=subprocess.PIPE)
        how = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)[hits % 3]
        try:
            process.wait(rng.uniform(0, span))
        except subprocess.TimeoutExpired:
            process.send_signal(how)
            hits += 1
        try:
            message = process.communicate(timeout=60)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            wrong.append("hangs after %s" % how.name)
            break
        if process.returncode == 0:
            ends += 1
            if not same(whole, out):
                wrong.append("not the same files after %d kills" % hits)
            shutil.rmtree(out, ignore_errors=True)
            resume = False
        elif process.returncode in (-9, -2, -15, 130, 143):
            resume = os.path.isdir(out)
        else:
            wrong.append("exit code %d: %s" % (process.returncode, message.strip()))
            resume = False
        if len(wrong) > 5:
            break
    shutil.rmtree(whole, ignore_errors=True)
    return hits, ends, wrong, span


def main():
    kinds = list(MODELS) + ["detect"]
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("kinds", nargs="*", default=kinds)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_intermixed_args()
    rng = random.Random(options.seed)
    bad = False
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as work:
            hits, ends, wrong, span = attack(os.path.abspath(options.program), kind, options.kills, options.seconds, rng, work)
        print("%-9s %4d kills of runs of %.2f s, %d runs came to their end with the same bytes" % (kind, hits, span, ends - sum("same" in w for w in wrong)),
              flush=True)
        for message in wrong:
            bad = True
            print("    " + message)
    sys.exit(bad)


if __name__ == "__main__":
    main()
