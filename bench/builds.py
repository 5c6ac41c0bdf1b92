#!/usr/bin/env python3
"""Builds headflow with other compilers and flags, and compares what the builds compute.

    bench/builds.py [-o builds] [-j 2] [--check TESTS] [--program NAME=PATH]... [NAME]...

Each build is made in a folder of its own below builds/ (kept: the next time only what has changed is made) and runs the same short models.
Prints, for each build and model, "same bytes" or the largest difference of a number from the first build's, relative to the largest in its
column, and the table in which it is. --check runs these tests in every build, too. --program compares one that was built elsewhere: for
another processor, run by an emulator, or with another library. Exit code 1 where a build, a run or a test fails, or a difference is larger
than what the models' tolerances allow."""
import argparse
import math
import os
import subprocess
import sys

SANITIZE = "-fno-omit-frame-pointer -fno-sanitize-recover=undefined -fsanitize="
BUILDS = {
    "gcc-O2": ("gcc", "-g -O2", ""),
    "gcc-O0": ("gcc", "-g -O0", ""),
    "gcc-O1": ("gcc", "-g -O1", ""),
    "gcc-O3": ("gcc", "-g -O3", ""),
    "gcc-native": ("gcc", "-g -O2 -march=native", ""),
    "gcc-no-clones": ("gcc", "-g -O2", "--disable-clones"),
    "clang-O0": ("clang", "-g -O0", ""),
    "clang-O1": ("clang", "-g -O1", ""),
    "clang-O2": ("clang", "-g -O2", ""),
    "clang-O3": ("clang", "-g -O3", ""),
    "gcc-address": ("gcc", "-g -O1 %saddress,undefined" % SANITIZE, "--disable-clones"),
    "clang-address": ("clang", "-g -O1 %saddress,undefined" % SANITIZE, "--disable-clones"),
    "gcc-thread": ("gcc", "-g -O1 -fsanitize=thread", "--disable-clones"),
}
FLOW = """heads = 3; positions = 40; target = { strengths = (2.89, 1.7, 1.0); }; init = { distribution = "sine"; perturbation = 1e-3; };
solver = { t_end = 1000.0; }; output = { points = 40; plots = false; };"""
SMALL = """heads = 2; positions = 8; target = { strengths = (2.0, 1.0); }; init = { distribution = "sine"; perturbation = 0.05; };
solver = { t_end = 30.0; }; output = { points = 20; plots = false; };"""
MODELS = {  # and how far two builds may be apart
    "flow": (FLOW, 1e-6),
    "in-context": ("""heads = 2; init = { perturbation = 5e-3; seed = 1; }; flow = { system = "in-context"; };
in_context = { eigenvalues = (0.4, 0.3); length = 20; }; solver = { t_end = 300.0; }; output = { points = 20; plots = false; };""", 1e-6),
    "training": (SMALL + " flow = { }; train = { dim = 6; batch = 64; lr = 0.05; steps = 300; seeds = 2; };", 1e-3),  # a small difference of two losses
    "markov": ("""train = { task = "markov"; steps = 40; batch = 16; samples = 64; validation = 32; lr = 0.01; };
chain = { vocabulary = 8; lengths = (2, 2); generated = 6; }; model = { kind = "decoder"; heads = 2; width = 16; };
output = { points = 10; plots = false; };""", 1e-4),
}
# An error itself, of the size of rounding; and where two curves are farthest apart, known to the root of what their distance is known to.
ILL_DEFINED = ("energy_defect", "t_before", "t_after")
LEFT_OUT = ("timing.tsv", "checkpoint", "lock")


def rows(path):
    with open(path) as file:
        return [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]


def number(text):
    try:
        return float(text)
    except ValueError:
        return None


def difference(one, other):
    """Of two tables: the largest difference of numbers in units of the largest of their column; inf: another table."""
    a, b = rows(one), rows(other)
    if [len(r) for r in a] != [len(r) for r in b]:
        return math.inf
    largest = 0.0
    for c in range(len(a[0]) if a else 0):
        if a[0][c] in ILL_DEFINED:
            continue
        pairs = [(number(x[c]), number(y[c])) for x, y in zip(a, b)]
        scale = max((abs(x) for x, _ in pairs if x is not None and math.isfinite(x)), default=0)
        for (x, y), p, q in zip(pairs, a, b):
            if p[c] == q[c]:
                continue
            if x is None or y is None or not (math.isfinite(x) and math.isfinite(y)) or scale == 0:
                return math.inf
            largest = max(largest, abs(x - y) / scale)
    return largest


def compare(first, out):
    """The largest difference of all tables, and where it is."""
    worst, where, same = 0.0, "", True
    for at, _, names in os.walk(first):
        for name in sorted(names):
            if name in LEFT_OUT or not name.endswith(".tsv"):
                continue
            path = os.path.join(at, name)
            twin = os.path.join(out, os.path.relpath(path, first))
            with open(path, "rb") as x, open(twin, "rb") as y:
                if x.read() == y.read():
                    continue
            same = False
            found = difference(path, twin)
            if found >= worst:
                worst, where = found, os.path.relpath(path, first)
    return same, worst, where


def run(args, **more):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        print("    failed: %s\n%s" % (" ".join(args), done.stdout.decode(errors="replace")[-1500:]), flush=True)
    return done.returncode == 0


def build(source, place, name, jobs):
    compiler, flags, options = BUILDS[name]
    good = os.path.exists(os.path.join(place, "Makefile")) or run(
        [os.path.join(source, "configure"), "--quiet", "--disable-shared", "CC=" + compiler, "CFLAGS=" + flags] + options.split(), cwd=place)
    return good and run(["make", "-s", "-j%d" % jobs, "headflow"], cwd=place)


def main():
    source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(BUILDS))
    parser.add_argument("-o", default="builds")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--check")
    parser.add_argument("--program", action="append", default=[], metavar="NAME=PATH")
    options = parser.parse_intermixed_args()
    good = True
    os.makedirs(options.o, exist_ok=True)
    if not os.path.lexists(os.path.join(options.o, "models")):  # tests name the models that come with the program
        os.symlink(os.path.join(source, "models"), os.path.join(options.o, "models"))
    programs = dict(p.split("=", 1) for p in options.program)
    for name in options.names + list(programs):
        place = os.path.abspath(os.path.join(options.o, name))
        os.makedirs(place, exist_ok=True)
        if name not in programs and not build(source, place, name, options.j):
            good = False
            continue
        program = os.path.abspath(programs.get(name, os.path.join(place, "headflow")))
        for model, (text, most) in MODELS.items():
            conf, out = os.path.join(place, model + ".conf"), os.path.join(place, model)
            with open(conf, "w") as file:
                file.write(text)
            if not run([program, "run", conf, "-o", out, "--quiet", "-j", "2"], env=dict(os.environ, TSAN_OPTIONS="ignore_noninstrumented_modules=1")):
                good = False
                continue
            first = os.path.join(os.path.abspath(options.o), options.names[0], model)
            same, worst, where = compare(first, out)
            good = good and worst <= most
            print("%-14s %-11s %s" % (name, model, "same bytes" if same else "%.1e (%s)" % (worst, where)), flush=True)
        if options.check and name not in programs:
            good = run(["make", "-s", "-j%d" % options.j, "check", "TESTS=" + options.check], cwd=place) and good
    sys.exit(not good)


if __name__ == "__main__":
    main()
