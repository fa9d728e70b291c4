"""A measurement, or the reason why there is none.

A run's evidence is measured before its checks run. ``attempt`` turns an error meanwhile into a value, so that one
measurement that fails costs only the checks that need it: these call :meth:`Result.get`, which raises the error there::

    quality = attempt(lambda: evaluate(file))    # while the run is measured
    require(quality.get().accuracy >= 0.9)       # in a check
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from graders.core.errors import GraderError, RunError, bad_file

T = TypeVar("T")
# What values that nobody expects raise first. What a missing library or file, or a full disk, raises is not among them.
OF_VALUES = (
    ValueError, TypeError, ArithmeticError, LookupError, RecursionError, RuntimeWarning, struct.error, zlib.error,
)  # fmt: skip


@dataclass(frozen=True)
class Result(Generic[T]):
    """A measured value, or the error because of which there is none."""

    value: T | None
    error: RunError | GraderError | None = None

    def get(self) -> T:
        """The value.

        :raises RunError: if there is none because of the submission. :raises GraderError: if because of the grader.
        """
        if self.error is not None:
            raise self.error
        assert self.value is not None
        return self.value


def attempt(measure: Callable[[], T]) -> Result[T]:
    """What ``measure`` returns, or the error of the submission's or the grader's that it raises."""
    try:
        return Result(measure())
    except (RunError, GraderError) as error:
        return Result(None, error)


def measured(measure: Callable[[], T]) -> Result[T]:
    """The same of something that a run wrote: whatever its values raise is their fault, never the grader's."""
    try:
        return attempt(measure)
    except OF_VALUES as error:
        text = " ".join(str(error).split())[:200]
        return Result(None, bad_file(f"what the run wrote can't be measured: {type(error).__name__}: {text}"))


def failure(error: RunError | GraderError) -> Result[T]:
    """A result without a value."""
    return Result(None, error)
