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
from graders.scoring.marks import has_marks

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

    :param files: compressed by zlib. A file of marks that somebody filled in is left as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    # The scorecard last, as below.
    for name, data in sorted(files.items(), key=lambda each: each[0] == SCORECARD_FILE):
        path, content = folder / name, zlib.decompress(data)
        digests[name] = hashlib.sha256(content).hexdigest()
        if not (name == MARKS_FILE and has_marks(path)):
            write_whole(path, content)
    return digests


def keep_current(folder: Path, scorecard: bytes | None, files: Mapping[str, str]) -> None:
    """Has a submission's folder hold the result that counts, and no other.

    What is gone, or of another attempt, is made again from the scorecard, without pytest's own record of tests.

    :param scorecard: the file's content; None if there is no result that counts. Then no older one is left there, which
        somebody would export.
    :param files: the sha256 of the report's files.
    """
    if scorecard is None:
        for name in (SCORECARD_FILE, PAGE_FILE):
            (folder / name).unlink(missing_ok=True)
        return
    if (folder / PAGE_FILE).is_file() and _sha256(folder / SCORECARD_FILE) == files.get(SCORECARD_FILE):
        return
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


def write_matches(path: Path, students: Mapping[str, Sequence[str]]) -> None:
    """Writes whose each submission is, as ``export --match`` reads it; a group's is not in it, which has several."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("submission", "student"))
    writer.writerows((name, who[0]) for name, who in students.items() if len(who) == 1)
    write_whole(path, text.getvalue().encode())


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that whoever looks finds the old one or the new one, even after the machine failed."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
