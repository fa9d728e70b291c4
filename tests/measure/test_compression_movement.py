"""Whether weights moved together, as training moves them, or each on its own, as noise does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graders.measure.compression import (
    Coherence,
    Kernel,
    KernelPair,
    find_coherence,
    neighbour_coherence,
    overall_coherence,
    row_coherence,
    unexplained,
)

Array = NDArray[Any]
ROWS, LONG = 40, 60
FAR = 6.0


def pair(now: Array, before: Array, kind: str = "FULLY_CONNECTED") -> KernelPair:
    ours, theirs = (Kernel(5, kind, each.astype(np.float32), None, False, False) for each in (now, before))
    return KernelPair(ours, theirs)


def weights(seed: int = 1) -> Array:
    return np.random.default_rng(seed).normal(size=(ROWS, LONG))


def trained(before: Array, seed: int = 2) -> Array:
    """After many small steps along gradients: an error for each row times an input for each column, none negative."""
    random = np.random.default_rng(seed)
    now = before.copy()
    for _ in range(50):
        now -= 1e-3 * np.outer(random.normal(size=ROWS), np.maximum(0, random.normal(size=LONG)))
    return now


NOISES = {
    "normal": lambda random, before: random.normal(size=before.shape),
    "uniform": lambda random, before: random.uniform(-1, 1, before.shape),
    "signs": lambda random, before: random.choice([-1.0, 1.0], before.shape),
    "by the size of weights": lambda random, before: before * random.normal(size=before.shape),
    "few and large": lambda random, before: random.standard_cauchy(before.shape),
    "by row": lambda random, before: random.normal(size=before.shape) * random.uniform(0, 9, (ROWS, 1)),
}


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("size", [1e-5, 0.05, 3.0])
def test_noise_moves_each_weight_on_its_own(noise: str, size: float) -> None:
    """Noise of every kind and size is within a few standard deviations."""
    before = weights()
    for seed in range(20):
        moved = size * NOISES[noise](np.random.default_rng(100 + seed), before)
        (found,) = find_coherence([pair(before + moved, before)], clustered=False)
        assert found.deviations < FAR


def test_training_moves_the_weights_of_an_output_together() -> None:
    """Products of errors and inputs that are not negative are far from noise, also after pruning and normalisation."""
    before = weights()
    now = trained(before)
    pruned = np.where(np.abs(now) < np.quantile(np.abs(now), 0.8), 0, now)
    scaled = now * np.random.default_rng(3).uniform(0.5, 2, (ROWS, 1))
    for each in (now, pruned, scaled):
        (found,) = find_coherence([pair(each, before)], clustered=False)
        assert found.deviations > 1.5 * FAR
    assert found == Coherence(5, "FULLY_CONNECTED", ROWS * LONG, found.deviations)


def test_a_factor_for_each_output_is_no_movement() -> None:
    """Batch normalisation that is folded in, rounding, and weights that stay say nothing."""
    before = weights()
    scaled = before * np.random.default_rng(3).uniform(0.5, 2, (ROWS, 1))
    assert find_coherence([pair(before, before), pair(scaled, before)], clustered=False) == ()


def test_only_what_training_alone_moves_is_looked_at() -> None:
    """Not zeros, not numbers that are none, not compressible kernels after clustering, not kernels of a few weights."""
    before = weights()
    now = trained(before)
    now[0, :3] = [np.nan, np.inf, 0]
    (found,) = find_coherence([pair(now, before)], clustered=False)
    assert found.values == ROWS * LONG - 3
    assert np.isfinite(found.deviations)
    assert find_coherence([pair(now, before)], clustered=True) == ()
    assert len(find_coherence([pair(now, before, "DEPTHWISE_CONV_2D")], clustered=True)) == 1
    assert find_coherence([pair(now[:2, 5:10], before[:2, 5:10])], clustered=False) == ()
    assert find_coherence([pair(now * np.nan, before)], clustered=False) == ()


def test_kernels_add_up() -> None:
    """Of kernels moved by noise, the sum has the same spread as each."""
    assert overall_coherence([]) is None
    assert overall_coherence([Coherence(0, "CONV_2D", 99, 3.0), Coherence(1, "CONV_2D", 99, 5.0)]) == pytest.approx(
        8 / np.sqrt(2)
    )


@given(st.floats(1e-30, 1e30), st.integers(0, 99))
def test_units_do_not_matter(unit: float, seed: int) -> None:
    """The same movement in other units gives the same; the opposite direction, too."""
    moved = np.random.default_rng(seed).normal(size=(6, 9))
    assert row_coherence(unit * moved) == pytest.approx(row_coherence(moved), abs=1e-6)
    assert row_coherence(-moved) == pytest.approx(row_coherence(moved))


def test_the_value_by_hand() -> None:
    """One row of two: the product, twice, over its standard deviation; nothing that moved is 0."""
    assert row_coherence(np.array([[2.0, 3.0]])) == pytest.approx(1.0)
    assert row_coherence(np.array([[2.0, -3.0]])) == pytest.approx(-1.0)
    assert row_coherence(np.array([[1.0, 1.0], [1.0, 1.0]])) == pytest.approx(np.sqrt(2))
    assert row_coherence(np.zeros((3, 4))) == 0


def test_neighbours_by_hand() -> None:
    """Pairs count by their distance, in whichever layer they are; other sets do not."""
    two = np.zeros((2, 3, 4, 5))
    two[0, 0, 1, 1], two[0, 2, 1, 2] = 2.0, 3.0
    assert neighbour_coherence(two, 1.0) == pytest.approx(1.0)
    two[0, 2, 1, 2] = -3.0
    assert neighbour_coherence(two, 1.0) == pytest.approx(-1.0)
    two[0, 2, 1, 2], two[1, 2, 1, 2] = 0.0, 3.0
    assert neighbour_coherence(two, 1.0) == 0


@pytest.mark.parametrize("zeroed", [0.0, 0.8])
@pytest.mark.parametrize("size", [0.05, 0.3, 1.0])
def test_noise_is_no_smooth_movement(size: float, zeroed: float) -> None:
    """Noise on weights that are smooth themselves is found, also where pruning kept what it made larger."""
    random = np.random.default_rng(7)
    wide = random.normal(size=(10, 12, 15, 15))
    smooth = (wide[..., 1:-1, 1:-1] + wide[..., 2:, 1:-1] + wide[..., :-2, 1:-1] + wide[..., 1:-1, 2:]) / 2
    further = np.roll(smooth, 1, axis=0).mean(axis=1, keepdims=True) * np.sqrt(12) + np.zeros_like(smooth)
    for moved, least, most in ((random.normal(size=smooth.shape), -FAR, FAR), (further, FAR, 1e9)):
        now = smooth + size * moved
        counted = np.abs(now) > np.quantile(np.abs(now), zeroed)
        found = neighbour_coherence(unexplained(now, [smooth], counted), 1.25)
        assert least < found < most


def test_mixed_weights_are_explained() -> None:
    """A sum of weights that exist leaves nothing; of further training, something is left."""
    one, other, every = weights(1), weights(2), np.ones((ROWS, LONG), bool)
    mixed = 0.3 * one + 1.2 * other
    assert np.abs(unexplained(mixed, [one, other], every)).max() < 1e-12
    left = unexplained(trained(mixed), [one, other], every)
    assert row_coherence(left) > 5 * FAR
    counted = mixed > 0
    assert (unexplained(trained(mixed), [one, other, one], counted)[~counted] == 0).all()
    assert (unexplained(mixed, [one], ~every) == 0).all()
