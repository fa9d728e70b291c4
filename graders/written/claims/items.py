"""Claims in a list whose words are of no known language: read as a table of one column.

Six lines with one figure each, below the name of a variant, are what the labs' script writes; units and order tell
which is which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graders.written.claims.columns import Cell, Series, meanings
from graders.written.claims.document import Document
from graders.written.claims.model import QUALITY, SHARES, Claim, Form
from graders.written.claims.numerals import Figure
from graders.written.claims.values import fits, share_unit, value_of


@dataclass(frozen=True)
class Item:
    """A line with one figure: the words before it, and whose it is."""

    names: tuple[str, ...]
    label: str
    figure: Figure
    line: int
    text: str


class Run:
    """Items below each other, as they come."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._claims: list[Claim] = []
        self._doubtful: list[Claim] = []

    def goes_on(self, item: Item) -> bool:
        """Whether an item speaks of the same variant as those before it."""
        return not self._items or self._items[-1].names == item.names

    def add(self, item: Item, claims: Sequence[Claim], *, doubtful: bool) -> None:
        """Takes the next item, and what was claimed by its own words or unit; ``doubtful``: its word has two meanings,
        between which the other items decide.
        """
        self._items.append(item)
        (self._doubtful if doubtful else self._claims).extend(claims)

    def end(self, document: Document) -> list[Claim]:
        """What all the items claim; nothing beyond their own words where there are too few."""
        found = self._claims
        for more in (list(_claims(self._items, document)), self._doubtful):
            lines = {claim.place.line for claim in found}
            found = [*found, *(claim for claim in more if claim.place.line not in lines)]
        self._items, self._claims, self._doubtful = [], [], []
        return found


def _claims(run: Sequence[Item], document: Document) -> Iterator[Claim]:
    if len(run) < len(QUALITY):
        return
    series = [Series(item.label, (Cell(item.names, item.line, item.text, (item.figure,)),)) for item in run]
    for item, meaning in zip(run, meanings(series), strict=True):
        if meaning is None or not fits(item.figure, meaning.quantity):
            continue
        bare = share_unit([item.figure], None) if meaning.quantity in SHARES else None
        value = value_of(item.figure, meaning.quantity, bare)
        if value is not None:
            place = document.place(item.line)
            bounds = (value.value, value.low, value.high)
            yield Claim(item.names, meaning.quantity, *bounds, place, item.text, Form.LINE, meaning.basis)
