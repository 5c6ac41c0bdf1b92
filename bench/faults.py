#!/usr/bin/env python3
"""Lets every system call and allocation of short runs fail, one after the other.

    bench/faults.py build/headflow build/tests/faults.so [--most 0] [--errors 5,28:on] [--work NAME]... [KIND]...

For each kind of work the calls of a run that is left alone are counted. Then it is run once more for every one of them (at most MOST of a kind
of call, spread evenly; 0: all), where that call fails, once and again from then on. A run must end by itself within a minute: with exit code 0
and the same files as the one that was left alone, or with 4, a sentence, and every file whole, that of before or the new one. Prints a line
for each kind of call; exit code 1 where a run broke its word. Works on several processors at once.

--errors says which failures instead of the usual ones, by number (4: EINTR, 24: EMFILE), with :on from then on; gone: the folder of the run
is renamed before the call, and what it had been told to write must then be whole where it is now, or the run end with 4, or with 2 where it says what it
does not find."""
import argparse
import collections
import concurrent.futures
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import threading

from crash import SMALL, files

CALLS = ("open", "read", "write", "fsync", "close", "rename", "mkdir", "unlink", "malloc", "fork", "pipe", "thread", "lock")
TINY = SMALL.replace("40.0", "12.0").replace("points = 30", "points = 6")
FIGURES = TINY.replace("plots = false", "plots = true")
MARKOV = """train = { task = "markov"; steps = 12; batch = 8; samples = 16; validation = 8; lr = 0.01; save_every = 4; };
chain = { vocabulary = 6; lengths = (1, 1); generated = 4; }; model = { kind = "%s"; heads = 2; };
output = { points = 4; plots = false; };"""
STRINGS = """train = { task = "strings"; steps = 8; batch = 4; samples = 12; validation = 8; lr = 0.01; optimizer = "sgd"; };
strings = { task = "parity"; length = 6; }; output = { plots = false; };"""
SEQUENCES = """train = { task = "%s"; steps = 12; batch = 4; validation = 4; lr = 0.01; optimizer = "adam"; save_every = 4; };
%s model = { kind = "decoder"; heads = 1; width = 8; }; output = { points = 4; plots = false; };"""
TRAINED = " flow = { }; train = { dim = 4; batch = 16; lr = 0.05; steps = 40; seeds = 2; save_every = 10; };"
SWEPT = TINY + ' sweep = { over = ({ key = "init.perturbation"; values = (1e-2, 1e-1); }); seeds = 2; report = ("t_split", "final_loss"); };'
LOGGED = TINY + " train = { dim = 4; batch = 64; lr = 0.1; sampling = \"projected\"; log_every = 1; };"
# name: model, what is run before (out is the folder), what is tried
WORKS = {
    "flow": (TINY, [], "run M -o out --quiet"),
    "figures": (FIGURES, [], "run M -o out --quiet"),
    "training": (TINY + TRAINED, [], "run M -o out --quiet -j 1"),
    "threads": (TINY + TRAINED, [], "run M -o out --quiet -j 2"),
    "again": (TINY + TRAINED, ["run M -o out --quiet -j 1 -s train.steps=20"], "run M -o out --quiet -j 1 --resume"),
    "ladder": (TINY + " flow = { }; train = { dim = 4; batch = 8; lr = 0.1; seeds = 2; }; ladder = { halvings = 1; };", [], "run M -o out --quiet -j 1"),
    "sweep": (SWEPT, [], "sweep M -o out --quiet -j 2"),
    "collect": (SWEPT, ["sweep M -o out --quiet -j 1"], "collect out --quiet"),
    "task": (SWEPT, ["sweep M -o out --quiet -j 1", "!rm -r out/parts out/results.tsv", "!mkdir out/parts"], "task out --chunk 1/2 --quiet"),
    "markov": (MARKOV % "minimal", [], "run M -o out --quiet -j 1"),
    "decoder": (MARKOV % "decoder", [], "run M -o out --quiet -j 1 -s model.width=8"),
    "recall": (SEQUENCES % ("recall", "recall = { tokens = 6; pairs = 2; };"), [], "run M -o out --quiet -j 2"),
    "vectors": (SEQUENCES % ("vectors", ""), [], "run M -o out --quiet -j 1"),
    "strings": (STRINGS, [], "run M -o out --quiet -j 1"),
    "detect": (None, [], "detect log.csv -o out --quiet"),
    "fit": (LOGGED, [], "fit M log.csv -o out --seeds 0 --quiet"),
    "page": (TINY + TRAINED, ["run M -o out --quiet -j 1"], "page out --quiet"),
    "plot": (TINY, ["run M -o out --quiet -s output.plots=true"], "plot out"),
    "check": (TINY, [], "check M"),
    "content": ('flow = { system = "content"; }; content = { dim = 50; }; solver = { t_end = 50.0; }; output = { points = 5; plots = false; };', [], "run M -o out --quiet"),
    "in-context": ('heads = 2; init = { perturbation = 5e-3; seed = 1; }; in_context = { eigenvalues = (0.4, 0.3); length = 20; }; flow = { system = "in-context"; }; solver = { t_end = 50.0; }; output = { points = 5; plots = false; };', [], "run M -o out --quiet"),
}


def log(path):
    level = 4.0
    with open(path, "w") as file:
        file.write("step,loss\n")
        for step in range(120):
            level -= 0.1 if 30 < step < 45 or 80 < step < 92 else 0.001
            file.write("%d,%.9g\n" % (step, level))


