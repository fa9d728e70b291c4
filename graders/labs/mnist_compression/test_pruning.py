"""Pruning: zeros in each kernel, no wrappers, zeros preserved by quantisation, accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, criterion
from graders.labs.mnist_compression import checks

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.labs.mnist_compression.evidence import KerasModel, NotebookEvidence

FINAL, INITIAL = 0.8, 0.5
ALIKE = 0.01
NEARLY = 1e-3
BIASES = ("convolution's bias", "dense layer's bias")


@criterion("mnist.pruning.zeros", runs="notebook")
@checks.depends_on("FILE_PRUNED_MODEL")
def test_number_of_zeros(evidence: NotebookEvidence, lab: Lab) -> None:
    """80 % of each kernel is exactly zero, and biases are not pruned."""
    model = evidence.pruned.get()
    kernels = {name: _share(model, name) for name in model.layers.arrays if "kernel" in name}
    wrong = [name for name, share in kernels.items() if not abs(share - FINAL) <= lab.thresholds["zeros"]]
    check(
        check_threshold(lab, "zeros", max(abs(share - FINAL) for share in kernels.values())),
        measured=f"zeros in {model.name}: {checks.zeros_text(model, wrong)}",
        expected="80 % of each kernel",
        hint=_why_zeros(model, kernels, evidence),
        found=f"{min(kernels.values()):.2f}",
    )
    zeros = sum(model.layers.zeros(name) for name in BIASES)
    check(
        zeros <= sum(model.layers.size(name) for name in BIASES) // 4,
        measured=f"{zeros} zeros in the biases of {model.name}",
        expected="unpruned biases",
        hint="biases_pruned",
    )


def _share(model: KerasModel, name: str) -> float:
    return model.layers.zeros(name) / model.layers.size(name)


def _why_zeros(model: KerasModel, kernels: dict[str, float], evidence: NotebookEvidence) -> str:
    import numpy as np

    from graders.labs.mnist_compression.network import PRUNING_WRAPPED

    shares = list(kernels.values())
    values = np.concatenate([model.layers.arrays[name].ravel() for name in kernels])
    if max(shares) < checks.SPARSE:
        near = float((np.abs(values) < NEARLY * np.abs(values).max()).mean())
        if near > INITIAL / 2:
            return "near_zeros"
        if _trained_again(evidence):
            return "trained_after_stripping"
        if model.origin is not None and model.origin.steps and "pruning" not in model.origin.wrapped:
            return "never_pruned"
        if max(checks.moved_from_start(model.layers, evidence).values()) < ALIKE / 10:
            return "never_fitted"
        return "never_updated" if PRUNING_WRAPPED in evidence.parameters.values() else "never_pruned"
    if min(shares) < checks.SPARSE:
        return "pruned_partly"
    if all(abs(share - INITIAL) < ALIKE for share in shares):
        return "pruned_once"
    if all(INITIAL < share < FINAL for share in shares):
        return "ended_early"
    return "other_sparsity"


def _trained_again(evidence: NotebookEvidence) -> bool:
    """Whether a model was wrapped for pruning and most of its pruned weights are non-zero again."""
    from graders.labs.mnist_compression.network import PRUNING_WRAPPED

    if PRUNING_WRAPPED not in evidence.parameters.values():
        return False
    pruned, before = evidence.pruned.get(), checks.starts(evidence)[0]
    import numpy as np

    dense = checks.DENSE
    sizes = np.abs(pruned.layers.arrays[dense]).ravel(), np.abs(before.arrays[dense]).ravel()
    # Weights that were zero and were trained again are far smaller than those of a network that never lost any.
    now, then = (float(np.median(each) / (np.sqrt(np.mean(each**2)) or 1.0)) for each in sizes)
    return now < then / 2


@criterion("mnist.pruning.stripped", runs="notebook")
@checks.depends_on("FILE_PRUNED_MODEL")
def test_the_model_is_stripped(evidence: NotebookEvidence) -> None:
    """The file is a pruned model's, without masks, thresholds and steps."""
    from graders.labs.mnist_compression.network import PARAMETERS

    model = evidence.pruned.get()
    check(
        not model.wrapped and model.numbers <= PARAMETERS,
        measured=f"{model.name} contains {model.numbers:,} numbers"
        + (f", including {' and '.join(model.wrapped)}" if model.wrapped else ""),
        expected=f"the network's {PARAMETERS:,} parameters",
        hint="not_stripped" if model.wrapped else "more_numbers",
    )
    _require_touched(evidence)


