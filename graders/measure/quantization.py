"""Quantising and dequantising, checked value by value: pure functions of arrays.

real = scale · (code - zero_point) and code = clip(round(real / scale) + zero_point), for codes of int8 or uint8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIMITS = {"int8": (-128, 127), "uint8": (0, 255)}
# Half to even, half up, half away from zero and float32 arithmetic are all right; they differ only at the halves.
ROUNDING_SLACK = 2e-3
FURTHEST = 1e9
# Relative; what a mistake gives may be far larger than real values are.
FLOAT32_SLACK = 1e-6


@dataclass(frozen=True)
class Encoding:
    """How a file's input or output tensor holds real numbers. ``scale`` is 0 if it is not quantised."""

    dtype: str
    scale: float
    zero_point: int

    @property
    def quantised(self) -> bool:
        """Whether the tensor holds codes."""
        return self.dtype in LIMITS and self.scale > 0


@dataclass(frozen=True)
class Counterexample:
    """One value that came out wrong, with what it should have been."""

    value: float
    got: float
    expected: float


def exact_codes(values: NDArray[np.float32], encoding: Encoding) -> NDArray[np.float64]:
    """Where the values lie on the scale of codes, clipped but not rounded; float64 of the same shape."""
    low, high = LIMITS[encoding.dtype]
    return np.clip(values.astype(np.float64) / encoding.scale + encoding.zero_point, low, high)


def wrong_codes(values: NDArray[np.float32], codes: NDArray[Any], encoding: Encoding) -> Counterexample | None:
    """The first value whose code is not a correct rounding of it, saturation included; None when all are right."""
    exact = exact_codes(values, encoding)
    wrong = ~(np.abs(codes.astype(np.float64) - exact) <= 0.5 + ROUNDING_SLACK)  # NaN is wrong
    if not wrong.any():
        return None
    # The plainest example: the value nearest to zero.
    flat = np.flatnonzero(wrong)
    index = flat[np.argmin(np.abs(values.ravel()[flat]))]
    expected = float(np.floor(exact.ravel()[index] + 0.5))
    return Counterexample(float(values.ravel()[index]), float(codes.ravel()[index]), expected)


def real_values(codes: NDArray[Any], encoding: Encoding) -> NDArray[np.float64]:
    """The real numbers that the codes stand for."""
    return (codes.astype(np.float64) - encoding.zero_point) * encoding.scale


def wrong_values(
    codes: NDArray[Any], values: NDArray[Any], encoding: Encoding, codes_off: float = 0.0
) -> Counterexample | None:
    """The first of ``values`` that is not what its code stands for; ``codes_off`` codes of difference are allowed."""
    expected = real_values(codes, encoding)
    off = np.abs(values.astype(np.float64) - expected)
    wrong = ~(off <= encoding.scale * (codes_off + ROUNDING_SLACK) + 1e-5 * np.abs(expected))
    if not wrong.any():
        return None
    index = int(np.flatnonzero(wrong)[0])
    return Counterexample(float(codes.ravel()[index]), float(values.ravel()[index]), float(expected.ravel()[index]))


def codes_off(codes: NDArray[Any], values: NDArray[Any], encoding: Encoding) -> float:
    """By how many codes, at most, ``values`` are from what the codes stand for; as :func:`wrong_values` allows them.

    Values that are no numbers are further off than any.
    """
    expected = real_values(codes, encoding)
    off = np.abs(values.astype(np.float64) - expected) - 1e-5 * np.abs(expected)
    most = float(np.where(np.isnan(off), np.inf, off).max(initial=0.0)) / encoding.scale - ROUNDING_SLACK
    return min(max(0.0, most), FURTHEST)


Quantise = Callable[[NDArray[np.float64], Encoding], NDArray[np.float64]]


def _wrapped(codes: NDArray[np.float64], encoding: Encoding) -> NDArray[np.float64]:
    low, high = LIMITS[encoding.dtype]
    with np.errstate(invalid="ignore"):
        return (codes - low) % (high - low + 1) + low


def _clipped(codes: NDArray[np.float64], encoding: Encoding) -> NDArray[np.float64]:
    return np.clip(codes, *LIMITS[encoding.dtype])


# Mistakes in quantising, by the name of their hint; the first that explains every code is the cause.
QUANTISE_MISTAKES: dict[str, Quantise] = {
    "truncated": lambda x, e: _clipped(np.trunc(x / e.scale + e.zero_point), e),
    "truncated_before_zero_point": lambda x, e: _clipped(np.trunc(x / e.scale) + e.zero_point, e),
    "floored": lambda x, e: _clipped(np.floor(x / e.scale + e.zero_point), e),
    "not_clipped": lambda x, e: _wrapped(np.rint(x / e.scale + e.zero_point), e),
    "truncated_not_clipped": lambda x, e: _wrapped(np.trunc(x / e.scale + e.zero_point), e),
    "zero_point_missing": lambda x, e: _clipped(np.rint(x / e.scale), e),
    "zero_point_subtracted": lambda x, e: _clipped(np.rint(x / e.scale) - e.zero_point, e),
    "zero_point_scaled": lambda x, e: _clipped(np.rint((x + e.zero_point) / e.scale), e),
    "scale_multiplied": lambda x, e: _clipped(np.rint(x * e.scale) + e.zero_point, e),
    "not_quantised": lambda x, e: _clipped(np.trunc(x), e),
    "not_quantised_not_clipped": lambda x, e: _wrapped(np.trunc(x), e),
}

DEQUANTISE_MISTAKES: dict[str, Quantise] = {
    "codes_returned": lambda q, _: q,
    "zero_point_missing": lambda q, e: q * e.scale,
    "zero_point_added": lambda q, e: (q + e.zero_point) * e.scale,
    "zero_point_after_scale": lambda q, e: q * e.scale - e.zero_point,
    "scale_missing": lambda q, e: q - e.zero_point,
    "scale_divided": lambda q, e: (q - e.zero_point) / e.scale,
    "int8_overflow": lambda q, e: _wrapped(q - e.zero_point, e) * e.scale,
    "int8_overflow_not_scaled": lambda q, e: _wrapped(q - e.zero_point, e),
}


def quantise_mistake(values: NDArray[np.float32], codes: NDArray[Any], encoding: Encoding) -> str | None:
    """The mistake that explains the codes of these values best, of those that explain nearly all of them.

    Values so large that float32 arithmetic itself decides what comes out are left aside.
    """
    usable = np.abs(values) < 1e3 * encoding.scale * 256
    return _explain(QUANTISE_MISTAKES, values[usable].astype(np.float64), codes[usable], encoding, 0.5)


def dequantise_mistake(codes: NDArray[Any], values: NDArray[Any], encoding: Encoding) -> str | None:
    """The mistake that explains what these codes were turned into."""
    slack = 1e-4 * max(encoding.scale, 1e-6) * 256
    return _explain(DEQUANTISE_MISTAKES, codes.astype(np.float64), values, encoding, slack)


def _explain(
    mistakes: dict[str, Quantise], inputs: NDArray[np.float64], outputs: NDArray[Any], encoding: Encoding, slack: float
) -> str | None:
    if inputs.size == 0:
        return None
    found = outputs.astype(np.float64)
    best, best_share = None, 0.98
    for name, function in mistakes.items():
        explained = function(inputs, encoding)
        share = float(np.mean(np.abs(explained - found) <= slack + FLOAT32_SLACK * np.abs(explained)))
        if share > best_share:
            best, best_share = name, share
    return best
