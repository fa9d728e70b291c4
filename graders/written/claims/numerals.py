"""Figures in a text: their value, how exactly it is meant, and their unit.

Decimal points and commas, separated thousands, digits of any script, powers of ten, ± and units in several languages.
Dates, versions, dimensions (224 x 224), ratios of counts (353/444), ranges and bounds are no figures.

All patterns are linear: no repetition holds another one that could match the same text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import islice

from graders.written.claims.normalization import normal
from graders.written.claims.trie import LETTER, Words
from graders.written.claims.vocabulary import units_data

MAX_DIGITS = 40
MAX_FIGURES = 200
"""Of one text: a line, a cell."""
APPROXIMATE = 0.05
"""How far, relatively, a figure may be off that is written with a tilde."""
_BEFORE = 16
"""How much of the text before a figure is looked at: as much as "approximately", the longest of its kind, needs."""


class Kind(StrEnum):
    """What kind of unit a figure has. ``SCALE`` is a bare k or M, bytes or a count; ``OTHER`` is no value at all: a
    ratio, a difference in points.
    """

    PERCENT = "percent"
    TIME = "time"
    BYTES = "bytes"
    SCALE = "scale"
    OTHER = "other"


@dataclass(frozen=True)
class Unit:
    """``factor`` brings a value to milliseconds, bytes or a share; ``most`` is the other factor it may mean."""

    kind: Kind
    factor: float
    most: float


@dataclass(frozen=True)
class Figure:
    """A figure as it stands in a text from ``start`` to ``end``, and ``unit`` if it has one.

    ``digits_end`` is where its unit begins. ``value`` is in the unit as written; ``step`` is one of its last digit;
    ``rough`` whether a tilde stands before.
    """

    value: float
    step: float
    unit: Unit | None
    start: int
    end: int
    text: str
    digits_end: int = 0
    rough: bool = False

    def kind(self) -> Kind | None:
        """The unit's kind, ``None`` without a unit."""
        return self.unit.kind if self.unit else None


_PERCENT = Unit(Kind.PERCENT, 0.01, 0.01)
# Words of scripts without spaces may stand right beside a figure; letters of an alphabet make it part of a name.
# "13:31" has no figure in it, "FP32:0.937" has one.
_BEHIND_COLON = rf"(?:(?<![0-9]:)|(?<=[{LETTER}][0-9]:)|(?<=[{LETTER}][0-9]{{2}}:))"
_NUMBER = re.compile(
    rf"(?<![{LETTER}0-9_.,/])(?<![{LETTER}0-9_.,]-){_BEHIND_COLON}[+-]?"
    rf"(?:\d{{1,3}}(?:[ '_]\d{{3}})++(?!\d)|\d++)(?:[.,]\d++)*+(?:e[+-]?\d{{1,2}}(?![{LETTER}0-9]))?"
)
_PLUS_MINUS = re.compile(r"\s?(?:\u00b1|\+/?-)\s?\d++(?:[.,]\d++)?")
_DIMENSIONS = re.compile(r"(?:\s?[x\u00d7]\s?\d++)+")
_SPOILT = re.compile(rf"\s?/\s?\d|:\d|\s?-\s?\d|-?[{LETTER}_]")
_SECOND = re.compile(r"\d\s?/\s?\Z")
_BOUND = re.compile(r"[<>≤≥]=?\s?\Z")
_PARTS = re.compile(r"[^\s\[\]()/,:;=]++")
_PERCENT_BEFORE = re.compile(r"%\s?\Z")
_COMMA = re.compile(r"(?<![\d.,])(?:0,\d++|\d{1,3},(?:\d{1,2}|\d{4,}))(?![.,]?\d)")
# "2.1." numbers a section rather than ends a sentence.
_POINT = re.compile(r"(?<![\d.,])(?:0\.\d++(?![.,]?\d)|\d{1,3}\.(?:\d{1,2}|\d{4,})(?!\.|,?\d))")


@cache
def _units() -> Words[Unit]:
    """The units of ``units.toml``."""
    words: dict[str, Unit] = {}
    for entry in units_data()["unit"]:
        factor = entry.get("factor", 1.0)
        unit = Unit(Kind(entry["kind"]), factor, entry.get("most", factor))
        for word in entry["words"]:
            words.setdefault(normal(word), unit)
    return Words(words, inside=True)


