"""Which samples a post-training quantised file was calibrated on, by its quantisation parameters alone.

TensorFlow Lite's calibrator keeps the smallest and the largest value that every activation had over all calibration
samples, and the quantiser turns that range into scale and zero point. So with the range of every activation for every
single sample, taken once from the float model, the parameters for *any* set of samples follow by minimum and maximum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

QMIN, QMAX = -128, 127
RELATIVE_TOLERANCE = 1e-4
NEAR_ZERO = 1e-6
"""A range that is no wider gets so much more at both ends (``kNearZeroTolerance`` of the converter)."""
NOISE_FACTOR = 4
"""By how many times its error a range may be off: two runtimes have that error, each at both ends."""
UNKNOWABLE = 0.01
"""Where float noise may change a scale by more than this share of it, other samples would not show either."""


@dataclass(frozen=True)
class Quantisation:
    """Scale and zero point of one int8 tensor: real = scale · (code - zero_point).

    ``tolerance``: by which share of it the scale may be off, if it was computed from a range that is known so exactly.
    """

    scale: float
    zero_point: int
    tolerance: float = field(default=RELATIVE_TOLERANCE, compare=False)

    @property
    def knowable(self) -> bool:
        """Whether the range is more than float noise, so that it says something about the samples."""
        return self.tolerance <= UNKNOWABLE

    def close_to(self, other: Quantisation) -> bool:
        """Whether both came from the same range, float rounding aside."""
        tolerance = max(self.tolerance, other.tolerance)
        near = abs(self.scale - other.scale) <= tolerance * max(self.scale, other.scale)
        # A range's rounding error can tip a zero point that lies just between two codes, and moves it by its own share.
        return near and abs(self.zero_point - other.zero_point) <= 1 + tolerance * (QMAX - QMIN)


def from_range(low: float, high: float, noise: float = 0.0) -> Quantisation:
    """The asymmetric int8 parameters of a range, as TensorFlow Lite's quantiser chooses them.

    The range is widened to hold zero, and widened again if it is hardly wider than nothing; scale = (high - low) / 255,
    and of the two zero points that the ends give, the one with the smaller error is rounded (Jacob et al. 2018,
    section 3; the converter's ``quantization_utils`` and ``FakeQuantSupport``).

    :param noise: the error of the range's ends.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    doubtful = noise > 0 and abs(high - low - NEAR_ZERO) <= NOISE_FACTOR * noise
    if high - low < NEAR_ZERO:
        low, high = low - NEAR_ZERO, high + NEAR_ZERO
    scale = (high - low) / (QMAX - QMIN)
    tolerance = np.inf if doubtful else max(RELATIVE_TOLERANCE, NOISE_FACTOR * noise / (high - low))
    from_low, from_high = QMIN - low / scale, QMAX - high / scale
    error_low, error_high = abs(QMIN) + abs(low / scale), abs(QMAX) + abs(high / scale)
    exact = from_low if error_low < error_high else from_high
    return Quantisation(scale, int(np.clip(np.floor(exact + 0.5), QMIN, QMAX)), float(tolerance))


@dataclass(frozen=True)
class RangeTable:
    """Ranges of activations by sample: ``low`` and ``high`` are float32 (samples, activations).

    Activation 0 is the model's input, the others are the results of its operators in the order of execution.
    ``samples`` are the names of the rows. ``noise``: the error of each activation's values, if it is known.
    """

    samples: tuple[str, ...]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    noise: NDArray[np.float64] | None = None

    def expected(self, rows: Sequence[int]) -> tuple[Quantisation, ...]:
        """The parameters of every activation after calibration on these rows. :raises ValueError: for no rows."""
        if not rows:
            raise ValueError("calibration needs at least one sample")
        chosen = list(rows)
        low, high = self.low[chosen].min(axis=0), self.high[chosen].max(axis=0)
        noise = np.zeros(len(low)) if self.noise is None else self.noise
        return tuple(from_range(float(a), float(b), float(c)) for a, b, c in zip(low, high, noise, strict=True))

    def save(self, path: Path) -> None:
        """Writes the table to a .npz file of plain numbers and names."""
        np.savez_compressed(path, samples=np.array(self.samples), low=self.low, high=self.high)

    @classmethod
    def load(cls, path: Path) -> RangeTable:
        """The table in a file that :meth:`save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(tuple(str(name) for name in stored["samples"]), stored["low"], stored["high"])


@dataclass(frozen=True)
class CalibrationMatch:
    """How many of the compared activations have the expected parameters, and the first that has not.

    ``unknowable``: those that were not compared, since their ranges may be float noise.
    """

    compared: int
    equal: int
    first_difference: int | None
    unknowable: int = 0

    @property
    def whole(self) -> bool:
        """Whether there was something to compare and all of it agreed."""
        return self.compared > 0 and self.equal == self.compared


def compare(
    found: Sequence[Quantisation | None], expected: Sequence[Quantisation], comparable: Sequence[bool]
) -> CalibrationMatch:
    """Compares activation by activation where ``comparable``; a missing parameter is a difference."""
    compared = equal = unknowable = 0
    first: int | None = None
    for index, (ours, theirs, use) in enumerate(zip(expected, found, comparable, strict=True)):
        if not ours.knowable:
            unknowable += 1
        if not use or not ours.knowable:
            continue
        compared += 1
        if theirs is not None and ours.close_to(theirs):
            equal += 1
        elif first is None:
            first = index
    return CalibrationMatch(compared, equal, first, unknowable)


def recognise(
    found: Sequence[Quantisation | None],
    candidates: Mapping[str, Sequence[Quantisation]],
    comparable: Sequence[bool],
) -> str | None:
    """The name of the candidate whose parameters the file has: what it was calibrated on instead."""
    for name, expected in candidates.items():
        if compare(found, expected, comparable).whole:
            return name
    return None
