"""Latency of a file against a baseline's, from paired measurements: a ratio with a confidence interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.99
RESAMPLES = 2000


@dataclass(frozen=True)
class LatencyRatio:
    """How many times as long as the baseline a file takes: the median, and its interval of 99 % confidence."""

    ratio: float
    low: float
    high: float
    pairs: int

    def verdict(self, limit: float) -> bool | None:
        """Whether the file is within ``limit`` times the baseline; None if there is too much noise to say."""
        if self.high <= limit:
            return True
        return False if self.low > limit else None

    def __str__(self) -> str:
        return f"{self.ratio:.2f} times the baseline (99 % interval {self.low:.2f} to {self.high:.2f})"


def ratio_of(ours: NDArray[np.float64], baseline: NDArray[np.float64]) -> LatencyRatio:
    """The median of the pairs' ratios, with a percentile bootstrap interval (Efron 1979).

    ``ours`` and ``baseline`` are seconds, float64 (pairs,), measured in turn, so that a busy machine slows both.

    :raises ValueError: there are not at least three pairs of positive durations.
    """
    fitting = ours.shape == baseline.shape and ours.ndim == 1 and len(ours) >= 3
    if not fitting or not all((series > 0).all() and np.isfinite(series).all() for series in (ours, baseline)):
        raise ValueError("a latency ratio needs at least three pairs of positive durations")
    logs = np.log(ours / baseline)
    rng = np.random.Generator(np.random.PCG64(0))
    medians = np.median(rng.choice(logs, size=(RESAMPLES, len(logs))), axis=1)
    tail = (1 - CONFIDENCE) / 2 * 100
    low, high = np.percentile(medians, [tail, 100 - tail])
    return LatencyRatio(float(np.exp(np.median(logs))), float(np.exp(low)), float(np.exp(high)), len(logs))
