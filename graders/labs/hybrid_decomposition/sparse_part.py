"""The largest weights of a kernel in groups, zeros elsewhere: the grader's own ``sparse_residual``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 1e-9
Array = NDArray[Any]


def group_numbers(shape: Sequence[int], name: str, block: tuple[int, int] | None) -> NDArray[np.intp]:
    """The number of each weight's group, from 0, in the kernel's shape."""
    height, width, inputs, filters = shape
    positions = np.arange(height * width).reshape(height, width, 1, 1)
    channels, outputs = np.arange(inputs).reshape(1, 1, -1, 1), np.arange(filters).reshape(1, 1, 1, -1)
    match name:
        case "channel":
            numbers = channels
        case "filter":
            numbers = outputs
        case "block":
            high, wide = block or (1, 1)
            rows, columns = -(-inputs // high), -(-filters // wide)
            numbers = (positions * rows + channels // high) * columns + outputs // wide
        case _:
            numbers = np.arange(height * width * inputs * filters).reshape(height, width, inputs, filters)
    return np.broadcast_to(numbers, tuple(shape))


def keep_largest(residual: Array, share: float, name: str, block: tuple[int, int] | None) -> Array:
    """The groups with the largest sums of squares for as long as they fit into the share, zeros elsewhere."""
    groups = group_numbers(residual.shape, name, block)
    energies = np.bincount(groups.ravel(), weights=np.square(residual, dtype=np.float64).ravel())
    sizes = np.bincount(groups.ravel())
    order = np.argsort(-energies, kind="stable")
    fitting = np.cumsum(sizes[order]) <= share * residual.size + TOLERANCE * residual.size
    kept = np.zeros(len(sizes), dtype=bool)
    kept[order[fitting]] = True
    return np.where(kept[groups], residual, 0).astype(residual.dtype)
