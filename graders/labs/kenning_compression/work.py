"""Whether a run shows work that succeeded, however much of it; and whether any run pruned a model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graders.core.errors import RunError
from graders.core.verdicts import Verdict

if TYPE_CHECKING:
    from graders.labs.kenning_compression.evidence import Evidence, Weights

ENOUGH = 4
"""Of so many runs that prune, at least one has zeros."""
FEW = 0.02
"""Fewer zeros than this share are no pruning."""


@dataclass(frozen=True)
class Overview:
    """What all runs show together. ``prunes``: some run pruned a model, or none that should have was executed.

    If nothing ever prunes, a model without zeros is no sign of a schedule.
    """

    prunes: bool


def overview(found: Iterable[Evidence | None]) -> Overview:
    """Of the runs that were executed; None for a run without evidence."""
    from graders.labs.kenning_compression.evidence import OptimizedEvidence

    optimized = [each for each in found if isinstance(each, OptimizedEvidence) and each.pruning]
    if len(optimized) < ENOUGH:
        return Overview(True)
    return Overview(any(each.weights.value and share_of_zeros(each.weights.value) >= FEW for each in optimized))


def share_of_zeros(weights: Weights) -> float:
    """The share of all compressible weights that is zero."""
    total = sum(each.zeros.weights for each in weights.layers)
    return sum(each.zeros.zeros for each in weights.layers) / total if total else 0.0


def require_work(evidence: Evidence) -> None:
    """Fails unless the file is of the given network and was changed. :raises RunError: what the run lacks."""
    from graders.labs.kenning_compression.evidence import OptimizedEvidence

    if not isinstance(evidence, OptimizedEvidence):
        raise RunError(Verdict.MISSING, "no optimizer wrote a model")
    found = evidence.weights.get()
    if all(each.same for each in found.layers) and not found.training.moved:
        raise RunError(Verdict.LOST, "no optimizer changed the model that it was given")
