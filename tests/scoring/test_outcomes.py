"""From what a check raised to the verdict and the reason that a student reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core.errors import (
    GraderError,
    RunError,
    RunErrorKind,
    SandboxError,
    ScorerError,
    SourceLine,
    SubmissionError,
    UsageError,
)
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, Inconclusive, NeedsManualReview
from graders.framework.definition import Hint, Lab
from graders.sandbox import Limits
from graders.scoring import CheckOutcome, Reason
from graders.scoring.outcomes import KIND_HINTS, MANUAL_MARK, OUR_FAULT, RUN_HINTS, reason_of

LAB = Lab(
    id="lx",
    title="Example",
    folder=Path(),
    student_file="example.py",
    given=(),
    preload=(),
    limits=Limits(wall_s=1, cpu_s=1, memory=1),
    artifact_bytes=1,
    criteria=(),
    hints={"plain": Hint("A cause.", "A step."), "filled": Hint("Calibrated on {asked}, not {found}.", "Use {asked}.")},
    settings={},
    thresholds={},
)
OF_RUNS = [
    verdict
    for verdict in Verdict
    if verdict not in (Verdict.EARNED, Verdict.PARTIAL, Verdict.PENDING, Verdict.NOT_LOOKED_AT, Verdict.UNSCORED)
]


def test_a_check_that_failed() -> None:
    """A failed check is lost, with what was measured and expected, and cause and next step of its hint."""
    verdict, reason = reason_of(CheckFailed("4", "3", "plain", {}), LAB)
    assert verdict is Verdict.LOST
    assert reason.to_json() == {"measured": "4", "expected": "3", "cause": "A cause.", "next": "A step."}


def test_a_hint_is_filled_in() -> None:
    """Names in braces are filled in wherever they stand; a value of another name changes nothing."""
    _, reason = reason_of(CheckFailed("", "", "filled", {"asked": "30 %", "found": 7, "more": "x"}), LAB)
    assert (reason.cause, reason.next) == ("Calibrated on 30 %, not 7.", "Use 30 %.")


@pytest.mark.parametrize("text", ["{", "}", "{0}", "{asked!r}", "{asked.__class__}", "%s", "%(asked)s"])
def test_fillings_are_texts_and_no_formats(text: str) -> None:
    """Whatever braces a filling has itself, it stands in the reason as it is, and raises nothing."""
    _, reason = reason_of(CheckFailed("", "", "filled", {"asked": text, "found": ""}), LAB)
    assert reason.next == f"Use {text}."


def test_a_hint_that_there_is_not_is_our_fault() -> None:
    """A check that names a hint which lab.toml lacks leaves its criterion unscored, and breaks nothing else."""
    verdict, reason = reason_of(CheckFailed("4", "3", "absent", {}), LAB)
    assert verdict is Verdict.UNSCORED
    assert "absent" in reason.measured
    assert reason.cause == OUR_FAULT


@pytest.mark.parametrize("verdict", OF_RUNS)
def test_a_run_that_failed(verdict: Verdict) -> None:
    """What became of a run is its checks' verdict; the reason has the message and texts of that verdict's own."""
    found, reason = reason_of(RunError(verdict, "it raised ValueError"), LAB)
    assert found is verdict
    assert reason.measured == "it raised ValueError"
    assert (reason.cause, reason.next) == RUN_HINTS[verdict]
    assert all(reason.to_json().values())


@pytest.mark.parametrize("kind", RunErrorKind)
def test_what_the_grader_found_wrong_has_texts_of_its_own(kind: RunErrorKind) -> None:
    """An error of a kind gets the kind's cause and next step, whatever its verdict and its exception."""
    for exception in ("", "ValueError", "BadPrediction"):
        error = RunError(Verdict.FAILED, "it can't be used", kind=kind, exception=exception)
        _, reason = reason_of(error, LAB)
        assert (reason.cause, reason.next) == KIND_HINTS[kind]


@pytest.mark.parametrize("exception", ["bad_scores", "scores", "file", "ValueError", ""])
def test_an_exceptions_name_is_no_kind(exception: str) -> None:
    """A student's exception that is named like one of the grader's kinds gets the texts of its verdict."""
    _, reason = reason_of(RunError(Verdict.FAILED, "it raised", exception=exception), LAB)
    assert (reason.cause, reason.next) == RUN_HINTS[Verdict.FAILED]


def test_a_prediction_that_is_none_gets_the_texts_for_scores() -> None:
    """What a driver says of a class's predictions gets the texts for scores that can't be used."""
    _, reason = reason_of(RunError(Verdict.FAILED, "BadPrediction: no", exception="BadPrediction"), LAB)
    assert (reason.cause, reason.next) == KIND_HINTS[RunErrorKind.BAD_SCORES]


