"""What a decomposition costs, and how the grader finds one: right results are measured with it.

The choice of factors is tried with these functions in place of the student's own, in runs that judge nothing else, so
that a mistake in a decomposition does not cost the points of a choice. See ``stand_ins.py``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.labs.hybrid_decomposition.sparse_part import group_numbers, keep_largest

__all__ = [
    "candidate_ranks", "candidate_shares", "decompose", "expand", "group_numbers", "keep_largest", "rebuilt",
    "total_cost", "tucker", "tucker_cost",
]  # fmt: skip
MODES = (2, 3)
LEAST_PROGRESS, MOST_ROUNDS = 1e-3, 30
TOLERANCE = 1e-9
EITHER, TUCKER_FIRST, SPARSE_FIRST = "either", "tucker", "sparse"
RANK_STEPS, SHARE_STEPS = range(4, 15), 27
Array = NDArray[Any]
Tucker = tuple[Array, list[Array]]
Parts = tuple[Array | None, Array | None, Array | None, Array]


def tucker_cost(shape: Sequence[int], rank: int) -> float:
    """The cost of the three dense convolutions as a share of the layer's, as the starter code counts it."""
    height, width, inputs, filters = shape
    first, last = min(rank, inputs), min(rank, filters)
    return (height * width * first * last + first * inputs + last * filters) / (height * width * inputs * filters)


def total_cost(shape: Sequence[int], rank: int, share: float, sparsity_weight: float) -> float:
    """The cost of a decomposed layer as a share of the layer's."""
    return tucker_cost(shape, rank) + sparsity_weight * share


def candidate_shares() -> list[float]:
    """The shares that are tried."""
    return [0.0, *(0.001 * 1.3**step for step in range(SHARE_STEPS))]


def candidate_ranks(shape: Sequence[int], kind: str, budget: float = 1.0) -> list[int]:
    """The ranks that are tried, as the starter code finds them."""
    if kind == "spars":
        return [0]
    usual = sorted({max(1, shape[3] * step // 16) for step in RANK_STEPS})
    fitting = [rank for rank in usual if tucker_cost(shape, rank) <= budget + TOLERANCE]
    if fitting:
        return fitting
    lowest = 0 if kind == "hybrid" else 1
    return [rank for rank in range(lowest, usual[0]) if tucker_cost(shape, rank) <= budget + TOLERANCE]


def tucker(kernel: Array, rank: int) -> Tucker:
    """The core, and the factors of input channels and filters, as tensorly finds them."""
    from tensorly.decomposition import partial_tucker

    ranks = [min(rank, kernel.shape[mode]) for mode in MODES]
    if not kernel.any():  # tensorly divides by the norm
        return iterated(kernel, [leading(kernel, mode, used) for mode, used in zip(MODES, ranks, strict=True)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (core, factors), _ = partial_tucker(kernel, rank=ranks, modes=list(MODES))
    return core, list(factors)


def iterated(kernel: Array, factors: list[Array]) -> Tucker:
    """One iteration more, from these factors on."""
    first, last = factors
    first = leading(np.tensordot(kernel, last, axes=(3, 0)), 2, first.shape[1])
    last = leading(np.tensordot(kernel, first, axes=(2, 0)), 2, last.shape[1])
    return np.tensordot(np.tensordot(kernel, first, axes=(2, 0)), last, axes=(2, 0)), [first, last]


def leading(tensor: Array, mode: int, rank: int) -> Array:
    """The leading left singular vectors of the tensor, unfolded along a mode."""
    others = [axis for axis in range(tensor.ndim) if axis != mode]
    _, vectors = np.linalg.eigh(np.tensordot(tensor, tensor, axes=(others, others)))
    return vectors[:, : -rank - 1 : -1]


def expand(core: Array, first: Array, last: Array) -> Array:
    """The kernel that a Tucker decomposition stands for."""
    found: Array = np.einsum("hwab,ia,ob->hwio", core, first, last, optimize=True)
    return found


def alternate(kernel: Array, rank: int, sparse: Array, keep: Callable[[Array], Array]) -> tuple[float, Tucker, Array]:
    """The error and both parts, fitted in turn from this sparse part on; the error never rises."""
    ranks = [min(rank, kernel.shape[mode]) for mode in MODES]
    left = kernel - sparse
    parts, error = iterated(left, [leading(left, mode, used) for mode, used in zip(MODES, ranks, strict=True)]), np.inf
    for number in range(MOST_ROUNDS):
        if number:
            parts = iterated(kernel - sparse, parts[1])
        residual = kernel - expand(parts[0], *parts[1])
        sparse = keep(residual)
        last, error = error, float(np.linalg.norm(residual - sparse))
        if last - error <= LEAST_PROGRESS * error:
            break
    return error, parts, sparse


def decompose(
    kernel: Array, rank: int, share: float, name: str, block: tuple[int, int] | None, begins: str = EITHER
) -> Parts:
    """Core, first, last and sparse kernel, float32; without a Tucker part, the first three are None.

    :param begins: the part that is fitted first; by default whichever leads to the smaller error.
    """

    def keep(residual: Array) -> Array:
        return keep_largest(residual, share, name, block)

    exact = kernel.astype(np.float64)
    nothing, largest = np.zeros_like(exact), keep(exact)
    if rank == 0:
        return None, None, None, largest.astype(np.float32)
    if largest.any():
        starts = {TUCKER_FIRST: [nothing], SPARSE_FIRST: [largest]}.get(begins, [nothing, largest])
        fits = [alternate(exact, rank, start, keep) for start in starts]
        _, (core, factors), sparse = min(fits, key=lambda each: each[0])
    else:
        (core, factors), sparse = tucker(exact, rank), nothing
    first, last = (factor.astype(np.float32) for factor in factors)
    return core.astype(np.float32), first, last, sparse.astype(np.float32)


def rebuilt(parts: Parts) -> Array:
    """The kernel that the parts add up to, float32."""
    core, first, last, sparse = parts
    if core is None or first is None or last is None:
        return sparse.astype(np.float32)
    return (expand(core, first, last) + sparse).astype(np.float32)
