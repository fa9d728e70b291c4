"""Cells that stand in another order than they were executed in: executed in the order of their counts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from graders.framework.repairs.model import CellSource, Edits, Failure, Repair, Surroundings
from graders.submission.notebooks.statements import statements

NAME = "order of cells"
_MESSAGE = re.compile(r"name '(?P<name>[^\W\d]\w{0,99})' is not defined\Z")
_DEFINITION = re.compile(r"(?:async[ \t]+)?(?:def|class)[ \t]+")
_TARGET = re.compile(r"[\w \t,*()\[\]]{1,300}?(?::[^=\n]{0,80})?(?==(?!=))")
_CELL = re.compile(r"cell (?P<number>\d{1,6})\Z")


def other_order(failure: Failure, around: Surroundings) -> Repair | None:
    """Executes the cells by their counts, if the name's definition stands below its use and was executed before."""
    found = _MESSAGE.fullmatch(failure.message) if failure.exception == "NameError" else None
    here = _CELL.fullmatch(failure.place.file)
    counted = _counted(around.cells)
    if found is None or here is None or counted is None:
        return None
    name, index = found["name"], int(here["number"]) - 1
    place = {cell.index: number for number, cell in enumerate(counted)}
    defining = [cell for cell in counted if cell.index > index and binds(cell.code, name)]
    if index not in place or not any(place[cell.index] < place[index] for cell in defining):
        return None
    first = min(defining, key=lambda cell: place[cell.index])
    rest = [cell.index for cell in around.cells if cell.index not in place]
    return Repair(
        name=NAME,
        place=failure.place,
        wrong=f"{name} is used here and defined below, in cell {first.index + 1}: executed earlier, by the counts",
        instead="move the cells into the order in which they must be executed",
        edits=Edits(order=(*(cell.index for cell in counted), *rest)),
    )


def _counted(cells: Sequence[CellSource]) -> list[CellSource] | None:
    """The cells with code in the order of their counts; None if one has none, or two have the same."""
    filled = [cell for cell in cells if cell.code.strip()]
    counts = [cell.count for cell in filled if cell.count is not None]
    if len(counts) != len(filled) or len(set(counts)) != len(counts) or counts == sorted(counts):
        return None
    return sorted(filled, key=lambda cell: cell.count or 0)


def binds(code: str, name: str) -> bool:
    """Whether a cell gives this name a value at its top level."""
    logical = (code[each.start : each.end] for each in statements(code))
    return any(_binds(line, name) for line in logical if line[:1] not in ("", " ", "\t", "#"))


def _binds(line: str, name: str) -> bool:
    word = re.compile(rf"\b{re.escape(name)}\b")
    if (defined := _DEFINITION.match(line)) is not None:
        return word.match(line, defined.end()) is not None
    if line.startswith(("import ", "from ")):
        return word.search(line) is not None
    target = _TARGET.match(line)
    return target is not None and target[0].count("(") == target[0].count(")") and word.search(target[0]) is not None
