"""Process trees on Linux: ancestry, resource use, and how to end all of a tree."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import time
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITY_VERSION = 0x20080522
TICKS = os.sysconf("SC_CLK_TCK")
# Of pages that were only read there are none to count, but of what finds them there are.
PAGE_TABLES = b"VmPTE:"

_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> bool:
    return bool(_libc.prctl(option, value, 0, 0, 0) == 0)


def die_with_parent() -> None:
    """Lets the kernel kill this process when its parent ends."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def become_subreaper() -> bool:
    """Makes orphans among this process's descendants its own children, so that none escapes."""
    return _prctl(PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> bool:
    """No set-uid program gives this process or its children more rights than they have."""
    return _prctl(PR_SET_NO_NEW_PRIVS, 1)


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


def drop_capabilities() -> None:
    """Gives up every capability, whatever the user, and with them those that a program could be started with.

    :raises OSError: if one is left.
    """
    for capability in range(64):
        # The system refuses numbers above its last, and all of them to a process that has none to give up.
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    _libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    _libc.capset(ctypes.byref(_CapHeader(CAPABILITY_VERSION, 0)), (ctypes.c_uint32 * 6)())
    with open("/proc/self/status", "rb") as file:
        held = [line.split() for line in file if line.startswith((b"CapInh:", b"CapPrm:", b"CapEff:", b"CapAmb:"))]
    if len(held) != 4 or any(int(value, 16) for _, value in held):
        raise OSError(errno.EPERM, "the run's capabilities can't be given up")


def become(user: int, most: int) -> None:
    """Changes this process to a user and group of that number, with no other groups and at most ``most`` processes.

    :raises OSError: if the process may not do so.
    """
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    # The kernel resets both when a process changes its user; without the second, /proc/self is root's.
    die_with_parent()
    _prctl(PR_SET_DUMPABLE, 1)


def see_as(user: int) -> None:
    """Opens files as that user, such as those of its processes in /proc; this process stays what it is otherwise."""
    _libc.setfsgid(user)
    _libc.setfsuid(user)


@dataclass(frozen=True)
class Stat:
    """A line of /proc: parent, whether the process has ended, its CPU seconds with those of its ended children, and
    its threads.
    """

    parent: int
    zombie: bool
    cpu_s: float
    threads: int


def _stat(pid: str) -> Stat | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return None
    # The command's name, in brackets, may itself hold brackets and blanks.
    fields = text[text.rindex(b")") + 2 :].split()
    return Stat(int(fields[1]), fields[0] == b"Z", sum(map(int, fields[11:15])) / TICKS, int(fields[17]))


def _parents() -> dict[int, int]:
    table = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            found = _stat(entry)
            if found is not None and not found.zombie:
                table[int(entry)] = found.parent
    return table


def children(pid: int) -> list[int]:
    """The living children of a process."""
    return [child for child, parent in _parents().items() if parent == pid]


def descendants(roots: list[int]) -> list[int]:
    """The living processes below the roots, and the roots themselves, if they live."""
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
    """Ends the roots and all below them; they are stopped first, so that none forks meanwhile."""
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
    alive: set[int] = set()
    if _collected_all():
        return 0
    while True:
        own = children(os.getpid())
        alive.update(descendants(own))
        kill_tree(own)
        # Killed processes need a moment to become collectable. One that forks and exits over and over is gone from
        # every scan of all processes; it is caught here, where little time passes between the look and the signal.
        for _ in range(100):
            _signal_all(_direct_children(), signal.SIGKILL)
            if _collected_all():
                return len(alive)
            time.sleep(0.001)


def _direct_children() -> list[int]:
    pid = os.getpid()
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return children(pid)


def _collected_all() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def usage(pids: list[int]) -> tuple[float, int]:
    """CPU seconds that the processes, and their children that have ended, have used; and their threads."""
    found = [each for each in map(_stat, map(str, pids)) if each is not None]
    return sum(each.cpu_s for each in found), sum(each.threads for each in found)


def resident(pids: list[int]) -> int:
    """Bytes of memory that the processes hold, shared memory and tables of pages included, without pages of files.

    What several of them share, such as what a fork has not changed yet, counts for each.
    """
    return sum(_table_bytes(pid, "status", (b"RssAnon:", b"RssShmem:", PAGE_TABLES)) or 0 for pid in pids)


def proportional(pids: list[int]) -> int:
    """As :func:`resident`, but what n processes share counts as an n-th for each; it takes longer to read."""
    total = 0
    for pid in pids:
        share = _table_bytes(pid, "smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:"))
        # A process can close this table to others, but not the one that `resident` reads.
        tables = _table_bytes(pid, "status", (PAGE_TABLES,)) or 0
        total += resident([pid]) if share is None else share + tables
    return total


def _table_bytes(pid: int, table: str, names: tuple[bytes, ...]) -> int | None:
    """The sum of these rows of a process's table, which are given in KiB; None if there are no such rows to read."""
    try:
        with open(f"/proc/{pid}/{table}", "rb") as file:
            rows = [int(line.split()[1]) for line in file if line.startswith(names)]
    except OSError:
        return None
    return sum(rows) * 1024 if rows else None
