"""Counting a kernel's values and judging how they are spaced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from graders.measure.compression import (
    UNEVEN,
    Kernel,
    Spacing,
    at_most,
    centroid_shift,
    clusters_made,
    distinct_values,
    few,
    linear_centroids,
    overall,
    spacing,
)

Array = NDArray[Any]


def kernel(rows: Array, *, kind: str = "CONV_2D", rowwise: bool | None = None) -> Kernel:
    """A kernel with these weights, (output channels, weights of each); rows of a dense one have no factors."""
    factors = kind != "FULLY_CONNECTED" if rowwise is None else rowwise
    return Kernel(3, kind, np.asarray(rows, np.float32), None, factors, stored_sparse=False)


def any_floats() -> st.SearchStrategy[Array]:
    shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=8)
    return hnp.arrays(np.float32, shapes, elements=st.floats(width=32))


@given(any_floats())
def test_values_are_counted_once(rows: Array) -> None:
    """The counts are those of a set, with 0 and -0 one value and all NaNs one."""
    found = distinct_values(kernel(rows))

    def size(values: Array) -> int:
        return len({0.0 if value == 0 else value for value in values.ravel().tolist() if value == value}) + int(
            np.isnan(values).any()
        )

    assert found.in_all == size(rows)
    assert found.most_in_row == max((size(row) for row in rows), default=0)
    assert found.row_length == rows.shape[1]


@given(
    clusters=st.integers(2, 12),
    shape=st.tuples(st.integers(1, 8), st.integers(1, 40)),
    seed=st.integers(0, 2**32 - 1),
)
def test_folding_keeps_the_count_by_channel(clusters: int, shape: tuple[int, int], seed: int) -> None:
    """A factor for each channel, as a folded batch normalisation is, leaves at most k values in each channel."""
    random = np.random.default_rng(seed)
    centroids = random.normal(size=clusters).astype(np.float32)
    clustered = centroids[random.integers(0, clusters, shape)]
    factors = random.normal(size=(shape[0], 1)).astype(np.float32)

    plain, folded = (distinct_values(kernel(rows)) for rows in (clustered, clustered * factors))

    assert plain.in_all <= clusters
    assert folded.counted == folded.most_in_row <= plain.most_in_row <= clusters
    assert at_most([plain, folded], clusters)


def test_a_dense_kernel_is_counted_as_a_whole() -> None:
    """Rows of a dense kernel share the values; with a factor for each channel they need not."""
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])

    assert distinct_values(kernel(rows, kind="FULLY_CONNECTED")).counted == 4
    assert distinct_values(kernel(rows, kind="FULLY_CONNECTED", rowwise=True)).counted == 2
    assert distinct_values(kernel(rows)).counted == 2


def test_no_kernel_is_not_clustered() -> None:
    """Of no kernels at all, none has few values."""
    assert not at_most([], 4)


def test_short_channels_tell_nothing() -> None:
    """A channel of 4 weights has at most 4 values however it was treated."""
    short = distinct_values(kernel(np.arange(8).reshape(2, 4)))

    assert at_most([short], 4)
    assert not short.is_conclusive(4)
    assert short.is_conclusive(3)
    assert distinct_values(kernel(np.arange(8).reshape(2, 4), kind="FULLY_CONNECTED")).is_conclusive(8)


@given(
    clusters=st.integers(3, 40),
    channels=st.integers(1, 6),
    low=st.floats(-5, 5),
    width=st.floats(0.1, 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_linear_centroids_are_even_under_any_factor(
    clusters: int, channels: int, low: float, width: float, seed: int
) -> None:
    """Evenly spaced centroids, some of them unused, with a factor for each channel, are 0 off."""
    random = np.random.default_rng(seed)
    centroids = np.linspace(low, low + width, clusters)
    rows = centroids[random.integers(0, clusters, (channels, 3 * clusters))]
    factors = random.uniform(0.2, 3, (channels, 1)) * random.choice([-1, 1], (channels, 1))

    found = spacing(kernel(rows * factors), clusters)

    # float32 has 24 bits, and what counts is the distance of values that may be far from 0.
    assert found.off <= 1e-5 * clusters * (1 + (abs(low) + width) / width)


@given(drift=st.floats(0.001, 0.04), seed=st.integers(0, 2**32 - 1))
def test_drift_is_measured_in_spacings(drift: float, seed: int) -> None:
    """Centroids that each moved by a share of the spacing are off by about as much."""
    random = np.random.default_rng(seed)
    centroids = np.linspace(-1, 1, 16) + drift * 2 / 15 * random.choice([-1, 1], 16)

    found = spacing(kernel(centroids[None].repeat(3, axis=0)), 16)

    assert found.points == 3 * 14
    # The outermost values moved too, and they are what the places are laid between.
    assert found.off <= 2.5 * drift
    assert found.off >= 0.2 * drift


@given(clusters=st.integers(8, 32), seed=st.integers(0, 2**32 - 1))
def test_other_centroids_are_uneven(clusters: int, seed: int) -> None:
    """Centroids at random, as of k-means++, are about as uneven as values anywhere."""
    random = np.random.default_rng(seed)
    rows = np.stack([random.permutation(np.tile(random.normal(size=clusters), 2)) for _ in range(8)])

    found = spacing(kernel(rows), clusters)

    assert found.points == 8 * (clusters - 2)
    assert 0.5 * UNEVEN < found.off <= 0.5


@pytest.mark.parametrize(
    ("values", "clusters", "points"),
    [
        ([1.0, 2.0], 2, 0),
        ([1.0, 2.0, 4.0], 3, 1),
        ([1.0, 2.0, 4.0], 4, 0),
        ([1.0, 2.0, 4.0, 9.0], 4, 2),
        ([1.0, 2.0, 4.0, 9.0], 5, 2),
        ([1.0, 2.0, 4.0, 9.0], 6, 0),
        ([1.0, 2.0, 4.0, 9.0], 16, 0),
        ([1.0, 2.0, 4.0, 9.0], 3, 0),
        ([5.0], 8, 0),
        ([], 8, 0),
        ([np.nan, np.inf, 1.0], 8, 0),
    ],
)
def test_few_values_can_not_tell(values: list[float], clusters: int, points: int) -> None:
    """Values count where their inner ones outweigh the choice of a division, and where they are at most k."""
    found = spacing(kernel(np.array([values])), clusters)

    assert found.points == points
    assert (found.off > 0) == (points > 0)


@given(any_floats(), st.integers(2, 40))
def test_spacing_is_bounded(rows: Array, clusters: int) -> None:
    """Whatever the weights, the distance is at most half a spacing, and 0 where nothing could be judged."""
    found = spacing(kernel(rows), clusters)

    assert 0 <= found.off <= 0.5
    assert found.points > 0 or found.off == 0


def test_kernels_together_weigh_by_their_points() -> None:
    """The common distance is the root mean square over all points; the least even kernel is named."""
    found = overall([Spacing(1, "CONV_2D", 3, 0.0), Spacing(2, "FULLY_CONNECTED", 1, 0.4)])

    assert found == Spacing(2, "FULLY_CONNECTED", 4, pytest.approx(0.2))
    assert overall([]).points == 0
    assert overall([Spacing(1, "CONV_2D", 0, 0.0)]).off == 0


@given(
    hnp.arrays(np.float32, st.integers(2, 60), elements=st.floats(-100, 100, width=32)),
    st.integers(2, 40),
)
def test_centroids_span_the_weights(weights: Array, clusters: int) -> None:
    """Centroids go evenly from the smallest to the largest weight."""
    centroids = linear_centroids(weights, clusters)

    assert len(centroids) == clusters
    assert centroids[0] == weights.min()
    assert centroids[-1] == weights.max()
    np.testing.assert_allclose(np.diff(centroids), (weights.max() - weights.min()) / (clusters - 1), atol=1e-4)


@pytest.mark.parametrize(("count", "clusters"), [(0, 4), (5, 1)])
def test_impossible_centroids_are_refused(count: int, clusters: int) -> None:
    """No weights, or a single cluster, have no linear centroids."""
    with pytest.raises(ValueError, match="expected at least 2 of at least 1"):
        linear_centroids(np.zeros(count), clusters)


@given(
    clusters=st.integers(2, 32),
    weights=hnp.arrays(np.float32, (4, 10), elements=st.floats(-1, 1, width=32)),
    drift=st.floats(0, 0.4),
)
def test_shift_is_the_distance_from_linear_centroids(clusters: int, weights: Array, drift: float) -> None:
    """A dense kernel whose centroids all moved by a share of the spacing has shifted by that share."""
    assume(np.ptp(weights) > 0.01)
    original = kernel(weights, kind="FULLY_CONNECTED")
    centroids = linear_centroids(weights, clusters)
    nearest = np.abs(weights[..., None] - centroids).argmin(axis=-1)
    moved = centroids[nearest] + drift * (centroids[1] - centroids[0])

    found = centroid_shift(kernel(moved, kind="FULLY_CONNECTED"), original, clusters)

    assert found is not None
    assert found.largest == pytest.approx(drift, abs=0.01)
    assert found.mean == pytest.approx(drift, abs=0.01)
    assert found.values == len(np.unique(nearest))


def test_two_clusters_tell_linear_from_others() -> None:
    """With two clusters, where any values are evenly spaced, the original's extremes decide."""
    weights = np.random.default_rng(1).normal(size=(10, 16))
    linear = np.where(weights > (weights.min() + weights.max()) / 2, weights.max(), weights.min())
    other = np.where(weights > 0, weights[0, 0], weights[0, 1])
    original = kernel(weights, kind="FULLY_CONNECTED")

    shifts = [centroid_shift(kernel(rows, kind="FULLY_CONNECTED"), original, 2) for rows in (linear, other)]

    assert shifts[0] is not None
    assert shifts[1] is not None
    assert shifts[0].largest < 1e-6
    assert shifts[1].mean > 0.1


