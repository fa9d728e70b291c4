"""Whether weights moved as training moves them, or as noise does.

A gradient is a sum of products, each of an output's error and an input's value. So training moves weights together:
those of one output whose inputs have one sign, as behind a ReLU, and those whose inputs are neighbours in an image.
Noise that is drawn for each weight moves each on its own. The statistic is the sum of the products of any two movements
in a row, divided by the standard deviation that it would have if every movement had a random sign: about 0, with a
standard deviation of 1, for noise of any size and distribution, and far above for training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression.kernels import KernelPair
from graders.measure.compression.weight_deltas import STILL

FEWEST = 30
"""Of fewer weights that could have moved, nothing is said."""

Floats = NDArray[np.float64]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Coherence:
    """How much the weights of each output of a kernel moved together, in standard deviations of noise.

    ``values``: the weights that only training can have moved.
    """

    operator: int
    kind: str
    values: int
    deviations: float


def find_coherence(pairs: Iterable[KernelPair], *, clustered: bool) -> tuple[Coherence, ...]:
    """The coherence of each kernel that moved, apart from a factor for each output, which batch normalisation gives.

    :param clustered: leaves compressible kernels out, since clustering moves them without any training
    """
    found = []
    for pair in pairs:
        if clustered and pair.found.compressible:
            continue
        now, before = pair.found.rows.astype(np.float64), pair.original.rows.astype(np.float64)
        counted = np.isfinite(now) & np.isfinite(before) & (now != 0)
        moved = _without_factors(now, before, counted)
        if counted.sum() < FEWEST or np.abs(moved).max() <= STILL * np.abs(before[counted]).max():
            continue
        found.append(Coherence(pair.found.operator, pair.found.kind, int(counted.sum()), row_coherence(moved)))
    return tuple(found)


def overall_coherence(found: Sequence[Coherence]) -> float | None:
    """That of all kernels together, which noise leaves near 0 with a standard deviation of 1; None for no kernel."""
    return sum(each.deviations for each in found) / sqrt(len(found)) if found else None


def row_coherence(moved: Floats) -> float:
    """How much the numbers of each row have one sign, in standard deviations of noise; zeros do not count."""
    scaled = moved / (np.abs(moved).max(initial=0.0) or 1.0)
    squares = np.square(scaled)
    together = np.square(scaled.sum(axis=1)) - squares.sum(axis=1)
    variance = 2 * (np.square(squares.sum(axis=1)) - np.square(squares).sum(axis=1))
    return _deviations(float(together.sum()), float(variance.sum()))


def neighbour_coherence(moved: Floats, reach: float) -> float:
    """How much numbers at neighbouring places have one sign, in standard deviations of noise; zeros do not count.

    :param moved: (sets, layers, height, width): those of a set are compared, whichever layer they are in
    :param reach: of places that are so far apart, a pair counts 0.6 times as much as one at the same place
    """
    scaled = moved / (np.abs(moved).max(initial=0.0) or 1.0)
    squares = np.square(scaled)
    near = [np.exp(-np.square(np.subtract.outer(*2 * [np.arange(side)])) / (2 * reach**2)) for side in moved.shape[2:]]
    together = _weighted_pairs(scaled, near) - squares.sum()
    variance = 2 * (_weighted_pairs(squares, [np.square(each) for each in near]) - np.square(squares).sum())
    return _deviations(float(together), float(variance))


def _weighted_pairs(values: Floats, near: Sequence[Floats]) -> float:
    """The sum of the products of all pairs of a set, times how near their rows and their columns are."""
    places = values.sum(axis=1)
    return float((places * (near[0] @ places @ near[1])).sum())


def unexplained(now: NDArray[Any], known: Sequence[NDArray[Any]], counted: Chosen) -> Floats:
    """What is left of weights when everything that follows from known ones is taken away; 0 where not counted.

    That is the nearest sum of the known ones and of some functions of each: mixing or scaling leaves nothing, and
    pruning leaves no trace of which weights noise kept from it.
    """
    columns = [column for each in known for column in _shapes(each[counted].astype(np.float64))]
    values, explaining = now[counted].astype(np.float64), np.stack(columns, axis=1)
    factors = np.linalg.lstsq(explaining, values, rcond=None)[0]
    left = np.zeros(now.shape)
    left[counted] = values - explaining @ factors
    return left


def _shapes(known: Floats) -> tuple[Floats, ...]:
    """Odd functions of weights, each of about the same size."""
    scaled = known / (float(np.sqrt(np.square(known).mean())) or 1.0) if known.size else known
    return scaled, np.sign(scaled), scaled * np.abs(scaled), scaled**3


def _without_factors(now: Floats, before: Floats, counted: Chosen) -> Floats:
    """How far each weight moved, each row's own factor apart; 0 where not counted."""
    moved, old = np.where(counted, now - before, 0.0), np.where(counted, before, 0.0)
    squares = np.square(old).sum(axis=1)
    factors = np.divide((moved * old).sum(axis=1), squares, out=np.zeros(len(old)), where=squares > 0)
    left: Floats = moved - factors[:, None] * old
    return left


def _deviations(total: float, variance: float) -> float:
    return total / sqrt(variance) if variance > 0 else 0.0
