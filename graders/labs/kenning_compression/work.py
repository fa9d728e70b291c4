"""Whether a run shows work that succeeded, however much of it."""

from __future__ import annotations

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.labs.kenning_compression.evidence import Evidence, OptimizedEvidence


def require_work(evidence: Evidence) -> None:
    """Fails unless the file is of the given network and was changed. :raises RunError: what the run lacks."""
    if not isinstance(evidence, OptimizedEvidence):
        raise RunError(Verdict.MISSING, "no optimizer wrote a model")
    found = evidence.weights.get()
    if all(each.same for each in found.layers) and not found.training.moved:
        raise RunError(Verdict.LOST, "no optimizer changed the model that it was given")
