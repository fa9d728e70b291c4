"""Quantising and dequantising judged value by value: what is right is accepted, what is wrong is caught and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graders.measure.quantization import (
    DEQUANTISE_MISTAKES,
    LIMITS,
    QUANTISE_MISTAKES,
    ROUNDING_SLACK,
    Encoding,
    codes_off,
    dequantise_mistake,
    exact_codes,
    quantise_mistake,
    real_values,
    wrong_codes,
    wrong_values,
)

FLOAT32 = np.finfo(np.float32)
EXTREMES = [0.0, -0.0, float(FLOAT32.max), float(FLOAT32.min), float(FLOAT32.tiny), float(FLOAT32.smallest_subnormal)]
# The embedded model's own input and output, an output of probabilities, and the input of a uint8 file.
INPUT = Encoding("int8", float(np.float32(0.018658448)), -14)
OUTPUT = Encoding("int8", float(np.float32(0.213843)), 62)
PROBABILITIES = Encoding("int8", 1 / 256, -128)
UNSIGNED = Encoding("uint8", float(np.float32(0.018658448)), 114)

Floats = NDArray[np.float32]
Quantiser = Callable[[Floats, Encoding], NDArray[Any]]


def half_away(x: NDArray[Any]) -> NDArray[Any]:
    return np.copysign(np.floor(np.abs(x) + 0.5), x)


def clipped(codes: NDArray[Any], encoding: Encoding) -> NDArray[Any]:
    return np.clip(codes, *LIMITS[encoding.dtype]).astype(encoding.dtype)


@np.errstate(over="ignore")
def in_float32(x: Floats, e: Encoding) -> NDArray[Any]:
    return clipped(np.rint(x / np.float32(e.scale) + np.float32(e.zero_point)), e)


@np.errstate(over="ignore")
def by_reciprocal(x: Floats, e: Encoding) -> NDArray[Any]:
    return clipped(np.rint(x * (np.float32(1) / np.float32(e.scale))) + np.float32(e.zero_point), e)


@np.errstate(over="ignore")
def as_tflite_does(x: Floats, e: Encoding) -> NDArray[Any]:
    return clipped(half_away(x / np.float32(e.scale)).astype(np.float64) + e.zero_point, e)


RIGHT: dict[str, Quantiser] = {
    "half to even": lambda x, e: clipped(np.rint(x.astype(np.float64) / e.scale) + e.zero_point, e),
    "half to even, after the zero point": lambda x, e: clipped(
        np.rint(x.astype(np.float64) / e.scale + e.zero_point), e
    ),
    "half up": lambda x, e: clipped(np.floor(x.astype(np.float64) / e.scale + e.zero_point + 0.5), e),
    "half away from zero": lambda x, e: clipped(half_away(x.astype(np.float64) / e.scale) + e.zero_point, e),
    "half down": lambda x, e: clipped(np.ceil(x.astype(np.float64) / e.scale + e.zero_point - 0.5), e),
    "float32": in_float32,
    "float32, reciprocal": by_reciprocal,
    "float32, half away from zero": as_tflite_does,
}

# From 2 ** -120, so that a reciprocal is still a number.
scales = st.one_of(st.floats(2**-120, 2.0**120, width=32), st.floats(2**-10, 1.0, width=32))
dtypes = st.sampled_from(sorted(LIMITS))
encodings = dtypes.flatmap(
    lambda dtype: st.builds(Encoding, st.just(dtype), scales, st.integers(LIMITS[dtype][0], LIMITS[dtype][1]))
)
usual_encodings = dtypes.flatmap(
    lambda dtype: st.builds(
        Encoding, st.just(dtype), st.floats(2**-9, 1.0, width=32), st.integers(LIMITS[dtype][0], LIMITS[dtype][1])
    )
)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[Floats, Encoding]:
    """An encoding, with finite float32 of every magnitude, values at and around the halves between codes, extremes."""
    encoding = draw(encodings)
    wide = draw(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=20))
    steps = np.array(draw(st.lists(st.integers(-600, 600), max_size=20)), dtype=np.float64)
    with np.errstate(over="ignore", under="ignore"):
        halves = ((steps / 2) * encoding.scale).astype(np.float32)
        around = np.concatenate(
            [halves, np.nextafter(halves, np.float32(np.inf)), np.nextafter(halves, -np.float32(np.inf))]
        )
    values = np.concatenate([np.array([*wide, *EXTREMES], dtype=np.float32), around])
    return values[np.isfinite(values)], encoding


@pytest.mark.parametrize("name", RIGHT)
@given(inputs())
def test_every_correct_rounding_is_accepted(name: str, given_input: tuple[Floats, Encoding]) -> None:
    """Whichever way halves are rounded and in whatever precision, correct codes of any finite float32 are accepted."""
    values, encoding = given_input
    assert wrong_codes(values, RIGHT[name](values, encoding), encoding) is None


@given(inputs(), st.data())
def test_a_code_off_by_one_is_caught(given_input: tuple[Floats, Encoding], data: st.DataObject) -> None:
    """One code that is off by one among right ones is caught, and it is the one that is named."""
    values, encoding = given_input
    codes = RIGHT["half to even"](values, encoding).astype(np.int64)
    low, high = LIMITS[encoding.dtype]
    at = data.draw(st.integers(0, len(values) - 1))
    exact = float(exact_codes(values, encoding)[at])
    # Away from the exact value, so that this isn't the other right way to round a half.
    codes[at] += 1 if (codes[at] >= exact and codes[at] < high) or codes[at] == low else -1
    # At either end of the range, a half has its other right rounding on the only side that is left.
    assume(abs(codes[at] - exact) > 0.5 + ROUNDING_SLACK)
    found = wrong_codes(values, codes, encoding)
    assert found is not None
    assert found.got == codes[at]
    assert found.value == values[at] or (np.isnan(found.value) and np.isnan(values[at]))
    assert abs(found.expected - exact) <= 0.5


@pytest.mark.parametrize(("part", "right"), [(0.01, True), (0.49, True), (0.51, False), (0.99, False)])
@given(usual_encodings, st.integers(-100, 100))
def test_rounding_down_is_right_below_the_half(part: float, right: bool, encoding: Encoding, step: int) -> None:
    """A value's part of a code decides: below the half the lower code is right, above it only the higher one."""
    low, high = LIMITS[encoding.dtype]
    code = min(max(step, low), high - 1)
    values = np.array([(code + part - encoding.zero_point) * encoding.scale], dtype=np.float32)
    assert (wrong_codes(values, np.array([code]), encoding) is None) is right
    assert (wrong_codes(values, np.array([code + 1]), encoding) is None) is not right


