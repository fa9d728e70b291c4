"""Which quantity a column, or a row of a table that lies on its side, states.

A word of its heading decides, in any of the known languages; then the unit; then what is left over, in the order in
which the labs' script writes quantities: accuracy, precision, sensitivity, G-mean, time. A G-mean above the
sensitivity, or shares of different scales, refute an order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graders.written.claims.model import QUALITY, SHARES, SIZES, Basis, Quantity
from graders.written.claims.normalization import normal
from graders.written.claims.numerals import Figure, Kind, figures, unit_of
from graders.written.claims.vocabulary import finder

_LISTS = ("accuracy", "accuracy_or_precision", "precision", "sensitivity", "g_mean", "time_ms", "bytes", "zipped",
          "deflation", "compression", "saving", "parameters", "other", "ratio", "setting", "comparison",
          "statistic")  # fmt: skip
EITHER = "accuracy_or_precision"
"""Words that some languages use for both."""
_OTHER = "other"
NO_VALUE = frozenset({_OTHER, "ratio", "comparison"})
"""Words of what is none of the quantities: another one, a quotient of two, a difference."""
_STATISTIC = "statistic"
"""Words of a median, a minimum and the like."""
_ASIDE = NO_VALUE | {"setting", _STATISTIC}
_SPREAD = frozenset({_OTHER, _STATISTIC})
_PLUS_MINUS = re.compile(r"\w\W*?(?:\u00b1|\+/-|\+-)\s*\Z")
_NEAR = 16
"""How far before a word a plus-minus, and the word before that, may begin."""
_COMPRESSION = "compression"
_SAVED = frozenset({"saving", "bytes", "zipped", _COMPRESSION})
_TIMES = re.compile(r"(?:the )?times\W*\w{0,5}\W*")
_RATE = re.compile(r"/ ?(?:s|sec|sek|seconds?|\u0441|\u0441\u0435\u043a|秒)(?![a-z\u0400-\u04ff])")


@dataclass(frozen=True)
class Cell:
    """A cell: whose figures, where, and its text as written."""

    variants: tuple[str, ...]
    line: int
    text: str
    figures: tuple[Figure, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Series:
    """The cells under one heading, one a variant."""

    heading: str
    cells: tuple[Cell, ...]

    def first_figures(self) -> list[Figure]:
        """The first figure of each cell that is a value."""
        firsts = (next((one for one in cell.figures if one.kind() is not Kind.OTHER), None) for cell in self.cells)
        return [figure for figure in firsts if figure is not None]


@dataclass(frozen=True)
class Meaning:
    """What a series states, and what it was recognised by."""

    quantity: Quantity
    basis: Basis


def cell(variants: tuple[str, ...], line: int, text: str, commas: bool) -> Cell:
    """A cell with its figures."""
    return Cell(variants, line, text, figures(normal(text), commas))


def quantity_words(text: str) -> frozenset[str]:
    """The lists of words for quantities that a normalised heading has words of; nothing if it speaks of others."""
    return frozenset(hit.meaning for hit in finder(*_LISTS).all(text) if not is_spread(text, hit.start, hit.meaning))


def is_spread(text: str, start: int, meaning: str) -> bool:
    """Whether a word only says by how much the mean before it varies: "time (mean ± std)", not "± std" alone."""
    return meaning in _SPREAD and _PLUS_MINUS.search(text, max(0, start - _NEAR), start) is not None


def named_quantity(words: Iterable[str]) -> Quantity | None:
    """The one quantity that words name; ``None`` if they name none, or several."""
    named = set(words) - _ASIDE
    if "deflation" in named:
        return Quantity.DEFLATION
    if "zipped" in named and not named - {"zipped", "bytes", _COMPRESSION}:
        return Quantity.ZIP_BYTES
    if len(named) == 1 and named <= {"time_ms", "bytes", "parameters"}:
        return Quantity(named.pop())
    quality = named & {quantity.value for quantity in QUALITY}
    return Quantity(quality.pop()) if len(quality) == 1 and EITHER not in named else None


def meanings(series: Sequence[Series]) -> tuple[Meaning | None, ...]:
    """What each series of a table states; ``None`` if it is unknown or none of the quantities."""
    words = [quantity_words(normal(one.heading)) for one in series]
    found: dict[int, Meaning] = {}
    for index, one in enumerate(series):
        meaning = _by_word(one, words[index])
        if meaning is not None:
            found[index] = meaning
    _drop_statistics(words, found)
    _settle_either(words, found)
    unknown = [i for i in range(len(series)) if i not in found and not words[i] and series[i].first_figures()]
    _by_unit(series, unknown, found)
    _by_order(series, unknown, found)
    _doubt_twice(series, found)
    return tuple(found.get(index) for index in range(len(series)))


def _by_word(one: Series, words: frozenset[str]) -> Meaning | None:
    heading = normal(one.heading)
    if _TIMES.fullmatch(heading):
        return Meaning(Quantity.TIME_MS, Basis.WORD)
    quantity = named_quantity(words)
    kind = _kind(one)
    basis = _basis(heading, words, quantity, kind)
    if basis is None:
        return None
    if "saving" in words and quantity is not Quantity.DEFLATION:
        share = kind is Kind.PERCENT and words <= _SAVED
        return Meaning(Quantity.DEFLATION, Basis.GUESS) if share else None
    if quantity is None and _COMPRESSION in words:
        # A share that is kept, or one that is saved: the word says both.
        basis = basis if kind is Kind.BYTES else Basis.GUESS
        quantity = Quantity.ZIP_BYTES if kind is Kind.BYTES else Quantity.DEFLATION if kind is Kind.PERCENT else None
    if quantity is Quantity.ZIP_BYTES and kind is Kind.PERCENT:
        basis, quantity = Basis.GUESS, Quantity.DEFLATION
    if quantity is Quantity.DEFLATION and kind is Kind.BYTES:
        quantity = Quantity.ZIP_BYTES
    if quantity is Quantity.BYTES and kind is Kind.PERCENT:
        return None
    if quantity in QUALITY and _signed(one):
        return None
    return Meaning(quantity, basis) if quantity else None


def _basis(heading: str, words: frozenset[str], quantity: Quantity | None, kind: Kind | None) -> Basis | None:
    """What a heading's words are worth, beside those of other quantities, quotients and differences."""
    if quantity is Quantity.DEFLATION:
        return Basis.GUESS if words & {_OTHER, "comparison"} else Basis.WORD
    if _OTHER in words:
        return None
    if "comparison" in words:
        return Basis.GUESS if finder("better").all(heading) else None
    if "ratio" in words:
        shares = quantity in QUALITY or (quantity is None and _COMPRESSION in words and kind is Kind.PERCENT)
        return Basis.GUESS if shares else None
    return Basis.GUESS if _STATISTIC in words else Basis.WORD