@pytest.mark.parametrize(
    ("found", "original"),
    [
        (kernel([[1.0, 2.0]]), kernel([[1.0, 2.0]], kind="FULLY_CONNECTED")),
        (kernel([[1.0, 2.0]], kind="FULLY_CONNECTED"), kernel([[1.0, 2.0]])),
        (kernel([[np.nan, 2.0]], kind="FULLY_CONNECTED"), kernel([[1.0, 2.0]], kind="FULLY_CONNECTED")),
        (kernel([[1.0, 2.0]], kind="FULLY_CONNECTED"), kernel([[1.0, np.inf]], kind="FULLY_CONNECTED")),
        (kernel([[1.0, 2.0]], kind="FULLY_CONNECTED"), kernel([[2.0, 2.0]], kind="FULLY_CONNECTED")),
        (kernel(np.empty((2, 0)), kind="FULLY_CONNECTED"), kernel([[1.0, 2.0]], kind="FULLY_CONNECTED")),
    ],
    ids=["factors", "factors before", "not a number", "infinite before", "all the same before", "no weights"],
)
def test_shift_is_none_where_it_can_not_be_told(found: Kernel, original: Kernel) -> None:
    """Without comparable weights there is no shift."""
    assert centroid_shift(found, original, 2) is None


def dense(values: Array) -> Kernel:
    """A dense kernel of these values, each once."""
    return kernel(np.asarray(values).reshape(1, -1), kind="FULLY_CONNECTED")


