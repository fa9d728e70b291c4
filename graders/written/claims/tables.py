"""Claims in tables: a row or a column a variant, its name in one cell, in two, or partly in a heading."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graders.written.claims.columns import (
    NO_VALUE,
    Cell,
    Meaning,
    Series,
    cell,
    meanings,
    named_quantity,
    quantity_words,
)
from graders.written.claims.document import Document, Row, Table
from graders.written.claims.model import QUALITY, SHARES, SIZES, Basis, Blank, Claim, Form, Quantity
from graders.written.claims.normalization import normal
from graders.written.claims.numerals import Kind, Unit, unit_of
from graders.written.claims.values import fits, looks_like_ratio, share_unit, size_or_bare_unit, value_of
from graders.written.claims.variants import Mention, Variant, mentions
from graders.written.claims.vocabulary import finder, is_blank

MAX_LABEL_COLUMNS = 3
ALL = (*QUALITY, Quantity.TIME_MS)
_MOST_PARTS = 6
_STROKE = re.compile(r"(?<!\w)/|/(?!\w)|(?<=[^\W\d_])/(?=[^\W\d_]{3})|(?<=[\d%])/(?=[\d])")
_LETTER = re.compile(r"[^\W\d_]")
_SURELY_BYTES = 10_000


@dataclass(frozen=True)
class Reading:
    """What a table or a line is read with: the variants, how decimals are written, how large the model is."""

    variants: tuple[Variant, ...]
    commas: bool = False
    parameters: float | None = None


@dataclass(frozen=True)
class _Labelled:
    """A table, on its side if need be, so that each row has a variant: the rows' variants, and how many columns their
    names take up. ``columns``: the line of each column of a table that lies on its side.
    """

    table: Table
    names: tuple[tuple[str, ...], ...]
    label_columns: int
    columns: tuple[int, ...] = ()

    def cell(self, row: int, column: int, commas: bool) -> Cell:
        """One cell with the line that it stands on."""
        texts = self.table.rows[row].cells
        line = self.columns[column] if self.columns else self.table.rows[row].line
        return cell(self.names[row], line, texts[column] if column < len(texts) else "", commas)


def table_claims(table: Table, document: Document, reading: Reading) -> tuple[list[Claim], list[Blank]]:
    """The claims of a table and its blanks; nothing if it names no variant."""
    candidates = [_labelled(table, reading), replace(_labelled(_turned(table), reading), columns=_lines(table))]
    best = max(candidates, key=lambda one: sum(len(names) == 1 for names in one.names))
    if not any(best.names):
        alone = _under_one_heading(table, reading)
        if alone is None:
            return [], []
        best = alone
    return _claims(best, document, reading)


def _labelled(table: Table, reading: Reading) -> _Labelled:
    """Each row's variant, from the fewest columns at the left that tell them apart."""
    best = _Labelled(table, tuple(() for _ in table.rows), 0)
    header = [normal(text) for text in table.header.cells]
    most = min(MAX_LABEL_COLUMNS, len(header) - 1)
    for columns in range(1, most + 1):
        if columns > 1 and named_quantity(quantity_words(header[columns - 1])) is not None:
            break
        names = tuple(_row_names(row, header, columns, table.headings, reading) for row in table.rows)
        if _score(names) > _score(best.names):
            best = _Labelled(table, names, columns)
    return best


def _score(names: Sequence[tuple[str, ...]]) -> int:
    """Definite names count, but not twice the same."""
    definite = {one for one in names if len(one) == 1}
    return 2 * len(definite) + bool(any(names))


def _row_names(
    row: Row, header: Sequence[str], columns: int, headings: Sequence[str], reading: Reading
) -> tuple[str, ...]:
    """What the first ``columns`` cells name; a bare number with the word above it, or above the table."""
    label = _label(row, columns)
    if not label.strip():
        return ()
    above = [" ".join(header[:columns]), *(normal(heading) for heading in reversed(headings))]
    family: tuple[str, ...] = ()
    for text in (label, *(f"{more} {label}" for more in above)):
        found = mentions(text, reading.variants, label=True)
        # A heading adds what the label leaves open; it does not give it another meaning.
        own = [mention for mention in found if text is label or mention.end > len(text) - len(label)]
        if len(own) == 1 and own[0].definite:
            return own[0].names
        family = family or _family(own)
    return family


