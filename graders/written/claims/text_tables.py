"""Tables that a program printed, as blocks of code have them: columns apart by spaces, tabs, commas, strokes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FEWEST_COLUMNS = 3
_RULE = re.compile(r"[\s|+:=_-]+\Z")
_APART = re.compile(r"\s{2,}")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(?:e[+-]?\d+)? ?(?:%|[a-zµμ]{1,2})?\Z|[+-]?nan\Z|-+\Z", re.IGNORECASE)
_MOST_LINE = 1000


@dataclass(frozen=True)
class TextTable:
    """A table's cells, header first, and the numbers of their lines; ``until`` is the line behind it."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]
    until: int


def table_at(lines: Sequence[str], start: int) -> TextTable | None:
    """The table that begins at a line: a header without numbers, and rows of as many cells that are mostly numbers, the
    last one always.
    """
    for separator in ("|", "\t", ";", ",", ""):
        header = _cells(lines[start], separator)
        if len(header) < _FEWEST_COLUMNS - 1 or any(_NUMBER.match(cell) for cell in header):
            continue
        rows = list(_rows(lines, start + 1, separator, len(header)))
        if not rows:
            continue
        width = len(rows[0][1])
        if width >= _FEWEST_COLUMNS:
            # A data frame's index has no heading.
            named = ("",) * (width - len(header)) + header
            return TextTable(((start, named), *rows), rows[-1][0] + 1)
    return None


def _rows(lines: Sequence[str], start: int, separator: str, columns: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    width = 0
    for number in range(start, len(lines)):
        if lines[number].strip() and _RULE.match(lines[number]):
            continue
        cells = _cells(lines[number], separator)
        numbers = sum(_NUMBER.match(cell) is not None for cell in cells[1:])
        fits = len(cells) == (width or len(cells)) and columns <= len(cells) <= columns + 1
        if not fits or 2 * numbers < len(cells) - 1 or not _NUMBER.match(cells[-1]):
            return
        width = len(cells)
        yield number, cells


def _cells(line: str, separator: str) -> tuple[str, ...]:
    if len(line) > _MOST_LINE:
        return ()
    text = line.strip()
    if separator == "|":
        text = text.removeprefix("|").removesuffix("|")
    parts = text.split(separator) if separator else _APART.split(text)
    return tuple(part.strip() for part in parts) if len(parts) > 1 else ()
