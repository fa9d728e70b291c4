"""What is stated twice, and what was measured: which claims are put beside each other, and what a finding says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graders.written.claims import (
    Basis,
    Check,
    Claim,
    Claims,
    Finding,
    Form,
    Place,
    Quantity,
    Tolerance,
    Variant,
    check_contradictions,
    check_evidence,
    find_claims,
)

NAMES = ("native", "tflite-fp32", "tflite-int8-0.01")


def claim(variant: str, value: float, line: int, room: float = 0.0, **more: object) -> Claim:
    """A time in the table that begins at line 1 of summary.md, unless more is said."""
    place = Place("summary.md", line)
    made = Claim((variant,), Quantity.TIME_MS, value, value - room, value + room, place, f"{value} ms", Form.TABLE,
                 Basis.WORD, 1)  # fmt: skip
    return replace(made, **more)


def twice(count: int, **more: object) -> list[Claim]:
    """The times of so many variants, and others, twice as long, further below."""
    first = [claim(name, 4.0 + number, 3 + number) for number, name in enumerate(NAMES[:count])]
    second = [replace(one, value=2 * one.value, low=2 * one.low, high=2 * one.high, text=f"{2 * one.value} ms",
                      place=Place("summary.md", one.place.line + 20)) for one in first]  # fmt: skip
    return [*first, *(replace(one, **more) for one in second)]


def contradictions(*claims: Claim) -> tuple[Finding, ...]:
    return check_contradictions(Claims(claims))


def at(finding: Finding) -> list[tuple[int, str]]:
    return [(quote.place.line, quote.text) for quote in finding.quotes]


def test_a_contradiction_in_full() -> None:
    """Whose figure it is, which, both places and both texts."""
    (found,) = contradictions(claim("native", 4.0, 3), claim("native", 8.0, 23, begins=21))
    assert (found.check, found.variant, found.quantity, found.sure) == (
        Check.CONTRADICTION, "native", Quantity.TIME_MS, True,
    )  # fmt: skip
    assert found.measured == "inference time of native 4 ms (summary.md, line 3), but 8 ms (summary.md, line 23)"
    assert found.expected == "one inference time for native"
    assert at(found) == [(3, "4.0 ms"), (23, "8.0 ms")]


def test_two_tables_that_differ_in_three_figures_are_two_sets() -> None:
    """One finding for a person to look at, with the first pair in words and all of them quoted."""
    (found,) = contradictions(*twice(3, begins=21))
    assert (found.check, found.variant, found.quantity, found.sure) == (
        Check.CONTRADICTION, "native", Quantity.TIME_MS, False,
    )  # fmt: skip
    assert found.measured == (
        "3 times another inference time in two tables, first: inference time of native 4 ms (summary.md, line 3), "
        "but 8 ms (summary.md, line 23)"
    )
    assert at(found) == [(3, "4.0 ms"), (23, "8.0 ms"), (4, "5.0 ms"), (24, "10.0 ms"), (5, "6.0 ms"), (25, "12.0 ms")]


def test_three_figures_in_tables_of_two_files_are_two_sets() -> None:
    """Also where both tables begin at the same line."""
    other = [replace(one, place=Place("more.md", one.place.line)) for one in twice(3)[3:]]
    (found,) = contradictions(*twice(3)[:3], *other)
    assert found.measured.startswith("3 times another inference time in two tables")


@pytest.mark.parametrize(
    "claims",
    [twice(2, begins=21), twice(3), twice(3, begins=0, form=Form.LINE)],
    ids=["two figures", "one table", "a table and lines"],
)
def test_what_is_not_two_sets_is_told_one_by_one(claims: list[Claim]) -> None:
    """Two figures may be two mistakes; in one table, or in a list, nobody keeps a second set of measurements."""
    found = contradictions(*claims)
    assert [one.variant for one in found] == list(NAMES[: len(claims) // 2])
    assert all(one.sure and len(one.quotes) == 2 for one in found)


def test_lone_contradictions_are_told_beside_each_other() -> None:
    """None is lost where each is of other places."""
    rest = [claim("tflite-fp32", 5.0, 8, begins=0, form=Form.LINE), claim("tflite-fp32", 6.0, 4)]
    found = contradictions(claim("native", 4.0, 3), claim("native", 8.0, 23, begins=21), *rest)
    assert [one.variant for one in found] == ["native", "tflite-fp32"]


@pytest.mark.parametrize("order", [1, -1])
def test_claims_beyond_doubt_are_put_beside_each_other_first(order: int) -> None:
    """A sentence that may have been misread does not hide that two tables differ."""
    prose = claim("native", 9.0, 1, begins=0, form=Form.PROSE)
    claims = [prose, claim("native", 4.0, 3), claim("native", 8.0, 23, begins=21)]
    (found,) = contradictions(*claims[::order])
    assert [line for line, _ in at(found)] == [3, 23]
    assert found.sure


@pytest.mark.parametrize(("other", "differs"), [(4.5, False), (4.75, True), (3.5, False), (3.25, True)])
def test_figures_that_may_mean_the_same_value_do_not_differ(other: float, differs: bool) -> None:
    """Rounded to both sides they meet at the edge; beyond it they exclude each other."""
    assert bool(contradictions(claim("native", 4.0, 3, 0.25), claim("native", other, 9, 0.25))) == differs


TIMES = {Quantity.TIME_MS: Tolerance(absolute=0.5)}


def against(stated: Claim, *measured: float) -> tuple[Finding, ...]:
    names = stated.variants
    values = {name: {Quantity.TIME_MS: value} for name, value in zip(names, measured, strict=True)}
    return check_evidence(Claims((stated,)), values, TIMES)


@pytest.mark.parametrize(
    ("measured", "differs"), [(3.25, False), (3.125, True), (4.75, False), (4.875, True), (4.0, False)]
)
def test_as_far_as_allowed_is_near_enough(measured: float, differs: bool) -> None:
    """What the figure's digits leave open is added to the tolerance."""
    assert bool(against(claim("native", 4.0, 3, 0.25), measured)) == differs


