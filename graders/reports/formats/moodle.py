"""Moodle: marks filled in to the offline grading worksheet that was downloaded from the assignment.

Contract: ``mod/assign/feedback/offline/importgradesform.php`` and ``importgradeslib.php`` of moodle/moodle. It drops
without a word rows whose mark is out of range, whose marking is locked, or whose mark was changed in Moodle after the
worksheet was made; so these are looked for here and named.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from graders.core.errors import UsageError
from graders.core.text import escaped_html_line, report_line, spreadsheet_cell
from graders.reports.formats.gradebook import Change, FilledSheet, mark, mark_note, number, same, skip_reason
from graders.reports.formats.matching import Matches, Person
from graders.reports.formats.sheet import Row, Sheet
from graders.reports.formats.wording import parts, total, worth
from graders.reports.verdicts import WORDING
from graders.scoring import CriterionScore, Scorecard, format_points

IDENTIFIER, GRADE, MODIFIED = "Identifier", "Grade", "Last modified (grade)"
MAXIMUM, CHANGEABLE, FEEDBACK = "Maximum grade", "Grade can be changed", "Feedback comments"
KEYS = (IDENTIFIER, "ID number", "Email address", "Username", "Full name")
# People's own text that Moodle does not read back.
FOREIGN = ("Full name", "Email address", "ID number", "Username", "Online text", "Status")
PARTICIPANT = re.compile(r"Participant (\d+)")
DOWNLOADED = re.compile(r"_(\d+)_assignsubmission_(?:file|onlinetext)_?")
MOST_FEEDBACK = 4000


@dataclass(frozen=True)
class Worksheet:
    """A worksheet, and the columns that matter."""

    sheet: Sheet
    grade: int
    modified: int
    people: tuple[Person, ...]

    def at(self, row: Row, name: str) -> str:
        """A row's cell in the column of that name."""
        return row.at(self.sheet.column(name))


def open_worksheet(sheet: Sheet) -> Worksheet:
    """The worksheet with its columns found. :raises UsageError: it is none, or Moodle would not read it."""
    grade, modified, identifier = (sheet.column(name) for name in (GRADE, MODIFIED, IDENTIFIER))
    if grade is None or modified is None or identifier is None:
        raise UsageError(
            f"not a Moodle grading worksheet: columns {IDENTIFIER}, {GRADE} and {MODIFIED} are expected (download it "
            f"with the language set to English), not {', '.join(report_line(name, 30) for name in sheet.header[:12])}"
        )
    if sheet.delimiter != ",":
        raise UsageError("the worksheet has semicolons between its cells, but Moodle reads commas only")
    seen: dict[str, int] = {}
    for index, row in enumerate(sheet.rows[1:], 1):
        name = row.at(identifier)
        if name in seen:
            raise UsageError(
                f"the worksheet has {report_line(name, 40)} twice, in rows {seen[name] + 1} and {index + 1}"
            )
        if name:
            seen[name] = index
    return Worksheet(sheet, grade, modified, tuple(_people(sheet, identifier)))


def downloaded_as(name: str) -> str:
    """The identifier in the name that Moodle gives to a downloaded submission; the name itself where there is none."""
    found = DOWNLOADED.search(name)
    return f"Participant {found[1]}" if found else name


def fill(sheet: Worksheet, matches: Matches, skip_pending: bool = False, feedback: bool = False) -> FilledSheet:
    """The worksheet with marks filled in. :param feedback: empty feedback is filled in, too."""
    changes: dict[int, dict[int, str]] = {}
    changed: list[Change] = []
    left, risky = list(matches.unmatched), []
    unchanged = 0
    for person in sheet.people:
        scorecard = matches.rows.get(person.row)
        if scorecard is None:
            continue
        row = sheet.sheet.rows[person.row]
        before, who = row.at(sheet.grade), report_line(person.shown, 60)
        reason = skip_reason(scorecard, skip_pending) or _dropped(sheet, row, scorecard)
        if reason:
            left.append(f"{who}: {reason}")
            continue
        comment = _comment(sheet, row, scorecard) if feedback else {}
        if same(before, mark(scorecard)) and not comment:
            unchanged += 1
            continue
        changes[person.row] = {sheet.grade: mark(scorecard), **comment}
        changed.append(Change(who, report_line(before, 20), mark(scorecard), mark_note(scorecard)))
        if before or row.at(sheet.modified) not in ("", "-"):
            risky.append(who)
    foreign = [index for index in map(sheet.sheet.column, FOREIGN) if index is not None]
    return FilledSheet(
        text=sheet.sheet.written(changes, foreign),
        changes=changed,
        same=unchanged,
        left=left,
        notes=_notes(risky),
        unscored=any(scorecard.unscored for scorecard in matches.rows.values()),
    )


def _dropped(sheet: Worksheet, row: Row, scorecard: Scorecard) -> str:
    """Why Moodle would drop the row."""
    most = number(sheet.at(row, MAXIMUM))
    if most is not None and not Decimal(0) <= scorecard.points.earned <= most:
        return (
            f"{mark(scorecard)} is more than the assignment's {format_points(most)}, and Moodle would drop it; "
            "left as it is"
        )
    if sheet.at(row, CHANGEABLE).casefold() == "no":
        return "the mark is locked in Moodle's gradebook, and Moodle would drop it; left as it is"
    return ""


def _notes(risky: Sequence[str]) -> list[str]:
    if not risky:
        return []
    who = ", ".join(risky)
    dropped = "if one was changed there since the worksheet was downloaded, Moodle drops its row without a word"
    return [f"marked before in Moodle: {who}; {dropped}, so download it just before the upload"]


def _comment(sheet: Worksheet, row: Row, scorecard: Scorecard) -> dict[int, str]:
    """The feedback's cell, where the sheet has it and nobody wrote there. Moodle takes it as HTML."""
    column = sheet.sheet.column(FEEDBACK)
    if column is None or row.at(column):
        return {}
    texts = [html.escape(total(scorecard)), *(_sentence(score) for score in scorecard.scores if score.lost)]
    comment = ""
    for text in texts:
        if len(comment) + len(text) > MOST_FEEDBACK:
            comment += " …"
            break
        comment += f"<p>{text}</p>"
    return {column: spreadsheet_cell(comment, 2 * MOST_FEEDBACK)}


def _sentence(score: CriterionScore) -> str:
    reason = dict(parts(score))
    step = f": {escaped_html_line(reason['next'], 200)}" if reason.get("next") else ""
    return f"{escaped_html_line(score.title, 120)}: {worth(score)}, {WORDING[score.verdict].sentence}{step}"


def _people(sheet: Sheet, identifier: int) -> list[Person]:
    columns = [index for index in map(sheet.column, KEYS) if index is not None]
    name = sheet.column("Full name")
    return [
        Person(index, row.at(name) or row.at(identifier), tuple(row.at(column) for column in columns) + _number(row))
        for index, row in enumerate(sheet.rows)
        if index and PARTICIPANT.fullmatch(row.at(identifier))
    ]


def _number(row: Row) -> tuple[str, ...]:
    return tuple(found[1] for text in row.cells if (found := PARTICIPANT.fullmatch(text.strip())))
