"""Two gradings of a class side by side, by submission and criterion, with what is different between them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from graders.cohort.recorder import kind_of, reason_of
from graders.cohort.store import CohortStore, open_finished, read_scorecard
from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.framework.definition import PERSON
from graders.reports.formats.matching import normal
from graders.reports.verdicts import WORDING
from graders.scoring import CriterionScore, LateDeduction, Scorecard, format_points

# What a result depends on, as a person says it; whatever is not here is the environment.
PARTS = {
    "submission": "the submission",
    "labs": "the lab",
    "thresholds": "the lab's thresholds",
    "code": "the grader's code",
    "data": "data sets or models",
    "options": "options of the command",
    "expectations": "what is expected of the case",
    "hidden values": "what hidden values are drawn from",
}
ENVIRONMENT = "the environment"
MARKS, LATE = "manual marks", "the late policy, or when it was submitted"
NOTHING = "nothing that is known: the same work was graded differently"
ONCE = "it was not graded both times"


@dataclass(frozen=True)
class CriterionChange:
    """A criterion with another outcome, in words, and by how many points."""

    criterion: str
    before: str
    after: str
    points: Decimal
    measured: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """A submission with another outcome. ``before`` and ``after``: points, None if it has none; ``why``: in words."""

    name: str
    students: str
    before: Decimal | None
    after: Decimal | None
    why: tuple[str, ...]
    criteria: tuple[CriterionChange, ...] = ()
    state: str = ""

    @property
    def points(self) -> Decimal:
        """By how many points."""
        return (self.after or Decimal(0)) - (self.before or Decimal(0))

    def __str__(self) -> str:
        before, after = (format_points(each) if each is not None else "no points" for each in (self.before, self.after))
        sign = "+" if self.points > 0 else ""
        return f"{self.students}: {before} → {after} ({sign}{format_points(self.points)}; {', '.join(self.why)})"


@dataclass(frozen=True)
class Comparison:
    """Everything that changed, the largest change first, and how many submissions are the same."""

    old: str
    changes: tuple[Change, ...]
    same: int

    @property
    def moved(self) -> tuple[Change, ...]:
        """Those whose points change."""
        return tuple(change for change in self.changes if change.before != change.after)


@dataclass(frozen=True, kw_only=True)
class _Side:
    """A submission in one of the gradings."""

    name: str
    students: str
    commit: str
    parts: Mapping[str, str]
    points: Decimal | None
    scorecard: Scorecard | None
    state: str


@contextmanager
def open_earlier(folder: Path) -> Iterator[CohortStore]:
    """The store of an earlier grading. :raises UsageError: there is none that can be read."""
    try:
        with open_finished(folder) as store:
            yield store
    except UsageError as error:
        raise UsageError(f"--against {error}") from None


def compare_with(old: Path, store: CohortStore) -> Comparison:
    """The class against an earlier grading. :raises UsageError: there is none that can be read."""
    with open_earlier(old) as earlier:
        before = {normal(side.name): side for side in _sides(earlier)}
    changes: list[Change] = []
    same = 0
    for side in _sides(store):
        change = _change(before.pop(normal(side.name), None), side)
        same += change is None
        changes += [change] if change is not None else []
    changes += [_alone(side, gone=True) for side in before.values()]
    return Comparison(str(old), tuple(sorted(changes, key=lambda each: (-abs(each.points), each.name))), same)


def _sides(store: CohortStore) -> Iterator[_Side]:
    """One scorecard at a time of the class's submissions; charts are not compared."""
    for stored in store.submissions():
        attempt = None if stored.problem else store.latest(stored.id)
        text, result = store.scorecard(stored.id), store.result(stored.id)
        kind = kind_of(stored, attempt)
        graded = text is not None and result is not None and kind in ("graded", "unscored")
        yield _Side(
            name=stored.name,
            students=plain_line(", ".join(stored.students) or stored.name, 80),
            commit=stored.commit,
            parts=attempt.parts if attempt is not None else {},
            points=result.points.earned if graded and result is not None else None,
            scorecard=read_scorecard(text, frozenset()) if graded and text is not None else None,
            state="" if kind == "graded" else reason_of(stored, attempt),
        )


