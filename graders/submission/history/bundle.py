"""A history that came along as a file, made by ``git bundle create history.bundle --all``.

The bundle's few lines of text are read here. What follows them is a pack of objects: it is copied into a mirror of
ours, where git checks each byte of it while it makes an index. No ref of the bundle's is ever written.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from graders.submission.history.git import READ, GitFailed, run_git
from graders.submission.history.repository import OBJECT_ID, Mirror, NoRepository, init_mirror

BUNDLE = "history.bundle"
MAX_BUNDLE = 64 << 20
MAX_HEADER = 1 << 20
MAX_LINE = 1 << 16
_FIRST_LINES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_KNOWN = ("@object-format=", "@filter=")
_PACK = "objects/pack/pack-history.pack"
_CREATE = f"In a full clone, run: git bundle create {BUNDLE} --all"
_DAMAGED = f"{BUNDLE} is damaged: its list of branches is incomplete or invalid"


def has_bundle(folder: Path) -> bool:
    """Whether something in ``folder`` has a bundle's name, be it a bundle or not."""
    return os.path.lexists(folder / BUNDLE)


def mirror_bundle(folder: Path, path: Path) -> Mirror:
    """Lays out a repository at ``path`` that holds the objects of the bundle in ``folder``.

    :raises NoRepository: it is no bundle, a damaged one, or one that holds a part of its history only.
    """
    with _opened(folder / BUNDLE) as file:
        head = _newest(_refs(file))
        init_mirror(path, head)
        (path / _PACK).parent.mkdir(parents=True)
        with (path / _PACK).open("wb") as pack:
            _copy(file, pack)
    try:
        run_git(path, ["index-pack", "--threads=1", _PACK])
    except GitFailed as failed:
        raise NoRepository(f"{BUNDLE} is damaged or can't be read: {failed}", _CREATE) from None
    try:
        run_git(path, ["rev-list", "--quiet", head])
    except GitFailed as failed:
        raise NoRepository(f"{BUNDLE} does not contain the whole history: {failed}", _CREATE) from None
    return Mirror(path, head, (), BUNDLE, _CREATE)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file of a size that is read; links are not followed, and nobody waits for a FIFO."""
    no_file = NoRepository(f"{BUNDLE} is a link or can't be read", _CREATE)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        raise no_file from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise no_file
        if about.st_size > MAX_BUNDLE:
            raise _too_large()
        with open(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def _too_large() -> NoRepository:
    return NoRepository(
        f"{BUNDLE} is larger than {MAX_BUNDLE >> 20} MiB",
        "Remove models and data from the history (git filter-repo), then create the bundle again.",
    )


def _refs(file: BinaryIO) -> dict[str, str]:
    """The names in the bundle's header and the commits that they stand at; ``file`` is left where the pack begins."""
    first = file.readline(MAX_LINE)
    if first not in _FIRST_LINES:
        raise NoRepository(f"{BUNDLE} is {'not a git bundle' if first else 'empty'}", _CREATE)
    found: dict[str, str] = {}
    for line in iter(lambda: file.readline(MAX_LINE), b"\n"):
        text = line.decode("utf-8", "replace")
        if text.startswith("-"):
            raise NoRepository(f"{BUNDLE} is incomplete: it depends on commits that it does not contain", _CREATE)
        if not text.endswith("\n") or file.tell() > MAX_HEADER:
            raise NoRepository(_DAMAGED, _CREATE)
        if text.startswith("@"):
            if not text.startswith(_KNOWN):
                raise NoRepository(f"{BUNDLE} is of an unsupported kind", _CREATE)
            continue
        commit, _, name = text.rstrip("\n").partition(" ")
        if not OBJECT_ID.match(commit):
            raise NoRepository(_DAMAGED, _CREATE)
        found.setdefault(name, commit)
    return found


def _newest(refs: Mapping[str, str]) -> str:
    """The commit at HEAD; where the bundle has no HEAD, of the only branch, else of main or master."""
    branches = {name: commit for name, commit in refs.items() if name.startswith("refs/heads/")}
    named = [refs[name] for name in ("HEAD", "refs/heads/main", "refs/heads/master") if name in refs]
    if "HEAD" not in refs and len(set(branches.values())) == 1:
        return next(iter(branches.values()))
    if named:
        return named[0]
    if branches:
        raise NoRepository(f"{BUNDLE} has several branches, and none is HEAD, main or master", _CREATE)
    raise NoRepository(f"{BUNDLE} has no branch", _CREATE)


def _copy(file: BinaryIO, pack: BinaryIO) -> None:
    """The rest of ``file``, which may still be growing."""
    left = MAX_BUNDLE
    while data := file.read(READ):
        left -= len(data)
        if left < 0:
            raise _too_large()
        pack.write(data)
