"""What a worker keeps between submissions: a process that grades, with its servers, in its main thread."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
from typing import IO

from graders.core.errors import GraderError
from graders.core.paths import REPOSITORY

LENGTH = struct.Struct("<Q")
CHILD = "graders.cohort.engine.child"
CLOSING_S = 30


class GradingProcessDied(GraderError):
    """The process that graded ended without an answer."""


class GradingTookTooLong(GraderError):
    """The process that graded was stopped at the limit of time."""


class Workbench:
    """The grading process of a worker, started when it is first needed."""

    def __init__(self, scratch: str | None = None) -> None:
        """:param scratch: the folder for temporary files, None for the system's."""
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None

    def exchange(self, request: bytes, seconds: float) -> bytes:
        """Has the process answer a request.

        :raises GradingProcessDied: it ended instead. :raises GradingTookTooLong: it had not answered after so long.
        """
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        stopped = threading.Event()
        timer = threading.Timer(seconds, _stop, (process, stopped))
        timer.daemon = True
        timer.start()
        try:
            send(process.stdin, request)
            answer = receive(process.stdout)
        except OSError:
            answer = None
        finally:
            timer.cancel()
        if answer is None:
            self.close()
            if stopped.is_set():
                raise GradingTookTooLong(f"grading it took more than {seconds:,.0f} s and was stopped")
            raise GradingProcessDied(f"the process that graded it ended (exit code {process.returncode})")
        return answer

    def close(self) -> None:
        """Ends the process and its servers; the next request starts another one."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    continue
        try:
            process.wait(CLOSING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        if self._scratch is not None:
            environment["TMPDIR"] = self._scratch
        return subprocess.Popen(
            [sys.executable, "-m", CHILD],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )


def _stop(process: subprocess.Popen[bytes], stopped: threading.Event) -> None:
    stopped.set()
    process.kill()


def send(stream: IO[bytes], message: bytes) -> None:
    """Writes a message with its length. :raises OSError: nobody reads."""
    stream.write(LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Reads a message; None if the other side ended."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    message = stream.read(length)
    return message if len(message) == length else None
