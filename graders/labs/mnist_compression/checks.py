"""What the lab's checks share: types of operators and tensors, and the diagnosis of mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, observe

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.framework.model_tester.files import FileEvidence
    from graders.labs.mnist_compression.evidence import KerasModel, LiteFile, NotebookEvidence
    from graders.labs.mnist_compression.network import Layers

DENSE = "dense layer's kernel"
FLOAT = frozenset({"float32"})
INT8 = frozenset({"int8", "uint8", "int4"})
ENDS = frozenset({"QUANTIZE", "DEQUANTIZE"})
SHOWN = 3


def require_float_ends(file: LiteFile) -> None:
    """Fails unless inputs and outputs are float32."""
    from graders.measure.tflite import io_dtypes  # not where tests are only collected

    ends = io_dtypes(file.file.model)
    types = {*ends.inputs, *ends.outputs}
    check(
        types == FLOAT,
        measured=f"{file.name} has inputs and outputs of type {_listed(types)}",
        expected="float32 inputs and outputs",
        hint="float_ends",
    )


def require_float(file: LiteFile) -> None:
    """Fails unless the weights are float32 as well."""
    require_float_ends(file)
    types = {kernel.dtype for kernel in file.kernels.values()}
    check(
        types == FLOAT,
        measured=f"kernels of type {_listed(types)} in {file.name}",
        expected="float32 kernels",
        hint="not_float",
    )


def require_int8_weights(file: LiteFile) -> None:
    """Fails unless the dense layer's kernel is stored in int8; the converter does not quantise small kernels."""
    found = file.kernels[DENSE].dtype
    check(
        found in INT8,
        measured=f"the dense layer's kernel of {file.name} is stored in {found}",
        expected="int8",
        hint="float16" if found == "float16" else "weights_not_quantised",
    )


def activations_of(file: FileEvidence) -> set[str]:
    """The types of activations between operators, without inputs, outputs and shapes."""
    graph = file.model.main
    found = set()
    for operator in graph.operators:
        if operator.code in ENDS:
            continue
        for index in (*operator.inputs, *operator.outputs):
            if index >= 0 and not graph.tensors[index].constant:
                found.add(graph.tensors[index].dtype)
    return found - {"int32", "int64", "bool"}


def require_integer(file: LiteFile, evidence: NotebookEvidence) -> None:
    """Fails unless kernels are int8 and every activation is an integer."""
    kernels = {kernel.dtype for kernel in file.kernels.values()}
    between = activations_of(file.file)
    check(
        kernels <= INT8 and not any("float" in dtype for dtype in between),
        measured=f"{_listed(kernels)} kernels and {_listed(between)} activations in {file.name}",
        expected="int8 kernels and int8 activations",
        hint=_why_float(file, kernels, evidence),
    )


def _why_float(file: LiteFile, kernels: set[str], evidence: NotebookEvidence) -> str:
    if kernels & {"float32"} and file.kernels[DENSE].dtype == "float32":
        return "qat_not_default" if aware_range(file) or _aware(evidence) else "qat_plain_float"
    return "qat_dynamic"


def _aware(evidence: NotebookEvidence) -> bool:
    from graders.labs.mnist_compression.network import QUANTISATION_AWARE

    return QUANTISATION_AWARE in evidence.parameters.values()


def aware_range(file: LiteFile) -> float:
    """The largest input that the file's first quantisation can represent; 0 if it has none."""
    graph = file.file.model.main
    for operator in graph.operators:
        tensors = [graph.tensors[index] for index in (*operator.outputs, *operator.inputs) if index >= 0]
        for tensor in tensors:
            if not tensor.constant and tensor.quantization is not None and tensor.quantization.scales:
                return (127 - tensor.quantization.zero_points[0]) * tensor.quantization.scales[0]
    return 0.0


def require_same_weights(file: LiteFile, others: Layers, lab: Lab, hint: str, whose: str) -> None:
    """Fails unless the file's weights are the given ones, up to rounding to 8 bits."""
    wrong, exact = [], 0.0
    for name, values in others.arrays.items():
        scale = file.kernels[name].scale if name in file.kernels else 0.0
        size = float(abs(values).max()) or 1.0
        off = file.layers.worst(others, name)
        if not scale:
            exact = max(exact, off / size)
        if off > max(0.51 * scale, lab.thresholds["same"] * size):
            wrong.append(name)
    check_threshold(lab, "same", exact)
    check(
        not wrong,
        measured=f"{file.name}: different weights in the {' and the '.join(wrong)}"
        if wrong
        else f"{file.name}: {whose}",
        expected=whose,
        hint=hint,
    )


def require_trained(evidence: NotebookEvidence, lab: Lab) -> None:
    """Fails if the baseline learned nothing, because comparing with it is meaningless then."""
    before = baseline_accuracy(evidence)
    check(
        check_threshold(lab, "learned", before, at_least=True),
        measured=f"the baseline classifies {before:.1%} of the hidden digits correctly",
        expected=f"at least {lab.thresholds['learned']:.0%}, as a trained network reaches",
        hint="not_trained",
    )


def require_accuracy(found: float, before: float, most: str, lab: Lab, hint: str) -> None:
    """Fails if an accuracy is too far below another on the same digits. :param most: the threshold's name."""
    observe(accuracy=round(found, 4), before=round(before, 4))
    check(
        check_threshold(lab, most, before - found),
        measured=f"{found:.1%} of {lab.settings['graded_images']} hidden digits correct, {before:.1%} before",
        expected=f"at least {before - lab.thresholds[most]:.1%}",
        hint=hint,
    )


def baseline_layers(evidence: NotebookEvidence) -> Layers:
    """The baseline's weights: from the float file, or if there is none, from the file with its weights."""
    if evidence.non_quantised.value is not None:
        return evidence.non_quantised.value.layers
    if evidence.baseline.value is not None:
        return evidence.baseline.value.layers
    return evidence.non_quantised.get().layers


def baseline_accuracy(evidence: NotebookEvidence) -> float:
    """The baseline's accuracy on the hidden digits."""
    if evidence.non_quantised.value is not None and evidence.non_quantised.value.quality.value is not None:
        return evidence.non_quantised.value.quality.value.accuracy
    return evidence.baseline.get().accuracy


def zeros_text(model: KerasModel, wrong: Sequence[str]) -> str:
    """The kernels' zeros in words, the wrong ones first."""
    names = [*wrong, *(name for name in model.layers.arrays if "kernel" in name and name not in wrong)]
    return ", ".join(
        f"{model.layers.zeros(name):,} of {model.layers.size(name):,} in the {name}" for name in names[:SHOWN]
    )


def _listed(types: set[str]) -> str:
    return ", ".join(sorted(types)) or "no type"
