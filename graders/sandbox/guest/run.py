"""The process that gets the student's code: locks itself down, loads a driver, answers requests until the end.

The driver is a Python file of the grader's that defines ``OPERATIONS``: a dict from names to functions that take the
request's parameters as keywords and its arrays, and return ``(facts, arrays)``. Nothing that comes out of this process
is trusted: it is the student's word.
"""

from __future__ import annotations

import functools
import gc
import linecache
import os
import random
import re
import resource
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NoReturn

from graders.sandbox.guest import frameworks, lockdown, processes, wire

MAX_TEXT = 2000
MAX_FRAMES = 12
# Beyond what the supervisor allows: this stops a fork bomb before the supervisor sees it.
MORE_TASKS = 100
# A line of a stack, the blank line or the code below it: TensorFlow writes whole stacks into its messages.
STACK_LINE = re.compile(
    r'^([ \t]*)File "[^"\n]*", line \d+.*(?:\n|\Z)(?:[ \t]*\n|\1[ \t]+(?!File ")\S.*(?:\n|\Z))?', re.MULTILINE
)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def detach(spec: dict[str, Any], channel: int, stdout: int, stderr: int) -> None:
    """Leaves this process with its channel, its two pipes, the user of its run and the limits of its run."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    # High numbers first, so that nothing is overwritten before it is moved.
    copies = os.dup(channel), os.dup(stdout), os.dup(stderr)
    os.dup2(copies[1], 1)
    os.dup2(copies[2], 2)
    os.dup2(copies[0], 3)
    os.set_inheritable(3, False)
    os.closerange(4, 4096)
    limits = spec["limits"]
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, int(limits["file_size"]))
    _limit(resource.RLIMIT_CPU, int(limits["cpu_s"]) + 1)
    _limit(resource.RLIMIT_NOFILE, int(limits["descriptors"]))
    _limit(resource.RLIMIT_MSGQUEUE, 0)
    # Address space as a whole can't be limited: TensorFlow reserves far more than it uses.
    _limit(resource.RLIMIT_DATA, int(limits["memory"]) + (2 << 30))
    os.umask(0o077)
    if spec.get("user") is not None:
        processes.become(int(spec["user"]), most=int(limits["tasks"]) + MORE_TASKS)
    processes.drop_capabilities()
    processes.forbid_new_privileges()
    if spec.get("cores"):
        os.sched_setaffinity(0, spec["cores"])


def enter_workdir(spec: dict[str, Any]) -> None:
    """Makes the run's directory the only one that libraries think of: current, home and temporary directory."""
    workdir = Path(spec["workdir"])
    temporary = workdir / "tmp"
    temporary.mkdir(exist_ok=True)
    os.chdir(workdir)
    os.environ.clear()
    os.environ.update(spec["environment"])
    os.environ.update(HOME=str(workdir), TMPDIR=str(temporary))
    tempfile.tempdir = str(temporary)
    sys.argv = ["run"]
    sys.dont_write_bytecode = True
    sys.path[:0] = spec["paths"]
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115


def compile_driver(path: str) -> CodeType:
    """The driver file's code; a server compiles it once, and its forks have it. :raises OSError: if there is none."""
    state = Path(path).stat()
    return _compiled(path, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=16)
def _compiled(path: str, *_state: int) -> CodeType:
    return compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)


def load_driver(path: str) -> ModuleType:
    """The driver file as a module."""
    module = ModuleType("optgrade_driver")
    module.__file__ = path
    exec(compile_driver(path), vars(module))  # noqa: S102 - it is the grader's own
    return module


def _shorten(text: str) -> str:
    """At most ``MAX_TEXT`` of a message; a long one loses the stacks in it, for the reason comes after them."""
    if len(text) > MAX_TEXT:
        text = re.sub(r"\n\s*\n", "\n", STACK_LINE.sub("", text))
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " [cut]"


def describe(error: BaseException, roots: list[str]) -> dict[str, Any]:
    """What went wrong as plain data: type, message, and the frames in the student's own files, paths made relative."""
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        for root in roots:
            if frame.filename.startswith(root + os.sep):
                relative = frame.filename[len(root) + 1 :]
                frames.append({"file": relative, "line": frame.lineno or 0, "function": frame.name, "code": frame.line})
    if isinstance(error, SyntaxError) and error.filename:
        for root in roots:
            if error.filename.startswith(root + os.sep):
                place = error.filename[len(root) + 1 :]
                code = (error.text or "").strip()
                frames.append({"file": place, "line": error.lineno or 0, "function": "", "code": code})
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException:  # noqa: BLE001 - a student's __str__ may do anything
        message = "(its message can't be shown)"
    return {"type": type(error).__name__[:200], "message": _shorten(message), "frames": frames[-MAX_FRAMES:]}


def answer(driver: ModuleType, request: wire.Message, roots: list[str]) -> wire.Message:
    """Carries out one request; any exception becomes an answer."""
    try:
        operation = driver.OPERATIONS[request.body["operation"]]
        facts, arrays = operation(**request.body["parameters"], **request.arrays)
        return wire.Message({"facts": facts}, arrays)
    except BaseException as error:  # noqa: BLE001 - sys.exit and KeyboardInterrupt of a student's included
        return wire.Message({"error": describe(error, roots)})


def main(spec: dict[str, Any], channel_fd: int, stdout: int, stderr: int, preloaded: list[str]) -> NoReturn:
    """The run, from the fork to its end; never returns into the server's code."""
    code = 70
    try:
        detach(spec, channel_fd, stdout, stderr)
        enter_workdir(spec)
        random.seed(spec["seed"])
        if "tensorflow" in preloaded:
            frameworks.prepare(spec["seed"])
        linecache.clearcache()
        channel, decoder = socket.socket(fileno=3), wire.Decoder()
        driver = load_driver(spec["driver"])
        lockdown.apply(spec.get("lockdown", {}), spec.get("readable", ()), spec["writable"])
        # No code of the student's has run so far: whatever fails before this message is the grader's fault.
        wire.send(channel, wire.Message({"facts": {}}))
        while True:
            request = wire.receive(channel, decoder)
            if request is None or request.body.get("operation") == "stop":
                break
            wire.send(channel, answer(driver, request, spec["paths"]))
        # Files that the student left open are written when their objects go.
        gc.collect()
        sys.stdout.flush()
        sys.stderr.flush()
        code = 0
    except BaseException as error:  # noqa: BLE001 - the fork must end here, whatever happened
        os.write(2, f"run: {type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(code)