def _drop_statistics(words: Sequence[frozenset[str]], found: dict[int, Meaning]) -> None:
    """Beside a mean, or another statistic, the median of a quantity is none; alone it is what there is."""
    taken = {meaning.quantity for index, meaning in found.items() if _STATISTIC not in words[index]}
    for index in sorted(index for index in found if _STATISTIC in words[index]):
        quantity = found[index].quantity
        if quantity in taken:
            del found[index]
        taken.add(quantity)


def _signed(one: Series) -> bool:
    """Whether the figures are differences: there are several, and most have a sign."""
    texts = [figure.text for figure in one.first_figures()]
    signs = Counter(text[:1] for text in texts)
    return len(texts) > 1 and 2 * (signs["+"] + signs["-"]) > len(texts)


def _doubt_twice(series: Sequence[Series], found: dict[int, Meaning]) -> None:
    """Of two columns with one quantity and other figures, one is something else: of training, of the worst run."""
    for quantity in {meaning.quantity for meaning in found.values()}:
        alike = [index for index, meaning in found.items() if meaning.quantity is quantity]
        if len({_values(series[index], quantity) for index in alike}) > 1:
            found.update({index: replace(found[index], basis=Basis.GUESS) for index in alike})


def _values(one: Series, quantity: Quantity) -> tuple[float, ...]:
    heading = unit_of(normal(one.heading)) if quantity in SIZES or quantity is Quantity.TIME_MS else None
    units = ((figure, figure.unit or heading) for figure in one.first_figures())
    return tuple(figure.value * (unit.factor if unit else 1.0) for figure, unit in units)


def _settle_either(words: Sequence[frozenset[str]], found: dict[int, Meaning]) -> None:
    """Words that some languages use for both: the first of two is the accuracy, one alone what is not named yet."""
    taken = {meaning.quantity for meaning in found.values()}
    for index, named in enumerate(words):
        if EITHER in named and index not in found and not named & NO_VALUE:
            left = [quantity for quantity in (Quantity.ACCURACY, Quantity.PRECISION) if quantity not in taken]
            if left:
                found[index] = Meaning(left[0], Basis.WORD)
                taken.add(left[0])


