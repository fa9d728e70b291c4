"""A cell's logical lines, and which of them are IPython's and not Python's.

It follows IPython's ``inputtransformer2``: a line that begins with an escape sign, ``x = !command``, ``x = %magic``
and ``help?`` count only where a statement may begin, never inside of a string, brackets or a continued line. IPython
itself is not needed: one pass over strings, comments, brackets and line ends finds the same, never fails, takes linear
time, and does not change with the version of Python, as ``tokenize`` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

ESCAPES = "!%?,;/"
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<triple>\"{3}|'{3})|(?P<quote>["'])|(?P<open>[(\[{])|(?P<close>[)\]}])"""
    r"""|(?P<joined>\\\n)|(?P<newline>\n)|(?P<assign>(?<![=<>!:+\-*/%&|^@~])=(?!=))"""
)
_INDENT = re.compile(r"[ \t\f]*+")
_TRIPLE_END = {quote: re.compile(rf"\\.|{quote}", re.DOTALL) for quote in ('"""', "'''")}
_QUOTE_END = {quote: re.compile(rf"(?:[^\\\n{quote}]|\\.)*+", re.DOTALL) for quote in "\"'"}
_ASSIGNED = re.compile(r"[ \t]*+(?=!(?!=)|%[ \t]*+[^\W\d])")


class Kind(StrEnum):
    """Whose a logical line is: Python's; IPython's as a whole, behind its ``=``, or as a question for help."""

    PYTHON = "python"
    ESCAPED = "escaped"
    ASSIGNED = "assigned"
    HELP = "help"


@dataclass(frozen=True)
class Statement:
    """A logical line: from ``start`` to ``end`` in the text, without the line end. ``code`` is where what stands behind
    the indentation begins; behind the ``=`` for an assigned one.
    """

    kind: Kind
    start: int
    code: int
    end: int


def statements(text: str) -> Iterator[Statement]:
    """The logical lines of a cell, empty ones too, in order; together with the line ends they are the whole text."""
    at = 0
    while at <= len(text):
        found = _statement(text, at)
        yield found
        at = found.end + 1


def _statement(text: str, start: int) -> Statement:
    indent = _INDENT.match(text, start)
    code = indent.end() if indent else start
    if text[code : code + 1] and text[code] in ESCAPES:
        return Statement(Kind.ESCAPED, start, code, end_of_escaped(text, code))
    return _python(text, start, code)


def end_of_escaped(text: str, at: int) -> int:
    """Where a line of IPython's ends: at the first line end without a backslash before it."""
    while True:
        end = text.find("\n", at)
        if end < 0:
            return len(text)
        if text[end - 1 : end] != "\\":
            return end
        at = end + 1


def _python(text: str, start: int, code: int) -> Statement:
    at, depth, assigned, quoted = code, 0, False, code
    while (found := _TOKEN.search(text, at)) is not None:
        at = found.end()
        kind = found.lastgroup
        if kind == "newline":
            if depth == 0:
                return _ended(text, start, code, found.start(), quoted)
        elif kind in ("triple", "quote"):
            at = quoted = _string_end(text, found.group(), at)
        elif kind == "comment":
            quoted = at
        elif kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(0, depth - 1)
        elif kind == "assign" and depth == 0 and not assigned:
            assigned = True
            if command := _ASSIGNED.match(text, at):
                return Statement(Kind.ASSIGNED, start, command.end(), end_of_escaped(text, command.end()))
    return _ended(text, start, code, len(text), quoted)


def _ended(text: str, start: int, code: int, end: int, quoted: int) -> Statement:
    """A line of Python's, or a question: its last sign is a question mark that is in no string and no comment."""
    last = end
    while last > quoted and text[last - 1] in " \t\f":
        last -= 1
    asks = last > max(quoted, code) and text[last - 1] == "?"
    return Statement(Kind.HELP if asks else Kind.PYTHON, start, code, end)


def _string_end(text: str, quote: str, at: int) -> int:
    """Where a string ends that begins before ``at``; of one that is not closed, the end of its line or of the text."""
    if len(quote) == 1:
        inner = _QUOTE_END[quote].match(text, at)
        end = inner.end() if inner else at
        return end + 1 if text[end : end + 1] == quote else end
    while (found := _TRIPLE_END[quote].search(text, at)) is not None:
        at = found.end()
        if found.group() == quote:
            return at
    return len(text)


@dataclass(frozen=True)
class Comment:
    """A comment, without its sign; ``line`` counts from 1."""

    line: int
    text: str


def without_strings(text: str) -> tuple[str, tuple[Comment, ...]]:
    """Python code with its strings and comments taken out, line for line, and the comments.

    A string leaves its quotes.
    """
    parts: list[str] = []
    comments: list[Comment] = []
    at = counted = line = 0
    while (found := _TOKEN.search(text, at)) is not None:
        if found.lastgroup == "comment":
            line, counted = line + text.count("\n", counted, found.start()), found.start()
            comments.append(Comment(line + 1, found.group().lstrip("#").strip()))
            parts.append(text[at : found.start()])
            at = found.end()
        elif found.lastgroup in ("triple", "quote"):
            end = _string_end(text, found.group(), found.end())
            parts.append(text[at : found.start()] + '""' + "\n" * text.count("\n", found.end(), end))
            at = end
        else:
            parts.append(text[at : found.end()])
            at = found.end()
    return "".join([*parts, text[at:]]), tuple(comments)
