"""Finding the repository that a folder belongs to, and a private mirror of its objects for git to read.

The submission's ``.git`` is only looked at as files: HEAD, the refs, ``shallow``, and two lines of ``config``.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from graders.core.text import SHORT, plain_line

MAX_UP = 12
MAX_SMALL_FILE = 4 << 20
MAX_PACKS = 4000
MAX_BRANCHES = 1000
MAX_REF_DEPTH = 20
OBJECT_ID = re.compile(r"(?:[0-9a-f]{64}|[0-9a-f]{40})\Z")
_REF = re.compile(r"refs/[^\s\x00-\x1f]{1,500}\Z")
_FAN_OUT = tuple(f"{number:02x}" for number in range(256))


class NoRepository(Exception):
    """There is no usable repository: the reason, and in ``next`` what would fix it."""

    def __init__(self, reason: str, next_step: str) -> None:
        """Takes both texts, for people."""
        super().__init__(reason)
        self.next = next_step


@dataclass(frozen=True)
class Repository:
    """``top``: the working tree's folder; ``folder``: git's folder of this working tree; ``common``: the one with
    the objects, another for a linked worktree.
    """

    top: Path
    folder: Path
    common: Path


@dataclass(frozen=True)
class Mirror:
    """A folder of ours that git reads: ``head`` is the newest commit's id, ``boundary`` where a shallow clone ends.

    ``what`` it mirrors and ``fix``, should that turn out to be unreadable, are for people.
    """

    path: Path
    head: str
    boundary: tuple[str, ...]
    what: str = "the repository"
    fix: str = "Submit a clone for which `git fsck` reports no errors."


def find_repository(folder: Path) -> Repository:
    """The repository whose working tree holds ``folder``.

    :raises NoRepository: there is none, or it is one that belongs elsewhere.
    """
    folder = folder.resolve()
    for top in (folder, *folder.parents)[:MAX_UP]:
        marker = top / ".git"
        try:
            kind = marker.lstat().st_mode
        except OSError:
            continue
        if stat.S_ISDIR(kind) and (marker / "HEAD").is_file():
            return Repository(top, marker, _common(marker))
        if stat.S_ISREG(kind):
            admin = _linked(marker, top)
            return Repository(top, admin, _common(admin))
    raise NoRepository(
        "the submission is not in a git repository",
        "Submit the repository with its .git folder, or put a bundle into it: git bundle create history.bundle --all",
    )


def _linked(marker: Path, top: Path) -> Path:
    """The folder that a ``.git`` file names: a worktree's or a submodule's, if that folder names this one too."""
    first = _small_file(marker).partition("\n")[0].strip()
    elsewhere = NoRepository(
        "the .git file points to a repository that does not know this folder",
        "Submit a clone of the repository.",
    )
    if not first.startswith("gitdir:"):
        raise elsewhere
    admin = Path(os.path.normpath(top / first.removeprefix("gitdir:").strip()))
    if not admin.is_dir():
        raise NoRepository(
            "the .git file points to a missing folder: a worktree or submodule without its repository",
            "Submit a clone of the repository.",
        )
    back = _small_file(admin / "gitdir").strip()
    if back and _same(admin / back, marker):
        return admin
    tree = re.search(r"(?m)^[ \t]*worktree[ \t]*=[ \t]*(\S.*)$", _small_file(admin / "config"))
    if tree and _same(admin / tree.group(1).strip(), top):
        return admin
    raise elsewhere


def _common(admin: Path) -> Path:
    """A linked worktree names the repository that it belongs to."""
    named = _small_file(admin / "commondir").strip()
    if not named:
        return admin
    common = Path(os.path.normpath(admin / named))
    # A real one lies in <common>/worktrees/<name>; anything else might borrow another submission's objects.
    if common not in admin.parents or not (common / "objects").is_dir():
        raise NoRepository("the repository's commondir is not its own", "Submit a clone of the repository.")
    return common


def make_mirror(repository: Repository, path: Path) -> Mirror:
    """Lays out a repository at ``path`` that shares only the objects of ``repository``.

    :raises NoRepository: no commit yet, refs of an unknown kind, or objects that lie elsewhere.
    """
    objects = repository.common / "objects"
    if objects.is_symlink() or not objects.is_dir():
        raise NoRepository("the repository has no objects of its own", "Submit a clone of the repository.")
    if (objects / "info" / "alternates").is_file():
        raise NoRepository(
            "the repository borrows its objects from another folder (objects/info/alternates)",
            "Make it self-contained: git repack -a -d, then remove .git/objects/info/alternates.",
        )
    head = _head(repository)
    boundary = tuple(line for line in _small_file(repository.common / "shallow").split() if OBJECT_ID.match(line))
    init_mirror(path, head)
    if boundary:
        (path / "shallow").write_text("".join(f"{line}\n" for line in boundary))
    _share_objects(objects, path / "objects")
    return Mirror(path, head, boundary)


def init_mirror(path: Path, head: str) -> None:
    """An empty repository of ours at ``path``, for hashes of the kind that ``head`` is."""
    path.mkdir(parents=True)
    (path / "refs").mkdir()
    (path / "HEAD").write_text("ref: refs/heads/none\n")
    hashes = "[extensions]\n\tobjectFormat = sha256\n" if len(head) == 64 else ""
    version = 1 if hashes else 0
    (path / "config").write_text(f"[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{hashes}")


def _share_objects(source: Path, target: Path) -> None:
    """Links to regular packs and plain folders of loose objects, and to nothing else that may lie beside them."""
    pack = target / "pack"
    pack.mkdir(parents=True)
    for name in _FAN_OUT:
        if _is_folder(source / name) and _plain(source / name):
            (target / name).symlink_to(source / name, target_is_directory=True)
    if not _is_folder(source / "pack"):
        return
    with os.scandir(source / "pack") as entries:
        packs = [e for e in entries if e.name.endswith((".pack", ".idx")) and e.is_file(follow_symlinks=False)]
    for entry in packs[:MAX_PACKS]:
        (pack / entry.name).symlink_to(entry.path)


def _head(repository: Repository) -> str:
    """The id of the commit that is checked out; where that branch has none, of the only other branch."""
    text = _small_file(repository.folder / "HEAD").strip()
    if OBJECT_ID.match(text):
        return text
    branches = _branches(repository)
    name = text.removeprefix("ref:").strip()
    if name == "refs/heads/.invalid":
        raise NoRepository("the repository stores its refs as a reftable", "Run: git refs migrate --ref-format=files")
    if name in branches:
        return branches[name]
    others = set(branches.values())
    if len(others) == 1:
        return others.pop()
    if others:
        shown = plain_line(name, SHORT)
        raise NoRepository(f"the branch {shown!r} has no commit, and there are several others", "Check one out.")
    raise NoRepository("the repository has no commit", "Commit your work, step by step.")


def _branches(repository: Repository) -> dict[str, str]:
    """Full names of branches and the commits that they stand at; a loose ref beats a packed one."""
    found = {}
    for line in _small_file(repository.common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if OBJECT_ID.match(commit) and name.startswith("refs/heads/") and _REF.match(name):
            found[name] = commit
    heads = repository.common / "refs" / "heads"
    for folder, names, files in os.walk(heads, followlinks=False):
        # Each level is a call of its own.
        del names[50 if len(Path(folder).relative_to(heads).parts) < MAX_REF_DEPTH else 0 :]
        if len(found) > MAX_BRANCHES:
            break
        for name in files[:200]:
            text = _small_file(Path(folder, name)).strip()
            if OBJECT_ID.match(text):
                found["refs/heads/" + Path(folder, name).relative_to(heads).as_posix()] = text
    return found


def _small_file(path: Path) -> str:
    """The text of a regular file, "" where there is none; links are not followed."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_SMALL_FILE).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _plain(folder: Path) -> bool:
    """Whether there are only regular files in it: a link may lead to objects of somebody else's, a FIFO nowhere."""
    with os.scandir(folder) as entries:
        return all(entry.is_file(follow_symlinks=False) for entry in entries)


def _same(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return False
