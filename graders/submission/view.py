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
# What people read and no run needs: a change of it changes nothing that is graded by running.
UNSEEN = frozenset({"summaries"})
LIBRARY_ENDINGS = (".so", ".pyd", ".pyc")
READ = 1 << 20


@dataclass(frozen=True)
class CodeView:
    """``root``: the folder that runs import from. ``digest``: sha256 over the student's code. ``contents``: sha256 over
    all of the student's files that runs can read. ``notes``: what was left out, a line each.
    """

    root: Path
    digest: str
    contents: str
    notes: tuple[str, ...]


def lay_out(source: Path, given_from: Path, given: Sequence[str], destination: Path) -> CodeView:
    """Copies the regular files below ``source``, then the ``given`` paths of ``given_from`` over them.

    Links, devices, very large files and what no run needs (``.git``, caches, summaries) are left out; the notes say
    which of the first three.
    """
    notes: list[str] = []
    code, contents = hashlib.sha256(), hashlib.sha256()
    total = too_many = 0
    destination.mkdir(parents=True)
    for count, relative in enumerate(_files(source)):
        if count >= MAX_FILES:
            too_many += 1
            continue
        origin = source / relative
        name, shown = relative.as_posix(), _shown(relative)
        size = _regular_size(origin)
        if size is None:
            notes.append(f"{shown}: not a regular file; left out")
            continue
        if size > MAX_FILE or total + size > MAX_TOTAL:
            notes.append(f"{shown}: too large ({size / 2**20:.0f} MiB); left out")
            continue
        total += size
        data = _read(origin)
        if data is None:
            notes.append(f"{shown}: can't be read; left out")
            continue
        entry = name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(data).digest()
        contents.update(entry)
        if relative.suffix in CODE_ENDINGS:
            code.update(entry)
        target = destination / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    if too_many:
        notes.append(f"{too_many:,} more files: only {MAX_FILES:,} are taken; left out")
    for path in given:
        _lay_over(given_from / path, destination / path)
    return CodeView(destination, code.hexdigest(), contents.hexdigest(), tuple(notes))


def _files(source: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(source, followlinks=False):
        skipped = SKIPPED | UNSEEN if Path(folder) == source else SKIPPED
        wanted = [name for name in names if name not in skipped]
        links = [name for name in wanted if os.path.islink(os.path.join(folder, name))]
        names[:] = sorted(set(wanted) - set(links))
        for name in sorted(files + links):
            yield Path(folder, name).relative_to(source)


def _shown(path: Path) -> str:
    """A student's file name as text that fits in one line."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in path.as_posix())


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
    for place in (target, *target.parents) if origin.is_dir() else target.parents:
        if place.is_file():
            place.unlink()
    if origin.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for entry in sorted(origin.iterdir()):
            if entry.name not in SKIPPED:
                _lay_over(entry, target / entry.name)
        return
    if target.is_dir():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(origin, target)
    if origin.suffix == ".py":
        _unshadow(target)


def _unshadow(module: Path) -> None:
    """Removes what Python would import in a given module's place: a package or a library of its name."""
    package = module.with_suffix("")
    if package.is_dir():
        shutil.rmtree(package)
    for path in module.parent.iterdir():
        if path.name.startswith(f"{module.stem}.") and path.suffix in LIBRARY_ENDINGS and path.is_file():
            path.unlink()
