"""A run's share of the processors: many busy processes of one run get no more of them than two of another run's."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Sequence

# Each step of a nice value is worth this factor of the share, and there are so many steps.
STEP, LOWEST = 1.25, 19
ENOUGH = 2
# Fewer threads than this are taken for one busy one: TensorFlow's own mostly wait.
FEW_THREADS = 8


class FairShare:
    """Lowers the priority of one run's processes by as much as they are more than ``ENOUGH``; never raises it."""

    def __init__(self) -> None:
        """A run begins with the usual one."""
        self.nice = 0

    def hold(self, pids: Sequence[int]) -> None:
        """Looks at how many of the run's threads want a processor now."""
        wanted = sum(map(_busy, pids))
        if wanted > ENOUGH:
            self.nice = max(self.nice, min(LOWEST, math.ceil(math.log(wanted / ENOUGH, STEP))))
        if self.nice:
            for pid in pids:
                for task in _tasks(pid):
                    with contextlib.suppress(OSError):
                        os.setpriority(os.PRIO_PROCESS, task, self.nice)


def _tasks(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def _busy(pid: int) -> int:
    """How many threads of a process run or could run."""
    tasks = _tasks(pid)
    if len(tasks) > FEW_THREADS:
        return sum(_runs(f"/proc/{pid}/task/{task}/stat") for task in tasks)
    return int(_runs(f"/proc/{pid}/stat"))


def _runs(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError:
        return False
    # The command's name, in brackets, may itself hold brackets and blanks.
    return text[text.rindex(b")") + 2 :].startswith(b"R")
