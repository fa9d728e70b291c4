"""A criterion and its checks as a scorecard has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from graders.core.json_value import FormError, JsonValue
from graders.core.verdicts import Verdict, read_verdict
from graders.framework.locations import CodeLine, SourceLocation
from graders.scoring.reasons import Reason

CENT = Decimal("0.01")
UNDECIDED = (Verdict.PENDING, Verdict.NOT_LOOKED_AT, Verdict.UNSCORED)
"""What has no points yet: to be graded manually, left out by a quick look, or a fault of the grader's."""
POLICY = "policy"
"""What marks a deduction, which is no criterion: neither tests nor a person."""


@dataclass(frozen=True)
class CheckResult:
    """One check of a criterion: its name (the run's), its verdict, and the reason.

    ``hidden``: its run is of a value that was drawn for the grading and that no assignment shows. ``lines``: the
    student's own lines that it is about, the outermost first.
    """

    name: str
    verdict: Verdict
    reason: Reason | None
    hidden: bool = False
    lines: tuple[CodeLine, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The check as the scorecard holds it."""
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "reason": self.reason.to_json() if self.reason else None,
            "drawn": self.hidden,
            "places": [line.to_json() for line in self.lines],
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> CheckResult:
        """The check in its JSON form; older scorecards have neither ``drawn`` nor ``places``."""
        reason, hidden, lines = value.get("reason"), value.get("drawn"), value.get("places")
        return cls(
            name=value.at("name").text(),
            verdict=read_verdict(value.at("verdict")),
            reason=Reason.from_json(reason) if reason else None,
            hidden=hidden.flag() if hidden else False,
            lines=tuple(CodeLine.from_json(line) for line in lines.items()) if lines else (),
        )


@dataclass(frozen=True, kw_only=True)
class CriterionScore:
    """A criterion with what it earned and why.

    ``worth``: its points. ``bonus``: they make up for points lost elsewhere in the lab and are no part of its maximum.
    ``where``: the place in the student's file, if points were lost. ``evidence``: what was measured, by check.
    ``left_out``: the runs that a full grading looks at as well, and a quick look does not.
    """

    id: str
    title: str
    worth: Decimal
    marked_by: str
    earned: Decimal
    verdict: Verdict
    reason: Reason | None
    checks: tuple[CheckResult, ...] = ()
    bonus: bool = False
    where: SourceLocation | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def so_far(self) -> bool:
        """Whether a full grading looks at more than what this verdict rests on."""
        return bool(self.left_out) and self.verdict is not Verdict.NOT_LOOKED_AT

    @property
    def maximum(self) -> Decimal:
        """What the criterion adds to the lab's maximum."""
        return Decimal(0) if self.bonus else self.worth

    @property
    def is_deduction(self) -> bool:
        """Whether it is what a policy deducts, with points below 0 and a maximum of 0."""
        return self.marked_by == POLICY

    @property
    def decided(self) -> bool:
        """Whether it has points: it is neither pending nor left out nor unscored."""
        return self.verdict not in UNDECIDED

    @property
    def passed(self) -> bool:
        """Whether nothing was lost: of a bonus nothing ever is."""
        return self.bonus or self.earned == self.maximum

    @property
    def lost(self) -> Decimal:
        """Points that could have been earned and were not; none as long as it is undecided."""
        return self.maximum - self.earned if self.decided and not self.bonus else Decimal(0)

    @property
    def failed_checks(self) -> tuple[CheckResult, ...]:
        """The checks that were not earned."""
        return tuple(check for check in self.checks if check.verdict is not Verdict.EARNED)

    @property
    def hidden(self) -> bool:
        """Whether its reason, which is the first failed check's, is of a value that students are not shown."""
        failed = self.failed_checks
        return bool(failed) and failed[0].hidden

    @property
    def lines(self) -> tuple[CodeLine, ...]:
        """The student's own lines that the failed checks are about, each once, below the scorecard's root."""
        found: dict[tuple[str, int], CodeLine] = {}
        for line in (line for check in self.failed_checks for line in check.lines):
            known = found.setdefault((line.file, line.line), line)
            if known.excerpt is None and line.excerpt is not None:
                found[line.file, line.line] = line
        return tuple(found.values())

    def to_json(self) -> dict[str, Any]:
        """The criterion as the scorecard holds it."""
        found = {
            "id": self.id,
            "title": self.title,
            "earned": float(self.earned),
            "maximum": float(self.maximum),
            "bonus": float(self.worth) if self.bonus else None,
            "marked_by": self.marked_by,
            "verdict": self.verdict.value,
            "reason": self.reason.to_json() if self.reason else None,
            "where": self.where.to_json() if self.where else None,
            "evidence": dict(self.evidence),
            "checks": [check.to_json() for check in self.checks],
        }
        return {**found, "left_out": list(self.left_out)} if self.left_out else found

    @classmethod
    def from_json(cls, value: JsonValue) -> CriterionScore:
        """The criterion in its JSON form; older scorecards have neither ``bonus`` nor ``where``."""
        reason, where, bonus, left_out = (value.get(name) for name in ("reason", "where", "bonus", "left_out"))
        return cls(
            id=value.at("id").text(),
            title=value.at("title").text(),
            worth=cents(bonus or value.at("maximum")),
            marked_by=value.at("marked_by").text(),
            earned=cents(value.at("earned")),
            verdict=read_verdict(value.at("verdict")),
            reason=Reason.from_json(reason) if reason else None,
            checks=tuple(CheckResult.from_json(check) for check in value.at("checks").items()),
            bonus=bonus is not None,
            where=SourceLocation.from_json(where) if where else None,
            evidence=value.at("evidence").mapping(),
            left_out=left_out.texts() if left_out else (),
        )


def cents(value: JsonValue) -> Decimal:
    """Points in exact cents. :raises FormError: they are no finite number."""
    points = Decimal(str(value.number()))
    if not points.is_finite() or abs(points) >= 10**9:
        raise FormError(f"{value.place}: expected a number of points, not {points}")
    return points.quantize(CENT)


def format_points(points: Decimal | float) -> str:
    """Points as short as possible: ``0.75``, ``2``."""
    text = f"{points:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