def _change(old: _Side | None, new: _Side) -> Change | None:
    if old is None:
        return _alone(new, gone=False)
    if old.scorecard is None or new.scorecard is None:
        if old.scorecard is new.scorecard:
            return None
        state = f"before: {old.state}" if old.scorecard is None else f"now: {new.state}"
        why = _why(old, new, ()) if old.parts and new.parts else (ONCE,)
        return _of(new, old.points, new.points, why, state=state)
    criteria = tuple(_criteria(old.scorecard, new.scorecard))
    if not criteria and old.points == new.points:
        return None
    return _of(new, old.points, new.points, _why(old, new, criteria), criteria)


def _alone(side: _Side, *, gone: bool) -> Change:
    if gone:
        return _of(side, side.points, None, (ONCE,), state="not among the submissions now")
    return _of(side, None, side.points, (ONCE,), state="not among the submissions before")


def _of(
    side: _Side,
    before: Decimal | None,
    after: Decimal | None,
    why: tuple[str, ...],
    criteria: tuple[CriterionChange, ...] = (),
    state: str = "",
) -> Change:
    return Change(
        name=side.name, students=side.students, before=before, after=after, why=why, criteria=criteria, state=state
    )


def _criteria(old: Scorecard, new: Scorecard) -> Iterator[CriterionChange]:
    """Every criterion whose verdict or points are different; deductions are among them."""
    before, after = ({score.id: score for score in card.scores} for card in (old, new))
    for criterion in dict.fromkeys([*before, *after]):
        was, now = before.get(criterion), after.get(criterion)
        if was is not None and now is not None and (was.verdict, was.earned) == (now.verdict, now.earned):
            continue
        points = (now.earned if now else Decimal(0)) - (was.earned if was else Decimal(0))
        reasons = [score.reason for score in (now, was) if score is not None and score.reason is not None]
        yield CriterionChange(criterion, _stated(was), _stated(now), points, reasons[0].measured if reasons else "")


def _stated(score: CriterionScore | None) -> str:
    if score is None:
        return "not there"
    if score.is_deduction:
        return f"{format_points(-score.earned)} deducted"
    return f"{WORDING[score.verdict].label}, {format_points(score.earned)} of {format_points(score.maximum)}"


def _why(old: _Side, new: _Side, criteria: tuple[CriterionChange, ...]) -> tuple[str, ...]:
    """Which of the parts that an outcome follows from are different."""
    # The same commit, written to another folder, is the same submission.
    same = {"submission"} if old.commit and old.commit == new.commit else set()
    found = changed_parts(old.parts, new.parts, same)
    if old.scorecard is not None and new.scorecard is not None:
        by_hand = {score.id for card in (old.scorecard, new.scorecard) for score in card.scores if _by_hand(score)}
        found += [MARKS] if by_hand & {each.criterion for each in criteria} else []
        found += [LATE] if _late(old.scorecard) != _late(new.scorecard) else []
    return tuple(found) or (NOTHING,)


def changed_parts(before: Mapping[str, str], after: Mapping[str, str], same: Collection[str] = ()) -> list[str]:
    """What is different of what two outcomes depend on, in words.

    :param same: parts that are the same although their hashes are not.
    """
    changed = {part for part in (before.keys() & after.keys()) - {*same} if before[part] != after[part]}
    found = [words for part, words in PARTS.items() if part in changed]
    return [*found, ENVIRONMENT] if changed - PARTS.keys() else found


def _by_hand(score: CriterionScore) -> bool:
    return score.marked_by == PERSON


def _late(scorecard: Scorecard) -> list[LateDeduction | None]:
    return [lab.late for lab in scorecard.labs]
