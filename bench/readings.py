#!/usr/bin/python3
"""Readings of the paper's figures on Markov chains beside runs of headflow over several seeds.

    bench/readings.py RUNS [--markdown]              what was published, and median and range of the runs
    bench/readings.py RUNS --published FILE -o DIR   published points over the runs' curves: DIR/FIGURE.gp, for gnuplot

RUNS holds a folder for each model of models/paper that was run (RUNS/minimal/train/seed-*/trajectory.tsv and so on), for instance

    headflow run models/paper/minimal.conf -o RUNS/minimal -s train.seeds=5 -s train.validation=3000 -s train.log_every=5

What was not run is said to be missing. The published numbers were read off the figures of Yuksel, Alvarez Lucendo and Flammarion,
Incremental Learning of Sparse Attention Patterns in Transformers (arXiv 2602.19143), to half a pixel. A point at step s of the paper has
had s + 1 updates; the table counts as the paper does. FILE has a line of names, figure,curve,x,y, and a line for every point.
Needs Python 3 with numpy."""
import argparse
import csv
import glob
import os
import re

import numpy

# ---- readings --------------------------------------------------------------------------------------------------------------
# Each takes steps (in the paper's count) and a curve, and gives a number; nan where the curve does not go so far.


def at(step):
    def read(steps, curve):
        return numpy.interp(step, steps, curve) if steps[0] <= step <= steps[-1] + 1 else numpy.nan
    return f"at {step}", read, False


def below(level):
    """The first step below the level, between rows by a straight line."""
    def read(steps, curve):
        under = numpy.flatnonzero(curve < level)
        if len(under) == 0 or under[0] == 0:
            return numpy.nan
        i = under[0]
        return steps[i - 1] + (steps[i] - steps[i - 1]) * (curve[i - 1] - level) / (curve[i - 1] - curve[i])
    return f"< {level}, step", read, True


def least():
    return "least", lambda steps, curve: curve.min(), False


def least_at():
    return "least, step", lambda steps, curve: steps[curve.argmin()], True


def steepest(which):
    """Where the curve falls fastest, first or second time, after the fall from the start: peaks of the slope of a mean over 25 steps.
    Of all peaks the two highest count that the slope falls by a third between."""
    def read(steps, curve):
        grid = numpy.arange(0, steps[-1] + 1)
        fine = numpy.interp(grid, steps, curve)
        smooth = numpy.convolve(fine, numpy.ones(25) / 25, mode="valid")
        slope, x = -numpy.diff(smooth), grid[12:-13] + 0.5
        rest = numpy.argmax(slope < 0.05 * slope.max())  # the fall from the start is over
        peaks = [i for i in range(rest + 1, len(slope) - 1) if slope[i] >= slope[max(0, i - 40):i + 41].max() > 0]
        kept = []
        for i in sorted(peaks, key=lambda i: -slope[i]):
            if all(slope[min(i, j):max(i, j)].min() < 0.67 * slope[i] for j in kept):
                kept.append(i)
        kept = sorted(kept[:2])
        return x[kept[which]] if len(kept) > which else numpy.nan
    return f"steepest {which + 1}, step", read, True


