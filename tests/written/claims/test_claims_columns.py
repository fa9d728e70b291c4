"""What a column states, told by its heading's words and its cells' units."""

from __future__ import annotations

import pytest

from graders.written.claims import Basis, Quantity
from graders.written.claims.columns import Meaning, Series, cell, is_spread, meanings, quantity_words

Q = Quantity
WORD, UNIT, GUESS = Basis.WORD, Basis.UNIT, Basis.GUESS


def column(heading: str, *texts: str) -> Series:
    """A column of a table with a row for each text."""
    return Series(heading, tuple(cell((f"variant {row}",), row, text, False) for row, text in enumerate(texts)))


def told(*columns: Series) -> list[tuple[Quantity, Basis] | None]:
    """What each column states, and what told so."""
    return [(one.quantity, one.basis) if one else None for one in meanings(columns)]


def test_the_first_figure_that_is_a_value() -> None:
    """Counts of other things, and how many times, are no values."""
    series = column("Result", "5 epochs, 0.9", "2x, 0.8 (best 0.85)", "3 epochs", "")
    assert [figure.value for figure in series.first_figures()] == [0.9, 0.8]


@pytest.mark.parametrize(
    ("heading", "spread"),
    [
        ("time (mean ± std)", True),
        ("time [ms]   ±   std", True),
        ("t +/- std", True),
        ("t ± std", True),
        ("time, mean +- median", True),
        ("± std", False),
        ("(+/- std)", False),
        ("time std", False),
        ("time ± 1, std", False),
    ],
)
def test_a_spread_has_a_mean_before_it(heading: str, spread: bool) -> None:
    """A column of spreads alone is one of another quantity."""
    word = "median" if "median" in heading else "std"
    assert is_spread(heading, heading.index(word), "statistic" if word == "median" else "other") is spread
    assert bool(quantity_words(heading) & {"other", "statistic"}) is not spread
    assert not is_spread(heading, heading.index(word), "time_ms")


def test_a_column_of_spreads_is_no_time() -> None:
    """Although it is the only one with a unit of time."""
    assert told(column("t", "0.10"), column("± std [ms]", "0.01")) == [None, None]
    assert told(column("t ± std [ms]", "0.10 ± 0.01")) == [(Q.TIME_MS, UNIT)]


@pytest.mark.parametrize(
    ("heading", "text", "expected"),
    [
        ("Space saving", "74 %", (Q.DEFLATION, GUESS)),
        ("Space saving [%]", "74", (Q.DEFLATION, GUESS)),
        ("Saving of size, ZIP compression [%]", "74", (Q.DEFLATION, GUESS)),
        ("Saving by deflation", "74 %", (Q.DEFLATION, WORD)),
        ("Space saving", "74 kB", None),
        ("Space saving", "0.74", None),
        ("Time, saving", "12 %", None),
        ("Maximum saving", "74 %", None),
        ("Compression", "74 %", (Q.DEFLATION, GUESS)),
        ("Compression", "74 kB", (Q.ZIP_BYTES, WORD)),
        ("Compression", "3.9", None),
        ("Compression ratio", "74 %", (Q.DEFLATION, GUESS)),
        ("Compression ratio", "74 kB", None),
        ("Compression ratio", "3.9", None),
        ("ZIP ratio", "26 %", None),
        ("Size ratio", "26 %", None),
    ],
)
def test_what_is_kept_or_saved(heading: str, text: str, expected: tuple[Quantity, Basis] | None) -> None:
    """A share that was saved is a deflation, beyond doubt only where it is called so; other savings are none."""
    assert told(column(heading, text)) == [expected]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Accuracy", (Q.ACCURACY, WORD)),
        ("Accuracy (higher is better)", (Q.ACCURACY, GUESS)),
        ("Accuracy: more is better", (Q.ACCURACY, GUESS)),
        ("Accuracy versus native", None),
        ("Accuracy ratio", (Q.ACCURACY, GUESS)),
        ("Accuracy, % of images", None),
        ("Time ratio", None),
        ("Proportion of sensitivity", (Q.SENSITIVITY, GUESS)),
        ("Ratio", None),
    ],
)
def test_comparisons_and_quotients(heading: str, expected: tuple[Quantity, Basis] | None) -> None:
    """A comparison is no quantity unless it says which way is better; a share of quality may be one."""
    assert told(column(heading, "0.9", "0.8")) == [expected]


