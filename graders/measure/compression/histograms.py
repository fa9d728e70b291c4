"""How a kernel's weights are distributed, beside those of the original: what a report draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression.kernels import Kernel, KernelPair

BINS = 41
"""An odd number, so that 0 lies in the middle of a bin."""
MOST_VALUES = 64
DIGITS = 6


@dataclass(frozen=True)
class Histogram:
    """The weights of a kernel in :data:`BINS` bins from ``-top`` to ``top``.

    ``counts`` leaves exact zeros out, which are counted in ``zeros``; ``before`` is the original kernel's, empty where
    there is none to compare with. ``weights`` are all of the kernel. Where ``rowwise``, each output channel may have a
    factor of its own, so its weights are given as shares of the channel's largest original weight. ``values`` are the
    distinct values other than 0, in order, where they are few and have one meaning for the whole kernel; ``sizes``
    counts the weights of each.
    """

    operator: int
    kind: str
    rowwise: bool
    top: float
    counts: tuple[int, ...]
    before: tuple[int, ...]
    zeros: int
    weights: int
    values: tuple[float, ...]
    sizes: tuple[int, ...]


def histograms(found: Iterable[Kernel], pairs: Sequence[KernelPair]) -> tuple[Histogram, ...]:
    """The distributions of the largest compressible kernels: of one whose weights have one scale, and of one whose
    output channels may have factors of their own. The latter needs the original's kernel.
    """
    originals = {pair.found.operator: pair.original for pair in pairs}
    kernels = [kernel for kernel in found if kernel.compressible and kernel.rows.size]
    plain = max((each for each in kernels if not each.rowwise), key=_size, default=None)
    rowwise = max((each for each in kernels if each.rowwise and each.operator in originals), key=_size, default=None)
    chosen = [each for each in (plain, rowwise) if each is not None]
    return tuple(histogram(each, originals.get(each.operator)) for each in chosen)


def _size(kernel: Kernel) -> int:
    return kernel.rows.size


def histogram(kernel: Kernel, original: Kernel | None) -> Histogram:
    """A kernel's distribution beside the original's; weights that are no finite numbers are in no bin."""
    rows = kernel.rows.astype(np.float64)
    before = original.rows.astype(np.float64) if original is not None else np.zeros((0, 0))
    if kernel.rowwise and original is not None:
        largest = np.abs(before).max(axis=1, keepdims=True, initial=0.0)
        factors = np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)
        rows, before = rows / factors, before / factors
    top = max(_largest(rows), _largest(before)) or 1.0
    values, sizes = ((), ()) if kernel.rowwise else _values(rows)
    return Histogram(
        operator=kernel.operator,
        kind=kernel.kind,
        rowwise=kernel.rowwise,
        top=_rounded(top),
        counts=_binned(rows, top),
        before=_binned(before, top) if original is not None else (),
        zeros=int((rows == 0).sum()),
        weights=int(rows.size),
        values=values,
        sizes=sizes,
    )


def _largest(values: NDArray[np.float64]) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _binned(values: NDArray[np.float64], top: float) -> tuple[int, ...]:
    finite = values[np.isfinite(values) & (values != 0)]
    # By whole numbers and not by np.histogram's edges, which overflow where weights are near the largest number.
    places = np.clip(np.floor((finite / top + 1) / 2 * BINS), 0, BINS - 1).astype(np.int64)
    return tuple(int(count) for count in np.bincount(places, minlength=BINS))


def _values(rows: NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    found, counts = np.unique(rows[np.isfinite(rows) & (rows != 0)], return_counts=True)
    if found.size > MOST_VALUES:
        return (), ()
    return tuple(_rounded(float(value)) for value in found), tuple(int(count) for count in counts)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
