"""What changes in a folder, by looking at it again and again.

Polling serves on every file system: the kernel's notifications say nothing of what another machine writes to a network
drive, or the host to a container's volume. A look at a submission takes some milliseconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

PAUSE_S, MOST_PAUSE_S = 0.4, 10.0
LOOKS = 20
"""How many times as long as a look the pause after it is at least: a slow drive is not kept busy."""
QUIET_S, MOST_WAIT_S = 0.3, 10.0
"""How long nothing may change before what was saved counts, and how long that is waited for at most."""
SKIPPED = frozenset({"__pycache__", "node_modules", "venv"})
TEMPORARY = ("~", ".swp", ".swx", ".tmp", ".part", ".pyc")
COMMITS = Path(".git", "logs", "HEAD")
"""Changes with each commit, which the git history is graded by; nothing else of a repository is looked at."""
MOST_DEPTH = 40

State = Mapping[str, tuple[int, ...]]
"""Files with their size, time and number on the drive."""


def look(folder: Path, without: Path | None = None) -> State:
    """The state of a folder, or of a file; empty if there is neither.

    Names that begin with a dot, and those that editors give to temporary files, are left out.

    :param without: a folder below, such as the reports'.
    """
    if not folder.is_dir():
        return dict(_described(folder.name, folder))
    # The folder counts, too: an empty one is graded otherwise than none.
    found = {f"{folder.name}/": (), **dict(_below(folder, "", without, MOST_DEPTH))}
    return found | dict(_described(COMMITS.as_posix(), folder / COMMITS))


def _below(folder: Path, prefix: str, without: Path | None, depth: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name = entry.name
        if name.startswith(".") or name in SKIPPED or name.endswith(TEMPORARY):
            continue
        path = Path(entry.path)
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
        except OSError:
            continue
        if not is_folder:
            yield from _described(f"{prefix}{name}", path)
        elif depth and path != without:
            yield from _below(path, f"{prefix}{name}/", without, depth - 1)


def _described(name: str, path: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    try:
        status = path.lstat()
    except OSError:
        return
    yield name, (status.st_size, status.st_mtime_ns, status.st_ino)


def changed(before: State, after: State) -> list[str]:
    """The files that differ, in order of name."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


class Watcher:
    """Waits for changes of a folder."""

    def __init__(
        self,
        folder: Path,
        without: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """:param without: a folder below it that does not count."""
        self._folder, self._without = folder, without
        self._clock, self._sleep = clock, sleep

    def look(self) -> State:
        """The state now."""
        return look(self._folder, self._without)

    def wait(self, before: State) -> State:
        """The state once it differs from an earlier one and has come to rest."""
        while True:
            began = self._clock()
            now = self.look()
            if now != before:
                return self._settled(now)
            self._sleep(min(max(PAUSE_S, LOOKS * (self._clock() - began)), MOST_PAUSE_S))

    def _settled(self, state: State) -> State:
        """The state when nothing has changed for a moment: many files may be saved at once, or one in several steps."""
        deadline = self._clock() + MOST_WAIT_S
        while self._clock() < deadline:
            self._sleep(QUIET_S)
            now = self.look()
            if now == state:
                return now
            state = now
        return state
