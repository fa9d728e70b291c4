"""Every exception of optgrade.

OptgradeError
├── UsageError            the command line asks for something that can't be: exit code 4
├── SubmissionError       what was handed in can't be read at all: its verdict, nothing is lost elsewhere
├── RunError              the student's code did not get through a run: failed, timeout, crashed …
└── GraderError           our own fault: unscored
├── SandboxError      the sandbox could not be had, or broke
├── ScorerError       an artifact could not be measured though nothing is wrong with it
└── Unscored          a scorecard has no mark to export, since not all of it could be graded
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graders.core.verdicts import Verdict


class OptgradeError(Exception):
    """The root of optgrade's own exceptions; its message is one line for a person."""


class UsageError(OptgradeError):
    """The command line asks for something that can't be; the message says what to type."""


class SubmissionError(OptgradeError):
    """What was handed in can't be read: no such path, an empty folder, not a folder."""


@dataclass(frozen=True)
class SourceLine:
    """A line in one of the student's own files."""

    file: str
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


class RunError(OptgradeError):
    """The student's code did not get through a run."""

    def __init__(self, verdict: Verdict, message: str, places: Sequence[SourceLine] = (), kind: str = "") -> None:
        """Takes the verdict, one line, the lines of code that it is about, and its kind.

        :param kind: the name of the exception that the student's code raised, ``"file"`` where a file that it left
            can't be used, ``"scores"`` where its predictions are not one score for each class.
        """
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.places = tuple(places)
        self.kind = kind


class GraderError(OptgradeError):
    """The grader's own fault: what depends on it is ``unscored``."""


class SandboxError(GraderError):
    """The sandbox could not be started, or broke."""


class ScorerError(GraderError):
    """An artifact could not be measured though nothing is known to be wrong with it."""


class Unscored(GraderError):
    """A scorecard has no mark to export, since not all of it could be graded."""
