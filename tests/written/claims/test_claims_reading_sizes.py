"""What figures mean, told by all that a summary states: its decimal sign, the model's size, which size is zipped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.written.claims import Basis, Claim, Form, Place, Quantity, find_claims
from graders.written.claims.parser import parameters_of

from .writing import BOTH

Q = Quantity
FP32, CLUSTERED = "tflite-fp32", "clustered-16-fp32"
PARAMETERS = 32_000
"""The file has 128,000 bytes then: sizes from 96,000 to 179,200 may be its own."""


def read(text: str, quantity: Quantity, variant: str = FP32, parameters: float | None = None) -> list[float]:
    return [round(one.value, 4) for one in find_claims(text, BOTH, parameters=parameters).of(variant, quantity)]


def size(value: float, variant: str = FP32) -> Claim:
    place = Place("summary.md", 1)
    return Claim((variant,), Q.BYTES, value, value, value, place, str(value), Form.LINE, Basis.WORD)


def count(value: float) -> Claim:
    return replace(size(value), variants=(), quantity=Q.PARAMETERS)


class TestDecimals:
    """One sign for the whole summary."""

    @pytest.mark.parametrize(("cell", "value"), [("0,9371", 1.234), ("0.9371", 1234.0)])
    def test_an_earlier_table_tells(self, cell: str, value: float) -> None:
        text = f"| model | accuracy |\n|---|---|\n| {FP32} | {cell} |\n\n| model | time (ms) |\n|---|---|\n| {FP32} | 1,234 |\n"
        assert read(text, Q.TIME_MS) == [value]

    def test_points_in_names_do_not(self) -> None:
        """Also where a line names several variants."""
        text = f"{CLUSTERED}, pruned-0.2-fp32, pruned-0.4-fp32, pruned-0.5-fp32\n\n- {FP32}: accuracy 93,71 %\n- {FP32}: time 1,234 ms\n"
        assert read(text, Q.TIME_MS) == [1.234]


class TestParameters:
    """Of which model the summary is."""

    TABLE = f"\n| model | size |\n|---|---|\n| {FP32} | 126.5 |\n"

    @pytest.mark.parametrize(
        ("lines", "value"),
        [
            ("- Total parameters: 32,021\n", 126_500),
            ("- Total parameters: 32,021,000\n", 126_500_000),
            ("- Total parameters: 32,021,000\n- Trainable parameters: 31,021\n", 126_500_000),
            ("- Trainable parameters: 31,021\n- Total parameters: 32,021,000\n", 126_500_000),
            ("- Total parameters: 32,021\n\n| | parameters |\n|---|---|\n| native | 32,021,000 |\n", 126_500),
        ],
        ids=["small", "large", "the largest counts", "the largest counts, wherever", "one variant's does not"],
    )
    def test_sizes_without_a_unit(self, lines: str, value: float) -> None:
        assert read(lines + self.TABLE, Q.BYTES) == [value]

    @pytest.mark.parametrize(
        ("sizes", "number"),
        [
            ([96_000], PARAMETERS), ([95_999], 1_000_000), ([179_200], PARAMETERS), ([179_201], 1_000_000),
            ([4_000_000], 1_000_000), ([3_000_000, 10], 1_000_000), ([10, 128_000], PARAMETERS),
        ],
    )  # fmt: skip
    def test_the_one_that_fits_the_file(self, sizes: list[float], number: float) -> None:
        """The given number where both or neither fit; here it fits only where the stated one does not."""
        stated = [*(size(each) for each in sizes), count(1_000_000), count(900_000)]
        fits = number == PARAMETERS or any(3_000_000 <= each <= 5_600_000 for each in sizes)
        assert parameters_of(stated, BOTH, PARAMETERS) == (number if fits else PARAMETERS)
        assert parameters_of([*stated, size(4_000_000)], BOTH, PARAMETERS) == (
            PARAMETERS if number == PARAMETERS else 1_000_000
        )

    def test_without_any(self) -> None:
        assert parameters_of([size(128_000)], BOTH) is None
        assert parameters_of([size(128_000), count(5)], BOTH) == 5


class TestGuesses:
    """What is beyond doubt refutes a guess, unless one of several such figures bears it out."""

    GUESS = f"\n| model | size |\n|---|---|\n| {FP32} | 125 |\n"

    @pytest.mark.parametrize(
        ("lines", "values"),
        [
            (["211,504"], [211_504]),
            (["125,000"], [125_000, 125_000]),
            (["211,504", "125,000"], [211_504, 125_000, 125_000]),
            (["123,999"], [123_999, 125_000]),
            (["123,998"], [123_998]),
            (["129,025"], [129_025, 125_000]),
            (["129,026"], [129_026]),
        ],
    )
    def test_one_that_agrees_is_enough(self, lines: list[str], values: list[float]) -> None:
        """A bare 125 may be 124 times 1000 bytes, up to 126 times 1024."""
        text = "".join(f"- {FP32}: {each} bytes\n\n" for each in lines) + self.GUESS
        assert read(text, Q.BYTES, parameters=32_021) == values


class TestZipped:
    """A size that is too small for the file, and is that of its archive."""

    @pytest.mark.parametrize(
        ("said", "zipped"),
        [
            (["60,000 bytes"], False),
            (["60,000 bytes", "deflated 10 %"], True),
            (["95,998 bytes", "deflated 50 %"], True),
            (["95,999 bytes", "deflated 50 %"], False),
            (["96,000 bytes", "deflated 50 %"], False),
            (["60,000 bytes", "128,000 bytes"], True),
            (["60,000 bytes", "96,000 bytes"], True),
            (["60,000 bytes", "95,999 bytes"], True),
            (["60,000 bytes", "95,998 bytes"], False),
            (["60,000 bytes", "179,200 bytes"], True),
            (["60,000 bytes", "179,201 bytes"], True),
            (["60,000 bytes", "179,202 bytes"], False),
            (["110,000 bytes", "deflated 14 %"], True),
            (["110,000 bytes", "deflated 86 %"], True),
            (["124,160 bytes", "deflated 8 %"], False),
            (["102,400 bytes", "deflated 32 %"], False),
            (["128,000 bytes", "deflated 5 %"], False),
        ],
    )
    def test_what_tells(self, said: list[str], zipped: bool) -> None:
        """The file's size beside it, or the deflation: where it is as far off as the file, it is no archive's.

        Each size may be a byte more or less.
        """
        text = "".join(f"- {CLUSTERED}: {each}\n" for each in said)
        first = said[0].removesuffix(" bytes").replace(",", "")
        assert (float(first) in read(text, Q.ZIP_BYTES, CLUSTERED, PARAMETERS)) == zipped
        assert (float(first) in read(text, Q.BYTES, CLUSTERED, PARAMETERS)) != zipped
