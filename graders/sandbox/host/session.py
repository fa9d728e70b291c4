"""One run, seen from the grader: requests go in, facts and arrays come out, and at the end no process is left."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from graders.core.errors import RunError, SandboxError, SourceLine
from graders.core.load import stretched
from graders.core.paths import REPOSITORY
from graders.core.removal import remove
from graders.core.text import captured_output
from graders.core.verdicts import Verdict
from graders.sandbox.guest import wire
from graders.sandbox.host.code_copy import NOTHING_COPIED, CodeCopy, CopySize
from graders.sandbox.host.limits import Limits
from graders.sandbox.host.output import Output

READ = 1 << 20
MAX_MESSAGE = 2000
# The largest honest reply, the input tensors of a few images, has a tenth of this; the grader stays small.
MAX_REPLY = 32 << 20
MAX_FRAMES = 12
OWN = str(REPOSITORY)
LIBRARIES = sysconfig.get_path("purelib")
MAX_STATUS = 1 << 16
STARTING_S = 60.0
ENDING_S = 30.0
STOPPING_S = 10.0
# Between two checks of what a run has written, if one takes no longer.
LOOK_S = 0.5
MEMORY_ERRORS = frozenset({"MemoryError", "ResourceExhaustedError", "_ArrayMemoryError"})
SIGNAL_NAMES = {6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 24: "SIGXCPU", 25: "SIGXFSZ"}


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One execution of code in the sandbox: ``driver`` is the grader's, ``code`` and ``paths`` may be the student's.

    ``code``: what is imported first, from a copy that the run may write to and that is removed at its end.
    ``paths``: folders that are imported from as well, and not written to.
    ``readable``: files and folders that it may read beside these, if the tier stops it from reading others.
    """

    name: str
    driver: Path
    paths: tuple[Path, ...]
    workdir: Path
    limits: Limits
    seed: int
    environment: Mapping[str, str]
    readable: tuple[Path, ...] = ()
    code: CodeCopy | None = None

    @property
    def import_paths(self) -> tuple[Path, ...]:
        """The folders that the run imports from, the first of them first."""
        return self.paths if self.code is None else (self.code.folder, *self.paths)

    @property
    def writable(self) -> tuple[Path, ...]:
        """The folders that the run may write to."""
        return (self.workdir,) if self.code is None else (self.workdir, self.code.folder)


@dataclass(frozen=True)
class Reply:
    """What an operation returned, as the run says; nothing in it can be trusted."""

    facts: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """How a run went, as its supervisor saw it: seconds, bytes, output, and the error that ended it, if one did."""

    name: str
    error: RunError | None
    wall_s: float
    cpu_s: float
    peak_memory: int
    output: str
    output_bytes: int
    left_running: int