@pytest.mark.parametrize(
    ("values", "asked", "made"),
    [(8, 8, 8), (5, 8, 8), (9, 8, 9), (16, 8, 16), (few(8), 8, few(8)), (few(8) + 1, 8, 8), (3000, 8, 8), (32, 2, 32)],
)
def test_clusters_are_as_many_as_were_made(values: int, asked: int, made: int) -> None:
    """Dense kernels of a few values more than asked for tell another number; values without number tell none."""
    assert clusters_made([kernel(np.arange(40).reshape(4, 10)), dense(np.arange(values))], asked) == made


def test_folded_kernels_tell_no_number() -> None:
    """Without a dense kernel, the number is the one asked for."""
    assert clusters_made([kernel(np.arange(40).reshape(4, 10))], 8) == 8
    assert clusters_made([], 8) == 8


@given(asked=st.integers(8, 20), more=st.integers(1, 12), drift=st.floats(0, 0.01), seed=st.integers(0, 2**32 - 1))
def test_clusters_without_a_weight_are_clusters(asked: int, more: int, drift: float, seed: int) -> None:
    """A few weights far from the others leave clusters between them without any, in each dense layer others."""
    random = np.random.default_rng(seed)
    made = asked + more
    layers = [kernel(np.arange(made).reshape(1, -1))]
    for size in (3000, 300):
        weights = np.concatenate([random.normal(size=size), [-5.0, 5.5]])
        centroids = linear_centroids(weights, made)
        nearest = np.abs(weights[:, None] - centroids).argmin(axis=1)
        layers.append(dense((centroids + drift * (centroids[1] - centroids[0]) * random.uniform(-1, 1, made))[nearest]))

    found = clusters_made(layers, asked)

    assert found == made
    assert overall([spacing(layer, found) for layer in layers]).off <= 0.03


