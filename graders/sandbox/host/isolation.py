"""Isolation tiers: how a server is started, and how each run is locked down, with what a machine can enforce.

``strict``: bubblewrap's namespaces around the server, Landlock and seccomp around each run. ``confined``: the latter
alone, where namespaces are refused. ``bare``: a process of its own. As root, each run gets an unprivileged user of its
own, in every tier. :mod:`graders.sandbox.host.selection` takes a tier only after its self-check has passed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from graders.sandbox.host.users import Users

TIERS = ("strict", "confined", "bare")
# What the server needs, as root, to run code as another user, without any of these, to end it and to slow it down.
CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL", "CAP_SYS_NICE")
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
SYSTEM_CONFIG = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/fonts", "/etc/alternatives",
    "/etc/mime.types",
)  # fmt: skip
OPENED = Path(__file__).resolve().parents[1] / "guest" / "opened.py"
BARE_GAPS = (
    ("file system", "the student's code can read what the user who grades can read"),
    ("network", "the student's code can open connections"),
    ("processes", "the student's code can see and signal processes of the same user"),
)


@dataclass(frozen=True)
class MissingLayer:
    """A layer of protection that a tier does not have here, and why."""

    layer: str
    reason: str


@dataclass(frozen=True)
class Mounts:
    """What a server and its runs need of the file system: files and folders to read, and the folder to write below."""

    readable: tuple[Path, ...] = ()
    scratch: Path | None = None


@dataclass(frozen=True)
class Lockdown:
    """What locks down each run, in the process itself: see :mod:`graders.sandbox.guest.lockdown`.

    ``ignore_attributes``: changing the modes, owners and times of files does nothing, and says that it succeeded.
    """

    landlock: bool = False
    seccomp: bool = False
    ignore_attributes: bool = False

    @property
    def hides_files(self) -> bool:
        """Whether a run reads only the files that it is given."""
        return self.landlock


class Isolation(Protocol):
    """How the preloaded server is started, and how each run that is forked from it is locked down."""

    @property
    def tier(self) -> str:
        """``strict``, ``confined`` or ``bare``."""

    @property
    def missing(self) -> tuple[MissingLayer, ...]:
        """What this tier does not protect against on this machine."""

    @property
    def users(self) -> Users | None:
        """The users and groups that runs get, if they don't keep the grader's."""

    @property
    def lockdown(self) -> Lockdown:
        """What locks down each run."""

    def command(self, argv: Sequence[str], mounts: Mounts) -> list[str]:
        """The command that starts the server, ``argv``, within this tier."""

    def __hash__(self) -> int:
        """It is data that does not change."""


@dataclass(frozen=True)
class Bare:
    """A process of its own with limits, a clean environment and a whole-tree kill: not a security boundary."""

    tier: str = "bare"
    missing: tuple[MissingLayer, ...] = tuple(MissingLayer(*gap) for gap in BARE_GAPS)
    users: Users | None = None
    lockdown: Lockdown = Lockdown()

    def command(self, argv: Sequence[str], mounts: Mounts) -> list[str]:
        """``argv`` itself, where its runs' users can reach what they need."""
        return reachable(argv, mounts, self.users)


@dataclass(frozen=True)
class Confined:
    """Landlock and seccomp around each run."""

    tier: str = "confined"
    missing: tuple[MissingLayer, ...] = ()
    users: Users | None = None
    lockdown: Lockdown = Lockdown(landlock=True, seccomp=True, ignore_attributes=True)

    def command(self, argv: Sequence[str], mounts: Mounts) -> list[str]:
        """``argv`` itself, where its runs' users can reach what they need: each run is locked down."""
        return reachable(argv, mounts, self.users)


@dataclass(frozen=True)
class Strict:
    """Namespaces of its own for the server, and within them Landlock and seccomp around each run."""

    bwrap: str
    tier: str = "strict"
    missing: tuple[MissingLayer, ...] = ()
    users: Users | None = None
    lockdown: Lockdown = Lockdown(landlock=True, seccomp=True)

    def command(self, argv: Sequence[str], mounts: Mounts) -> list[str]:
        """Bubblewrap: an empty root with what is needed bound into it, read-only except the scratch folder."""
        words = [self.bwrap, "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        if self.users is None:
            words += ["--unshare-all", "--unshare-user", "--disable-userns"]
        else:
            # Not a user namespace: within one there would be no other user to run code as.
            words += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
            words += [word for each in CAPABILITIES for word in ("--cap-add", each)]
        words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - it is the server's own
        for folder in SYSTEM:
            if Path(folder).is_symlink():
                words += ["--symlink", str(Path(folder).readlink()), folder]
            else:
                words += ["--ro-bind-try", folder, folder]
        for folder in ("/etc", "/sys", "/sys/devices", "/sys/devices/system"):
            words += ["--perms", "0755", "--dir", folder]
        for name in (*SYSTEM_CONFIG, "/sys/devices/system/cpu", "/sys/devices/system/node"):
            words += ["--ro-bind-try", name, name]
        bound = dict.fromkeys((*python_paths(), *mounts.readable), "--ro-bind")
        if mounts.scratch is not None:
            bound[mounts.scratch] = "--bind"
        for path, kind in bound.items():
            # Folders above it, which bubblewrap makes, are open to everybody.
            for parent in reversed(path.parents[:-1]):
                words += ["--perms", "0755", "--dir", str(parent)]
            words += [kind, str(path), str(path)]
        return [*words, "--remount-ro", "/", "--chdir", "/", "--", *argv]


def python() -> str:
    """Python's path; without ``..``, since within a tier there need not be the folder that it leads out of."""
    path = Path(sys.executable)
    return str(path.parent.resolve() / path.name) if ".." in path.parts else sys.executable


def python_paths() -> list[Path]:
    """The folders of Python and its libraries, and of the scripts that run beside students' code."""
    prefixes = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    prefixes = {prefix for prefix in prefixes if ".." not in prefix.parts} | {prefix.resolve() for prefix in prefixes}
    prefixes.add(Path(os.path.realpath(sys.executable)).parents[1])
    inside = Path(__file__).resolve().parents[1] / "guest"
    # /usr holds the rest of the system and is bound already.
    return [inside, *sorted(prefix for prefix in prefixes if str(prefix) not in ("/", "/usr"))]


def reachable(argv: Sequence[str], mounts: Mounts, users: Users | None) -> list[str]:
    """The command ``argv``, by way of :mod:`graders.sandbox.guest.opened` if it needs what only root can reach."""
    places = {} if users is None else closed_places(mounts)
    if not places:
        return list(argv)
    needed = json.dumps([[str(top), [str(path) for path in paths]] for top, paths in places.items()])
    return [python(), "-I", str(OPENED), needed, *argv]


def closed_places(mounts: Mounts) -> dict[Path, list[Path]]:
    """The folders on the way to what runs need that only their owner can enter, and what that is, outer paths first."""
    needed = {path.resolve() for path in (*python_paths(), *mounts.readable)}
    needed |= {mounts.scratch.resolve()} if mounts.scratch is not None else set()
    places: dict[Path, list[Path]] = {}
    for path in sorted(filter(Path.exists, needed), key=lambda path: len(path.parts)):
        closed = [folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001]
        if closed and not any(path.is_relative_to(outer) for outer in places.get(closed[0], [])):
            places.setdefault(closed[0], []).append(path)
    return places


def system_paths() -> list[str]:
    """What every run may read: the system's programs and libraries, Python's, and a few settings."""
    return [*SYSTEM, *SYSTEM_CONFIG, *map(str, python_paths())]
