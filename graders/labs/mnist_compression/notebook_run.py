"""Executing a notebook in a run, cell by cell, and explaining by its cells why a file was not written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graders.core.errors import RunError, SourceLine
from graders.core.text import captured_output
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.runner import RunLog
from graders.labs.mnist_compression.evidence import CellFailure, Executed
from graders.labs.mnist_compression.source import Source, Statement
from graders.sandbox import Reply, Session
from graders.submission.notebooks import CellCode

MAX_MESSAGE = 600
MOST_ERRORS, MOST_LINES = 20, 1_000_000
NUMBER = re.compile(r"(?<![\w.])(\d{1,12}(?:[,_ ]\d{3})*(?:\.\d{1,9})?)(?:[ \t]?(k)i?B\b|(?![\w]))", re.IGNORECASE)
SHAPE = re.compile(r"\((?:(?:\d{1,12}|None)?,[ \t]?)++(?:\d{1,12})?\)")
CONSTANT = re.compile(r"^(FILE\w*)[ \t]*=[ \t]*(?:Path\()?[rf]?[\"']([^\"'\n]{1,200})[\"']", re.MULTILINE)
MOST_NUMBERS = 2000
MEMORY_ERRORS = frozenset({"MemoryError", "ResourceExhaustedError", "_ArrayMemoryError"})


@dataclass
class Execution:
    """A notebook's execution under way, and what it has shown so far."""

    cells: tuple[CellCode, ...]
    failures: list[CellFailure] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    done: int = 0
    ended: RunError | None = None
    ended_in: int = 0

    def run(self, session: Session, log: RunLog, repairs: Callable[[RunError], bool] = lambda _: False) -> bool:
        """Executes every cell, also after one that failed; whether it stopped because of a failure that is repaired.

        :param repairs: whether the notebook is to begin again because of an error.
        """
        for place, cell in enumerate(self.cells, start=1):
            number = cell.index + 1
            log.note = f"cell {number} is being executed"
            log.say(f"cell {number}, which is {place} of {len(self.cells)} code cells")
            try:
                reply = session.call("cell", {"number": number, "code": cell.code})
            except RunError as error:
                self.ended, self.ended_in = error, number
                log.note = f"cell {number}: {error.message}"
                return False
            self.done += 1
            if any(repairs(failure.error) for failure in self._note(number, reply)):
                return True
        log.note = self.progress()
        return False

    def _note(self, number: int, reply: Reply) -> list[CellFailure]:
        """Keeps what a cell printed and how it failed; its failures."""
        self.printed.append(str(reply.facts.get("printed", ""))[:20_000])
        reported = reply.facts.get("errors")
        errors = reported[:MOST_ERRORS] if isinstance(reported, list) else ()
        failures = [_failure(number, error) for error in errors if isinstance(error, dict)]
        self.failures += failures
        return failures

    def progress(self) -> str:
        """How it went, in a line."""
        cells = list(dict.fromkeys(failure.number for failure in self.failures))
        names = ", ".join(str(number) for number in cells[:6])
        failed = f"; failed: cell{'s' if len(cells) > 1 else ''} {names}" if cells else ""
        left_out = sum(len(cell.skipped) for cell in self.cells)
        skipped = f"; {left_out} shell or IPython lines not run" if left_out else ""
        return f"{self.done} of {len(self.cells)} code cells executed{failed}{skipped}"

    def executed(self) -> Executed:
        """How it went, as evidence."""
        skipped = tuple(f"cell {cell.index + 1}, {line}" for cell in self.cells for line in cell.skipped)
        return Executed(len(self.cells), self.done, tuple(self.failures), skipped[:100], self.ended, self.ended_in)

    def numbers(self) -> tuple[float, ...]:
        """Every number that was printed; kilobytes as both 1,000 and 1,024 bytes."""
        lines = "\n".join(self.printed).splitlines()
        # A summary's "Total params: 20410 (79.73 KB)" is the size of no file, and neither is the shape (10000, 28, 28).
        text = SHAPE.sub("", "\n".join(line for line in lines if "params" not in line))
        found: dict[float, None] = {}
        for digits, thousands in NUMBER.findall(text)[:MOST_NUMBERS]:
            number = float(re.sub(r"[,_ ]", "", digits))
            found |= dict.fromkeys((1000 * number, 1024 * number) if thousands else (number,))
        return tuple(found)

    @cached_property
    def source(self) -> Source:
        """The notebook's statements."""
        return Source(self.cells)

    def why_missing(self, missing: RunError, constant: str, file: str) -> RunError:
        """Why a file was not written: the cell that ended the process, or the failed statement that it depends on."""
        if self.ended is not None:
            error = self.ended
            return RunError(error.verdict, f"{missing.message}: cell {self.ended_in}: {error.message}", error.places)
        blamed = self._blamed(self.source.behind_file(constant, file))
        if blamed is None:
            return missing
        error = blamed.error
        return error.restated(f"{missing.message}: {error.message}")

    def _blamed(self, behind: Sequence[Statement]) -> CellFailure | None:
        """The first failure among these statements; if a name was undefined, what else left it so."""
        about = [each for each in self.failures if any(one.contains(each.number, each.lines) for one in behind)]
        others = (each for each in about if each.error.exception != "NameError")
        return next(others, about[0] if about else None)

    def constants(self) -> dict[str, str]:
        """File names as literals in the code; the values after execution are preferred if known."""
        return {name: value for cell in self.cells for name, value in CONSTANT.findall(cell.code)}


def _failure(number: int, raised: Mapping[str, Any]) -> CellFailure:
    """A statement's exception, as the run reported it; of a cell that is no Python, all of its lines."""
    start, end = raised.get("start"), raised.get("end")
    lines = (start, end) if isinstance(start, int) and isinstance(end, int) else (1, MOST_LINES)
    return CellFailure(number, cell_error(number, raised), lines)


def cell_error(number: int, raised: Mapping[str, Any]) -> RunError:
    """A cell's exception, as the run reported it."""
    exception = captured_output(str(raised.get("type", "Exception"))[:200])
    message = " ".join(captured_output(str(raised.get("message", ""))).split())[:MAX_MESSAGE]
    line = raised.get("line")
    place = captured_output(str(raised.get("place", "")))[:40] or f"cell {number}"
    code = captured_output(str(raised.get("code") or "")[:200])
    places = (SourceLine(place, line, code),) if isinstance(line, int) and line > 0 else ()
    verdict = Verdict.OUT_OF_MEMORY if exception in MEMORY_ERRORS else Verdict.FAILED
    if exception == "NotImplementedError":
        text, verdict = f"cell {number} is not written yet: {message}", Verdict.MISSING
    else:
        text = f"cell {number} raised {exception}{f': {message}' if message else ''}"
    return RunError(verdict, text, places, exception=exception)


def prepare_session(context: LabContext, session: Session, folder: str) -> None:
    """Readies the namespace, with MNIST served offline."""
    settings = context.lab.settings
    session.call(
        "prepare",
        {
            "data": str(context.lab.data_paths[0]),
            "train": settings["train_images"],
            "test": settings["test_images"],
            "folder": folder,
        },
    )
