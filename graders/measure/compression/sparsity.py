"""Zeros: how many, where, and whether they are the ones that magnitude pruning makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression.kernels import Kernel, KernelPair, Rows

NEAR = 1e-5
"""A near zero is smaller than this share of the largest weight of its output channel. Of ordinary weights about as
small a share is so small."""


@dataclass(frozen=True)
class Zeros:
    """The zeros of a kernel and its bias.

    ``zeros`` are exact (0 or -0), ``near_zeros`` small but not zero; ``zero_rows`` are output channels without any
    other weight. ``bias_zeros`` is 0 if there is no bias.
    """

    operator: int
    kind: str
    compressible: bool
    weights: int
    zeros: int
    near_zeros: int
    rows: int
    zero_rows: int
    bias_zeros: int
    stored_sparse: bool

    @property
    def share(self) -> float:
        """The sparsity: exact zeros in all weights."""
        return self.zeros / self.weights if self.weights else 0.0


def negligible(rows: Rows, near: float = NEAR) -> NDArray[np.bool_]:
    """Which weights, (channels, weights of each), are zero or near zero."""
    sizes = _magnitudes(rows)
    largest = np.where(np.isfinite(sizes), sizes, 0).max(axis=1, initial=0.0, keepdims=True)
    small: NDArray[np.bool_] = (sizes == 0) | (sizes < near * largest)
    return small


def count_zeros(kernel: Kernel, near: float = NEAR) -> Zeros:
    """Counts a kernel's zeros; ``near`` is the share of the channel's largest weight below which one is near zero."""
    zero = kernel.rows == 0
    return Zeros(
        operator=kernel.operator,
        kind=kernel.kind,
        compressible=kernel.compressible,
        weights=kernel.rows.size,
        zeros=int(zero.sum()),
        near_zeros=int((~zero & negligible(kernel.rows, near)).sum()),
        rows=len(kernel.rows),
        zero_rows=int(zero.all(axis=1).sum()) if kernel.rows.size else 0,
        bias_zeros=0 if kernel.bias is None else int((kernel.bias == 0).sum()),
        stored_sparse=kernel.stored_sparse,
    )


def _magnitudes(rows: Rows) -> NDArray[np.float64]:
    """Absolute values, infinite where they are not numbers, so that those are never small."""
    sizes: NDArray[np.float64] = np.abs(rows.astype(np.float64))
    return np.where(np.isnan(sizes), np.inf, sizes)


def expected_zeros(weights: int, sparsity: float) -> int:
    """The zeros that tfmot makes in a kernel of ``weights`` weights: all but max(1, round(weights · (1 - sparsity))).

    In float32 and with halves rounded to even, as ``Pruning._update_mask`` of tfmot 0.8 computes it. Weights as large
    as the smallest one that remains remain too, so equal weights make it fewer.

    :raises ValueError: the sparsity is not in [0, 1) or there are no weights
    """
    if not 0 <= sparsity < 1 or weights < 1:
        raise ValueError(f"sparsity {sparsity} of {weights} weights: expected a share in [0, 1) of at least 1")
    remaining = np.rint(np.float32(weights) * (np.float32(1) - np.float32(sparsity)))
    return max(0, weights - max(1, int(remaining)))


@dataclass(frozen=True)
class Pruned:
    """The zeros of a file's compressible kernels, against those requested.

    ``least`` and ``most`` are the smallest and the largest sparsity of a kernel. ``within`` counts the kernels that
    have the expected zeros within the tolerance; ``total_within`` says it of their sum. ``worst`` is the kernel whose
    zeros are furthest from the expected ones: ``worst_zeros`` in place of ``worst_expected``; ``furthest`` is the
    largest share of a kernel's weights by which its zeros are off, those aside that are off by no more than one weight.
    """

    kernels: int
    weights: int
    zeros: int
    expected: int
    near_zeros: int
    within: int
    total_within: bool
    least: float
    most: float
    worst: str
    worst_zeros: int
    worst_expected: int
    furthest: float = 0.0

    @property
    def each(self) -> bool:
        """Whether every kernel has the requested zeros."""
        return 0 < self.kernels == self.within

    @property
    def global_threshold(self) -> bool:
        """Whether the sum is right and the kernels are not: one threshold for the weights of all layers."""
        return self.total_within and not self.each


def pruned(found: Iterable[Zeros], sparsity: float, tolerance: float) -> Pruned:
    """Compares the zeros of the compressible kernels with a requested sparsity.

    :param tolerance: how far zeros may be from the expected number, as a share of the weights; always at least one
        weight
    """
    counted = [each for each in found if each.compressible and each.weights]
    expected = [expected_zeros(each.weights, sparsity) for each in counted]
    off = [abs(each.zeros - wanted) for each, wanted in zip(counted, expected, strict=True)]
    within = [gap <= max(1.0, tolerance * each.weights) for gap, each in zip(off, counted, strict=True)]
    shares = [each.share for each in counted]
    weights, zeros = sum(each.weights for each in counted), sum(each.zeros for each in counted)
    worst = max(range(len(counted)), key=lambda at: off[at] / counted[at].weights, default=None)
    return Pruned(
        kernels=len(counted),
        weights=weights,
        zeros=zeros,
        expected=sum(expected),
        near_zeros=sum(each.near_zeros for each in counted),
        within=sum(within),
        total_within=bool(counted) and abs(zeros - sum(expected)) <= max(len(counted), tolerance * weights),
        least=min(shares, default=0.0),
        most=max(shares, default=0.0),
        worst="" if worst is None else f"{counted[worst].kind} {counted[worst].operator}",
        worst_zeros=0 if worst is None else counted[worst].zeros,
        worst_expected=0 if worst is None else expected[worst],
        furthest=max((gap / each.weights for gap, each in zip(off, counted, strict=True) if gap > 1), default=0.0),
    )


@dataclass(frozen=True)
class Misplaced:
    """Zeros in a part of the network that pruning leaves alone, and that are none in the original model.

    ``part`` is ``"bias"``, ``"depthwise kernel"`` or ``"whole channel"`` (an output channel of any kernel without a
    single weight left: what a zeroed scale of batch normalisation looks like once it is folded in). ``zeros`` of
    ``size`` biases, weights or channels.
    """

    operator: int
    kind: str
    part: str
    zeros: int
    size: int


def misplaced_zeros(pairs: Iterable[KernelPair]) -> tuple[Misplaced, ...]:
    """Finds zeros outside of compressible kernels, and channels that vanished.

    At a high sparsity a small channel may vanish by right: compare with what the reference loses.
    """
    found: list[Misplaced] = []
    for pair in pairs:
        now, before = count_zeros(pair.found), count_zeros(pair.original)
        biases = pair.biases()
        parts = [] if biases is None else [("bias", *_more_zeros(*biases))]
        if not now.compressible:
            parts.append(("depthwise kernel", now.zeros - before.zeros, now.weights))
        parts.append(("whole channel", now.zero_rows - before.zero_rows, now.rows))
        found += [Misplaced(now.operator, now.kind, part, more, size) for part, more, size in parts if more > 0]
    return tuple(found)


def _more_zeros(now: Rows, before: Rows) -> tuple[int, int]:
    """The zeros that came, and how many values there are."""
    return int((now == 0).sum()) - int((before == 0).sum()), now.size


@dataclass(frozen=True)
class Magnitudes:
    """Whether a kernel's zeros are its smallest weights.

    ``misordered`` counts the zeros that were larger, in the original, than some weight that remained in the same group
    (``Kernel.groups``): 0 for magnitude pruning, however it was done. ``residue`` is the median size of the weights
    that should be zero, as a share of the same in the original: 0 when pruned, about 1 when not, small where zeros
    were trained away afterwards; None if the original's is 0.
    """

    operator: int
    kind: str
    misordered: int
    residue: float | None


def magnitudes(pair: KernelPair, sparsity: float) -> Magnitudes:
    """Compares a kernel with the original's at a requested sparsity. :raises ValueError: as ``expected_zeros`` does."""
    rank = max(0, expected_zeros(pair.original.rows.size, sparsity) - 1) // 2
    sizes = [np.sort(_magnitudes(kernel.rows), axis=None)[rank] for kernel in (pair.found, pair.original)]
    residue = float(sizes[0] / sizes[1]) if 0 < sizes[1] < np.inf and np.isfinite(sizes[0]) else None
    groups = zip(pair.found.groups(), _like(pair.original, pair.found), strict=True)
    return Magnitudes(
        operator=pair.found.operator,
        kind=pair.found.kind,
        misordered=sum(_misordered(now, before) for now, before in groups),
        residue=residue,
    )


def _like(kernel: Kernel, other: Kernel) -> Sequence[Rows]:
    """The groups of ``kernel``, divided as the other's are."""
    return tuple(kernel.rows) if other.rowwise else (kernel.rows.reshape(-1),)


def _misordered(now: Rows, before: Rows) -> int:
    remaining = now != 0
    if remaining.all() or not remaining.any():
        return 0
    sizes = _magnitudes(before)
    return int((~(sizes[~remaining] <= sizes[remaining].min())).sum())  # NaN is larger
