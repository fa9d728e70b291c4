"""What was left in a summary in place of what belongs there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from graders.written.claims.document import Document, Heading, Line, Row, Table, read_document
from graders.written.claims.model import Check, Finding, Place, Quote
from graders.written.claims.normalization import normal
from graders.written.claims.rendering import in_order
from graders.written.claims.trie import Words

MAX_FINDINGS = 20
MOSTLY = 0.8
LONG = 40
_DATA = Path(__file__).with_name("placeholders.toml")
# In capitals only: "todo" is a word of several languages.
_CAPITALS = re.compile(r"(?<!\w)(?:TODO|FIXME|XXX+|TBD|TBA|WIP)(?!\w)")
_DOTS = re.compile(r"(?:\.{3,}|\u2026|\?{2,}|_{3,})+")
_AFTER_LABEL = re.compile(r"[^:]{1,60}:\s*(?:\.{3,}|\u2026|\?{2,}|_{3,})")
_BRACKETS = re.compile(r"[<\[{]([^<>\[\]{}]{3,80})[>\]}]")


def check_placeholders(document: Document, template: str = "") -> tuple[Finding, ...]:
    """TODO, dots in place of an answer, "to be filled in" in several languages, lorem ipsum, and text of the template.

    :param template: the text of the lab's own page on summaries; what is copied from it is no summary.
    """
    findings = []
    for place, text in _texts(document):
        found = _left(text)
        if found is not None:
            what, sure = found
            findings.append(_finding(what, Quote(place, text), sure=sure))
    findings += _of_template(document, template)
    return in_order(findings[:MAX_FINDINGS])


def _texts(document: Document) -> Iterator[tuple[Place, str]]:
    for block in document.blocks:
        if isinstance(block, Table):
            for row in (block.header, *_own(block.rows)):
                for cell in row.cells:
                    yield document.place(row.line), cell
        elif not (isinstance(block, Line) and block.code and _dotted(block.text)):
            yield document.place(block.line), block.text


def _own(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows of a table without those that only say, by dots in all cells, that others were left out."""
    real = [row for row in rows if len(row.cells) < 2 or not all(map(_DOTS.fullmatch, row.cells))]
    return real or rows


def _dotted(text: str) -> bool:
    return bool(_DOTS.fullmatch(text) or _AFTER_LABEL.fullmatch(text))


def _left(text: str) -> tuple[str, bool] | None:
    """What was left in a text, and whether that is beyond doubt."""
    capitals = _CAPITALS.search(text)
    if capitals:
        alone = capitals.start() <= 3 or text[capitals.end() :].lstrip().startswith(":") or len(text) < LONG
        return capitals.group(), alone
    if _dotted(text):
        return "dots in place of text", True
    plain = normal(text).strip(" .:!*_-()[]<>{}")
    words = next(_anywhere().all(plain), None)
    if words is not None:
        return words.meaning, True
    if plain in _missing():
        return plain, True
    bracketed = (normal(found.group(1)).strip(" .:!*_-") for found in _BRACKETS.finditer(text))
    return next(((inside, True) for inside in bracketed if _asks(inside)), None)


def _asks(inside: str) -> bool:
    return any(inside == words or inside.startswith(words + " ") for words in _missing())


@cache
def _lists() -> dict[str, list[str]]:
    return tomllib.loads(_DATA.read_text(encoding="utf-8"))


@cache
def _missing() -> frozenset[str]:
    return frozenset(normal(words) for words in _lists()["missing"])


@cache
def _anywhere() -> Words[str]:
    return Words({normal(words): words for words in _lists()["anywhere"]})


def _of_template(document: Document, template: str) -> list[Finding]:
    """Lines that are the template's own; headings may well be."""
    given = {_squeezed(text) for _, text in _texts(read_document(template))} if template else set()
    lines = [block for block in document.blocks if isinstance(block, Line) and _squeezed(block.text)]
    same = [line for line in lines if _squeezed(line.text) in given]
    long = [line for line in same if len(line.text) >= LONG]
    mostly = len(same) >= 5 and len(same) >= MOSTLY * len(lines)
    if not (mostly or len(long) >= 3):
        return []
    return [
        Finding(
            Check.PLACEHOLDER,
            measured=f"{len(same)} of {len(lines)} lines are copied from the template",
            expected="your own words",
            cause="The page with the instructions was submitted as the summary."
            if mostly
            else "Instructions of the template were left in.",
            next="Keep the headings if you like, and replace the instructions with your results and answers.",
            quotes=_quotes(document, long or same),
            sure=mostly,
        )
    ]


def _quotes(document: Document, lines: Sequence[Line | Heading]) -> tuple[Quote, ...]:
    return tuple(Quote(document.place(line.line), line.text) for line in lines[:3])


def _squeezed(text: str) -> str:
    return "".join(character for character in normal(text) if character.isalnum())


def _finding(what: str, quote: Quote, *, sure: bool) -> Finding:
    return Finding(
        Check.PLACEHOLDER,
        measured=f"{what!r} is left in the text",
        expected="a finished summary",
        cause="A placeholder was not filled in.",
        next="Fill it in or remove it.",
        quotes=(quote,),
        sure=sure,
    )
