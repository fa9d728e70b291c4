"""The checks are pure functions of claims: they find what is wrong, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.written.claims import (
    QUALITY,
    Basis,
    Blank,
    Check,
    Claim,
    Claims,
    Finding,
    Form,
    Place,
    Quantity,
    Tolerance,
    check_complete,
    check_contradictions,
    check_evidence,
    check_possible,
)

from .writing import BOTH, L02, VARIANTS_L02, VARIANTS_L03, figures_of

Q = Quantity


def claim(variant: str, quantity: Quantity, value: float, line: int = 1, step: float = 0.0, **more: object) -> Claim:
    names = (
        tuple(one.name for one in BOTH if one.name.startswith(variant[:-1])) if variant.endswith("*") else (variant,)
    )
    made = Claim(
        names if variant else (), quantity, value, value - step, value + step, Place("summary.md", line), str(value),
        Form.TABLE, Basis.WORD, 1,
    )  # fmt: skip
    return replace(made, **more)


def complete() -> list[Claim]:
    return [
        claim(name, quantity, value, line)
        for line, (name, values) in enumerate(figures_of(L02).items(), start=1)
        for quantity, value in values.items()
    ]


def possible(*claims: Claim, parameters: float | None = None) -> tuple[Finding, ...]:
    return check_possible(Claims(claims), BOTH, parameters=parameters)


class TestComplete:
    """Every required variant has every quantity."""

    def test_nothing_is_missing(self) -> None:
        """A full set has no findings."""
        assert check_complete(Claims(tuple(complete())), VARIANTS_L02) == ()

    @given(st.data())
    def test_each_missing_figure_is_named_once(self, data: st.DataObject) -> None:
        """Whatever is left out, each variant that lacks something has one finding that names it."""
        claims = complete()
        kept = [one for one in claims if data.draw(st.booleans())]
        findings = check_complete(Claims(tuple(kept)), VARIANTS_L02)
        lacking = {one.variant for one in claims if one not in kept}
        assert {finding.variant for finding in findings} == lacking
        assert len(findings) == len(lacking)
        assert all(finding.check is Check.MISSING for finding in findings)

    def test_blanks_are_quoted(self) -> None:
        """What stands in place of the figure is shown."""
        kept = [one for one in complete() if (one.variant, one.quantity) != ("native", Q.G_MEAN)]
        blank = Blank("native", Q.G_MEAN, Place("summary.md", 9), "n/a")
        (finding,) = check_complete(Claims(tuple(kept), (blank,)), VARIANTS_L02)
        assert "'n/a'" in finding.measured
        assert finding.quotes[0].place.line == 9
        assert finding.quantity is Q.G_MEAN

    def test_a_familys_size_is_its_members(self) -> None:
        """One size for all INT8 files is enough; one accuracy for all of them is not."""
        int8 = [one for one in VARIANTS_L02 if one.kind == "int8"]
        claims = Claims((claim("tflite-int8-*", Q.BYTES, 59_536), claim("tflite-int8-*", Q.ACCURACY, 0.9)))
        assert check_complete(claims, int8, (Q.BYTES,)) == ()
        assert len(check_complete(claims, int8, (Q.ACCURACY,))) == 4

    def test_sizes_alone_are_missing(self) -> None:
        """The variant is there with other values; sizes come from a listing of files, not from its metrics."""
        wanted = (Q.BYTES, frozenset({Q.ZIP_BYTES, Q.DEFLATION}))
        (finding,) = check_complete(Claims(tuple(complete())), VARIANTS_L02[1:2], wanted)
        assert finding.measured == "tflite-fp32: no file size and deflation or zipped size"
        assert "is not in the summary" not in finding.cause
        assert "metrics.md" not in finding.next
        assert "`ls -l`" in finding.next
        assert "`zip`" in finding.next
        (size,) = check_complete(Claims(tuple(complete())), VARIANTS_L02[1:2], (Q.BYTES,))
        assert "`zip`" not in size.next

    def test_measurements_alone_are_missing(self) -> None:
        """They are named, and come from the metrics."""
        (finding,) = check_complete(Claims((claim("tflite-fp32", Q.BYTES, 131_072),)), VARIANTS_L02[1:2])
        assert finding.measured.startswith("tflite-fp32: no accuracy, mean precision")
        assert "other values" in finding.cause
        assert "tflite-fp32-metrics.md" in finding.next
        assert "ls" not in finding.next

    def test_a_variant_is_not_there_at_all(self) -> None:
        """Only then is that the cause; a row of empty cells is another one."""
        (finding,) = check_complete(Claims(()), VARIANTS_L02[:1])
        assert finding.measured == "native: no value found"
        assert "not in the summary" in finding.cause
        blank = Blank("native", Q.G_MEAN, Place("summary.md", 9), "")
        (empty,) = check_complete(Claims((), (blank,)), VARIANTS_L02[:1])
        assert "cells" in empty.cause

    def test_one_of_several_may_be_enough(self) -> None:
        """A lab may take the zipped size or the deflation."""
        claims = Claims((claim("pruned-0.5-fp32", Q.DEFLATION, 0.4),))
        wanted = (frozenset({Q.DEFLATION, Q.ZIP_BYTES}),)
        assert [one.variant for one in check_complete(claims, VARIANTS_L03[-2:], wanted)] == ["pruned-0.4-fp32"]


class TestPossible:
    """What can't be true is named; what can is left alone."""

    def test_what_was_measured_is_possible(self) -> None:
        """The embedded profile's figures."""
        claims = [
            *complete(),
            claim("", Q.PARAMETERS, 32_021),
            claim("tflite-fp32", Q.BYTES, 131_072),
            claim("tflite-int8-*", Q.BYTES, 59_536),
            claim("native", Q.BYTES, 460_000),
            claim("tflite-fp32", Q.DEFLATION, 0.106),
            claim("clustered-4-fp32", Q.ZIP_BYTES, 33_400),
            claim("clustered-4-fp32", Q.DEFLATION, 0.745),
        ]
        assert possible(*claims) == ()

    @pytest.mark.parametrize("quantity", [*QUALITY, Q.DEFLATION])
    @pytest.mark.parametrize("value", [-0.1, 1.01, 93.7])
    def test_shares_are_shares(self, quantity: Quantity, value: float) -> None:
        """Nothing below 0 % or above 100 %."""
        (finding,) = possible(claim("native", quantity, value))
        assert (finding.check, finding.quantity) == (Check.IMPOSSIBLE, quantity)

    @pytest.mark.parametrize("quantity", [Q.TIME_MS, Q.BYTES, Q.ZIP_BYTES])
    def test_times_and_sizes_are_positive(self, quantity: Quantity) -> None:
        """Nothing takes no time or no bytes."""
        assert [one.quantity for one in possible(claim("native", quantity, 0.0))] == [quantity]

    @pytest.mark.parametrize(
        ("variant", "size", "fits"),
        [
            ("tflite-fp32", 131_072, True), ("tflite-fp32", 59_536, False), ("tflite-fp32", 310_000, False),
            ("clustered-16-fp32", 131_072, True), ("clustered-16-fp32", 275_000, False),
            ("tflite-int8-0.08", 59_536, True), ("tflite-int8-0.08", 131_072, False), ("native", 10, True),
        ],
    )  # fmt: skip
    def test_files_are_as_large_as_their_parameters(self, variant: str, size: int, fits: bool) -> None:
        """Four bytes a parameter for FP32 whatever was clustered or pruned, about one for INT8."""
        findings = possible(claim(variant, Q.BYTES, size), parameters=32_021)
        assert (findings == ()) == fits
        stated = possible(claim("", Q.PARAMETERS, 32_021), claim(variant, Q.BYTES, size))
        assert len(stated) == len(findings)

    def test_a_published_report_s_sizes(self) -> None:
        """A real one: MobileNetV2 in FP32 given as 31 MB with 4.16 million parameters."""
        (finding,) = possible(claim("tflite-fp32", Q.BYTES, 31e6), parameters=4_164_967)
        assert "16,659,868 bytes" in finding.expected
        assert possible(claim("tflite-fp32", Q.BYTES, 16.48e6), parameters=4_164_967) == ()

    def test_a_summary_may_be_of_another_model(self) -> None:
        """Sizes that fit the stated parameters are right, whatever the grader's own model has."""
        real = (claim("", Q.PARAMETERS, 4_164_967), claim("tflite-fp32", Q.BYTES, 16.48e6))
        assert possible(*real, parameters=32_021) == ()
        assert len(possible(*real, claim("clustered-2-fp32", Q.BYTES, 131_072), parameters=32_021)) == 1

    @pytest.mark.parametrize("deflation", [0.745, 0.75, 0.73])
    def test_deflation_is_what_zip_saves(self, deflation: float) -> None:
        """1 - zip/raw, within rounding."""
        sizes = (claim("clustered-4-fp32", Q.BYTES, 131_072), claim("clustered-4-fp32", Q.ZIP_BYTES, 33_400))
        assert possible(*sizes, claim("clustered-4-fp32", Q.DEFLATION, deflation)) == ()

    @pytest.mark.parametrize(
        ("deflation", "check"), [(0.255, Check.INVERTED), (0.5, Check.IMPOSSIBLE), (0.95, Check.IMPOSSIBLE)]
    )
    def test_deflations_that_do_not_fit(self, deflation: float, check: Check) -> None:
        """The share kept in place of the share saved is recognised; anything else is only impossible."""
        sizes = (claim("clustered-4-fp32", Q.BYTES, 131_072, 2), claim("clustered-4-fp32", Q.ZIP_BYTES, 33_400, 3))
        (finding,) = possible(*sizes, claim("clustered-4-fp32", Q.DEFLATION, deflation, 4))
        assert finding.check is check
        assert "74.52 %" in finding.expected
        assert [quote.place.line for quote in finding.quotes] == [4, 3, 2]
        assert finding.sure

    def test_an_archive_is_not_larger_than_its_file(self) -> None:
        """ZIP_STORED, or two figures exchanged."""
        (finding,) = possible(
            claim("pruned-0.5-fp32", Q.BYTES, 131_072), claim("pruned-0.5-fp32", Q.ZIP_BYTES, 140_000)
        )
        assert "ZIP_STORED" in finding.cause

    @pytest.mark.parametrize(("zipped", "possible_"), [(104, False), (121, False), (130, True), (30_000, True)])
    def test_an_archive_of_a_folder_alone(self, zipped: float, possible_: bool) -> None:
        """DEFLATE saves at most 1,031 of 1,032 bytes; what is smaller does not hold the file."""
        findings = possible(
            claim("pruned-0.5-fp32", Q.BYTES, 126_504, step=1), claim("pruned-0.5-fp32", Q.ZIP_BYTES, zipped, step=1)
        )
        assert bool(findings) != possible_
        assert all("empty folder" in finding.cause for finding in findings)

    @pytest.mark.parametrize(
        ("zipped", "step", "more", "stored"),
        [
            (126_726, 1, {}, True), (126_504, 1, {}, True), (126_503, 1, {}, False), (112_918, 1, {}, False),
            (126_700, 100, {}, True), (126_500, 100, {}, False), (127_000, 1000, {}, False),
            (126_726, 1, {"basis": Basis.GUESS}, False), (140_000, 1, {"basis": Basis.GUESS}, True),
        ],
    )  # fmt: skip
    def test_headers_tell_a_stored_archive(
        self, zipped: float, step: float, more: dict[str, Basis], stored: bool
    ) -> None:
        """Some 200 bytes more than the file are enough, rounding considered; a doubtful figure needs a margin."""
        file = claim("pruned-0.5-fp32", Q.BYTES, 126_504, step=1)
        findings = possible(file, claim("pruned-0.5-fp32", Q.ZIP_BYTES, zipped, step=step, **more))
        assert bool(findings) == stored
        assert all(finding.sure == (not more) for finding in findings)

    def test_a_keras_file_may_be_an_archive_itself(self) -> None:
        """Zipped again it grows by some bytes."""
        assert possible(claim("native", Q.BYTES, 400_000, step=1), claim("native", Q.ZIP_BYTES, 400_200, step=1)) == ()

    @pytest.mark.parametrize(("kind", "rising"), [("clustered", True), ("pruned", False)])
    def test_trends_tell_inverted_deflations(self, kind: str, rising: bool) -> None:
        """More clusters that save more, more zeros that save less: kept was taken for saved."""
        of_kind = [one for one in VARIANTS_L03 if one.kind == kind]
        values = [0.2 + 0.1 * (index if rising else -index) for index in range(len(of_kind))]
        stated = [claim(one.name, Q.DEFLATION, value) for one, value in zip(of_kind, values, strict=True)]
        assert [one.check for one in possible(*stated)] == [Check.INVERTED]
        right = [replace(one, value=1 - one.value, low=1 - one.high, high=1 - one.low) for one in stated]
        assert possible(*right) == ()

    def test_quality_figures_must_go_together(self) -> None:
        """A G-mean above the sensitivity; no prediction right and yet a precision."""
        (finding,) = possible(claim("native", Q.SENSITIVITY, 0.8), claim("native", Q.G_MEAN, 0.9))
        assert "geometric mean" in finding.expected
        (none,) = possible(claim("native", Q.ACCURACY, 0.0), claim("native", Q.PRECISION, 0.4))
        assert "no prediction right" in none.cause
        assert possible(claim("native", Q.ACCURACY, 1.0), claim("native", Q.PRECISION, 1.0)) == ()

    def test_figures_of_two_tables_are_not_put_together(self) -> None:
        """What excludes each other in one run may well be of two."""
        later = {"begins": 30, "line": 31}
        assert possible(claim("native", Q.SENSITIVITY, 0.8), claim("native", Q.G_MEAN, 0.9, **later)) == ()

    @given(st.lists(st.floats(0, 1), min_size=2, max_size=37))
    def test_what_a_confusion_matrix_gives_is_always_possible(self, recalls: list[float]) -> None:
        """The arithmetic and the geometric mean of any sensitivities are never refused."""
        mean = sum(recalls) / len(recalls)
        product = 1.0
        for recall in recalls:
            product *= recall ** (1 / len(recalls))
        rounded = [
            claim("native", Q.SENSITIVITY, round(mean, 3), step=0.001),
            claim("native", Q.G_MEAN, round(product, 3), step=0.001),
        ]
        assert possible(*rounded) == ()