def _kind(one: Series) -> Kind | None:
    """The kind of unit of a series: its cells', else its heading's."""
    kinds = {figure.kind() for figure in one.first_figures()} - {None}
    if len(kinds) == 1:
        return kinds.pop()
    unit = unit_of(normal(one.heading))
    return unit.kind if unit and not kinds else None


def _by_unit(series: Sequence[Series], unknown: Sequence[int], found: dict[int, Meaning]) -> None:
    taken = {meaning.quantity for meaning in found.values()}
    times = [i for i in unknown if _kind(series[i]) is Kind.TIME and not _RATE.search(normal(series[i].heading))]
    sizes = [index for index in unknown if _kind(series[index]) is Kind.BYTES]
    if len(times) == 1 and Quantity.TIME_MS not in taken:
        found[times[0]] = Meaning(Quantity.TIME_MS, Basis.UNIT)
    free = [quantity for quantity in (Quantity.BYTES, Quantity.ZIP_BYTES) if quantity not in taken]
    # What was compressed is the smaller one.
    sizes.sort(key=lambda index: -_middle(series[index]))
    if len(sizes) <= len(free):
        found.update({index: Meaning(quantity, Basis.UNIT) for index, quantity in zip(sizes, free, strict=False)})


def _by_order(series: Sequence[Series], unknown: Sequence[int], found: dict[int, Meaning]) -> None:
    taken = {meaning.quantity for meaning in found.values()}
    shares = [index for index in unknown if _is_share(series[index])]
    if taken & SHARES:
        scales = {_scale(series[i]) for i, meaning in found.items() if meaning.quantity in SHARES}
        shares = [index for index in shares if _scale(series[index]) in scales]
    left = [quantity for quantity in QUALITY if quantity not in taken]
    # Fewer shares may be anything: an accuracy, a deflation, a calibration share.
    if not left or len(shares) < len(left):
        return
    chosen = dict(zip(shares, left, strict=False))
    if not _possible(series, chosen, found):
        return
    found.update({index: Meaning(quantity, Basis.ORDER) for index, quantity in chosen.items()})
    rest = [index for index in unknown if index > max(chosen)]
    bare = [index for index in rest if _kind(series[index]) is None and not _beside(series, index, chosen)]
    if Quantity.TIME_MS not in taken and len(bare) == 1:
        found[bare[0]] = Meaning(Quantity.TIME_MS, Basis.ORDER)


def _is_share(one: Series) -> bool:
    values = [figure.value for figure in one.first_figures()]
    kind = _kind(one)
    return bool(values) and kind in (None, Kind.PERCENT) and all(0 <= value <= 100 for value in values)


def _scale(one: Series) -> str:
    if _kind(one) is Kind.PERCENT:
        return "percent"
    return "fraction" if all(figure.value <= 1 for figure in one.first_figures()) else "hundreds"


def _possible(series: Sequence[Series], chosen: Mapping[int, Quantity], found: Mapping[int, Meaning]) -> bool:
    """Whether shares have one scale, and no G-mean is above the sensitivity beside it."""
    if len({_scale(series[index]) for index in chosen}) > 1:
        return False
    by_quantity = {quantity: index for index, quantity in chosen.items()}
    by_quantity |= {meaning.quantity: index for index, meaning in found.items()}
    sensitivities = series[by_quantity[Quantity.SENSITIVITY]].first_figures()
    g_means = series[by_quantity[Quantity.G_MEAN]].first_figures()
    return all(g.value <= s.value + 2 * s.step for s, g in zip(sensitivities, g_means, strict=False))


def _beside(series: Sequence[Series], index: int, chosen: Mapping[int, Quantity]) -> bool:
    """Whether a series looks like one more share beside the chosen ones: top-5, F1."""
    if not _is_share(series[index]):
        return False
    accuracy = series[next(iter(chosen))]
    pairs = zip(series[index].first_figures(), accuracy.first_figures(), strict=False)
    return _scale(series[index]) == _scale(accuracy) and all(0.5 * b.value <= a.value for a, b in pairs)


def _middle(one: Series) -> float:
    values = sorted(_values(one, Quantity.BYTES))
    return values[len(values) // 2]
