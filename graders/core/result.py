"""Evidence that may not have come about: a value, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from graders.core.errors import GraderError, RunError

T = TypeVar("T")


@dataclass(frozen=True)
class Result(Generic[T]):
    """A measurement's value, or the error that kept it from being made."""

    value: T | None
    error: RunError | GraderError | None = None

    def get(self) -> T:
        """The value. :raises RunError: where the student's code kept it from being measured."""
        if self.error is not None:
            raise self.error
        assert self.value is not None
        return self.value


def attempt(measure: Callable[[], T]) -> Result[T]:
    """Measures, and holds the value or the error."""
    try:
        return Result(measure())
    except (RunError, GraderError) as error:
        return Result(None, error)


def failure(error: RunError | GraderError) -> Result[T]:
    """Holds just an error."""
    return Result(None, error)
