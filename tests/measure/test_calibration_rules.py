"""Quantisation parameters from ranges, and telling the samples from the parameters: pure functions."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from graders.measure.calibration import (
    QMAX,
    QMIN,
    RELATIVE_TOLERANCE,
    Quantisation,
    RangeTable,
    compare,
    from_range,
    recognise,
)

bounds = st.floats(-1e6, 1e6, allow_nan=False, width=32)
ranges = st.tuples(bounds, bounds).map(sorted).filter(lambda pair: max(pair[1], 0) - min(pair[0], 0) > 1e-6)


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        (0.0, 6.0, 6 / 255, -128),  # ReLU6
        (-6.0, 0.0, 6 / 255, 127),
        (-1.0, 1.0, 2 / 255, 0),  # by the upper end: 127 - 127.5 = -0.5, rounded up
        (-128.0, 127.0, 1.0, 0),
        (0.0, 255.0, 1.0, -128),
        (-10.0, 245.0, 1.0, -118),
        (-245.0, 10.0, 1.0, 117),
        (2.0, 5.1, 5.1 / 255, -128),  # widened to hold zero
        (-5.1, -2.0, 5.1 / 255, 127),
        (-2.117904, 2.64, 4.757904 / 255, -14),  # images, normalised
        # Halves, which the two ends' rounding errors take to two codes: the end with the smaller error decides.
        (-0.0015, 0.7635, 0.003, -127),
        (-105.45, 379.05, 1.9, -72),
        (-0.2055, 0.0495, 0.001, 78),
        (-100.023, 17.787, 0.462, 89),
    ],
)
def test_parameters_of_known_ranges(low: float, high: float, scale: float, zero_point: int) -> None:
    """A range gives the scale and zero point that were worked out by hand."""
    found = from_range(low, high)
    assert found.scale == pytest.approx(scale, rel=1e-12)
    assert found.zero_point == zero_point


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        # What the converter of TensorFlow 2.21 made of dense layers whose results have these ranges.
        (0.0, 0.0, 7.84313680667448e-09, 0),
        (-0.0, -0.0, 7.84313680667448e-09, 0),
        (0.0, 9.9e-07, 1.1725490800529315e-08, -43),
        (0.0, float(np.float32(1e-6)), 1.1764706542294334e-08, -43),
        (0.0, 1.01e-06, 3.9607841451072545e-09, -128),
    ],
)
def test_parameters_of_ranges_of_hardly_anything(low: float, high: float, scale: float, zero_point: int) -> None:
    """A range that is no wider than 1e-6 is widened by as much at both ends."""
    found = from_range(low, high)
    assert found.scale == pytest.approx(scale, rel=1e-6)
    assert found.zero_point == zero_point


def test_noise_makes_parameters_less_certain() -> None:
    """Scales may differ by what the range's error allows; where that is more than samples change, nothing is known."""
    exact, noisy = from_range(0.0, 1.0), from_range(0.0, 1.0, 1e-4)
    other = from_range(0.0, 1.0003)
    assert exact.tolerance == RELATIVE_TOLERANCE
    assert not exact.close_to(other)
    assert noisy.close_to(other)
    assert not noisy.close_to(from_range(0.0, 1.001))
    assert exact.knowable
    assert noisy.knowable
    assert not from_range(0.0, 1.0, 0.1).knowable


def test_a_range_at_the_edge_of_widening_is_unknown() -> None:
    """Where the error decides whether a range is widened, its scale is one of two that are far from each other."""
    assert not from_range(0.0, 1.0001e-6, 1e-10).knowable
    assert from_range(0.0, 1.1e-6, 1e-10).knowable
    assert from_range(0.0, 1e-6).knowable  # computed without any error


def test_comparison_leaves_out_what_is_unknown() -> None:
    """An activation whose range may be noise is counted as such and decides nothing."""
    noise = from_range(0.0, 1.0, 0.1)
    found = compare([A, C], [A, noise], [True, True])
    assert (found.compared, found.equal, found.unknowable, found.first_difference) == (1, 1, 1, None)
    assert not compare([C], [noise], [True]).whole


@given(ranges)
def test_zero_is_exact(pair: list[float]) -> None:
    """Whatever the range, real zero has a code of its own: the zero point, which is an int8."""
    found = from_range(*pair)
    assert isinstance(found.zero_point, int)
    assert QMIN <= found.zero_point <= QMAX


