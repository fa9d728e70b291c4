"""The view of a submission that its runs see: a copy of the student's files with the given kit laid over it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.submission.discovery import SKIPPED

MAX_FILE = 64 << 20
MAX_TOTAL = 512 << 20
MAX_FILES = 20_000
CODE_ENDINGS = (".py", ".ipynb")
READ = 1 << 20


@dataclass(frozen=True)
class CodeView:
    """``root``: the folder that runs import from. ``digest``: sha256 over the student's code. ``notes``: what was
    left out, a line each.
    """

    root: Path
    digest: str
    notes: tuple[str, ...]


def lay_out(source: Path, given_from: Path, given: Sequence[str], destination: Path) -> CodeView:
    """Copies the regular files below ``source``, then the ``given`` paths of ``given_from`` over them.

    Links, devices, very large files and what no run needs (``.git``, caches) are left out; the notes say which.
    """
    notes: list[str] = []
    digest = hashlib.sha256()
    total = 0
    destination.mkdir(parents=True)
    for count, relative in enumerate(_files(source)):
        origin = source / relative
        name = relative.as_posix()
        size = _regular_size(origin)
        if size is None:
            notes.append(f"{name}: not a regular file; left out")
            continue
        if size > MAX_FILE or total + size > MAX_TOTAL or count >= MAX_FILES:
            notes.append(f"{name}: too large ({size / 2**20:.0f} MiB); left out")
            continue
        total += size
        data = _read(origin)
        if data is None:
            notes.append(f"{name}: can't be read; left out")
            continue
        if relative.suffix in CODE_ENDINGS:
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(data).digest())
        target = destination / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for path in given:
        _lay_over(given_from / path, destination / path)
    return CodeView(destination, digest.hexdigest(), tuple(notes))


def _files(source: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(source, followlinks=False):
        names[:] = sorted(n for n in names if n not in SKIPPED and not os.path.islink(os.path.join(folder, n)))
        for name in sorted(files):
            yield Path(folder, name).relative_to(source)


def _regular_size(path: Path) -> int | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _read(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        return file.read(MAX_FILE)


def _lay_over(origin: Path, target: Path) -> None:
    """Puts a given file, or every file of a given folder, in place; a student's own helpers beside them stay."""
    if origin.is_dir():
        if target.exists() and not target.is_dir():
            target.unlink()
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(origin.iterdir()):
            if entry.name not in SKIPPED:
                _lay_over(entry, target / entry.name)
        return
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(origin, target)
