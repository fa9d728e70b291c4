"""Where code is missing in a cell: where a comment asks for some and there is none, or only what stands for it.

Templates ask for code in a comment above a line that does nothing so far: ``model = None``, ``pass``, and, as those of
the labs' original notebooks do, ``converter = model``, ``converter.optimizations = []``, ``{"schedule": None}``. A
comment that was left above finished code is no gap.
"""

from __future__ import annotations

import ast
import re
import tomllib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from graders.core.text import SHORT, plain_line
from graders.submission.notebooks.model import CellCode
from graders.submission.notebooks.plain_python import NOT_RUN
from graders.submission.notebooks.statements import without_strings

MAX_LINE = 1_000
# A line that is only an ellipsis, or something that it is assigned to; not x[..., 0] and not "def f(): ...".
_ELLIPSIS = re.compile(r"(?:[^=\n:]{1,200}=\s*+|return\s++)?\.\.\.;?")
_UNDERSCORES = re.compile(r"(?<![\w.])_{3,}(?!\w)")
_NOT_IMPLEMENTED = re.compile(r"raise NotImplementedError\b")
_DOES_NOTHING = re.compile(r"(?:pass|(?:(?P<names>[\w., \t]{1,200})=\s*+|return\s++)None);?")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class GapKind(StrEnum):
    """``HOLE``: code or text is missing. ``STAND_IN``: there is code that does nothing of what was asked for.

    ``UNTOUCHED``: the whole cell is as in the template, and the template has a gap there.
    """

    HOLE = "hole"
    STAND_IN = "stand-in"
    UNTOUCHED = "untouched"


@dataclass(frozen=True)
class Gap:
    """A place where something was left to be done, and the text of its line.

    ``cell`` counts from 0 over all cells; ``line`` from 1 within the cell: that of the comment that asks, if one does.
    """

    cell: int
    line: int
    text: str
    kind: GapKind

    def __str__(self) -> str:
        return f"cell {self.cell + 1} still has the template's gap ({self.text})"


def code_gaps(cell: CellCode) -> tuple[Gap, ...]:
    """The gaps in a cell's code, in its order. Stand-ins are found only in cells that are Python."""
    text = _Text.of(cell.code)
    body = parsed(cell.code) or ()
    statements = [node for top in body for node in ast.walk(top) if isinstance(node, ast.stmt)]
    found = {node.lineno: GapKind.STAND_IN for node in statements if _is_empty_function(node)}
    found |= dict.fromkeys(text.empty_lines(), GapKind.HOLE)
    for line in text.requests:
        answer = text.answer(line)
        if text.is_hole(answer):
            found.pop(answer or line, None)
            found[line] = GapKind.HOLE
        elif answer is not None and _stands_in(line, answer, statements, text):
            found[line] = GapKind.STAND_IN
    lines = cell.code.split("\n")
    return tuple(Gap(cell.index, line, plain_line(lines[line - 1], SHORT), found[line]) for line in sorted(found))


def parsed(code: str) -> list[ast.stmt] | None:
    """The statements of a cell; ``None`` if it is no Python."""
    with warnings.catch_warnings():
        # Such as of "\\d" in a string: the student's code is not this program's.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


@cache
def gap_words() -> dict[str, tuple[str, ...]]:
    """What says that something was left to be done, in comments and in texts, in lower case."""
    data = tomllib.loads(Path(__file__).with_name("gaps.toml").read_text(encoding="utf-8"))
    return {name: tuple(word.casefold() for word in words) for name, words in data.items()}


def asks_for_code(comment: str) -> bool:
    """Whether a comment's text asks for code."""
    text = comment[:MAX_LINE].casefold()
    return text in ("...", "…") or any(word in text for word in gap_words()["comments"])


@dataclass(frozen=True)
class _Text:
    """A cell's lines: as ``written``, and as ``code`` without strings and comments; and those of ``requests``.

    Of comments that ask for one thing, one after the other, the first stands for all.
    """

    written: Sequence[str]
    code: Sequence[str]
    requests: Sequence[int]

    @classmethod
    def of(cls, source: str) -> _Text:
        """The lines of a cell's code."""
        code, comments = without_strings(source)
        asking = [comment.line for comment in comments if asks_for_code(comment.text)]
        return cls(source.split("\n"), code.split("\n"), [line for line in asking if line - 1 not in asking])

    def empty_lines(self) -> list[int]:
        """Lines that stand for missing code, whatever the comments say."""
        stripped = (raw.strip() for raw in self.code)
        return [
            line
            for line, text in enumerate(stripped, start=1)
            if len(text) <= MAX_LINE and (_is_open(text) or _UNDERSCORES.search(text))
        ]

    def answer(self, line: int) -> int | None:
        """The line of the code that a comment is about: its own, or else the first below it in the same block."""
        if self.code[line - 1].strip():
            return line
        own = _indent(self.written[line - 1])
        for at in range(line, len(self.code)):
            text = self.code[at].strip()
            if text or self.written[at].strip() == NOT_RUN:
                outside = bool(text) and _indent(self.written[at]) < own and text[0] not in ")]}"
                return None if outside else at + 1
        return None

    def is_hole(self, answer: int | None) -> bool:
        """Whether what a comment asks for is missing: there is no code, or code that does nothing."""
        if answer is None:
            return True
        text = self.code[answer - 1].strip()
        return len(text) <= MAX_LINE and (_is_open(text) or _does_nothing(text, self.code[answer:]))


def _does_nothing(text: str, below: Sequence[str]) -> bool:
    """Whether a line is ``pass``, or gives a name nothing, and no line below gives it something."""
    found = _DOES_NOTHING.fullmatch(text[:MAX_LINE])
    if found is None:
        return False
    names = re.findall(r"\w+", found.group("names") or "")
    given = re.compile(rf"[ \t]*+{re.escape(names[-1])}[ \t]*+=(?!=)(?![ \t]*+None\b)") if names else None
    return given is None or not any(given.match(line) for line in below)


def _is_open(text: str) -> bool:
    return bool(_ELLIPSIS.fullmatch(text) or _NOT_IMPLEMENTED.match(text))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _stands_in(line: int, answer: int, statements: Sequence[ast.stmt], text: _Text) -> bool:
    """Whether the statement that a comment is in, or is about, is only what stood for it."""
    simple = [node for node in statements if not hasattr(node, "body")]
    inside = [node for node in simple if node.lineno <= line <= (node.end_lineno or node.lineno)]
    about = inside or [node for node in simple if node.lineno == answer]
    # A name that is given nothing, and a value below, is a variable that is set up.
    return any(_has_no_content(node) for node in about) and not _DOES_NOTHING.fullmatch(text.code[answer - 1].strip())


def _has_no_content(node: ast.stmt) -> bool:
    """Whether a statement does nothing, or only takes another name's value."""
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr):
        return isinstance(node, ast.Pass)
    return node.value is None or isinstance(node.value, ast.Name) or _is_empty(node.value)


def _is_empty(value: ast.expr) -> bool:
    if isinstance(value, ast.Dict):
        return all(map(_is_empty, value.values))
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return all(map(_is_empty, value.elts))
    return isinstance(value, ast.Constant) and value.value in (None, ..., "")


def _is_empty_function(node: ast.stmt) -> bool:
    """Whether it is a function of nothing but a docstring, ``pass`` and ``...``."""
    return isinstance(node, _FUNCTIONS) and all(
        isinstance(each, ast.Pass) or (isinstance(each, ast.Expr) and _is_text_or_ellipsis(each.value))
        for each in node.body
    )


def _is_text_or_ellipsis(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and (value.value is ... or isinstance(value.value, str))
