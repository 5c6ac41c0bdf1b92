#!/usr/bin/env python3
"""Runs every command, and tests, under valgrind's memcheck.

    bench/memcheck.py build/headflow [--work NAME]... [--tests] [TEST]...

The works are those of bench/faults.py, once each, and what only prints. TESTs are programs of unit tests, run beside them, or alone with --tests.
An invalid read or write, a use of what is not set, a wrong free or a block that nothing points to any longer is a fault, in workers
of a sweep, too. Prints a line for each; exit code 1 where there is a fault or a run fails. valgrind has no AVX-512 and computes long double
in 64 bits: programs choose other code there, and tests that need more digits fail."""
import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time

from faults import WORKS, prepare

VALGRIND = ["valgrind", "-q", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]
PRINTED = ("help", "help keys", "help columns", "help events", "help run", "models", "cite", "--version")


def look(name, args, at, work):
    """Runs args in the folder at. Whether all was well."""
    log = os.path.join(work, "log.%p")
    start = time.monotonic()
    done = subprocess.run(VALGRIND + ["--log-file=" + log] + args, cwd=at, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    said = ""
    for path in sorted(glob.glob(os.path.join(work, "log.*"))):
        with open(path) as file:
            said += file.read()
        os.remove(path)
    good = done.returncode == 0 and not said
    print("%-16s %6.1f s  %s" % (name, time.monotonic() - start, "no fault" if good else "exit code %d" % done.returncode), flush=True)
    if not good:
        print(said[:6000] + done.stdout.decode(errors="replace")[-1500:], flush=True)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("programs", nargs="*")
    parser.add_argument("--work", action="append")
    parser.add_argument("--tests", action="store_true")
    options = parser.parse_intermixed_args()
    program = os.path.abspath(options.program)
    good = True
    for name in [] if options.tests else options.work or WORKS:
        with tempfile.TemporaryDirectory() as work:
            base = os.path.join(work, "base")
            os.mkdir(base)
            good = look(name, [program] + prepare(program, name, base), base, work) and good
    for words in [] if options.tests or options.work else PRINTED:
        with tempfile.TemporaryDirectory() as work:
            good = look(words, [program] + words.split(), work, work) and good
    for test in options.programs:
        with tempfile.TemporaryDirectory() as work:
            good = look(os.path.basename(test), [os.path.abspath(test)], os.getcwd(), work) and good
    sys.exit(not good)


if __name__ == "__main__":
    main()
