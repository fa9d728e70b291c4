"""How alike two networks are: by their kernels, wherever a file keeps them, and by what they output for images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_WEIGHTS = 64
"""Kernels with fewer weights may be alike by chance."""
MOST_CANDIDATES = 64
SCALED = 0.98
"""From here on, kernels are the same though their channels have other scales: batch normalisation is not folded in."""


def kernels_alike(ours: Sequence[NDArray[Any]], theirs: Sequence[NDArray[Any]]) -> float:
    """The mean correlation of each of ``theirs`` with the array of ``ours`` that is most like it, weighted by size.

    1 is alike, about 0 any other network; order and layout do not count. Arrays that hold NaN or infinity are like
    nothing, and so is a kernel that has no counterpart of its size.
    """
    by_size: dict[int, list[NDArray[Any]]] = {}
    for array in ours:
        candidates = by_size.setdefault(array.size, [])
        if array.size >= LEAST_WEIGHTS and len(candidates) < MOST_CANDIDATES and np.isfinite(array).all():
            candidates.append(array)
    total = weight = 0.0
    for kernel in theirs:
        if kernel.size < LEAST_WEIGHTS or not np.isfinite(kernel).all():
            continue
        rows = _rows(kernel.astype(np.float64))
        found = [_alike(array.astype(np.float64).ravel(), rows) for array in by_size.get(kernel.size, ())]
        total += kernel.size * max(found, default=0.0)
        weight += kernel.size
    return total / weight if weight else 0.0


def _rows(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """A kernel as (output channels, weights of each): the channels are first, or last where there is only one first."""
    if kernel.ndim < 2:
        return kernel.reshape(1, -1)
    if kernel.shape[0] > 1:
        return kernel.reshape(kernel.shape[0], -1)
    return kernel.reshape(-1, kernel.shape[-1]).T


def _alike(found: NDArray[np.float64], rows: NDArray[np.float64]) -> float:
    """How alike an array is to a kernel, in whichever order of axes fits."""
    layouts = (found.reshape(rows.shape), found.reshape(rows.shape[::-1]).T)
    return max(max(correlation(each, rows), _scaled(each, rows)) for each in layouts)


def _scaled(found: NDArray[np.float64], rows: NDArray[np.float64]) -> float:
    """How alike the channels' directions are, if they are the same; 0 if they are not."""
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.sqrt((found * found).sum(axis=1)) * np.sqrt((rows * rows).sum(axis=1))
        known = norms > 0
        mean = float((np.abs((found * rows).sum(axis=1)[known]) / norms[known]).mean()) if known.any() else 0.0
    return mean if mean >= SCALED else 0.0


def correlation(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Pearson's correlation of all values; 0 where one of the two does not vary, or is no number."""
    with np.errstate(over="ignore", invalid="ignore"):
        one, two = ours - ours.mean(), theirs - theirs.mean()
        norm = float(np.sqrt((one * one).sum()) * np.sqrt((two * two).sum()))
        found = float((one * two).sum()) / norm if norm > 0 else 0.0
    return found if np.isfinite(found) else 0.0


def outputs_alike(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """How alike scores (images, classes) are in the way in which they follow the images; 0 where they do not.

    What a class scores on average does not count: outputs that ignore the image are like nothing.
    """
    if ours.shape != theirs.shape or not np.isfinite(ours).all() or not np.isfinite(theirs).all():
        return 0.0
    one, two = ours.astype(np.float64), theirs.astype(np.float64)
    return correlation(one - one.mean(axis=0), two - two.mean(axis=0))
