"""What the page says about criteria: each one ready to print, and advice for those that lost points."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from graders import scoring
from graders.core.text import LONGEST_TEXT, html_text
from graders.core.verdicts import Verdict
from graders.framework.checks import join_names
from graders.reports.verdicts import OPTIONAL, WORDING, VerdictWording
from graders.scoring import CheckResult, CriterionScore

from . import _formatting
from ._evidence import Fact, arrange
from ._formatting import Span
from ._places import CodeExcerpt, Where, lay_out_excerpts, lay_out_places, merge

_LONG, _PARTS, _MOST_PARTS = 180, 3, 12
_MOST_EXCERPTS = 3


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a check failed and what to do, as running text; what is not known is empty.

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
    wording: VerdictWording
    reason: Reason | None


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One line of the table. `anchor` is unique in the page and made by it, never of foreign text."""

    anchor: str
    id: str
    title: tuple[Span, ...]
    lab: str
    score: CriterionScore
    wording: VerdictWording
    reason: Reason | None
    where: tuple[Where, ...]
    excerpts: tuple[CodeExcerpt, ...]
    checks: tuple[Check, ...]
    evidence: tuple[Fact, ...]

    @property
    def left_out(self) -> str:
        """The runs that a quick look left out, as text."""
        return html_text(join_names(list(self.score.left_out)), 200)

    @property
    def lost(self) -> Decimal:
        """Points that the student lost here: none if the grader failed or it is graded manually."""
        return max(self.score.lost, Decimal(0))

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """The checks that cost points, if the criterion has more than one check."""
        failed = tuple(check for check in self.checks if check.wording.tone in ("bad", "part"))
        return failed if len(self.checks) > 1 else ()

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
    """One thing to fix and the criteria that it costs points in; `lost` is 0 if the grader is at fault."""

    lost: Decimal
    criteria: tuple[Criterion, ...]
    reason: Reason | None

    @property
    def first(self) -> Criterion:
        """The criterion that gives the advice its title: the one that lost most."""
        return self.criteria[0]

    @property
    def where(self) -> tuple[Where, ...]:
        """The places of all its criteria, by file, each once."""
        return merge(where for each in self.criteria for where in each.where)

    @property
    def excerpts(self) -> tuple[CodeExcerpt, ...]:
        """The code around the first few of them, each once."""
        found = dict.fromkeys(excerpt for each in self.criteria for excerpt in each.excerpts)
        return tuple(found)[:_MOST_EXCERPTS]

    @property
    def several_labs(self) -> bool:
        """Whether the criteria belong to more than one lab."""
        return len({criterion.lab for criterion in self.criteria}) > 1


def _reason(reason: scoring.Reason | None) -> Reason | None:
    """The four parts of a reason as running text."""
    if reason is None:
        return None
    return Reason(
        measured=_formatting.spans(reason.measured),
        expected=_formatting.spans(reason.expected),
        cause=_formatting.code_spans(reason.cause),
        next=_formatting.code_spans(reason.next),
        findings=_findings(reason.measured),
    )


def _findings(measured: str) -> tuple[tuple[Span, ...], ...]:
    """The parts of a long text that has semicolons between many of them."""
    parts = measured[: 4 * LONGEST_TEXT].split("; ")
    if len(parts) < _PARTS or len(measured) < _LONG:
        return ()
    shown = [_formatting.spans(part, 400) for part in parts[:_MOST_PARTS]]
    hidden = len(parts) - len(shown)
    return (*shown, (Span(f"… and {hidden} more", False),)) if hidden else tuple(shown)


def criterion(score: CriterionScore, anchor: str, lab: str) -> Criterion:
    """Make one criterion of the scorecard ready to print."""
    optional = score.bonus and score.verdict not in (Verdict.EARNED, Verdict.PARTIAL, Verdict.UNSCORED)
    return Criterion(
        anchor=anchor,
        id=html_text(score.id, 120),
        title=_formatting.spans(score.title, 240),
        lab=lab,
        score=score,
        wording=_wording(score) if not optional else OPTIONAL,
        reason=_reason(score.reason),
        where=lay_out_places(score),
        excerpts=lay_out_excerpts(score),
        checks=tuple(_check(check) for check in score.checks),
        evidence=arrange(score.evidence),
    )


def _check(check: CheckResult) -> Check:
    return Check(name=html_text(check.name, 160), wording=WORDING[check.verdict], reason=_reason(check.reason))


def _wording(score: CriterionScore) -> VerdictWording:
    """How its verdict is shown; a quick look's rests on some of its runs."""
    wording = WORDING[score.verdict]
    if not score.so_far:
        return wording
    meaning = f"{wording.meaning} A quick look has seen some of its runs only."
    return replace(wording, label=f"{wording.label} so far", meaning=meaning)


def advice(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    """Return what a student can fix, largest loss first; criteria with one cause are one thing."""
    fixable = (item for item in criteria if item.lost > 0 and not item.score.is_deduction)
    return tuple(sorted(_grouped(fixable), key=lambda piece: -piece.lost))


def faults(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    """Return what went wrong in the grader itself, by reason."""
    return _grouped(item for item in criteria if item.score.verdict is Verdict.UNSCORED)


def _grouped(criteria: Iterable[Criterion]) -> tuple[Advice, ...]:
    groups: dict[object, list[Criterion]] = {}
    for item in criteria:
        groups.setdefault(_shared_fix(item), []).append(item)
    return tuple(map(_advice, groups.values()))


def _shared_fix(item: Criterion) -> object:
    """What two criteria have in common if one fix helps both: the cause and the step, whatever was measured."""
    reason = item.explanation
    if reason is None:
        return item.anchor
    return (reason.cause, reason.next) if reason.cause and reason.next else reason


def _advice(group: Sequence[Criterion]) -> Advice:
    ordered = tuple(sorted(group, key=lambda item: -item.lost))
    return Advice(
        lost=sum((item.lost for item in ordered), Decimal(0)), criteria=ordered, reason=ordered[0].explanation
    )
