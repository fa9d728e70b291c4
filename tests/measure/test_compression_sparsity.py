"""Counting zeros, and telling what made them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from graders.measure.compression import (
    Kernel,
    KernelPair,
    Misplaced,
    Pruned,
    Zeros,
    count_zeros,
    expected_zeros,
    magnitudes,
    misplaced_zeros,
    pruned,
)
from graders.measure.compression.sparsity import negligible

Array = NDArray[Any]

# The zeros of the masks that tfmot 0.8.1 itself computed, where round(weights * sparsity) gives another number.
TFMOT = [
    (1, 0.6, 0), (2, 0.8, 1), (3, 0.5, 1), (3, 0.9, 2), (5, 0.1, 1), (5, 0.3, 1), (5, 0.5, 3), (5, 0.7, 3), (7, 0.5, 3),
    (10, 0.95, 9), (15, 0.1, 1), (15, 0.3, 5), (15, 0.5, 7), (15, 0.7, 11), (15, 0.9, 13), (15, 0.99, 14), (25, 0.1, 3),
    (25, 0.3, 7), (25, 0.5, 13), (25, 0.7, 17), (25, 0.99, 24), (97, 0.5, 49), (9999, 0.5, 4999),
]  # fmt: skip


def kernel(rows: Array, *, kind: str = "CONV_2D", bias: Array | None = None, operator: int = 3) -> Kernel:
    """A kernel with these weights, (output channels, weights of each)."""
    biases = None if bias is None else np.asarray(bias, np.float32)
    return Kernel(operator, kind, np.asarray(rows, np.float32), biases, kind != "FULLY_CONNECTED", stored_sparse=False)


def without_smallest(rows: Array, count: int) -> Array:
    """The weights with ``count`` of the smallest made zero."""
    flat = rows.ravel().copy()
    flat[np.argsort(np.abs(flat), kind="stable")[:count]] = 0
    return flat.reshape(rows.shape)


def normal(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("weights", "sparsity", "zeros"), TFMOT)
def test_expected_zeros_are_those_of_tfmot(weights: int, sparsity: float, zeros: int) -> None:
    """The expected zeros are the masked weights of tfmot, its rounding included."""
    assert expected_zeros(weights, sparsity) == zeros


@given(st.integers(1, 2**22), st.floats(0, 0.999))
def test_expected_zeros_are_the_share(weights: int, sparsity: float) -> None:
    """The expected zeros are the share of the weights within rounding, and one weight always stays."""
    zeros = expected_zeros(weights, sparsity)

    assert 0 <= zeros <= weights - 1
    # Half a weight of rounding, and float32's own error in the share; one weight is kept whatever the share.
    slack = Fraction(1, 2) + Fraction(weights, 2**22)
    assert abs(zeros - Fraction(sparsity) * weights) <= slack or zeros == weights - 1


@pytest.mark.parametrize(("weights", "sparsity"), [(0, 0.5), (10, 1.0), (10, 50), (10, -0.1), (10, float("nan"))])
def test_impossible_sparsities_are_refused(weights: int, sparsity: float) -> None:
    """A sparsity outside of [0, 1), or no weights, is an error."""
    with pytest.raises(ValueError, match="expected a share"):
        expected_zeros(weights, sparsity)


@given(
    hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=8), elements=st.floats(width=32)
    )
)
def test_zeros_are_exact(rows: Array) -> None:
    """Only 0 and -0 are zeros, near zeros are others, and both together are no more than the weights."""
    found = count_zeros(kernel(rows))

    assert found.zeros == sum(value == 0 for value in rows.ravel().tolist())
    assert found.zeros + found.near_zeros <= found.weights == rows.size
    assert found.zero_rows == (sum(not row.any() for row in rows) if rows.size else 0)
    assert 0 <= found.share <= 1


@given(st.floats(1e-30, 1e30), st.integers(0, 100))
def test_near_zeros_are_relative_to_their_channel(scale: float, seed: int) -> None:
    """Whatever the channels' scales, weights of a millionth of the largest are near zero and those of a tenth not."""
    rows = np.random.default_rng(seed).uniform(0.1, 1, (4, 10)) * np.array([[1.0], [scale], [1 / scale], [1.0]])
    small = rows.copy()
    small[:, :5] *= 1e-6

    assert count_zeros(kernel(rows)).near_zeros == 0
    found = count_zeros(kernel(small))
    assert (found.zeros, found.near_zeros) == (0, 20)


def test_ordinary_weights_have_no_near_zeros() -> None:
    """Of 100,000 normal weights about one is smaller than a hundred-thousandth of its channel's largest."""
    assert count_zeros(kernel(normal(100, 1000))).near_zeros <= 10


def test_bias_and_whole_channels_are_counted() -> None:
    """Zeros of the bias and channels without a weight have counts of their own."""
    found = count_zeros(kernel(np.array([[0, 0], [0, 1]]), bias=np.array([0.0, 2.0])))

    assert found == Zeros(3, "CONV_2D", True, 4, 3, 0, 2, 1, 1, False)


