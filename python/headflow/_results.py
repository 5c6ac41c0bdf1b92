"""What runs, sweeps and detections leave."""

import os
import pathlib
import tempfile

import numpy as np

from . import _program


def _cells(texts):
    try:
        return np.array([float(t) for t in texts])
    except ValueError:
        return np.array([None if t == "nan" else t for t in texts], dtype=object)


class Table(dict):
    """A table: arrays by the names of their columns, in order. Iterating over rows() gives dicts; frame() a pandas.DataFrame."""

    @classmethod
    def read(cls, path):
        with open(path, encoding="utf-8", errors="surrogateescape") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#")]
        columns = zip(*rows[1:]) if len(rows) > 1 else [[] for _ in rows[0]]
        return cls({name: _cells([c[1:-1] if c[:1] == '"' else c for c in column]) for name, column in zip(rows[0], columns)})

    @classmethod
    def of(cls, rows):
        """From the rows of the program's JSON."""
        names = list(rows[0]) if rows else []

        def column(name):
            cells = [row[name] for row in rows]
            if any(isinstance(c, str) for c in cells):
                return np.array(cells, dtype=object)
            return np.array([np.nan if c is None else c for c in cells], dtype=float)

        return cls({name: column(name) for name in names})

    def __len__(self):
        return len(next(iter(self.values()))) if self.keys() else 0

    def rows(self):
        names = list(self.keys())
        return [dict(zip(names, row)) for row in zip(*(self[name] for name in names))]

    def frame(self):
        import pandas
        return pandas.DataFrame(dict(self.items()))


class _Folder:
    """Tables of a folder, read when they are asked for."""

    def __init__(self, directory, kept=None):
        self.directory = pathlib.Path(directory)
        self._kept = kept  # a temporary folder lives as long as its results
        self._tables = {}

    def table(self, name):
        """A table by its path in the folder without .tsv: "flow/stages", "results"."""
        if name not in self._tables:
            path = self.directory / f"{name}.tsv"
            if not path.exists():
                raise KeyError(f"{name}: there is no such table; there are {', '.join(self.tables)}")
            self._tables[name] = Table.read(path)
        return self._tables[name]

    @property
    def tables(self):
        """The names of all tables."""
        found = (p.relative_to(self.directory).with_suffix("").as_posix() for p in self.directory.rglob("*.tsv"))
        return sorted(name for name in found if not name.startswith(("unfinished/", "parts/")))


class Run(_Folder):
    """A run. trajectory, events, stages, plateaus, acquisitions are tables of the flow, or of the first seed where there is none."""

    @property
    def parts(self):
        """What has run: "flow", "drift", "train/seed-1", ..."""
        return [name[: -len("/trajectory")] for name in self.tables if name.endswith("/trajectory")]

    def part(self, name):
        """The same, looked at another part."""
        other = Run(self.directory, self._kept)
        other._part = name
        return other

    _part = None

    def _of(self, name):
        first = self._part or ("flow" if "flow" in self.parts else self.parts[0])
        return self.table(f"{first}/{name}")

    trajectory = property(lambda self: self._of("trajectory"))
    events = property(lambda self: self._of("events"))
    stages = property(lambda self: self._of("stages"))
    plateaus = property(lambda self: self._of("plateaus"))
    acquisitions = property(lambda self: self._of("acquisitions"))

    @property
    def t(self):
        """The output times of the trajectory, and of attention."""
        return self.trajectory["t"]

    @property
    def attention(self):
        """attention[t, head, position]: probabilities; positions and heads count from 0 here."""
        table = self._of("attention")
        heads = [name for name in table if name.startswith("attention_")]
        times = len(np.unique(table["t"]))
        return np.stack([table[name].reshape(times, -1) for name in heads], axis=1)

    def plot(self, width="neurips", log=True):
        """Loss and attention over time, a matplotlib figure."""
        from . import _plots
        return _plots.run(self, width, log)

    def plot_attention(self, time=-1, width="neurips"):
        """The attention of the heads at an output time, or over time where time is None."""
        from . import _plots
        return _plots.attention(self, time, width)


class Sweep(_Folder):
    """A sweep. results has a row for every task, summary one for every point."""

    results = property(lambda self: self.table("results"))
    summary = property(lambda self: self.table("summary"))

    def plot(self, x, y, width="neurips"):
        """A quantity of the results over a swept key; seeds are points."""
        from . import _plots
        return _plots.sweep(self, x, y, width)


class Detection:
    """Stages of curves: curves, stages, plateaus."""

    def __init__(self, found, curves=()):
        self.curves, self.stages, self.plateaus = (Table.of(found[name]) for name in ("curves", "stages", "plateaus"))
        self._shown = list(curves)

    def plot(self, width="neurips"):
        """The curves that were given, with their stages."""
        from . import _plots
        return _plots.detection(self, width)


def _place(directory):
    """A folder, and what keeps it."""
    if directory is not None:
        return os.fspath(directory), None
    kept = tempfile.TemporaryDirectory(prefix="headflow-")
    return os.path.join(kept.name, "run"), kept


def run(model, directory=None, *, resume=False, jobs=None, **overrides):
    """Runs a model, a dict or the path of a model file, with keys set by overrides; a Run. Without a directory its tables go
    when the Run does."""
    name, text = _program.source(model)
    place, kept = _place(directory)
    overrides.setdefault("output__plots", directory is not None)
    options = _program.settings(overrides) + (["--resume"] if resume else []) + (["-j", str(jobs)] if jobs else [])
    _program.call_json("run", name, "-o", place, "--quiet", *options, text=text)
    return Run(place, kept)


def sweep(model, directory=None, *, jobs=None, **overrides):
    """Runs the sweep of a model; a Sweep. In a directory it goes on with what is there."""
    name, text = _program.source(model)
    place, kept = _place(directory)
    overrides.setdefault("output__plots", directory is not None)
    options = _program.settings(overrides) + (["-j", str(jobs)] if jobs else [])
    try:
        _program.call("sweep", name, "-o", place, "--quiet", *options, text=text)
    except _program.Error as error:
        if error.code != 3 or not (pathlib.Path(place) / "results.tsv").exists():
            raise  # some tasks failed: column status says which
    return Sweep(place, kept)


def load(directory):
    """What is in a folder: a Run or a Sweep."""
    place = pathlib.Path(directory)
    if (place / "results.tsv").exists():
        return Sweep(place)
    if not (place / "model.conf").exists():
        raise FileNotFoundError(f"{place}: there is neither a run nor a sweep in this folder")
    return Run(place)


def check(model, **overrides):
    """The effective configuration of a model, a dict."""
    name, text = _program.source(model)
    return _program.call_json("check", name, *_program.settings(overrides), text=text)["keys"]


def detect(t, loss=None):
    """Stages of a curve: its times (None: the number of the row) and losses; or of a log, by its path."""
    if loss is None and isinstance(t, (str, os.PathLike)):
        return Detection(_program.call_json("detect", t))
    losses = np.asarray(loss, dtype=float)
    times = np.arange(1, len(losses) + 1) if t is None else np.asarray(t, dtype=float)
    if losses.ndim != 1 or times.shape != losses.shape:
        raise ValueError(f"t and loss have shapes {times.shape} and {losses.shape}, expected one dimension and the same length")
    rows = "".join(f"{x!r}\t{y!r}\n" for x, y in zip(times.astype(float).tolist(), losses.tolist()))
    found = _program.call_json("detect", "-", "--step", "t", "--loss", "loss", text="t\tloss\n" + rows)
    return Detection(found, [(times, losses)])
