"""Reading files of a submission: regular ones inside of it, without following a link, up to a size."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path


class NotThere(Exception):
    """There is no such file to read; the message says why."""


def read_inside(root: Path, relative: str, most: int) -> bytes:
    """The bytes of a regular file below ``root``.

    ``relative`` has plain names between slashes. No part of it may be a link, so that nothing outside is ever opened.

    :raises NotThere: no such file, a link on the way, no regular file, more than ``most`` bytes.
    """
    names = relative.split("/")
    if any(name in ("", ".", "..") or "\0" in name for name in names):
        raise NotThere("there is no such file")
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        with _folder(root, names[:-1]) as folder:
            descriptor = _open(folder, names[-1], flags)
    except (OSError, ValueError):
        raise NotThere(_why(root, names)) from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotThere("it is a folder" if stat.S_ISDIR(found.st_mode) else "it is not a regular file")
        if found.st_size > most:
            raise NotThere(f"it has {found.st_size / 2**20:,.0f} MiB; at most {most / 2**20:,.0f} MiB are read")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most)
    except OSError as error:
        raise NotThere(f"it can't be read ({error.strerror})") from None
    finally:
        os.close(descriptor)


Folder = int | Path


@contextlib.contextmanager
def _folder(root: Path, names: list[str]) -> Iterator[Folder]:
    """The folder below ``root``, opened name by name; a path where the system can't do that."""
    if os.open not in os.supports_dir_fd:
        path = root
        for name in names:
            path /= name
            if path.is_symlink() or not path.is_dir():
                raise OSError(name)
        yield path
        return
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names:
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        yield descriptor
    finally:
        os.close(descriptor)


def _open(folder: Folder, name: str, flags: int) -> int:
    if isinstance(folder, int):
        return os.open(name, flags, dir_fd=folder)
    if (folder / name).is_symlink():
        raise OSError(name)
    return os.open(folder / name, flags)


def _why(root: Path, names: list[str]) -> str:
    """What is in the way, as far as plain names tell."""
    path = root
    for name in names:
        path /= name
        try:
            mode = path.lstat().st_mode
        except (OSError, ValueError):
            return _otherwise(path)
        if stat.S_ISLNK(mode):
            return f"{name} is a link"
    return "it can't be read"


def _otherwise(path: Path) -> str:
    """There is no such file; but perhaps one whose name differs in case."""
    try:
        alike = [entry.name for entry in os.scandir(path.parent) if entry.name.casefold() == path.name.casefold()]
    except (OSError, ValueError):
        alike = []
    return f"there is no such file; there is {alike[0]}, and case counts" if alike else "there is no such file"