@given(
    shapes=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 30)), min_size=1, max_size=5),
    sparsity=st.floats(0, 0.95),
    seed=st.integers(0, 1000),
)
def test_pruning_each_kernel_is_recognised(shapes: list[tuple[int, int]], sparsity: float, seed: int) -> None:
    """Kernels that each lost their smallest weights have the zeros asked for, to the last one."""
    originals = [normal(*shape, seed=seed + at) for at, shape in enumerate(shapes)]
    cut = [without_smallest(rows, expected_zeros(rows.size, sparsity)) for rows in originals]

    found = pruned([count_zeros(kernel(rows)) for rows in cut], sparsity, tolerance=0.0)

    assert found.each
    assert not found.global_threshold
    assert found.zeros == found.expected
    assert found.least <= found.most
    for before, after in zip(originals, cut, strict=True):
        order = magnitudes(KernelPair(kernel(after), kernel(before)), sparsity)
        assert order.misordered == 0
        assert order.residue == (0 if expected_zeros(before.size, sparsity) else 1)


def test_one_threshold_for_all_layers_is_recognised() -> None:
    """A layer of small weights and one of large ones under one threshold have the zeros in all but not in each."""
    layers = [normal(16, 30), 3 * normal(16, 30, seed=1), 0.3 * normal(8, 20, seed=2)]
    threshold = np.quantile(np.abs(np.concatenate([rows.ravel() for rows in layers])), 0.5)
    cut = [np.where(np.abs(rows) > threshold, rows, 0) for rows in layers]

    found = pruned([count_zeros(kernel(rows, operator=at)) for at, rows in enumerate(cut)], 0.5, tolerance=0.005)

    assert found.global_threshold
    assert not found.each
    assert found.least < 0.3
    assert found.most > 0.7
    assert found.worst == "CONV_2D 2"
    assert found.worst_expected == 80


@pytest.mark.parametrize(("zeros", "within"), [(500, True), (505, True), (495, True), (506, False), (494, False)])
def test_tolerance_is_a_share_of_the_weights(zeros: int, within: bool) -> None:
    """Half a percent of 1,000 weights is 5 more or fewer."""
    found = pruned([count_zeros(kernel(without_smallest(normal(10, 100), zeros)))], 0.5, tolerance=0.005)

    assert found.each == found.total_within == within == (found.furthest <= 0.005)
    assert found.furthest == pytest.approx(abs(zeros - 500) / 1000)
    assert (found.worst_zeros, found.worst_expected) == (zeros, 500)


def test_another_sparsity_is_not_a_global_threshold() -> None:
    """Kernels that all have too few zeros are neither right nor pruned by one threshold."""
    found = pruned([count_zeros(kernel(without_smallest(normal(10, 100), 200)))], 0.5, tolerance=0.005)

    assert not found.each
    assert not found.global_threshold


def test_no_kernel_is_not_pruned() -> None:
    """Of no kernels at all, none has the zeros asked for; depthwise kernels do not count."""
    depthwise = count_zeros(kernel(np.zeros((4, 9)), kind="DEPTHWISE_CONV_2D"))

    for found in (pruned([], 0.5, 0.01), pruned([depthwise], 0.5, 0.01)):
        assert (found.kernels, found.each, found.total_within, found.worst) == (0, False, False, "")


def test_zeros_where_none_should_be_are_found() -> None:
    """Zeros of a bias, of a depthwise kernel and whole channels are named; those of the original are not."""
    before = kernel(normal(3, 9), kind="DEPTHWISE_CONV_2D", bias=np.array([1.0, 0.0, 2.0]))
    rows = before.rows.copy()
    rows[1] = 0
    after = kernel(rows, kind="DEPTHWISE_CONV_2D", bias=np.array([0.0, 0.0, 2.0]))

    assert misplaced_zeros([KernelPair(before, before), KernelPair(after, after)]) == ()
    assert misplaced_zeros([KernelPair(after, before)]) == (
        Misplaced(3, "DEPTHWISE_CONV_2D", "bias", 1, 3),
        Misplaced(3, "DEPTHWISE_CONV_2D", "depthwise kernel", 9, 27),
        Misplaced(3, "DEPTHWISE_CONV_2D", "whole channel", 1, 3),
    )


def test_zeros_of_a_pruned_kernel_are_in_place() -> None:
    """Zeros of a convolution's own weights are not misplaced."""
    before = kernel(normal(4, 50))
    after = kernel(without_smallest(before.rows, 100))

    assert misplaced_zeros([KernelPair(after, before)]) == ()


@given(st.floats(0.05, 20), st.integers(0, 100))
def test_order_is_judged_within_channels_with_factors(factor: float, seed: int) -> None:
    """A convolution's channels may be scaled after pruning; a dense kernel's weights are compared with each other."""
    before = normal(2, 40, seed=seed)
    cut = without_smallest(before, 40)
    factors = np.array([[1.0], [factor]], np.float32)

    assert magnitudes(KernelPair(kernel(cut * factors), kernel(before * factors)), 0.5).misordered == 0
    at_random = np.where(np.arange(80).reshape(2, 40) % 2, before, 0)
    assert magnitudes(KernelPair(kernel(at_random), kernel(before)), 0.5).misordered > 0
    assert (
        magnitudes(KernelPair(*[kernel(rows, kind="FULLY_CONNECTED") for rows in (cut, before)]), 0.5).misordered == 0
    )