def test_every_way_a_run_can_fail_has_texts_of_its_own() -> None:
    """No two verdicts share a cause or a next step, so that a student can tell them apart."""
    assert set(RUN_HINTS) == set(OF_RUNS)
    for texts in zip(*RUN_HINTS.values(), strict=True):
        assert len(set(texts)) == len(OF_RUNS)


def test_the_students_own_line_is_named() -> None:
    """Of several places the innermost one in the student's own code is named."""
    places = [SourceLine("a.py", 3, "f()"), SourceLine("b.py", 7, "1 / 0")]
    _, reason = reason_of(RunError(Verdict.FAILED, "ZeroDivisionError", places), LAB)
    assert reason.measured == "ZeroDivisionError (b.py, line 7)"


@pytest.mark.parametrize(
    "error",
    [
        GraderError("a slip"),
        SandboxError("a slip"),
        ScorerError("a slip"),
        Inconclusive("a slip"),
        SubmissionError("a slip"),
        UsageError("a slip"),
        ValueError("a slip"),
        AssertionError("a slip"),
        KeyError("a slip"),
        RecursionError("a slip"),
        pytest.fail.Exception("a slip"),
        SystemExit("a slip"),
        MemoryError("a slip"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_else_is_our_own_fault(error: BaseException) -> None:
    """Anything but a lost check and a run's failure is unscored, says so, and is never a student's zero."""
    verdict, reason = reason_of(error, LAB)
    assert verdict is Verdict.UNSCORED
    assert "a slip" in reason.measured
    assert reason.cause == OUR_FAULT
    assert all(reason.to_json().values())


@pytest.mark.parametrize("error", [ValueError(), AssertionError(), KeyError()])
def test_an_exception_without_a_message_is_named_by_its_type(error: Exception) -> None:
    """An unforeseen exception without a message is told by its type."""
    assert type(error).__name__ in reason_of(error, LAB)[1].measured


def test_noise_says_to_grade_again() -> None:
    """What could not be judged for noise says what would help."""
    _, reason = reason_of(Inconclusive("too noisy"), LAB)
    assert "again" in reason.next


@given(st.text(), st.text(), st.sampled_from(OF_RUNS))
def test_any_text_comes_through(message: str, file: str, verdict: Verdict) -> None:
    """Messages and file names of a student's may be any text: they are taken as they are."""
    found, reason = reason_of(RunError(verdict, message, [SourceLine(file, 1, "")]), LAB)
    assert found is verdict
    assert reason.measured.startswith(message)
    assert file in reason.measured


def test_a_check_tells_the_students_lines_and_whether_its_value_was_drawn() -> None:
    """Reports read both from the scorecard, so neither hides in a text."""
    places = (SourceLine("kit/a.py", 12, "x"), SourceLine("kit/b.py", 0, ""))
    reason = Reason("ValueError", "a run that finishes", "", "")
    check = CheckOutcome("l02.int8.quantise", "int8-drawn (quantise)", Verdict.FAILED, reason, {}, 0.0, places)
    assert check.result().to_json()["places"] == [{"file": "kit/a.py", "line": 12}]
    assert check.result().to_json()["drawn"] is True
    assert CheckOutcome("l02.int8.quantise", "int8-0.01", Verdict.EARNED, None, {}).result().to_json()["drawn"] is False


def test_what_only_a_person_can_decide_is_pending() -> None:
    """The check says why it does not measure, and a person's mark is what is waited for."""
    found, reason = reason_of(NeedsManualReview("two answers", "Wait."), LAB)
    assert found is Verdict.PENDING
    assert (reason.measured, reason.expected, reason.next) == ("two answers", MANUAL_MARK, "Wait.")


@pytest.mark.parametrize("verdict", [Verdict.MISSING, Verdict.FAILED])
def test_what_a_run_should_have_done(verdict: Verdict) -> None:
    """A part that is missing should have been submitted; a run that failed should have finished."""
    _, reason = reason_of(RunError(verdict, "nothing", []), LAB)
    assert ("submitted" in reason.expected) == (verdict is Verdict.MISSING)


def test_the_first_line_is_a_place_and_the_run_s_name_ends_at_its_first_bracket() -> None:
    """Line 1 is shown like any other; whatever a run's name says in brackets, its value is known as drawn."""
    check = CheckOutcome("lx.one", "int8-drawn (a (b)", Verdict.LOST, None, {}, 0.0, (SourceLine("a.py", 1, "x"),))
    assert check.result().to_json()["places"] == [{"file": "a.py", "line": 1}]
    assert check.drawn
