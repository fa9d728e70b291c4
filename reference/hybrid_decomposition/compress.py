"""Hybrid compression, solved: convolutions become a Tucker decomposition plus a sparse kernel."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hybrid_decomposition.starter.command import main as run_command
from hybrid_decomposition.starter.costs import (
    TOLERANCE,
    candidate_ranks,
    candidate_shares,
    total_cost,
    tucker_cost,
    used_ranks,
)
from hybrid_decomposition.starter.settings import Decomposition, Factors, Kernel, Settings, Structure

MODES = (2, 3)
# The alternation ends when a round improves the error by less than this share of it.
LEAST_PROGRESS = 1e-3
MOST_ROUNDS = 30
Tucker: TypeAlias = tuple[NDArray[np.float64], list[NDArray[np.float64]]]


def group_numbers(shape: Sequence[int], structure: Structure) -> NDArray[np.intp]:
    """The number of each weight's group, from 0, in the kernel's shape."""
    height, width, inputs, filters = shape
    positions = np.arange(height * width).reshape(height, width, 1, 1)
    channels, outputs = np.arange(inputs).reshape(1, 1, -1, 1), np.arange(filters).reshape(1, 1, 1, -1)
    match structure.name:
        case "channel":
            numbers = channels
        case "filter":
            numbers = outputs
        case "block":
            high, wide = structure.block or (1, 1)
            rows, columns = -(-inputs // high), -(-filters // wide)
            numbers = (positions * rows + channels // high) * columns + outputs // wide
        case _:
            numbers = np.arange(height * width * inputs * filters).reshape(height, width, inputs, filters)
    return np.broadcast_to(numbers, tuple(shape))


def sparse_residual(residual: Kernel, share: float, structure: Structure) -> Kernel:
    """Keep the groups of weights with the largest sums of squares, and set all others to zero.

    Whole groups of ``structure`` are kept, largest first, for as long as the kept weights are at most ``share`` of all
    weights. The result has the shape of ``residual``, which stays as it is.
    """
    groups = group_numbers(residual.shape, structure)
    energies = np.bincount(groups.ravel(), weights=np.square(residual, dtype=np.float64).ravel())
    sizes = np.bincount(groups.ravel())
    largest_first = np.argsort(-energies, kind="stable")
    fitting = np.cumsum(sizes[largest_first]) <= share * residual.size + TOLERANCE * residual.size
    kept = np.zeros(len(sizes), dtype=bool)
    kept[largest_first[fitting]] = True
    return np.where(kept[groups], residual, 0).astype(residual.dtype)


def tucker(kernel: NDArray[np.float64], rank: int) -> Tucker:
    """The core, and the factors of input channels and filters, as tensorly finds them."""
    from tensorly.decomposition import partial_tucker

    if not kernel.any():  # tensorly divides by the norm
        return begun(kernel, rank)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (core, factors), _ = partial_tucker(kernel, rank=used_ranks(kernel.shape, rank), modes=list(MODES))
    return core, factors


def begun(kernel: NDArray[np.float64], rank: int) -> Tucker:
    """The same after tensorly's first iteration."""
    factors = [leading(kernel, mode, used) for mode, used in zip(MODES, used_ranks(kernel.shape, rank), strict=True)]
    return iterated(kernel, factors)


def iterated(kernel: NDArray[np.float64], factors: list[NDArray[np.float64]]) -> Tucker:
    """One of tensorly's iterations, from these factors on.

    Eigenvectors of a Gram matrix span what tensorly takes from a singular value decomposition, and are found sooner.
    """
    first, last = factors
    first = leading(np.tensordot(kernel, last, axes=(3, 0)), 2, first.shape[1])
    last = leading(np.tensordot(kernel, first, axes=(2, 0)), 2, last.shape[1])
    core = np.tensordot(np.tensordot(kernel, first, axes=(2, 0)), last, axes=(2, 0))
    return core, [first, last]