@given(inputs())
def test_expected_codes_are_codes(given_input: tuple[Floats, Encoding]) -> None:
    """What is named as expected is a whole number that the type can hold."""
    values, encoding = given_input
    found = wrong_codes(values, np.full(values.shape, 1000), encoding)
    assert found is not None
    assert found.expected == int(found.expected)
    assert LIMITS[encoding.dtype][0] <= found.expected <= LIMITS[encoding.dtype][1]


def test_plainest_counterexample() -> None:
    """Of several wrong values the one nearest to zero is shown."""
    values = np.array([-900.0, 3.0, -2.0, 0.0, 50.0], dtype=np.float32)
    encoding = Encoding("int8", 1.0, 0)
    found = wrong_codes(values, np.array([-128, 9, 9, 0, 9]), encoding)
    assert found is not None
    assert (found.value, found.got, found.expected) == (-2.0, 9.0, -2.0)


@pytest.mark.parametrize("code", [np.nan, np.inf, -np.inf])
def test_codes_that_are_no_numbers_are_wrong(code: float) -> None:
    """NaN and infinities in place of codes are wrong, whoever sends them."""
    found = wrong_codes(np.zeros(3, dtype=np.float32), np.array([0.0, code, 0.0]), Encoding("int8", 1.0, 0))
    assert found is not None
    np.testing.assert_equal(found.got, code)


def test_saturation_belongs_to_quantising() -> None:
    """Values beyond the codes must become the first or the last code, and nothing else."""
    values = np.array([1e9, -1e9], dtype=np.float32)
    encoding = Encoding("int8", 0.1, 0)
    assert wrong_codes(values, np.array([127, -128]), encoding) is None
    assert wrong_codes(values, np.array([126, -128]), encoding) is not None
    assert wrong_codes(values, np.array([127, 127]), encoding) is not None


@pytest.mark.parametrize(
    ("dtype", "scale", "quantised"),
    [("int8", 0.1, True), ("uint8", 0.1, True), ("int8", 0.0, False), ("float32", 0.1, False), ("int16", 0.1, False)],
)
def test_what_counts_as_quantised(dtype: str, scale: float, quantised: bool) -> None:
    """Only int8 and uint8 with a scale hold codes."""
    assert Encoding(dtype, scale, 0).quantised is quantised


