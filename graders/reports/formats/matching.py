"""Which row of a gradebook a submission belongs to. What does not match for sure is reported and left alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from graders.core.errors import UsageError
from graders.core.text import report_line
from graders.reports.formats.sheet import Sheet
from graders.scoring import Scorecard


@dataclass(frozen=True)
class Person:
    """A row of a gradebook: what a submission may be called after it, exactly."""

    row: int
    shown: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Matches:
    """Scorecards by row, and a line for each that has none."""

    rows: Mapping[int, Scorecard]
    unmatched: tuple[str, ...]


def normal(text: str) -> str:
    """A name as it is compared: case, white space and ways to write an accent don't count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def match(
    scorecards: Sequence[Scorecard],
    people: Sequence[Person],
    given: Mapping[str, Sequence[str]],
    called: Callable[[str], str] = str,
) -> Matches:
    """Finds each submission's row by its name, or the rows of those whom ``given`` names for it (all normal).

    :param called: which key is in the name that the gradebook gives to what is downloaded from it.
    """
    by_key: dict[str, dict[int, Person]] = {}
    for person in people:
        for key in map(normal, filter(None, person.keys)):
            by_key.setdefault(key, {})[person.row] = person
    claims: dict[int, list[Scorecard]] = {}
    unmatched = []
    for scorecard in scorecards:
        name, shown = normal(scorecard.submission), report_line(scorecard.submission, 80)
        named: list[tuple[tuple[str, ...], str]] = [
            ((who,), f"{shown} ({report_line(who, 40)}, named for it)") for who in given.get(name, ())
        ]
        for keys, text in named or [((name, normal(called(scorecard.submission))), shown)]:
            found = next((by_key[key] for key in keys if key in by_key), {})
            if len(found) == 1:
                claims.setdefault(next(iter(found)), []).append(scorecard)
            elif found:
                who = ", ".join(report_line(person.shown, 40) for person in found.values())
                unmatched.append(f"{text}: more than one student is called so ({who}); name one by --match")
            else:
                unmatched.append(f"{text}: no such student in the sheet; name one by --match")
    for row, claim in claims.items():
        if len(claim) > 1:
            names = ", ".join(report_line(scorecard.submission, 40) for scorecard in claim)
            who = next(report_line(person.shown, 40) for person in people if person.row == row)
            unmatched.append(f"{who}: more than one submission ({names}); leave one of them out")
    known = {normal(scorecard.submission) for scorecard in scorecards}
    unmatched += [
        f"--match names {report_line(name, 40)}, of which there is no scorecard" for name in given if name not in known
    ]
    return Matches({row: claim[0] for row, claim in claims.items() if len(claim) == 1}, tuple(unmatched))


def read_matches(sheet: Sheet, name: str) -> dict[str, tuple[str, ...]]:
    """What a ``--match`` file says: columns ``submission`` and ``student``, the latter any key of the gradebook's.

    A submission of several students has a row for each of them, with one name in the column ``group``.

    :raises UsageError: a column is missing, or a submission is there twice without a group.
    """
    submission, student, group = (sheet.column(each) for each in ("submission", "student", "group"))
    if submission is None or student is None:
        raise UsageError(f"{name}: columns submission and student are expected, not {', '.join(sheet.header)}")
    pairs: dict[str, tuple[str, ...]] = {}
    groups: dict[str, str] = {}
    for row in sheet.rows[1:]:
        key, who = normal(row.at(submission)), normal(row.at(student))
        if not key or not who:
            continue
        shared = normal(row.at(group)) if group is not None else ""
        known = pairs.get(key, ())
        if known and who not in known and not (shared and groups[key] == shared):
            raise UsageError(
                f"{name}: {report_line(row.at(submission), 60)} is there twice, for different students who are no group"
            )
        pairs[key] = known if who in known else (*known, who)
        groups.setdefault(key, shared)
    return pairs