@given(ranges)
def test_both_ends_of_the_range_are_reached(pair: list[float]) -> None:
    """The smallest and the largest value, zero included, lie within half a code of the codes' two ends."""
    found = from_range(*pair)
    low, high = min(pair[0], 0.0), max(pair[1], 0.0)
    assert low / found.scale + found.zero_point == pytest.approx(QMIN, abs=0.500001)
    assert high / found.scale + found.zero_point == pytest.approx(QMAX, abs=0.500001)


@given(ranges)
def test_scale_is_the_width_of_a_code(pair: list[float]) -> None:
    """255 steps of the scale span the range, zero included."""
    width = max(pair[1], 0.0) - min(pair[0], 0.0)
    assert from_range(*pair).scale * 255 == pytest.approx(width, rel=1e-12)


@given(st.floats(1e-6, 1e6))
def test_symmetric_ranges(high: float) -> None:
    """A range that is as wide on both sides of zero has its zero point in the middle."""
    assert from_range(-high, high).zero_point in (-1, 0)


@given(ranges)
def test_mirrored_ranges(pair: list[float]) -> None:
    """Mirroring a range keeps the scale and mirrors the zero point, rounding of halves aside."""
    found, mirrored = from_range(*pair), from_range(-pair[1], -pair[0])
    assert mirrored.scale == found.scale
    assert abs(mirrored.zero_point + found.zero_point + 1) <= 1


@given(ranges, st.floats(1e-3, 1e3))
def test_parameters_grow_with_the_range(pair: list[float], factor: float) -> None:
    """A range that is so many times as wide has a scale that is so many times as large, and the same zero point.

    Ranges that are hardly wider than nothing are widened, so they do not grow.
    """
    assume((max(pair[1], 0) - min(pair[0], 0)) * min(factor, 1) > 1.01e-6)
    found, wider = from_range(*pair), from_range(pair[0] * factor, pair[1] * factor)
    assert wider.scale == pytest.approx(found.scale * factor, rel=1e-9)
    assert abs(wider.zero_point - found.zero_point) <= 1


def test_tolerance_of_the_scale() -> None:
    """Scales are the same up to the tolerance, relative to the larger one, and not beyond."""
    mine, nothing = Quantisation(1.0, 0), Quantisation(0.0, 0)
    assert nothing.close_to(nothing)
    assert mine.close_to(Quantisation(1.0 - RELATIVE_TOLERANCE * 0.99, 0))
    assert mine.close_to(Quantisation(1.0 - RELATIVE_TOLERANCE * 0.99995, 0))  # the larger one's share, not its own
    assert not mine.close_to(Quantisation(1.0 - RELATIVE_TOLERANCE * 1.01, 0))
    assert mine.close_to(Quantisation(1 / (1 - RELATIVE_TOLERANCE * 0.99), 0))
    assert not mine.close_to(Quantisation(1 / (1 - RELATIVE_TOLERANCE * 1.01), 0))


@pytest.mark.parametrize(("zero_point", "close"), [(5, True), (6, True), (4, True), (7, False), (3, False)])
def test_tolerance_of_the_zero_point(zero_point: int, close: bool) -> None:
    """A zero point may be off by one, which rounding does, and not by two."""
    assert Quantisation(0.1, 5).close_to(Quantisation(0.1, zero_point)) is close


@given(ranges, ranges)
def test_closeness_has_no_direction(one: list[float], other: list[float]) -> None:
    """Parameters are as close to others as others are to them, and always to themselves."""
    mine, theirs = from_range(*one), from_range(*other)
    assert mine.close_to(mine)
    assert mine.close_to(theirs) == theirs.close_to(mine)


@given(ranges)
def test_a_range_survives_float32(pair: list[float]) -> None:
    """Parameters that went through float32, as a file stores them, are close to what they were."""
    found = from_range(*pair)
    assert found.close_to(Quantisation(float(np.float32(found.scale)), found.zero_point))


tables = st.integers(1, 6).flatmap(
    lambda samples: st.integers(1, 4).flatmap(
        lambda activations: st.lists(
            st.lists(ranges, min_size=activations, max_size=activations), min_size=samples, max_size=samples
        )
    )
)


def table_of(rows: list[list[list[float]]]) -> RangeTable:
    both = np.array(rows, dtype=np.float32)
    return RangeTable(tuple(str(row) for row in range(len(rows))), both[..., 0], both[..., 1])


