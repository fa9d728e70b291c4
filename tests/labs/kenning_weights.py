"""Evidence of Kenning's lab, made by hand."""

from __future__ import annotations

from typing import Any

from graders.core.errors import RunError
from graders.core.result import Result, failure
from graders.core.verdicts import Verdict
from graders.labs.kenning_compression.evidence import LayerWeights, OptimizedEvidence, Weights
from graders.labs.kenning_compression.training import Training
from graders.measure.compression import Distinct, Misplaced, Zeros

STILL = Training(0, 0, 0.0, 0.0, moved=False)
NONE: Result[Any] = failure(RunError(Verdict.MISSING, "no file was written"))


def layer(
    zeros: int = 0, *, values: int | None = None, same: bool = False, dense: bool = True, number: int = 0, **others: Any
) -> LayerWeights:
    """A kernel of 100 weights."""
    kind = "FULLY_CONNECTED" if dense else "CONV_2D"
    count = 100 - zeros if values is None else values
    counted = Zeros(number, kind, True, 100, zeros, others.pop("near_zeros", 0), 10, 0, 0, False)
    usual = {"given_zeros": 0, "kept_zeros": 0, "smallest": 1.0, "members": 1.0, "error": 0.0, "spacing": None}
    name = f"layer_{number}"
    distinct = Distinct(number, kind, False, 10, count, 10)
    return LayerWeights(name, dense, counted, distinct, same, **(usual | others))


def weights(*layers: LayerWeights, training: Training = STILL, misplaced: tuple[Misplaced, ...] = ()) -> Weights:
    """The weights of a file."""
    return Weights(layers, misplaced, (), training, ())


def optimized(
    *layers: LayerWeights, training: Training = STILL, pruning: bool = True, **parameters: Any
) -> OptimizedEvidence:
    """The evidence of a run."""
    found = Result(weights(*layers, training=training))
    return OptimizedEvidence(pruning, "functional", parameters, 48, 60, NONE, found, NONE, NONE)