def leading(tensor: NDArray[np.float64], mode: int, rank: int) -> NDArray[np.float64]:
    """The leading left singular vectors of the tensor, unfolded along a mode."""
    others = [axis for axis in range(tensor.ndim) if axis != mode]
    _, vectors = np.linalg.eigh(np.tensordot(tensor, tensor, axes=(others, others)))
    return vectors[:, : -rank - 1 : -1]


def expand(parts: Tucker) -> NDArray[np.float64]:
    """The kernel that a Tucker decomposition stands for."""
    from tensorly.tenalg import multi_mode_dot

    core, factors = parts
    expanded: NDArray[np.float64] = multi_mode_dot(core, factors, modes=list(MODES))
    return expanded


@dataclass(frozen=True)
class Fit:
    """Both parts of a kernel, and the norm of what they miss."""

    parts: Tucker
    sparse: NDArray[np.float64]
    error: float


def alternate(kernel: NDArray[np.float64], rank: int, sparse: NDArray[np.float64], keep: Callable[[Any], Any]) -> Fit:
    """Fit both parts in turn, each to what the other one leaves; the error never rises.

    ``sparse`` is the sparse part to begin with, and ``keep`` finds that of a residual. It comes last, so that groups
    that are kept are the kernel's own weights.
    """
    parts, error = begun(kernel - sparse, rank), np.inf
    for number in range(MOST_ROUNDS):
        if number:
            parts = iterated(kernel - sparse, parts[1])
        residual = kernel - expand(parts)
        sparse = keep(residual)
        last, error = error, float(np.linalg.norm(residual - sparse))
        if last - error <= LEAST_PROGRESS * error:
            break
    return Fit(parts, sparse, error)


def decompose_kernel(kernel: Kernel, rank: int, share: float, structure: Structure) -> Decomposition:
    """Approximate ``kernel`` by a partial Tucker decomposition of modes 2 and 3 plus a sparse residual.

    The result depends on which part begins: trained kernels are often fitted better if the decomposition does, and
    kernels with a few very large weights if these are taken out first. So both are tried.
    """

    def keep(residual: NDArray[np.float64]) -> NDArray[np.float64]:
        return sparse_residual(residual, share, structure).astype(np.float64)

    exact = kernel.astype(np.float64)
    nothing, largest = np.zeros_like(exact), keep(exact)
    if rank == 0:
        return Decomposition(None, None, None, largest.astype(np.float32))
    if largest.any():
        fits = [alternate(exact, rank, start, keep) for start in (nothing, largest)]
    else:
        fits = [Fit(tucker(exact, rank), nothing, 0.0)]
    best = min(fits, key=lambda fit: fit.error)
    core, factors = best.parts
    first, last = (factor.astype(np.float32) for factor in factors)
    return Decomposition(core.astype(np.float32), first, last, best.sparse.astype(np.float32))


def convolution(name: str, kernel: Kernel, bias: Any = None, **options: Any) -> Any:
    """A ``Conv2D`` layer with these weights."""
    import tensorflow as tf

    layer = tf.keras.layers.Conv2D(kernel.shape[3], kernel.shape[:2], use_bias=bias is not None, name=name, **options)
    channels = kernel.shape[2]
    first = options["data_format"] == "channels_first"
    with tf.name_scope(name):
        layer.build((None, channels, None, None) if first else (None, None, None, channels))
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    return layer


