"""The loop: a quick look, then another one whenever something was saved, on the same servers, until Ctrl-C."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graders.cohort.engine.in_process import ServerLender
from graders.core.errors import UsageError
from graders.core.text import terminal_line
from graders.pipeline.config import GradingConfig
from graders.pipeline.output import SCORECARD_FILE
from graders.pipeline.servers import ServerPool, prepare_servers
from graders.reports import terminal
from graders.scoring import Scorecard
from graders.watching.changes import Watcher, changed
from graders.watching.difference import difference_lines

WATCH, QUICK = "--watch", "--quick"
SHOWN_FILES, TAIL = 3, 6
WAITING = "Watching for changes; Ctrl-C ends it."


@dataclass(frozen=True)
class WatchRequest:
    """What is watched: a grading, pytest's words for it, and the folder that its reports go to."""

    config: GradingConfig
    arguments: Sequence[str]
    report: Path

    @property
    def words(self) -> list[str]:
        """Pytest's words for a quick look of the same."""
        own = [word for word in self.arguments if word != WATCH]
        return own if QUICK in own else [*own, QUICK]


@dataclass
class _Servers:
    """The servers of all gradings; new ones take their place if one of them has ended."""

    config: GradingConfig
    _pool: ServerPool | None = field(default=None)

    def get(self) -> ServerPool:
        if self._pool is not None and self._pool.ended:
            self.close()
        if self._pool is None:
            self._pool = prepare_servers(self.config)
        return self._pool

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def watch(request: WatchRequest, write: Callable[[str], None]) -> int:
    """Grades until it is interrupted; the exit code is that of an interruption. :param write: takes a line."""
    servers = _Servers(request.config)
    watcher = Watcher(request.config.submission, request.report)
    try:
        _loop(request, servers, watcher, write)
    except KeyboardInterrupt:
        write("")
    finally:
        servers.close()
    write("Watching has ended.")
    return pytest.ExitCode.INTERRUPTED


def _loop(request: WatchRequest, servers: _Servers, watcher: Watcher, write: Callable[[str], None]) -> None:
    """Returns when a grading was interrupted."""
    state = watcher.look()
    code, _ = _grade(request, servers.get(), shown=True)
    last = _scorecard(request.report)
    while code != pytest.ExitCode.INTERRUPTED:
        write(WAITING)
        now = watcher.wait(state)
        write("")
        write(f"{_named(changed(state, now))}: grading again")
        state = now
        code, output = _grade(request, servers.get(), shown=False)
        card = _scorecard(request.report)
        for line in _outcome(last, card, output) if code != pytest.ExitCode.INTERRUPTED else ():
            write(line)
        last = card or last


def _grade(request: WatchRequest, pool: ServerPool, *, shown: bool) -> tuple[int, str]:
    """Grades in this process. What pytest prints is shown, or else returned."""
    (request.report / SCORECARD_FILE).unlink(missing_ok=True)
    lender = ServerLender(pool)
    if shown:
        return int(pytest.main(request.words, plugins=[lender])), ""
    with tempfile.TemporaryFile() as file:
        with _output_to(file.fileno()):
            code = int(pytest.main(request.words, plugins=[lender]))
        file.seek(0)
        return code, file.read().decode("utf-8", "replace")


def _scorecard(folder: Path) -> Scorecard | None:
    """The scorecard that the last grading wrote, if it wrote one."""
    try:
        return Scorecard.load(folder / SCORECARD_FILE)
    except UsageError:
        return None


def _outcome(before: Scorecard | None, after: Scorecard | None, output: str) -> Iterator[str]:
    """What the terminal shows of a grading: what has changed, and the points; its last lines if it has no scorecard."""
    if after is None:
        lines = [line for line in output.splitlines() if line.strip()]
        yield from (terminal_line(line) for line in lines[-TAIL:])
        return
    lines = list(terminal.lost_lines(after)) if before is None else list(difference_lines(before, after))
    yield from lines or ["nothing came out differently"]
    yield from terminal.score_lines(after)


def _named(files: Sequence[str]) -> str:
    more = f" and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    return ", ".join(terminal_line(name) for name in files[:SHOWN_FILES]) + more


@contextmanager
def _output_to(target: int) -> Iterator[None]:
    """Sends what this process writes to another descriptor for a while."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(number) for number in (1, 2)]
    for number in (1, 2):
        os.dup2(target, number)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)
