"""What filling in a gradebook's sheet comes to: what would change, what is left alone, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from graders.scoring import Scorecard, format_points


@dataclass(frozen=True)
class Change:
    """A mark that is written, with what stood there."""

    who: str
    before: str
    after: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.who}: {self.before or 'no mark'} → {self.after}{f' ({self.note})' if self.note else ''}"


@dataclass(frozen=True, kw_only=True)
class FilledSheet:
    """The sheet filled in. ``left``: rows and submissions that were left alone although a scorecard is there.

    ``unscored``: one of them was, because the grader could not decide all of it.
    """

    text: str
    changes: Sequence[Change]
    same: int
    left: Sequence[str]
    notes: Sequence[str]
    unscored: bool


def number(text: str) -> Decimal | None:
    """A mark as sheets have it, with a point or a comma; nothing where it is none."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def skip_reason(scorecard: Scorecard, skip_pending: bool) -> str:
    """Why a scorecard's mark is not written at all; empty if it is. :raises UsageError: it is a quick look."""
    scorecard.require_full()
    if scorecard.unscored:
        return f"{len(scorecard.unscored)} criteria could not be graded, which is no zero; the cell is left as it is"
    if skip_pending and scorecard.pending:
        pending = format_points(scorecard.points.pending)
        return f"{pending} points are still to be graded manually; left as it is because of --skip-pending"
    return ""


def mark(scorecard: Scorecard) -> str:
    """The mark as sheets take it."""
    return format_points(scorecard.points.earned)


def mark_note(scorecard: Scorecard) -> str:
    """What belongs beside a mark: what was deducted, and what is still to come."""
    notes = []
    if scorecard.deducted:
        before = scorecard.points.earned + scorecard.deducted
        notes.append(f"{format_points(before)} less {format_points(scorecard.deducted)} since it was late")
    if scorecard.pending:
        notes.append(f"{format_points(scorecard.points.pending)} more to be graded manually")
    return "; ".join(notes)


def same(before: str, after: str) -> bool:
    """Whether two marks are one."""
    return number(before) == number(after)


def maxima(scorecards: Sequence[Scorecard]) -> Mapping[Decimal, int]:
    """How many scorecards have which maximum."""
    counts: dict[Decimal, int] = {}
    for scorecard in scorecards:
        counts[scorecard.points.maximum] = counts.get(scorecard.points.maximum, 0) + 1
    return counts
