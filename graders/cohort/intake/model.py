"""A submission of a class: whose it is, where it is, and when it was submitted."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.core.text import plain_line
from graders.reports.formats.matching import normal

MOST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """One submission. ``name``: what its scorecard calls it, from which `export` finds its student.

    ``students``: who submitted it; more than one for a group. ``path``: a folder, or a ZIP archive of one; None if
    there is none. ``files``: loose files that are the submission together, by name; then ``path`` is one of them.
    ``submitted_at``: None if nothing says it. ``rank``: orders submissions of one student of which nothing says
    when they were submitted. ``problem``: why it can't be graded, empty if it can; ``in_time``: False if that is since
    there is nothing from before the time that counts. ``commit``: the one that is graded, empty for the files as they
    are. ``version_at`` and ``version_by``: when what is graded was made, and what says so.
    """

    name: str
    students: tuple[str, ...]
    path: Path | None
    files: Mapping[str, Path] = field(default_factory=dict)
    submitted_at: dt.datetime | None = None
    rank: float = 0.0
    group: str = ""
    extension_days: float = 0.0
    problem: str = ""
    notes: tuple[str, ...] = ()
    in_time: bool = True
    commit: str = ""
    version_at: dt.datetime | None = None
    version_by: str = ""

    @property
    def key(self) -> str:
        """The name as it is compared: one student's submissions have the same."""
        return normal(self.name)


def safe_name(text: str) -> str:
    """A name as a folder can have it: as it is, unless it has a slash, a control character or no end.

    Names that differ stay different: one that had to be changed ends with a part of its hash.
    """
    name = "".join("_" if each == "/" or not each.isprintable() else each for each in text.strip()).lstrip(".")
    while len(name.encode("utf-8", "replace")) > MOST_NAME:
        name = name[:-1]
    if name == text.strip():
        return name or "unnamed"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name or 'unnamed'}-{digest[:8]}"


def modified(path: Path) -> float:
    """When a submission was last changed: the newest of its files, version control aside."""
    if not path.is_dir():
        return path.stat().st_mtime
    return max((each.lstat().st_mtime for each in _files(path)), default=path.stat().st_mtime)


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (Path(place, name) for name in files)


def shown(names: Iterable[str], most: int = 5) -> str:
    """Some names in one line."""
    every = list(names)
    text = ", ".join(plain_line(name, 60) for name in every[:most])
    return f"{text} and {len(every) - most} more" if len(every) > most else text
