"""What a git history is once it has been read: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

SHORT = 8


@dataclass(frozen=True)
class FileChange:
    """One file of one commit.

    ``path`` counts from the submission's folder. ``status`` is git's letter: A added, M changed, D deleted, T of
    another type. ``blob`` and ``old_blob`` are git's ids of the content after and before; ``size`` and ``old_size``
    its bytes, ``None`` if there is no file or git can't tell. ``content`` is what the first bytes say: ``"tflite"``,
    ``"hdf5"``, ``"zip"``, ``"lfs"`` …, ``""`` where they say nothing or were not looked at.
    """

    path: str
    status: str
    size: int | None
    old_size: int | None
    blob: str
    content: str = ""
    old_blob: str = ""

    @property
    def growth(self) -> int:
        """The bytes by which the file's size changed, in either direction."""
        return abs((self.size or 0) - (self.old_size or 0))


@dataclass(frozen=True)
class Commit:
    """One commit. ``time`` is when its author made it, ``None`` if the commit states an impossible time."""

    id: str
    subject: str
    author: str
    time: datetime | None
    parents: tuple[str, ...]
    files: tuple[FileChange, ...]

    @property
    def short(self) -> str:
        """The hash as people quote it."""
        return self.id[:SHORT]

    @property
    def is_merge(self) -> bool:
        """Whether it joins two lines of commits."""
        return len(self.parents) > 1

    def touches(self, paths: tuple[str, ...]) -> bool:
        """Whether it changes a file at or below one of ``paths``."""
        return any(below(change.path, paths) for change in self.files)


@dataclass(frozen=True)
class GivenCommit:
    """A commit that does not count as the student's, and why."""

    id: str
    subject: str
    author: str
    why: str

    @property
    def short(self) -> str:
        """The hash as people quote it."""
        return self.id[:SHORT]


@dataclass(frozen=True)
class History:
    """The student's own commits that touch the submission's folder, oldest first, and what else was found.

    ``given``: commits that were there before the student's, oldest first. ``shallow``: the clone holds the newest
    commits only. ``truncated``: so long that only its newest part was read. ``notes``: a line each, for people.
    ``parents``: of every commit that was read, parents first, also of those that touch nothing of the submission.
    """

    commits: tuple[Commit, ...]
    given: tuple[GivenCommit, ...] = ()
    shallow: bool = False
    truncated: bool = False
    notes: tuple[str, ...] = ()
    parents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class NoHistory:
    """There is no history to grade: why, and what would fix it. Never a zero on its own."""

    reason: str
    next: str


def below(path: str, folders: tuple[str, ...]) -> bool:
    """Whether ``path`` is one of ``folders`` or lies in one; ``""`` stands for everything."""
    known = _known(folders)
    # Looked up from the path's side: a lab's files may have been in many places.
    return "" in known or path in known or any(path[:at] in known for at, sign in enumerate(path) if sign == "/")


@lru_cache(maxsize=64)
def _known(folders: tuple[str, ...]) -> frozenset[str]:
    return frozenset(folders)
