"""FP32Model: a float32 file with the given model's weights, and a class that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.framework.checks import check, check_threshold, criterion
from graders.framework.definition import Lab
from graders.framework.model_tester.checks import require_inference_only, require_predictions
from graders.measure.tflite import compute_ops, io_dtypes

if TYPE_CHECKING:
    from graders.framework.timing import Timing
    from graders.labs.l02_quantization.evidence import Fp32Evidence


@criterion("l02.fp32.file", runs="fp32")
def test_file_is_float32(evidence: Fp32Evidence) -> None:
    """Inputs, outputs and weights of the file are float32, and its operators are built-in."""
    file = evidence.file.get().of_given()
    types = {tensor.dtype for tensor in file.model.main.tensors if tensor.dtype not in ("int32", "int64", "bool")}
    inout = io_dtypes(file.model)
    foreign = [operator.label for operator in compute_ops(file.model) if operator.is_custom]
    inner = f"tensors of {', '.join(sorted(types))}" + (f", operators {', '.join(foreign)}" if foreign else "")
    check(
        types == {"float32"} and not foreign,
        measured=f"input {', '.join(inout.inputs)}, output {', '.join(inout.outputs)}, {inner}",
        expected="float32 tensors and built-in operators only",
        hint="fp32_not_float",
    )


@criterion("l02.fp32.weights", runs="fp32")
def test_weights_are_the_given_models(evidence: Fp32Evidence, lab: Lab) -> None:
    """Every weight equals the given model's with BatchNorm folded in, up to float rounding."""
    evidence.file.get().of_given()
    found, allowed = evidence.weights.get(), lab.thresholds["weights"]
    if found.difference:
        # Folded otherwise, or not at all: then the file computes what the given model does.
        off, most = evidence.scores.get(), lab.thresholds["predictions"]
        check(
            off <= most,
            measured=f"{found.difference}; scores differ from the given model's by up to {off:.2g} of their range",
            expected=f"the given model's weights, or its scores to within {most:g}",
            hint="fp32_weights",
        )
        return
    check(
        check_threshold(lab, "weights", found.worst),
        measured=f"{found.changed} of {found.tensors} weight tensors differ"
        + (f", the {found.where} by {found.worst:.2g} of its largest weight" if found.changed else ""),
        expected=f"differences of at most {allowed:g} of the largest weight",
        hint="fp32_weights",
    )


@criterion("l02.fp32.predictions", runs="fp32")
def test_predictions_are_the_files(evidence: Fp32Evidence, lab: Lab) -> None:
    """The class returns what its own file outputs for the same images."""
    require_predictions(evidence.predictions.get(), lab)


@criterion("l02.fp32.inference_only", runs="fp32")
def test_inference_leaves_the_input_alone(evidence: Fp32Evidence) -> None:
    """preprocess_input sets the input tensor, and run_inference leaves it unchanged."""
    require_inference_only(evidence.before_inference.get())


@criterion("l02.fp32.latency", runs="fp32")
def test_latency(evidence: Fp32Evidence, timing: Timing, benchmark: Any) -> None:
    """One inference takes no longer than with the reference's file, within measurement noise."""
    timing.require(evidence.file.get().of_given().artifact.path, "fp32", benchmark)
