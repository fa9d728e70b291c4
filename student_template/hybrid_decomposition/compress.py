"""Hybrid compression: convolutions become a Tucker decomposition plus a sparse kernel. README.md is the assignment.

Write the functions that raise ``NotImplementedError``. Their names and parameters and ``main`` have to stay as they
are; helper functions, helper modules and more imports are welcome.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from hybrid_decomposition.starter.command import main as run_command
from hybrid_decomposition.starter.settings import Decomposition, Factors, Kernel, Settings, Structure


def sparse_residual(residual: Kernel, share: float, structure: Structure) -> Kernel:
    """Keep the groups of weights with the largest sums of squares, and set all others to zero.

    Whole groups of ``structure`` are kept, largest first, for as long as the kept weights are at most ``share`` of all
    weights. The result has the shape of ``residual``, which stays as it is.
    """
    raise NotImplementedError(
        "sparse_residual: add up the squares of each group of the structure, keep the largest groups that fit into "
        "the share, and return zeros everywhere else"
    )


def decompose_kernel(kernel: Kernel, rank: int, share: float, structure: Structure) -> Decomposition:
    """Approximate ``kernel`` by a partial Tucker decomposition of modes 2 and 3 plus a sparse residual.

    Alternate: decompose what the sparse part does not hold, then put the largest residuals into the sparse part, until
    the error no longer falls. Rank 0 means no decomposition; no mode has a higher rank than it has channels.
    """
    raise NotImplementedError(
        "decompose_kernel: alternate between tensorly's partial_tucker of kernel - sparse and sparse_residual of what "
        "it leaves, and return both as a Decomposition"
    )


def replace_layer(layer: Any, decomposition: Decomposition) -> Callable[[Any], Any]:
    """Make the layers that take the place of the ``Conv2D`` layer, and return a function that calls them.

    The function may be called several times, once for each place that uses the layer, with the same weights.
    """
    raise NotImplementedError(
        "replace_layer: create _first, _core, _last and _sp with the decomposition's weights and the layer's own "
        "strides, padding, dilation, bias and activation, and return a function of a tensor that connects them"
    )


def choose_by_loss(
    kernel: Kernel, accuracy_with: Callable[[Kernel], float], least_accuracy: float, settings: Settings
) -> Factors | None:
    """Find the cheapest rank and share with which the accuracy is at least ``least_accuracy``.

    ``accuracy_with(other)`` is the model's accuracy with ``other`` in place of ``kernel``. Returns ``None``, for a
    layer that stays as it is, if nothing that costs less than the layer is accurate enough.
    """
    raise NotImplementedError(
        "choose_by_loss: for each candidate rank find the least candidate share that is accurate enough by bisection, "
        "and return the pair with the lowest cost"
    )


def layer_budgets(kernels: Sequence[Kernel], compression_factor: float) -> list[float]:
    """What each layer may cost, as a share of its own cost, from 0 to 1."""
    raise NotImplementedError(
        "layer_budgets: share out the compression factor in proportion to the kernels' standard deviations"
    )


def choose_by_budget(kernel: Kernel, budget: float, settings: Settings) -> Factors | None:
    """Find the rank and share with the least mean squared error among those that cost at most ``budget``.

    Returns ``None``, for a layer that stays as it is, if the budget is 1 or if nothing fits.
    """
    raise NotImplementedError(
        "choose_by_budget: for each candidate rank spend the rest of the budget on the sparse part, and return the "
        "pair with the least mean squared error"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with the functions above. Given."""
    return run_command(sys.modules[__name__], argv)


if __name__ == "__main__":
    raise SystemExit(main())
