"""Which commits of a repository are a lab's, and which of the files that they add.

A course's repository holds several labs. A commit belongs to a lab if it changes a file of the lab; what it adds
counts for the lab unless it lies in the folder of other work. Files that were moved or renamed count at their former
paths too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from graders.submission.history.records import Commit, FileChange, History, below

# Files whose former paths are followed: a lab has some dozens.
MAX_MOVED = 200
CODE = frozenset({".py", ".ipynb", ".c", ".cc", ".cpp", ".h", ".hpp", ".ino", ".rs", ".java", ".js", ".ts", ".r", ".m"})
_NUMBERED = re.compile(
    r"(?:l|lab|labo|labs|laboratory|week|day|hw|homework|ex|exercise|assignment|task|project|part|module|lesson|sheet"
    r"|zadanie|cwiczenie|uebung|aufgabe|tp|td)?[-_ .]?\d{1,2}(?!\d)(?:[-_ .]\S{0,80})?\Z",
    re.IGNORECASE,
)
_SHARED = frozenset({
    "src", "code", "scripts", "script", "tools", "utils", "util", "misc", "common", "helpers", "lib", "tests", "test",
    "models", "model", "build", "out", "output", "outputs", "results", "data", "dataset", "datasets", "docs",
})  # fmt: skip
"""Names of folders that hold a part of some work rather than another one."""


@dataclass(frozen=True)
class Scope:
    """A lab's view of a history. ``paths``: its files and folders, and where they were before they were moved.

    ``other_paths``: those that are known to be other labs'.
    """

    history: History
    paths: tuple[str, ...]
    other_paths: tuple[str, ...]

    @classmethod
    def of(cls, history: History, paths: tuple[str, ...], other_paths: tuple[str, ...]) -> Scope:
        """The scope of the lab with these ``paths``."""
        former = _former_paths(history.commits, paths, other_paths)
        return cls(history, (*paths, *former), other_paths)

    @cached_property
    def work(self) -> tuple[Commit, ...]:
        """The lab's commits, oldest first, without merges."""
        return tuple(commit for commit in self.history.commits if not commit.is_merge and commit.touches(self.paths))

    @cached_property
    def contents(self) -> tuple[tuple[Commit, tuple[FileChange, ...]], ...]:
        """The commits whose files count for the lab, and these files.

        In a repository without any other work, all commits are the lab's.
        """
        alone = not any(self._is_other_work(change.path) for commit in self.history.commits for change in commit.files)
        return tuple(
            (commit, tuple(change for change in commit.files if not self._elsewhere(change.path)))
            for commit in self.history.commits
            if alone or commit.touches(self.paths)
        )

    @cached_property
    def merges(self) -> tuple[Commit, ...]:
        """The merges that join work on the lab: one of the two sides has a commit of it that the other has not."""
        ancestors = _ancestors(self.history.commits, self.history.parents)
        own = {commit.id for commit in self.work}
        work = sum(1 << place for place, commit in enumerate(self.history.commits) if commit.id in own)
        return tuple(
            commit for commit in self.history.commits if commit.is_merge and _one_sided(commit, ancestors) & work
        )

    @cached_property
    def _workplaces(self) -> frozenset[str]:
        """The folders beside the lab's that hold other work: with code in them."""
        with_code = (
            change.path
            for commit in self.history.commits
            for change in commit.files
            if PurePosixPath(change.path).suffix.lower() in CODE
        )
        areas = {self._area(path) for path in with_code}
        return frozenset(area for area in areas if area and not _is_shared(area))

    def _is_other_work(self, path: str) -> bool:
        """Whether a file shows that there is other work: it lies elsewhere, or is a notebook beside the lab's."""
        plain = PurePosixPath(path)
        beside = plain.suffix == ".ipynb" or (plain.suffix in CODE and _is_numbered(plain.stem))
        return self._elsewhere(path) or (beside and not self._area(path) and not below(path, self.paths))

    def _elsewhere(self, path: str) -> bool:
        """Whether a path belongs to other work."""
        if below(path, self.paths):
            return False
        area = self._area(path)
        return below(path, self.other_paths) or area in self._workplaces or bool(area and _is_numbered(area))

    def _area(self, path: str) -> str:
        """The outermost folder on the way to a file that holds nothing of the lab; ``""`` if there is none."""
        if below(path, self.paths):
            return ""
        return next((folder for folder in _folders(path) if folder not in self._around), "")

    @cached_property
    def _around(self) -> frozenset[str]:
        """The folders that the lab's files and folders lie in."""
        return frozenset(folder for path in self.paths for folder in _folders(path))


def _folders(path: str) -> Iterator[str]:
    """The folders that a path lies in, the outermost first."""
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _is_shared(folder: str) -> bool:
    name = folder.rpartition("/")[2].casefold()
    return name in _SHARED or name.startswith(".")


def _is_numbered(folder: str) -> bool:
    return _NUMBERED.match(folder.rpartition("/")[2]) is not None


def _former_paths(commits: Sequence[Commit], paths: tuple[str, ...], other_paths: tuple[str, ...]) -> tuple[str, ...]:
    """Where the lab's files were before they were moved or renamed, also more than once."""
    found: dict[str, None] = {}
    for commit in reversed(commits):
        own = (*paths, *found)
        added = [change for change in commit.files if change.status == "A" and below(change.path, own)]
        if not added:
            continue
        removed = [
            change
            for change in commit.files
            if change.status == "D" and not below(change.path, own) and not below(change.path, other_paths)
        ]
        found |= dict.fromkeys(change.path for change in _moved(added, removed))
        if len(found) > MAX_MOVED:
            break
    return tuple(found)[:MAX_MOVED]


def _moved(added: Sequence[FileChange], removed: Sequence[FileChange]) -> Iterator[FileChange]:
    """The files that a commit deletes and adds elsewhere: the same content, or code of the same name, or the only
    notebook or module that goes while one comes.
    """
    blobs = {new.blob for new in added}
    names = {PurePosixPath(new.path).name for new in added}
    coming, going = (Counter(PurePosixPath(one.path).suffix for one in each) for each in (added, removed))
    for old in removed:
        plain = PurePosixPath(old.path)
        if old.old_size and old.old_blob in blobs:
            yield old
        elif plain.suffix in (".py", ".ipynb") and plain.name != "__init__.py":
            alone = coming[plain.suffix] == going[plain.suffix] == 1
            if alone or plain.name in names:
                yield old


def _ancestors(commits: Sequence[Commit], parents: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """For each commit of the history the student's commits that it has behind it, itself included, as bits."""
    place = {commit.id: number for number, commit in enumerate(commits)}
    known = parents or {commit.id: commit.parents for commit in commits}
    found: dict[str, int] = {}
    for identifier, above in known.items():
        bits = 1 << place[identifier] if identifier in place else 0
        for parent in above:
            bits |= found.get(parent, 0)
        found[identifier] = bits
    return found


def _one_sided(merge: Commit, ancestors: Mapping[str, int]) -> int:
    """The commits that some parents of a merge have behind them and others have not."""
    sides = [ancestors.get(parent, 0) for parent in merge.parents]
    every, common = 0, sides[0]
    for side in sides:
        every |= side
        common &= side
    return every & ~common