def sweep() -> Floats:
    return np.linspace(-3, 3, 4_001, dtype=np.float32)


def as_tensor(codes: NDArray[Any], encoding: Encoding) -> NDArray[Any]:
    """What is left of a mistake's codes in a tensor of the type."""
    return codes.astype(np.int64).astype(encoding.dtype)


@pytest.mark.parametrize("mistake", QUANTISE_MISTAKES)
@given(encoding=usual_encodings)
def test_every_mistake_in_quantising_is_caught(mistake: str, encoding: Encoding) -> None:
    """Wherever a mistake's codes differ from right ones by more than rounding, they are caught."""
    values = sweep()
    codes = as_tensor(QUANTISE_MISTAKES[mistake](values.astype(np.float64), encoding), encoding)
    off = np.abs(codes.astype(np.float64) - exact_codes(values, encoding))
    found = wrong_codes(values, codes, encoding)
    if (off > 0.51).any():
        assert found is not None
        assert found.got != found.expected
    elif (off <= 0.5).all():
        assert found is None


@pytest.mark.parametrize("mistake", QUANTISE_MISTAKES)
@given(encoding=usual_encodings)
def test_every_mistake_in_quantising_is_recognised(mistake: str, encoding: Encoding) -> None:
    """A sweep's codes name the mistake that made them, or one that makes the same codes for these parameters."""
    values = sweep()
    codes = as_tensor(QUANTISE_MISTAKES[mistake](values.astype(np.float64), encoding), encoding)
    named = quantise_mistake(values, codes, encoding)
    assert named is not None
    again = as_tensor(QUANTISE_MISTAKES[named](values.astype(np.float64), encoding), encoding)
    np.testing.assert_array_equal(again, codes)


@np.errstate(invalid="ignore")
def cast(codes: NDArray[Any], dtype: str) -> NDArray[Any]:
    return codes.astype(np.int32).astype(dtype)


# As a student would write them, in float32.
WRITTEN: dict[str, Quantiser] = {
    "truncated": lambda x, e: np.clip(x / np.float32(e.scale) + e.zero_point, *LIMITS[e.dtype]).astype(e.dtype),
    "truncated_before_zero_point": lambda x, e: clipped((x / np.float32(e.scale)).astype(np.int32) + e.zero_point, e),
    "floored": lambda x, e: clipped(np.floor(x / np.float32(e.scale) + e.zero_point), e),
    "not_clipped": lambda x, e: cast(np.round(x / np.float32(e.scale) + e.zero_point), e.dtype),
    "truncated_not_clipped": lambda x, e: cast(x / np.float32(e.scale) + e.zero_point, e.dtype),
    "zero_point_missing": lambda x, e: clipped(np.round(x / np.float32(e.scale)), e),
    "zero_point_subtracted": lambda x, e: clipped(np.round(x / np.float32(e.scale)) - e.zero_point, e),
    "zero_point_scaled": lambda x, e: clipped(np.round((x + e.zero_point) / np.float32(e.scale)), e),
    "scale_multiplied": lambda x, e: clipped(np.round(x * np.float32(e.scale) + e.zero_point), e),
    "not_quantised": lambda x, e: x.astype(e.dtype),
}


