"""Looking through a submission's folders for files, within limits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

MAX_DEPTH = 8
MAX_FOLDERS = 3_000
MAX_FILES = 40_000


def files_below(root: Path, enters: Callable[[os.DirEntry[str]], bool], notes: list[str]) -> Iterator[os.DirEntry[str]]:
    """Everything below ``root`` that is no folder, shallow ones first, in order of name; links are not followed.

    :param enters: whether to look into a folder. :param notes: says so if not everything was looked at.
    """
    level, folders, files = [root], 0, 0
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Path] = []
        for folder in level:
            folders += 1
            for entry in _entries(folder):
                files += 1
                if folders > MAX_FOLDERS or files > MAX_FILES:
                    notes.append(f"only {MAX_FOLDERS:,} folders and {MAX_FILES:,} files were looked at")
                    return
                if not entry.is_dir(follow_symlinks=False):
                    yield entry
                elif enters(entry):
                    deeper.append(Path(entry.path))
        level = deeper


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
