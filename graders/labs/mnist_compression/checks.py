"""What the lab's checks share: types of operators and tensors, and the diagnosis of mistakes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ParamSpec, cast

from graders.core.errors import RunError
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, check, check_threshold, observe

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.framework.model_tester.files import FileEvidence
    from graders.labs.mnist_compression.evidence import KerasModel, LiteFile, NotebookEvidence
    from graders.labs.mnist_compression.network import Layers
    from graders.submission.notebooks import Gap

DENSE = "dense layer's kernel"
FLOAT = frozenset({"float32"})
INT8 = frozenset({"int8", "uint8", "int4"})
ENDS = frozenset({"QUANTIZE", "DEQUANTIZE"})
KERNELS = ("convolution's kernel", DENSE)
SHOWN = 3
HALF_STEP = 0.51
"""How far rounding moves a weight at most, in steps, with what computing in float32 adds."""
BEYOND = 0.25
"""The share of a kernel's weights that are no rounding of earlier ones: of quantised weights 0, after an epoch 0.8."""
LEAST_CODES = {"int8": -128, "uint8": 0}
SPARSE = 0.05
"""The share of zeros from which on a kernel counts as pruned in some way."""


P = ParamSpec("P")


def depends_on(*things: str) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A check of files, by their constants, or functions: while code for them is missing, that is all it says."""

    def decorate(test: Callable[P, None]) -> Callable[P, None]:
        @functools.wraps(test)
        def checking(*arguments: P.args, **named: P.kwargs) -> None:
            evidence = cast("NotebookEvidence", named["evidence"])
            try:
                test(*arguments, **named)
            except (CheckFailed, RunError) as lost:
                # What is there of several things is earned all the same.
                if not getattr(lost, "holds", 0):
                    require_written(evidence, *things)
                raise

        return checking

    return decorate


def require_written(evidence: NotebookEvidence, *things: str) -> None:
    """:raises RunError: if something that these depend on is a gap of the template's."""
    first: dict[int, Gap] = {}
    for gap in (gap for thing in things for gap in evidence.gaps.get(thing, ())):
        first.setdefault(gap.cell, gap)
    if first:
        raise RunError(Verdict.MISSING, "; ".join(str(first[cell]) for cell in sorted(first)[:SHOWN]))


def require_own_file(evidence: NotebookEvidence) -> None:
    """A function that the original notebook hands out complete earns only together with a file of one's own steps.

    :raises RunError: if there is none.
    """
    converted = (
        evidence.non_quantised, evidence.post_training, evidence.quantisation_aware, evidence.pruned_quantised
    )  # fmt: skip
    pruned = evidence.pruned.value
    if any(each.value is not None for each in converted) or (pruned is not None and pruned.layers.sparsest() >= SPARSE):
        return
    require_written(evidence, *evidence.gaps)
    raise RunError(Verdict.MISSING, "the notebook wrote no converted or pruned model for which the function is used")


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


def why_untrained(file: LiteFile, evidence: NotebookEvidence) -> str:
    """The hint for a file whose weights are only rounded: its model was not quantisation aware, or not trained."""
    kernels = {kernel.dtype for kernel in file.kernels.values()}
    aware = _aware(evidence) or not any("float" in dtype for dtype in activations_of(file.file))
    return "qat_untrained" if aware else _why_float(file, kernels, evidence)


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


def lowest_activation(file: LiteFile) -> float | None:
    """The lower end of the range that the convolution's output is quantised in; None if it is not.

    tfmot's ranges begin at -6 to 6, and each training step brings them a thousandth nearer to what it saw: of ReLU's
    outputs, whose least is 0, -6 * 0.999 ** steps remains. A range that was measured on samples begins at 0.
    """
    graph = file.file.model.main
    for operator in graph.operators:
        if operator.code == "CONV_2D":
            tensor = graph.tensors[operator.outputs[0]]
            if tensor.quantization is None or not tensor.quantization.scales or tensor.dtype not in LEAST_CODES:
                return None
            return (LEAST_CODES[tensor.dtype] - tensor.quantization.zero_points[0]) * tensor.quantization.scales[0]
    return None


def has_moved(file: LiteFile, evidence: NotebookEvidence, lab: Lab) -> bool:
    """Whether a quantised file's weights are more than the rounded ones of any model that was saved or converted."""
    # From the same initial weights, longer training comes closer to the baseline, and is still no rounding of it.
    far = max(moved_from_start(file.layers, evidence).values())
    return check_threshold(lab, "moved", far, at_least=True) or beyond_rounding(file, evidence) >= BEYOND


def dense_starts(evidence: NotebookEvidence) -> list[Layers]:
    """The same without pruned ones, which a file of another name may hold.

    :raises RunError: if there are none.
    """
    return [layers for layers in starts(evidence) if layers.sparsest() < SPARSE]


def is_trained(layers: Layers, evidence: NotebookEvidence, lab: Lab) -> bool:
    """Whether weights moved from all that were saved or converted as training moves them, and not as noise does."""
    return check_threshold(lab, "coherence", coherence(layers, evidence), at_least=True)


