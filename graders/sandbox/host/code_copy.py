"""A run's own copy of the code that it executes: it may write there, and the copy is thrown away with the run.

Code that writes a log beside itself is ordinary code. Hard links would not do, because writing through one changes the
original; an overlay mount needs rights that the server has given up, and newer versions of bubblewrap than are common.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from graders.core.errors import SandboxError

SKIPPED = frozenset({".git", "__pycache__"})
BLOCK = 4096


@dataclass(frozen=True)
class MakeFolder:
    """An edit: a folder, with those above it, that is there when the run starts."""

    path: str


@dataclass(frozen=True)
class WriteFile:
    """An edit: a file with these bytes, new or in place of the one of that name; folders above it are made."""

    path: str
    data: bytes


Edit = MakeFolder | WriteFile
"""A change of a run's copy of the code; paths are relative to the copy."""


@dataclass(frozen=True)
class CodeCopy:
    """The code of a run: what is below ``source``, with ``edits`` applied in order, laid out at ``folder``.

    ``folder`` must not exist yet; it is made for the run, and removed when the run ends.
    """

    source: Path
    folder: Path
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class CopySize:
    """How much a copy holds before its run starts: bytes on the disk, and files and folders."""

    disk: int = 0
    files: int = 0


NOTHING_COPIED = CopySize()


def make_copy(code: CodeCopy, owner: int | None) -> CopySize:
    """Lays out a run's copy; its regular files alone, without caches and history.

    :param owner: the user and group that get it, if they are not the grader's.
    :raises SandboxError: if an edit can't be applied, or the disk is full.
    """
    try:
        code.folder.mkdir(parents=True)
        code.folder.chmod(0o700)
        for source, target in _folders(code.source, code.folder):
            _copy_files(source, target)
        for edit in code.edits:
            _apply(edit, code.folder)
        return _measure(code.folder, owner)
    except OSError as error:
        raise SandboxError(f"the code of a run can't be copied: {error.strerror}") from None


def _folders(source: Path, target: Path) -> Iterator[tuple[str, str]]:
    """Each folder below ``source`` and its place in the copy, which is made."""
    waiting = [(str(source), str(target))]
    while waiting:
        origin, place = waiting.pop()
        yield origin, place
        with os.scandir(origin) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and entry.name not in SKIPPED:
                    inner = Path(place, entry.name)
                    inner.mkdir()
                    waiting.append((entry.path, str(inner)))


def _copy_files(source: str, target: str) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                shutil.copyfile(entry.path, f"{target}/{entry.name}")


def _apply(edit: Edit, folder: Path) -> None:
    path = PurePosixPath(edit.path)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise SandboxError(f"an edit of a run's code leads out of it: {edit.path}")
    target = folder / path
    if isinstance(edit, MakeFolder):
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(edit.data)


def _measure(folder: Path, owner: int | None) -> CopySize:
    """The size of a copy, which is given to its owner on the way."""
    disk = files = 0
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                files += 1
                inner = entry.is_dir(follow_symlinks=False)
                size = entry.stat(follow_symlinks=False).st_size
                disk += -(-size // BLOCK) * BLOCK
                if inner:
                    waiting.append(entry.path)
                if owner is not None:
                    os.chown(entry.path, owner, owner, follow_symlinks=False)
    if owner is not None:
        os.chown(folder, owner, owner)
    return CopySize(disk, files)