class Place:
    """A folder of its own for one worker."""

    def __init__(self, work, base, environment):
        self.at = tempfile.mkdtemp(dir=work)
        self.base = base
        self.environment = environment

    def run(self, program, args, fault):
        shutil.rmtree(self.at)
        shutil.copytree(self.base, self.at)
        state = os.path.join(self.at, "state")
        with open(state, "wb") as file:
            file.write(bytes(512))
        environment = dict(self.environment, FAULT=fault, FAULT_STATE=state, FAULT_FOLDER=os.path.join(self.at, "out"), OMP_WAIT_POLICY="passive")
        try:
            done = subprocess.run([program] + args, cwd=self.at, env=environment, timeout=60, stdin=subprocess.DEVNULL, capture_output=True)
            code, out, err = done.returncode, done.stdout, done.stderr.decode(errors="replace")
        except subprocess.TimeoutExpired:
            code, out, err = "hangs", b"", ""
        with open(state, "rb") as file:
            counts = struct.unpack("14Q", file.read(14 * 8))
        return code, out, err, counts


def contents(folder):
    found = {}
    for name, path in files(folder).items():
        with open(path, "rb") as file:
            found[name] = file.read()
    return found


def judge(code, out, err, now, before, after, whole):
    """What is wrong, or None."""
    if code == "hangs":
        return code
    if code == 0:
        different = sorted(n for n in set(now) | set(after) if now.get(n) != after.get(n))
        return "exit 0, but %s is not the same" % ", ".join(different[:3]) if different else None if out == whole else "exit 0, another output"
    if code != 4:
        return "exit code %s: %s" % (code, err.strip()[-200:])
    if not any(line.startswith("headflow: ") for line in err.splitlines()):
        return "no sentence: %s" % err.strip()[-200:]
    torn = [n for n in now if not n.endswith(".part") and now[n] != before.get(n) and now[n] != after.get(n)]
    lost = [n for n in before if n not in now and n in after]
    return "torn: %s" % ", ".join(torn[:3]) if torn else "lost: %s" % ", ".join(lost[:3]) if lost else None


def judge_gone(code, err, moved, now, after):
    if code == 0:
        return None if after in (moved, now) else "exit 0, but the folder is in two pieces"
    if code not in (2, 4) or not any(line.startswith("headflow: ") for line in err.splitlines()):
        return "exit code %s: %s" % (code, err.strip()[-200:])
    return None


def prepare(program, name, base):
    model, first, what = WORKS[name]
    with open(os.path.join(base, "m.conf"), "w") as file:
        file.write(model or "")
    log(os.path.join(base, "log.csv"))
    for line in first:
        args = line[1:].split() if line[0] == "!" else [program] + line.replace("M", "m.conf").split()
        subprocess.run(args, cwd=base, check=True, stdout=subprocess.DEVNULL)
    return what.replace("M", "m.conf").split()


def usual_errors(kind):
    error = {"malloc": "12", "fork": "11", "thread": "11", "pipe": "24", "lock": "37"}.get(kind)
    return [error, error + ":on"] if error else ["5", "28:on"]


def attack(program, library, name, kinds, most, workers, errors):
    work = tempfile.mkdtemp()
    base = os.path.join(work, "base")
    os.mkdir(base)
    args = prepare(program, name, base)
    environment = dict(os.environ, LD_PRELOAD=library)
    before = contents(os.path.join(base, "out"))
    alone = Place(work, base, environment)
    code, whole, err, counts = alone.run(program, args, "none")
    if code != 0:
        raise SystemExit("%s: %s" % (name, err))
    if not any(counts):
        raise SystemExit("%s: no calls are counted; the program has to be called headflow" % name)
    after = contents(os.path.join(alone.at, "out"))
    own = threading.local()

    def attempt(fault):
        if not hasattr(own, "place"):
            own.place = Place(work, base, environment)
        code, out, err, seen = own.place.run(program, args, fault)
        now = contents(os.path.join(own.place.at, "out"))
        if fault.endswith(":gone"):
            return fault, seen[13], judge_gone(code, err, contents(os.path.join(own.place.at, "out.gone")), now, after)
        return fault, seen[13], judge(code, out, err, now, before, after, whole)

    bad = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for number, kind in enumerate(CALLS):
            calls = counts[number]
            if calls == 0 or (kinds and kind not in kinds):
                continue
            places = range(1, calls + 1) if most == 0 or calls <= most else sorted({1 + i * (calls - 1) // (most - 1) for i in range(most)})
            faults = ["%s:%d:%s" % (kind, n, how) for n in places for how in errors or usual_errors(kind)]
            wrong = collections.Counter()
            example = {}
            reached = 0
            for fault, failed, what in pool.map(attempt, faults):
                reached += failed > 0
                if what is not None:
                    wrong[what] += 1
                    example.setdefault(what, fault)
            bad += sum(wrong.values())
            print("%-10s %-7s %6d calls, %6d runs with a failure, %d wrong" % (name, kind, calls, reached, sum(wrong.values())), flush=True)
            for what, count in wrong.most_common(8):
                print("    %d x %s (%s)" % (count, what, example[what]), flush=True)
    shutil.rmtree(work)
    return bad


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("library")
    parser.add_argument("kinds", nargs="*")
    parser.add_argument("--work", action="append")
    parser.add_argument("--most", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--errors", type=lambda text: text.split(","))
    options = parser.parse_intermixed_args()
    bad = 0
    for name in options.work or WORKS:
        bad += attack(os.path.abspath(options.program), os.path.abspath(options.library), name, options.kinds, options.most, options.workers, options.errors)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
