"""What decompositions cost, and which ranks and shares are tried."""

from __future__ import annotations

from collections.abc import Sequence

from .settings import CompressionType, Factors

# Costs are sums of floating-point numbers: one that differs from its limit by less than this is within it.
TOLERANCE = 1e-9
RANK_STEPS = range(4, 15)  # sixteenths of the filters
SHARE_STEPS = 27  # up to 92 %


def used_ranks(kernel_shape: Sequence[int], rank: int) -> tuple[int, int]:
    """The ranks of both modes: no mode can have a higher rank than it has channels."""
    return min(rank, kernel_shape[2]), min(rank, kernel_shape[3])


def tucker_cost(kernel_shape: Sequence[int], rank: int) -> float:
    """The cost of the three dense convolutions as a share of the layer's; 0 for rank 0.

    It is the same for multiplications and for weights: the output's height and width are factors of both costs.
    """
    height, width, inputs, filters = kernel_shape
    first, last = used_ranks(kernel_shape, rank)
    return (height * width * first * last + first * inputs + last * filters) / (height * width * inputs * filters)


def total_cost(kernel_shape: Sequence[int], factors: Factors, sparsity_weight: float) -> float:
    """The cost of a decomposed layer as a share of the layer's."""
    return tucker_cost(kernel_shape, factors.rank) + sparsity_weight * factors.share


def candidate_shares() -> list[float]:
    """The shares that the sparse part may keep, in ascending order: 0, and 0.1 %, each time multiplied by 1.3."""
    return [0.0, *(0.001 * 1.3**step for step in range(SHARE_STEPS))]


def candidate_ranks(
    kernel_shape: Sequence[int], compression_type: CompressionType = "hybrid", budget: float = 1.0
) -> list[int]:
    """The ranks to try, in ascending order, each of which costs at most ``budget`` on its own.

    They are 4/16 to 14/16 of the filters. If none of these fits, they are all lower ranks that do; as the last resort a
    hybrid layer has no Tucker decomposition, rank 0. With the type ``spars`` the only rank is 0.
    """
    if compression_type == "spars":
        return [0]
    usual = sorted({max(1, kernel_shape[3] * step // 16) for step in RANK_STEPS})
    fitting = [rank for rank in usual if tucker_cost(kernel_shape, rank) <= budget + TOLERANCE]
    if fitting:
        return fitting
    lowest = 0 if compression_type == "hybrid" else 1
    return [rank for rank in range(lowest, usual[0]) if tucker_cost(kernel_shape, rank) <= budget + TOLERANCE]
