"""Where in the student's files a criterion lost its points: names and lines, and the code around them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graders.core.excerpts import Excerpt
from graders.core.text import html_label, html_text
from graders.framework import locations
from graders.scoring import CriterionScore

_MOST_LINES = 15
_LONGEST_LINE = 200


@dataclass(frozen=True)
class Place:
    """A class or method by name, and the line of its definition, 0 if it is not known; or a line without a name."""

    name: str
    line: int


@dataclass(frozen=True)
class Where:
    """A file of the student's, and the places in it."""

    file: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class CodeLine:
    """A line of an excerpt with its number; `is_marked` if it is the one that the criterion is about."""

    number: int
    text: str
    is_marked: bool


@dataclass(frozen=True)
class CodeExcerpt:
    """The lines around a place, below a caption that names it."""

    caption: str
    lines: tuple[CodeLine, ...]


def lay_out_places(score: CriterionScore) -> tuple[Where, ...]:
    """The definitions that a criterion is about, and the lines that its failed checks name, by file."""
    found = []
    if score.where is not None:
        places = tuple(Place(html_label(each.name, 80), each.line or 0) for each in score.where.places)
        found.append(Where(html_label(score.where.file, 200), places))
    shown = (line for line in score.lines if line.excerpt is not None)
    return merge([*found, *(Where(html_label(line.file, 200), (Place("", line.line),)) for line in shown)])


def merge(places: Iterable[Where]) -> tuple[Where, ...]:
    """The places of all of these, by file, each once."""
    files: dict[str, dict[Place, None]] = {}
    for each in places:
        files.setdefault(each.file, {}).update(dict.fromkeys(each.places))
    return tuple(Where(file, tuple(found)) for file, found in files.items())


def lay_out_excerpts(score: CriterionScore) -> tuple[CodeExcerpt, ...]:
    """The code around the lines that failed checks name, then around the definitions."""
    lines = [line for line in score.lines if line.excerpt is not None]
    found = [_excerpt(line.file, line.line, "", line.excerpt) for line in lines if line.excerpt]
    file, places = (score.where.file, score.where.places) if score.where else ("", ())
    found += [
        _excerpt(file, place.line, place.name, place.excerpt)
        for place in places
        if place.line and place.excerpt and not any(_shows(line, file, place.line) for line in lines)
    ]
    return tuple(dict.fromkeys(found))


def _shows(line: locations.CodeLine, file: str, number: int) -> bool:
    """Whether the excerpt of a line has another line of a file in it."""
    excerpt = line.excerpt
    return line.file == file and excerpt is not None and 0 <= number - excerpt.first < len(excerpt.lines)


def _excerpt(file: str, line: int, name: str, excerpt: Excerpt) -> CodeExcerpt:
    caption = f"{html_label(file.rpartition('/')[2], 80)}, line {line}{f': {html_label(name, 80)}' if name else ''}"
    lines = (
        CodeLine(number, html_text(text, _LONGEST_LINE), number == line)
        for number, text in enumerate(excerpt.lines[:_MOST_LINES], excerpt.first)
    )
    return CodeExcerpt(caption, tuple(lines))
