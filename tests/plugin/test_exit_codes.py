"""Exit codes and closing lines, from scorecards that were put together by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import GraderError, RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed
from graders.framework.definition import PERSON, Criterion
from graders.framework.registry import select_labs
from graders.options import CommandLine, ReportOptions
from graders.scoring import CheckOutcome, LabScore, Reason, Scorecard, score_criterion
from graders.session import PytestGrading

PASSED, FAILED, UNSCORED = 0, 1, 3


def scorecard(*verdicts: Verdict | None) -> Scorecard:
    """Criteria of 2 points each: one for each verdict of a check, None for one that a person marks."""
    scores = []
    for number, verdict in enumerate(verdicts):
        criterion = Criterion(f"lx.c{number}", "C", 2.0, "tests" if verdict else PERSON)
        reason = None if verdict is Verdict.EARNED else Reason("m", "e", "c", "n")
        checks = [CheckOutcome(criterion.id, "run", verdict, reason, {})] if verdict else []
        scores.append(score_criterion(criterion, checks))
    labs = (LabScore(lab="lx", title="Lab", criteria=tuple(scores)),)
    return Scorecard(submission="ada", profile="embedded", seed=1, tier="bare", missing=(), labs=labs)


@pytest.fixture
def session(tmp_path: Path) -> Callable[..., PytestGrading]:
    """A grading session that came to this scorecard."""

    def make(card: Scorecard | None, fail_under: float | None = None, exit_zero: bool = False) -> PytestGrading:
        report = ReportOptions(folder=tmp_path / "report", fail_under=fail_under, exit_zero=exit_zero)
        labs = tuple(select_labs(["l02"]))
        made = PytestGrading(CommandLine(labs=labs, available=labs, grading=None, report=report))
        made.scorecard = card
        return made

    return make


EARNED, LOST, BY_GRADER = Verdict.EARNED, Verdict.LOST, Verdict.UNSCORED


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([EARNED, EARNED], PASSED),
        ([EARNED, None], PASSED),  # what a person marks is no loss
        ([None], PASSED),
        ([EARNED, LOST], FAILED),
        ([LOST, None], FAILED),
        ([Verdict.MISSING], FAILED),
        ([Verdict.TAMPERED, EARNED], FAILED),
        ([EARNED, BY_GRADER], UNSCORED),
        ([LOST, BY_GRADER], UNSCORED),
        ([BY_GRADER, None], UNSCORED),
    ],
)
@pytest.mark.parametrize("current", [PASSED, FAILED])
def test_exit_code_of_a_scorecard(
    verdicts: list[Verdict | None], code: int, current: int, session: Callable[..., PytestGrading]
) -> None:
    """0 for every automatic point, 1 for a lost one, 3 for one unscored, whatever pytest itself made of the tests."""
    assert session(scorecard(*verdicts)).exit_code(current) == code


@pytest.mark.parametrize("current", [2, 3, 4, 5])
@pytest.mark.parametrize("exit_zero", [False, True])
def test_other_ends_stay_what_they_are(current: int, exit_zero: bool, session: Callable[..., PytestGrading]) -> None:
    """An interruption, an internal error, a usage error and an empty selection keep pytest's code, in any mode."""
    assert session(scorecard(EARNED), exit_zero=exit_zero).exit_code(current) == current


@pytest.mark.parametrize(
    ("fail_under", "code"),
    [(0.0, PASSED), (1.99, PASSED), (2.0, PASSED), (2.01, FAILED), (4.0, FAILED), (-1.0, PASSED)],
)
def test_the_line_between_can_be_moved(fail_under: float, code: int, session: Callable[..., PytestGrading]) -> None:
    """With --fail-under, so many points are enough, to the cent, and one cent less is not."""
    assert session(scorecard(EARNED, LOST, None), fail_under=fail_under).exit_code(FAILED) == code


def test_more_than_there_is_can_be_asked_for(session: Callable[..., PytestGrading]) -> None:
    """A line above every automatic point fails full marks as well: points of a person's are not there yet."""
    assert session(scorecard(EARNED, None), fail_under=3.0).exit_code(PASSED) == FAILED


def test_exit_zero_hides_lost_points_and_nothing_else(session: Callable[..., PytestGrading]) -> None:
    """With --exit-zero lost points exit with 0, and what the grader could not decide still with 3."""
    assert session(scorecard(LOST), exit_zero=True).exit_code(FAILED) == PASSED
    assert session(scorecard(LOST), fail_under=2.0, exit_zero=True).exit_code(FAILED) == PASSED
    assert session(scorecard(LOST, BY_GRADER), exit_zero=True).exit_code(FAILED) == UNSCORED


def test_no_line_hides_what_is_unscored(session: Callable[..., PytestGrading]) -> None:
    """Enough points do not hide that the grader could not decide something."""
    assert session(scorecard(EARNED, BY_GRADER), fail_under=1.0).exit_code(PASSED) == UNSCORED


def test_without_a_scorecard_nothing_is_decided(session: Callable[..., PytestGrading]) -> None:
    """Where no scorecard came about, pytest's own code stays."""
    assert session(None).exit_code(PASSED) == PASSED
    assert session(None).exit_code(FAILED) == FAILED


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, Verdict.EARNED),
        (CheckFailed("m", "e", "size", {}), Verdict.LOST),
        (CheckFailed("m", "e", "no such hint", {}), Verdict.UNSCORED),
        (RunError(Verdict.TIMEOUT, "too long"), Verdict.TIMEOUT),
        (GraderError("ours"), Verdict.UNSCORED),
        (ValueError("a slip"), Verdict.UNSCORED),
        (pytest.skip.Exception("by a person"), Verdict.PENDING),
    ],
)
def test_what_a_test_raised_is_recorded(
    error: BaseException | None, verdict: Verdict, session: Callable[..., PytestGrading]
) -> None:
    """Each outcome is kept under its criterion, with its run's name, its verdict, and what was observed."""
    made = session(None)
    (plugin,) = select_labs(["l02"])
    outcome = made.record(plugin.lab, "l02.int8.size", "int8-0.3", "test_size", error, {"measured": "3"})
    assert made.outcomes == {"l02.int8.size": [outcome]}
    assert (outcome.criterion, outcome.name, outcome.verdict) == ("l02.int8.size", "int8-0.3", verdict)
    assert (outcome.reason is None) == (verdict in (Verdict.EARNED, Verdict.PENDING))
    if verdict is not Verdict.PENDING:
        assert outcome.evidence == {"measured": "3"}


def test_the_end_of_the_output(session: Callable[..., PytestGrading]) -> None:
    """The terminal's output ends with what cost points, where the report is, and the score."""
    made = session(scorecard(EARNED, LOST, None))
    lines = [line for line in made.closing_lines() if line]
    assert lines[0].split()[:2] == ["✗", "lx.c1"]
    assert lines[-3] == f"report: {made.options.report.folder / 'report.html'}"
    assert lines[-2] == f"For manual grading: {made.options.report.folder / 'marks.toml'}"
    assert lines[-1] == "lx  2 of 4 points, 2 more to be graded manually"


def test_without_a_scorecard_nothing_is_told(session: Callable[..., PytestGrading]) -> None:
    """Where no scorecard came about, there is nothing to tell."""
    assert list(session(None).closing_lines()) == []


def test_a_lab_that_was_not_asked_for_is_not_there(session: Callable[..., PytestGrading]) -> None:
    """Only the labs of this call are known to it."""
    made: Any = session(None)
    assert made.plugin("l02_quantization").lab.id == "l02_quantization"
    assert made.plugin("l99") is None
