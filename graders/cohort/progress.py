"""How far the grading of a class is: a live view in a terminal, a line for each submission elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal, Protocol

from graders.core.text import plain_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

Kind = Literal["graded", "unscored", "not graded", "not in time"]
MOST_RUNNING = 5
NAME = 44


class Progress(Protocol):
    """What shows the work."""

    def started(self, name: str) -> None:
        """A submission is being graded."""

    def ended(self, name: str, kind: Kind, result: str, seconds: float) -> None:
        """A submission has a result."""

    def say(self, line: str) -> None:
        """Something that the instructor should know."""


@dataclass
class Counts:
    """What is done of the work, and how long it goes on."""

    total: int
    kinds: Counter[str] = field(default_factory=Counter)
    running: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """How many have a result."""
        return self.kinds.total()

    def rate(self) -> str:
        """How many an hour, and how long the rest takes at that rate."""
        elapsed = time.monotonic() - self.began
        if not self.done:
            return "time left is known after the first"
        left = (self.total - self.done) * elapsed / self.done
        return f"{self.done * 3600 / elapsed:,.0f} an hour, {duration(left)} left"

    def sums(self) -> str:
        """How many have which kind of result."""
        return ", ".join(f"{count} {kind}" for kind, count in sorted(self.kinds.items())) or "none yet"

    def slowest(self) -> list[tuple[str, float]]:
        """The submissions that are being graded for the longest time."""
        now = time.monotonic()
        oldest = sorted(self.running.items(), key=lambda each: each[1])
        return [(name, now - since) for name, since in oldest[:MOST_RUNNING]]


def duration(seconds: float) -> str:
    """A duration for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


class PlainProgress:
    """A line for each submission that ends."""

    def __init__(self, total: int, stream: IO[str]) -> None:
        self.counts = Counts(total)
        self._stream = stream

    def started(self, name: str) -> None:
        """Prints nothing: lines of several workers would mix."""
        self.counts.running[name] = time.monotonic()

    def ended(self, name: str, kind: Kind, result: str, seconds: float) -> None:
        """Prints the result."""
        self.counts.running.pop(name, None)
        self.counts.kinds[kind] += 1
        done = f"[{self.counts.done}/{self.counts.total}] {plain_line(name, NAME):<{NAME}} {seconds:6.1f} s"
        self.say(f"{done}  {plain_line(result)}; {self.counts.rate()}")

    def say(self, line: str) -> None:
        """Prints a line."""
        print(line, file=self._stream, flush=True)


class LiveProgress:
    """A view that rich keeps up to date at the terminal's end; what is said scrolls above it."""

    def __init__(self, total: int, console: Console) -> None:
        self.counts = Counts(total)
        self._console = console

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        counts = self.counts
        table = Table.grid(padding=(0, 2))
        for name, seconds in counts.slowest():
            table.add_row(Text(f"{seconds:5.0f} s"), Text(plain_line(name, NAME)))
        return Group(
            Text(f"{counts.done} of {counts.total} done: {counts.sums()}; {counts.rate()}"),
            ProgressBar(total=counts.total, completed=counts.done, width=60),
            Text("being graded:" if counts.running else ""),
            table,
        )

    def started(self, name: str) -> None:
        """Adds a row."""
        self.counts.running[name] = time.monotonic()

    def ended(self, name: str, kind: Kind, result: str, seconds: float) -> None:
        """Counts the result; what has no marks is said."""
        self.counts.running.pop(name, None)
        self.counts.kinds[kind] += 1
        if kind != "graded":
            self.say(f"{plain_line(name, NAME)}: {plain_line(result)} ({seconds:.0f} s)")

    def say(self, line: str) -> None:
        """Prints a line above the view."""
        from rich.text import Text

        self._console.print(Text(line))


@contextmanager
def show_progress(total: int, stream: IO[str] | None = None) -> Iterator[Progress]:
    """Shows how the work goes on."""
    stream = stream or sys.stdout
    if not stream.isatty():
        yield PlainProgress(total, stream)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=stream, highlight=False)
    view = LiveProgress(total, console)
    with Live(view, console=console, refresh_per_second=2, transient=True):
        yield view
