"""A student's statement at a line: found, parsed and edited without running any of it.

Only one logical line is ever parsed, of bounded length: a file as a whole may be made to take long.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from graders.submission.notebooks.statements import statements

MAX_TEXT, MAX_STATEMENT = 400_000, 4_000
# An indented statement is parsed as the body of this line, so that its columns stay as they are.
ABOVE = "if 1:\n"
_HEADER = re.compile(r":[ \t]*(?:#[^\n]*)?\Z")
_COMMA_BEFORE = re.compile(r",[ \t]*(\n?)[ \t]*\Z")
_COMMA_AFTER = re.compile(r"\A[ \t]*,[ \t]*")


@dataclass(frozen=True)
class StatementText:
    """A logical line of a file: its lines, counted from 1, its text, and what it says.

    ``above``: how many lines were put above it to parse it.
    """

    first: int
    last: int
    text: str
    tree: ast.Module
    above: int

    def calls(self) -> Iterator[ast.Call]:
        """Every call in it."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def replaced(self, node: ast.expr | ast.keyword | ast.stmt, new: str) -> str:
        """The statement's text with other text in place of a node's, in as many lines."""
        start, end = self._span(node)
        return self.text[:start] + new + "\n" * self.text.count("\n", start, end) + self.text[end:]

    def without(self, argument: ast.keyword) -> str:
        """The statement's text without an argument of a call and its comma, in as many lines."""
        start, end = self._span(argument)
        before, after = self.text[:start], self.text[end:]
        lines = "\n" * self.text.count("\n", start, end)
        if (comma := _COMMA_BEFORE.search(before)) is not None:
            return before[: comma.start()] + comma.group(1) + lines + after
        return before + lines + _COMMA_AFTER.sub("", after)

    def _span(self, node: ast.expr | ast.keyword | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        """Where in the text a node's position is, whose columns count bytes."""
        lines = self.text.split("\n")
        place = line - self.above - 1
        before = sum(len(each) + 1 for each in lines[:place])
        return before + len(lines[place].encode()[:column].decode(errors="ignore"))


def statement_at(text: str, line: int) -> StatementText | None:
    """The logical line that a line is a part of; None if there is none, or if it can't be parsed on its own."""
    if len(text) > MAX_TEXT:
        return None
    first = 1
    for each in statements(text):
        raw = text[each.start : each.end]
        last = first + raw.count("\n")
        if first <= line <= last:
            return _parsed(first, last, raw)
        first = last + 1
    return None


def _parsed(first: int, last: int, raw: str) -> StatementText | None:
    if len(raw) > MAX_STATEMENT or not raw.strip():
        return None
    above = ABOVE if raw[0] in " \t" else ""
    body = " pass" if _HEADER.search(raw) else ""
    try:
        tree = ast.parse(above + raw.partition("#")[0] + body if body else above + raw)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return StatementText(first, last, raw, tree, above.count("\n"))


def called_name(call: ast.Call) -> str:
    """The last part of the name of what is called: ``save`` for ``model.save(...)``."""
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    """The argument of that name."""
    return next((each for each in call.keywords if each.arg == name), None)


def literal(node: ast.expr | None) -> str | None:
    """A string literal's value."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