def _require_touched(evidence: NotebookEvidence) -> None:
    """Fails for a model that was never pruned: being plain or accurate earns nothing then."""
    model = evidence.pruned.get()
    shares = [_share(model, name) for name in model.layers.arrays if "kernel" in name]
    check(
        max(shares) >= checks.SPARSE,
        measured=f"zeros in {model.name}: {checks.zeros_text(model, ())}",
        expected="a pruned model",
        hint="no_zeros",
    )


def _require_fine_tuned(model: KerasModel, evidence: NotebookEvidence, lab: Lab) -> None:
    """Fails if the remaining weights are those of another file, as they are or with noise."""
    known = checks.dense_starts(evidence)
    check(
        not known or check_threshold(lab, "kept_moved", model.layers.kept_moved(known), at_least=True),
        measured=f"the remaining weights of {model.name} are those of a model that was saved before, unchanged",
        expected="weights that were trained while others were zero",
        hint="zeroed_once",
    )
    checks.require_trained_weights(model.name, model.layers, evidence, lab)


@criterion("mnist.pruning.quantised", runs="notebook")
@checks.depends_on("FILE_PRUNED_QUANTIZED_TFLITE")
def test_quantised_with_its_zeros(evidence: NotebookEvidence, lab: Lab) -> None:
    """The file has int8 weights and float32 inputs and outputs, and every zero of the pruned model."""
    file, model = evidence.pruned_quantised.get(), evidence.pruned.value
    dtype = file.kernels[checks.DENSE].dtype
    check(
        model is None or not model.wrapped or dtype != "float32",
        measured=f"the dense layer's kernel of {file.name} is recomputed from {dtype} in each inference",
        expected="an int8 kernel",
        hint="not_stripped",
    )
    checks.require_int8_weights(file)
    checks.require_float_ends(file)
    if model is None or max(_share(model, name) for name in model.layers.arrays if "kernel" in name) < checks.SPARSE:
        # Without a pruned model to compare with, the file itself must be sparse enough.
        share = file.layers.zeros(checks.DENSE) / file.layers.size(checks.DENSE)
        measured = f"{share:.1%} zeros in the dense layer's kernel of {file.name}"
        check(
            share >= FINAL - lab.thresholds["zeros"],
            measured=measured,
            expected="80 %, as in the pruned model",
            hint="quantised_unpruned",
        )
        return
    for name in (each for each in model.layers.arrays if "kernel" in each):
        zero = model.layers.arrays[name] == 0
        lost = int((file.layers.arrays[name][zero] != 0).sum())
        check(
            check_threshold(lab, "zeros_kept", lost / max(1, int(zero.sum()))),
            measured=f"{lost:,} of {int(zero.sum()):,} zeros in the {name} are non-zero in {file.name}",
            expected=f"the zeros of {model.name}",
            hint="zeros_lost",
        )


@criterion("mnist.pruning.accuracy", runs="notebook")
@checks.depends_on("FILE_PRUNED_MODEL")
def test_accuracy(evidence: NotebookEvidence, lab: Lab) -> None:
    """The pruned model was trained and is nearly as accurate as the baseline."""
    model = evidence.pruned.get()
    checks.require_trained(evidence, lab)
    _require_touched(evidence)
    _require_fine_tuned(model, evidence, lab)
    checks.require_accuracy(model.accuracy, checks.baseline_accuracy(evidence), "pruned", lab, "accuracy_pruned")
