"""What the terminal shows of a grading: runs as they end, and the score."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graders.core.text import terminal_line
from graders.pipeline.output import MARKS_FILE, PAGE_FILE
from graders.reports import terminal

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.pipeline.execution import AnyResult
    from graders.pipeline.labs import OpenGrading
    from graders.scoring import CriterionScore, Scorecard

MESSAGE_WIDTH = 110


class TerminalListener:
    """Shows runs on the terminal: a line as each ends, and now and then how far a long one has come."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """:param write: takes a line."""
        self._write = write
        self._steps = terminal.ProgressPrinter(write)

    def ended(self, lab: Lab, result: AnyResult, done: int, count: int) -> None:
        """A run has ended."""
        seconds = sum(record.wall_s for record in result.log.records)
        message = terminal_line(str(result.error or result.log.note or "done"))[:MESSAGE_WIDTH]
        self._write(f"  [{done}/{count}] {lab.short} {result.plan.name:<22} {seconds:5.1f} s  {message}")

    def on_step(self, lab: Lab, run: str, text: str) -> None:
        """How far a run has come."""
        self._steps.say(f"{lab.short} {run}", text)


def verdict_line(score: CriterionScore) -> str:
    """What a criterion came to in a quick look, as soon as it is known."""
    return terminal.verdict_line(score)


def opening_lines(grading: OpenGrading, runs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What the terminal shows before runs are executed."""
    yield ""
    if grading.config.quick:
        yield terminal.QUICK
    for lab, names in runs.items():
        yield f"{lab}: {len(names)} runs of the submission's code"
    yield f"{grading.config.workers} at a time, isolation: {grading.config.isolation.tier}"


def no_scorecard_line(error: Exception, *, written: bool = False) -> str:
    """Why a grading ended without a scorecard, and where in the grader. :param written: it did write one before."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f", {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    message = terminal_line(f"{type(error).__name__}: {error}{place}")
    what = "grading did not end properly" if written else "no scorecard"
    return f"{what}: the grader failed, which is no fault of the submission ({message}); nothing was lost"


def closing_lines(scorecard: Scorecard | None, folder: Path) -> Iterator[str]:
    """What cost points, where the report is, the score by lab; nothing if there is no scorecard."""
    if scorecard is None:
        return
    yield ""
    yield from terminal.lost_lines(scorecard)
    yield from terminal.left_out_lines(scorecard)
    yield ""
    yield f"report: {folder / PAGE_FILE}"
    if scorecard.points.pending and not scorecard.quick:
        yield f"For manual grading: {folder / MARKS_FILE}"
    yield from terminal.score_lines(scorecard)
