"""Texts as sequences of tokens that stay the same when somebody renames, reformats or comments a copy.

Of code: comments, docstrings, layout and trailing commas are left out; every name that a student can choose becomes the
same token, every string and every number too. What keeps its name is what can't be renamed: keywords, builtins, members
and keyword arguments of libraries. Of prose: words alone, without numbers and tables, which honest work shares.

Both take time that grows with the text's length alone, whatever the text is, and no text is refused.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
    |(?P<string>(?i:[rbuft]{0,2})(?:
        \"\"\"(?:\\[\s\S]|(?!\"\"\")[^\\])*+(?:\"\"\"|\\?)
        |'''(?:\\[\s\S]|(?!''')[^\\])*+(?:'''|\\?)
        |"(?:\\[\s\S]|[^"\\\n])*+"?
        |'(?:\\[\s\S]|[^'\\\n])*+'?))
    |(?P<name>[^\W\d]\w*)
    |(?P<number>\d[\w.]*)
    |(?P<line>\n)
    |(?P<sign>[^\s\w])
    """,
    re.VERBOSE,
)
_KEPT = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_WORD = re.compile(r"[^\W\d_]+")
_OPENING, _CLOSING = "([{", ")]}"
NAME, STRING, NUMBER = "name", "string", "number"


@dataclass(frozen=True)
class Token:
    """A token's text, normalised, and its line, from 1."""

    text: str
    line: int


@dataclass(frozen=True)
class _Raw:
    kind: str
    text: str
    line: int
    depth: int


def code_tokens(text: str) -> list[Token]:
    """The tokens of Python code."""
    raw = [*_raw_tokens(text)]
    own = _own_members(raw)
    kept = [number for number in range(len(raw)) if not _is_filler(raw, number)]
    return [Token(_normal(raw, number, own), raw[number].line) for number in kept]


def prose_tokens(text: str) -> list[Token]:
    """The words of a text in Markdown."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.lstrip().startswith("|"):
            found += [Token(f"word {word.casefold()}", number) for word in _WORD.findall(line)]
    return found


def _raw_tokens(text: str) -> Iterator[_Raw]:
    """What is in the code, without comments, docstrings and line ends."""
    line, depth, first = 1, 0, True
    for match in _TOKEN.finditer(text):
        kind, found = match.lastgroup or "", match[0]
        if kind == "line":
            line += 1
            first = first or depth == 0
            continue
        is_text = kind == "string" and first and depth == 0
        if kind != "comment" and not is_text:
            depth = max(0, depth - (found in _CLOSING))
            yield _Raw(kind, found, line, depth)
            depth += found in _OPENING
            first = False
        line += found.count("\n")


def _own_members(raw: list[_Raw]) -> frozenset[str]:
    """Names of members and parameters that the code itself makes, so that they could be renamed."""
    found = set()
    signature = -1
    for number, each in enumerate(raw):
        before = raw[number - 1].text if number else ""
        after = raw[number + 1].text if number + 1 < len(raw) else ""
        if each.text == "def":
            signature = each.depth
        elif each.text == ":" and each.depth == signature:
            signature = -1
        if each.kind != "name":
            continue
        made = before in ("def", "class") or (before == "." and raw[number - 2].text == "self" and after in "=:")
        if made or (signature >= 0 and each.depth == signature + 1):
            found.add(each.text)
    return frozenset(found - _KEPT)


def _is_filler(raw: list[_Raw], number: int) -> bool:
    """Whether a token is a matter of style: a comma before a closing bracket, the dot before a member."""
    text, after = raw[number].text, raw[number + 1] if number + 1 < len(raw) else None
    if after is None:
        return False
    return (text == "," and after.text in _CLOSING) or (text == "." and after.kind == "name")


def _normal(raw: list[_Raw], number: int, own: frozenset[str]) -> str:
    each = raw[number]
    if each.kind in ("string", "number"):
        return STRING if each.kind == "string" else NUMBER
    if each.kind != "name":
        return each.text
    if number and raw[number - 1].text == ".":
        return f".{NAME}" if each.text in own else f".{each.text}"
    if each.text in _KEPT:
        return each.text
    keyword_argument = each.depth > 0 and number + 1 < len(raw) and raw[number + 1].text == "="
    keyword_argument = keyword_argument and raw[number - 1].text in ("(", ",") and each.text not in own
    return f"{each.text}=" if keyword_argument else NAME
