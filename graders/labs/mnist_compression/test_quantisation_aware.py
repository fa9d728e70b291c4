"""Quantisation-aware training: integers throughout, trained, accurate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, criterion, observe
from graders.labs.mnist_compression import checks

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.evidence import NotebookEvidence

START = 6 / 127
"""The scale of kernels whose ranges are where tfmot's wrappers start, -6 to 6: every training step updates them."""


@criterion("mnist.qat.quantised", runs="notebook")
@checks.depends_on("FILE_QAT_QUANTIZED")
def test_the_file_is_quantised(evidence: NotebookEvidence, lab: Lab) -> None:
    """Kernels and activations are integers, of a quantisation-aware model; inputs and outputs may be float32."""
    file = evidence.quantisation_aware.get()
    checks.require_integer(file, evidence)
    checks.require_learned(file, evidence, lab)


@criterion("mnist.qat.trained", runs="notebook")
@checks.depends_on("FILE_QAT_QUANTIZED")
def test_the_model_was_trained(evidence: NotebookEvidence, lab: Lab) -> None:
    """The weights are not just those of the start or of the baseline, rounded, and the ranges were learned."""
    file = evidence.quantisation_aware.get()
    moved = checks.moved_from_start(file.layers, evidence)
    top = checks.aware_range(file)
    observe(moved={name: round(share, 4) for name, share in moved.items()}, input_range=round(top, 3))
    far = max(moved.values())
    trained = checks.has_moved(file, evidence, lab)
    measured = f"kernels of {file.name} differ by {far:.1%} from those before quantisation-aware training"
    if all(abs(kernel.scale / START - 1) < 0.01 for kernel in file.kernels.values()):
        trained = False
        measured = f"kernels of {file.name} have ranges from -6 to 6, the initial ones before any training"
    check(
        trained,
        measured=measured,
        expected=f"more than {lab.thresholds['moved']:.0%}, as after an epoch of training",
        hint=checks.why_untrained(file, evidence),
    )
    checks.require_trained_weights(file.name, file.layers, evidence, lab)


@criterion("mnist.qat.accuracy", runs="notebook")
@checks.depends_on("FILE_QAT_QUANTIZED")
def test_accuracy(evidence: NotebookEvidence, lab: Lab) -> None:
    """The file is about as accurate as the baseline."""
    file = evidence.quantisation_aware.get()
    found = file.quality.get().accuracy
    checks.require_trained(evidence, lab)
    checks.require_learned(file, evidence, lab)
    if checks.has_moved(file, evidence, lab):
        # Rounded weights of another model are charged elsewhere; noise on them makes them nothing better.
        checks.require_trained_weights(file.name, file.layers, evidence, lab)
    checks.require_accuracy(found, checks.baseline_accuracy(evidence), "aware", lab, "accuracy_aware")
