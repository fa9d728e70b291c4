"""Whether a run of lab 2 shows work that succeeded, however much of it."""

from __future__ import annotations

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.labs.l02_quantization.evidence import Evidence, Fp32Evidence, NativeEvidence


def require_work(evidence: Evidence, lab: Lab) -> None:
    """Fails unless predictions, weights or the file are those of the given model.

    :raises RunError: what the run lacks.
    """
    if isinstance(evidence, NativeEvidence):
        of_model = evidence.predictions.get().worst <= lab.thresholds["predictions"]
    elif isinstance(evidence, Fp32Evidence):
        weights = evidence.weights.get()
        of_model = not weights.difference and weights.worst <= lab.thresholds["weights"]
    else:
        of_model = not evidence.file.get().stranger
    if not of_model:
        raise RunError(Verdict.LOST, "no run gave predictions or a file of the given model")
