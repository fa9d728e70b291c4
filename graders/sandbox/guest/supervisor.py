"""One run's supervisor: forks the process that gets the student's code, watches its limits, ends its whole tree.

It is forked from the preloaded server, is a subreaper, and holds a status socket that the student's process does
not. A byte on that socket from the grader, or its end, ends the run. Its last act is one JSON line that says how the
run ended.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from graders.sandbox.guest import processes, run
from graders.sandbox.guest.held_files import HeldFiles, HeldFilesWatch
from graders.sandbox.guest.priorities import FairShare

TICK_S = 0.05
# Between two looks at open files, if one takes no longer.
LOOK_S = 0.25


@dataclass
class Ending:
    """How a run ended: exit code or signal, and the limit that was crossed, if one was."""

    exit_code: int | None = None
    signal: int | None = None
    limit: str | None = None
    left_running: int = 0
    peak_memory: int = 0


def watch(child: int, status: socket.socket, spec: dict[str, Any], wake: int) -> Ending:
    """Waits until the child ends, the grader requests the end, or a limit is crossed; then ends the whole tree."""
    ending, limits = Ending(), spec["limits"]
    deadline = time.monotonic() + float(limits["wall_s"])
    holding = HeldFilesWatch(child, spec["writable"], int(limits["file_size"]))
    files, next_look, share = HeldFiles(), time.monotonic(), FairShare()
    running = True
    while running:
        ready, _, _ = select.select([status.fileno(), wake], [], [], TICK_S)
        if wake in ready:
            os.read(wake, 4096)
            running = not _collect(child, ending)
            if not running:
                break
        if status.fileno() in ready:
            ending.limit = "ended"
            break
        # All that is below this process, orphans included.
        tree = [pid for pid in processes.descendants([os.getpid()]) if pid != os.getpid()]
        memory = processes.resident(tree)
        if memory > limits["memory"] and 1 < len(tree) <= limits["processes"]:
            memory = processes.proportional(tree)
        ending.peak_memory = max(ending.peak_memory, memory)
        cpu_s, tasks = processes.usage(tree)
        if time.monotonic() >= next_look:
            started = time.monotonic()
            files = holding.look(tree)
            share.hold(tree)
            next_look = started + max(LOOK_S, 10 * (time.monotonic() - started))
        amounts = {
            "processes": len(tree),
            "memory": memory,
            "tasks": tasks,
            "open_files": files.count,
            "disk": files.nameless_bytes,
            "cpu_s": cpu_s + _collected_cpu_s(),
            "hiding": files.hiding,
        }
        ending.limit = next((name for name, amount in amounts.items() if amount > limits.get(name, 0)), None)
        if ending.limit is None and time.monotonic() > deadline:
            ending.limit = "wall"
        if ending.limit:
            break
    ending.left_running = processes.end_all_children()
    if running:
        # The child itself is among those that were ended.
        ending.left_running = max(0, ending.left_running - 1)
    return ending


def _collected_cpu_s() -> float:
    """CPU seconds of the processes that ended and were collected."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _collect(child: int, ending: Ending) -> bool:
    """Collects ended processes; True when the run's own process is among them."""
    ended = False
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return ended
        if pid == child:
            ended = True
            if os.WIFSIGNALED(status):
                ending.signal = os.WTERMSIG(status)
            else:
                ending.exit_code = os.WEXITSTATUS(status)


def main(spec: dict[str, Any], descriptors: list[int], preloaded: list[str]) -> NoReturn:
    """Runs one request to its end in this freshly forked process, and exits without any of the parent's clean-up."""
    code = 1
    try:
        status_fd, channel_fd, stdout_fd, stderr_fd = descriptors
        processes.die_with_parent()
        processes.become_subreaper()
        wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Should this process, or the server, or the grader be killed, the student's code does not run on.
            processes.die_with_parent()
            run.main(spec, channel_fd, stdout_fd, stderr_fd, preloaded)
        if spec.get("user") is not None:
            processes.see_as(int(spec["user"]))
        for descriptor in (channel_fd, stdout_fd, stderr_fd):
            os.close(descriptor)
        status = socket.socket(fileno=status_fd)
        ending = watch(child, status, spec, wake_read)
        line = {**vars(ending), "cpu_s": _collected_cpu_s()}
        status.sendall(json.dumps(line).encode() + b"\n")
        code = 0
    except BaseException as error:  # noqa: BLE001 - this process must not go on as a second server, whatever happened
        print(f"supervisor: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        os._exit(code)