def replace_layer(layer: Any, decomposition: Decomposition) -> Callable[[Any], Any]:
    """The layers that take the place of the ``Conv2D`` layer, as a function of its input.

    The bias is the sparse kernel's or, where no weight is sparse, that of ``_last``. The activation comes last, under
    the layer's own name.
    """
    import tensorflow as tf

    name, bias = layer.name, layer.bias.numpy() if layer.use_bias else None
    plain = {"data_format": layer.data_format, "dtype": layer.dtype_policy, "trainable": layer.trainable}
    spatial = {**plain, "strides": layer.strides, "padding": layer.padding, "dilation_rate": layer.dilation_rate}
    has_tucker = decomposition.core is not None
    has_sparse = bool(decomposition.sparse.any()) or not has_tucker
    chain, sparse, add = [], None, None
    if has_tucker:
        first, last = decomposition.first[np.newaxis, np.newaxis], decomposition.last.T[np.newaxis, np.newaxis]
        chain = [
            convolution(f"{name}_first", first, **plain),
            convolution(f"{name}_core", decomposition.core, **spatial),
            convolution(f"{name}_last", last, None if has_sparse else bias, **plain),
        ]
    if has_sparse:
        sparse = convolution(f"{name}_sp", decomposition.sparse, bias, **spatial)
        add = tf.keras.layers.Add(name=f"{name}_add", dtype=layer.dtype_policy)
    activation = tf.keras.layers.Activation(layer.activation, name=name, dtype=layer.dtype_policy)

    def call(inputs: Any) -> Any:
        outputs = inputs
        for each in chain:
            outputs = each(outputs)
        if sparse is not None:
            outputs = add([outputs, sparse(inputs)]) if chain else sparse(inputs)
        return activation(outputs)

    return call


def least_acceptable(shares: Sequence[float], acceptable: Callable[[float], bool]) -> float | None:
    """The first acceptable one of ascending shares, by bisection: whatever is above an acceptable one is so, too."""
    low, high = 0, len(shares)
    while low < high:
        middle = (low + high) // 2
        if acceptable(shares[middle]):
            high = middle
        else:
            low = middle + 1
    return shares[low] if low < len(shares) else None


def choose_by_loss(
    kernel: Kernel, accuracy_with: Callable[[Kernel], float], least_accuracy: float, settings: Settings
) -> Factors | None:
    """The cheapest rank and share with which the accuracy is at least ``least_accuracy``.

    Returns ``None``, for a layer that stays as it is, if nothing that costs less than the layer is accurate enough.
    """
    best, best_cost = None, 1.0
    for rank in candidate_ranks(kernel.shape, settings.compression_type):

        def acceptable(share: float, rank: int = rank) -> bool:
            decomposition = decompose_kernel(kernel, rank, share, settings.structure)
            return accuracy_with(decomposition.reconstruction) >= least_accuracy

        shares = [0.0] if settings.compression_type == "tucker" else candidate_shares()
        costs = {share: total_cost(kernel.shape, Factors(rank, share), settings.sparsity_weight) for share in shares}
        share = least_acceptable([share for share in shares if costs[share] < best_cost - TOLERANCE], acceptable)
        if share is not None:
            best, best_cost = Factors(rank, share), costs[share]
    return best


def layer_budgets(kernels: Sequence[Kernel], compression_factor: float) -> list[float]:
    """What each layer may cost: factor * standard deviation / mean of all, from 0 to 1."""
    deviations = np.array([kernel.std(dtype=np.float64) for kernel in kernels])
    mean = deviations.mean()
    shares = deviations / mean if mean > 0 else np.ones_like(deviations)
    return [float(budget) for budget in np.clip(compression_factor * shares, 0, 1)]


def choose_by_budget(kernel: Kernel, budget: float, settings: Settings) -> Factors | None:
    """The rank and share with the least mean squared error among those that cost at most ``budget``.

    Returns ``None``, for a layer that stays as it is, if the budget is 1 or if nothing fits.
    """
    if budget >= 1:
        return None
    best, least_error = None, np.inf
    for rank in candidate_ranks(kernel.shape, settings.compression_type, budget):
        rest = max(0.0, budget - tucker_cost(kernel.shape, rank))
        share = 0.0 if settings.compression_type == "tucker" else min(1.0, rest / settings.sparsity_weight)
        approximation = decompose_kernel(kernel, rank, share, settings.structure).reconstruction
        error = float(np.mean(np.square(kernel - approximation, dtype=np.float64)))
        if error < least_error:
            best, least_error = Factors(rank, share), error
    return best


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line with the functions above."""
    return run_command(sys.modules[__name__], argv)


if __name__ == "__main__":
    raise SystemExit(main())
