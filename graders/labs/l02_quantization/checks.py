"""Checks that INT8Model and ImbalancedINT8Model share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graders.framework.checks import NeedsManualReview, check, check_threshold, first_fault
from graders.measure.tflite import Model, Operator, Subgraph
from graders.measure.tflite.graph import FORM_OPERATORS
from graders.measure.tflite.model import INTEGER_DTYPES

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.framework.model_tester.files import FileEvidence
    from graders.framework.model_tester.runner import Agreement
    from graders.labs.l02_quantization.evidence import Int8Evidence, QuantiseEvidence

MOST_NAMED, LONGEST = 3, 18
INT8_RUN = "int8-"
CODES = "output codes"
"""The unit of an agreement that was counted in codes."""
# Digits, alone or in groups of three behind what languages and tools put between them: comma, point, space, apostrophe.
DIGITS = re.compile(r"\d+")
GROUPED = re.compile(r"\d{1,3}(?:([,._' \u00a0\u2009\u202f\u2019])\d{3})(?:\1\d{3})*(?!\d)")


def whole_numbers(text: str) -> set[int]:
    """Every whole number in a text, however its thousands are set apart."""
    grouped = (re.sub(r"\D", "", found[0]) for found in GROUPED.finditer(text))
    # Of more digits than any count has, Python would refuse to make a number.
    return {int(digits) for digits in (*DIGITS.findall(text), *grouped) if len(digits) <= LONGEST}


def require_int8_io(file: FileEvidence) -> None:
    """Fails unless input and output are both int8."""
    types = (file.input.dtype, file.output.dtype)
    if inner_dtypes(file) == {"float32"} and types == ("float32", "float32"):
        hint = "int8_float_model"
    elif "uint8" in types:
        hint = "int8_uint8_io"
    elif "int8" in types:
        hint = "int8_one_io"
    else:
        hint = "int8_float_io"
    check(
        types == ("int8", "int8"),
        measured=f"input {types[0]}, output {types[1]}",
        expected="input int8, output int8",
        hint=hint,
    )


def inherits_ends(file: FileEvidence, other_runs: Mapping[str, Any]) -> bool:
    """Whether input and output have the types that they have in the file of every run of INT8Model."""
    plain = [found.file.value for name, found in other_runs.items() if name.startswith(INT8_RUN)]
    ends = {None if each is None else (each.input.dtype, each.output.dtype) for each in plain}
    return ends == {(file.input.dtype, file.output.dtype)}


def _computing(model: Model) -> list[tuple[Subgraph, Operator]]:
    """The operators that compute, those of graphs that others call included."""
    return [
        (graph, operator)
        for graph in model.subgraphs
        for operator in graph.operators
        if operator.code not in FORM_OPERATORS
    ]


def inner_dtypes(file: FileEvidence) -> set[str]:
    """The types of what the network's operators compute."""
    return {tensor.dtype for graph, operator in _computing(file.model) for tensor in graph.tensors_of(operator.outputs)}


def require_integer_inside(file: FileEvidence) -> None:
    """Fails if an operator computes in float, is custom or is Flex; conversions at input and output aside."""
    computing = _computing(file.model)
    wrong = []
    for graph, operator in computing:
        around = [*graph.tensors_of(operator.inputs), *graph.tensors_of(operator.outputs)]
        floats = sorted({tensor.dtype for tensor in around} - INTEGER_DTYPES)
        if operator.is_custom or floats:
            wrong.append(f"{operator.label} ({'custom' if operator.is_custom else ', '.join(floats)})")
    hint = "int8_float_ops"
    if any(operator.is_custom for _, operator in computing):
        hint = "not_builtin"
    elif inner_dtypes(file) == {"float32"}:
        tensors = file.model.main.tensors
        stored_int8 = any(tensor.constant and tensor.dtype == "int8" for tensor in tensors)
        hint = "int8_weights_only" if stored_int8 else "int8_float_model"
    shown = ", ".join(wrong[:MOST_NAMED]) + (f" and {len(wrong) - MOST_NAMED} more" if len(wrong) > MOST_NAMED else "")
    check(
        not wrong,
        measured=f"{len(wrong)} of {len(computing)} operators are not integer: {shown}",
        expected="integer operators only",
        hint=hint,
    )


