"""From a figure to a claim's value, in the one unit that its quantity has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graders.written.claims.model import SHARES, SIZES, Quantity
from graders.written.claims.numerals import APPROXIMATE, Figure, Kind, Unit

_ROOM = 1.3
_LEAST = 0.005
_SMALL = 100
BYTE = Unit(Kind.BYTES, 1.0, 1.0)
_PERCENT = Unit(Kind.PERCENT, 0.01, 0.01)
_HALF_A_PERCENT = 0.005
"""What `zip` prints as 0 % is no more than that."""


@dataclass(frozen=True)
class Value:
    """A value and the bounds of what the figure may stand for."""

    value: float
    low: float
    high: float


def fits(figure: Figure, quantity: Quantity) -> bool:
    """Whether a figure with that unit may be one of that quantity."""
    kind = figure.kind()
    if quantity in SHARES:
        return kind in (None, Kind.PERCENT)
    if quantity is Quantity.TIME_MS:
        return kind in (None, Kind.TIME)
    if quantity in SIZES:
        return kind in (None, Kind.BYTES, Kind.SCALE)
    return kind in (None, Kind.SCALE)


def value_of(figure: Figure, quantity: Quantity, bare: Unit | None = None) -> Value | None:
    """The value of a figure of a quantity; ``None`` if the two do not go together.

    :param bare: the unit of a figure that has none: the heading's, or what the figures beside it tell.
    """
    if not fits(figure, quantity):
        return None
    unit = figure.unit or bare
    if unit is None and quantity in SHARES and figure.value == 0 and figure.step >= 1:
        unit = _PERCENT
    if quantity is Quantity.DEFLATION and unit == _PERCENT and figure.value == 0 and figure.step == 1:
        return Value(0.0, 0.0, _HALF_A_PERCENT)
    if unit is None and quantity in SIZES:
        return None
    low = unit.factor if unit else 1.0
    high = unit.most if unit and quantity in SIZES else low
    room = abs(figure.value) * APPROXIMATE if figure.rough else figure.step
    return Value(figure.value * low, (figure.value - room) * low, (figure.value + room) * high)


def share_unit(figures: Sequence[Figure], heading: Unit | None) -> Unit | None:
    """How bare figures of one quantity that is a share are meant: percent, or 0..1 (``None``)."""
    bare = sorted(figure.value for figure in figures if figure.unit is None)
    if not bare:
        return None
    middle = bare[len(bare) // 2]
    if middle > 1:
        return _PERCENT
    return _PERCENT if heading == _PERCENT and bare[-1] > 1 else None


def looks_like_ratio(figures: Sequence[Figure]) -> bool:
    """Whether figures without a unit are rather quotients of sizes than sizes: small, and with decimals."""
    bare = [figure for figure in figures if figure.unit is None]
    return bool(bare) and all(abs(one.value) < _SMALL for one in bare) and any(one.step < 1 for one in bare)


def size_or_bare_unit(figures: Sequence[Figure], parameters: float | None) -> tuple[Unit | None, bool]:
    """What bare figures of sizes are counted in, and whether that is left open: bytes until other sizes tell."""
    unit = size_unit(figures, parameters)
    is_open = not parameters and any(figure.unit is None for figure in figures)
    return (unit or BYTE, True) if is_open else (unit, False)


def size_unit(figures: Sequence[Figure], parameters: float | None) -> Unit | None:
    """What bare figures of sizes are counted in: bytes where they are large, else what a model's size allows."""
    bare = [figure.value for figure in figures if figure.unit is None]
    if not bare:
        return None
    largest = max(bare)
    units = (Unit(Kind.BYTES, 1.0, 1.0), Unit(Kind.BYTES, 1e3, 2**10), Unit(Kind.BYTES, 1e6, 2**20))
    if parameters:
        most = 4 * parameters * _ROOM
        return next(
            (
                unit
                for unit in reversed(units)
                if largest * unit.factor <= most and largest * unit.factor >= _LEAST * most
            ),
            None,
        )
    return units[0] if largest >= 10_000 and all(value == int(value) for value in bare) else None
