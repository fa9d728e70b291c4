"""Locking down one run: Landlock and seccomp, in the freshly forked process, before any of the student's code.

Landlock (Linux 5.13 and later) denies every path that is not listed, TCP, signals to other processes and abstract
sockets; seccomp allows the system calls that are listed in :mod:`.system_calls`, without sockets and without those by
which one process reaches into another or into the kernel. Both hold for the process and all that it starts, and can't
be lifted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graders.sandbox.guest import system_calls

# The kernel's files about the machine, and the process's own.
KERNEL_FILES = (
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems", "/proc/uptime",
    "/proc/loadavg", "/sys/devices/system/cpu", "/sys/devices/system/node",
)  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

_filters: list[bytes] = []


def prepare(config: dict[str, Any]) -> None:
    """Loads the libraries and builds the filter, in the server. :raises ImportError: if one can't be loaded."""
    if config.get("landlock"):
        # Made and dropped: what the library loads and computes at first, with a process of its own, every fork has.
        _rules(("/",), ("/",)).close()
    if config.get("seccomp"):
        # Compiled once, installed in every fork.
        _filters[:] = system_calls.compile_filters(bool(config.get("ignore_attributes")))


def apply(config: dict[str, Any], readable: Iterable[str], writable: Iterable[str]) -> None:
    """Locks down this process: it reads ``readable``, writes below ``writable``, and reaches nothing else.

    :raises OSError: if the kernel refuses; the run must not go on then.
    """
    if config.get("landlock"):
        _restrict_files(readable, writable)
    for each in _filters:
        system_calls.install(each)


def _restrict_files(readable: Iterable[str], writable: Iterable[str]) -> None:
    with _rules(readable, writable) as rules:
        rules.restrict()


def _rules(readable: Iterable[str], writable: Iterable[str]) -> Any:
    """The rules of a run, open and not in force."""
    from landlockpy import AccessFS, Ruleset, Scope

    of_files = AccessFS.READ_FILE | AccessFS.EXECUTE
    reading = of_files | AccessFS.READ_DIR
    devices = AccessFS.READ_FILE | AccessFS.WRITE_FILE
    special = AccessFS.MAKE_CHAR | AccessFS.MAKE_BLOCK | AccessFS.MAKE_SOCK | AccessFS.IOCTL_DEV
    rules = Ruleset(scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL)
    for path in (*readable, *KERNEL_FILES):
        if os.path.exists(path):  # noqa: PTH110 - unlike Path.exists, False if a folder above can't be passed
            rules.allow_path(path, reading if Path(path).is_dir() else of_files)
    for path in DEVICES:
        if os.path.exists(path):  # noqa: PTH110 - as above
            rules.allow_path(path, devices)
    for path in writable:
        rules.allow_path(path, rules.handled_fs & ~special)
    return rules
