"""Process trees on Linux: who descends from whom, how much they use, and how all of them are ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PAGE = os.sysconf("SC_PAGE_SIZE")

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> bool:
    return bool(_libc.prctl(option, value, 0, 0, 0) == 0)


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent ends."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def become_subreaper() -> bool:
    """Makes orphans among this process's descendants its own children, so that none gets away."""
    return _prctl(PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> bool:
    """No set-uid program gives this process or its children more rights than they have."""
    return _prctl(PR_SET_NO_NEW_PRIVS, 1)


@dataclass(frozen=True)
class Stat:
    """A line of /proc: parent, and whether the process still runs."""

    parent: int
    zombie: bool


def _stat(pid: str) -> Stat | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The command's name, in brackets, may itself hold brackets and blanks.
    fields = text[text.rindex(b")") + 2 :].split()
    return Stat(parent=int(fields[1]), zombie=fields[0] == b"Z")


def _parents() -> dict[int, int]:
    table = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat is not None and not stat.zombie:
                table[int(entry)] = stat.parent
    return table


def children(pid: int) -> list[int]:
    """The living children of a process."""
    return [child for child, parent in _parents().items() if parent == pid]


def descendants(roots: list[int]) -> list[int]:
    """The living processes below the roots, the roots themselves included where they live."""
    parents = _parents()
    below: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        below.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in parents:
            found.append(pid)
        waiting += below.get(pid, [])
    return found


def _signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def kill_tree(roots: list[int]) -> None:
    """Ends the roots and all below them; they are stopped first, so that none forks away meanwhile."""
    seen: set[int] = set()
    for _ in range(50):
        alive = descendants(roots)
        if set(alive) <= seen:
            break
        _signal_all(alive, signal.SIGSTOP)
        seen |= set(alive)
    _signal_all(sorted(seen), signal.SIGKILL)


def end_all_children() -> int:
    """Kills and collects everything below this process, a subreaper; how many processes were still alive."""
    alive = 0
    while True:
        own = children(os.getpid())
        if own:
            alive += len(descendants(own))
            kill_tree(own)
        try:
            while os.waitpid(-1, os.WNOHANG if own else 0)[0]:
                pass
        except ChildProcessError:
            return alive
        if own:
            # Killed processes need a moment to become collectable.
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return alive


def resident(pids: list[int]) -> int:
    """Bytes of memory that the processes hold, pages of files not counted."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/statm", "rb") as file:
                fields = file.read().split()
        except OSError:
            continue
        total += (int(fields[1]) - int(fields[2])) * PAGE
    return total
