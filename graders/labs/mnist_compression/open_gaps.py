"""Gaps of a template that are still open: where a comment asks for code and there is none, or only what stood for it.

The original notebooks ask for code in a comment above a line that does nothing so far: ``converter = model``,
``converter.optimizations = []``, ``{"pruning_schedule": None}``. A comment that was left above finished code is no gap.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from graders.core.text import plain_line
from graders.framework.unstarted import raises_not_implemented
from graders.submission.notebooks import CellCode
from graders.submission.notebooks.gaps import asks_for_code
from graders.submission.notebooks.statements import without_strings

MOST_SHOWN = 80
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = ("body", "orelse", "finalbody")


@dataclass(frozen=True)
class Gap:
    """Where code is missing: the number of its cell, counted from 1, the line in it, and what is there so far."""

    cell: int
    line: int
    text: str

    def __str__(self) -> str:
        return f"cell {self.cell} still has the template's gap ({self.text})"


def open_gaps(cell: CellCode) -> tuple[Gap, ...]:
    """The gaps of a cell, in its order; none in one that is no Python."""
    code, comments = without_strings(cell.code)
    requests = {comment.line: comment.text for comment in comments if asks_for_code(comment.text)}
    body = parsed(cell.code)
    if body is None:
        return ()
    lines = cell.code.split("\n")
    blank = {place for place, text in enumerate(code.split("\n"), start=1) if not text.strip()}
    try:
        found = set(_holes(body, requests, blank))
    except RecursionError:
        return ()
    last = body[-1].end_lineno or 0 if body else 0
    found |= {line for line in requests if line > last}
    return tuple(Gap(cell.index + 1, line, _shown(lines, line)) for line in sorted(found))


def parsed(code: str) -> list[ast.stmt] | None:
    """The statements of a cell; ``None`` if it is no Python."""
    with warnings.catch_warnings():
        # Such as of "\\d" in a string: the student's code is not this program's.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _shown(lines: list[str], line: int) -> str:
    return plain_line(lines[line - 1].strip(), MOST_SHOWN)


def _holes(body: list[ast.stmt], requests: dict[int, str], blank: set[int]) -> Iterator[int]:
    """The lines of gaps in a block, and in the blocks in it."""
    for node in body:
        asked = _request(node, requests, blank)
        if _is_hole(node) or (asked and _does_nothing(node)):
            yield asked or node.lineno
        inner = [block for name in BLOCKS if isinstance(block := getattr(node, name, None), list)]
        for block in inner:
            yield from _holes(block, requests, blank)


def _request(node: ast.stmt, requests: dict[int, str], blank: set[int]) -> int:
    """The line of the comment that asks for a statement: above it, beside it or in it; 0 if there is none."""
    if isinstance(node, ast.stmt) and not hasattr(node, "body"):
        inside = [line for line in requests if node.lineno <= line <= (node.end_lineno or node.lineno)]
        if inside:
            return min(inside)
    line, found = node.lineno - 1, 0
    while line in blank:
        found = line if line in requests else found
        line -= 1
    return found


def _is_hole(node: ast.stmt) -> bool:
    """Whether a statement stands for missing code whatever the comments say."""
    if raises_not_implemented(node):
        return True
    if isinstance(node, FUNCTIONS):
        return all(isinstance(each, ast.Pass) or _is_text(each) for each in node.body)
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr | ast.Assign | ast.Return) and isinstance(value, ast.expr) and _is_ellipsis(value)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_ellipsis(value: ast.expr) -> bool:
    blank = isinstance(value, ast.Name) and len(value.id) > 2 and not value.id.strip("_")
    return blank or (isinstance(value, ast.Constant) and value.value is ...)


def _does_nothing(node: ast.stmt) -> bool:
    """Whether a statement that a comment asks for is only what stood for it: nothing, or another name's value."""
    if isinstance(node, ast.Pass):
        return True
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr):
        return False
    return node.value is None or isinstance(node.value, ast.Name) or _is_empty(node.value)


def _is_empty(value: ast.expr) -> bool:
    if isinstance(value, ast.Dict):
        return all(map(_is_empty, value.values))
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return all(map(_is_empty, value.elts))
    return isinstance(value, ast.Constant) and value.value in (None, ..., "")
