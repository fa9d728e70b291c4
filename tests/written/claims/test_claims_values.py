"""What bare figures are counted in, whose model a text is about, and how both are shown to people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.written.claims import Claim, Quantity, find_claims
from graders.written.claims.model import Basis, Form, Place
from graders.written.claims.numerals import Figure, Kind, Unit
from graders.written.claims.parser import parameters_of
from graders.written.claims.rendering import shown, stated
from graders.written.claims.values import looks_like_ratio, share_unit, size_unit, value_of

from .writing import BOTH

PERCENT = Unit(Kind.PERCENT, 0.01, 0.01)
BYTES = Unit(Kind.BYTES, 1.0, 1.0)
KB, MB = Unit(Kind.BYTES, 1e3, 2**10), Unit(Kind.BYTES, 1e6, 2**20)


def bare(*values: float, unit: Unit | None = None) -> list[Figure]:
    """Figures as they stand in a column: whole ones have no decimals."""
    return [Figure(value, 1.0 if value == int(value) else 0.1, unit, 0, 1, str(value)) for value in values]


@pytest.mark.parametrize(
    ("figures", "heading", "expected"),
    [
        (bare(0.9, 93.7, 94.0), None, PERCENT),
        (bare(0.9, 1.0, 94.0), None, None),
        (bare(0.9, 1.0, 94.0), PERCENT, PERCENT),
        (bare(0.1, 0.2, 3.0, 94.0), None, PERCENT),
        (bare(0.9, 1.5), None, PERCENT),
        (bare(0.9, 1.0), PERCENT, None),
        (bare(0.9, 0.95), PERCENT, None),
        (bare(0.9, 0.95, 1.5), PERCENT, PERCENT),
        (bare(93.7, unit=PERCENT), PERCENT, None),
        ([*bare(93.7, unit=PERCENT), *bare(0.9)], None, None),
    ],
)
def test_shares_of_a_column(figures: list[Figure], heading: Unit | None, expected: Unit | None) -> None:
    """Bare figures are percent where most are over 1, or the heading says so and one is."""
    assert share_unit(figures, heading) == expected


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (bare(1.0, 2.5), True),
        (bare(1.0, 2.0), False),
        (bare(1.5, 100.0), False),
        (bare(1.5, 99.0), True),
        (bare(-100.5, 1.0), False),
        ([*bare(98_928, unit=BYTES), *bare(3.9)], True),
        (bare(3.9, unit=BYTES), False),
    ],
)
def test_quotients_among_sizes(figures: list[Figure], expected: bool) -> None:
    """Small figures without a unit are quotients where one has decimals."""
    assert looks_like_ratio(figures) is expected


@pytest.mark.parametrize(
    ("figures", "parameters", "expected"),
    [
        (bare(98_928, 0), None, BYTES),
        (bare(9_999), None, None),
        (bare(10_000), None, BYTES),
        (bare(98_928.5), None, None),
        (bare(0.0), 32_021, None),
        (bare(98_928), 32_021, BYTES),
        (bare(128.5), 32_021, KB),
        (bare(1.7), 400_000, MB),
        (bare(5_200), 1_000, BYTES),
        (bare(5_201), 1_000, None),
        (bare(0.5), 32_021, None),
        (bare(98_928, 100), 32_021, BYTES),
        (bare(98_928, 1_200.5), None, None),
        ([*bare(98_928, unit=BYTES), *bare(128.5)], 32_021, KB),
    ],
)
def test_sizes_of_a_column(figures: list[Figure], parameters: float | None, expected: Unit | None) -> None:
    """Large whole figures are bytes; others what the model's number of parameters allows."""
    assert size_unit(figures, parameters) == expected


