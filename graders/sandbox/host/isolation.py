"""Isolation tiers: one small seam between the sandbox and what a machine can enforce.

``strict``: bubblewrap's namespaces around the server, Landlock and seccomp around each run. ``confined``: the latter
alone, where namespaces are refused. ``bare``: a process of its own. As root, strict and confined run students' code as
an unprivileged user. :mod:`graders.sandbox.host.selection` takes a tier only after its self-check has passed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

TIERS = ("strict", "confined", "bare")
# What the server, as root, needs to make a run another user's, and to end it.
RIGHTS = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL")
SYSTEM = ("/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin")
SETTINGS = (
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/fonts", "/etc/alternatives",
    "/etc/mime.types",
)  # fmt: skip
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
    """What a server and its runs need of the file system: folders and files to read, and the one to write below."""

    readable: tuple[Path, ...] = ()
    scratch: Path | None = None


class Isolation(Protocol):
    """How the preloaded server is started, and the walls of each run that is forked from it."""

    @property
    def tier(self) -> str:
        """``strict``, ``confined`` or ``bare``."""

    @property
    def missing(self) -> tuple[MissingLayer, ...]:
        """What this tier does not protect against on this machine."""

    @property
    def user(self) -> int | None:
        """The user and group that runs get, where it is not that of the grader."""

    @property
    def walls(self) -> dict[str, Any]:
        """What ``graders.sandbox.guest.lockdown`` puts up around each run."""

    def command(self, argv: Sequence[str], places: Mounts) -> list[str]:
        """The command that starts ``argv`` inside this tier's walls."""


@dataclass(frozen=True)
class Bare:
    """A process of its own with limits, a clean environment and a whole-tree kill: not a security boundary."""

    tier: str = "bare"
    missing: tuple[MissingLayer, ...] = tuple(MissingLayer(*gap) for gap in BARE_GAPS)
    user: int | None = None
    walls: dict[str, Any] = field(default_factory=dict)

    def command(self, argv: Sequence[str], places: Mounts) -> list[str]:  # noqa: ARG002 - nothing is hidden here
        """``argv`` itself."""
        return list(argv)


@dataclass(frozen=True)
class Confined:
    """Landlock and seccomp around each run."""

    tier: str = "confined"
    missing: tuple[MissingLayer, ...] = ()
    user: int | None = None
    walls: dict[str, Any] = field(default_factory=lambda: {"landlock": True, "seccomp": True, "ignore_modes": True})

    def command(self, argv: Sequence[str], places: Mounts) -> list[str]:  # noqa: ARG002 - each run has its own walls
        """``argv`` itself: the walls are around each run."""
        return list(argv)


@dataclass(frozen=True)
class Strict:
    """Namespaces of its own for the server, and within them Landlock and seccomp around each run."""

    bwrap: str
    tier: str = "strict"
    missing: tuple[MissingLayer, ...] = ()
    user: int | None = None
    walls: dict[str, Any] = field(default_factory=lambda: {"landlock": True, "seccomp": True})

    def command(self, argv: Sequence[str], places: Mounts) -> list[str]:
        """Bubblewrap with nothing but what is needed bound into an empty root, read-only but for the scratch folder."""
        words = [self.bwrap, "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
        if self.user is None:
            words += ["--unshare-all", "--unshare-user", "--disable-userns"]
        else:
            # As root, without a user namespace, in which there would be no other user to become.
            words += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
            words += [word for right in RIGHTS for word in ("--cap-add", right)]
        words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - it is the server's own
        for place in SYSTEM:
            if Path(place).is_symlink():
                words += ["--symlink", str(Path(place).readlink()), place]
            else:
                words += ["--ro-bind-try", place, place]
        for path in ("/etc", "/sys", "/sys/devices", "/sys/devices/system"):
            words += ["--perms", "0755", "--dir", path]
        for path in (*SETTINGS, "/sys/devices/system/cpu", "/sys/devices/system/node"):
            words += ["--ro-bind-try", path, path]
        bound = dict.fromkeys((*interpreter(), *places.readable), "--ro-bind")
        if places.scratch is not None:
            bound[places.scratch] = "--bind"
        for folder, kind in bound.items():
            # Folders on the way, which nobody but bubblewrap made, are for everybody.
            for parent in reversed(folder.parents[:-1]):
                words += ["--perms", "0755", "--dir", str(parent)]
            words += [kind, str(folder), str(folder)]
        return [*words, "--remount-ro", "/", "--chdir", "/", "--", *argv]


def interpreter() -> list[Path]:
    """Where Python and its libraries lie, and the scripts that run beside students' code."""
    prefixes = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    prefixes |= {prefix.resolve() for prefix in prefixes}
    prefixes.add(Path(os.path.realpath(sys.executable)).parents[1])
    inside = Path(__file__).resolve().parents[1] / "guest"
    # A prefix that holds all the rest, such as /usr, is bound already.
    return [inside, *sorted(prefix for prefix in prefixes if str(prefix) not in ("/", "/usr"))]


def system_paths() -> list[str]:
    """What every run may read: the system's programs and libraries, Python's, and a few settings."""
    return [*SYSTEM, *SETTINGS, *map(str, interpreter())]