# figure, run, column, reading, published
READINGS = [
    ("1", "minimal", "kl_1", least(), 1.075), ("1", "minimal", "kl_1", least_at(), 251),
    ("1", "minimal", "kl_2", least(), 0.317), ("1", "minimal", "kl_2", least_at(), 455),
    ("1", "minimal", "kl_3", at(300), 0.871), ("1", "minimal", "kl_3", at(500), 0.346), ("1", "minimal", "kl_3", at(1000), 0.091),
    ("1", "minimal", "kl_3", below(0.8), 339), ("1", "minimal", "kl_3", below(0.2), 666),
    ("1", "minimal", "kl_3", steepest(0), 354), ("1", "minimal", "kl_3", steepest(1), 641),
    ("3 left", "full", "kl_1", least(), 1.461), ("3 left", "full", "kl_1", least_at(), 55),
    ("3 left", "full", "kl_2", least(), 0.419), ("3 left", "full", "kl_2", least_at(), 213),
    ("3 left", "full", "kl_3", at(300), 0.449), ("3 left", "full", "kl_3", at(600), 0.219),
    ("4 left", "scale-1e-3", "excess", below(0.8), 222), ("4 left", "scale-1e-3", "excess", below(0.2), 510),
    ("4 left", "scale-1e-6", "excess", below(0.8), 332), ("4 left", "scale-1e-6", "excess", below(0.2), 598),
    ("4 left", "minimal", "excess", below(0.8), 339), ("4 left", "minimal", "excess", below(0.2), 671),
    ("4 left", "scale-0", "excess", at(600), 0.864), ("4 left", "scale-0", "excess", at(1000), 0.860),
    ("4 right", "ratio-1.0", "excess", below(1.0), 101), ("4 right", "ratio-1.0", "excess", below(0.5), 129),
    ("4 right", "ratio-1.0", "excess", below(0.2), 153),
    ("4 right", "ratio-1.3", "excess", below(1.0), 112), ("4 right", "ratio-1.3", "excess", below(0.5), 202),
    ("4 right", "ratio-1.3", "excess", below(0.2), 248),
    ("4 right", "ratio-1.5", "excess", below(1.0), 106), ("4 right", "ratio-1.5", "excess", below(0.5), 208),
    ("4 right", "ratio-1.5", "excess", below(0.2), 328),
    ("5", "samples-600", "excess", least(), 1.336), ("5", "samples-2000", "excess", least(), 0.813),
    ("5", "samples-9000", "excess", least(), 0.090),
    ("7", "online", "kl_1", least(), 1.056), ("7", "online", "kl_1", least_at(), 230),
    ("7", "online", "kl_2", least(), 0.276), ("7", "online", "kl_2", least_at(), 548),
    ("7", "online", "kl_3", below(0.8), 335), ("7", "online", "kl_3", below(0.2), 616), ("7", "online", "kl_3", at(1000), 0.025),
    ("9", "reversed", "kl_1", least(), 1.161), ("9", "reversed", "kl_1", least_at(), 73),
    ("9", "reversed", "kl_2", least(), 0.598), ("9", "reversed", "kl_2", least_at(), 290),
    ("9", "reversed", "kl_3", at(300), 0.721), ("9", "reversed", "kl_3", at(600), 0.290),
    ("13", "weights", "cut_1", least(), 0.537), ("13", "weights", "cut_1", least_at(), 119),
    ("13", "weights", "cut_2", least(), 0.131), ("13", "weights", "cut_2", least_at(), 214),
    ("13", "weights", "kl_3", at(280), 0.237), ("13", "weights", "kl_3", at(440), 0.087),
    ("15", "overlap-4-heads", "cut_1", least(), 0.371), ("15", "overlap-4-heads", "cut_1", least_at(), 111),
    ("15", "overlap-4-heads", "cut_2", least(), 0.208), ("15", "overlap-4-heads", "cut_2", least_at(), 385),
    ("15", "overlap-4-heads", "kl_3", at(500), 0.282), ("15", "overlap-4-heads", "kl_3", at(1210), 0.136),
    ("18", "sgd", "cut_1", least(), 0.429), ("18", "sgd", "cut_1", least_at(), 607),
    ("18", "sgd", "cut_2", least(), 0.171), ("18", "sgd", "cut_2", least_at(), 1900),
    ("18", "sgd", "kl_3", at(1000), 0.432), ("18", "sgd", "kl_3", at(5000), 0.202),
]
LABELS = {"excess": "excess", "kl_1": "KL₁", "kl_2": "KL₂", "kl_3": "KL₃", "cut_1": "KL, 1 span seen", "cut_2": "KL, 2 spans seen"}
HALF_A_PIXEL = {True: 2.0, False: 0.01}  # of steps, of nats

# ---- runs ------------------------------------------------------------------------------------------------------------------


