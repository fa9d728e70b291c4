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


_LONG, _PARTS, _MOST_PARTS = 180, 3, 12


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a check does not hold and what to do, as running text; what is not known is empty.

    `findings` is what was measured as a list, where it is many things in one line; else it is empty.
    """

    measured: tuple[Span, ...]
    findings: tuple[tuple[Span, ...], ...]
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
class Where:
    """The student's file that a criterion is about, and the classes and methods in it; a line of 0 is not known."""

    file: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Place:
    """A class or method by name, and the line of its definition."""

    name: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One line of the table. `anchor` is unique in the page and made by it, never of foreign text.

    `bonus` is what a bonus is worth, 0 for what is none; `earned` is how much of it counts.
    """

    anchor: str
    id: str
    title: tuple[Span, ...]
    lab: str
    earned: float
    maximum: float
    bonus: float
    verdict: str
    look: Look
    reason: Reason | None
    where: Where | None
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
        return bool(self.explanation or self.where or self.checks or self.evidence)


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
    def where(self) -> tuple[Where, ...]:
        """The places of all its criteria, by file, each once."""
        files: dict[str, dict[Place, None]] = {}
        for each in self.criteria:
            if each.where is not None:
                files.setdefault(each.where.file, {}).update(dict.fromkeys(each.where.places))
        return tuple(Where(file=file, places=tuple(places)) for file, places in files.items())

    @property
    def several_labs(self) -> bool:
        """Whether the criteria belong to more than one lab."""
        return len({criterion.lab for criterion in self.criteria}) > 1


def reason(raw: Mapping[str, Any] | None) -> Reason | None:
    """Return the four parts of a reason as running text; a part that is not there is empty."""
    if not raw:
        return None
    told = {part: _text.spans(raw.get(part, "")) for part in ("measured", "expected")}
    advised = {part: _text.code_spans(raw.get(part, "")) for part in ("cause", "next")}
    return Reason(**told, **advised, findings=_findings(raw.get("measured", "")))


def _findings(measured: Any) -> tuple[tuple[Span, ...], ...]:
    """The parts of a long text that has semicolons between many of them."""
    parts = str(measured)[: 4 * _text.LONGEST_TEXT].split("; ")
    if len(parts) < _PARTS or len(str(measured)) < _LONG:
        return ()
    shown = [_text.spans(part, 400) for part in parts[:_MOST_PARTS]]
    hidden = len(parts) - len(shown)
    return (*shown, (Span(f"… and {hidden} more", False),)) if hidden else tuple(shown)


def _where(raw: Mapping[str, Any] | None) -> Where | None:
    if not raw:
        return None
    places = (Place(_text.label(each["name"], 80), int(_text.finite(each.get("line")) or 0)) for each in raw["places"])
    return Where(file=_text.label(raw["file"], 200), places=tuple(places))


def criterion(raw: Mapping[str, Any], anchor: str, lab: str) -> Criterion:
    """Make one criterion of the scorecard ready to print."""
    bonus = _text.finite(raw.get("bonus")) or 0.0
    optional = bool(bonus) and raw["verdict"] not in ("earned", "partial", "unscored")
    return Criterion(
        anchor=anchor,
        id=_text.shorten(raw["id"], 120),
        title=_text.spans(raw["title"], 240),
        lab=lab,
        earned=_text.finite(raw["earned"]) or 0.0,
        maximum=_text.finite(raw["maximum"]) or 0.0,
        bonus=bonus,
        verdict=raw["verdict"],
        look=look("optional" if optional else raw["verdict"]),
        reason=reason(raw.get("reason")),
        where=_where(raw.get("where")),
        checks=tuple(_check(check) for check in raw.get("checks") or []),
        evidence=arrange(raw.get("evidence") or {}),
    )


def _check(raw: Mapping[str, Any]) -> Check:
    name = _text.shorten(raw["name"], 160)
    return Check(name=name, look=look(raw["verdict"]), reason=reason(raw.get("reason")))


def advice(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    """Return what a student can repair, largest loss first; criteria with one cause are one thing."""
    return tuple(sorted(_grouped(item for item in criteria if item.lost > 0), key=lambda piece: -piece.lost))


def faults(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    """Return what went wrong in the grader itself, by reason."""
    return _grouped(item for item in criteria if item.verdict == "unscored")


def _grouped(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    groups: dict[object, list[Criterion]] = {}
    for item in criteria:
        groups.setdefault(_to_mend(item), []).append(item)
    return tuple(map(_advice, groups.values()))


def _to_mend(item: Criterion) -> object:
    """What two criteria have in common if one repair mends both: the cause and the step, whatever was measured."""
    why = item.explanation
    if why is None:
        return item.anchor
    return (why.cause, why.next) if why.cause and why.next else why


def _advice(group: Sequence[Criterion]) -> Advice:
    ordered = tuple(sorted(group, key=lambda item: -item.lost))
    return Advice(lost=round(sum(item.lost for item in ordered), 6), criteria=ordered, reason=ordered[0].explanation)
