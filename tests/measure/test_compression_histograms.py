"""Distributions of weights count every weight once, mark zeros and clusters, and stay small whatever comes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from graders.measure.compression import BINS, Kernel, KernelPair, histogram, histograms, measure

FILES = Path(__file__).resolve().parents[1] / "data" / "compression"
FLOATS = st.floats(width=32)
ROWS = arrays.arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 12)), elements=FLOATS)


def kernel(rows: np.ndarray, *, rowwise: bool = False, kind: str = "FULLY_CONNECTED", operator: int = 3) -> Kernel:
    return Kernel(operator, kind, rows.astype(np.float32), None, rowwise, False)


def test_clusters_are_told_by_value_and_size_and_zeros_by_themselves() -> None:
    found = histogram(kernel(np.array([[-1, 0.5, 0.5], [0, 0, -0.0]])), None)
    assert (found.values, found.sizes) == ((-1.0, 0.5), (1, 2))
    assert (found.zeros, found.weights, sum(found.counts)) == (3, 6, 3)
    assert found.before == ()


def test_a_weight_lies_in_the_bin_that_holds_it() -> None:
    found = histogram(kernel(np.array([[-1.0, 1.0, 0.01]])), None)
    assert [index for index, count in enumerate(found.counts) if count] == [0, BINS // 2, BINS - 1]


def test_channels_with_factors_of_their_own_are_brought_to_one_scale() -> None:
    before = np.array([[1.0, -2.0], [10.0, 40.0]])
    found = histogram(kernel(before / 2, rowwise=True), kernel(before, rowwise=True))
    assert found.top == 1.0
    assert found.values == ()
    assert found.counts[BINS - 1] == 0
    assert (found.before[0], found.before[BINS - 1]) == (1, 1)


def test_many_values_are_no_clusters() -> None:
    found = histogram(kernel(np.linspace(0.1, 1, 65)[None]), None)
    assert (found.values, found.sizes) == ((), ())


@given(ROWS, st.booleans(), st.data())
def test_every_finite_weight_is_counted_once(rows: np.ndarray, rowwise: bool, data: st.DataObject) -> None:
    before = data.draw(arrays.arrays(np.float32, rows.shape, elements=FLOATS))
    with np.errstate(all="ignore"):
        found = histogram(kernel(rows, rowwise=rowwise), kernel(before, rowwise=rowwise))
    assert len(found.counts) == len(found.before) == BINS
    assert sum(found.counts) + found.zeros <= found.weights == rows.size
    assert np.isfinite(found.top)
    assert found.top > 0
    if np.isfinite(rows).all() and not rowwise:
        assert sum(found.counts) + found.zeros == found.weights
        assert not found.values or sum(found.sizes) == sum(found.counts)


def test_the_largest_kernel_of_each_sort_is_chosen() -> None:
    small, large = kernel(np.ones((2, 2)), operator=1), kernel(np.ones((4, 4)), operator=2)
    folded = kernel(np.ones((3, 3)), rowwise=True, kind="CONV_2D", operator=4)
    little = kernel(np.ones((2, 3)), rowwise=True, kind="CONV_2D", operator=6)
    depthwise = kernel(np.ones((9, 9)), rowwise=True, kind="DEPTHWISE_CONV_2D", operator=5)
    pairs = [KernelPair(each, each) for each in (small, large, little, folded, depthwise)]
    assert [each.operator for each in histograms([small, large, little, folded, depthwise], pairs)] == [2, 4]
    assert [each.operator for each in histograms([small, folded], [])] == [1]
    assert histograms([], []) == ()


@pytest.mark.parametrize(("name", "clusters", "zeros"), [("clustered", 8, 0.0), ("pruned", 0, 0.5)])
def test_real_files_show_what_was_done_to_them(name: str, clusters: int, zeros: float) -> None:
    data, original = ((FILES / f"{file}.tflite").read_bytes() for file in (name, "original"))
    found = measure(data, original, clusters=clusters or None, sparsity=zeros or None).histograms
    plain = next(each for each in found if not each.rowwise)
    if clusters:
        assert 1 < len(plain.values) <= clusters
    else:
        assert plain.zeros == pytest.approx(zeros * plain.weights, abs=1)
    assert sum(plain.before) == plain.weights


@pytest.mark.parametrize("rowwise", [False, True])
def test_a_kernel_of_nothing_has_a_scale_of_1(rowwise: bool) -> None:
    """Without a weight other than zero, or without any weight, there is still a scale to draw by."""
    for shape in ((2, 3), (2, 0)):
        nothing = kernel(np.zeros(shape), rowwise=rowwise)
        assert histogram(nothing, nothing).top == 1.0


@pytest.mark.parametrize("size", [0.25, 4.0])
def test_the_scale_is_the_largest_weight_of_both(size: float) -> None:
    """The bins reach to the largest weight of either kernel, whatever its sign, and weights lie where their share is."""
    rows = size * np.array([[-1.0, 0.5, 0.01]])
    found = histogram(kernel(rows), kernel(rows / 2))
    assert found.top == size
    assert [index for index, count in enumerate(found.counts) if count] == [0, BINS // 2, 3 * BINS // 4]
    assert [index for index, count in enumerate(found.before) if count] == [BINS // 4, BINS // 2, 5 * BINS // 8]


@pytest.mark.parametrize(
    ("before", "top"), [([0.0, 0.0], 0.5), ([np.inf, 0.25], 0.5), ([0.1, -0.5], 1.0), ([0.25, 0.1], 2.0)]
)
def test_channels_are_shares_of_what_they_were(before: list[float], top: float) -> None:
    """A channel is told in shares of its largest original weight; one that had none, or no number, as it is."""
    found = histogram(kernel(np.array([[0.5, 0.25]]), rowwise=True), kernel(np.array([before]), rowwise=True))
    assert found.top == top


def test_as_many_values_as_may_be_clusters() -> None:
    """64 values other than zero are still told one by one."""
    assert len(histogram(kernel(np.linspace(0, 1, 65)[None]), None).values) == 64
