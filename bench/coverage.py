#!/usr/bin/env python3
"""Which lines and branches of the sources the tests come through.

    bench/coverage.py [-o coverage] [-j 2] [--keep] [TEST]...

Builds headflow below coverage/ for gcov (gcc -O0 --coverage), runs the tests (all, or those that are named: tests/cli.test ...) and prints, for
every folder of the sources, lines and branches and how many percent of them were reached. coverage/missed.txt has the lines that were not, a
run of them in a row with the text of its first. --keep adds to what earlier tests have reached. Tests that fail do not stop it: they are
named. Whatever a process has reached that was killed is not counted."""
import argparse
import collections
import glob
import gzip
import json
import os
import subprocess
import tempfile

FLAGS = "-g -O0 --coverage"  # threads may lose counts to each other, but not all of them

# Workers of a sweep and commands that fail for want of memory end with _exit, which counts nothing by itself.
EXIT = """void __gcov_dump(void);
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);
_Noreturn void __wrap__exit(int code) { __gcov_dump(); __real__exit(code); }
"""


def build(source, place, jobs):
    os.makedirs(place, exist_ok=True)
    if not os.path.exists(os.path.join(place, "Makefile")):
        counted = os.path.join(place, "exit.o")
        subprocess.run(["gcc", "-xc", "-", "-c", "-o", counted], input=EXIT.encode(), check=True)
        subprocess.run([os.path.join(source, "configure"), "--quiet", "--disable-shared", "--disable-clones", "CC=gcc", "CFLAGS=" + FLAGS,
                        "LDFLAGS=-Wl,--wrap=_exit", "LIBS=" + counted], cwd=place, check=True)
    subprocess.run(["make", "-s", "-j%d" % jobs], cwd=place, check=True, stdout=subprocess.DEVNULL)


def forget(place):
    for path in glob.glob(os.path.join(place, "**", "*.gcda"), recursive=True):
        os.remove(path)


def test(place, jobs, tests):
    done = subprocess.run(["make", "-k", "-j%d" % jobs, "check"] + (["TESTS=" + " ".join(tests)] if tests else []),
                          cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in done.stdout.decode(errors="replace").splitlines():
        if line.startswith(("FAIL", "ERROR", "# TOTAL", "# PASS", "# FAIL", "# ERROR")):
            print(line, flush=True)


def gather(source, place):
    """{file: ({line: times}, {(line, number): times})}; a branch into the handling of exceptions, which C has none of, is left out."""
    found = {}
    notes = glob.glob(os.path.join(place, "src", "**", "*.gcno"), recursive=True)
    with tempfile.TemporaryDirectory() as work:
        for at in range(0, len(notes), 20):
            subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--preserve-paths"] + notes[at:at + 20],
                           cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in glob.glob(os.path.join(work, "*.gcov.json.gz")):
            with gzip.open(path) as file:
                report = json.load(file)
            for one in report["files"]:
                name = os.path.relpath(os.path.join(source, one["file"]), os.path.join(source, "src"))  # the build takes the source's path away
                if name.startswith("..") or not os.path.exists(os.path.join(source, "src", name)):
                    continue
                lines, branches = found.setdefault(name, ({}, {}))
                for line in one["lines"]:
                    number = line["line_number"]
                    lines[number] = lines.get(number, 0) + line["count"]
                    for k, branch in enumerate(b for b in line["branches"] if not b["throw"]):
                        branches[number, k] = branches.get((number, k), 0) + branch["count"]
    return found


def percent(values):
    values = list(values)
    return 100 * sum(v > 0 for v in values) / len(values) if values else 100.0


def write_missed(source, found, path):
    with open(path, "w") as out:
        for name in sorted(found):
            lines = found[name][0]
            with open(os.path.join(source, "src", name)) as file:
                text = file.read().splitlines()
            before = None
            for number in sorted(lines):
                if lines[number] == 0 and before != 0:
                    out.write("%s:%d: %s\n" % (name, number, text[number - 1].strip()))
                before = lines[number]


def main():
    source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser()
    parser.add_argument("tests", nargs="*")
    parser.add_argument("-o", default="coverage")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_intermixed_args()
    place = os.path.abspath(options.o)
    build(source, place, options.j)
    if not options.keep:
        forget(place)
    test(place, options.j, options.tests)
    found = gather(source, place)
    folders = collections.defaultdict(lambda: ([], []))
    for name, (lines, branches) in found.items():
        for folder in (name.split("/")[0], "all"):
            folders[folder][0].extend(lines.values())
            folders[folder][1].extend(branches.values())
    print("folder       lines   reached  branches   taken")
    for folder in sorted(folders, key=lambda f: (f == "all", f)):
        lines, branches = folders[folder]
        print("%-10s %7d %7.1f %% %8d %7.1f %%" % (folder, len(lines), percent(lines), len(branches), percent(branches)))
    write_missed(source, found, os.path.join(place, "missed.txt"))


if __name__ == "__main__":
    main()
