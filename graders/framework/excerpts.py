"""Excerpts of a student's files: a few lines around each place that a lost criterion is about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from graders.core.errors import SubmissionError
from graders.core.excerpts import Excerpt
from graders.core.text import code_line
from graders.framework.locations import CodeLine, SourceLocation
from graders.framework.source_files import read_source, source_lines

AROUND = 3
"""So many lines before a place and after it are shown."""
LONGEST_LINE = 200
MOST_EXCERPTS = 3
"""So many places of a criterion are shown with their lines, of definitions and of tracebacks each."""
_CELL = re.compile(r"cell (\d{1,6})")


def excerpt(lines: Sequence[str], line: int, cell: int | None = None) -> Excerpt | None:
    """The lines around one of these, made harmless and cut; None if there is no such line."""
    if not 1 <= line <= len(lines):
        return None
    first = max(line - AROUND, 1)
    shown = tuple(code_line(each, LONGEST_LINE) for each in lines[first - 1 : line + AROUND])
    return Excerpt(first, shown, cell)


class ExcerptReader:
    """Reads excerpts of one submission's files; each file is read once.

    ``roots``: the folders that paths count from, the first that has a file counts. ``notebook``: the file that cells
    belong to, if a lab has one.
    """

    def __init__(self, roots: Sequence[Path], notebook: str = "") -> None:
        self._roots = roots
        self._notebook = notebook
        self._files: dict[str, list[str]] = {}

    def locate(self, where: SourceLocation | None) -> SourceLocation | None:
        """The definitions of a criterion with the lines around the first few of them."""
        if where is None:
            return None
        shown: set[int] = set()
        places = []
        for place in where.places:
            if place.line is not None and place.line not in shown and len(shown) < MOST_EXCERPTS:
                shown.add(place.line)
                places.append(replace(place, excerpt=self._at(where.file, place.line)))
            else:
                places.append(place)
        return replace(where, places=tuple(places))

    def locate_lines(self, checks: Sequence[Sequence[CodeLine]]) -> list[tuple[CodeLine, ...]]:
        """The lines of each check; those where exceptions were raised, the innermost, with the lines around them."""
        wanted = list(dict.fromkeys((lines[-1].file, lines[-1].line) for lines in checks if lines))[:MOST_EXCERPTS]
        return [tuple(self._with_excerpts(lines, wanted)) for lines in checks]

    def _with_excerpts(self, lines: Sequence[CodeLine], wanted: list[tuple[str, int]]) -> Iterator[CodeLine]:
        for line in lines:
            if (line.file, line.line) in wanted:
                wanted.remove((line.file, line.line))
                yield replace(line, excerpt=self._at(line.file, line.line))
            else:
                yield line

    def _at(self, file: str, line: int) -> Excerpt | None:
        cell = _CELL.fullmatch(file)
        number = int(cell.group(1)) if cell and self._notebook else None
        if file not in self._files:
            self._files[file] = self._read(file) if number is None else self._cell(number)
        return excerpt(self._files[file], line, number)

    def _read(self, file: str) -> list[str]:
        for root in self._roots:
            text = read_source(root, file)
            if text is not None:
                return source_lines(text)
        return []

    def _cell(self, number: int) -> list[str]:
        from graders.submission.notebooks import read

        for root in self._roots:
            # Whether the file may be read is decided as for any other.
            if read_source(root, self._notebook) is not None:
                with suppress(SubmissionError):
                    cells = read(root / self._notebook).cells
                    return next((source_lines(cell.source) for cell in cells if cell.index + 1 == number), [])
        return []
