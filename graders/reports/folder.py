"""The folder that reports go to, which may lie in the submission: a student's own workflow has it there."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from graders.core.errors import UsageError


def prepare_folder(folder: Path, submission: Path, names: Sequence[str]) -> None:
    """Makes the folder. In a submission it is nobody's but the grader's: what a student left there under the names of
    reports is never written through, for a link leads anywhere, and who opens a FIFO waits for ever.

    :raises UsageError: where the folder can't be made, or is a link of a submission's.
    """
    top = submission.resolve()
    for place in (folder, *folder.parents):
        if place.is_symlink() and _below(place.parent, top):
            raise UsageError(
                f"--report-dir {folder.name}: {place.name} is a link in the submission; name another folder"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--report-dir {folder.name} can't be made: {error.strerror}; name another folder") from None
    if not _below(folder, top):
        return
    for name in names:
        path = folder / name
        kind = _kind(path)
        if kind == stat.S_IFDIR:
            raise UsageError(f"--report-dir {folder.name}: {name} in it is a folder; name another folder")
        if kind not in (None, stat.S_IFREG):
            path.unlink()


def _below(place: Path, top: Path) -> bool:
    """Whether a folder is the submission's or within it."""
    found = place.resolve()
    return found == top or top in found.parents


def _kind(path: Path) -> int | None:
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except OSError:
        return None