@pytest.mark.parametrize(
    ("mistake", "encoding"),
    # Where no code is negative, floored is the same as truncated.
    [(name, INPUT) for name in WRITTEN] + [(name, UNSIGNED) for name in WRITTEN if name != "floored"],
    ids=lambda value: value if isinstance(value, str) else value.dtype,
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_mistakes_as_students_write_them(mistake: str, encoding: Encoding) -> None:
    """Each mistake, written in float32 and for the embedded model's input, is caught and called by its own name."""
    values = sweep()
    if (mistake, encoding.dtype) == ("not_quantised", "uint8"):
        values = np.abs(values)
    codes = WRITTEN[mistake](values, encoding)
    assert wrong_codes(values, codes, encoding) is not None
    assert quantise_mistake(values, codes, encoding) == mistake


def test_wrapping_casts_are_told_from_clipping_ones() -> None:
    """Where the values go beyond the type, a cast that wraps around is called so although the scale is left out too."""
    values = np.linspace(-300, 300, 4_001, dtype=np.float32)
    codes = cast(values, "int8")
    assert quantise_mistake(values, codes, INPUT) == "not_quantised_not_clipped"


def test_codes_of_no_known_mistake() -> None:
    """Codes that no mistake explains are called nothing."""
    noise = np.random.default_rng(0).integers(-128, 128, 4_001)
    assert quantise_mistake(sweep(), noise, INPUT) is None


def test_values_beyond_arithmetic_name_nothing() -> None:
    """Where every value is so large that float32 arithmetic decides, no mistake is named."""
    values = np.full(10, FLOAT32.max)
    assert quantise_mistake(values, np.zeros(10, dtype=np.int8), INPUT) is None


def every_code(encoding: Encoding) -> NDArray[Any]:
    low, high = LIMITS[encoding.dtype]
    return np.arange(low, high + 1).astype(encoding.dtype)


@given(encodings)
def test_right_values_are_accepted(encoding: Encoding) -> None:
    """(code - zero point) · scale is right in float64 and in float32."""
    codes = every_code(encoding)
    values = real_values(codes, encoding)
    single = (codes.astype(np.float32) - np.float32(encoding.zero_point)) * np.float32(encoding.scale)
    assert wrong_values(codes, values, encoding) is None
    assert wrong_values(codes, single, encoding) is None


@given(encodings, st.integers(0, 255), st.sampled_from([-1.0, 1.0]))
def test_a_value_off_by_a_tenth_of_a_code_is_caught(encoding: Encoding, at: int, sign: float) -> None:
    """One value that is off by a tenth of a code is caught, and it is the one that is named."""
    codes = every_code(encoding)
    values = real_values(codes, encoding)
    values[at] += sign * 0.1 * encoding.scale
    found = wrong_values(codes, values, encoding)
    assert found is not None
    assert (found.value, found.got) == (float(codes[at]), values[at])


@given(encodings, st.integers(0, 255), st.sampled_from([np.nan, np.inf, -np.inf]), st.floats(0, 3))
def test_values_that_are_no_numbers_are_wrong(encoding: Encoding, at: int, value: float, codes_off: float) -> None:
    """NaN and infinities are wrong whatever difference is allowed."""
    codes = every_code(encoding)
    values = real_values(codes, encoding)
    values[at] = value
    found = wrong_values(codes, values, encoding, codes_off)
    assert found is not None
    np.testing.assert_equal(found.got, value)


@given(encodings, st.integers(1, 3))
def test_allowed_difference_is_in_codes(encoding: Encoding, codes_off: int) -> None:
    """So many codes of difference are allowed, and a half of one more is not."""
    codes = every_code(encoding)
    values = real_values(codes, encoding)
    assert wrong_values(codes, values + codes_off * encoding.scale, encoding, codes_off) is None
    assert wrong_values(codes, values + (codes_off + 0.5) * encoding.scale, encoding, codes_off) is not None


@pytest.mark.parametrize("mistake", DEQUANTISE_MISTAKES)
@given(encoding=usual_encodings)
def test_every_mistake_in_dequantising_is_caught(mistake: str, encoding: Encoding) -> None:
    """Wherever a mistake's values differ from right ones by more than float rounding, they are caught."""
    codes = every_code(encoding)
    values = DEQUANTISE_MISTAKES[mistake](codes.astype(np.float64), encoding)
    off = np.abs(values - real_values(codes, encoding)) / encoding.scale
    found = wrong_values(codes, values, encoding)
    if (off > 0.01).any():
        assert found is not None
    elif (off == 0).all():
        assert found is None


@pytest.mark.parametrize("single", [False, True], ids=["float64", "float32"])
@pytest.mark.parametrize("mistake", DEQUANTISE_MISTAKES)
@given(encoding=usual_encodings)
def test_every_mistake_in_dequantising_is_recognised(mistake: str, single: bool, encoding: Encoding) -> None:
    """All codes' values name the mistake that made them, or one that gives the same for these parameters."""
    codes = every_code(encoding)
    values = DEQUANTISE_MISTAKES[mistake](codes.astype(np.float64), encoding)
    if single:
        values = values.astype(np.float32).astype(np.float64)
    named = dequantise_mistake(codes, values, encoding)
    assert named is not None
    again = DEQUANTISE_MISTAKES[named](codes.astype(np.float64), encoding)
    np.testing.assert_allclose(again, values, rtol=1e-6, atol=0.03 * encoding.scale)


def int8_difference(codes: NDArray[Any], e: Encoding) -> NDArray[Any]:
    return codes - np.array(e.zero_point, dtype=e.dtype)


WRITTEN_BACK: dict[str, Quantiser] = {
    "codes_returned": lambda q, e: q,
    "zero_point_missing": lambda q, e: q.astype(np.float32) * np.float32(e.scale),
    "zero_point_added": lambda q, e: (q.astype(np.float32) + e.zero_point) * np.float32(e.scale),
    "zero_point_after_scale": lambda q, e: q.astype(np.float32) * np.float32(e.scale) - e.zero_point,
    "scale_missing": lambda q, e: q.astype(np.float32) - e.zero_point,
    "scale_divided": lambda q, e: (q.astype(np.float32) - e.zero_point) / np.float32(e.scale),
    "int8_overflow": lambda q, e: int8_difference(q, e) * np.float32(e.scale),
    "int8_overflow_not_scaled": int8_difference,
}


@pytest.mark.parametrize("encoding", [OUTPUT, PROBABILITIES], ids=["scores", "probabilities"])
@pytest.mark.parametrize("mistake", WRITTEN_BACK)
def test_wrong_values_as_students_write_them(mistake: str, encoding: Encoding) -> None:
    """Each mistake, written in numpy for the embedded model's output and for probabilities, is called by its name."""
    codes = every_code(encoding)
    values = WRITTEN_BACK[mistake](codes, encoding)
    assert wrong_values(codes, values, encoding) is not None
    assert dequantise_mistake(codes, values, encoding) == mistake


def test_values_of_no_known_mistake() -> None:
    """Values that no mistake explains are called nothing, and so are none at all."""
    codes = every_code(OUTPUT)
    assert dequantise_mistake(codes, np.random.default_rng(0).normal(size=len(codes)), OUTPUT) is None
    assert dequantise_mistake(codes[:0], np.zeros(0), OUTPUT) is None


@pytest.mark.parametrize("off", [0.0, 0.4, 1.0, 3.0, 40.0])
def test_how_many_codes_off(off: float) -> None:
    """The distance in codes is the smallest tolerance with which values pass; what is no number is beyond any."""
    given_codes = np.array([[-128, -14, 3, 127]], np.int8)
    values = real_values(given_codes, INPUT)
    values[0, 2] -= off * INPUT.scale
    found = codes_off(given_codes, values, INPUT)
    assert found == pytest.approx(off, abs=2 * ROUNDING_SLACK)
    assert wrong_values(given_codes, values, INPUT, found + 1e-9) is None
    assert off < 1 or wrong_values(given_codes, values, INPUT, found - 0.1) is not None
    values[0, 0] = np.nan
    assert codes_off(given_codes, values, INPUT) > 1e8


def test_rounding_of_float32_is_no_difference() -> None:
    """What is right has a distance of nothing, large values within float32's error too, and so have no codes at all."""
    shifted = Encoding("int8", 1.0, -128)
    codes = np.array([127], np.int8)
    assert codes_off(codes, real_values(codes, shifted), shifted) == 0
    assert codes_off(codes, real_values(codes, shifted) * (1 + 0.9e-5), shifted) == 0
    assert codes_off(codes[:0], np.zeros(0), shifted) == 0


def test_values_beyond_arithmetic_hide_no_mistake() -> None:
    """Values of which float32 decides what comes out are left aside, and the others tell the mistake."""
    values = np.concatenate([sweep(), np.full(4_001, 1e6, np.float32)])
    codes = np.concatenate([WRITTEN["truncated"](sweep(), INPUT), np.zeros(4_001, np.int8)])
    assert quantise_mistake(values, codes, INPUT) == "truncated"


def test_small_noise_hides_no_mistake_in_dequantising() -> None:
    """Values that are off by a hundredth of a code tell their mistake, those off by whole codes tell none."""
    codes = every_code(PROBABILITIES)
    noise = PROBABILITIES.scale * np.random.default_rng(0).uniform(-1, 1, codes.shape)
    values = WRITTEN_BACK["zero_point_missing"](codes, PROBABILITIES).astype(np.float64)
    assert dequantise_mistake(codes, values + 0.01 * noise, PROBABILITIES) == "zero_point_missing"
    assert dequantise_mistake(codes, values + 3 * noise, PROBABILITIES) is None
