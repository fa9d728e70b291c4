"""Whether two cells show the same run of a stage: nothing that was executed between them may have measured it again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from graders.submission.notebooks.labels import StageLabels
from graders.submission.notebooks.model import Cell, Notebook

MAX_CODE, MAX_NAMES = 20_000, 200
# Functions that may give a stage another accuracy, or another size: beginnings of their names, and what is in them.
_TRAIN = ("fit", "train", "eval", "score", "predict", "load", "restore", "test", "run")
_WRITE = ("stat", "convert", "save", "write", "run")
_CALL = re.compile(r"([^\W\d]\w{0,80}+)[ \t]*+\(")
# Storing under a key of a dictionary.
_KEYED = re.compile(r"([^\W\d]\w{0,80}+)(?:\[[^\]\n]{1,200}\][ \t]*+=(?!=)|\.update\()")
_NAME = re.compile(r"""[^\W\d]\w{0,120}+(?![\w(])|'[^'\n]{1,120}'|"[^"\n]{1,120}\"""")


@dataclass(frozen=True)
class Runs:
    """What the cells of a notebook measure, looked up cell by cell."""

    notebook: Notebook
    labels: StageLabels

    def may_differ(self, stage: str, *, accuracy: bool, between: tuple[int, int]) -> bool:
        """Whether a stage's accuracy, or else its size, may have changed from one cell's output to another's.

        It may within a cell, which can print in a loop, and if a cell executed between the two, or the later one,
        measures the stage or does not say what it measures.
        """
        one, other = between
        return one == other or any(self._measures(cell, stage, accuracy) for cell in self._executed(one, other))

    def _executed(self, one: int, other: int) -> Iterator[Cell]:
        """The cells that were executed after the first of two and not after the second."""
        counts = {cell.index: cell.execution_count for cell in self.notebook.code}
        first, second = counts.get(one), counts.get(other)
        by_count = first is not None and second is not None and first != second
        for cell in self.notebook.code:
            place, start, end = (cell.execution_count, first, second) if by_count else (cell.index, one, other)
            if place is not None and start is not None and end is not None:
                low, high = sorted((start, end))
                if low < place <= high:
                    yield cell

    def _measures(self, cell: Cell, stage: str, accuracy: bool) -> bool:
        work = self._work.get(cell.index)
        if work is None:
            work = self._work[cell.index] = _work_of(cell, self.labels)
        measures = work.accuracy if accuracy else work.size
        return measures and (not work.stages or stage in work.stages)

    @cached_property
    def _work(self) -> dict[int, _Work]:
        return {}


@dataclass(frozen=True)
class _Work:
    """What a cell does: whether it may measure an accuracy or a size, and the stages that its names and texts name."""

    accuracy: bool
    size: bool
    stages: frozenset[str]


def _work_of(cell: Cell, labels: StageLabels) -> _Work:
    code = cell.source[:MAX_CODE]
    calls = {name.lower() for name in _CALL.findall(code)}
    keyed = {name.lower() for name in _KEYED.findall(code)}
    accuracy = any(name.startswith(_TRAIN) or "acc" in name for name in calls) or any(
        "size" not in name for name in keyed
    )
    size = any(name.startswith(_WRITE) or "size" in name or "zip" in name for name in calls)
    size = size or ".st_size" in code or any("acc" not in name for name in keyed)
    if not (accuracy or size):
        return _Work(accuracy, size, frozenset())
    named = (labels.certain(name) for name in _NAME.findall(code)[:MAX_NAMES])
    return _Work(accuracy, size, frozenset(stage for stage in named if stage is not None))
