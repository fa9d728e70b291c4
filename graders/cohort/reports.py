"""The students' own reports, in ``DIR/reports/<submission>/``."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Mapping
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
    for name, data in files.items():
        path, content = folder / name, zlib.decompress(data)
        digests[name] = hashlib.sha256(content).hexdigest()
        if not (name == MARKS_FILE and has_marks(path)):
            write_whole(path, content)
    return digests


def restore_report(folder: Path, scorecard: Scorecard) -> None:
    """Makes a report again of which files are gone: pytest's own record of tests is not in it."""
    from graders.reports.html import render_page

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SCORECARD_FILE).is_file():
        write_whole(folder / SCORECARD_FILE, scorecard.dumps().encode())
    if not (folder / PAGE_FILE).is_file():
        write_whole(folder / PAGE_FILE, render_page(scorecard).encode())


def is_whole(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether the report has all its files."""
    return all((folder / name).is_file() for name in files if name != MARKS_FILE)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that whoever looks finds the old one or the new one, even after the machine failed."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
