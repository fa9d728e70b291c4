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
_DOES_NOTHING = re.compile(r"(?:pass|(?:(?P<names>[\w., \t]{1,200})=\s*+|return\s++)None);?")
_BARE = " \t#*_>-:.`~!|=" + "\u2022"
_BRACKETS = re.compile(r"<([^<>\n]{2,60})>|\[([^\[\]\n]{2,60})\](?!\()")


@dataclass(frozen=True)
class Gap:
    """A place where something was left to be done; ``line`` counts from 1 within the cell.

    ``kind`` is ``"hole"`` where code or text is missing; ``"untouched"`` where the whole cell is as in the template,
    and the template has a gap there. A comment that asks for work is no gap if code that does something follows it.
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
    for line in sorted(set(found)):
        yield Gap(cell.index, line, plain_line(lines[line - 1], SHORT), "hole")


def _of_code(cell: Cell, markers: Sequence[str]) -> Iterator[int]:
    """Lines where code is missing."""
    code, comments = without_strings(plain_python(cell.source, []))
    lines = code.split("\n")
    requests = [comment.line for comment in comments if asks_for_code(comment.text)]
    for line, raw in enumerate(lines, start=1):
        text = raw.strip()
        empty = _ELLIPSIS.fullmatch(text) or _UNDERSCORES.search(text) or _NOT_IMPLEMENTED.match(text)
        if text and len(text) <= MAX_LINE and empty:
            yield line
    # Of comments that ask for one thing, the first stands for all.
    written = cell.source.split("\n")
    for line in requests:
        if line - 1 not in requests and (missing := _unanswered(line, written, lines)):
            yield missing
    yield from _marked(cell, markers)


def _unanswered(line: int, written: Sequence[str], code: Sequence[str]) -> int | None:
    """The line where a comment's request is left open; ``None`` if the code on its line, or else below it in the same
    block, does something.

    :param written: the cell's lines. :param code: the same without strings and comments.
    """
    if code[line - 1].strip():
        return line if _does_nothing(code[line - 1], code[line:]) else None
    own = _indent(written[line - 1])
    for at in range(line, len(code)):
        text = code[at].strip() or _of_ipython(written[at])
        if text and _indent(written[at]) < own:
            return None if text[0] in ")]}" else line
        if text:
            return at + 1 if len(text) <= MAX_LINE and _is_empty(text, code[at + 1 :]) else None
    return line


def _is_empty(text: str, below: Sequence[str]) -> bool:
    return bool(_ELLIPSIS.fullmatch(text) or _NOT_IMPLEMENTED.match(text)) or _does_nothing(text, below)


def _does_nothing(text: str, below: Sequence[str]) -> bool:
    """Whether a line is ``pass``, or gives a name nothing, and no line below gives it something."""
    found = _DOES_NOTHING.fullmatch(text.strip()[:MAX_LINE])
    if found is None:
        return False
    names = re.findall(r"\w+", found.group("names") or "")
    given = re.compile(rf"[ \t]*+{re.escape(names[-1])}[ \t]*+=(?!=)(?![ \t]*+None\b)") if names else None
    return given is None or not any(given.match(line) for line in below)


def _of_ipython(line: str) -> str:
    """A shell line or a magic, of which the code has only a comment."""
    text = line.strip()
    return text if text[:1] in ("!", "%") else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def asks_for_code(comment: str) -> bool:
    """Whether a comment's text asks for code."""
    text = comment[:MAX_LINE].casefold()
    return text in ("...", "…") or any(word in text for word in _words()["comments"])


def _marked(cell: Cell, markers: Sequence[str]) -> Iterator[int]:
    if markers:
        for line, text in enumerate(cell.source.split("\n"), start=1):
            folded = text[:MAX_LINE].casefold()
            if any(marker in folded for marker in markers):
                yield line


def _of_text(cell: Cell, markers: Sequence[str]) -> Iterator[int]:
    known = _words()["texts"]
    if cell.kind == "markdown":
        for line, raw in enumerate(cell.source.split("\n"), start=1):
            text = raw[:MAX_LINE].casefold()
            bracketed = ((one or other).strip(_BARE) for one, other in _BRACKETS.findall(text))
            heading = text.lstrip().startswith("#") or text.rstrip().endswith(":")
            whole = text.strip(" \t#*_>-`~|\u2022") if not heading else ""
            if whole in known or whole.strip(_BARE) in ("todo", "tbd") or any(inner in known for inner in bracketed):
                yield line
    yield from _marked(cell, markers)
