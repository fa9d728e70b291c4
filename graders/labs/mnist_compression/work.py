"""Whether the notebook's execution shows work that succeeded, however much of it."""

from __future__ import annotations

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.definition import Lab
from graders.labs.mnist_compression import checks
from graders.labs.mnist_compression.evidence import NotebookEvidence


def require_work(evidence: NotebookEvidence, lab: Lab) -> None:
    """Fails unless some file holds a trained network, converted or pruned: starter code may train and save one.

    :raises RunError: what the run lacks.
    """
    lite = (
        evidence.non_quantised, evidence.post_training, evidence.quantisation_aware, evidence.pruned_quantised,
    )  # fmt: skip
    found = [each.value.quality.value.accuracy for each in lite if each.value and each.value.quality.value]
    if evidence.pruned.value is not None and evidence.pruned.value.layers.sparsest() >= checks.SPARSE:
        found.append(evidence.pruned.value.accuracy)
    if not found:
        checks.require_written(evidence, *evidence.gaps)
        evidence.non_quantised.get()
    if not any(accuracy >= lab.thresholds["learned"] for accuracy in found):
        raise RunError(Verdict.LOST, "no file of the notebook holds a trained network")
