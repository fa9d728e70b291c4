"""Canvas: marks filled in to the gradebook's own export, for its import.

Contract: ``lib/gradebook_importer.rb`` of instructure/canvas-lms. A column of an unknown title becomes a new assignment
there, and an unknown student a new row, so that this module fills existing cells of the one requested column
and makes neither. An empty cell would take a mark away: none is emptied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graders.core.errors import UsageError
from graders.core.text import report_line
from graders.reports.formats.gradebook import Change, FilledSheet, mark, mark_note, maxima, number, same, skip_reason
from graders.reports.formats.matching import Matches, Person
from graders.reports.formats.sheet import Row, Sheet
from graders.scoring import Scorecard, format_points

KEYS = ("ID", "SIS User ID", "SIS Login ID", "Integration ID")
DOWNLOADED = re.compile(r"([^\W_]+)(?:_LATE)?_(\d+)_\d+(?:_|$)", re.IGNORECASE)
TITLED = re.compile(r"(?s)(.+) \((\d+)\)")
# Columns whose text is people's and that Canvas reads nothing from where there is an ID.
FOREIGN = ("Student", "Section")


@dataclass(frozen=True)
class Gradebook:
    """A gradebook's export, and the column of the assignment."""

    sheet: Sheet
    column: int
    people: tuple[Person, ...]

    @property
    def possible(self) -> str:
        """What the row of points possible has for the assignment, empty where there is no such row."""
        return next((row.at(self.column) for row in self.sheet.rows[1:4] if _is_possible(row)), "")


def open_book(sheet: Sheet, assignment: str) -> Gradebook:
    """The export with the assignment's column found.

    :param assignment: the column's whole title, its title without the number, or the number.
    :raises UsageError: the sheet is no export of Canvas's, or has no such column, or more than one.
    """
    header = sheet.header
    if not header[0].startswith("Student") or sheet.column("ID") is None or sheet.column("Section") is None:
        raise UsageError("not a Canvas gradebook: columns Student, ID, SIS Login ID, Section are expected first")
    titles = {index: found for index, title in enumerate(header) if (found := TITLED.fullmatch(title))}
    wanted = [index for index, found in titles.items() if assignment.strip() in (found[0], found[1], found[2])]
    if len(wanted) != 1:
        known = "; ".join(report_line(found[0], 80) for found in titles.values()) or "none"
        count = "no" if not wanted else "more than one"
        raise UsageError(
            f"--assignment {report_line(assignment, 80)}: {count} such column in the sheet; it has: {known}"
        )
    book = Gradebook(sheet, wanted[0], tuple(_people(sheet)))
    if "read only" in book.possible.casefold():
        raise UsageError(f"{report_line(header[wanted[0]], 80)} is read only in Canvas: nothing can be imported to it")
    return book


def fill(book: Gradebook, matches: Matches, skip_pending: bool = False) -> FilledSheet:
    """The export with marks filled in."""
    changes: dict[int, dict[int, str]] = {}
    changed: list[Change] = []
    left = list(matches.unmatched)
    unchanged = 0
    for person in book.people:
        scorecard = matches.rows.get(person.row)
        if scorecard is None:
            continue
        before, who = book.sheet.rows[person.row].at(book.column), report_line(person.shown, 60)
        reason = skip_reason(scorecard, skip_pending) or _refused(before)
        if reason:
            left.append(f"{who}: {reason}")
        elif same(before, mark(scorecard)):
            unchanged += 1
        else:
            changes[person.row] = {book.column: mark(scorecard)}
            changed.append(Change(who, report_line(before, 20), mark(scorecard), mark_note(scorecard)))
    foreign = [index for index in map(book.sheet.column, FOREIGN) if index is not None]
    return FilledSheet(
        text=book.sheet.written(changes, foreign),
        changes=changed,
        same=unchanged,
        left=left,
        notes=_notes(book, list(matches.rows.values())),
        unscored=any(scorecard.unscored for scorecard in matches.rows.values()),
    )


def _refused(before: str) -> str:
    """Why a cell is left alone because of its contents."""
    if before.casefold() == "ex":
        return "excused (EX); left as it is"
    if before.casefold() == "n/a":
        return "the assignment is not assigned to them (N/A); left as it is"
    return ""


def _notes(book: Gradebook, scorecards: Sequence[Scorecard]) -> list[str]:
    possible = number(book.possible)
    return [
        f"Canvas has {format_points(possible)} points possible, {count} of the scorecards {format_points(points)}: "
        "points are written as they are"
        for points, count in maxima(scorecards).items()
        if possible is not None and points != possible
    ]


def _people(sheet: Sheet) -> list[Person]:
    columns = [index for index in map(sheet.column, KEYS) if index is not None]
    return [
        Person(index, row.at(0), (*(row.at(column) for column in columns), row.at(0), *_download_names(sheet, row)))
        for index, row in enumerate(sheet.rows)
        if index and _is_student(sheet, row)
    ]


def downloaded_as(name: str) -> str:
    """The student's name and ID in the name that Canvas gives to a downloaded submission; the name itself else."""
    found = DOWNLOADED.match(name)
    return f"{found[1]}_{found[2]}" if found else name


def _download_names(sheet: Sheet, row: Row) -> tuple[str, ...]:
    """How Canvas begins the names of submissions that it downloads: ``lovelaceada_1234``."""
    squashed = "".join(re.findall(r"[^\W_]+", row.at(0))).casefold()
    return (f"{squashed}_{row.at(sheet.column('ID'))}",)


def _is_student(sheet: Sheet, row: Row) -> bool:
    return bool(row.at(sheet.column("ID"))) and row.at(0) != "Student, Test"


def _is_possible(row: Row) -> bool:
    return "Points Possible" in row.at(0)