@pytest.mark.parametrize(
    ("figure", "quantity", "expected"),
    [
        (Figure(90.0, 1.0, PERCENT, 0, 4, "90 %", rough=True), Quantity.ACCURACY, (0.9, 0.855, 0.945)),
        (Figure(0.9, 0.1, None, 0, 3, "0.9"), Quantity.ACCURACY, (0.9, 0.8, 1.0)),
        (Figure(128.0, 1.0, KB, 0, 6, "128 KB"), Quantity.BYTES, (128_000, 127_000, 129 * 1_024)),
        (Figure(128.0, 1.0, Unit(Kind.SCALE, 1e3, 2**10), 0, 4, "128k"), Quantity.PARAMETERS, (128e3, 127e3, 129e3)),
        (Figure(0.0, 1.0, None, 0, 1, "0"), Quantity.ACCURACY, (0.0, -0.01, 0.01)),
        (Figure(0.0, 0.1, None, 0, 3, "0.0"), Quantity.ACCURACY, (0.0, -0.1, 0.1)),
        (Figure(1.0, 1.0, None, 0, 1, "1"), Quantity.ACCURACY, (1.0, 0.0, 2.0)),
        (Figure(0.0, 1.0, PERCENT, 0, 3, "0 %"), Quantity.ACCURACY, (0.0, -0.01, 0.01)),
        (Figure(0.0, 1.0, None, 0, 1, "0"), Quantity.TIME_MS, (0.0, -1.0, 1.0)),
        (Figure(0.0, 1.0, PERCENT, 0, 3, "0 %"), Quantity.DEFLATION, (0.0, 0.0, 0.005)),
        (Figure(0.0, 0.1, PERCENT, 0, 5, "0.0 %"), Quantity.DEFLATION, (0.0, -0.001, 0.001)),
        (Figure(1.0, 1.0, PERCENT, 0, 3, "1 %"), Quantity.DEFLATION, (0.01, 0.0, 0.02)),
        (
            Figure(0.0, 1.0, Unit(Kind.PERCENT, 0.001, 0.001), 0, 3, "0 \u2030"),
            Quantity.DEFLATION,
            (0.0, -0.001, 0.001),
        ),
    ],
)
def test_what_a_figure_may_stand_for(figure: Figure, quantity: Quantity, expected: tuple[float, ...]) -> None:
    """Its last digit, a twentieth of it where it is about so, and of sizes that a kilobyte may have 1024 bytes.

    A bare 0 is percent, as whole figures are; the 0 % that ``zip`` prints are never less than none.
    """
    found = value_of(figure, quantity)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx(expected)


def test_commas_are_told_by_the_whole_text() -> None:
    """A figure that may be read in two ways is read as the others of the text are."""
    table = "| Modell | Genauigkeit | Inferenzzeit |\n|---|---|---|\n| native | 0,9371 | 47,125 ms |\n"
    (time,) = find_claims(table, BOTH).of("native", Quantity.TIME_MS)
    assert time.value == 47.125


TEXT = "Total params: 32,021\n\nTrainable params: 31,000\n\n- tflite-fp32: size {} bytes\n"


@pytest.mark.parametrize(
    ("size", "given", "expected"),
    [
        (128_084, None, 32_021),
        (128_084, 32_000, 32_000),
        (128_084, 99, 32_021),
        (128_084, 25_000, 25_000),
        (128_084, 40_000, 40_000),
        (128_084, 100_000, 32_021),
        (179_317, 99, 32_021),
        (170_000, 30_000, 32_021),
        (999_999, 99, 99),
    ],
)
def test_the_number_of_parameters(size: int, given: float | None, expected: float) -> None:
    """The given one where it fits the file's size, else the largest that is stated, if that does."""
    assert parameters_of(find_claims(TEXT.format(size), BOTH).claims, BOTH, given) == expected


def test_one_fitting_size_tells_the_parameters() -> None:
    """Another one may be that of an archive, or a mistake."""
    text = TEXT.format(128_084) + "- pruned-0.5-fp32: size 75,436 bytes\n"
    assert parameters_of(find_claims(text, BOTH).claims, BOTH, 99) == 32_021


def test_only_an_fp32_files_size_tells_the_parameters() -> None:
    """The size of an INT8 file fits another number, and a time is no size."""
    text = "Total params: 32,021\n\n- tflite-int8-0.3: size 400 bytes\n- native: inference time 400 ms\n"
    assert parameters_of(find_claims(text, BOTH).claims, BOTH, 99) == 99
    assert parameters_of(find_claims(text.replace("400", "128084"), BOTH).claims, BOTH, 99) == 99


CLAIM = Claim(
    ("native",), Quantity.TIME_MS, 4.1666, 4.1, 4.2, Place("summary.md", 8), "4.1666", Form.LINE, next(iter(Basis))
)


def test_claims_as_people_read_them() -> None:
    """A quantity, whose it is, the value in its unit, the place; the model as such has no name."""
    assert stated(CLAIM).endswith(" of native 4.167 ms (summary.md, line 8)")
    assert " of " not in stated(replace(CLAIM, variants=()))
    assert shown(Quantity.ACCURACY, 0.93712) == "93.71 %"
    assert shown(Quantity.BYTES, 131_072) == "131,072 bytes"
    assert shown(Quantity.PARAMETERS, 32_021) == "32,021"
