"""A gradebook's own sheet, filled in: every row that does not change stays byte for byte as it was downloaded."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graders.core.errors import UsageError
from graders.core.text import is_formula, spreadsheet_cell

BOM = "\ufeff"


@dataclass(frozen=True)
class Row:
    """A row: its cells, and the text that they were read from."""

    cells: tuple[str, ...]
    text: str

    def at(self, index: int | None) -> str:
        """A cell without white space around it; empty where the row or the sheet has none."""
        return self.cells[index].strip() if index is not None and index < len(self.cells) else ""


@dataclass(frozen=True)
class Sheet:
    """A CSV file as rows."""

    rows: tuple[Row, ...]
    delimiter: str
    newline: str
    bom: bool

    @property
    def header(self) -> tuple[str, ...]:
        """The first row's cells, without white space around them."""
        return tuple(text.strip() for text in self.rows[0].cells)

    def column(self, name: str) -> int | None:
        """The index of the column of that name, whatever its case."""
        wanted = name.casefold()
        return next((index for index, text in enumerate(self.header) if text.casefold() == wanted), None)

    def written(self, changes: Mapping[int, Mapping[int, str]], foreign: Sequence[int]) -> str:
        """The file with cells changed, by row and column.

        :param foreign: columns that hold other people's text and that are not read back: no formula is left in them.
        """
        rows = [self._written(index, row, changes.get(index, {}), foreign) for index, row in enumerate(self.rows)]
        return (BOM if self.bom else "") + "".join(rows)

    def _written(self, index: int, row: Row, changes: Mapping[int, str], foreign: Sequence[int]) -> str:
        cells = list(row.cells)
        for column in foreign:
            if index > 0 and column < len(cells) and is_formula(cells[column]):
                cells[column] = spreadsheet_cell(cells[column])
        for column, text in changes.items():
            cells += [""] * (column + 1 - len(cells))
            cells[column] = text
        if tuple(cells) == row.cells:
            return row.text
        line = io.StringIO()
        writer = csv.writer(line, delimiter=self.delimiter, quoting=csv.QUOTE_ALL, lineterminator=self.newline)
        writer.writerow(cells)
        return line.getvalue()


@dataclass
class _Lines:
    """Lines passed to the reader one by one, held until a row is complete."""

    lines: Iterator[str]
    taken: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.taken.append(line)
            yield line


def parse(data: bytes, name: str) -> Sheet:
    """A sheet from its file. :raises UsageError: it is no CSV in UTF-8."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{name}: not in UTF-8; use the file as it was downloaded") from None
    first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    delimiter = ";" if first.count(";") > first.count(",") else ","
    # Lines end at line feeds only: other separators are part of a cell.
    source = _Lines(iter(io.StringIO(text, newline="")))
    rows = []
    try:
        for cells in csv.reader(source, delimiter=delimiter, strict=True):
            rows.append(Row(tuple(cells), "".join(source.taken)))
            source.taken.clear()
    except csv.Error as error:
        raise UsageError(f"{name}: not a CSV file ({error})") from None
    if not rows:
        raise UsageError(f"{name}: empty")
    return Sheet(tuple(rows), delimiter, "\r\n" if "\r\n" in text else "\n", data.startswith(BOM.encode()))
