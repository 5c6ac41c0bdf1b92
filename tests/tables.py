"""Reads every table below the folders that are given, with csv, numpy and, where it is installed, pandas, as doc/tables.md says, and
checks what holds for all of them. Ends with 1 and says which table is wrong."""
import csv
import math
import pathlib
import sys

import numpy

try:
    import pandas
except ImportError:
    pandas = None

TEXT = {
    "event", "mode", "kind", "curve", "fit", "status", "reason", "response", "parameter", "init.state", "data.replicas",
    "train.optimizer", "heads",
}


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        return [line for line in file if not line.startswith("#")]


def check(path):
    lines = lines_of(path)
    names = lines[0].rstrip("\n").split("\t")
    assert len(set(names)) == len(names), "two columns have one name"
    rows = list(csv.DictReader(lines, delimiter="\t"))
    for row in rows:
        assert None not in row and None not in row.values(), "a row has another number of fields than the header"
        for name, text in row.items():
            assert text != "", f"an empty field in {name}"
            if name not in TEXT:
                float(text)
    table = numpy.atleast_1d(numpy.genfromtxt(lines, names=True, delimiter="\t", dtype=None, encoding="utf-8", deletechars=""))
    if rows:
        assert len(table) == len(rows) and len(table.dtype.names) == len(names), "numpy reads another table than csv"
    for name, read in zip(names, table.dtype.names or ()):
        for row, value in zip(rows, table[read]):
            if name not in TEXT:
                number = float(row[name])
                assert value == number or (math.isnan(value) and math.isnan(number)), f"numpy reads another {name}"
    if "t" in names and path.name == "trajectory.tsv":
        times = [float(row["t"]) for row in rows]
        assert all(a < b or math.isnan(a) for a, b in zip(times, times[1:])), "times do not grow"
    if pandas is not None:
        frame = pandas.read_csv(path, sep="\t", comment="#")
        assert list(frame.columns) == names and len(frame) == len(rows), "pandas reads another table than csv"


count = 0
for folder in sys.argv[1:]:
    for path in sorted(pathlib.Path(folder).rglob("*.tsv")):
        if "parts" not in path.parts:
            try:
                check(path)
            except Exception as error:
                sys.exit(f"{path}: {error!r}")
            count += 1
print(count, "tables")
sys.exit(count == 0)
