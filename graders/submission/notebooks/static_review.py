"""What a notebook shows of its own run: what was executed, in which order, with which errors, and what it printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from graders.submission.notebooks.code_gaps import Gap
from graders.submission.notebooks.execution import Order, execution
from graders.submission.notebooks.gaps import find_gaps
from graders.submission.notebooks.labels import StageLabels
from graders.submission.notebooks.model import Cell, Notebook
from graders.submission.notebooks.plain_python import plain_python
from graders.submission.notebooks.printed import Disagreement, PrintedMetric, disagreements, printed_metrics
from graders.submission.notebooks.statements import without_strings

_PRINTS = re.compile(r"^(?:print|display)\([^)\n]|^[\w.]{1,100}\.summary\(", re.MULTILINE)
_ELSEWHERE = re.compile(r"\bfile\s?=|redirect_std|clear_output|\bend\s?=")


@dataclass(frozen=True)
class CellError:
    """An error among a cell's outputs: "NameError: name 'x' is not defined"."""

    cell: int
    text: str


@dataclass(frozen=True)
class NotebookReview:
    """A notebook as it was submitted. Cells are given by their index, which counts from 0 over all cells.

    ``executed_known`` is false of a script, which has neither counts nor outputs. ``code_cells`` are those with code in
    them, comments alone are none; ``unexecuted`` those of them of which nothing shows that they were executed.
    ``order_cells`` are those that were executed before one above them. ``silent`` are executed cells that print and
    have no output.
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
    disagreements: tuple[Disagreement, ...] = ()

    @property
    def executed(self) -> float:
        """The share of the code cells that were executed; 0 if that is not known."""
        if not self.code_cells or not self.executed_known:
            return 0.0
        return 1 - len(self.unexecuted) / len(self.code_cells)

    @property
    def incomplete(self) -> tuple[int, ...]:
        """The code cells that were not executed to their end, or whose outputs are missing."""
        if not self.executed_known:
            return self.code_cells
        failed = {each.cell for each in self.errors}
        return tuple(cell for cell in self.code_cells if cell in {*self.unexecuted, *self.silent, *failed})


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
    ran = execution(notebook, filled)
    metrics = printed_metrics(notebook, labels)
    return NotebookReview(
        executed_known=known,
        code_cells=tuple(cell.index for cell in filled),
        unexecuted=ran.unexecuted,
        order=ran.order,
        order_cells=ran.order_cells,
        silent=tuple(
            cell.index
            for cell in filled
            if known and cell.index not in ran.unexecuted and _is_silent(cell, code[cell.index])
        ),
        errors=tuple(
            CellError(cell.index, each.error) for cell in notebook.code for each in cell.outputs if each.error
        ),
        gaps=find_gaps(notebook, markers, template),
        metrics=metrics,
        disagreements=disagreements(metrics, labels, notebook),
    )


def _bare(cell: Cell) -> str:
    """A cell's code without strings and comments; what stands for a shell line counts as code."""
    skipped: list[str] = []
    code, _ = without_strings(plain_python(cell.source, skipped))
    return code if code.strip() or not skipped else "pass"


def _is_silent(cell: Cell, code: str) -> bool:
    """Whether a cell that prints has no output, and nothing in it explains that."""
    if cell.outputs or "%%capture" in cell.source or _ELSEWHERE.search(code):
        return False
    return _PRINTS.search(code) is not None
