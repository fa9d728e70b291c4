"""What a summary states and can't be, to the edge of what is possible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.written.claims import Basis, Check, Claim, Claims, Finding, Form, Place, Quantity, Variant, check_possible

from .writing import BOTH

Q = Quantity
CLUSTERED = ("clustered-2-fp32", "clustered-4-fp32", "clustered-8-fp32")
PRUNED = "pruned-0.2-fp32"
FP32, INT8 = "tflite-fp32", "tflite-imbint8"


def claim(variant: str, quantity: Quantity, value: float, line: int = 1, step: float = 0.0, **more: object) -> Claim:
    """A claim in a line of a list."""
    made = Claim(
        (variant,), quantity, value, value - step, value + step, Place("summary.md", line), f"{quantity} {value}",
        Form.LINE, Basis.WORD,
    )  # fmt: skip
    return replace(made, **more)


def cell(variant: str, quantity: Quantity, value: float, line: int, begins: int) -> Claim:
    """A claim in a table that begins in a line."""
    return claim(variant, quantity, value, line, form=Form.TABLE, begins=begins)


def possible(
    *claims: Claim, parameters: float | None = None, variants: tuple[Variant, ...] = BOTH
) -> tuple[Finding, ...]:
    return check_possible(Claims(claims), variants, parameters=parameters)


def inverted(name: str, kept: float, line: int) -> list[Claim]:
    """The share that is kept in place of the one that is saved, with the sizes that tell."""
    return [
        claim(name, Q.DEFLATION, kept, line),
        claim(name, Q.BYTES, 100_000, line + 1),
        claim(name, Q.ZIP_BYTES, 100_000 * kept, line + 2),
    ]


class TestRange:
    """Shares are at most all, and everything else is more than nothing."""

    @pytest.mark.parametrize(
        ("quantity", "value", "holds"),
        [(Q.TIME_MS, 1.0, True), (Q.TIME_MS, 0.01, True), (Q.TIME_MS, 0.0, False), (Q.ACCURACY, 0.0, True)],
    )
    def test_the_edges(self, quantity: Quantity, value: float, holds: bool) -> None:
        assert (possible(claim("native", quantity, value)) == ()) == holds

    def test_what_is_said(self) -> None:
        (finding,) = possible(claim("native", Q.ACCURACY, 93.7))
        assert finding.expected == "0 % to 100 %"
        assert "factor of 100" in finding.cause
        assert finding.next.startswith("Check it against")
        assert (finding.variant, finding.quantity) == ("native", Q.ACCURACY)
        assert [quote.text for quote in finding.quotes] == ["accuracy 93.7"]


class TestSizes:
    """Against the number of parameters."""

    @pytest.mark.parametrize(
        ("variant", "size", "holds"),
        [
            (INT8, 24_000, True), (INT8, 23_999, False), (INT8, 129_536, True), (INT8, 129_537, False),
            (FP32, 96_000, True), (FP32, 95_999, False),
        ],
    )  # fmt: skip
    def test_the_edges(self, variant: str, size: float, holds: bool) -> None:
        assert (possible(claim(variant, Q.BYTES, size), parameters=32_000) == ()) == holds

    @pytest.mark.parametrize(("variant", "told"), [(FP32, "4 bytes for each of 32,000"), (INT8, "1 byte for each of")])
    def test_what_was_expected(self, variant: str, told: str) -> None:
        (finding,) = possible(claim(variant, Q.BYTES, 1000), parameters=32_000)
        assert told in finding.expected


class TestTogether:
    """A G-mean is held against the sensitivity that stands with it."""

    @pytest.mark.parametrize("g_mean", [0.8, 0.7])
    def test_at_most_the_sensitivity(self, g_mean: float) -> None:
        assert possible(claim("native", Q.SENSITIVITY, 0.8), claim("native", Q.G_MEAN, g_mean)) == ()

    @pytest.mark.parametrize(
        ("sensitivity", "g_mean", "together"),
        [
            (claim("native", Q.SENSITIVITY, 0.8, 5), claim("native", Q.G_MEAN, 0.9, 8), True),
            (claim("native", Q.SENSITIVITY, 0.8, 5), claim("native", Q.G_MEAN, 0.9, 9), False),
            (cell("native", Q.SENSITIVITY, 0.8, 3, 1), cell("native", Q.G_MEAN, 0.9, 30, 1), True),
            (cell("native", Q.SENSITIVITY, 0.8, 3, 1), cell("native", Q.G_MEAN, 0.9, 7, 5), False),
            (cell("native", Q.SENSITIVITY, 0.8, 3, 1), claim("native", Q.G_MEAN, 0.9, 4), False),
            (claim("native", Q.SENSITIVITY, 0.8, 3), cell("native", Q.G_MEAN, 0.9, 5, 4), False),
        ],
        ids=["lines", "lines apart", "a table", "two tables", "a line below a table", "a table below a line"],
    )
    def test_what_stands_together(self, sensitivity: Claim, g_mean: Claim, together: bool) -> None:
        assert bool(possible(sensitivity, g_mean)) == together

    def test_of_one_variant(self) -> None:
        """Whatever else stands between them."""
        stated = [claim("native", Q.SENSITIVITY, 0.8, 5), claim(FP32, Q.G_MEAN, 0.9, 5)]
        assert possible(*stated) == ()
        time = claim("native", Q.TIME_MS, 3.0, 6)
        assert len(possible(*stated, time, claim("native", Q.G_MEAN, 0.9, 7))) == 1

    @pytest.mark.parametrize(
        ("accuracy", "step", "precision", "holds"),
        [
            (1.0, 0.001, 0.899, False), (1.0, 0.001, 0.9, True), (1.0, 0.002, 0.5, True), (1.0, 0.005, 0.5, True),
            (0.999, 0.0005, 0.5, True), (0.0, 0.0005, 0.02, False), (0.0, 0.0005, 0.01, True),
            (0.0, 0.0005, 0.005, True), (0.0, 0.001, 0.5, True), (0.0, 0.005, 0.5, True), (0.0005, 0.0, 0.5, True),
        ],
    )  # fmt: skip
    def test_all_or_none_right(self, accuracy: float, step: float, precision: float, holds: bool) -> None:
        """A figure that may be rounded leaves room for others."""
        stated = claim("native", Q.ACCURACY, accuracy, step=step), claim("native", Q.PRECISION, precision)
        assert (possible(*stated) == ()) == holds


class TestArchives:
    """Archives against their files."""

    @pytest.mark.parametrize(
        ("name", "raw", "zipped", "step", "found"),
        [
            (FP32, 99_990, 100_010, 10, True), (FP32, 99_991, 100_010, 10, False), (FP32, 100, 100, 0, True),
            ("native", 99_000, 100_000, 0, False), ("native", 98_999, 100_000, 0, True),
        ],
    )  # fmt: skip
    def test_stored(self, name: str, raw: float, zipped: float, step: float, found: bool) -> None:
        """A file that may be compressed already has a margin; what is rounded is given its digit."""
        findings = possible(claim(name, Q.BYTES, raw, step=step), claim(name, Q.ZIP_BYTES, zipped, step=step))
        assert [one.next.partition(" `")[0] for one in findings] == ["Make the archive with"] * found

    @pytest.mark.parametrize(("zipped", "found"), [(100, False), (99, True)])
    def test_empty(self, zipped: float, found: bool) -> None:
        findings = possible(claim(FP32, Q.BYTES, 103_200), claim(FP32, Q.ZIP_BYTES, zipped))
        assert [one.next.partition(" .")[0] for one in findings] == ["Add the"] * found


class TestDeflations:
    """Against the sizes they follow from."""

    @pytest.mark.parametrize(
        ("deflation", "holds"), [(0.48, True), (0.52, True), (0.479, False), (0.521, False)]
    )  # fmt: skip
    def test_the_edges(self, deflation: float, holds: bool) -> None:
        sizes = claim(FP32, Q.BYTES, 100_000), claim(FP32, Q.ZIP_BYTES, 50_000)
        assert (possible(*sizes, claim(FP32, Q.DEFLATION, deflation)) == ()) == holds

    @pytest.mark.parametrize(
        ("kept", "check"),
        [(0.27, Check.INVERTED), (0.23, Check.INVERTED), (0.271, Check.IMPOSSIBLE), (0.229, Check.IMPOSSIBLE)],
    )
    def test_what_is_kept(self, kept: float, check: Check) -> None:
        sizes = claim(FP32, Q.BYTES, 100_000), claim(FP32, Q.ZIP_BYTES, 25_000)
        (finding,) = possible(*sizes, claim(FP32, Q.DEFLATION, kept))
        assert (finding.check, finding.variant, finding.quantity) == (check, FP32, Q.DEFLATION)

    @pytest.mark.parametrize(
        ("raw_step", "zipped", "zipped_step", "deflation", "holds"),
        [
            (500, 50_000, 500, 0.527, True), (500, 50_000, 500, 0.529, False),
            (500, 10_000, 500, 0.925, True), (500, 10_000, 500, 0.93, False),
        ],
    )  # fmt: skip
    def test_rounded_sizes_leave_room(
        self, raw_step: float, zipped: float, zipped_step: float, deflation: float, holds: bool
    ) -> None:
        """As much as the last digits of both make out in the quotient."""
        sizes = claim(FP32, Q.BYTES, 100_000, step=raw_step), claim(FP32, Q.ZIP_BYTES, zipped, step=zipped_step)
        assert (possible(*sizes, claim(FP32, Q.DEFLATION, deflation)) == ()) == holds

    @pytest.mark.parametrize(("both", "holds"), [(False, True), (True, False)])
    def test_kilobytes_of_two_kinds_leave_room(self, both: bool, holds: bool) -> None:
        """1000 or 1024 bytes make a difference where one size is in bytes, and none where both are in kilobytes."""
        raw = claim(FP32, Q.BYTES, 100_000, high=102_400) if both else claim(FP32, Q.BYTES, 100_000)
        zipped = claim(FP32, Q.ZIP_BYTES, 50_000, high=51_200)
        assert (possible(raw, zipped, claim(FP32, Q.DEFLATION, 0.53)) == ()) == holds

    @pytest.mark.parametrize("size", [Q.BYTES, Q.ZIP_BYTES])
    def test_a_size_of_nothing_says_nothing_of_deflation(self, size: Quantity) -> None:
        """It is found impossible by itself."""
        sizes = [claim(FP32, each, 0.0 if each is size else 1000.0) for each in (Q.BYTES, Q.ZIP_BYTES)]
        assert {one.quantity for one in possible(*sizes, claim(FP32, Q.DEFLATION, 0.5))} <= {Q.BYTES, Q.ZIP_BYTES}

    def test_one_without_sizes_keeps_no_other_from_being_looked_at(self) -> None:
        right = [claim(FP32, Q.DEFLATION, 0.1), claim(FP32, Q.BYTES, 1000.0), claim(FP32, Q.ZIP_BYTES, 900.0)]
        findings = possible(*right, claim(PRUNED, Q.DEFLATION, 0.5), *inverted("pruned-0.4-fp32", 0.2, 4))
        assert [(one.check, one.variant) for one in findings] == [(Check.INVERTED, "pruned-0.4-fp32")]

    @pytest.mark.parametrize("doubtful", [None, 0, 1, 2])
    def test_one_doubtful_figure_leaves_doubt(self, doubtful: int | None) -> None:
        stated = inverted(FP32, 0.2, 1)
        stated = [replace(one, basis=Basis.GUESS) if at == doubtful else one for at, one in enumerate(stated)]
        (finding,) = possible(*stated)
        assert finding.sure == (doubtful is None)

    @pytest.mark.parametrize(
        ("size", "looked_at"), [(300_000, True), (299_999, False), (560_000, True), (560_001, False)]
    )
    def test_a_file_is_as_large_as_the_float_one_if_that_is_of_the_model(self, size: float, looked_at: bool) -> None:
        """And what follows from another file's size is never sure."""
        stated = claim(FP32, Q.BYTES, size), claim(PRUNED, Q.ZIP_BYTES, size / 2), claim(PRUNED, Q.DEFLATION, 0.9)
        found = [one for one in possible(*stated, parameters=100_000) if one.quantity is Q.DEFLATION]
        assert [(one.check, one.sure) for one in found] == [(Check.IMPOSSIBLE, False)] * looked_at

    def test_it_is_as_large_as_no_other_file(self) -> None:
        """The Keras model, with its optimizer's state, comes first in the summary."""
        sizes = claim("native", Q.BYTES, 400_000), claim(FP32, Q.BYTES, 100_000), claim(PRUNED, Q.ZIP_BYTES, 50_000)
        assert possible(*sizes, claim(PRUNED, Q.DEFLATION, 0.5)) == ()


