"""Quantised after training: the file, the function, the accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.labs.checks import criterion
from graders.labs.mnist_compression import judging

if TYPE_CHECKING:
    from graders.labs.definition import Lab
    from graders.labs.mnist_compression.evidence import NotebookEvidence


@criterion("mnist.ptq.weights", runs="notebook")
def test_weights_are_int8(evidence: NotebookEvidence, lab: Lab) -> None:
    """The baseline's own weights, in 8 bits; inputs and outputs stay as they are."""
    file = evidence.post_training.get()
    judging.require_int8_weights(file)
    judging.require_float_ends(file)
    judging.require_same_weights(
        file, judging.baseline_layers(evidence), lab, "ptq_other_model", "the baseline's weights, rounded"
    )


@criterion("mnist.ptq.convert", runs="notebook")
def test_any_model_is_quantised(evidence: NotebookEvidence, lab: Lab) -> None:
    """A model with fresh weights."""
    file = evidence.converted_quantised.get()
    judging.require_int8_weights(file)
    judging.require_float_ends(file)
    judging.require_same_weights(
        file, evidence.fresh.get(), lab, "convert_other_model", "the weights of the model it was given"
    )


@criterion("mnist.ptq.accuracy", runs="notebook")
def test_accuracy(evidence: NotebookEvidence, lab: Lab) -> None:
    """Rounding the weights costs next to nothing."""
    found = evidence.post_training.get().quality.get().accuracy
    judging.require_trained(evidence, lab)
    judging.require_accuracy(found, judging.baseline_accuracy(evidence), "quantisation", lab, "accuracy_quantised")
