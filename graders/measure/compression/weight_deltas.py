"""What training moved: a compressed file's parameters against the original model's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression.kernels import Kernel, KernelPair, Rows
from graders.measure.compression.sparsity import negligible

STILL = 1e-6
"""A part that moved by no more, relative to its largest value, did not move: two conversions of the same weights may
differ in the last bit where batch normalisation is folded in."""
LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class WeightDelta:
    """How far one part, ``"kernel"`` or ``"bias"``, is from the original's.

    Only the values that were not made zero or near zero, ``compared`` of ``values``, are compared: ``equal`` of them
    are the same float32 as before. ``largest`` is the largest difference, ``relative`` the same as a share of the
    original's largest value. ``shape_change`` is, for a kernel, the relative difference that remains when each output
    channel is scaled as fits best: what batch normalisation's statistics alone can't explain. An optimizer like Adam
    moves a weight by about its learning rate in a step, so ``largest`` of a dense layer, divided by the learning rate,
    is a lower bound of the steps, unless the layer was clustered.
    """

    operator: int
    kind: str
    part: str
    compressible: bool
    values: int
    compared: int
    equal: int
    largest: float
    relative: float
    shape_change: float | None

    @property
    def name(self) -> str:
        """What to call it in a message: ``bias of CONV_2D 3``."""
        return f"{self.part} of {self.kind} {self.operator}"

    @property
    def moved(self) -> bool:
        """Whether it is not the original's any more."""
        return self.relative > STILL


def find_weight_deltas(pairs: Iterable[KernelPair]) -> tuple[WeightDelta, ...]:
    """How far every kernel and every bias is from the original's, in the order of the graph.

    Differences that are no finite number count as the largest float64.
    """
    found = []
    for pair in pairs:
        found.append(_delta(pair.found, "kernel", pair.found.rows, pair.original.rows))
        biases = pair.biases()
        if biases is not None:
            found.append(_delta(pair.found, "bias", *(bias.reshape(-1, 1) for bias in biases)))
    return tuple(found)


def _delta(kernel: Kernel, part: str, now: Rows, before: Rows) -> WeightDelta:
    compared = ~negligible(now) | negligible(before)
    largest, top = _largest_difference(now, before, compared), _largest(before)
    rescaled = _largest_difference(now, _rescaled(before, now), compared) if part == "kernel" else None
    return WeightDelta(
        operator=kernel.operator,
        kind=kernel.kind,
        part=part,
        compressible=kernel.compressible and part == "kernel",
        values=now.size,
        compared=int(compared.sum()),
        equal=int((compared & (now == before)).sum()),
        largest=largest,
        relative=_ratio(largest, top),
        shape_change=None if rescaled is None else _ratio(rescaled, top),
    )


def _largest(values: NDArray[Any], where: NDArray[np.bool_] | None = None) -> float:
    """The largest size of a value; the largest float64 where one is not finite."""
    chosen = values.astype(np.float64) if where is None else values.astype(np.float64)[where]
    return float(np.abs(np.where(np.isfinite(chosen), chosen, LARGEST)).max(initial=0.0))


def _largest_difference(now: NDArray[Any], before: NDArray[Any], compared: NDArray[np.bool_]) -> float:
    with np.errstate(invalid="ignore"):
        return _largest(now.astype(np.float64) - before.astype(np.float64), compared)


def _ratio(difference: float, top: float) -> float:
    if difference == 0:
        return 0.0
    return min(difference / top, LARGEST) if top > 0 else LARGEST


def _rescaled(before: Rows, now: Rows) -> NDArray[np.float64]:
    """The original's rows, each with the factor that brings it nearest to the file's."""
    with np.errstate(invalid="ignore", over="ignore"):
        old, new = np.where(now != 0, before, 0).astype(np.float64), now.astype(np.float64)
        squares = np.square(old).sum(axis=1)
        factors = np.divide((old * new).sum(axis=1), squares, out=np.ones(len(old)), where=squares > 0)
        scaled: NDArray[np.float64] = before.astype(np.float64) * factors[:, None]
    return scaled


@dataclass(frozen=True)
class Tuning:
    """Which parts fine-tuning moved. ``still`` and ``moved`` are the names of parts."""

    moved: tuple[str, ...]
    still: tuple[str, ...]

    @property
    def tuned(self) -> bool:
        """Whether anything moved."""
        return bool(self.moved)

    @property
    def frozen(self) -> bool:
        """Whether some parts moved and others did not: layers that were not trainable."""
        return bool(self.moved) and bool(self.still)


def tuning(found: Iterable[WeightDelta], *, clustered: bool) -> Tuning:
    """Sorts parts into those that moved and those that did not.

    :param clustered: leaves compressible kernels out, since clustering moves them without any training
    """
    counted = [each for each in found if each.compared and not (clustered and each.compressible)]
    return Tuning(
        moved=tuple(each.name for each in counted if each.moved),
        still=tuple(each.name for each in counted if not each.moved),
    )
