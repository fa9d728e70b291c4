"""The names that students chose to be shown under; whoever chose none has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.core.errors import UsageError
from graders.core.text import plain_line
from graders.reports.formats.matching import normal
from graders.reports.formats.sheet import parse

MOST_LENGTH = 40


@dataclass(frozen=True)
class ChosenNames:
    """The chosen name by student."""

    by_student: Mapping[str, str] = field(default_factory=dict)

    def of(self, students: Sequence[str]) -> str:
        """The names that these students chose, who submitted together; empty if none of them did."""
        return ", ".join(filter(None, (self.by_student.get(normal(student), "") for student in students)))


def read_names(path: Path) -> ChosenNames:
    """Reads a CSV file with the columns ``student`` and ``name``.

    :raises UsageError: it can't be read, lacks a column, or gives a student or a name twice.
    """
    try:
        sheet = parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"--names {path}: can't be read: {error.strerror}") from None
    student, name = sheet.column("student"), sheet.column("name")
    if student is None or name is None:
        raise UsageError(f"--names {path}: expected the columns student and name")
    found: dict[str, str] = {}
    for row in sheet.rows[1:]:
        who, chosen = normal(row.at(student)), plain_line(row.at(name), MOST_LENGTH)
        if who in found:
            raise UsageError(f"--names {path}: {plain_line(row.at(student), 60)} is there twice: leave one row")
        if chosen and normal(chosen) in map(normal, found.values()):
            raise UsageError(f"--names {path}: two students chose {chosen}: ask one of them for another name")
        if who:
            found[who] = chosen
    return ChosenNames(found)
