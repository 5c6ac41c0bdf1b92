#!/usr/bin/python3
"""Measures headflow against scipy (peers.py) on the same problems, in the same run, on the same machine.

    bench/measure.py [HEADFLOW] [-o DIR] [--parts problems,work-precision,scaling] [--peers-only] [--pairs N]

Writes DIR/<problem>.tsv, DIR/work-precision.tsv (.png), DIR/equal-error.tsv and DIR/scaling.tsv, and prints the same tables.
What the columns mean stands in README.md. One process runs at a time, on one thread.
"""
import argparse
import csv
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
POINTS = 30             # output times of every run
TOLERANCES = [10.0 ** -e for e in range(4, 13)]     # of the work-precision curves
REPEAT_BELOW = 1.5      # seconds: runs shorter than this are repeated three times, and the median taken

# t_first is chosen so that the geometric grid t_first .. t_end has a time inside every drop of the loss: between the drops
# the loss forgets how it got there, and an error in the times of the drops would not be seen.
Problem = namedtuple("Problem", "name strengths perturbation positions t_first t_end rtol atol", defaults=(1e-8, 1e-12))
PAPER = Problem("paper", (6.25, 2.5, 1.0), 1e-3, 40, 0.166, 1e5, 1e-12, 1e-12)
DEFAULT = Problem("default", (2.89, 1.7, 1.0), 1e-3, 40, 1.908, 1e4, 1e-8, 1e-12)
SCALING = [Problem("scaling", (2.89, 1.7, 1.0), 1e-2, positions, 1.0, t_end)
           for positions, t_end in ((40, 1e4), (400, 1e4), (4000, 1e4), (40000, 1e4), (40000, 1e8))]

Peer = namedtuple("Peer", "name form method jacobian")
SCRIPT = Peer("RK45 (script)", "script", "RK45", "differences")
REDUCED = ([Peer(method, "reduced", method, "differences") for method in ("RK45", "DOP853", "LSODA", "BDF", "Radau")]
           + [Peer(method + "+J", "reduced", method, "analytic") for method in ("LSODA", "BDF", "Radau")])

# integration: seconds inside solve_ivp (headflow: nan); process: seconds from start to exit; error: see loss_error()
Run = namedtuple("Run", "solver integration process evaluations error peak_mb", defaults=(math.nan,))