def _label(row: Row, columns: int) -> str:
    """The first cells as one text, but not a figure beside the name of its quantity: the 0.8 of "accuracy | 0.8"."""
    cells = [normal(text) for text in row.cells[:columns]]
    named = named_quantity(quantity_words(cells[0])) is not None
    return cells[0] if named and not _LETTER.search("".join(cells[1:])) else " ".join(cells)


def _family(found: Sequence[Mention]) -> tuple[str, ...]:
    return found[0].names if len(found) == 1 else ()


def _turned(table: Table) -> Table:
    """The table with rows and columns exchanged."""
    rows = [table.header, *table.rows]
    width = max(len(row.cells) for row in rows)
    filled = [row.cells + ("",) * (width - len(row.cells)) for row in rows]
    turned = [Row(column, table.line) for column in zip(*filled, strict=True)]
    return replace(table, header=turned[0], rows=tuple(turned[1:]))


def _lines(table: Table) -> tuple[int, ...]:
    return tuple(row.line for row in (table.header, *table.rows))


def _under_one_heading(table: Table, reading: Reading) -> _Labelled | None:
    """A table without variants in its rows and columns, below a heading, or with a corner, that names one: its rows or
    columns are that one's quantities.
    """
    names = _corner_names(table, reading) or heading_names(table.headings, reading.variants)
    turned = _turned(table)
    if not names or not turned.rows:
        return None
    # Without known words, one column or row of as many figures as the labs' script writes is enough to try.
    if len(table.rows) == 1 and (_quantities(table.header.cells) >= 2 or len(table.header.cells) >= len(ALL)):
        return _Labelled(table, (names,), 0)
    if _quantities(turned.header.cells) >= 2 or (len(turned.rows) == 1 and len(table.rows) >= len(ALL)):
        return _Labelled(turned, (names,), 0, _lines(table))
    return None


def _corner_names(table: Table, reading: Reading) -> tuple[str, ...]:
    """The one variant that the header names: "| native | |" above rows of quantities."""
    found = mentions(normal(" ".join(table.header.cells)), reading.variants, label=True)
    return found[0].names if len(found) == 1 and found[0].definite else ()


def _quantities(texts: Sequence[str]) -> int:
    """How many of the texts name a quantity."""
    return sum(named_quantity(quantity_words(normal(text))) is not None for text in texts)


def heading_names(headings: Sequence[str], variants: tuple[Variant, ...]) -> tuple[str, ...]:
    """The variant that the innermost heading with any name in it names; a family's number may stand further out."""
    for at in range(len(headings) - 1, -1, -1):
        found = mentions(normal(headings[at]), variants, label=True)
        if len(found) == 1 and found[0].definite:
            return found[0].names
        if found:
            return ()
        joined = mentions(normal(" ".join(headings[at - 1 : at + 1])), variants, label=True) if at else ()
        if len(joined) == 1 and joined[0].definite and any(character.isdigit() for character in headings[at]):
            return joined[0].names
    return ()


def _claims(one: _Labelled, document: Document, reading: Reading) -> tuple[list[Claim], list[Blank]]:
    table = one.table
    series = []
    rows = [index for index, names in enumerate(one.names) if names]
    for column in range(one.label_columns, len(table.header.cells)):
        cells = tuple(one.cell(row, column, reading.commas) for row in rows)
        series += _split(Series(table.header.cells[column], cells), reading.commas)
    claims: list[Claim] = []
    blanks: list[Blank] = []
    for item, known in zip(series, _meanings(series, table), strict=True):
        meaning = _sized(item, known) if known else None
        if meaning is not None:
            bare, is_open = _bare_unit(item, meaning.quantity, reading)
            guessed = replace(meaning, basis=Basis.GUESS)
            others = mentions(normal(item.heading), reading.variants)
            for each in item.cells:
                # "FP32's accuracy" as a column: hardly that of the row's variant.
                doubtful = any(not set(each.variants) & set(other.names) for other in others)
                claim = _claim(each, guessed if doubtful else meaning, bare, document, table.line)
                if claim is not None:
                    claims.append(replace(claim, bare=is_open and _is_bare(each, meaning)))
                elif is_blank(each.text) and len(each.variants) == 1:
                    blanks.append(Blank(each.variants[0], meaning.quantity, document.place(each.line), each.text))
    return claims, blanks