class TestTrends:
    """Deflations that rise where they should fall."""

    def test_a_trend_is_told_once(self) -> None:
        """Not once more for each of its figures, nor for another one with the same cause."""
        stated = [one for at, name in enumerate(CLUSTERED) for one in inverted(name, 0.2 + at / 10, 1 + 4 * at)]
        (trend,) = possible(*stated, *inverted(FP32, 0.89, 20))
        assert (trend.check, [quote.place.line for quote in trend.quotes]) == (Check.INVERTED, [1, 5, 9])
        assert "the remaining shares" in trend.cause
        assert trend.next.startswith("State what `zip` prints")
        assert (trend.variant, trend.quantity) == (CLUSTERED[0], Q.DEFLATION)

    def test_a_figure_that_can_not_be_is_told_beside_a_trend(self) -> None:
        stated = [claim(name, Q.DEFLATION, 0.2 + at / 10, 1 + at) for at, name in enumerate(CLUSTERED)]
        sizes = claim(CLUSTERED[0], Q.BYTES, 100_000, 20), claim(CLUSTERED[0], Q.ZIP_BYTES, 50_000, 21)
        assert sorted(one.check for one in possible(*stated, *sizes)) == [Check.IMPOSSIBLE, Check.INVERTED]

    def test_figures_stated_twice_are_taken_once(self) -> None:
        stated = [claim(name, Q.DEFLATION, 0.2 + at / 10, 1 + at) for at, name in enumerate(CLUSTERED)]
        again = [replace(one, place=Place("summary.md", one.place.line + 10)) for one in stated]
        assert [one.check for one in possible(*stated, *again)] == [Check.INVERTED]

    def test_the_order_is_that_of_the_numbers(self) -> None:
        """Whatever order the lab names its variants in."""
        stated = [claim(name, Q.DEFLATION, 0.2 + at / 10, 1 + at) for at, name in enumerate(CLUSTERED)]
        assert [one.check for one in possible(*stated, variants=BOTH[::-1])] == [Check.INVERTED]
