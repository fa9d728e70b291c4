"""What cannot be true together: each rule where it applies, and beside it where it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.evidence.claims import (
    Basis,
    Check,
    Claim,
    Claims,
    Finding,
    Form,
    Place,
    Quantity,
    Variant,
    check_possible,
)

from .writing import BOTH

Q = Quantity
CLUSTERED, PRUNED, FP32, INT8 = "clustered-4-fp32", "pruned-0.5-fp32", "tflite-fp32", "tflite-int8-0.08"
KILO = 1.024
"""How much more a kilobyte may be."""


def claim(
    quantity: Quantity, value: float, step: float = 0.0, variant: str = CLUSTERED, *, most: float = 1.0, **more: object
) -> Claim:
    """A figure beyond doubt in a table; ``most``: by how much its unit may be larger."""
    made = Claim(
        (variant,), quantity, value, value - step, (value + step) * most, Place("summary.md", 1), str(value),
        Form.TABLE, Basis.WORD, 1,
    )  # fmt: skip
    return replace(made, **more)


def line(quantity: Quantity, value: float, at: int, **more: object) -> Claim:
    """A figure in a line of its own."""
    return claim(quantity, value, place=Place("summary.md", at), form=Form.LINE, begins=0, **more)


def possible(*claims: Claim, parameters: float | None = None) -> tuple[Finding, ...]:
    return check_possible(Claims(claims), BOTH, parameters=parameters)


class TestTogether:
    """Figures are compared where they stand together."""

    @pytest.mark.parametrize(
        ("first", "second", "found"),
        [(10, 11, True), (10, 13, True), (10, 14, False), (10, 40, False)],
    )
    def test_lines_that_follow_each_other(self, first: int, second: int, *, found: bool) -> None:
        """With a blank line or two between them; what stands further off may be of another run."""
        claims = line(Q.SENSITIVITY, 0.8, first), line(Q.G_MEAN, 0.9, second)
        assert bool(possible(*claims)) == found

    def test_each_line_follows_the_one_before(self) -> None:
        """A long list is one."""
        claims = [line(Q.SENSITIVITY, 0.8, 10), line(Q.PRECISION, 0.8, 13), line(Q.G_MEAN, 0.9, 16)]
        (found,) = possible(*claims)
        assert [quote.place.line for quote in found.quotes] == [16, 10]

    def test_a_line_behind_a_table_is_not_of_it(self) -> None:
        """It often compares with another run."""
        table = claim(Q.SENSITIVITY, 0.8, place=Place("summary.md", 12), begins=10)
        assert possible(table, line(Q.G_MEAN, 0.9, 13)) == ()
        assert possible(table, line(Q.G_MEAN, 0.9, 13), line(Q.SENSITIVITY, 0.95, 14)) == ()

    def test_rows_of_a_table_belong_together(self) -> None:
        """However far apart; those of two tables do not."""
        above = claim(Q.SENSITIVITY, 0.8, place=Place("summary.md", 12), begins=10)
        below = claim(Q.G_MEAN, 0.9, place=Place("summary.md", 20), begins=10)
        assert len(possible(above, below)) == 1
        assert possible(above, replace(below, begins=18)) == ()

    def test_lines_of_two_variants(self) -> None:
        """A list for each: nothing is taken over."""
        assert possible(line(Q.SENSITIVITY, 0.8, 10), line(Q.G_MEAN, 0.9, 11, variant=PRUNED)) == ()


@pytest.mark.parametrize("value", [0.0, 0.8, 1.0])
def test_means_may_be_equal(value: float) -> None:
    """They are where all sensitivities are."""
    assert possible(claim(Q.SENSITIVITY, value), claim(Q.G_MEAN, value)) == ()


@pytest.mark.parametrize(
    ("accuracy", "precision", "cause"),
    [
        pytest.param((1.0, 0.0001), 0.5, "every prediction right", id="all right"),
        pytest.param((1.0, 0.01), 0.5, None, id="100 %, which may be 99.5"),
        pytest.param((0.999, 0.0001), 0.5, None, id="nearly all right"),
        pytest.param((1.0, 0.0001), 0.95, None, id="precision is rounded or of few classes"),
        pytest.param((0.0, 0.0001), 0.5, "no prediction right", id="none right"),
        pytest.param((0.0, 0.01), 0.5, None, id="0 %, which may be 0.5"),
        pytest.param((0.0005, 0.0001), 0.5, None, id="hardly any right"),
        pytest.param((0.0, 0.0001), 0.0, None, id="none right, no precision"),
    ],
)
def test_no_or_every_prediction_right(accuracy: tuple[float, float], precision: float, cause: str | None) -> None:
    """Then the other qualities are 0 or 100 % as well; only those that are not are quoted."""
    value, step = accuracy
    sound = claim(Q.SENSITIVITY, value, text="sound")
    found = possible(claim(Q.ACCURACY, value, step, text="all"), sound, claim(Q.PRECISION, precision, text="odd"))
    assert [cause in one.cause for one in found if cause] == ([True] if cause else [])
    assert [[quote.text for quote in one.quotes] for one in found] == ([["all", "odd"]] if cause else [])


@pytest.mark.parametrize(
    ("variant", "size", "words"),
    [
        (FP32, 10_000, "about 128,084 bytes: 4 bytes for each of 32,021 parameters"),
        (INT8, 10_000, "about 32,021 bytes: 1 byte for each of 32,021 parameters"),
    ],
)
def test_what_a_file_should_have(variant: str, size: float, words: str) -> None:
    """The reader can do the sum."""
    (found,) = possible(claim(Q.BYTES, size, variant=variant), parameters=32_021)
    assert found.expected == words


@pytest.mark.parametrize(
    ("zipped", "raw", "step"),
    [(140_000, 131_072, "or exchange the two figures"), (100, 126_504, "`unzip -l`"), (122, 126_504, "`unzip -l`")],
)
def test_what_to_do_about_an_archive(zipped: float, raw: float, step: str) -> None:
    """Made without compression, or without the file: each has its own advice."""
    (found,) = possible(claim(Q.ZIP_BYTES, zipped), claim(Q.BYTES, raw))
    assert step in found.next


def test_as_much_as_deflate_can_save() -> None:
    """1,032 bytes for one are possible."""
    assert possible(claim(Q.ZIP_BYTES, 125), claim(Q.BYTES, 129_000)) == ()


def deflated(deflation: float, zipped: Claim, raw: Claim, **more: object) -> list[Check]:
    """What is found wrong with a deflation beside two sizes."""
    return [one.check for one in possible(claim(Q.DEFLATION, deflation, **more), zipped, raw)]


class TestDeflation:
    """A deflation against the sizes beside it, as exactly as they are known."""

    @pytest.mark.parametrize(
        ("zipped", "raw", "near", "off"),
        [
            pytest.param((50_000, 0), (100_000, 0), 0.485, 0.475, id="exact: headers alone"),
            pytest.param((50_000, 5000), (100_000, 0), 0.435, 0.42, id="the archive is rounded"),
            pytest.param((50_000, 0), (100_000, 10_000), 0.435, 0.42, id="the file is rounded"),
            pytest.param((50_000, 0, KILO), (100_000, 0), 0.475, 0.46, id="kilobytes and bytes"),
            pytest.param((50_000, 0), (100_000, 0, KILO), 0.475, 0.46, id="bytes and kilobytes"),
            pytest.param((50_000, 0, KILO), (100_000, 0, KILO), 0.485, 0.475, id="kilobytes of the same kind"),
        ],
    )
    def test_how_exact_it_has_to_be(
        self, zipped: tuple[float, ...], raw: tuple[float, ...], near: float, off: float
    ) -> None:
        """Half of the file is saved, as far as the figures say."""
        archive = claim(Q.ZIP_BYTES, *zipped[:2], most=[*zipped, 1.0][2])
        file = claim(Q.BYTES, *raw[:2], most=[*raw, 1.0][2])
        for distance in (near - 0.5, 0.5 - near):
            assert deflated(0.5 + distance, archive, file) == []
        for distance in (off - 0.5, 0.5 - off):
            assert deflated(0.5 + distance, archive, file) != []

    @pytest.mark.parametrize(("zipped", "raw", "wrong"), [(0.0, 100_000.0, Q.ZIP_BYTES), (50_000.0, 0.0, Q.BYTES)])
    def test_sizes_of_nothing_are_found_once(self, zipped: float, raw: float, wrong: Quantity) -> None:
        """That the size is wrong is enough; the deflation may be right."""
        found = possible(claim(Q.DEFLATION, 0.5), claim(Q.ZIP_BYTES, zipped), claim(Q.BYTES, raw))
        assert {one.quantity for one in found if one.expected == "more than 0"} == {wrong}
        assert Q.DEFLATION not in {one.quantity for one in found}

    def test_each_deflation_is_looked_at(self) -> None:
        """Whatever the one before it is."""
        sizes = claim(Q.ZIP_BYTES, 30_000), claim(Q.BYTES, 100_000)
        for before in (claim(Q.DEFLATION, 0.5, variant=PRUNED), claim(Q.DEFLATION, 0.7)):
            (found,) = possible(before, claim(Q.DEFLATION, 0.5), *sizes)
            assert (found.variant, found.quantity, found.sure) == (CLUSTERED, Q.DEFLATION, True)

    @pytest.mark.parametrize("doubtful", [Q.DEFLATION, Q.ZIP_BYTES, Q.BYTES])
    def test_a_doubtful_figure_makes_a_doubtful_finding(self, doubtful: Quantity) -> None:
        """One is enough."""
        values = {Q.DEFLATION: 0.5, Q.ZIP_BYTES: 30_000, Q.BYTES: 100_000}
        (found,) = possible(
            *(
                claim(quantity, value, basis=Basis.GUESS if quantity is doubtful else Basis.WORD)
                for quantity, value in values.items()
            )
        )
        assert not found.sure

    @pytest.mark.parametrize(
        ("others", "found"),
        [
            pytest.param({FP32: 110_000}, True, id="the FP32 file"),
            pytest.param({FP32: 250_000}, False, id="too large for the model"),
            pytest.param({FP32: 60_000}, False, id="too small for the model"),
            pytest.param({INT8: 130_000}, False, id="of an INT8 file"),
            pytest.param({PRUNED: 130_000}, False, id="of another variant"),
            pytest.param({}, False, id="none"),
        ],
    )
    def test_a_file_is_as_large_as_the_fp32_one(self, others: dict[str, float], found: bool) -> None:
        """Where its own size is not stated; a person looks, since it is only likely."""
        sizes = [claim(Q.BYTES, value, variant=name) for name, value in others.items()]
        claims = claim(Q.DEFLATION, 0.5), claim(Q.ZIP_BYTES, 20_000), *sizes
        about = [one for one in possible(*claims, parameters=32_021) if one.quantity is Q.DEFLATION]
        assert [one.sure for one in about] == [False] * found

    def test_an_int8_file_has_no_size_but_its_own(self) -> None:
        """It is not as large as the FP32 one."""
        claims = (
            claim(Q.DEFLATION, 0.5, variant=INT8), claim(Q.ZIP_BYTES, 45_000, variant=INT8),
            claim(Q.BYTES, 130_000, variant=FP32),
        )  # fmt: skip
        assert possible(*claims) == ()


class TestTrends:
    """Deflations that all go the wrong way."""

    NAMES = ("clustered-2-fp32", "clustered-4-fp32", "clustered-8-fp32")

    def claims(self, *values: float) -> list[Claim]:
        return [
            claim(Q.DEFLATION, value, variant=name, text=name) for name, value in zip(self.NAMES, values, strict=True)
        ]

    def test_every_figure_is_quoted(self) -> None:
        """In the order of the clusters."""
        (found,) = possible(*self.claims(0.2, 0.3, 0.4)[::-1])
        assert [quote.text for quote in found.quotes] == list(self.NAMES)
        assert (found.variant, found.quantity) == (self.NAMES[0], Q.DEFLATION)

    def test_figures_that_are_stated_twice(self) -> None:
        """In a table and again below it: they count once."""
        assert [one.check for one in possible(*self.claims(0.2, 0.3, 0.4) * 2)] == [Check.INVERTED]

    @pytest.mark.parametrize("values", [(0.2, 0.3, 0.4), (0.4, 0.3, 0.2)])
    def test_numbers_tell_the_order(self, values: tuple[float, float, float]) -> None:
        """Not that in which a lab lists its variants."""
        variants = [Variant.named(name) for name in self.NAMES]
        found = {
            len(check_possible(Claims(tuple(self.claims(*values))), order)) for order in (variants, variants[::-1])
        }
        assert found == {int(values[0] < values[-1])}

    def test_it_is_said_once(self) -> None:
        """Sizes beside them show the same of each; a deflation that is wrong otherwise is still told."""
        sizes = [
            claim(quantity, value, variant=name)
            for name, zipped in zip(self.NAMES, (20_000, 30_000, 40_000), strict=True)
            for quantity, value in ((Q.ZIP_BYTES, zipped), (Q.BYTES, 100_000))
        ]
        assert [one.check for one in possible(*self.claims(0.2, 0.3, 0.4), *sizes)] == [Check.INVERTED]
        assert [one.check for one in possible(*self.claims(0.2, 0.3, 0.5), *sizes)] == [
            Check.IMPOSSIBLE,
            Check.INVERTED,
        ]
        two = [one for one in (*self.claims(0.2, 0.3, 0.4), *sizes) if one.variant != self.NAMES[2]]
        assert [one.check for one in possible(*two)] == [Check.INVERTED] * 2
