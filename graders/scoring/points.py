"""From checks to a criterion's points. Points are rounded to cents once, here, and only added afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from graders.core.json_value import JsonValue
from graders.core.verdicts import Verdict
from graders.framework.checks import join_names
from graders.framework.definition import PERSON, Criterion
from graders.scoring.criteria import CENT, CriterionScore, cents
from graders.scoring.outcomes import MANUAL_MARK, NOT_MEASURABLE, OUR_FAULT, CheckOutcome
from graders.scoring.reasons import Reason

PENDING = Reason(
    "not measured: this part is graded manually",
    MANUAL_MARK,
    NOT_MEASURABLE,
    "No action needed; marks are added later.",
)
NOT_SELECTED = Reason(
    "not graded this time",
    "all checks of the criterion",
    "It was deselected on the command line.",
    "Grade without -k.",
)


def not_looked_at(left_out: Sequence[str]) -> Reason:
    """Why a criterion has no verdict in a quick look. :param left_out: the runs that a full grading looks at."""
    return Reason(
        "not looked at in quick mode",
        f"what a full grading looks at in {join_names(list(left_out))}",
        "A quick look leaves out what decides it; nothing is lost.",
        "Grade without --quick.",
    )


@dataclass(frozen=True)
class Points:
    """``automatic + pending = maximum``; ``earned`` is a part of ``automatic``, what counts of a bonus included."""

    earned: Decimal
    automatic: Decimal
    pending: Decimal
    maximum: Decimal

    def to_json(self) -> dict[str, float]:
        """The four as numbers."""
        return {name: float(value) for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, value: JsonValue) -> Points:
        """The four in their JSON form."""
        return cls(*(cents(value.at(name)) for name in ("earned", "automatic", "pending", "maximum")))


def score_criterion(
    criterion: Criterion, checks: Sequence[CheckOutcome], left_out: Sequence[str] = ()
) -> CriterionScore:
    """Each check is worth the same share; an unscored or skipped one leaves the whole criterion unscored.

    A manually graded criterion is pending, and so is one with a check that needs manual grading. One without
    a check was deselected and is unscored too: a missing result is never a pass, and never a zero of the student's
    either.

    :param left_out: the runs of it that a quick look leaves out. Without any check it was not looked at then; otherwise
        what it has earned so far is the share of the checks that there were.
    """
    by_tests = () if criterion.marked_by == PERSON else tuple(left_out)
    return replace(_scored(criterion, checks, by_tests), left_out=by_tests)


def _scored(criterion: Criterion, checks: Sequence[CheckOutcome], left_out: Sequence[str]) -> CriterionScore:
    if left_out and not checks:
        return _score(criterion, checks, Decimal(0), Verdict.NOT_LOOKED_AT, not_looked_at(left_out))
    undecided = _undecided(criterion, checks)
    if undecided is not None:
        return _score(criterion, checks, Decimal(0), *undecided)
    failed = [check for check in checks if check.verdict is not Verdict.EARNED]
    passed = len(checks) - len(failed)
    share = passed + sum(Decimal(str(check.holds)) for check in failed)
    earned = (Decimal(str(criterion.points)) * share / len(checks)).quantize(CENT, ROUND_HALF_UP)
    if not failed:
        return _score(criterion, checks, earned, Verdict.EARNED, None)
    return _score(criterion, checks, earned, _verdict(failed, earned > 0), _reason(failed, len(checks)))


def _undecided(criterion: Criterion, checks: Sequence[CheckOutcome]) -> tuple[Verdict, Reason | None] | None:
    """The verdict and reason of a criterion that has no points, whatever else its checks say; None for any other."""
    if criterion.marked_by == PERSON:
        return Verdict.PENDING, next((check.reason for check in checks if check.reason is not None), PENDING)
    if not checks:
        return Verdict.UNSCORED, NOT_SELECTED
    for check in checks:
        if check.verdict is Verdict.UNSCORED or (check.verdict is Verdict.PENDING and check.reason is None):
            return Verdict.UNSCORED, check.reason or NOT_SELECTED
    for verdict in (Verdict.TAMPERED, Verdict.PENDING):
        for check in checks:
            if check.verdict is verdict:
                return verdict, check.reason
    return None


def _score(
    criterion: Criterion, checks: Sequence[CheckOutcome], earned: Decimal, verdict: Verdict, reason: Reason | None
) -> CriterionScore:
    return CriterionScore(
        id=criterion.id,
        title=criterion.title,
        worth=Decimal(str(criterion.points)),
        bonus=criterion.bonus,
        marked_by=criterion.marked_by,
        earned=earned,
        verdict=verdict,
        reason=reason,
        checks=tuple(check.result() for check in checks),
        evidence={check.name: dict(check.evidence) for check in checks if check.evidence},
    )


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


def limit_bonuses(scores: Sequence[CriterionScore]) -> tuple[CriterionScore, ...]:
    """One lab's criteria with as much of each bonus as counts: no more than what the others lost.

    What is still to be graded manually is not lost, nor is what could not be graded: a bonus may count for more later.
    """
    room = sum((score.lost for score in scores), Decimal(0))
    found = []
    for score in scores:
        counts = min(score.earned, room) if score.bonus else score.earned
        room -= counts if score.bonus else 0
        found.append(replace(score, earned=counts))
    return tuple(found)


def total(scores: Sequence[CriterionScore]) -> Points:
    """The sum over criteria, exact to the cent, of bonuses as much as counts."""
    scores = limit_bonuses(scores)
    pending = sum((score.maximum for score in scores if score.verdict is Verdict.PENDING), Decimal(0))
    maximum = sum((score.maximum for score in scores), Decimal(0))
    earned = sum((score.earned for score in scores), Decimal(0))
    return Points(earned, maximum - pending, pending, maximum)


def left_out_points(scores: Sequence[CriterionScore]) -> Decimal:
    """The points, a part of ``automatic``, of criteria that a quick look left out."""
    return sum((score.maximum for score in scores if score.verdict is Verdict.NOT_LOOKED_AT), Decimal(0))


def sum_points(points: Sequence[Points]) -> Points:
    """The sum over labs."""
    columns: Mapping[str, Decimal] = {
        name: sum((getattr(item, name) for item in points), Decimal(0))
        for name in ("earned", "automatic", "pending", "maximum")
    }
    return Points(**columns)


__all__ = ["OUR_FAULT", "CriterionScore", "Points", "left_out_points", "score_criterion", "sum_points", "total"]