def execute(command):
    """Runs a command to its end: seconds, peak memory in MB, standard output."""
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    environment.pop("OPENBLAS_CORETYPE", None)          # let the library recognize the processor
    start = time.perf_counter()
    process = subprocess.Popen([str(x) for x in command], env=environment, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        sys.exit(f"measure.py: exit status {process.returncode} of: {' '.join(str(x) for x in command)}")
    return seconds, usage.ru_maxrss / 1024, output


def times(problem):
    ratio = problem.t_end / problem.t_first
    return [problem.t_first * ratio ** (i / (POINTS - 1)) for i in range(POINTS - 1)] + [problem.t_end]


def read_losses(path):
    """{t: loss} of a trajectory, in order; t = 0 is left out."""
    with open(path) as lines:
        rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
        losses = {float(row["t"]): float(row["loss"]) for row in rows}
    losses.pop(0.0, None)
    return losses


def loss_error(problem, path, reference):
    """max over the times of |L - L_reference| / (initial loss of a uniform attention with zero values)"""
    got, want = read_losses(path), read_losses(reference)
    if len(got) != len(want) or any(abs(t / u - 1) > 1e-9 for t, u in zip(got, want)):
        sys.exit(f"measure.py: {path} does not hold the times that were asked for")
    return max(abs(a - b) for a, b in zip(got.values(), want.values())) / (0.5 * sum(m * m for m in problem.strengths))


def median(run, count):
    """The first of `count` runs with the medians of their times."""
    runs = [run() for _ in range(count)]
    return runs[0]._replace(integration=statistics.median(r.integration for r in runs),
                            process=statistics.median(r.process for r in runs))


class Bench:
    def __init__(self, headflow, directory, pairs):
        self.headflow, self.directory, self.pairs = headflow, directory, pairs      # headflow None: peers only
        directory.mkdir(parents=True, exist_ok=True)

    def run_peer(self, peer, problem, reference=None, output=None):
        output = output or self.directory / "peer.tsv"
        process, _, line = execute(
            [sys.executable, HERE / "peers.py", "--form", peer.form, "--method", peer.method, "--jacobian", peer.jacobian,
             "--rtol", problem.rtol, "--atol", problem.atol, "--positions", problem.positions,
             "--strengths", ",".join(map(str, problem.strengths)), "--perturbation", problem.perturbation,
             "--times", ",".join(map(repr, times(problem))), "--header", "--output", output])
        names, values = (text.split("\t") for text in line.splitlines())
        result = dict(zip(names, values))
        error = loss_error(problem, output, reference) if reference else math.nan
        return Run(peer.name, float(result["seconds"]), process, int(result["evaluations"]), error)

    def run_headflow(self, problem, reference=None, events=False):
        """events: also looks for plateaus, stages and saddles, which the peers do not."""
        model, output = self.directory / "model.conf", self.directory / "headflow"
        patterns = ", ".join(f"({j + 1})" for j in range(len(problem.strengths)))
        model.write_text(
            f"heads = 3;\npositions = {problem.positions};\n"
            f"target = {{ strengths = ({', '.join(map(str, problem.strengths))}); patterns = ({patterns}); }};\n"
            f"init = {{ distribution = \"sine\"; perturbation = {problem.perturbation}; }};\n"
            f"flow = {{ geometry = \"logit\"; }};\n"
            f"solver = {{ t_end = {problem.t_end}; rtol = {problem.rtol}; atol = {problem.atol}; }};\n"
            f"output = {{ points = {POINTS}; t_first = {problem.t_first}; }};\n")
        shutil.rmtree(output, ignore_errors=True)
        process, peak, _ = execute([self.headflow, "run", model, "-o", output, "--quiet",
                                    "-s", "output.plots=false", "-s", "output.attention=false",
                                    "-s", f"detect.events={str(events).lower()}"])
        error = loss_error(problem, output / "flow" / "trajectory.tsv", reference) if reference else math.nan
        return Run("headflow+events" if events else "headflow", math.nan, process, math.nan, error, peak)

    def reference(self, problem):
        """A trajectory at 1e-13 by an explicit method, and how far other peers at 1e-13 are from it: smaller errors
        cannot be told apart (head coordinates: rounding enters the differences between the heads)."""
        path = self.directory / f"{problem.name}-reference.tsv"
        tight = problem._replace(rtol=1e-13, atol=1e-15)
        peers = {peer.name: peer for peer in REDUCED}
        self.run_peer(peers["DOP853"], tight, output=path)
        checks = [self.run_peer(peers[name], tight, path) for name in ("Radau+J", "RK45")]
        floor = max(run.error for run in checks)        # headflow has no say in what is resolved
        if self.headflow:
            checks.append(self.run_headflow(tight, path))
        print(f"\n{problem.name}: reference DOP853 at 1e-13;",
              ", ".join(f"{run.solver} at 1e-13 differs by {run.error:.1e}" for run in checks))
        return path, floor

    def problem_table(self, problem, peers):
        reference, floor = self.reference(problem)
        runs = {peer: self.run_peer(peer, problem, reference) for peer in peers}
        fastest = min(peers, key=lambda peer: runs[peer].integration)
        own, watching = None, []
        pairs = []
        for _ in range(self.pairs):                     # alternating, so that a change of the machine's speed hits both
            if self.headflow:
                own = self.run_headflow(problem, reference)
            pairs.append((own, self.run_peer(fastest, problem, reference)))
        if self.headflow:
            own = own._replace(process=statistics.median(a.process for a, _ in pairs))
            watching = [median(lambda: self.run_headflow(problem, reference, events=True), self.pairs)]
        runs[fastest] = runs[fastest]._replace(integration=statistics.median(b.integration for _, b in pairs),
                                               process=statistics.median(b.process for _, b in pairs))
        base = own.process if own else math.nan
        self.write(f"{problem.name}.tsv",
                   f"strengths {problem.strengths}, rtol {problem.rtol}, atol {problem.atol}, t = {problem.t_end:g}; "
                   f"headflow and {fastest.name}: medians of {self.pairs} alternating runs, the others once; "
                   f"errors below {floor:.0e} are not resolved",
                   ("solver", "integration_s", "process_s", "integration_ratio", "process_ratio", "evaluations", "loss_error"),
                   [(r.solver, r.integration, r.process, r.integration / base, r.process / base, r.evaluations, r.error)
                    for r in ([own] if own else []) + watching + list(runs.values())])

    def work_precision(self, problems):
        rows, equal, worst_floor = [], [], 0.0
        for problem in problems:
            reference, floor = self.reference(problem)
            worst_floor = max(worst_floor, floor)
            curves = {}
            for rtol in TOLERANCES:
                task = problem._replace(rtol=rtol, atol=1e-4 * rtol)
                solvers = [lambda p=peer: self.run_peer(p, task, reference) for peer in REDUCED]
                if self.headflow:
                    solvers.insert(0, lambda: self.run_headflow(task, reference))
                for solver in solvers:
                    run = solver()
                    if run.process < REPEAT_BELOW:
                        run = median(solver, 3)
                    seconds = run.process if run.solver == "headflow" else run.integration
                    curves.setdefault(run.solver, []).append((max(run.error, floor), seconds))
                    rows.append((problem.name, run.solver, rtol, run.error, seconds, run.process))
            for rtol, (error, seconds) in zip(TOLERANCES, curves.pop("headflow", [])):
                name, peer = min(((n, seconds_at(error, c)) for n, c in curves.items()), key=lambda pair: pair[1])
                equal.append((problem.name, rtol, error, seconds, name if peer < math.inf else "none", peer, peer / seconds))
        self.write("work-precision.tsv", "atol = 1e-4 rtol; seconds: headflow the whole process, peers the integration only; "
                   f"medians of 3 where below {REPEAT_BELOW} s; errors below {worst_floor:.0e} are not resolved",
                   ("problem", "solver", "rtol", "loss_error", "seconds", "process_s"), rows)
        if equal:
            self.write("equal-error.tsv", "the fastest peer's integration where it is as accurate as headflow, interpolated",
                       ("problem", "rtol", "loss_error", "headflow_s", "peer", "peer_s", "ratio"), equal)
        if shutil.which("gnuplot"):
            subprocess.run(["gnuplot", "-e", f"dir='{self.directory}'", HERE / "work-precision.gp"], check=True)

    def scaling(self):
        floor = execute(["true"])[1]
        rows = []
        for problem in SCALING:
            run = self.run_headflow(problem, events=True)
            if run.process < REPEAT_BELOW:
                run = median(lambda: self.run_headflow(problem, events=True), 3)
            losses = read_losses(self.directory / "headflow" / "flow" / "trajectory.tsv")
            rows.append((problem.positions, problem.t_end, run.process, run.peak_mb, list(losses.values())[-1]))
        self.write("scaling.tsv", f"rtol 1e-8; peak_MB cannot read less than {floor:.0f}, the measuring process's own",
                   ("positions", "t_end", "process_s", "peak_MB", "final_loss"), rows)

    def write(self, name, comment, header, rows):
        """One table: to its file, and aligned to standard output."""
        with open(self.directory / name, "w") as out:
            out.write(f"# {comment}\n# {versions()}\n")
            csv.writer(out, delimiter="\t", lineterminator="\n").writerows([header, *rows])
        text = [header] + [[x if isinstance(x, str) else f"{x:.3g}" if isinstance(x, float) else str(x) for x in row]
                           for row in rows]
        widths = [max(map(len, column)) for column in zip(*text)]
        print(f"\n{name}: {comment}")
        for row in text:
            print("  ".join(x.ljust(width) for x, width in zip(row, widths)).rstrip())
        sys.stdout.flush()


def seconds_at(error, curve):
    """Time a solver needs for an error: between two tolerances by log-log interpolation, else its cheapest run as accurate."""
    times_ = [seconds for e, seconds in curve if e <= error]
    for (e0, s0), (e1, s1) in zip(curve, curve[1:]):
        if e1 <= error < e0 and e1 > 0.0:
            weight = math.log(e0 / error) / math.log(e0 / e1)
            times_.append(s0 ** (1 - weight) * s1 ** weight)
    return min(times_, default=math.inf)


def versions():
    """Processor, and which scipy, numpy and BLAS the peers run on."""
    probe = ("import numpy, scipy.integrate, scipy.linalg, os\n"
             "blas = {os.path.basename(os.path.realpath(l.split()[-1])) for l in open('/proc/self/maps') if '/lib' in l"
             " and 'blas' in os.path.basename(l) and 'python' not in l and 'cpython' not in l}\n"
             "print('scipy', scipy.__version__, 'numpy', numpy.__version__, *sorted(blas))")
    with open("/proc/cpuinfo") as lines:
        processor = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    libraries = execute([sys.executable, "-c", probe])[2].strip()
    return f"{processor}, {os.cpu_count()} cores; python {platform.python_version()} {libraries}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("headflow", nargs="?", default="./headflow", help="the program (default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, default=Path("bench-results"), metavar="DIR")
    parser.add_argument("--parts", default="problems,work-precision,scaling", help="default: %(default)s")
    parser.add_argument("--peers-only", action="store_true", help="leave headflow out")
    parser.add_argument("--pairs", type=int, default=9, help="alternating runs of headflow and the fastest peer")
    args = parser.parse_args()
    parts = args.parts.split(",")
    if not set(parts) <= {"problems", "work-precision", "scaling"} or args.pairs < 1:
        parser.error("parts: problems, work-precision, scaling; at least one pair")
    headflow = None if args.peers_only else shutil.which(args.headflow)
    if not (headflow or args.peers_only):
        parser.error(f"{args.headflow} is not a program; --peers-only does without")
    bench = Bench(headflow, args.output, args.pairs)
    if "problems" in parts:
        bench.problem_table(PAPER, [SCRIPT] + REDUCED)
        bench.problem_table(DEFAULT, REDUCED)
    if "work-precision" in parts:
        bench.work_precision([PAPER, DEFAULT])
    if "scaling" in parts and headflow:
        bench.scaling()


if __name__ == "__main__":
    main()
