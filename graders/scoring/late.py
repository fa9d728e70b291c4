"""What a lab loses since it was submitted late: a share, so that the points are right after manual marks as well."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, get_args

from graders.core.json_value import FormError, JsonValue
from graders.core.verdicts import Verdict
from graders.scoring.criteria import CENT, POLICY, CriterionScore, format_points
from graders.scoring.points import Points
from graders.scoring.reasons import Reason

ShareOf = Literal["earned", "maximum"]
SHARES: tuple[ShareOf, ...] = get_args(ShareOf)


@dataclass(frozen=True, kw_only=True)
class LateDeduction:
    """A late submission's deduction.

    ``deadline`` and ``submitted``: times in ISO 8601. ``source``: what says when it was submitted. ``days``: started
    ones. ``share``: of the points that were earned, or of the lab's maximum.
    """

    deadline: str
    submitted: str
    source: str
    days: int
    share: Decimal
    of: ShareOf = "earned"

    def points(self, before: Points) -> Decimal:
        """The points that are deducted of a lab's: never more than there are."""
        base = before.earned if self.of == "earned" else before.maximum
        return min(max(before.earned, Decimal(0)), (base * self.share).quantize(CENT, ROUND_HALF_UP))

    def score(self, lab: str, before: Points) -> CriterionScore:
        """The deduction as a line beside the lab's criteria, so that these add up to what counts."""
        days = "1 day" if self.days == 1 else f"{self.days} days"
        share = f"{format_points(100 * self.share)} %"
        reason = Reason(
            measured=f"submitted at {self.submitted}, as {self.source} says",
            expected=f"by {self.deadline}",
            cause=f"It is {days} late: {share} of the {'points earned' if self.of == 'earned' else 'maximum'} "
            f"are deducted, {format_points(before.earned)} before.",
            next="",
        )
        return CriterionScore(
            id=f"{lab}.late",
            title=f"Late submission: {days}",
            worth=Decimal(0),
            marked_by=POLICY,
            earned=-self.points(before),
            verdict=Verdict.LOST,
            reason=reason,
        )

    def to_json(self, before: Points) -> dict[str, Any]:
        """The deduction as the scorecard holds it, with the points before it and what is deducted."""
        found = {name: value for name, value in vars(self).items() if name != "share"}
        share, points = float(self.share), self.points(before)
        return {**found, "share": share, "before": float(before.earned), "deducted": float(points)}

    @classmethod
    def from_json(cls, value: JsonValue) -> LateDeduction:
        """The deduction in its JSON form; its points follow from the criteria."""
        share = Decimal(str(value.at("share").number()))
        if not 0 <= share <= 1:
            raise FormError(f"{value.place}.share: expected a share from 0 to 1, not {share}")
        return cls(
            deadline=value.at("deadline").text(),
            submitted=value.at("submitted").text(),
            source=value.at("source").text(),
            days=value.at("days").whole(),
            share=share,
            of=_share_of(value.at("of")),
        )


def _share_of(value: JsonValue) -> ShareOf:
    for known in SHARES:
        if value.raw == known:
            return known
    raise FormError(f"{value.place}: expected {' or '.join(SHARES)}, not {value.text()[:40]!r}")
