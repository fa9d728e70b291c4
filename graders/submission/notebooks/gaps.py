"""What was left to be filled in in a notebook."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graders.core.text import SHORT, plain_line
from graders.submission.notebooks.model import Cell, Notebook
from graders.submission.notebooks.plain_python import plain_python
from graders.submission.notebooks.statements import without_strings

MAX_GAPS = 200
MAX_LINE = 1_000
# A line that is only an ellipsis, or something that it is assigned to; not x[..., 0] and not "def f(): ...".
_ELLIPSIS = re.compile(r"(?:[^=\n:]{1,200}=\s*+|return\s++)?\.\.\.;?")
_UNDERSCORES = re.compile(r"(?<![\w.])_{3,}(?!\w)")
_NOT_IMPLEMENTED = re.compile(r"raise NotImplementedError\b")
_DOES_NOTHING = re.compile(r"(?:pass|(?:[\w., \t]{1,200}=\s*+|return\s++)None)")
_BARE = " \t#*_>-:.`~!|=" + "\u2022"
_BRACKETS = re.compile(r"<([^<>\n]{2,60})>|\[([^\[\]\n]{2,60})\](?!\()")


@dataclass(frozen=True)
class Gap:
    """A place where something was left to be done; ``line`` counts from 1 within the cell.

    ``kind`` is ``"hole"`` where code or text is missing; ``"todo"`` where a comment asks for it, beside which it may
    have been written; ``"untouched"`` where the whole cell is as in the template, and the template has a gap there.
    """

    cell: int
    line: int
    text: str
    kind: str


@cache
def _words() -> dict[str, tuple[str, ...]]:
    data = tomllib.loads(Path(__file__).with_name("gaps.toml").read_text(encoding="utf-8"))
    return {name: tuple(word.casefold() for word in words) for name, words in data.items()}


def find_gaps(notebook: Notebook, markers: Sequence[str] = (), template: Sequence[Cell] = ()) -> tuple[Gap, ...]:
    """The gaps of a notebook, in its order.

    :param markers: further signs of one, in any line of code or text. :param template: the template's cells.
    """
    wanted = tuple(marker.casefold() for marker in markers if marker.strip())
    untouched = {_squeezed(cell.source) for cell in template if any(True for _ in _of_cell(cell, wanted))}
    found: list[Gap] = []
    for cell in notebook.cells:
        gaps = list(_of_cell(cell, wanted))
        if gaps and _squeezed(cell.source) in untouched:
            gaps = [Gap(cell.index, gaps[0].line, gaps[0].text, "untouched")]
        found += gaps
        if len(found) >= MAX_GAPS:
            break
    return tuple(found[:MAX_GAPS])


def _squeezed(source: str) -> str:
    return "".join(source.split())


def _of_cell(cell: Cell, markers: Sequence[str]) -> Iterator[Gap]:
    found = _of_code(cell, markers) if cell.kind == "code" else _of_text(cell, markers)
    lines = cell.source.split("\n")
    for line, kind in sorted(dict(sorted(found, reverse=True)).items()):
        yield Gap(cell.index, line, plain_line(lines[line - 1], SHORT), kind)


def _of_code(cell: Cell, markers: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Lines with a gap; a hole if a line is both."""
    code, comments = without_strings(plain_python(cell.source, []))
    requests = {comment.line for comment in comments if asks_for_code(comment.text)}
    for line, raw in enumerate(code.split("\n"), start=1):
        text = raw.strip()
        if len(text) > MAX_LINE or not text:
            continue
        empty = _ELLIPSIS.fullmatch(text) or _UNDERSCORES.search(text) or _NOT_IMPLEMENTED.match(text)
        if empty or (line in requests and _DOES_NOTHING.fullmatch(text)):
            yield line, "hole"
    for line in requests:
        yield line, "todo"
    yield from _marked(cell, markers)


def asks_for_code(comment: str) -> bool:
    """Whether a comment's text asks for code."""
    text = comment[:MAX_LINE].casefold()
    return text in ("...", "…") or any(word in text for word in _words()["comments"])


def _marked(cell: Cell, markers: Sequence[str]) -> Iterator[tuple[int, str]]:
    if markers:
        for line, text in enumerate(cell.source.split("\n"), start=1):
            folded = text[:MAX_LINE].casefold()
            if any(marker in folded for marker in markers):
                yield line, "hole"


def _of_text(cell: Cell, markers: Sequence[str]) -> Iterator[tuple[int, str]]:
    known = _words()["texts"]
    if cell.kind == "markdown":
        for line, raw in enumerate(cell.source.split("\n"), start=1):
            text = raw[:MAX_LINE].casefold()
            bracketed = ((one or other).strip(_BARE) for one, other in _BRACKETS.findall(text))
            heading = text.lstrip().startswith("#") or text.rstrip().endswith(":")
            whole = text.strip(" \t#*_>-`~|\u2022") if not heading else ""
            if whole in known or whole.strip(_BARE) in ("todo", "tbd") or any(inner in known for inner in bracketed):
                yield line, "hole"
    yield from _marked(cell, markers)
