"""What was left to be filled in in a notebook: in its code, in its texts, and cells that were not touched."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graders.core.text import SHORT, plain_line
from graders.submission.notebooks.code_gaps import MAX_LINE, Gap, GapKind, code_gaps, gap_words
from graders.submission.notebooks.model import Cell, CellCode, Notebook
from graders.submission.notebooks.plain_python import plain_python

MAX_GAPS = 200
_BARE = " \t#*_>-:.`~!|=" + "\u2022"
_BRACKETS = re.compile(r"<([^<>\n]{2,60})>|\[([^\[\]\n]{2,60})\](?!\()")


def find_gaps(notebook: Notebook, markers: Sequence[str] = (), template: Sequence[Cell] = ()) -> tuple[Gap, ...]:
    """The holes of a notebook, in its order; code that only stands in for some is none.

    :param markers: further signs of one, in any line of code or text. :param template: the template's cells.
    """
    wanted = tuple(marker.casefold() for marker in markers if marker.strip())
    untouched = {_squeezed(cell.source) for cell in template if _of_cell(cell, wanted)}
    found: list[Gap] = []
    for cell in notebook.cells:
        gaps = _of_cell(cell, wanted)
        if gaps and _squeezed(cell.source) in untouched:
            gaps = [Gap(cell.index, gaps[0].line, gaps[0].text, GapKind.UNTOUCHED)]
        found += gaps
        if len(found) >= MAX_GAPS:
            break
    return tuple(found[:MAX_GAPS])


def _squeezed(source: str) -> str:
    return "".join(source.split())


def _of_cell(cell: Cell, markers: Sequence[str]) -> list[Gap]:
    found = {*(_holes(cell) if cell.kind == "code" else _of_text(cell)), *_marked(cell, markers)}
    lines = cell.source.split("\n")
    return [Gap(cell.index, line, plain_line(lines[line - 1], SHORT), GapKind.HOLE) for line in sorted(found)]


def _holes(cell: Cell) -> list[int]:
    code = CellCode(cell.index, plain_python(cell.source, []))
    return [gap.line for gap in code_gaps(code) if gap.kind is GapKind.HOLE]


def _marked(cell: Cell, markers: Sequence[str]) -> Iterator[int]:
    if markers:
        for line, text in enumerate(cell.source.split("\n"), start=1):
            folded = text[:MAX_LINE].casefold()
            if any(marker in folded for marker in markers):
                yield line


def _of_text(cell: Cell) -> Iterator[int]:
    known = gap_words()["texts"]
    if cell.kind == "markdown":
        for line, raw in enumerate(cell.source.split("\n"), start=1):
            text = raw[:MAX_LINE].casefold()
            bracketed = ((one or other).strip(_BARE) for one, other in _BRACKETS.findall(text))
            heading = text.lstrip().startswith("#") or text.rstrip().endswith(":")
            whole = text.strip(" \t#*_>-`~|\u2022") if not heading else ""
            if whole in known or whole.strip(_BARE) in ("todo", "tbd") or any(inner in known for inner in bracketed):
                yield line
