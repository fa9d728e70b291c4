"""Columns that neither a word nor a unit names: the labs' script writes accuracy, precision, sensitivity, G-mean, time."""

from __future__ import annotations

import pytest

from graders.written.claims import QUALITY, Basis, Quantity
from graders.written.claims.columns import Series, cell, meanings

Q = Quantity
FOUR: list[Quantity | None] = list(QUALITY)
NONE: list[Quantity | None] = [None]
Column = tuple[str, ...]


def of_order(*columns: Column) -> list[Quantity | None]:
    """What columns of a heading and cells state; those without a known word by their order alone."""
    series = [
        Series(heading, tuple(cell(("native",), row, text, False) for row, text in enumerate(texts)))
        for heading, *texts in columns
    ]
    found = meanings(series)
    assert all(
        one is None or one.basis is Basis.ORDER for one, (name, *_) in zip(found, columns, strict=True) if len(name) < 3
    )
    return [one and one.quantity for one in found]


def columns(*rows: str) -> list[Column]:
    """Columns A, B, C and so on of rows as they are written."""
    cells = zip(*(row.split() for row in rows), strict=True)
    return [(name, *texts) for name, texts in zip("ABCDEFGH", cells, strict=False)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("0.93 0.94 0.92 0.91",), FOUR),
        (("1.0 0.94 0.92 0.91",), FOUR),
        (("100 94 93 92",), FOUR),
        (("1.5 94 93 92",), FOUR),
        (("0.93 0.94 0.92 0",), FOUR),
        (("93 94 92 91", "0.9 94 92 91"), FOUR),
        (("1.3 1.2 1.4 1.4", "93 94 92 91"), FOUR),
        (("0.93 0.94 0.92",), NONE * 3),
        (("0.93",), NONE),
        (("0.93 94 0.92 0.91",), NONE * 4),
        (("93 1.0 92 91",), NONE * 4),
        (("0.93 0.94 0.92 0.91", "93 94 92 91"), FOUR),
        (("100.5 94 92 91",), NONE * 4),
        (("101 94 92 91",), NONE * 4),
        (("-1 94 92 91",), NONE * 4),
        (("150 0.93 0.94 0.92 0.91",), [None, *FOUR]),
        (("150 0.93 0.94 0.92 0.91", "0.5 0.93 0.94 0.92 0.91"), [None, *FOUR]),
        (("7kB 0.93 0.94 0.92 0.91 9kB 8kB",), [None, *FOUR, None, None]),
    ],
)
def test_four_shares_of_one_scale(rows: tuple[str, ...], expected: list[Quantity | None]) -> None:
    """Fewer, or shares of different scales, may be anything; what is no share is passed over."""
    assert of_order(*columns(*rows)) == expected


@pytest.mark.parametrize(
    ("rows", "possible"),
    [
        (("93 94 90 90",), True),
        (("93 94 90 92",), True),
        (("93 94 90 93",), False),
        (("93 94 90 89", "93 94 90 93"), False),
        (("0.93 0.94 0.92 0.95",), False),
        (("0.93 0.94 0.92 -", "0.93 0.94 0.92 0.91"), True),
    ],
)
def test_no_mean_is_above_the_sensitivity(rows: tuple[str, ...], possible: bool) -> None:
    """A geometric mean is at most the arithmetic one; the last digits may be off."""
    assert of_order(*columns(*rows)) == (FOUR if possible else NONE * 4)


def test_the_sensitivity_may_have_a_name() -> None:
    """The G-mean that order tells is compared with it all the same, and the other way round."""
    named = [("Accuracy", "0.93"), ("Precision", "0.94"), ("Sensitivity", "0.90")]
    assert of_order(*named, ("D", "0.89")) == FOUR
    assert of_order(*named, ("D", "0.95")) == [*FOUR[:3], None]
    assert of_order(("A", "0.93"), ("B", "0.94"), ("C", "0.90"), ("G-mean", "0.95")) == [*NONE * 3, Q.G_MEAN]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ((("B", "0.94"), ("C", "0.92"), ("D", "0.91")), FOUR[1:]),
        ((("B", "94"), ("C", "92"), ("D", "91")), NONE * 3),
        ((("B", "94"), ("C", "92"), ("D", "91"), ("Time", "47")), [*NONE * 3, Q.TIME_MS]),
        ((("X", "7"), ("B", "0.94"), ("C", "0.92"), ("D", "0.91")), [None, *FOUR[1:]]),
        ((("B", "0.94"), ("C", "0.92")), NONE * 2),
        ((("Precision", "0.94"), ("Sensitivity", "0.92"), ("D", "0.91")), FOUR[1:]),
        ((("Precision", "0.94"), ("Sensitivity", "0.92"), ("G-mean", "0.91"), ("E", "0.99")), [*FOUR[1:], None]),
    ],
)
def test_shares_beside_one_with_a_name(others: tuple[Column, ...], expected: list[Quantity | None]) -> None:
    """They are what is not named yet, where they have its scale and are enough."""
    assert of_order(("Accuracy", "0.93"), *others) == [Q.ACCURACY, *expected]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (("0.93 0.94 0.92 0.91 47.1",), [Q.TIME_MS]),
        (("0.93 0.94 0.92 0.91 147.1",), [Q.TIME_MS]),
        (("93 94 92 91 147.1",), [Q.TIME_MS]),
        (("93 94 92 91 12.5",), [Q.TIME_MS]),
        (("93 94 92 91 97.5",), NONE),
        (("93 94 92 91 97.5", "93 94 92 91 12.5"), [Q.TIME_MS]),
        (("93 94 92 91 97.5", "93 94 92 - 98.5"), NONE),
        (("93 94 92 91 97.5", "- 94 92 91 98.5"), NONE),
        (("0.93 0.94 0.92 0.91 0.99",), NONE),
        (("0.93 0.94 0.92 0.91 47.1 48.2",), NONE * 2),
        (("0.93 0.94 0.92 0.91 0.99 47.1",), [None, Q.TIME_MS]),
        (("0.93 0.94 0.92 0.20 47.1",), [Q.TIME_MS]),
    ],
)
def test_a_bare_column_behind_the_shares(rows: tuple[str, ...], expected: list[Quantity | None]) -> None:
    """It is the time where there is one that looks unlike a further share: a top-5 accuracy, an F1."""
    assert of_order(*columns(*rows)) == [*FOUR, *expected]


@pytest.mark.parametrize(
    ("row", "at"),
    [("147.1 0.93 0.94 0.92 0.91", 0), ("0.93 147.1 0.94 0.92 0.91", 1), ("0.93 0.94 0.92 147.1 0.91", 3)],
)
def test_a_bare_column_before_or_among_the_shares(row: str, at: int) -> None:
    """It is not known; nor does it keep the one behind them from being the time."""
    assert of_order(*columns(row)) == [*FOUR[:at], None, *FOUR[at:]]
    assert of_order(*columns(f"{row} 47.1")) == [*FOUR[:at], None, *FOUR[at:], Q.TIME_MS]


@pytest.mark.parametrize("time", [("Time", "47.1"), ("Time", "47.1 ms")])
def test_a_time_with_a_name_is_the_time(time: Column) -> None:
    """A bare column beside it is none."""
    assert of_order(*columns("0.93 0.94 0.92 0.91 150"), time) == [*FOUR, None, Q.TIME_MS]
