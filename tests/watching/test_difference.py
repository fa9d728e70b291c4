"""What is said of a grading after another one: what came out differently, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from graders.core.verdicts import Verdict
from graders.scoring import CriterionScore, LabScore, Reason, Scorecard
from graders.watching.difference import difference_lines

WHY, OTHER = Reason("3 \x1b[31m", "4", "c", "Add one."), Reason("5", "4", "c", "Take one away.")


def score(verdict: Verdict, earned: float = 0.0, reason: Reason | None = None, name: str = "lx.a") -> CriterionScore:
    return CriterionScore(
        id=name,
        title="T",
        worth=Decimal(1),
        marked_by="tests",
        earned=Decimal(str(earned)),
        verdict=verdict,
        reason=reason,
    )


def card(*scores: CriterionScore) -> Scorecard:
    lab = LabScore(lab="lx", title="L", criteria=scores)
    return Scorecard(submission="ada", profile="embedded", seed=1, tier="bare", missing=(), labs=(lab,), quick=True)


EARNED, LOST = score(Verdict.EARNED, 1), score(Verdict.LOST, 0, WHY)
CASES = {
    "the same": (EARNED, EARNED, []),
    "now earned": (LOST, EARNED, ["✓ lx.a: now earned, was lost"]),
    "now lost": (
        EARNED,
        LOST,
        ["✗ lx.a: now lost, was earned", "      measured  3  [31m", "      next      Add one."],
    ),
    "more of it": (
        score(Verdict.PARTIAL, 0.25, WHY),
        score(Verdict.PARTIAL, 0.75, None),
        ["◐ lx.a: now in part (0.75 of 1), was in part (0.25 of 1)"],
    ),
    "lost for another reason": (
        LOST,
        score(Verdict.LOST, 0, OTHER),
        ["✗ lx.a: still lost, for another reason", "      measured  5", "      next      Take one away."],
    ),
    "still lost": (LOST, LOST, []),
    "unscored": (EARNED, score(Verdict.UNSCORED, 0, OTHER), ["! lx.a: now grader's fault, was earned"]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_line_for_what_changed(name: str) -> None:
    """Verdicts, points and reasons that changed; nothing for the rest, and no control character of a student's."""
    before, after, expected = CASES[name]
    assert list(difference_lines(card(before), card(after))) == expected


def test_a_criterion_that_was_not_there() -> None:
    """It has no verdict before."""
    assert list(difference_lines(card(), card(EARNED))) == ["✓ lx.a: now earned"]