class TestContradictions:
    """The same thing stated twice differently is told with both places."""

    def test_both_places_are_quoted(self) -> None:
        """In the order of the lines."""
        one, other = claim("tflite-fp32", Q.BYTES, 131_072, 40, begins=0), claim("tflite-fp32", Q.BYTES, 160_000, 7)
        (finding,) = check_contradictions(Claims((one, other)))
        assert [quote.place.line for quote in finding.quotes] == [7, 40]
        assert "160,000 bytes" in finding.measured
        assert "131,072 bytes" in finding.measured
        assert finding.sure

    @given(st.floats(0.001, 1), st.integers(1, 5), st.integers(1, 5))
    def test_rounding_is_no_contradiction(self, value: float, digits: int, others: int) -> None:
        """The same value with more or fewer digits, rounded or cut off."""
        claims = [
            claim("native", Q.ACCURACY, rounded, step=10.0**-places)
            for places in (digits, others)
            for rounded in (round(value, places), int(value * 10**places) / 10**places)
        ]
        assert check_contradictions(Claims(tuple(claims))) == ()

    def test_doubtful_claims_make_doubtful_findings(self) -> None:
        """A sentence may have been misread: a person looks."""
        prose = claim("native", Q.ACCURACY, 0.5, 9, form=Form.PROSE, begins=0)
        (finding,) = check_contradictions(Claims((claim("native", Q.ACCURACY, 0.9), prose)))
        assert not finding.sure

    def test_two_tables_of_two_machines_are_one_finding(self) -> None:
        """Many differing times in two tables are two sets of measurements."""
        first = [claim(name, Q.TIME_MS, 10.0 + i, 5 + i, begins=4) for i, name in enumerate(L02)]
        second = [claim(name, Q.TIME_MS, 50.0 + i, 25 + i, begins=24) for i, name in enumerate(L02)]
        (finding,) = check_contradictions(Claims(tuple(first + second)))
        assert not finding.sure
        assert "7 times" in finding.measured

    def test_variants_and_quantities_are_told_apart(self) -> None:
        """Different things may have different figures."""
        assert check_contradictions(Claims(tuple(complete()))) == ()


