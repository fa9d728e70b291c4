"""The view of a submission that its runs see: a copy of the student's files with the starter code laid over it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.core.errors import SubmissionError
from graders.core.text import plain_line
from graders.submission import limits
from graders.submission.discovery import SKIPPED

# No longer than leaves room for the place that a file is copied to.
MAX_NAME, MAX_PATH = 1024, 2048
# The file by which Python recognises a virtual environment.
ENVIRONMENT = "pyvenv.cfg"
CODE_ENDINGS = (".py", ".ipynb")
# What people read and no run needs: a change of it changes nothing that is graded by running.
UNSEEN = frozenset({"summaries"})
LIBRARY_ENDINGS = (".so", ".pyd", ".pyc")
READ = 1 << 20


@dataclass(frozen=True)
class Overlay:
    """``root``: the folder that runs import from. ``digest``: sha256 over the student's code. ``notes``: what was
    left out, a line each. ``files``: the sha256 of each of the student's files that is in there as it was submitted.
    ``empty_folders``: the student's folders without anything in them, which code may want to write to.
    """

    root: Path
    digest: str
    notes: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    empty_folders: tuple[str, ...] = ()


def build_overlay(source: Path, given: Mapping[str, Path], destination: Path) -> Overlay:
    """Copies the regular files below ``source``, then starter code over them.

    :param given: files and folders of the starter code, by their paths in the submission.

    Links, devices, very large files and what no run needs (``.git``, caches, environments, summaries) are left out;
    the notes say which of the first three.

    :raises SubmissionError: for more files, or more bytes, than a submission may have.
    """
    notes: list[str] = []
    code = hashlib.sha256()
    files: dict[str, str] = {}
    folders: list[Path] = []
    total = 0
    destination.mkdir(parents=True)
    found_files = list(_files(source, notes, folders))
    _require_few(found_files)
    for relative in found_files:
        origin = source / relative
        name, shown = relative.as_posix(), _shown(relative)
        size = _regular_size(origin)
        if size is None:
            notes.append(f"{shown}: not a regular file; skipped")
            continue
        if size > limits.MAX_FILE:
            notes.append(f"{shown}: too large ({size / 2**20:.0f} MiB); skipped")
            continue
        total += size
        if total > limits.MAX_TOTAL:
            raise SubmissionError(_too_much(f"{limits.MAX_TOTAL / limits.MEBI:,.0f} MiB", relative))
        data = _read(origin)
        if data is None:
            notes.append(f"{shown}: can't be read; skipped")
            continue
        found = hashlib.sha256(data)
        files[name] = found.hexdigest()
        if relative.suffix in CODE_ENDINGS:
            code.update(name.encode("utf-8", "surrogateescape") + b"\0" + found.digest())
        target = destination / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    for folder in folders:
        (destination / folder).mkdir(parents=True, exist_ok=True)
    empty = tuple(folder.as_posix() for folder in folders if not any((destination / folder).iterdir()))
    for path, origin in given.items():
        _lay_over(origin, destination / path)
    student_files = {
        name: sha for name, sha in files.items() if (destination / name).is_file() and not _laid_over(name, given)
    }
    return Overlay(destination, code.hexdigest(), tuple(notes), student_files, empty)


def _require_few(files: list[Path]) -> None:
    if len(files) > limits.MAX_FILES:
        fullest, _ = Counter(file.parent for file in files).most_common(1)[0]
        raise SubmissionError(_too_much(f"{limits.MAX_FILES:,} files", fullest))


def _too_much(limit: str, where: Path) -> str:
    place = plain_line(_shown(where), 120)
    return f"the submission has more than {limit}, which is the limit (see {place}); remove data sets and environments"


def _laid_over(name: str, given: Mapping[str, Path]) -> bool:
    """Whether a file of the starter code has taken a student's file's place."""
    return any(
        origin.exists() if name == path else name.startswith(f"{path}/") and (origin / name[len(path) + 1 :]).exists()
        for path, origin in given.items()
    )


def _files(source: Path, notes: list[str], entered: list[Path]) -> Iterator[Path]:
    """Everything below ``source`` that is no folder, folder by folder, in order.

    ``notes`` get what is not looked into, ``entered`` the folders that are.

    Not os.walk, which calls itself for each level, and ends there where folders lie in folders a thousand times.
    """
    waiting, folders = [Path()], 0
    while waiting:
        folder = waiting.pop()
        folders += 1
        if folders > limits.MAX_FOLDERS:
            notes.append(f"more than {limits.MAX_FOLDERS:,} folders; the rest is skipped")
            return
        names, inner = _entries(source / folder, SKIPPED if folder.parts else SKIPPED | UNSEEN)
        if folder.parts and ENVIRONMENT in names:
            continue
        entered.append(folder)
        for name in names:
            yield folder / name
        for name in inner:
            if len(folder.parts) < limits.MAX_DEPTH and len(os.fsencode(folder / name)) <= MAX_NAME:
                waiting.append(folder / name)
            else:
                notes.append(f"{_shown(folder / name)[:120]}: too deep; skipped")


def _entries(folder: Path, skipped: frozenset[str]) -> tuple[list[str], list[str]]:
    """The names of what is no folder, and those of folders in reverse, without what is skipped."""
    try:
        with os.scandir(folder) as found:
            wanted = (entry for entry in found if not (entry.name in skipped and entry.is_dir()))
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in wanted]
    except OSError:
        return [], []
    names = sorted(name for name, inner in entries if not inner and len(os.fsencode(folder / name)) < MAX_PATH)
    return names, sorted((name for name, inner in entries if inner), reverse=True)


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
        return file.read(limits.MAX_FILE)


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