def test_residue_tells_zeros_that_came_back() -> None:
    """The weights that should be zero are 0 of their size when pruned, all of it when not, little when trained on."""
    before = normal(4, 100)
    cut = without_smallest(before, 200)
    drifted = np.where(cut == 0, np.float32(1e-3), cut)

    residues = [magnitudes(KernelPair(kernel(rows), kernel(before)), 0.5).residue for rows in (cut, before, drifted)]

    assert residues[0] == 0
    assert residues[1] == 1
    assert residues[2] == pytest.approx(1e-3 / np.sort(np.abs(before), axis=None)[99], rel=1e-3)


def test_residue_is_none_where_the_original_has_zeros() -> None:
    """Against an original that has the zeros already, no share can be told."""
    zeros = kernel(np.zeros((2, 4)))

    assert magnitudes(KernelPair(zeros, zeros), 0.5).residue is None


def test_near_zeros_are_smaller_than_their_share() -> None:
    """A weight of just the share is not near zero, and one that is no number makes no other weight near zero."""
    assert negligible(np.array([[1.0, 0.5, 0.4, 0.0]], np.float32), 0.5).tolist() == [[False, False, True, True]]
    assert negligible(np.array([[np.inf, 1e-6]], np.float32)).tolist() == [[False, False]]


def test_zeros_of_a_bias_are_counted() -> None:
    """Only zeros of the bias count, none where there is no bias; no weights have no sparsity."""
    assert count_zeros(kernel(normal(3, 4), bias=np.array([0.0, 0.0, 2.0]))).bias_zeros == 2
    assert count_zeros(kernel(normal(3, 4))).bias_zeros == 0
    assert count_zeros(kernel(np.zeros((2, 0)))).share == 0


def test_the_worst_kernel_is_named() -> None:
    """The kernel furthest from its zeros is named with them; a weight more or less is no difference, two are one."""
    found = pruned([count_zeros(kernel(without_smallest(normal(2, 5), count), operator=count)) for count in (9, 3, 5)], 0.5, 0.0)  # fmt: skip

    assert (found.worst, found.worst_zeros, found.worst_expected) == ("CONV_2D 9", 9, 5)
    assert (found.within, found.furthest) == (1, 0.4)
    assert (found.least, found.most) == (0.3, 0.9)
    by_one, by_two = (pruned([count_zeros(kernel(without_smallest(normal(2, 5), count)))], 0.5, 0.0) for count in (4, 3))
    assert (by_one.within, by_one.furthest) == (1, 0)
    assert (by_two.within, by_two.furthest) == (0, 0.2)


def test_no_kernels_have_no_zeros() -> None:
    """Of no kernels every figure is 0."""
    assert pruned([], 0.5, 0.01) == Pruned(0, 0, 0, 0, 0, 0, False, 0.0, 0.0, "", 0, 0, 0.0)


def test_misplaced_zeros_of_every_kernel_are_told() -> None:
    """What is misplaced in one kernel is told beside what is in another."""
    before, after = (kernel(normal(2, 3), bias=np.array(bias)) for bias in ([1.0, 2.0], [0.0, 2.0]))
    both = [KernelPair(after, before), KernelPair(after, before)]
    assert misplaced_zeros(both) == (Misplaced(3, "CONV_2D", "bias", 1, 2),) * 2


def test_residue_is_the_median_of_what_should_be_zero() -> None:
    """Of five weights that should be zero the third smallest is compared, in each file."""
    before = kernel(np.arange(1, 11).reshape(2, 5))
    after = kernel(np.array([[0.1, 0.2, 1.5, 4, 5], [6, 7, 8, 9, 10]]))
    assert magnitudes(KernelPair(after, before), 0.5).residue == pytest.approx(0.5)
    small = [kernel(rows.rows / 100) for rows in (after, before)]
    assert magnitudes(KernelPair(*small), 0.5).residue == pytest.approx(0.5)


def test_residue_needs_numbers() -> None:
    """Where the weights compared are no numbers in either file, no share can be told."""
    finite, infinite = kernel(np.ones((2, 4))), kernel(np.full((2, 4), np.inf))
    assert magnitudes(KernelPair(finite, infinite), 0.5).residue is None
    assert magnitudes(KernelPair(infinite, finite), 0.5).residue is None


def test_equal_weights_may_be_pruned_in_any_order() -> None:
    """A zero that was as large as a weight that was kept is in order."""
    before, after = np.array([[1.0, 1, 2, 3]]), np.array([[0.0, 1, 2, 3]])
    assert magnitudes(KernelPair(kernel(after), kernel(before)), 0.25).misordered == 0