class TestEvidence:
    """Claims beside what was measured."""

    TOLERANCES = {Q.ACCURACY: Tolerance(absolute=0.01), Q.BYTES: Tolerance(relative=0.01)}  # noqa: RUF012

    @given(st.floats(0, 1), st.floats(0, 1))
    def test_tolerance(self, stated: float, measured: float) -> None:
        """A finding exactly where the distance exceeds the tolerance."""
        claims = Claims((claim("native", Q.ACCURACY, stated),))
        findings = check_evidence(claims, {"native": {Q.ACCURACY: measured}}, self.TOLERANCES)
        assert bool(findings) == (not stated - 0.01 <= measured <= stated + 0.01)

    def test_what_was_not_measured_is_not_compared(self) -> None:
        """No measurement, no tolerance, another variant: no finding."""
        claims = Claims((claim("native", Q.ACCURACY, 0.5), claim("native", Q.TIME_MS, 1.0)))
        assert (
            check_evidence(claims, {"tflite-fp32": {Q.ACCURACY: 0.9}, "native": {Q.TIME_MS: 9.0}}, self.TOLERANCES)
            == ()
        )

    def test_a_familys_claim_fits_one_member(self) -> None:
        """ "INT8: 59.5 KB" is right where one of the INT8 files has that size."""
        claims = Claims((claim("tflite-int8-*", Q.BYTES, 59_536),))
        measured = {"tflite-int8-0.01": {Q.BYTES: 59_536.0}, "tflite-int8-0.08": {Q.BYTES: 90_000.0}}
        assert check_evidence(claims, measured, self.TOLERANCES) == ()
        (finding,) = check_evidence(Claims((claim("tflite-int8-*", Q.BYTES, 10_000),)), measured, self.TOLERANCES)
        assert finding.variant == "tflite-int8-*"
        assert "59,536 bytes" in finding.expected