def test_fewer_values_than_requested_can_be_of_more_clusters() -> None:
    """Of 24 clusters where 16 were asked for, a layer can have 14: their places say so, if another layer has more."""
    places = np.array([0, 3, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 23])
    folded = kernel(np.arange(40).reshape(2, 20))

    assert clusters_made([folded, dense(places)], 16) == 24
    assert clusters_made([folded, dense(places[:-1])], 16) == 20
    assert clusters_made([dense(places)], 16) == 16


@given(clusters=st.integers(8, 32), seed=st.integers(0, 2**32 - 1))
def test_uneven_values_are_as_many_clusters_as_they_are(clusters: int, seed: int) -> None:
    """Places that no number puts them at, as of k-means++, tell no other number."""
    values = np.random.default_rng(seed).normal(size=clusters)

    assert clusters_made([dense(values)], 6) == clusters
    assert clusters_made([dense(values)], clusters) == clusters


@pytest.mark.parametrize("values", [[0, 1], [0, 1, 3], [0, 1, 3, 7]])
def test_too_few_values_tell_no_places(values: list[int]) -> None:
    """A number is sought only among so few that the values outweigh the choice."""
    folded = kernel(np.arange(40).reshape(2, 20))

    assert clusters_made([folded, dense(np.array(values))], 2) <= len(values) + 1
    assert clusters_made([folded, dense(np.array(values))], 8) == 8


def test_one_kernel_of_many_values_is_enough() -> None:
    """Kernels are clustered only if each of them is."""
    few_values, many = (distinct_values(kernel(np.arange(count).reshape(1, -1))) for count in (4, 5))
    assert at_most([few_values, few_values], 4)
    assert not at_most([few_values, many], 4)


def test_the_layer_with_most_values_tells_the_clusters() -> None:
    """Of several dense kernels, the one with most values tells how many clusters were made, as long as they are few."""
    six, ten, many = (dense(np.arange(count)) for count in (6, 10, 500))
    assert clusters_made([six, ten], 8) == 10
    assert clusters_made([ten, many], 8) == 8


def test_no_kernels_are_spaced_by_nothing() -> None:
    """Of no kernels there is no spacing, and none is named."""
    assert overall([]) == Spacing(-1, "", 0, 0.0)


def test_the_furthest_value_and_the_mean_are_told() -> None:
    """One value of three that lies a quarter of a spacing off is the largest shift, and a third of it the mean."""
    found, original = (kernel([row], kind="FULLY_CONNECTED") for row in ([0.0, 1.25, 2.0], [0.0, 0.7, 2.0]))
    shift = centroid_shift(found, original, 3)
    assert shift is not None
    assert (shift.largest, shift.mean) == (0.25, pytest.approx(0.25 / 3))
