"""The program: where it is, how it is called, and models as its text."""

import json
import numbers
import os
import pathlib
import shutil
import subprocess


class Error(RuntimeError):
    """What the program says; code is its exit code (2 model, 3 numerics, 4 file system)."""

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


class NotFound(FileNotFoundError):
    """There is no program."""


def find():
    """The path of the program: HEADFLOW in the environment, beside the package (installed, or in its source tree), or in PATH."""
    named = os.environ.get("HEADFLOW")
    if named:
        path = shutil.which(named)
        if path is None:
            raise NotFound(f"HEADFLOW={named} is no program")
        return path
    for folder in pathlib.Path(__file__).resolve().parents:
        for place in ("bin/headflow", "build/headflow"):
            if os.access(folder / place, os.X_OK) and (folder / place).is_file():
                return str(folder / place)
    path = shutil.which("headflow")
    if path is None:
        raise NotFound("the program headflow was not found: build it (./quickstart in its source tree) and put it into PATH, "
                       "or name it in the environment variable HEADFLOW")
    return path


def call(*arguments, text=None):
    """Runs the program; what it prints. text: its standard input."""
    done = subprocess.run([find(), *map(os.fspath, arguments)], input=text, capture_output=True, text=True,
                          encoding="utf-8", errors="surrogateescape")
    if done.returncode != 0:
        message = done.stderr.strip().removeprefix("headflow: ") or f"headflow ended with code {done.returncode}"
        raise Error(message, done.returncode)
    return done.stdout


def call_json(*arguments, text=None):
    return json.loads(call(*arguments, "--json", text=text))


def version():
    """The version of the program."""
    return call("--version").split()[-1]


def value_text(value):
    """A value as a model file says it."""
    if hasattr(value, "tolist"):  # numpy's
        value = value.tolist()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, numbers.Integral):
        return f"{int(value)}" + ("L" if abs(value) >= 2**31 else "")
    if isinstance(value, numbers.Real):
        text = repr(float(value))
        if text in ("inf", "-inf", "nan"):
            raise ValueError(f"a model holds finite numbers, not {text}")
        return text if "." in text or "e" not in text else text.replace("e", ".0e")
    if isinstance(value, (str, os.PathLike)):
        escaped = os.fspath(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(value, dict):
        return "{ " + " ".join(f"{key} = {value_text(item)};" for key, item in value.items() if item is not None) + " }"
    return "(" + ", ".join(map(value_text, value)) + ")"


def model_text(model):
    return "".join(f"{key} = {value_text(value)};\n" for key, value in model.items() if value is not None)


def settings(overrides):
    """-s options of keyword arguments: init={"seed": 4}, init__seed=4, or **{"init.seed": 4}."""
    options = []

    def add(path, value):
        if isinstance(value, dict):
            for key, item in value.items():
                add(f"{path}.{key}", item)
        elif value is not None:
            options.extend(["-s", f"{path}={value_text(value)}"])

    for name, value in overrides.items():
        add(name.replace("__", "."), value)
    return options


def source(model):
    """The MODEL of a command line, and its standard input."""
    return ("-", model_text(model)) if isinstance(model, dict) else (model, None)
