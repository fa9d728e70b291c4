"""Finding a submission's root: the folder from which the lab's paths count."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.core.errors import SubmissionError

SKIPPED = frozenset({".git", "__pycache__", "node_modules", ".venv", "venv", ".tox", ".mypy_cache", ".pytest_cache"})
MAX_DEPTH = 6
MAX_FOLDERS = 5000


@dataclass(frozen=True)
class Submission:
    """A folder with a student's work. ``root`` is where the labs' paths count from, at or below ``given_path``."""

    name: str
    given_path: Path
    root: Path


def submission_name(path: Path) -> str:
    """What a submission is called: as its folder is, or its archive without the ending."""
    path = path.resolve()
    return path.name if path.is_dir() else path.stem


def discover(path: Path, student_files: Sequence[str]) -> Submission:
    """The submission at ``path``; the labs may lie in a subfolder of it.

    :param student_files: paths that labs look for, below the root.
    :raises SubmissionError: no such path, not a folder, or an empty one.
    """
    try:
        if not path.exists():
            raise SubmissionError(f"no such path: {path}")
        if not path.is_dir():
            raise SubmissionError(f"not a folder: {path}")
        path = path.resolve()
        if not any(path.iterdir()):
            raise SubmissionError(f"the folder is empty: {path}")
    except OSError as error:
        raise SubmissionError(f"the folder can't be read ({error.strerror}): {path}") from None
    return Submission(path.name, path, _root(path, student_files))


def _root(path: Path, student_files: Sequence[str]) -> Path:
    """The shallowest folder that holds the most of the labs' files; ``path`` itself where none is found."""
    best, best_count = path, 0
    for folder in _folders(path):
        # Unlike Path.is_file, this is False if a folder may not be read.
        count = sum(os.path.isfile(folder / file) for file in student_files)  # noqa: PTH113
        if count > best_count:
            best, best_count = folder, count
    return best


def _folders(path: Path) -> list[Path]:
    """``path`` and the folders below it, shallow ones first, links not followed."""
    level, found = [path], [path]
    for _ in range(MAX_DEPTH):
        deeper: list[Path] = []
        for folder in level:
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:
                continue
            deeper += [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False) and e.name not in SKIPPED]
        found += deeper
        level = deeper
        if len(found) > MAX_FOLDERS:
            break
    return found[:MAX_FOLDERS]