def require_calibration(evidence: Int8Evidence, hint: str) -> None:
    """Fails unless the parameters found are those that calibration on the requested samples gives.

    :raises NeedsManualReview: if the given network was converted to another graph, whose activations can't be paired.
    """
    file = evidence.file.get().of_given()
    found = evidence.calibration.get()
    if found.difference and first_fault(lambda: require_int8_io(file), lambda: require_integer_inside(file)) is None:
        raise NeedsManualReview(
            f"the given network as another graph, whose ranges can't be compared: {found.difference}"
        )
    check(
        not found.difference,
        measured=f"a different network: {found.difference}",
        expected="the given network, quantised",
        hint="other_network",
        difference=found.difference,
    )
    check(
        found.calibrated,
        measured="no activation has quantisation parameters",
        expected=f"parameters calibrated on {evidence.requested}",
        hint="calibration_float",
    )
    shown = ""
    ours, theirs = found.worst or (None, None)
    if ours is not None and theirs is not None:
        shown = (
            f"; the first mismatch has scale {ours.scale:.6g} and zero point {ours.zero_point}, "
            f"expected {theirs.scale:.6g} and {theirs.zero_point}"
        )
    left_out = (
        f"; {found.unknowable} more were not compared: float noise decides their range" if found.unknowable else ""
    )
    if not found.compared:
        raise NeedsManualReview(f"no activation shows which samples were used{left_out}")
    check(
        found.equal == found.compared,
        measured=f"{found.equal} of {found.compared} activations have the expected scale and zero point"
        f"{shown}{left_out}",
        expected=f"parameters calibrated on {evidence.requested}",
        hint=f"{hint}_recognised" if found.recognised else hint,
        recognised=found.recognised or "",
        requested=evidence.requested,
    )


def require_quantise(found: QuantiseEvidence) -> None:
    """Fails if an input was not quantised with the file's scale and zero point."""
    check(
        found.values > 0 and not found.unanswered,
        measured="no quantised input was found in the interpreter's input tensor"
        + (f" for {found.unanswered} of the inputs" if found.unanswered and found.values else ""),
        expected="the quantised input in the input tensor after preprocess_input",
        hint="float_given",
    )
    # A known mistake may make all images alike, which on its own looks as if they were set late.
    check(
        found.in_time or found.mistake is not None,
        measured="the input tensor changes during run_inference",
        expected="the quantised input in the input tensor when preprocess_input returns",
        hint="work_in_run_inference",
    )
    example, encoding = found.example, found.encoding
    correct = "the input unchanged"
    if encoding.quantised:
        correct = f"clip(round(x / {encoding.scale:.6g}) + {encoding.zero_point})"
    if example is None:
        measured = f"all {found.values:,} values are correct"
    else:
        measured = f"{example.value:.7g} became {example.got:g} ({encoding.dtype}); {example.expected:g} is correct"
    check(
        example is None,
        measured=measured,
        expected=f"{correct} for each of the {found.values:,} values tried",
        hint=found.mistake or ("quantise" if encoding.quantised else "same_as_file"),
    )


def require_dequantise(found: Agreement, lab: Lab) -> None:
    """Fails if postprocess_outputs does not return the dequantised output."""
    example = found.example
    if example is None:
        measured = f"correct values for {found.images} images and for the codes passed in"
    else:
        measured = f"output {example.value:g} became {example.got:.6g}; {example.expected:.6g} is correct"
    near = found.unit != CODES or check_threshold(lab, "code_differences", found.worst)
    check(
        example is None and near,
        measured=measured,
        expected="(code - zero_point) * scale for every output",
        hint=found.mistake or "dequantise",
    )
