"""Every exception of optgrade.

OptgradeError
├── UsageError            the command line requests something impossible: exit code 4
├── SubmissionError       a submission can't be read at all: it gets its verdict, others are graded
├── RunError              the student's code did not finish a run: failed, timeout, crashed …
└── GraderError           the grader's own fault: unscored
    ├── SandboxError      the sandbox could not be started, or broke
    ├── ScorerError       an artifact could not be measured though nothing is wrong with it
    ├── ReferenceFailed   the reference fails on a real profile's model: graded manually
    └── Unscored          a scorecard has no mark to export, since not all of it could be graded
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from graders.core.verdicts import Verdict


class OptgradeError(Exception):
    """The root of optgrade's own exceptions; its message is one line for a person."""


class UsageError(OptgradeError):
    """The command line requests something impossible; the message says what to type."""


class SubmissionError(OptgradeError):
    """The submission can't be read: no such path, an empty folder, not a folder."""


@dataclass(frozen=True)
class SourceLine:
    """A line in one of the student's own files."""

    file: str
    line: int
    code: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True)
class Advice:
    """The likely cause of an error, and what to do about it."""

    cause: str
    next: str


class RunErrorKind(StrEnum):
    """What a run error is about, if its verdict alone would lead to the wrong advice."""

    BAD_FILE = "bad_file"
    """A file that the run wrote can't be used."""
    BAD_SCORES = "bad_scores"
    """The predictions are not one score for each class."""
    WRONG_MODEL = "wrong_model"
    """A file was made of another model than the one that the run was given."""


class RunError(OptgradeError):
    """The student's code did not finish a run, or its results can't be used."""

    def __init__(
        self,
        verdict: Verdict,
        message: str,
        places: Sequence[SourceLine] = (),
        *,
        kind: RunErrorKind | None = None,
        exception: str = "",
        advice: Advice | None = None,
    ) -> None:
        """Takes the verdict, one line for the student, and the lines of code that it is about.

        :param kind: what the grader found wrong, if it is one of its own kinds.
        :param exception: the name of the class of the exception that the student's code, or a driver for it, raised.
        :param advice: the likely cause, if it is known better than from all this; :meth:`advise` adds it later.
        """
        super().__init__(message)
        self.verdict = verdict
        self.message = message
        self.places = tuple(places)
        self.kind = kind
        self.exception = exception
        self.advice = advice

    def advise(self, advice: Advice | None) -> None:
        """Adds a likely cause that was found after the error."""
        self.advice = advice or self.advice

    def restated(self, message: str, verdict: Verdict | None = None) -> RunError:
        """The same error in other words, with its verdict or another one."""
        verdict = verdict or self.verdict
        return RunError(verdict, message, self.places, kind=self.kind, exception=self.exception, advice=self.advice)


def bad_file(message: str) -> RunError:
    """The error for a file that the run wrote and that can't be used."""
    return RunError(Verdict.FAILED, message, kind=RunErrorKind.BAD_FILE)


class GraderError(OptgradeError):
    """The grader's own fault: what depends on it is ``unscored``."""


class SandboxError(GraderError):
    """The sandbox could not be started, or broke."""


class ScorerError(GraderError):
    """An artifact could not be measured though nothing is known to be wrong with it."""


class ReferenceFailed(GraderError):
    """The reference's code fails on the model and the data of a real profile: nothing can be compared with it."""


class Unscored(GraderError):
    """A scorecard has no mark to export, since not all of it could be graded."""
