"""Whether two cells show the same run of a stage: nothing that was executed between them may have measured it again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from graders.submission.notebooks.labels import StageLabels
from graders.submission.notebooks.model import Cell, Notebook

MAX_CODE, MAX_NAMES = 20_000, 400
# What may give a stage another accuracy, or another size: calls, and storing a value under a key of a dictionary.
_TRAINS = r"fit|train\w*|eval\w*|score|predict\w*|load\w*|restore|\w*acc\w*|test\w*|run\w*"
_WRITES = r"\w*size\w*|stat|convert\w*|save\w*|write\w*|\w*zip\w*|run\w*"
_KEYED = r"(?:\[[^\]\n]{1,200}\][ \t]*+=(?!=)|\.update\()"
_ACCURACY = re.compile(rf"\b(?:{_TRAINS})[ \t]*+\(|\b(?!\w*size)\w++{_KEYED}", re.IGNORECASE)
_SIZE = re.compile(rf"\b(?:{_WRITES})[ \t]*+\(|\.st_size\b|\b(?!\w*acc)\w++{_KEYED}", re.IGNORECASE)
_NAME = re.compile(r"""[^\W\d]\w*+(?![\w(])|'[^'\n]{1,120}'|"[^"\n]{1,120}\"""")


def may_differ(
    notebook: Notebook, labels: StageLabels, stage: str, *, accuracy: bool, between: tuple[int, int]
) -> bool:
    """Whether a stage's accuracy, or else its size, may have changed from one cell's output to another's.

    It may within a cell, which can print in a loop, and if a cell executed between the two, or the later one, measures
    the stage or does not say what it measures.
    """
    one, other = between
    if one == other:
        return True
    measures = _ACCURACY if accuracy else _SIZE
    return any(
        measures.search(cell.source[:MAX_CODE]) and _may_name(cell, labels, stage)
        for cell in _executed_between(notebook, one, other)
    )


def _executed_between(notebook: Notebook, one: int, other: int) -> Iterator[Cell]:
    """The cells that were executed after the first of two and not after the second."""
    counts = {cell.index: cell.execution_count for cell in notebook.code}
    first, second = counts.get(one), counts.get(other)
    by_count = first is not None and second is not None and first != second
    for cell in notebook.code:
        place, start, end = (cell.execution_count, first, second) if by_count else (cell.index, one, other)
        if place is not None and start is not None and end is not None:
            low, high = sorted((start, end))
            if low < place <= high:
                yield cell


def _may_name(cell: Cell, labels: StageLabels, stage: str) -> bool:
    """Whether a cell's names and texts are about a stage, or about none that is known."""
    names = _NAME.findall(cell.source[:MAX_CODE])[:MAX_NAMES]
    stages = {labels.certain(name) for name in names} - {None}
    return not stages or stage in stages
