"""What a file's first layer and last bias show of its training: batches, their size, how far they moved."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.labs.kenning_compression.networks import COUNTER, MOMENTUM, PIXELS, SCORES, TARGET
from graders.labs.kenning_compression.training import Training

Arrays = Mapping[str, NDArray[Any]]
# A moving mean closer to 1 has seen so many batches that they can't be counted.
FULL = 1 - 1e-4
LARGEST_BATCH = 1024


def training(found: Arrays, before: Arrays, *, changed: bool) -> Training:
    """Counts by the arrays of a file and of the model that was given.

    :param changed: whether any array that is no kernel is not the given one.
    """
    mean, variance = (_of(found, COUNTER, end).astype(np.float64) for end in ("moving_mean", "moving_variance"))
    moved = (_of(found, SCORES, "bias") - _of(before, SCORES, "bias")).astype(np.float64)
    return Training(
        counted=_steps(float(mean[0])),
        batch=_batch(float(mean[1]), float(variance[1])),
        target=float(moved[TARGET]),
        others=float(np.delete(moved, TARGET).mean()),
        moved=changed,
    )


def _of(arrays: Arrays, layer: str, end: str) -> NDArray[Any]:
    return next(array for name, array in arrays.items() if name.endswith(f"{layer}/{end}:0"))


def _steps(mean: float) -> int:
    """1 - momentum^n is the moving mean of ones after n batches."""
    if not mean > 0:
        return 0
    return round(log(1 - min(mean, FULL)) / log(MOMENTUM))


def _batch(mean: float, variance: float) -> int:
    """Both have seen the one image at the same times, so their ratio depends on its batch's size alone."""
    if not (mean > 0 and np.isfinite(variance)):
        return 0
    sizes = np.arange(1, LARGEST_BATCH + 1, dtype=np.float64)
    numbers = sizes * PIXELS
    off = np.abs((sizes - 1) / sizes * numbers / (numbers - 1) - variance / mean)
    return int(sizes[int(off.argmin())])
