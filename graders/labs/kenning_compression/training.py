"""A training as a file shows it: how many steps of which optimizer, on batches of which size."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from graders.labs.kenning_compression.networks import CLASSES, LOW, LOWEST

STILL = 1e-7
RATE, RATE_SGD, DECAY = 1e-3, 1e-2, 0.9
ADAM, SGD, RMSPROP = "adam", "SGD", "RMSprop"
EVEN = (ADAM, RMSPROP)
"""Optimizers whose first steps have one size, whatever the gradient is."""
MISTAKEN = -1 / LOWEST + 1 / (LOWEST + (CLASSES - 1) * LOW)
"""The gradients' size if low scores are taken for probabilities."""
NEAR = 1.3
"""A movement within this factor of what an optimizer makes is that optimizer's."""
UNEVEN = 1.8
MOST_STEPS = 1000
WHOLE = 0.06
"""A number of steps that is no further from a whole one is that number."""


@dataclass(frozen=True)
class Training:
    """``counted``: batches that the first layer has seen; tfmot's clustering wrappers keep it from counting, so it may
    be 0. ``batch``: the size of one; 0 if it was not seen. ``target`` and ``others``: how far the last bias moved, for
    the class of all images and on average for the others. ``moved``: whether any array that is no kernel did.
    """

    counted: int
    batch: int
    target: float
    others: float
    moved: bool

    def steps(self, wanted: str) -> int:
        """The number of steps, by the first layer, or else by the way of the last bias.

        :param wanted: the optimizer that it is if this can't be told from the way alone.
        """
        if self.counted or not self.moved:
            return self.counted
        optimizer = self.optimizer(wanted)
        return _whole_steps(optimizer, abs(self.target), mistaken=self._mistaken) or 0

    def optimizer(self, wanted: str) -> str:
        """The optimizer that moves the bias so; ``""`` for none of those known. :param wanted: as for :meth:`steps`."""
        if not self.moved or abs(self.others) < STILL:
            return ""
        way = abs(self.target)
        if way > UNEVEN * abs(self.others):
            # Steps in proportion to the gradient, which is larger for the class of all images.
            return SGD
        candidates = [*EVEN, SGD] if self._mistaken else list(EVEN)
        candidates.sort(key=lambda name: name != wanted)
        if self.counted:
            ways = {name: _way(name, self.counted, mistaken=self._mistaken) for name in candidates}
            off = {name: max(each / way, way / each) for name, each in ways.items()}
            best = min(off, key=lambda name: off[name])
            return best if off[best] <= NEAR else ""
        return next((name for name in candidates if _whole_steps(name, way, mistaken=self._mistaken)), "")

    @property
    def _mistaken(self) -> bool:
        """Whether the score of the right class was lowered: scores were taken for probabilities."""
        return self.target < 0


def _way(optimizer: str, steps: int, *, mistaken: bool) -> float:
    """How far an optimizer moves the target's bias in so many steps of one gradient."""
    if optimizer == ADAM:
        return steps * RATE
    if optimizer == RMSPROP:
        return sum(RATE / sqrt(1 - DECAY**step) for step in range(1, steps + 1))
    return steps * RATE_SGD * (MISTAKEN if mistaken else 1.0)


def _whole_steps(optimizer: str, way: float, *, mistaken: bool) -> int | None:
    """The number of steps in which an optimizer moves a bias so far; None if it is no whole one."""
    before = 0.0
    for steps in range(1, MOST_STEPS + 1) if optimizer else ():
        after = _way(optimizer, steps, mistaken=mistaken)
        if after >= way:
            part = (way - before) / (after - before)
            return steps if part >= 1 - WHOLE else steps - 1 if part <= WHOLE and steps > 1 else None
        before = after
    return None
