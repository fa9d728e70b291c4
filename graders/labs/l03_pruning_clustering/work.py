"""Whether a run of lab 3 shows work that succeeded, however much of it."""

from __future__ import annotations

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.labs.l03_pruning_clustering.evidence import BaseEvidence, Evidence


def require_work(evidence: Evidence, lab: Lab) -> None:
    """Fails unless predictions are the file's own, or the file is of the given model's network.

    :raises RunError: what the run lacks.
    """
    if isinstance(evidence, BaseEvidence):
        of_model = evidence.predictions.get().worst <= lab.thresholds["predictions"]
    else:
        weights = evidence.compressed.get().weights
        # With wrappers left in it is another network, whose kernels are compared nevertheless.
        of_model = not weights.difference or bool(weights.weight_deltas)
    if not of_model:
        raise RunError(Verdict.LOST, "no run gave predictions or a file of the given model")