CLUSTERED = ("clustered-2-fp32", "clustered-4-fp32", "clustered-8-fp32")
PRUNED = ("pruned-0.2-fp32", "pruned-0.4-fp32", "pruned-0.5-fp32")


@pytest.mark.parametrize(
    ("names", "values", "expected"),
    [
        (CLUSTERED, (0.5, 0.6, 0.7), "more deflation for fewer clusters"),
        (PRUNED, (0.7, 0.6, 0.5), "more deflation for more zeros"),
        (CLUSTERED, (0.5, 0.6, 0.6), None),
        (PRUNED, (0.6, 0.6, 0.5), None),
        (PRUNED, (0.5, 0.6, 0.7), None),
        (CLUSTERED, (0.5, 0.6), None),
    ],
)
def test_deflations_that_rise_where_they_should_fall(
    names: tuple[str, ...], values: tuple[float, ...], expected: str | None
) -> None:
    """Three figures at least, all of them the wrong way; one that is a guess leaves doubt."""
    made = [claim(name, Q.DEFLATION, value, line) for line, (name, value) in enumerate(zip(names, values, strict=False))]
    assert [one.expected for one in possible(*made)] == ([] if expected is None else [expected])
    doubtful = possible(*made[:-1], replace(made[-1], basis=Basis.GUESS))
    assert [one.sure for one in possible(*made)] == [True] * len(doubtful)
    assert [one.sure for one in doubtful] == [False] * len(doubtful)


@pytest.mark.parametrize(
    ("stated", "check", "cause"),
    [(0.25, Check.INVERTED, "the remaining share"), (0.5, Check.IMPOSSIBLE, "of different files")],
)
def test_what_is_wrong_with_a_deflation(stated: float, check: Check, cause: str) -> None:
    """What is kept in place of what is saved, or figures that have nothing to do with each other."""
    (found,) = possible(
        claim("pruned-0.2-fp32", Q.DEFLATION, stated),
        claim("pruned-0.2-fp32", Q.ZIP_BYTES, 25_000, 2),
        claim("pruned-0.2-fp32", Q.BYTES, 100_000, 3),
    )
    assert (found.check, cause in found.cause) == (check, True)
    assert found.expected.startswith("a deflation of 75 %")
