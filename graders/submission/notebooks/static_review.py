"""What a notebook shows of its own run: what was executed, in which order, with which errors, and what it printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from graders.submission.notebooks.gaps import Gap, find_gaps
from graders.submission.notebooks.labels import StageLabels
from graders.submission.notebooks.model import Cell, Notebook
from graders.submission.notebooks.plain_python import plain_python
from graders.submission.notebooks.printed import PrintedMetric, printed_metrics
from graders.submission.notebooks.statements import without_strings

_PRINTS = re.compile(r"^(?:print|display)\([^)\n]|^[\w.]{1,100}\.summary\(", re.MULTILINE)
_ELSEWHERE = re.compile(r"\bfile\s?=|redirect_std|clear_output|\bend\s?=")


class Order(StrEnum):
    """How the execution counts run: 1, 2, 3 …; rising from elsewhere or with gaps; a count twice; not rising."""

    RUN_ALL = "restarted and run all"
    GAPS = "rising, with gaps"
    REPEATED = "a count more than once"
    BROKEN = "out of order"
    NONE = "nothing executed"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class CellError:
    """An error among a cell's outputs: "NameError: name 'x' is not defined"."""

    cell: int
    text: str


@dataclass(frozen=True)
class NotebookReview:
    """A notebook as it was submitted. Cells are given by their index, which counts from 0 over all cells.

    ``executed_known`` is false of a script, which has neither counts nor outputs. ``code_cells`` are those with code in
    them, comments alone are none; ``unexecuted`` those of them without a count. ``order_cells`` are those whose count
    breaks the order: not one more than that before. ``silent`` are executed cells that print and have no output.
    """

    executed_known: bool
    code_cells: tuple[int, ...]
    unexecuted: tuple[int, ...]
    order: Order
    order_cells: tuple[int, ...]
    silent: tuple[int, ...]
    errors: tuple[CellError, ...]
    gaps: tuple[Gap, ...]
    metrics: tuple[PrintedMetric, ...]

    @property
    def executed(self) -> float:
        """The share of the code cells that were executed; 0 if that is not known."""
        if not self.code_cells or not self.executed_known:
            return 0.0
        return 1 - len(self.unexecuted) / len(self.code_cells)

    @property
    def in_order(self) -> bool:
        """Whether the counts are those of "restart and run all"."""
        return self.order is Order.RUN_ALL


def review_notebook(
    notebook: Notebook, labels: StageLabels, *, markers: Sequence[str] = (), template: Sequence[Cell] = ()
) -> NotebookReview:
    """What a notebook shows without being run.

    :param labels: the stages of the lab's work. :param markers: the lab's own signs of a gap. :param template: the
        cells of the lab's template, if it has one.
    """
    known = notebook.form == "ipynb"
    code = {cell.index: _bare(cell) for cell in notebook.code}
    filled = [cell for cell in notebook.code if code[cell.index].strip()]
    order, breaking = _order(notebook.code) if known else (Order.UNKNOWN, ())
    return NotebookReview(
        executed_known=known,
        code_cells=tuple(cell.index for cell in filled),
        unexecuted=tuple(cell.index for cell in filled if known and cell.execution_count is None),
        order=order,
        order_cells=breaking,
        silent=tuple(cell.index for cell in filled if known and _is_silent(cell, code[cell.index])),
        errors=tuple(
            CellError(cell.index, each.error) for cell in notebook.code for each in cell.outputs if each.error
        ),
        gaps=find_gaps(notebook, markers, template),
        metrics=printed_metrics(notebook, labels),
    )


def _bare(cell: Cell) -> str:
    """A cell's code without strings and comments; what stands for a shell line counts as code."""
    skipped: list[str] = []
    code, _ = without_strings(plain_python(cell.source, skipped))
    return code if code.strip() or not skipped else "pass"


def _is_silent(cell: Cell, code: str) -> bool:
    """Whether a cell that prints has no output, and nothing in it explains that."""
    if cell.execution_count is None or cell.outputs or "%%capture" in cell.source or _ELSEWHERE.search(code):
        return False
    return _PRINTS.search(code) is not None


def _order(cells: Sequence[Cell]) -> tuple[Order, tuple[int, ...]]:
    """How the counts run, of cells without code too: Jupyter counts those that hold a comment."""
    counted = [(cell.index, cell.execution_count) for cell in cells if cell.execution_count is not None]
    if not counted:
        return Order.NONE, ()
    counts = [count for _, count in counted]
    before = [0, *counts[:-1]]
    if len(set(counts)) < len(counts):
        seen: set[int] = set()
        repeated = [index for index, count in counted if count in seen or seen.add(count)]  # type: ignore[func-returns-value]
        return Order.REPEATED, tuple(repeated)
    falling = tuple(index for (index, count), last in zip(counted, before, strict=True) if count < last)
    if falling:
        return Order.BROKEN, falling
    jumps = tuple(index for (index, count), last in zip(counted, before, strict=True) if count != last + 1)
    return (Order.GAPS, jumps) if jumps else (Order.RUN_ALL, ())