class Table:
    """A trajectory, by column; steps in the paper's count."""

    def __init__(self, path):
        with open(path) as stream:
            rows = [line.rstrip("\n").split("\t") for line in stream if not line.startswith("#")]
        self.path, self.names = path, rows[0]
        self.rows = numpy.array([[float(x) for x in row] for row in rows[1:] if len(row) == len(rows[0])])
        self.steps = self.rows[:, self.names.index("step")] - 1

    def column(self, name):
        return self.rows[:, self.names.index(name)] if name in self.names else None


def tables_of(runs, run, cache):
    """The finished seeds of a run, or those of one that is going on."""
    if run not in cache:
        found = []
        for place in ("", "unfinished"):
            found = found or sorted(glob.glob(os.path.join(runs, run, place, "train", "seed-*", "trajectory.tsv")))
        cache[run] = [Table(path) for path in found]
    return cache[run]


def digits(value, is_step):
    return "never" if numpy.isnan(value) else f"{value:.0f}" if is_step else f"{value:.3f}"


def verdict(values, published, is_step):
    known = values[~numpy.isnan(values)]
    if len(known) == 0:
        return "not reached"
    low, high = known.min() - HALF_A_PIXEL[is_step], known.max() + HALF_A_PIXEL[is_step]
    if low <= published <= high:
        return "in the range"
    middle = numpy.median(known)
    return f"ours is {'more' if middle > published else 'less'} by {abs(middle / published - 1) * 100:.0f} %"


def print_readings(runs, markdown):
    cache, missing = {}, []
    line = "| {} | {} | {} | {} | {} | {} |" if markdown else "{:8} {:34} {:>9} {:>8} {:>15}  {}"
    print(line.format("figure", "reading", "published", "median", "range", "verdict"))
    if markdown:
        print(line.format(*["---"] * 6))
    inside = total = 0
    for figure, run, column, (what, read, is_step), published in READINGS:
        tables = [t for t in tables_of(runs, run, cache) if t.column(column) is not None]
        if not tables:
            missing.append(f"{figure} ({run}, {column})")
            continue
        values = numpy.array([read(t.steps, t.column(column)) for t in tables])
        known = values[~numpy.isnan(values)]
        if len(known) == 0 and tables[0].steps[-1] < (published if is_step else float(what.split()[-1]) if what.startswith("at") else 0):
            missing.append(f"{figure} ({run}, {column} {what}: the run is too short)")
            continue
        said = verdict(values, published, is_step)
        spread = f"{digits(known.min(), is_step)} to {digits(known.max(), is_step)}" if len(known) else "-"
        name = f"{'m = ' + run[6:] if run.startswith('ratio') else run}: {LABELS[column]} {what}"
        middle = numpy.median(known) if len(known) else numpy.nan
        seeds = "" if len(values) == 5 else f" ({len(values)} seed{'s' if len(values) > 1 else ''})"
        print(line.format(figure, name, digits(published, is_step), digits(middle, is_step), spread, said + seeds))
        total += 1
        inside += said == "in the range"
    print(f"\n{inside} of {total} readings are in the range of the seeds, to half a pixel")
    if missing:
        print("not measured: figure " + ", ".join(dict.fromkeys(missing)))


# ---- pictures --------------------------------------------------------------------------------------------------------------
# Published figure: its curves, and the run and column of each.