@pytest.mark.parametrize("heading", ["Times", "times (ms)", "The times"])
def test_times_alone_are_no_comparison(heading: str) -> None:
    """Elsewhere the word says how many times."""
    assert told(column(heading, "47", "46")) == [(Q.TIME_MS, WORD)]
    assert told(column(f"{heading} smaller", "4", "3")) == [None]


@pytest.mark.parametrize(
    ("texts", "difference"),
    [
        (("+0.01", "-0.02"), True),
        (("+0.01", "+0.02", "0.00"), True),
        (("-0.01", "0.90"), False),
        (("-0.01", "0.90", "0.91"), False),
        (("+0.90",), False),
        (("0.90", "0.91"), False),
    ],
)
def test_figures_with_signs_are_differences(texts: tuple[str, ...], difference: bool) -> None:
    """Where there are several and most have one; a deflation may have one, too."""
    assert told(column("Accuracy", *texts)) == [None if difference else (Q.ACCURACY, WORD)]
    assert told(column("Deflation", *texts)) == [(Q.DEFLATION, WORD)]


def test_of_two_statistics_the_first_counts() -> None:
    """Beside a mean none does."""
    median, least = column("Median time", "47 ms"), column("Minimum time", "45 ms")
    assert told(median, least) == [(Q.TIME_MS, GUESS), None]
    assert told(median, column("Time", "48 ms"), least) == [None, (Q.TIME_MS, WORD), None]


def test_a_word_of_two_meanings() -> None:
    """The first of two such columns is the accuracy, the second the precision; one alone is what is not named yet."""
    either, more = column("Přesnost", "0.90"), column("Přesnost (2)", "0.80")
    assert told(either, more) == [(Q.ACCURACY, WORD), (Q.PRECISION, WORD)]
    assert told(either, more, more) == [(Q.ACCURACY, WORD), (Q.PRECISION, WORD), None]
    assert told(column("Accuracy", "0.91"), either) == [(Q.ACCURACY, WORD), (Q.PRECISION, WORD)]


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        (("Accuracy", "0.90", "0.91"), ("Accuracy (rounded)", "0.90", "0.91"), True),
        (("Accuracy", "0.90", "0.91"), ("Accuracy of run 2", "0.90", "0.92"), False),
        (("Accuracy [%]", "90.5"), ("Accuracy", "90.5"), True),
        (("Time [ms]", "500"), ("Time [s]", "0.5"), True),
        (("Time [ms]", "500"), ("Time [s]", "500"), False),
        (("Time", "500 ms"), ("Time [s]", "0.5"), True),
        (("Time", "500 ms"), ("Time", "0.5 s"), True),
        (("Time", "500 ms"), ("Time", "500"), True),
        (("Size [kB]", "2"), ("Size [B]", "2000"), True),
        (("Size [kB]", "2"), ("Size [MB]", "2"), False),
    ],
)
def test_two_columns_of_one_quantity(first: tuple[str, ...], second: tuple[str, ...], alike: bool) -> None:
    """Where their figures, with their units, are not the same, both are doubtful, and no other column is."""
    found = told(column(*first), column("G-mean", *first[1:]), column(*second))
    assert [one and one[1] for one in found] == ([WORD] * 3 if alike else [GUESS, WORD, GUESS])
    assert found[0] == found[2]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ((("A", "900 kB"), ("B", "2 MB")), [Q.ZIP_BYTES, Q.BYTES]),
        ((("A", "2 MB"), ("B", "900 kB")), [Q.BYTES, Q.ZIP_BYTES]),
        ((("A [kB]", "900"), ("B [MB]", "2")), [Q.ZIP_BYTES, Q.BYTES]),
        ((("A [MB]", "2"), ("B", "900 kB")), [Q.BYTES, Q.ZIP_BYTES]),
        ((("A [kB]", "2", "4", "9", "9"), ("B [kB]", "3", "5", "5", "5")), [Q.BYTES, Q.ZIP_BYTES]),
        ((("File size [kB]", "900"), ("B [kB]", "300")), [Q.BYTES, Q.ZIP_BYTES]),
        ((("A [kB]", "900"), ("ZIP [kB]", "300")), [Q.BYTES, Q.ZIP_BYTES]),
        ((("A [kB]", "9"), ("B [kB]", "8"), ("C [kB]", "7")), [None] * 3),
    ],
)
def test_sizes_without_a_name(columns: tuple[tuple[str, ...], ...], expected: list[Quantity | None]) -> None:
    """The larger size of two, in bytes, is the file's; the middle one of each column is compared."""
    found: list[Meaning | None] = list(meanings([column(*one) for one in columns]))
    assert [one and one.quantity for one in found] == expected
