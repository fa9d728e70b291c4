"""How many values a kernel has, and how they are spaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log2, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression.kernels import Kernel

UNEVEN = 1 / sqrt(12)
"""What ``Spacing.off`` is on average for values that lie anywhere, with one way of dividing the interval: 0.289."""
EVEN = UNEVEN / 5
"""Values that are no more than this off are taken for evenly spaced ones where the number of their places is sought."""


@dataclass(frozen=True)
class Distinct:
    """The distinct values of a kernel.

    ``in_all`` counts them over the whole kernel, ``most_in_row`` in the output channel that has most of them.
    ``row_length`` is the number of weights of an output channel: where it is at most the number of clusters, counting
    by channel says nothing.
    """

    operator: int
    kind: str
    rowwise: bool
    row_length: int
    in_all: int
    most_in_row: int

    @property
    def counted(self) -> int:
        """The count that the number of clusters bounds: by row where rows may have factors of their own."""
        return self.most_in_row if self.rowwise else self.in_all

    def is_conclusive(self, clusters: int) -> bool:
        """Whether the count could have been above ``clusters``."""
        return not self.rowwise or self.row_length > clusters


def distinct_values(kernel: Kernel) -> Distinct:
    """Counts a kernel's distinct values; 0 and -0 are one, and so are all NaNs."""
    return Distinct(
        operator=kernel.operator,
        kind=kernel.kind,
        rowwise=kernel.rowwise,
        row_length=kernel.rows.shape[1],
        in_all=int(np.unique(kernel.rows).size),
        most_in_row=max((int(np.unique(row).size) for row in kernel.rows), default=0),
    )


def at_most(found: Iterable[Distinct], clusters: int) -> bool:
    """Whether these kernels, and there are some, have no more than ``clusters`` values each."""
    counts = [each.counted for each in found]
    return bool(counts) and max(counts) <= clusters


def few(requested: int) -> int:
    """Up to how many values are taken for clusters, of another number than was requested."""
    return 4 * requested + 32


@dataclass(frozen=True)
class Spacing:
    """How evenly a kernel's values lie.

    ``points`` is the number of values that it rests on, 0 if they are too few to say. ``off`` is their root
    mean square distance from evenly spaced places, as a share of the spacing: 0 for centroids of linear initialisation,
    0.01 after their usual fine-tuning, 0.1 to 0.4 for others.
    """

    operator: int
    kind: str
    points: int
    off: float


def spacing(kernel: Kernel, clusters: int) -> Spacing:
    """Judges whether a kernel's values are evenly spaced, with places that no weight took.

    Linear initialisation puts ``clusters`` centroids evenly from the smallest to the largest weight of the layer, and
    fine-tuning at a small learning rate hardly moves them. In a group of weights with one factor (``Kernel.groups``)
    the m values then are some of n + 1 evenly spaced ones, with n from m - 1 to ``clusters`` - 1. The n that fits best
    is taken, so a group counts only if its m - 2 inner values outweigh that choice. Values are counted once, however
    many weights have them.
    """
    squares, points = 0.0, 0
    for group in kernel.groups():
        distances = _distances(_finite_values(group), clusters)
        squares += float(np.square(distances).sum())
        points += distances.size
    return Spacing(kernel.operator, kernel.kind, points, sqrt(squares / points) if points else 0.0)


def overall(found: Sequence[Spacing]) -> Spacing:
    """The spacing of several kernels together; the kernel named is the least even one."""
    worst = max(found, key=lambda each: each.off, default=Spacing(-1, "", 0, 0.0))
    points = sum(each.points for each in found)
    squares = sum(each.points * each.off**2 for each in found)
    return Spacing(worst.operator, worst.kind, points, sqrt(squares / points) if points else 0.0)


def _finite_values(group: NDArray[Any]) -> NDArray[np.float64]:
    values = np.unique(group.astype(np.float64))
    return values[np.isfinite(values)]


def _distances(values: NDArray[np.float64], clusters: int) -> NDArray[np.float64]:
    """The inner values' distances from the best evenly spaced places, in spacings; none if they are too few to say."""
    inner, choices = values.size - 2, clusters - values.size + 1
    if inner < 1 or choices < 1 or inner < 1 + log2(choices):
        return np.empty(0)
    places = (values[1:-1] - values[0]) / (values[-1] - values[0])
    scaled = places * np.arange(values.size - 1, clusters)[:, None]
    off: NDArray[np.float64] = np.abs(scaled - np.rint(scaled))
    best: NDArray[np.float64] = off[np.argmin(np.square(off).sum(axis=1))]
    return best


def clusters_made(kernels: Iterable[Kernel], requested: int) -> int:
    """The number of clusters by which centroids are checked: as many as requested, or more if more were made.

    Only kernels without factors of their own, the dense ones, show it. If one of these has many values, as training
    leaves them, they are no clusters. Few values are a lower limit: a cluster in a wide gap between weights gets none.
    So if any kernel has more than requested, the number is the smallest one from there with whose places the values
    are evenly spaced; if they are so with none, it is the lower limit.
    """
    found = list(kernels)
    dense = [_finite_values(kernel.rows.reshape(-1)) for kernel in found if not kernel.rowwise]
    most = max((values.size for values in dense), default=0)
    if most > few(requested) or at_most(map(distinct_values, found), requested):
        return requested
    return _evenly_placed(dense, max(most, requested), few(requested))


def _evenly_placed(layers: Sequence[NDArray[np.float64]], least: int, most: int) -> int:
    """The smallest number of even places that the layers' values are at; ``least`` if there is none up to ``most``."""
    for clusters in range(least, most + 1):
        off = np.concatenate([np.empty(0), *(_distances(values, clusters) for values in layers)])
        if not off.size:
            break
        if sqrt(np.square(off).mean()) <= EVEN:
            return clusters
    return least


@dataclass(frozen=True)
class CentroidShift:
    """How far a kernel's values are from the centroids that linear initialisation gives for the original kernel.

    ``largest`` and ``mean`` are over the kernel's distinct values, as shares of the centroids' spacing; 0 if it was
    clustered and not trained.
    """

    operator: int
    kind: str
    values: int
    largest: float
    mean: float


def linear_centroids(weights: NDArray[Any], clusters: int) -> NDArray[np.float64]:
    """``clusters`` values evenly from the smallest to the largest weight, as tfmot's LINEAR initialisation has them.

    :raises ValueError: there are no weights or fewer than two clusters
    """
    if clusters < 2 or weights.size == 0:
        raise ValueError(f"{clusters} centroids of {weights.size} weights: expected at least 2 of at least 1")
    return np.linspace(float(weights.min()), float(weights.max()), clusters)


def centroid_shift(found: Kernel, original: Kernel, clusters: int) -> CentroidShift | None:
    """Compares a kernel's values with the centroids of linear initialisation; works for 2 clusters too.

    None if the kernel's rows have factors of their own, which hides the layer's weights; so in the usual network
    only the dense kernels say anything. Also None if weights are not finite or all the same.
    """
    values = np.unique(found.rows.astype(np.float64))
    if found.rowwise or original.rowwise or not np.isfinite(values).all() or not values.size:
        return None
    if not np.isfinite(original.rows).all() or np.ptp(original.rows) == 0:
        return None
    centroids = linear_centroids(original.rows, clusters)
    shifts = np.abs(values[:, None] - centroids).min(axis=1) / (centroids[1] - centroids[0])
    return CentroidShift(found.operator, found.kind, int(values.size), float(shifts.max()), float(shifts.mean()))
