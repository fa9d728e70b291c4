"""The words for how a criterion, a check or a run came out."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from graders.core.json_value import FormError, JsonValue

V = TypeVar("V", bound=StrEnum)


class Verdict(StrEnum):
    """How it came out. ``UNSCORED`` is the grader's own fault and never a student's zero.

    ``NOT_LOOKED_AT``: a quick look left out everything that decides it, which is no zero either.
    """

    EARNED = "earned"
    PARTIAL = "partial"
    LOST = "lost"
    MISSING = "missing"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    TAMPERED = "tampered"
    PENDING = "pending"
    NOT_LOOKED_AT = "not_looked_at"
    UNSCORED = "unscored"


class RunVerdict(StrEnum):
    """How a run of a submission's code ended: it finished, or the verdict of the error that ended it."""

    FINISHED = "finished"
    LOST = "lost"
    MISSING = "missing"
    FAILED = "failed"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    CRASHED = "crashed"
    TAMPERED = "tampered"
    UNSCORED = "unscored"


def read_verdict(value: JsonValue) -> Verdict:
    """A verdict in its JSON form. :raises FormError: there is no such verdict."""
    return _member(value, Verdict)


def read_run_verdict(value: JsonValue) -> RunVerdict:
    """A run's verdict in its JSON form. :raises FormError: there is no such verdict."""
    return _member(value, RunVerdict)


def _member(value: JsonValue, kind: type[V]) -> V:
    try:
        return kind(value.text())
    except ValueError:
        raise FormError(f"{value.place}: {value.text()[:40]!r} is no verdict") from None