@given(tables, st.data())
def test_expected_parameters_are_those_of_the_united_ranges(rows: list[list[list[float]]], data: st.DataObject) -> None:
    """Any set of samples has, for each activation, the parameters of the union of the samples' ranges."""
    table = table_of(rows)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1))
    for activation, found in enumerate(table.expected(chosen)):
        low = min(float(np.float32(rows[row][activation][0])) for row in chosen)
        high = max(float(np.float32(rows[row][activation][1])) for row in chosen)
        assert found == from_range(low, high)


@given(tables, st.data())
def test_order_and_repetition_of_samples_do_not_matter(rows: list[list[list[float]]], data: st.DataObject) -> None:
    """Samples may come in any order and more than once."""
    table = table_of(rows)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1))
    assert table.expected(chosen) == table.expected(sorted(set(chosen), reverse=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables)
def test_a_table_is_kept_in_a_file(rows: list[list[list[float]]], tmp_path: Path) -> None:
    """A table comes back from its file as it was, samples' names in any script included."""
    table = table_of(rows)
    named = RangeTable(tuple(f"ж_{name}.jpg" for name in table.samples), table.low, table.high)
    named.save(tmp_path / "ranges.npz")
    found = RangeTable.load(tmp_path / "ranges.npz")
    assert found.samples == named.samples
    np.testing.assert_array_equal(found.low, named.low)
    np.testing.assert_array_equal(found.high, named.high)
    assert found.expected([0]) == named.expected([0])


def test_a_table_is_no_pickle(tmp_path: Path) -> None:
    """A file that holds objects is refused, not unpickled."""
    objects = np.array([{}], dtype=object)
    np.savez(tmp_path / "ranges.npz", samples=objects, low=objects, high=objects)
    with pytest.raises(ValueError, match="allow_pickle"):
        RangeTable.load(tmp_path / "ranges.npz")


def test_no_samples_are_refused() -> None:
    """There are no parameters for no samples, and asking says so."""
    with pytest.raises(ValueError, match="at least one sample"):
        table_of([[[0.0, 1.0]]]).expected([])


A, B, C = Quantisation(0.1, 0), Quantisation(0.2, 0), Quantisation(0.3, 0)


def test_comparison_counts_what_is_comparable() -> None:
    """Only comparable activations count; a missing parameter differs; the first difference is named by its place."""
    found = compare([A, None, B, None], [A, A, C, A], [True, False, True, True])
    assert (found.compared, found.equal, found.first_difference) == (3, 1, 2)
    assert not found.whole


def test_comparison_of_equals() -> None:
    """Where everything agrees, nothing differs and the agreement is whole."""
    found = compare([A, B], [A, B], [True, True])
    assert (found.compared, found.equal, found.first_difference) == (2, 2, None)
    assert found.whole


def test_comparison_of_nothing_is_no_agreement() -> None:
    """Where there was nothing to compare, nothing is proved: a missing result is never a pass."""
    assert not compare([A], [A], [False]).whole
    assert not compare([], [], []).whole


@pytest.mark.parametrize(("found", "expected", "use"), [([A], [A, B], [True, True]), ([A], [A], [])])
def test_comparison_of_different_lengths_is_refused(
    found: list[Quantisation], expected: list[Quantisation], use: list[bool]
) -> None:
    """Lists of different lengths are a fault of the caller's, never an agreement."""
    with pytest.raises(ValueError, match="zip"):
        compare(found, expected, use)


def test_recognising_samples() -> None:
    """The first candidate whose parameters all agree is named; none is where none does."""
    candidates = {"one": (A, B), "two": (B, B), "two again": (B, B)}
    assert recognise([B, B], candidates, [True, True]) == "two"
    assert recognise([C, B], candidates, [True, True]) is None
    assert recognise([C, B], candidates, [False, True]) == "one"
    assert recognise([B, B], {}, [True, True]) is None
    assert recognise([B, B], candidates, [False, False]) is None


@given(tables)
def test_more_samples_never_narrow_a_range(rows: list[list[list[float]]]) -> None:
    """Adding samples never makes a scale smaller."""
    assume(len(rows) > 1)
    table = table_of(rows)
    fewer, more = table.expected([0]), table.expected(range(len(rows)))
    for few, many in zip(fewer, more, strict=True):
        assert many.scale >= few.scale or math.isclose(many.scale, few.scale)