@cache
def _rough() -> Words[bool]:
    return Words(dict.fromkeys(map(normal, units_data()["approximate"]["words"]), True))


def writes_commas(text: str) -> bool:
    """Whether a (normalised) text writes decimals with a comma, as far as it shows."""
    return len(_COMMA.findall(text)) > len(_POINT.findall(text))


def figures(text: str, commas: bool = False) -> tuple[Figure, ...]:
    """The figures in a normalised text, in order; of a flood of them the first.

    :param commas: how to read what may be read in two ways: with a decimal comma, or with a comma between thousands.
    """
    return tuple(islice(_figures(text, commas), MAX_FIGURES))


def _figures(text: str, commas: bool) -> Iterator[Figure]:
    at = 0
    while (found := _NUMBER.search(text, at)) is not None:
        at = found.end()
        if dimensions := _DIMENSIONS.match(text, at):
            at = dimensions.end()
            continue
        before = text[max(0, found.start() - _BEFORE) : found.start()]
        read = _read(found.group(), commas) if len(found.group()) <= MAX_DIGITS else None
        unit, at = _unit_after(text, at)
        if around := _PLUS_MINUS.match(text, at):
            later, at = _unit_after(text, around.end())
            unit = unit or later
        if unit is None and _PERCENT_BEFORE.search(before):
            unit = _PERCENT
        spoilt = unit is None and (_SPOILT.match(text, at) or _SECOND.search(before))
        if read is None or spoilt or _BOUND.search(before):
            continue
        figure = Figure(*read, unit, found.start(), at, text[found.start() : at].strip(), found.end())
        yield replace(figure, rough=True) if _is_rough(before) else figure


def unit_of(text: str) -> Unit | None:
    """The unit that a normalised heading names: "time [ms]", "size, kb", "accuracy (%)"."""
    for found in _PARTS.finditer(text):
        # A lone letter is a unit in brackets, or behind a comma or a stroke; else it is a name.
        lone = len(found.group()) == 1 and found.group() != "%"
        if lone and not text[: found.start()].rstrip().endswith(("(", "[", "/", ",")):
            continue
        unit, end = _unit_after(found.group(), 0)
        if unit is not None and end == len(found.group()) and unit.kind not in (Kind.OTHER, Kind.SCALE):
            return unit
    return None


def _unit_after(text: str, at: int) -> tuple[Unit | None, int]:
    """The unit behind a figure, also in brackets, and where it ends; or where it would have begun."""
    begins = at + (text[at : at + 1] == " ")
    bracket = text[begins : begins + 1] in ("[", "(")
    found = _units().at(text, begins + bracket)
    if found is None:
        return None, at
    return found.meaning, found.end + (bracket and text[found.end : found.end + 1] in ("]", ")"))


def _is_rough(before: str) -> bool:
    """Whether a word such as "about", or a tilde, is the last thing before a figure."""
    hits = list(_rough().all(before))
    return bool(hits) and not before[hits[-1].end :].strip()


def _read(text: str, commas: bool) -> tuple[float, float] | None:
    """The value and one of its last digit; ``None`` for a date, a version and the like."""
    number, mark, power = text.partition("e")
    number = number.replace(" ", "").replace("'", "").replace("_", "")
    separators = [character for character in number if character in ".,"]
    decimal = _decimal_separator(number, separators, commas)
    if decimal is None:
        return None
    whole, _, fraction = number.rpartition(decimal) if decimal else (number, "", "")
    if any(len(group) != 3 for group in re.split("[.,]", whole)[1:]):
        return None
    scale = 10.0 ** int(power) if mark else 1.0
    value = float(f"{whole.replace(',', '').replace('.', '')}.{fraction or 0}") * scale
    return (value, 10.0 ** -len(fraction) * scale) if math.isfinite(value) else None


def _decimal_separator(number: str, separators: list[str], commas: bool) -> str | None:
    """The separator before decimals, ``""`` if there are none, ``None`` if it is no number."""
    if not separators:
        return ""
    last = separators[-1]
    if len(separators) > 1:
        if last not in separators[:-1]:
            return last
        return "" if len(set(separators)) == 1 else None
    before, _, after = number.lstrip("+-").partition(last)
    if len(after) != 3 or len(before) > 3 or before.startswith("0"):
        return last
    return last if (last == ",") == commas else ""
