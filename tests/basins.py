"""What heads end with, from the tables of the runs themselves: judges results.tsv and fractions.tsv of a sweep.

basins.py labels SWEEP RUN TASK    the run's folder against the row of that task
basins.py fractions SWEEP          fractions.tsv against results.tsv, intervals against sums of the binomial distribution
"""
import collections
import csv
import itertools
import math
import os
import sys

TEXTS = ("assignment", "attended", "order")
COUNTS = ("stages", "heads_per_pattern", "patterns_per_head", "looks_per_head", "idle_heads")


def table(path):
    with open(path, encoding="utf-8") as lines:
        return list(csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t"))


def matrix(row, name):
    cells = {tuple(map(int, key.split("_")[1:])): float(x) for key, x in row.items() if key.startswith(name + "_")}
    heads, patterns = max(cells)
    return [[cells[h, j] for j in range(1, patterns + 1)] for h in range(1, heads + 1)]


def canonical(sets):
    """Of all orders of the heads the one that is written: sets with low patterns first, as long strings of yes and no."""
    width = max(itertools.chain([0], *sets)) + 1
    ordered = max(itertools.permutations(sets), key=lambda p: [[j in s for j in range(width)] for s in p])
    return "|".join("+".join(str(j + 1) for j in sorted(s)) or "-" for s in ordered)


def order_of(events):
    seen, groups = set(), []
    for e in events:
        if e["event"] != "acquired" or e["pattern"] in seen:
            continue
        seen.add(e["pattern"])
        t = float(e["t"])
        if groups and t - groups[-1][0] <= 1e-6 * t:
            groups[-1][1].append(int(e["pattern"]))
        else:
            groups.append((t, [int(e["pattern"])]))
    return ",".join("=".join(map(str, sorted(g))) for _, g in groups) or "none"


def labels(run):
    last = table(os.path.join(run, "flow/trajectory.tsv"))[-1]
    share, mass = matrix(last, "share"), matrix(last, "mass")
    heads, patterns = range(len(share)), range(len(share[0]))
    known = [j for j in patterns if sum(share[h][j] for h in heads) >= 0.5]
    carry = [{j for j in known if share[h][j] >= 0.1 * max(share[k][j] for k in heads)} for h in heads]
    look = [{j for j in patterns if mass[h][j] >= 0.25} for h in heads]
    return {
        "assignment": canonical(carry),
        "attended": canonical(look),
        "order": order_of(table(os.path.join(run, "flow/events.tsv"))),
        "stages": str(len(table(os.path.join(run, "flow/stages.tsv")))),
        "heads_per_pattern": str(max(sum(j in c for c in carry) for j in patterns)),
        "patterns_per_head": str(max(map(len, carry))),
        "looks_per_head": str(max(map(len, look))),
        "idle_heads": str(sum(not c for c in carry)),
    }


def check_labels(sweep, run, task):
    row = table(os.path.join(sweep, "results.tsv"))[int(task) - 1]
    for name, want in labels(run).items():
        if row[name] != want:
            sys.exit(f"task {task}: {name} is {row[name]}, expected {want}")


def tail(k, n, p, upper):
    chosen = range(k, n + 1) if upper else range(k + 1)
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in chosen)


def check_interval(row):
    k, n, low, high = int(row["count"]), int(row["runs"]), float(row["low"]), float(row["high"])
    assert float(row["fraction"]) == k / n and low <= k / n <= high, row
    assert (low == 0) == (k == 0) and (high == 1) == (k == n), row
    assert k == 0 or abs(tail(k, n, low, True) - 0.025) < 1e-9, row
    assert k == n or abs(tail(k, n, high, False) - 0.025) < 1e-9, row


def category(row, name):
    if row["status"] == "FAILED":
        return "failed"
    if row["censored"] == "1":
        return "unfinished"
    return "none" if row[name] == "nan" else row[name]


def check_fractions(sweep):
    results, found = table(os.path.join(sweep, "results.tsv")), table(os.path.join(sweep, "fractions.tsv"))
    keys = list(results[0])[1 : list(results[0]).index("init.seed")]
    want = collections.Counter()
    for row in results:
        for name in TEXTS + COUNTS:
            if name in row:
                want[tuple(row[k] for k in keys) + (name, category(row, name))] += 1
    got = {tuple(row[k] for k in keys) + (row["quantity"], row["category"]): int(row["count"]) for row in found}
    assert got == dict(want), (got, want)
    sums = collections.Counter()
    for row in found:
        check_interval(row)
        sums[row["point"], row["quantity"]] += int(row["count"])
    assert all(sums[row["point"], row["quantity"]] == int(row["runs"]) for row in found)
    print(len(found), "rows;", sorted({row["category"] for row in found}))


if sys.argv[1] == "labels":
    check_labels(*sys.argv[2:])
else:
    check_fractions(sys.argv[2])
