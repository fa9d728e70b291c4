"""What a run's processes hold open: their descriptors, and files without a name, which no listing of folders shows."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The run's own process hides its descriptors until it has become the run's user; later on nothing honest does.
MAY_START_S = 60.0
MAY_HIDE_S = 1.0
DELETED = b" (deleted)"


@dataclass(frozen=True)
class HeldFiles:
    """How many descriptors there are, the bytes of files without a name, and how many processes hide both."""

    count: int = 0
    nameless_bytes: int = 0
    hiding: int = 0


class HeldFilesWatch:
    """Looks at the processes of one run, again and again.

    A file that was unlinked, mapped and closed is known by its number alone; its size is the one that was seen while
    it was open, or else the largest that a file may have. A program that can be executed and not read hides its
    descriptors and maps; it is counted if there always is one for a while.
    """

    def __init__(self, first: int, folders: Sequence[str], largest: int) -> None:
        """:param first: the run's own process. :param folders: what it writes to. :param largest: bytes of a file."""
        self._first = first
        self._folders = tuple(os.fsencode(folder) + b"/" for folder in folders)
        self._largest = largest
        self._sizes: dict[int, int] = {}
        self._none_hides_until = time.monotonic()
        self._first_seen = False

    def look(self, pids: Sequence[int]) -> HeldFiles:
        """What the processes hold now; those that have ended meanwhile hold nothing."""
        count, hidden = 0, []
        nameless: dict[int, int] = {}
        mapped: set[int] = set()
        for pid in pids:
            try:
                names = os.listdir(f"/proc/{pid}/fd")
            except OSError as error:
                if isinstance(error, PermissionError) and _has_memory(pid):
                    hidden.append(pid)
                continue
            count += len(names)
            nameless |= _nameless(pid, names)
            mapped |= self._mapped(pid)
            self._first_seen |= pid == self._first
        self._sizes = {file: self._sizes.get(file, self._largest) for file in mapped} | nameless
        return HeldFiles(count, sum(self._sizes.values()), self._hiding(hidden))

    def _mapped(self, pid: int) -> set[int]:
        """The numbers of the files in the run's folders that the process has mapped, and that have no name any more."""
        try:
            with open(f"/proc/{pid}/maps", "rb") as file:
                rows = [line.split(None, 5) for line in file if line.endswith(DELETED + b"\n")]
        except OSError:
            return set()
        return {int(row[4]) for row in rows if len(row) == 6 and row[5].startswith(self._folders)}

    def _hiding(self, hidden: Sequence[int]) -> int:
        now = time.monotonic()
        if not hidden:
            self._none_hides_until = now
        starting = not self._first_seen and list(hidden) == [self._first]
        return len(hidden) if now - self._none_hides_until > (MAY_START_S if starting else MAY_HIDE_S) else 0


def _has_memory(pid: int) -> bool:
    """Whether a process has not given up its memory, which it does when it ends."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return not file.read().startswith(b"0 ")
    except OSError:
        return False


def _nameless(pid: int, names: Sequence[str]) -> dict[int, int]:
    """The bytes on the disk of the files among a process's descriptors that have no name any more, by number."""
    found = {}
    for name in names:
        with contextlib.suppress(OSError):
            file = Path(f"/proc/{pid}/fd/{name}").stat()
            if stat.S_ISREG(file.st_mode) and file.st_nlink == 0:
                found[file.st_ino] = file.st_blocks * 512
    return found
