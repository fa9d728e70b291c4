"""What training moved: a compressed file's parameters against the original model's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.evidence.compression.kernels import KernelPair

STILL = 1e-6
"""A part that moved by no more, relative to its largest value, did not move: two conversions of the same weights may
differ in the last bit where batch normalisation is folded in."""


@dataclass(frozen=True)
class Movement:
    """How far one part, ``"kernel"`` or ``"bias"``, is from the original's.

    ``kept`` of its ``values`` are not zero in the file, and those alone are compared: ``equal`` of them are the same
    float32 as before. ``largest`` is the largest difference, ``relative`` the same as a share of the original's largest
    value. ``bent`` is, for a kernel, the relative difference that remains when each output channel is scaled as fits
    best: what batch normalisation's statistics alone can't explain. An optimizer like Adam moves a weight by about its
    learning rate in a step, so ``largest`` of a dense layer, over the learning rate, is a lower bound of the steps.
    """

    operator: int
    kind: str
    part: str
    compressible: bool
    values: int
    kept: int
    equal: int
    largest: float
    relative: float
    bent: float | None

    @property
    def name(self) -> str:
        """What to call it in a message: ``bias of CONV_2D 3``."""
        return f"{self.part} of {self.kind} {self.operator}"

    @property
    def moved(self) -> bool:
        """Whether it is not the original's any more."""
        return self.relative > STILL


def movements(pairs: Iterable[KernelPair]) -> tuple[Movement, ...]:
    """How far every kernel and every bias is from the original's, in the order of the graph.

    Differences that are no finite number count as the largest float64.
    """
    found = []
    for pair in pairs:
        found.append(_movement(pair, "kernel"))
        if pair.found.bias is not None and pair.original.bias is not None:
            found.append(_movement(pair, "bias"))
    return tuple(found)


def _movement(pair: KernelPair, part: str) -> Movement:
    now, before = pair.found.rows, pair.original.rows
    if part == "bias":
        assert pair.found.bias is not None
        assert pair.original.bias is not None
        now, before = pair.found.bias.reshape(-1, 1), pair.original.bias.reshape(-1, 1)
    kept = (now != 0) | (before == 0)
    largest, top = _largest_difference(now, before, kept), _largest(before)
    return Movement(
        operator=pair.found.operator,
        kind=pair.found.kind,
        part=part,
        compressible=pair.found.compressible and part == "kernel",
        values=now.size,
        kept=int(kept.sum()),
        equal=int((kept & (now == before)).sum()),
        largest=largest,
        relative=_ratio(largest, top),
        bent=_ratio(_largest_difference(now, _rescaled(before, now), kept), top) if part == "kernel" else None,
    )


def _largest(values: NDArray[np.float32]) -> float:
    return _bounded(float(np.abs(values.astype(np.float64)).max(initial=0.0)))


def _largest_difference(now: NDArray[Any], before: NDArray[Any], kept: NDArray[np.bool_]) -> float:
    with np.errstate(invalid="ignore"):
        differences = np.abs(now.astype(np.float64) - before.astype(np.float64))
    return _bounded(float(differences.max(initial=0.0, where=kept)))


def _bounded(value: float) -> float:
    return value if np.isfinite(value) else float(np.finfo(np.float64).max)


def _ratio(difference: float, top: float) -> float:
    if difference == 0:
        return 0.0
    return min(difference / top, float(np.finfo(np.float64).max)) if top > 0 else float(np.finfo(np.float64).max)


def _rescaled(before: NDArray[np.float32], now: NDArray[np.float32]) -> NDArray[np.float64]:
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


def tuning(found: Iterable[Movement], *, clustered: bool) -> Tuning:
    """Sorts parts into those that moved and those that did not.

    :param clustered: leaves compressible kernels out, since clustering moves them without any training
    """
    counted = [each for each in found if each.kept and not (clustered and each.compressible)]
    return Tuning(
        moved=tuple(each.name for each in counted if each.moved),
        still=tuple(each.name for each in counted if not each.moved),
    )
