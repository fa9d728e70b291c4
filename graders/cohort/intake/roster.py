"""The class's roster: a CSV file that says whose each submission is, and what an instructor knows of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.reports.formats import sheet
from graders.reports.formats.sheet import Row, Sheet

REQUIRED = ("student", "submission")
OPTIONAL = ("group", "submitted_at", "extension_days")
MOST_DAYS = 366.0


@dataclass(frozen=True, kw_only=True)
class RosterRow:
    """A student and the submission that is theirs, ``""`` if there is none; ``place``: where the file says it."""

    place: str
    student: str
    submission: str
    group: str = ""
    submitted_at: dt.datetime | None = None
    extension_days: float = 0.0


@dataclass(frozen=True)
class Roster:
    """The rows of a roster, and the folder that its paths count from."""

    rows: tuple[RosterRow, ...]
    folder: Path


def read_roster(path: Path) -> Roster:
    """A roster's file. :raises UsageError: it can't be used; the message names the line."""
    try:
        read = sheet.parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"--roster {path}: can't be read: {error.strerror}") from None
    columns = {name: read.column(name) for name in (*REQUIRED, *OPTIONAL)}
    missing = [name for name in REQUIRED if columns[name] is None]
    if missing:
        raise UsageError(
            f"--roster {path}: no column {' and '.join(missing)}; expected {', '.join(REQUIRED)}, and optionally "
            f"{', '.join(OPTIONAL)}"
        )
    rows = tuple(
        _row(read, row, f"{path}, row {number}") for number, row in enumerate(read.rows[1:], 2) if any(row.cells)
    )
    if not rows:
        raise UsageError(f"--roster {path}: no student in it")
    return Roster(rows, path.resolve().parent)


def _row(read: Sheet, row: Row, place: str) -> RosterRow:
    def at(name: str) -> str:
        column = read.column(name)
        return row.at(column) if column is not None else ""

    if not at("student"):
        raise UsageError(f"{place}: no student")
    return RosterRow(
        place=place,
        student=at("student"),
        submission=at("submission"),
        group=at("group"),
        submitted_at=read_time(at("submitted_at"), f"{place}: submitted_at") if at("submitted_at") else None,
        extension_days=_days(at("extension_days"), place),
    )


def read_time(text: str, place: str) -> dt.datetime:
    """A time in ISO 8601; without an offset, it is this machine's local time. :raises UsageError: it is none."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{place}: {plain_line(text, 40)} is no time like 2026-11-30T23:59+01:00") from None
    return found if found.tzinfo else found.astimezone()


def _days(text: str, place: str) -> float:
    try:
        days = float(text.replace(",", ".")) if text else 0.0
    except ValueError:
        days = -1.0
    if not 0 <= days <= MOST_DAYS:
        raise UsageError(
            f"{place}: extension_days: {plain_line(text, 40)} is no number of days from 0 to {MOST_DAYS:.0f}"
        )
    return days