def _split(item: Series, commas: bool) -> list[Series]:
    """A column for each of several quantities that share cells: "accuracy / G-mean", "0.90 / 0.89"."""
    names = _STROKE.split(item.heading)
    if not 1 < len(names) <= _MOST_PARTS or any(name.count("(") != name.count(")") for name in names):
        return [item]
    named = [named_quantity(quantity_words(normal(name))) for name in names]
    cells = [_STROKE.split(each.text) for each in item.cells]
    filled = [parts for parts in cells if len(parts) > 1]
    if not filled and all(quantity in SIZES for quantity in named):
        return []  # One size divided by another one.
    if not any(named) or not filled or any(len(parts) != len(names) for parts in filled):
        return [item]
    columns = zip(*(parts if len(parts) > 1 else parts * len(names) for parts in cells), strict=True)
    return [_part(item, name, texts, commas) for name, texts in zip(names, columns, strict=True)]


def _part(item: Series, name: str, texts: Sequence[str], commas: bool) -> Series:
    pairs = zip(item.cells, texts, strict=True)
    return Series(name, tuple(cell(old.variants, old.line, text, commas) for old, text in pairs))


def _sized(item: Series, meaning: Meaning) -> Meaning | None:
    """What a column of sizes means of which neither cells nor heading tell the unit: quotients, if they look so; else
    its sizes are doubtful, unless they are large.
    """
    heading = unit_of(normal(item.heading))
    figures = [one for one in item.first_figures() if one.unit is None]
    if meaning.quantity not in SIZES or (heading and heading.kind is Kind.BYTES) or not figures:
        return meaning
    if looks_like_ratio(figures) and "bytes" not in finder("bytes").names(normal(item.heading)):
        return None
    whole = all(one.step >= 1 and one.value >= _SURELY_BYTES for one in figures)
    return meaning if whole else replace(meaning, basis=Basis.GUESS)


def _meanings(series: Sequence[Series], table: Table) -> tuple[Meaning | None, ...]:
    found = meanings(series)
    if len(series) != 1 or found[0] or quantity_words(normal(series[0].heading)) & {"other", "comparison"}:
        return found
    # One nameless column below a heading such as "Deflation".
    for heading in reversed(table.headings):
        guessed = meanings([replace(series[0], heading=f"{heading} {series[0].heading}")])
        if guessed[0] is not None:
            own = _LETTER.search(series[0].heading) and not unit_of(normal(series[0].heading))
            return (replace(guessed[0], basis=Basis.GUESS),) if own else guessed
        if quantity_words(normal(heading)) & NO_VALUE:
            break
    return found


def _is_bare(each: Cell, meaning: Meaning) -> bool:
    figure = next((one for one in each.figures if fits(one, meaning.quantity)), None)
    return figure is not None and figure.unit is None


def _bare_unit(item: Series, quantity: Quantity, reading: Reading) -> tuple[Unit | None, bool]:
    """The unit of a column's bare figures, and whether it is left open."""
    heading = unit_of(normal(item.heading))
    figures = item.first_figures()
    if quantity in SHARES:
        return share_unit(figures, heading), False
    if quantity in SIZES:
        known = heading and heading.kind is Kind.BYTES
        return (heading, False) if known else size_or_bare_unit(figures, reading.parameters)
    return heading if heading and heading.kind is Kind.TIME and quantity is Quantity.TIME_MS else None, False


def _claim(each: Cell, meaning: Meaning, bare: Unit | None, document: Document, begins: int) -> Claim | None:
    figure = next((one for one in each.figures if fits(one, meaning.quantity)), None)
    value = value_of(figure, meaning.quantity, bare) if figure else None
    if value is None:
        return None
    place, bounds = document.place(each.line), (value.value, value.low, value.high)
    return Claim(each.variants, meaning.quantity, *bounds, place, each.text, Form.TABLE, meaning.basis, begins)
