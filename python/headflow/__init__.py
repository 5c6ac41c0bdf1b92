"""headflow from Python: models, runs, sweeps, stages of curves, figures. It calls the program and reads its tables (doc/python.md)."""

from ._program import Error, NotFound, find, version
from ._results import Detection, Run, Sweep, Table, check, detect, load, run, sweep

__all__ = ["Detection", "Error", "NotFound", "Run", "Sweep", "Table", "check", "detect", "find", "load", "run", "sweep", "version"]
