"""One submission for each student or group: what the roster says of them, and the newest of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders.cohort.intake.classes import as_submission, read_sources
from graders.cohort.intake.model import Submitted, safe_name, shown
from graders.cohort.intake.roster import Roster, RosterRow
from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.reports.formats.matching import normal

NOTHING = "nothing was submitted"


@dataclass(frozen=True)
class Intake:
    """The submissions of a class in the order of names, and lines about what was left out."""

    submissions: tuple[Submitted, ...]
    notes: tuple[str, ...]


def collect(sources: Sequence[Path], roster: Roster | None, lab_files: Sequence[str], unpacked: Path) -> Intake:
    """What is to be graded.

    :raises UsageError: a source or the roster can't be used.
    """
    found = read_sources(sources, lab_files, unpacked)
    notes = list(found.notes)
    submissions = found.submissions
    if roster is not None:
        submissions = _one_each(_by_roster(submissions, roster, notes), _owner, notes)
        chosen = _renamed(submissions)
    else:
        chosen = _one_each(submissions, lambda each: each.key, notes)
    return Intake(tuple(sorted(chosen, key=lambda each: each.key)), tuple(notes))


def _one_each(submissions: Iterable[Submitted], key: Callable[[Submitted], str], notes: list[str]) -> list[Submitted]:
    """One submission for each key: the newest of several, which is said."""
    groups: dict[str, list[Submitted]] = {}
    for each in submissions:
        groups.setdefault(key(each), []).append(each)
    return [group[0] if len(group) == 1 else _newest(group, notes) for group in groups.values()]


def _newest(group: Sequence[Submitted], notes: list[str]) -> Submitted:
    """The newest of one student's submissions: by what is known of when they were submitted, else by their files."""
    usable = [each for each in group if not each.problem] or list(group)
    known = all(each.submitted_at is not None for each in usable)

    def when(each: Submitted) -> float:
        return each.submitted_at.timestamp() if known and each.submitted_at is not None else each.rank

    last = max(map(when, usable))
    newest = [each for each in usable if when(each) == last]
    students = tuple(dict.fromkeys(student for each in group for student in each.students))
    names = shown(_place(each) for each in group)
    by = "submitted_at" if known else "the times of their files"
    if len(newest) > 1:
        problem = f"{len(group)} submissions ({names}), and {by} do not say which is the newest: leave one out"
        return replace(newest[0], students=students, problem=problem)
    note = f"{plain_line(newest[0].name, 60)}: {len(group)} submissions ({names}); the newest by {by}: "
    notes.append(note + _place(newest[0]))
    return replace(newest[0], students=students)


def _place(each: Submitted) -> str:
    """A submission's place, as a line has it: the last two parts of its path."""
    return "/".join(each.path.parts[-2:]) if each.path is not None else each.name


def _owner(each: Submitted) -> str:
    """Whose it is by the roster."""
    return f"group {normal(each.group)}" if each.group else "\0".join(sorted(map(normal, each.students)))


def _renamed(submissions: Sequence[Submitted]) -> list[Submitted]:
    """The submissions with names of their own: those of one name, of several students, are called after these."""
    count = Counter(each.key for each in submissions)
    return [
        replace(each, name=safe_name(each.group or " and ".join(each.students))) if count[each.key] > 1 else each
        for each in submissions
    ]


def _by_roster(submissions: Sequence[Submitted], roster: Roster, notes: list[str]) -> Iterator[Submitted]:
    """The submissions that the roster names, with what it says of them; whoever has none gets a row too."""
    by_name: dict[str, list[Submitted]] = {}
    for each in submissions:
        by_name.setdefault(each.key, []).append(each)
    named: set[str] = set()
    rows: dict[str, list[RosterRow]] = {}
    for row in roster.rows:
        rows.setdefault(normal(row.submission) or f"\0{row.student}", []).append(row)
    for together in rows.values():
        first = together[0]
        if not first.submission:
            yield _none(first)
            continue
        found = by_name.get(normal(first.submission)) or _at_path(first, roster)
        named |= {each.key for each in found}
        for each in found:
            yield from _with_rows(each, together)
    extra = [each.name for each in submissions if each.key not in named]
    if extra:
        notes.append(f"left out, not in the roster: {shown(extra)}")


def _none(row: RosterRow) -> Submitted:
    name = safe_name(row.student)
    return Submitted(name=name, students=(row.student,), path=None, group=row.group, problem=NOTHING)


def _with_rows(each: Submitted, rows: Sequence[RosterRow]) -> Iterator[Submitted]:
    """A submission with what its rows say: of a group's, each member has one. A student in two rows has two."""
    by_time: dict[object, list[RosterRow]] = {}
    for row in rows:
        by_time.setdefault(row.submitted_at, []).append(row)
    if len(by_time) > 1:
        places = shown(row.place for row in rows)
        raise UsageError(f"{places}: one submission with different submitted_at")
    yield replace(
        each,
        students=tuple(dict.fromkeys(row.student for row in rows)),
        group=next((row.group for row in rows if row.group), each.group),
        submitted_at=rows[0].submitted_at or each.submitted_at,
        extension_days=max(row.extension_days for row in rows),
    )


def _at_path(row: RosterRow, roster: Roster) -> list[Submitted]:
    """The submission at a path of the roster's, counted from its folder."""
    path = roster.folder / row.submission
    if not path.exists():
        name = safe_name(row.student)
        problem = f"{row.place}: no submission is called {plain_line(row.submission, 80)}, and no such path is there"
        return [Submitted(name=name, students=(row.student,), path=None, problem=problem)]
    return [as_submission(path)]