CURVES = {
    "fig1-kl": {"A1": ("minimal", "kl_1"), "A12": ("minimal", "kl_2"), "A123": ("minimal", "kl_3")},
    "fig3-kl-full": {"A1": ("full", "kl_1"), "A12": ("full", "kl_2"), "A123": ("full", "kl_3")},
    "fig4left-excess": {"xavier": ("scale-xavier", "excess"), "1e-3": ("scale-1e-3", "excess"), "1e-6": ("scale-1e-6", "excess"),
                        "1e-9": ("minimal", "excess"), "0": ("scale-0", "excess")},
    "fig4right-excess": {"m=1": ("ratio-1.0", "excess"), "m=1.3": ("ratio-1.3", "excess"), "m=1.5": ("ratio-1.5", "excess")},
    "fig5-best-excess": {n: (f"samples-{n}", "least excess") for n in ("600", "2000", "9000")},
    "fig7-kl": {"A1": ("online", "kl_1"), "A12": ("online", "kl_2"), "A123": ("online", "kl_3")},
    "fig9-kl-reversed": {"A1": ("reversed", "kl_1"), "A12": ("reversed", "kl_2"), "A123": ("reversed", "kl_3")},
    "fig13-kl-nonuniform": {"2-token learned": ("weights", "cut_1"), "4-token learned": ("weights", "cut_2"),
                            "teacher": ("weights", "kl_3")},
    "fig15-kl-overlap4": {"4-token learned": ("overlap-4-heads", "cut_1"), "6-token learned": ("overlap-4-heads", "cut_2"),
                          "teacher": ("overlap-4-heads", "kl_3")},
    "fig18-kl-sgd": {"4-gram learned": ("sgd", "cut_1"), "8-gram learned": ("sgd", "cut_2"), "teacher": ("sgd", "kl_3")},
}
for size in ("600", "2000", "9000"):
    CURVES[f"fig5-kl-{size}"] = {f"{name}gram({2 * k} tokens)": (f"samples-{size}", f"cut_{k}")
                                 for k, name in enumerate(("uni", "bi", "tri"), 1)}
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")


def block(name, x, y):
    return f"${name} << EOD\n" + "".join(f"{a:.6g} {b:.6g}\n" for a, b in zip(x, y)) + "EOD\n"


def picture(figure, points, runs, cache):
    """A gnuplot script with everything in it, or nothing where there is no run."""
    data, plots, number, last = "", [], 0, 0
    for (curve, (run, column)), colour in zip(CURVES[figure].items(), COLOURS):
        tables = tables_of(runs, run, cache)
        for i, table in enumerate(tables):
            y = table.column(column.split()[-1])
            if y is None:
                continue
            number += 1
            last = max(last, table.steps[-1])
            data += block(f"run{number}", table.steps, numpy.minimum.accumulate(y) if column.startswith("least") else y)
            title = f"title '{curve}: {len(tables)} seed{'s' if len(tables) > 1 else ''}'" if i == 0 else "notitle"
            plots.append(f"$run{number} with lines lw 1.2 lc rgb '{colour}' {title}")
        if any(t.column(column.split()[-1]) is not None for t in tables) and curve in points:
            number += 1
            data += block(f"run{number}", *zip(*points[curve]))
            plots.append(f"$run{number} with points pt 6 ps 0.5 lc rgb '{colour}' title '{curve}: published'")
    if last == 0:
        return None
    return (f"# {figure}: published points over runs of headflow; gnuplot makes {figure}.png\n" + data +
            f"set terminal pngcairo size 1100,600 font 'Helvetica,12' noenhanced\nset output '{figure}.png'\nset grid\nset border 3\n"
            f"set tics nomirror\nset xrange [0:{last:g}]\nset yrange [0:]\nset xlabel 'step'\nset ylabel 'nats'\nset title '{figure}'\n"
            "set key outside right top Left reverse\nplot " + ", \\\n     ".join(plots) + "\n")


def write_pictures(runs, published, directory):
    points, cache = {}, {}
    with open(published, newline="") as stream:
        for row in csv.DictReader(stream):
            try:
                points.setdefault(row["figure"], {}).setdefault(row["curve"], []).append((float(row["x"]), float(row["y"])))
            except (ValueError, TypeError):
                continue
    os.makedirs(directory, exist_ok=True)
    for figure in CURVES:
        text = picture(figure, points.get(figure, {}), runs, cache)
        if text is None:
            print(f"{figure}: not run")
            continue
        path = os.path.join(directory, re.sub(r"[^\w.-]", "-", figure) + ".gp")
        with open(path, "w") as stream:
            stream.write(text)
        print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--published", metavar="FILE")
    parser.add_argument("-o", metavar="DIR", dest="directory", default="readings")
    options = parser.parse_args()
    if options.published:
        write_pictures(options.runs, options.published, options.directory)
    else:
        print_readings(options.runs, options.markdown)


if __name__ == "__main__":
    main()
