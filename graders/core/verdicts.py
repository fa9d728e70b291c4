"""The words for how a criterion, a check or a run came out."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """How it came out. ``UNSCORED`` is the grader's own fault and never a student's zero."""

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
