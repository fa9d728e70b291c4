"""What is read from a summary and found about it: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Quantity(StrEnum):
    """What a figure is a figure of. Shares are 0..1, times milliseconds, sizes bytes."""

    ACCURACY = "accuracy"
    PRECISION = "precision"
    SENSITIVITY = "sensitivity"
    G_MEAN = "g_mean"
    TIME_MS = "time_ms"
    BYTES = "bytes"
    ZIP_BYTES = "zip_bytes"
    DEFLATION = "deflation"
    PARAMETERS = "parameters"


QUALITY = (Quantity.ACCURACY, Quantity.PRECISION, Quantity.SENSITIVITY, Quantity.G_MEAN)
SHARES = frozenset({*QUALITY, Quantity.DEFLATION})
SIZES = frozenset({Quantity.BYTES, Quantity.ZIP_BYTES})
TITLES = {
    Quantity.ACCURACY: "accuracy",
    Quantity.PRECISION: "mean precision",
    Quantity.SENSITIVITY: "mean sensitivity",
    Quantity.G_MEAN: "G-mean",
    Quantity.TIME_MS: "inference time",
    Quantity.BYTES: "file size",
    Quantity.ZIP_BYTES: "zipped size",
    Quantity.DEFLATION: "deflation",
    Quantity.PARAMETERS: "number of parameters",
}
MODEL = ""
"""In place of a variant's name: the figure is one of the model as such."""


class Form(StrEnum):
    """Where a claim stands: in a table, in a line that names what it states, or in a sentence."""

    TABLE = "table"
    LINE = "line"
    PROSE = "prose"


class Basis(StrEnum):
    """What the quantity was recognised by: a word, the unit, or only the order of columns; ``GUESS`` if the word, or a
    number without a unit, may mean something else as well.
    """

    WORD = "word"
    UNIT = "unit"
    ORDER = "order"
    GUESS = "guess"


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True)
class Quote:
    """The student's own words and where they stand."""

    place: Place
    text: str


@dataclass(frozen=True)
class Claim:
    """A figure that a summary states.

    ``variants`` are those that it may speak of: one, as a rule; several where only a family is named ("INT8"); none
    for the model as such. ``low`` and ``high`` bound what the figure may stand for: the last digit, and 1000 or 1024
    for a kilobyte, are not known better. ``text`` is what was written; ``begins`` the line where its table begins, 0
    elsewhere. ``bare``: a size without a unit, of a model of unknown size, taken as bytes until others tell.
    """

    variants: tuple[str, ...]
    quantity: Quantity
    value: float
    low: float
    high: float
    place: Place
    text: str
    form: Form
    basis: Basis
    begins: int = 0
    bare: bool = False

    @property
    def variant(self) -> str:
        """The one variant's name; of a family's common part with a star; ``""`` for the model."""
        if len(self.variants) < 2:
            return self.variants[0] if self.variants else MODEL
        first, last = min(self.variants), max(self.variants)
        same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        return first[:same].rstrip("-0.") + "-*"

    @property
    def sure(self) -> bool:
        """Whether it is beyond doubt what the figure states."""
        return self.form is not Form.PROSE and self.basis not in (Basis.ORDER, Basis.GUESS)

    @property
    def quote(self) -> Quote:
        """The claim's place and text."""
        return Quote(self.place, self.text)


@dataclass(frozen=True)
class Blank:
    """A place for a figure with none in it: empty, a dash, "n/a", NaN, a word."""

    variant: str
    quantity: Quantity
    place: Place
    text: str


@dataclass(frozen=True)
class Claims:
    """All figures of a summary, in the order of its lines, and its blanks."""

    claims: tuple[Claim, ...]
    blanks: tuple[Blank, ...] = ()

    def of(self, variant: str, quantity: Quantity) -> tuple[Claim, ...]:
        """The claims about exactly that variant and quantity."""
        return self._index.get((variant, quantity), ())

    @cached_property
    def _index(self) -> dict[tuple[str, Quantity], tuple[Claim, ...]]:
        index: dict[tuple[str, Quantity], tuple[Claim, ...]] = {}
        for claim in self.claims:
            key = (claim.variant, claim.quantity)
            index[key] = (*index.get(key, ()), claim)
        return index


class Check(StrEnum):
    """What a finding is about."""

    MISSING = "missing"
    IMPOSSIBLE = "impossible"
    INVERTED = "inverted"
    CONTRADICTION = "contradiction"
    EVIDENCE = "evidence"
    PLACEHOLDER = "placeholder"
    IMAGE = "image"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a summary, with every place that shows it.

    ``sure`` is false where a person should look before it costs anything. ``variant`` and ``quantity`` are empty where
    it is about neither.
    """

    check: Check
    measured: str
    expected: str
    cause: str
    next: str
    quotes: tuple[Quote, ...] = ()
    variant: str = MODEL
    quantity: Quantity | None = None
    sure: bool = True