class Session:
    """A run under way. Not to be shared between threads; :meth:`end` must be called."""

    def __init__(
        self,
        spec: RunSpec,
        channel: socket.socket,
        status: socket.socket,
        pipes: tuple[int, int],
        copied: CopySize = NOTHING_COPIED,
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Takes over the grader's ends of the run's sockets and pipes.

        :param copied: what the copy of the run's code held before the run started.
        :param on_end: called once no process of the run is left.
        """
        self.spec = spec
        self._copied = copied
        self._on_end = on_end
        self._channel = channel
        self._status = status
        self._started = time.monotonic()
        self._next_look = self._started + LOOK_S
        self._started_up = False
        self._decoder = wire.Decoder(MAX_REPLY)
        self._output = Output(spec.limits.output)
        self._status_line = bytearray()
        self._ending: dict[str, Any] | None = None
        self._error: RunError | None = None
        self._reply: wire.Message | None = None
        self._outgoing = memoryview(b"")
        self._selector = selectors.DefaultSelector()
        self._files = [open(pipe, "rb", buffering=0) for pipe in pipes]  # noqa: SIM115 - closed in end()
        channel.setblocking(False)
        self._selector.register(channel, selectors.EVENT_READ, "channel")
        self._selector.register(status, selectors.EVENT_READ, "status")
        for file in self._files:
            self._selector.register(file, selectors.EVENT_READ, "output")

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        arrays: Mapping[str, NDArray[Any]] | None = None,
        timeout_s: float | None = None,
    ) -> Reply:
        """Lets the run carry out one operation of its driver.

        :raises RunError: if the code raised, ran out of time or memory, or ended its process.
        :raises SandboxError: if the sandbox itself broke.
        """
        if self._error is not None:
            raise self._error
        if not self._started_up:
            self._await_start()
        body = {"operation": operation, "parameters": dict(parameters or {})}
        limit = timeout_s or self.spec.limits.wall_s
        left = self._time_left()
        self._send(wire.Message(body, dict(arrays or {})))
        message = self._await_reply(min(limit, left), limit if limit < left else self.spec.limits.wall_s)
        if "error" in message.body:
            raise self._raised(message.body["error"])
        facts = message.body.get("facts")
        return Reply(facts if isinstance(facts, dict) else {}, message.arrays)

    def end(self) -> RunRecord:
        """Ends the run, first by a request, then by killing its whole process tree; its record."""
        if self._ending is None and self._error is None:
            try:
                self._send(wire.Message({"operation": "stop"}))
                self._pump_until(lambda: self._ending is not None, STOPPING_S)
            except RunError:
                pass
        if self._ending is None:
            self._kill()
        self._selector.close()
        for file in self._files:
            file.close()
        self._channel.close()
        self._status.close()
        if self.spec.code is not None:
            remove(self.spec.code.folder)
        self._on_end()
        ending = self._ending or {}
        return RunRecord(
            name=self.spec.name,
            error=self._error,
            wall_s=time.monotonic() - self._started,
            cpu_s=float(ending.get("cpu_s", 0.0)),
            peak_memory=int(ending.get("peak_memory", 0)),
            output=self._without_paths(self._output.text()),
            output_bytes=self._output.total,
            left_running=int(ending.get("left_running", 0)),
        )

    def _await_start(self) -> None:
        """Waits until the run is locked down and has loaded its driver; no code of the student's runs before that."""
        try:
            self._await_reply(stretched(STARTING_S), STARTING_S)
        except RunError as error:
            last = (self._output.text().strip().splitlines() or ["no message"])[-1]
            raise SandboxError(f"run {self.spec.name} could not be started: {error.message} ({last})") from None
        self._started_up = True

    def _time_left(self) -> float:
        return max(0.0, self.spec.limits.wall_s - (time.monotonic() - self._started))

    def _send(self, message: wire.Message) -> None:
        self._outgoing = memoryview(wire.encode(message))
        self._selector.modify(self._channel, selectors.EVENT_READ | selectors.EVENT_WRITE, "channel")

    def _await_reply(self, timeout_s: float, limit_s: float) -> wire.Message:
        """The next message. :param limit_s: the limit that the message names if the time runs out."""
        finished = self._pump_until(lambda: self._reply is not None or self._ending is not None, timeout_s)
        if self._reply is not None:
            message, self._reply = self._reply, None
            return message
        if not finished:
            self._error = RunError(Verdict.TIMEOUT, f"not finished within {limit_s:.0f} s; it was stopped")
            self._kill()
        if self._error is None:
            self._error = self._explain_ending()
        raise self._error

    def _explain_ending(self) -> RunError:
        ending = self._ending or {}
        limits = self.spec.limits
        limit, number = ending.get("limit"), ending.get("signal")
        if limit == "memory":
            size = limits.memory / 2**20
            return RunError(Verdict.OUT_OF_MEMORY, f"used more than the {size:,.0f} MiB of memory that a run may use")
        if limit == "processes":
            return RunError(Verdict.CRASHED, f"started more than the {limits.processes} processes that a run may have")
        if limit == "open_files":
            return RunError(Verdict.CRASHED, f"had more than the {limits.open_files:,} open files that a run may have")
        if limit == "disk":
            return RunError(Verdict.CRASHED, f"wrote more than the {limits.disk / 2**20:,.0f} MiB that a run may write")
        if limit == "hiding":
            return RunError(Verdict.CRASHED, "started a program that can't be read, which hides its open files")
        if limit == "tasks":
            return RunError(Verdict.CRASHED, f"started more than the {limits.tasks} threads that a run may have")
        if limit == "wall":
            return RunError(Verdict.TIMEOUT, f"not finished within {limits.wall_s:.0f} s; it was stopped")
        if limit == "cpu_s" or number == 24:
            return RunError(Verdict.TIMEOUT, f"used more than the {limits.cpu_s:.0f} s of CPU time that a run may use")
        if number is not None:
            return RunError(Verdict.CRASHED, f"the process was ended by {SIGNAL_NAMES.get(number, f'signal {number}')}")
        code = ending.get("exit_code")
        return RunError(Verdict.CRASHED, f"the code ended its own process (exit code {code}) before it was done")

    def _pump_until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._check_disk()
            for key, events in self._selector.select(min(left, LOOK_S)):
                # One that came earlier in this round may have closed this one.
                if key.fileobj in self._selector.get_map():
                    self._handle(key.data, key.fileobj, events)
        return True

    def _check_disk(self) -> None:
        """Ends a run that fills the disk: nothing but the grader sees what all of its processes have written."""
        started = time.monotonic()
        if started < self._next_look or self._ending is not None or self._error is not None:
            return
        limits = self.spec.limits
        most_bytes, most_files = limits.disk + self._copied.disk, limits.files + self._copied.files
        size, count = written(self.spec.writable, most_bytes, most_files)
        now = time.monotonic()
        self._next_look = now + max(LOOK_S, 10 * (now - started))
        if size > most_bytes:
            text = f"wrote more than the {limits.disk / 2**20:,.0f} MiB that a run may write"
        elif count > most_files:
            text = f"wrote more than the {limits.files:,} files that a run may write"
        else:
            return
        self._error = RunError(Verdict.CRASHED, text)
        self._kill()

    def _handle(self, kind: str, source: Any, events: int) -> None:
        if kind == "output":
            data = source.read(READ)
            if data:
                self._output.write(data)
            else:
                self._selector.unregister(source)
        elif kind == "status":
            self._take_status(source.recv(READ))
        else:
            if events & selectors.EVENT_WRITE:
                self._write_more()
            if events & selectors.EVENT_READ:
                self._take_reply()

    def _write_more(self) -> None:
        try:
            sent = self._channel.send(self._outgoing[:READ])
        except (BrokenPipeError, ConnectionResetError):
            sent = len(self._outgoing)
        except BlockingIOError:
            return
        self._outgoing = self._outgoing[sent:]
        if not self._outgoing:
            self._selector.modify(self._channel, selectors.EVENT_READ, "channel")

    def _take_reply(self) -> None:
        try:
            data = self._channel.recv(READ)
            if data:
                self._reply = self._decoder.feed(data)
                return
        except BlockingIOError:
            return
        except ConnectionResetError:
            pass
        except wire.WireError as error:
            message = f"something other than the runner wrote to the results channel: {error}"
            self._error = RunError(Verdict.TAMPERED, message)
            # Nothing more is read from it: the killing below waits in the same loop.
            self._selector.unregister(self._channel)
            self._kill()
            return
        self._selector.unregister(self._channel)

    def _take_status(self, data: bytes) -> None:
        self._status_line += data[:MAX_STATUS]
        if data and b"\n" not in self._status_line:
            return
        self._selector.unregister(self._status)
        try:
            self._ending = json.loads(bytes(self._status_line))
        except ValueError:
            self._ending = {"signal": 9}
        # What the pipes still hold was written before the end.
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            ready = [key for key, _ in self._selector.select(0) if key.data == "output"]
            if not ready:
                break
            for key in ready:
                self._handle("output", key.fileobj, selectors.EVENT_READ)

    def _kill(self) -> None:
        """Has the supervisor end the run's whole process tree, and waits until it has."""
        if self._ending is not None:
            return
        with contextlib.suppress(OSError):
            self._status.send(b"x")
        if not self._pump_until(lambda: self._ending is not None, ENDING_S):
            raise SandboxError(f"the processes of run {self.spec.name} could not be ended within {ENDING_S:.0f} s")

    def _without_paths(self, text: str) -> str:
        """Text without this machine's folders, which mean nothing to a student and differ from run to run."""
        text = text.replace(str(self.spec.workdir), "(workdir)")
        for path in self.spec.import_paths:
            text = text.replace(f"{path}/", "").replace(str(path), "(submission)")
        for path in sorted(self.spec.readable, key=lambda each: -len(str(each))):
            text = text.replace(str(path), f"({path.name})")
        return text.replace(f"{LIBRARIES}/", "").replace(f"{OWN}/", "").replace(OWN, "(grader)")

    def _raised(self, error: Any) -> RunError:
        """The student's exception, as the run reports it."""
        if not isinstance(error, dict):
            return RunError(Verdict.TAMPERED, "the runner's answer is not one that the runner gives")
        exception = captured_output(str(error.get("type", "Exception"))[:200])
        message = str(error.get("message", ""))[:MAX_MESSAGE]
        message = self._without_paths(captured_output(message)).strip()
        frames = error.get("frames")
        places = []
        for frame in frames[:MAX_FRAMES] if isinstance(frames, list) else []:
            if isinstance(frame, dict) and isinstance(frame.get("line"), int):
                code = captured_output(str(frame.get("code") or "")[:200])
                places.append(SourceLine(captured_output(str(frame.get("file", ""))[:300]), frame["line"], code))
        verdict = Verdict.OUT_OF_MEMORY if exception in MEMORY_ERRORS else Verdict.FAILED
        if exception in ("SystemExit", "KeyboardInterrupt"):
            text = f"the code raised {exception} instead of finishing"
        else:
            text = f"{exception}: {message}" if message else exception
        return RunError(verdict, text, places, exception=exception)


def written(folders: Sequence[Path], most_bytes: int, most_files: int) -> tuple[int, int]:
    """Bytes on the disk, and files and folders, below some folders; counting stops if either is over its bound."""
    size = count = 0
    waiting = [str(folder) for folder in folders]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    count += 1
                    if size > most_bytes or count > most_files:
                        return size, count
                    with contextlib.suppress(OSError):
                        size += entry.stat(follow_symlinks=False).st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
        except OSError:
            continue  # It was removed meanwhile.
    return size, count
