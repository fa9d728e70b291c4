"""Which samples a post-training quantised file was calibrated on, by its quantisation parameters alone.

TensorFlow Lite's calibrator keeps the smallest and the largest value that every activation had over all calibration
samples, and the quantiser turns that range into scale and zero point. So with the range of every activation for every
single sample, taken once from the float model, the parameters for *any* set of samples follow by minimum and maximum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

QMIN, QMAX = -128, 127
RELATIVE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Quantisation:
    """Scale and zero point of one int8 tensor: real = scale · (code - zero_point)."""

    scale: float
    zero_point: int

    def close_to(self, other: Quantisation) -> bool:
        """Whether both came from the same range, float rounding aside."""
        near = abs(self.scale - other.scale) <= RELATIVE_TOLERANCE * max(self.scale, other.scale)
        # A range's rounding error can tip a zero point that lies just between two codes.
        return near and abs(self.zero_point - other.zero_point) <= 1


def from_range(low: float, high: float) -> Quantisation:
    """The asymmetric int8 parameters of a range, as TensorFlow Lite's quantiser chooses them.

    The range is widened to hold zero; scale = (high - low) / 255, and of the two zero points that the ends give, the
    one with the smaller error is rounded (Jacob et al. 2018, section 3; the converter's ``quantization_utils``).
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        return Quantisation(1.0, 0)
    scale = (high - low) / (QMAX - QMIN)
    from_low, from_high = QMIN - low / scale, QMAX - high / scale
    error_low, error_high = abs(QMIN) + abs(low / scale), abs(QMAX) + abs(high / scale)
    exact = from_low if error_low < error_high else from_high
    return Quantisation(scale, int(np.clip(np.floor(exact + 0.5), QMIN, QMAX)))


@dataclass(frozen=True)
class RangeTable:
    """Ranges of activations by sample: ``low`` and ``high`` are float32 (samples, activations).

    Activation 0 is the model's input, the others are the results of its operators in the order of execution.
    ``samples`` are the names of the rows.
    """

    samples: tuple[str, ...]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def expected(self, rows: Sequence[int]) -> tuple[Quantisation, ...]:
        """The parameters of every activation after calibration on these rows. :raises ValueError: for no rows."""
        if not rows:
            raise ValueError("calibration needs at least one sample")
        chosen = list(rows)
        low, high = self.low[chosen].min(axis=0), self.high[chosen].max(axis=0)
        return tuple(from_range(float(a), float(b)) for a, b in zip(low, high, strict=True))

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
    """How many of the compared activations have the expected parameters, and the first that has not."""

    compared: int
    equal: int
    first_difference: int | None

    @property
    def whole(self) -> bool:
        """Whether there was something to compare and all of it agreed."""
        return self.compared > 0 and self.equal == self.compared


def compare(
    found: Sequence[Quantisation | None], expected: Sequence[Quantisation], comparable: Sequence[bool]
) -> CalibrationMatch:
    """Compares activation by activation where ``comparable``; a missing parameter is a difference."""
    compared = equal = 0
    first: int | None = None
    for index, (ours, theirs, use) in enumerate(zip(expected, found, comparable, strict=True)):
        if not use:
            continue
        compared += 1
        if theirs is not None and ours.close_to(theirs):
            equal += 1
        elif first is None:
            first = index
    return CalibrationMatch(compared, equal, first)


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