def coherence(layers: Layers, evidence: NotebookEvidence) -> float:
    """How much weights moved together from those that were saved or converted, in standard deviations of noise."""
    known = dense_starts(evidence)
    return layers.coherence(known) if known else math.inf


def require_trained_weights(name: str, layers: Layers, evidence: NotebookEvidence, lab: Lab) -> None:
    """Fails for weights that are those of another file with noise, or sums of other files' weights."""
    trained = is_trained(layers, evidence, lab)
    check(
        trained,
        measured=f"the dense layer's weights in {name} differ from those of other files as random noise does: each "
        f"moved on its own, {coherence(layers, evidence):.1f} standard deviations from noise",
        expected="neighbouring weights moved together, as training moves them: at least "
        f"{lab.thresholds['coherence']:g} standard deviations",
        hint="made_up",
    )


def require_learned(file: LiteFile, evidence: NotebookEvidence, lab: Lab) -> None:
    """Fails for a file without any trace of quantisation-aware training, in its weights or in its ranges."""
    lowest = lowest_activation(file)
    if lowest is None or lowest < 0:
        return
    moved = has_moved(file, evidence, lab)
    check(
        moved and is_trained(file.layers, evidence, lab),
        measured=f"{file.name} has the weights of another model, {'with noise' if moved else 'rounded'}, "
        "and ranges that were measured on samples: activations begin at exactly 0",
        expected="trained weights, or ranges that training learned: tfmot's begin at -6 to 6 and keep a part of it",
        hint="qat_calibrated",
    )


def require_same_weights(file: LiteFile, others: Layers, lab: Lab, hint: str, whose: str) -> None:
    """Fails unless the file's weights are the given ones, up to rounding to 8 bits."""
    wrong, exact = [], 0.0
    for name, values in others.arrays.items():
        scale = file.kernels[name].scale if name in file.kernels else 0.0
        size = float(abs(values).max()) or 1.0
        off = file.layers.worst(others, name)
        # NaN differs from everything, and is never the largest of several.
        if not scale and not off / size <= exact:
            exact = off / size
        if not off <= max(HALF_STEP * scale, lab.thresholds["same"] * size):
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


def trained_files(evidence: NotebookEvidence, lab: Lab) -> list[KerasModel]:
    """The Keras files of a trained baseline."""
    return [model for model in evidence.saved if model.accuracy >= lab.thresholds["learned"]]


def baselines(evidence: NotebookEvidence, lab: Lab) -> list[Layers]:
    """The weights of the baseline: in its converted file, and wherever it was saved after training.

    :raises RunError: if there is no file of it.
    """
    converted = [evidence.non_quantised.value.layers] if evidence.non_quantised.value is not None else []
    found = [*converted, *(model.layers for model in trained_files(evidence, lab))]
    return found or [evidence.non_quantised.get().layers]


def starts(evidence: NotebookEvidence) -> list[Layers]:
    """The weights that training may have started from: those that were saved, trained or not, and the converted ones.

    :raises RunError: if there are none.
    """
    converted = [evidence.non_quantised.value.layers] if evidence.non_quantised.value is not None else []
    return [*converted, *(model.layers for model in evidence.saved)] or [evidence.non_quantised.get().layers]


def moved_from_start(layers: Layers, evidence: NotebookEvidence) -> dict[str, float]:
    """How far each kernel is from the closest weights that training may have started from."""
    found = [
        {name: layers.moved(before, name) for name in before.arrays if "kernel" in name} for before in starts(evidence)
    ]
    return min(found, key=lambda moved: max(moved.values()))


def beyond_rounding(file: LiteFile, evidence: NotebookEvidence) -> float:
    """The largest share of a kernel's weights that are not the rounded ones of any weights before the training."""

    def share(before: Layers, name: str) -> float:
        off = abs(file.layers.arrays[name].astype("float64") - before.arrays[name])
        # NaN is no weight that training made.
        return float(((off > HALF_STEP * file.kernels[name].scale) & (off < float("inf"))).mean())

    return min(max(share(before, name) for name in KERNELS) for before in starts(evidence))


def closest(file: LiteFile, others: Sequence[Layers]) -> Layers:
    """Those of the weights that a file's are closest to."""
    return min(others, key=lambda layers: max(file.layers.moved(layers, name) for name in KERNELS))


def baseline_accuracy(evidence: NotebookEvidence) -> float:
    """The baseline's accuracy on the hidden digits: of its own file, or if there is none, of the converted one."""
    if evidence.baseline.value is not None:
        return evidence.baseline.value.accuracy
    return evidence.non_quantised.get().quality.get().accuracy


def zeros_text(model: KerasModel, wrong: Sequence[str]) -> str:
    """The kernels' zeros in words, the wrong ones first."""
    names = [*wrong, *(name for name in model.layers.arrays if "kernel" in name and name not in wrong)]
    return ", ".join(
        f"{model.layers.zeros(name):,} of {model.layers.size(name):,} in the {name}" for name in names[:SHOWN]
    )


def _listed(types: set[str]) -> str:
    return ", ".join(sorted(types)) or "no type"
