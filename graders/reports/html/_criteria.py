"""What the page says about criteria: each one ready to print, and the advice drawn from those that lost points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import _text
from ._evidence import Fact, arrange
from ._text import Span
from ._verdicts import Look, look

_NOT_LOST = ("pending", "unscored")


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a check does not hold and what to do, as running text; what is not known is empty."""

    measured: tuple[Span, ...]
    expected: tuple[Span, ...]
    cause: tuple[Span, ...]
    next: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One of the checks that decide a criterion."""

    name: str
    look: Look
    reason: Reason | None


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One line of the table. `anchor` is unique in the page and made by it, never of foreign text."""

    anchor: str
    id: str
    title: tuple[Span, ...]
    lab: str
    earned: float
    maximum: float
    verdict: str
    look: Look
    reason: Reason | None
    checks: tuple[Check, ...]
    evidence: tuple[Fact, ...]

    @property
    def lost(self) -> float:
        """Points that the student lost here, which are none where the grader failed or a person marks."""
        return 0.0 if self.verdict in _NOT_LOST else max(self.maximum - self.earned, 0.0)

    @property
    def broken_checks(self) -> tuple[Check, ...]:
        """The checks that cost points, if the criterion has more than one check."""
        broken = tuple(check for check in self.checks if check.look.tone in ("bad", "part"))
        return broken if len(self.checks) > 1 else ()

    @property
    def explanation(self) -> Reason | None:
        """The criterion's own reason, or that of the first check that has one."""
        return self.reason or next((check.reason for check in self.checks if check.reason), None)

    @property
    def has_details(self) -> bool:
        """Whether there is anything to unfold."""
        return bool(self.explanation or self.checks or self.evidence)


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One thing to repair and the criteria it costs points in; `lost` is 0 where the repair is the grader's."""

    lost: float
    criteria: tuple[Criterion, ...]
    reason: Reason | None

    @property
    def first(self) -> Criterion:
        """The criterion that gives the advice its title: the one that lost most."""
        return self.criteria[0]

    @property
    def several_labs(self) -> bool:
        """Whether the criteria belong to more than one lab."""
        return len({criterion.lab for criterion in self.criteria}) > 1


def reason(raw: Mapping[str, Any] | None) -> Reason | None:
    """Return the four parts of a reason as running text; a part that is not there is empty."""
    if not raw:
        return None
    parts = {part: _text.spans(raw.get(part, "")) for part in ("measured", "expected", "cause", "next")}
    return Reason(**parts)


def criterion(raw: Mapping[str, Any], anchor: str, lab: str) -> Criterion:
    """Make one criterion of the scorecard ready to print."""
    return Criterion(
        anchor=anchor,
        id=_text.shorten(raw["id"], 120),
        title=_text.spans(raw["title"], 240),
        lab=lab,
        earned=_text.finite(raw["earned"]) or 0.0,
        maximum=_text.finite(raw["maximum"]) or 0.0,
        verdict=raw["verdict"],
        look=look(raw["verdict"]),
        reason=reason(raw.get("reason")),
        checks=tuple(_check(check) for check in raw.get("checks") or []),
        evidence=arrange(raw.get("evidence") or {}),
    )


def _check(raw: Mapping[str, Any]) -> Check:
    name = _text.shorten(raw["name"], 160)
    return Check(name=name, look=look(raw["verdict"]), reason=reason(raw.get("reason")))


def advice(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    """Return what a student can repair, largest loss first; criteria with the very same reason are one thing."""
    return tuple(sorted(_grouped(item for item in criteria if item.lost > 0), key=lambda piece: -piece.lost))


def faults(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    """Return what went wrong in the grader itself, by reason."""
    return _grouped(item for item in criteria if item.verdict == "unscored")


def _grouped(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    groups: dict[object, list[Criterion]] = {}
    for item in criteria:
        groups.setdefault(item.explanation or item.anchor, []).append(item)
    return tuple(map(_advice, groups.values()))


def _advice(group: Sequence[Criterion]) -> Advice:
    ordered = tuple(sorted(group, key=lambda item: -item.lost))
    return Advice(lost=round(sum(item.lost for item in ordered), 6), criteria=ordered, reason=ordered[0].explanation)
