"""TensorFlow Lite Micro, from the wheel ``tflite-micro``: whether it is there, and running a file in it.

Running a file is C++ code on hostile bytes: nothing but a sandboxed process may do it. The package's own ``__init__``
imports a model editor and takes 0.2 s, so the one extension module that runs models is loaded by its path.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from graders.measure.device.results import Arena

T = TypeVar("T")
PACKAGE, FOLDER = "tflite-micro", "tflite_micro"
EXTENSION = Path("python", "tflite_micro", "_runtime.so")
LOG = "tflite-micro.txt"
LONGEST_LOG = 1 << 16
_LINE = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")


class Refused(Exception):
    """TensorFlow Lite Micro does not take the file; the message is its own."""


def installed() -> str:
    """The installed version; ``""`` if there is none that can be used. Nothing of it is imported."""
    try:
        found = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return ""
    return found if _extension() is not None else ""


def _extension() -> Path | None:
    """The extension module's file."""
    spec = importlib.util.find_spec(FOLDER)
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        path = Path(folder) / EXTENSION
        if path.is_file():
            return path
    return None


@cache
def _load() -> Any:
    """The extension module; a process can load it only once."""
    path = _extension()
    if path is None:
        raise Refused(f"{PACKAGE} is not installed")
    spec = importlib.util.spec_from_file_location("_runtime", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def open_file(data: bytes, arena_bytes: int, variables: int) -> Any:
    """An interpreter whose tensors are allocated, in an arena of so many bytes.

    :param variables: how many resource variables the file has. :raises Refused: it can't be run.
    """
    runtime = _load()
    recording = runtime.PythonInterpreterConfig.kAllocationRecording

    def allocated() -> Any:
        return runtime.InterpreterWrapper(data, [], arena_bytes, variables, recording, 0)

    try:
        interpreter, _ = with_log(allocated)
    except LoggedError as error:
        raise Refused(error.explained()) from None
    return interpreter


def arena(interpreter: Any) -> Arena:
    """What the interpreter has allocated of its arena. :raises Refused: it does not say so."""
    _, log = with_log(interpreter.PrintAllocations)
    sizes = {name: int(size) for name, size in _LINE.findall(log)}
    try:
        return Arena(sizes["total"], sizes["head"], sizes["tail"])
    except KeyError:
        raise Refused("it printed no sizes of its arena") from None


class LoggedError(Exception):
    """An error of the runtime's, and what it printed before."""

    def __init__(self, error: Exception, log: str) -> None:
        super().__init__(str(error))
        self._log = log

    def explained(self) -> str:
        """The first line that it printed, which is the cause, or else the error's own."""
        lines = [" ".join(line.split()) for line in self._log.splitlines()]
        return next((line for line in lines if line), " ".join(str(self).split()))[:200]


def with_log(call: Callable[[], T]) -> tuple[T, str]:
    """What a call returns, and what it printed on descriptor 2, which is where C++ code prints.

    The text goes to a file in the working directory: a pipe that nobody reads meanwhile would fill.

    :raises LoggedError: the call failed.
    """
    saved = os.dup(2)
    with open(LOG, "w+b") as log:
        os.dup2(log.fileno(), 2)
        try:
            result = call()
        except (RuntimeError, ValueError, TypeError, MemoryError) as error:
            raise LoggedError(error, _written(log)) from None
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        return result, _written(log)


def _written(log: Any) -> str:
    log.seek(0)
    text: bytes = log.read(LONGEST_LOG)
    return text.decode("utf-8", "replace")
