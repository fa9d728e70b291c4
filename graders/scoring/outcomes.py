"""How one check came out, and why: from what a test raised to what a student reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graders.core.errors import GraderError, ReferenceFailed, RunError, RunErrorKind, SourceLine
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, Inconclusive, NeedsManualReview
from graders.framework.definition import Lab
from graders.framework.locations import CodeLine
from graders.scoring.criteria import CheckResult
from graders.scoring.reasons import Reason

RUN_HINTS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.MISSING: (
        "This part has not been submitted.",
        "Write it as described in the assignment, then grade again.",
    ),
    Verdict.FAILED: (
        "The code raised an uncaught exception.",
        "Fix the line shown above; run it locally before resubmitting.",
    ),
    Verdict.TIMEOUT: (
        "An endless loop, a wait for input, or far more work than the task needs.",
        "Run this step on its own and find where it hangs.",
    ),
    Verdict.OUT_OF_MEMORY: (
        "Something far larger than the data set is built in memory.",
        "Process one image at a time and keep only what is needed.",
    ),
    Verdict.CRASHED: (
        "The code ended its own process (exit, os._exit), or native code crashed.",
        "Return from methods instead of exiting; run this step on its own.",
    ),
    Verdict.TAMPERED: (
        "The code wrote to places that belong to the grader.",
        "Remove everything that writes to open file descriptors or to the grader's files.",
    ),
    Verdict.LOST: ("The file is not what the task asks for.", "Compare it with the assignment."),
}
# By the kind of the error, where its verdict alone would say too little.
KIND_HINTS: Mapping[RunErrorKind, tuple[str, str]] = {
    RunErrorKind.BAD_FILE: RUN_HINTS[Verdict.LOST],
    RunErrorKind.BAD_SCORES: (
        "postprocess_outputs does not return one score for each class.",
        "Return the scores of all classes as an array of shape (classes,) or (1, classes).",
    ),
    RunErrorKind.WRONG_MODEL: (
        "The file was made before this run, or from a model other than the one at originalmodel.",
        "Load the model from the path passed to optimize_model, and write a file made from it in this run.",
    ),
}
# By the name of an exception that a driver raises about what it was given.
EXCEPTION_HINTS = {
    "BadPrediction": KIND_HINTS[RunErrorKind.BAD_SCORES],
    "BadReturn": (
        "The function returned something else than the assignment says.",
        "Compare what it returns with the assignment: types, shapes, and how many values.",
    ),
}
# How runs of hidden values end: int8-drawn, clustered-drawn.
DRAWN = "drawn"
MANUAL_MARK, NOT_MEASURABLE = "a manual mark", "This is graded manually."
NO_COMPARISON = "The reference fails on this model and data, so there is nothing to compare with."
OUR_FAULT = "This is a fault of the grader or its machine, not of the submission."


@dataclass(frozen=True)
class CheckOutcome:
    """One check of a criterion: its name (the run's), its verdict, the reason, and what was measured.

    ``holds``: how much of it was earned, 0 to 1. ``places``: the student's own lines that it is about, the outermost
    first.
    """

    criterion: str
    name: str
    verdict: Verdict
    reason: Reason | None
    evidence: Mapping[str, Any]
    holds: float = 0.0
    places: tuple[SourceLine, ...] = ()

    @property
    def drawn(self) -> bool:
        """Whether its run is of a value that is drawn for the grading and that no assignment shows."""
        return self.name.partition(" (")[0].endswith(f"-{DRAWN}")

    def result(self) -> CheckResult:
        """The check as the scorecard has it; lines that are not known are left out."""
        lines = tuple(CodeLine(place.file, place.line) for place in self.places if place.line > 0)
        return CheckResult(self.name, self.verdict, self.reason, self.drawn, lines)


def reason_of(error: BaseException, lab: Lab) -> tuple[Verdict, Reason]:
    """The verdict and the reason that stand for what a check raised; anything unforeseen is our own fault."""
    if isinstance(error, CheckFailed):
        try:
            hint = lab.hint(error.hint)
        except GraderError as fault:
            return reason_of(fault, lab)
        filled = {name: str(value) for name, value in error.filling.items()}
        reason = Reason(error.measured, error.expected, _fill(hint.cause, filled), _fill(hint.next, filled))
        return Verdict.LOST, reason
    if isinstance(error, NeedsManualReview):
        return Verdict.PENDING, Reason(error.measured, MANUAL_MARK, NOT_MEASURABLE, error.next)
    if isinstance(error, RunError):
        cause, step = _hint(error)
        where = f" ({error.places[-1]})" if error.places else ""
        return error.verdict, Reason(error.message + where, _expected(error), cause, step)
    if isinstance(error, Inconclusive):
        step = "Grade again on a quieter machine."
        return Verdict.UNSCORED, Reason(str(error), "a reliable measurement", OUR_FAULT, step)
    if isinstance(error, ReferenceFailed):
        step = "No action needed; whoever teaches adds the marks."
        return Verdict.PENDING, Reason(str(error), MANUAL_MARK, NO_COMPARISON, step)
    if isinstance(error, GraderError):
        return Verdict.UNSCORED, Reason(
            str(error), "a working grader", OUR_FAULT, "Report this to whoever runs the grader."
        )
    text = f"{type(error).__name__}: {error}"
    return Verdict.UNSCORED, Reason(text, "a working grader", OUR_FAULT, "Report this to whoever runs the grader.")


def _expected(error: RunError) -> str:
    """What there should be in place of an error."""
    if error.verdict is Verdict.MISSING:
        return "this part, written and submitted"
    return "a file of the model at originalmodel" if error.kind is RunErrorKind.WRONG_MODEL else "a run that finishes"


def _hint(error: RunError) -> tuple[str, str]:
    """The likely cause of an error, and what to do."""
    if error.kind is not None:
        return KIND_HINTS[error.kind]
    if error.advice is not None:
        return error.advice.cause, error.advice.next
    return EXCEPTION_HINTS.get(error.exception) or RUN_HINTS.get(error.verdict, RUN_HINTS[Verdict.FAILED])


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text
