"""INT8Model: full-integer quantisation, for every given calibration share and a hidden one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.framework.checks import check, check_threshold, criterion
from graders.framework.definition import Lab
from graders.labs.l02_quantization import checks

if TYPE_CHECKING:
    from graders.framework.timing import Timing
    from graders.labs.l02_quantization.evidence import Int8Evidence


@criterion("l02.int8.io_dtype", runs="int8-*")
def test_inputs_and_outputs_are_int8(evidence: Int8Evidence) -> None:
    """Inputs and outputs are int8: not float32, not uint8, and both of them."""
    checks.require_int8_io(evidence.file.get().of_given())


@criterion("l02.int8.integer_only", runs="int8-*")
def test_everything_inside_is_integer(evidence: Int8Evidence) -> None:
    """No operator or tensor between input and output is float, custom or Flex."""
    checks.require_integer_inside(evidence.file.get().of_given())


@criterion("l02.int8.calibration", runs="int8-*")
def test_calibration_samples(evidence: Int8Evidence) -> None:
    """Scale and zero point of every activation match calibration on the requested samples."""
    checks.require_calibration(evidence, "calibration")


@criterion("l02.int8.quantise", runs="int8-0.01,int8-drawn")
def test_any_input_is_quantised_correctly(evidence: Int8Evidence) -> None:
    """Any finite float32 becomes clip(round(x / scale) + zero_point), saturation included."""
    checks.require_quantise(evidence.quantise.get())


@criterion("l02.int8.dequantise", runs="int8-0.01,int8-drawn")
def test_outputs_are_real_values(evidence: Int8Evidence, lab: Lab) -> None:
    """postprocess_outputs returns (code - zero_point) * scale, not the codes."""
    checks.require_dequantise(evidence.dequantise.get(), lab)


@criterion("l02.int8.accuracy", runs="int8-*")
def test_accuracy_is_close_to_fp32(evidence: Int8Evidence, lab: Lab) -> None:
    """INT8 accuracy on the evaluation images is within the allowed drop of FP32's on the same images."""
    file = evidence.file.get().of_given()
    quantised = checks.inner_dtypes(file) == {"int8"}
    check(quantised, measured="the file is not quantised", expected="an INT8 file", hint="not_quantised_file")
    allowed = lab.thresholds["accuracy_drop"]
    found = evidence.evaluation.get()
    check(
        check_threshold(lab, "accuracy_drop", evidence.fp32_accuracy - found.accuracy),
        measured=f"{found.accuracy:.1%} on {found.samples} images",
        expected=f"at least {evidence.fp32_accuracy - allowed:.1%} (FP32 has {evidence.fp32_accuracy:.1%})",
        hint="accuracy",
    )


@criterion("l02.int8.size", runs="int8-*")
def test_size(evidence: Int8Evidence, lab: Lab) -> None:
    """The file is smaller than the FP32 file by as much as one byte per weight saves."""
    size, most = evidence.file.get().of_given().artifact.size, lab.thresholds["size_ratio"] * evidence.fp32_size
    check(
        check_threshold(lab, "size_ratio", size / evidence.fp32_size),
        measured=f"{size:,} bytes, {size / evidence.fp32_size:.0%} of the FP32 file",
        expected=f"at most {most:,.0f} bytes, {lab.thresholds['size_ratio']:.0%} of the FP32 file",
        hint="size",
    )


@criterion("l02.int8.latency", runs="int8-drawn")
def test_latency(evidence: Int8Evidence, timing: Timing, benchmark: Any) -> None:
    """One inference takes no longer than with the reference's file, within measurement noise."""
    timing.require(evidence.file.get().of_given().artifact.path, "int8", benchmark)
