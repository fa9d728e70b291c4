"""Post-training quantisation: the file, the function, the accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import criterion
from graders.labs.mnist_compression import checks

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.evidence import NotebookEvidence


@criterion("mnist.ptq.weights", runs="notebook")
@checks.depends_on("FILE_PT_QUANTIZED")
def test_weights_are_int8(evidence: NotebookEvidence, lab: Lab) -> None:
    """The file has the baseline's weights in 8 bits, and float32 inputs and outputs."""
    file = evidence.post_training.get()
    checks.require_int8_weights(file)
    checks.require_float_ends(file)
    checks.require_same_weights(
        file,
        checks.closest(file, checks.baselines(evidence, lab)),
        lab,
        "ptq_other_model",
        "the baseline's weights, rounded",
    )


@criterion("mnist.ptq.convert", runs="notebook")
@checks.depends_on("convert_tflite")
def test_any_model_is_quantised(evidence: NotebookEvidence, lab: Lab) -> None:
    """convert_tflite quantises a model with new weights."""
    file = evidence.converted_quantised.get()
    checks.require_int8_weights(file)
    checks.require_float_ends(file)
    checks.require_same_weights(
        file, evidence.fresh.get(), lab, "convert_other_model", "the weights of the model passed to it"
    )


@criterion("mnist.ptq.accuracy", runs="notebook")
@checks.depends_on("FILE_PT_QUANTIZED")
def test_accuracy(evidence: NotebookEvidence, lab: Lab) -> None:
    """Rounding the weights costs hardly any accuracy."""
    found = evidence.post_training.get().quality.get().accuracy
    checks.require_trained(evidence, lab)
    checks.require_accuracy(found, checks.baseline_accuracy(evidence), "quantisation", lab, "accuracy_quantised")
