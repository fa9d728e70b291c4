"""From checks to a criterion's points. Points are rounded to cents once, here, and only added afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from graders.core.verdicts import Verdict
from graders.framework.definition import PERSON, Criterion
from graders.framework.locations import SourceLocation
from graders.scoring.outcomes import NOT_MEASURABLE, OUR_FAULT, PERSONS_MARK, CheckOutcome, Reason

CENT = Decimal("0.01")
PENDING = Reason(
    "not measured: a person reads this part",
    PERSONS_MARK,
    NOT_MEASURABLE,
    "Nothing; the marks are added later.",
)
NOT_ASKED = Reason(
    "not graded this time",
    "all checks of the criterion",
    "It was deselected on the command line.",
    "Grade without -k.",
)


@dataclass(frozen=True)
class Points:
    """``automatic + pending = maximum``; ``earned`` is a part of ``automatic``, what counts of a bonus included."""

    earned: Decimal
    automatic: Decimal
    pending: Decimal
    maximum: Decimal

    def as_json(self) -> dict[str, float]:
        """The four as numbers."""
        return {name: float(value) for name, value in vars(self).items()}


@dataclass(frozen=True)
class CriterionScore:
    """A criterion with what it earned and why; ``where`` says where in the student's file, if points were lost.

    A bonus has no part in the maximum: its own is 0.
    """

    criterion: Criterion
    earned: Decimal
    verdict: Verdict
    reason: Reason | None
    checks: tuple[CheckOutcome, ...]
    where: SourceLocation | None = None

    @property
    def maximum(self) -> Decimal:
        """What the criterion adds to the lab's maximum."""
        return Decimal(0) if self.criterion.bonus else self.worth

    @property
    def worth(self) -> Decimal:
        """The criterion's points."""
        return Decimal(str(self.criterion.points))

    def as_json(self) -> dict[str, Any]:
        """The criterion as the scorecard holds it."""
        return {
            "id": self.criterion.id,
            "title": self.criterion.title,
            "earned": float(self.earned),
            "maximum": float(self.maximum),
            "bonus": float(self.worth) if self.criterion.bonus else None,
            "marked_by": self.criterion.marked_by,
            "verdict": self.verdict.value,
            "reason": self.reason.as_json() if self.reason else None,
            "where": self.where.as_json() if self.where else None,
            "evidence": {check.name: dict(check.evidence) for check in self.checks if check.evidence},
            "checks": [check.as_json() for check in self.checks],
        }


def score_criterion(criterion: Criterion, checks: Sequence[CheckOutcome]) -> CriterionScore:
    """Each check is worth the same share; an unscored or skipped one leaves the whole criterion unscored.

    A criterion that a person marks is pending, and so is one of whose checks one can't do without a person. One without
    a check was deselected and is unscored too: a missing result is never a pass, and never a zero of the student's
    either.
    """
    kept = tuple(checks)
    zero = Decimal(0)
    if criterion.marked_by == PERSON:
        told = next((check.reason for check in kept if check.reason is not None), PENDING)
        return CriterionScore(criterion, zero, Verdict.PENDING, told, kept)
    if not kept:
        return CriterionScore(criterion, zero, Verdict.UNSCORED, NOT_ASKED, kept)
    for check in kept:
        if check.verdict is Verdict.UNSCORED or (check.verdict is Verdict.PENDING and check.reason is None):
            return CriterionScore(criterion, zero, Verdict.UNSCORED, check.reason or NOT_ASKED, kept)
    for verdict in (Verdict.TAMPERED, Verdict.PENDING):
        for check in kept:
            if check.verdict is verdict:
                return CriterionScore(criterion, zero, verdict, check.reason, kept)
    failed = [check for check in kept if check.verdict is not Verdict.EARNED]
    passed = len(kept) - len(failed)
    held = passed + sum(Decimal(str(check.holds)) for check in failed)
    earned = (Decimal(str(criterion.points)) * held / len(kept)).quantize(CENT, ROUND_HALF_UP)
    if not failed:
        return CriterionScore(criterion, earned, Verdict.EARNED, None, kept)
    return CriterionScore(criterion, earned, _verdict(failed, earned > 0), _reason(failed, len(kept)), kept)


def _verdict(failed: Sequence[CheckOutcome], partly: bool) -> Verdict:
    if partly:
        return Verdict.PARTIAL
    first = failed[0].verdict
    return first if all(check.verdict is first for check in failed) else Verdict.LOST


def _reason(failed: Sequence[CheckOutcome], count: int) -> Reason | None:
    """The first failed check's reason; where others passed or failed for another cause, with the runs it holds for."""
    first = failed[0].reason
    if first is None:
        return None
    alike = [check.name for check in failed if check.reason is not None and check.reason.cause == first.cause]
    if len(alike) == count:
        return first
    others = len(failed) - len(alike)
    more = f"; {others} more failed for another reason" if others else ""
    measured = f"{first.measured} (in {', '.join(alike)}: {len(alike)} of {count} checks{more})"
    return Reason(measured, first.expected, first.cause, first.next)


def counted(scores: Sequence[CriterionScore]) -> tuple[CriterionScore, ...]:
    """One lab's criteria with as much of each bonus as counts: no more than what the others lost.

    What a person has yet to mark is not lost, nor is what could not be graded: a bonus may count for more later.
    """
    open_yet = (Verdict.PENDING, Verdict.UNSCORED)
    regular = [score for score in scores if not score.criterion.bonus and score.verdict not in open_yet]
    room = sum((score.maximum - score.earned for score in regular), Decimal(0))
    kept = []
    for score in scores:
        counts = min(score.earned, room) if score.criterion.bonus else score.earned
        room -= counts if score.criterion.bonus else 0
        kept.append(replace(score, earned=counts))
    return tuple(kept)


def total(scores: Sequence[CriterionScore]) -> Points:
    """The sum over criteria, exact to the cent, of bonuses as much as counts."""
    scores = counted(scores)
    pending = sum((score.maximum for score in scores if score.verdict is Verdict.PENDING), Decimal(0))
    maximum = sum((score.maximum for score in scores), Decimal(0))
    earned = sum((score.earned for score in scores), Decimal(0))
    return Points(earned, maximum - pending, pending, maximum)


def all_of(points: Sequence[Points]) -> Points:
    """The sum over labs."""
    columns: Mapping[str, Decimal] = {
        name: sum((getattr(item, name) for item in points), Decimal(0))
        for name in ("earned", "automatic", "pending", "maximum")
    }
    return Points(**columns)


__all__ = ["OUR_FAULT", "CriterionScore", "Points", "all_of", "score_criterion", "total"]
