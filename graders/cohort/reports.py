"""The students' own reports, in ``DIR/reports/<submission>/``."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from graders.cohort.intake import safe_name
from graders.pipeline.output import MARKS_FILE, PAGE_FILE, SCORECARD_FILE
from graders.scoring import Scorecard

FOLDER = "reports"


def folder_names(names: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """A folder for each submission, by name: those that it had before, else called as it is.

    No two have names that are the same to a file system that ignores case.
    """
    taken = {folder.casefold() for folder in known.values()}
    found = {}
    for name in names:
        folder = known.get(name) or safe_name(name)
        if name not in known and folder.casefold() in taken:
            folder = f"{safe_name(name[:60])}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"
        taken.add(folder.casefold())
        found[name] = folder
    return found


def write_report(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Writes the files of a report, each whole or not at all; the sha256 of each.

    :param files: compressed by zlib. The file for marks is left out: there is one for the class.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    # The scorecard last, as below.
    for name, data in sorted(files.items(), key=lambda each: each[0] == SCORECARD_FILE):
        if name != MARKS_FILE:
            content = zlib.decompress(data)
            digests[name] = hashlib.sha256(content).hexdigest()
            write_whole(folder / name, content)
    return digests


def remove_current(folder: Path) -> None:
    """Leaves no result in a submission's folder, which somebody would export: there is none that counts."""
    for name in (SCORECARD_FILE, PAGE_FILE):
        (folder / name).unlink(missing_ok=True)


def is_current(folder: Path, sha256: str) -> bool:
    """Whether a submission's folder holds the result that counts. :param sha256: its scorecard's."""
    return (folder / PAGE_FILE).is_file() and _sha256(folder / SCORECARD_FILE) == sha256


def write_current(folder: Path, scorecard: bytes) -> None:
    """Has a submission's folder hold the result that counts, without pytest's own record of tests."""
    from graders.reports.html import render_page

    folder.mkdir(parents=True, exist_ok=True)
    # The scorecard last: once it is right, the page is too.
    write_whole(folder / PAGE_FILE, render_page(Scorecard.loads(scorecard.decode())).encode())
    write_whole(folder / SCORECARD_FILE, scorecard)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def write_matches(path: Path, submissions: Iterable[tuple[str, str, Sequence[str]]]) -> None:
    """Writes whose each submission is, as ``export --match`` reads it: of a group's, a row for each student.

    :param submissions: their names, groups and students.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("submission", "student", "group"))
    for name, group, students in submissions:
        shared = group or name if len(students) > 1 else group
        writer.writerows((name, student, shared) for student in students)
    write_whole(path, text.getvalue().encode())


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that whoever looks finds the old one or the new one, even after the machine failed."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
