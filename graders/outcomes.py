"""How a check came out, and how a whole call of ``pytest graders`` did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from graders.core.errors import SourceLine
from graders.core.exit_codes import ExitCode
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.options import ReportOptions
from graders.scoring import CheckOutcome, Scorecard
from graders.scoring.outcomes import reason_of


def exit_code(scorecard: Scorecard | None, report: ReportOptions, deselected: int, current: int) -> int:
    """The exit code for a scorecard; an interruption or a usage error stays what it is.

    :param current: pytest's own. :param deselected: how many checks were left out.
    """
    # A quick look of labs without quick runs may have no test at all.
    known = (ExitCode.OK, ExitCode.LOST, *((pytest.ExitCode.NO_TESTS_COLLECTED,) if _is_quick(scorecard) else ()))
    if current not in known or scorecard is None:
        return current
    if scorecard.unscored or deselected:
        return ExitCode.UNSCORED
    points = scorecard.points
    # Of a quick look, what was looked at.
    enough = points.earned == points.automatic - scorecard.left_out_points
    if report.fail_under is not None:
        enough = float(points.earned) >= report.fail_under
    return ExitCode.OK if enough or report.exit_zero else ExitCode.LOST


def _is_quick(scorecard: Scorecard | None) -> bool:
    return scorecard is not None and scorecard.quick


def check_outcome(
    lab: Lab, criterion: str, name: str, error: BaseException | None, observed: Mapping[str, Any]
) -> CheckOutcome:
    """How a check came out, by what its test raised."""
    if isinstance(error, pytest.skip.Exception):
        return CheckOutcome(criterion, name, Verdict.PENDING, None, {})
    if error is None:
        return CheckOutcome(criterion, name, Verdict.EARNED, None, observed)
    verdict, reason = reason_of(error, lab)
    holds, lines = getattr(error, "holds", 0.0), students_lines(getattr(error, "places", ()), lab)
    return CheckOutcome(criterion, name, verdict, reason, observed, holds, lines)


def students_lines(lines: Sequence[SourceLine], lab: Lab) -> tuple[SourceLine, ...]:
    """Lines without those of the starter code, of which runs have the grader's copy."""
    return tuple(line for line in lines if not any(_is_given(line.file, given) for given in lab.given))


def _is_given(file: str, given: str) -> bool:
    return file == given or file.startswith(f"{given}/")