@pytest.mark.parametrize(("form", "sure"), [(Form.TABLE, True), (Form.PROSE, False)])
def test_what_a_measurement_refutes_in_full(form: Form, sure: bool) -> None:
    """Whose figure, where, and what was measured instead; a sentence may have been misread."""
    (found,) = against(claim("native", 4.0, 3, form=form), 8.0)
    assert (found.check, found.variant, found.quantity, found.sure) == (
        Check.EVIDENCE, "native", Quantity.TIME_MS, sure,
    )  # fmt: skip
    assert found.measured == "inference time of native 4 ms (summary.md, line 3)"
    assert found.expected == "8 ms as measured, within 0.5 ms"
    assert at(found) == [(3, "4.0 ms")]


@pytest.mark.parametrize(("stated", "nearest"), [(4.0, 6.0), (20.0, 15.0), (11.0, 15.0), (9.0, 6.0)])
def test_a_familys_figure_is_put_beside_the_nearest_measurement(stated: float, nearest: float) -> None:
    """Whichever member of the family that is."""
    family = replace(claim("native", stated, 3), variants=("tflite-int8-0.01", "tflite-int8-0.08"))
    for measured in ((6.0, 15.0), (15.0, 6.0)):
        (found,) = against(family, *measured)
        assert found.expected.startswith(f"{nearest:g} ms as measured")


def test_precision_and_sensitivity_may_each_be_the_other() -> None:
    """The course's own metrics exchange their names; accuracy is none of them."""
    measured = {"native": {Quantity.PRECISION: 0.9, Quantity.SENSITIVITY: 0.4, Quantity.ACCURACY: 0.4}}
    tolerances = {quantity: Tolerance(absolute=0.1) for quantity in measured["native"]}
    text = "| | accuracy | precision | sensitivity |\n|---|---|---|---|\n| native | {} | {} | {} |\n"
    exchanged = find_claims(text.format(0.4, 0.4, 0.9), (Variant.named("native"),))
    assert check_evidence(exchanged, measured, tolerances) == ()
    wrong = check_evidence(find_claims(text.format(0.9, 0.65, 0.9), (Variant.named("native"),)), measured, tolerances)
    assert [finding.quantity for finding in wrong] == [Quantity.ACCURACY, Quantity.PRECISION]
