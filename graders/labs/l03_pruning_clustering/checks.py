"""Checks that clustering and pruning share, and the diagnosis of mistakes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, first_fault, join_names, lose_for, record_threshold
from graders.measure.tflite import io_dtypes

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.framework.model_tester.files import FileEvidence
    from graders.framework.timing import Timing
    from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
    from graders.measure.compression import Compression, Misplaced

FLOAT = {"float32"}
QUANTISING = {"QUANTIZE", "DEQUANTIZE", "FAKE_QUANT"}
STRIP = {"clustering": "strip_clustering", "pruning": "strip_pruning"}
MANY = 0.1


def require_network(weights: Compression) -> None:
    """Fails if the file contains a different network than the given one; wrappers left in it do not count."""
    other = bool(weights.difference) and not (weights.wrapper_residue.wrapper and weights.distinct)
    check(
        not other,
        measured=f"a different network: {weights.difference}" if other else "the given network",
        expected="the given network, with compressed weights",
        hint="other_network",
        difference=weights.difference,
    )


def require_stripped(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails if the file contains wrappers, other data types, or anything besides the weights."""
    found = evidence.compressed.get().weights
    left = found.wrapper_residue
    extra = join_names([f"{each.count} {each.operator}" for each in left.extra])
    wrapper = left.wrapper or ""
    check(
        not wrapper,
        measured=f"{left.size_ratio:.1f} times the size of the FP32 file, with {extra}",
        expected="the FP32 file's operators and about its size",
        hint="not_stripped",
        wrapper=wrapper,
        strip=STRIP.get(wrapper, ""),
    )
    require_network(found)
    types = types_of(evidence.file.get())
    check(
        types == FLOAT,
        measured=f"inputs, outputs and weights of type {', '.join(sorted(types))}",
        expected="float32 only",
        hint="not_float",
    )
    most = lab.thresholds["size_ratio"]
    check(
        check_threshold(lab, "size_ratio", left.size_ratio),
        measured=f"{left.size_ratio:.2f} times the size of the FP32 file",
        expected=f"at most {most:g} times the size",
        hint="quantisation_aware" if quantisation_aware(found) else "too_large",
    )


def quantisation_aware(weights: Compression) -> bool:
    """Whether the file rounds its floats as quantisation does: quantize_model's wrappers were converted."""
    return any(each.operator in QUANTISING for each in weights.wrapper_residue.extra)


def types_of(file: FileEvidence) -> set[str]:
    """The types of a file's inputs, outputs and weights; shapes and axes, which are integers, do not count."""
    stored = {tensor.dtype for tensor in file.model.main.tensors if tensor.constant and tensor.elements > 1}
    ends = io_dtypes(file.model)
    return {*ends.inputs, *ends.outputs, *(stored - {"int32", "int64", "bool"})}


def require_touched(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails for a file that was never compressed: being plain, fast or accurate earns nothing then."""
    weights = evidence.compressed.get().weights
    check(
        plainly_compressed(weights) or check_threshold(lab, "touched", shape_change(weights), at_least=True),
        measured="the file was not compressed",
        expected="a compressed file",
        hint="not_clustered" if evidence.clusters is not None else why_untouched(weights),
    )


def why_untouched(weights: Compression) -> str:
    """Why a file has no zeros: fitting makes them, so if nothing was trained either, nothing was fitted."""
    from graders.measure.compression import tuning

    return "not_pruned" if tuning(weights.weight_deltas, clustered=False).tuned else "never_fitted"


def touched(weights: Compression, lab: Lab) -> bool:
    """Whether kernels differ from the original's by more than fine-tuning moves them, so that they were compressed."""
    return plainly_compressed(weights) or shape_change(weights) >= lab.thresholds["touched"]


def plainly_compressed(weights: Compression) -> bool:
    """Whether wrappers or many zeros show that kernels were compressed, however close they are to the original's."""
    many = any(each.zeros > each.weights / 20 for each in weights.zeros if each.compressible)
    return bool(weights.wrapper_residue.wrapper) or many


def shape_change(weights: Compression) -> float:
    """The largest difference of a kernel from the original's, relative to its largest weight."""
    return max((each.shape_change or 0.0 for each in weights.weight_deltas if each.compressible), default=0.0)


def require_even(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails if values are not where linear initialisation puts centroids, allowing for some fine-tuning.

    They are checked for the number of clusters that was made, not the requested one, which is another criterion.
    """
    from graders.measure.compression import overall

    weights = evidence.compressed.get().weights
    require_network(weights)
    assert weights.clusters is not None
    few = {each.operator for each in weights.distinct if each.counted <= weights.clusters}
    check(
        bool(few),
        measured="no layer has few enough distinct values",
        expected=f"layers with at most {evidence.clusters} distinct values",
        hint="no_centroids",
    )
    spaced = overall([each for each in weights.spacing if each.operator in few])
    shifts = [each.mean for each in weights.shifts if each.operator in few]
    most, furthest = lab.thresholds["spacing"], lab.thresholds["shift"]
    if spaced.points:
        even, limit = check_threshold(lab, "spacing", spaced.off), most
        text = f"values are {spaced.off:.3f} spacings off an even grid"
    else:
        shift = max(shifts, default=0.0)
        even, limit = check_threshold(lab, "shift", shift), furthest
        text = f"values are {shift:.3f} spacings off linear centroids"
    hint = "quantisation_aware" if quantisation_aware(weights) else "centroids"
    check(even, measured=text, expected=f"at most {limit:g} spacings", hint=hint)


def require_archive(evidence: CompressedEvidence, lab: Lab, counted: Callable[[], None]) -> None:
    """Fails if a ZIP of the file is not about as large as that of the reference's file.

    :param counted: the check of the number of values or zeros; if it fails too, that is the cause.
    """
    found, expected = evidence.compressed.get(), evidence.expected.get().compressed
    wrapper = found.weights.wrapper_residue.wrapper
    floats = types_of(evidence.file.get()) == FLOAT
    threshold = "archive"
    measured = f"{found.deflated:,} bytes in a ZIP ({found.bytes:,} uncompressed, deflation {found.deflation:.1%})"
    fault = None
    if not wrapper and floats:
        fault = first_fault(counted)
        # Other centroids distribute the weights differently, which belongs to another criterion.
        if fault is None and evidence.clusters is not None and first_fault(lambda: require_even(evidence, lab)):
            threshold = "archive_uneven"
    allowed = lab.thresholds[threshold]
    wanted = f"{expected.deflated:,} bytes ± {allowed:.0%}, as with the reference (deflation {expected.deflation:.1%})"
    share = found.deflated / expected.deflated
    holds = check_threshold(lab, threshold, abs(share - 1))
    if fault is not None and not holds:
        lose_for(fault, measured, wanted)
    hint = "fewer_clusters" if share < 1 and evidence.clusters is not None else "archive"
    if not floats:
        hint = "not_float"
    check(
        holds,
        measured=measured,
        expected=wanted,
        hint="not_stripped" if wrapper else hint,
        requested=str(evidence.clusters),
        wrapper=wrapper or "",
        strip=STRIP.get(wrapper or "", ""),
    )


def require_trained(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails if no parameter moved, or if they moved as noise moves them and not training."""
    from graders.measure.compression import tuning

    weights = evidence.compressed.get().weights
    require_network(weights)
    found = tuning(weights.weight_deltas, clustered=evidence.clusters is not None)
    check(
        found.tuned,
        measured=f"none of the {len(found.still)} parameter tensors that compression does not touch has changed",
        expected="all of them changed",
        hint="not_tuned",
    )
    _require_coherent(evidence, lab, frozen=bool(found.still))


def _require_coherent(evidence: CompressedEvidence, lab: Lab, *, frozen: bool) -> None:
    """Fails if each weight moved on its own, as noise moves it, and not together with the others of its output.

    :param frozen: whether some parameters did not move at all; if no kernel did, that is another fault
    """
    from graders.measure.compression import overall_coherence

    weights, least = evidence.compressed.get().weights, lab.thresholds["coherence"]
    # Rounded weights moved by what rounding took away as well, which is noise; such a file loses other criteria.
    if quantisation_aware(weights):
        return
    found = overall_coherence(weights.coherence)
    # With wrappers left in, the kernels that only training moves may be missing.
    if (found is None and (frozen or weights.difference)) or (evidence.real and not _is_conclusive(evidence, lab)):
        return
    found = found or 0.0
    check(
        check_threshold(lab, "coherence", found, at_least=True),
        measured=f"weights moved independently of each other, as noise does ({found:.1f} standard deviations from it)",
        expected=f"the weights of each output moved together, as training moves them (at least {least:g})",
        hint="made_up",
    )


def _is_conclusive(evidence: CompressedEvidence, lab: Lab) -> bool:
    """Whether the weights of the reference's file moved together by far, so that those of any right file do."""
    from graders.measure.compression import overall_coherence

    reference = evidence.expected.value
    theirs = None if reference is None else overall_coherence(reference.compressed.weights.coherence)
    return theirs is not None and theirs >= lab.settings["conclusive"] * lab.thresholds["coherence"]


def require_tuned(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails if parameters did not move, or moved by less or more than the requested fine-tuning moves them."""
    from graders.measure.compression import tuning

    require_trained(evidence, lab)
    weights = evidence.compressed.get().weights
    clustered = evidence.clusters is not None
    found = tuning(weights.weight_deltas, clustered=clustered)
    counted = len(found.moved) + len(found.still)
    # Layers that are frozen in the given model may stay so; tfmot has only those trainable that it clusters.
    may_rest = set(found.still if evidence.frozen and clustered else evidence.resting)
    still = [name for name in found.still if name not in may_rest]
    check(
        not still,
        measured=f"{len(still)} of {counted} parameter tensors did not change",
        expected="all of them changed"
        if not may_rest
        else "all others changed; only frozen layers of the given model may rest",
        hint="frozen",
        still=join_names(still),
    )
    reach = evidence.steps * float(lab.settings["learning_rate"])
    # One epoch varies more than four.
    name = "moved_clustered" if clustered else "moved"
    least, most = _least_moved(evidence, lab, lab.thresholds[name]), lab.thresholds["moved_most"]
    expected = f"{least:.0%} to {most:.0%}"
    either, bias = furthest_moved(weights, clustered=clustered), furthest_moved(weights, clustered=True)
    if either is not None:
        share = either / reach
        check(
            record_threshold(name, share, least, at_least=True),
            measured=f"a dense layer's weights moved by {share:.0%} of the distance possible in {evidence.steps} steps",
            expected=expected,
            hint="few_steps",
            way=f"{share:.0%}",
            epochs=1 if clustered else lab.settings["pruning_epochs"],
        )
    if bias is not None:
        share = bias / reach
        check(
            check_threshold(lab, "moved_most", share),
            measured=f"a dense layer's bias moved by {share:.0%} of the distance possible in {evidence.steps} steps",
            expected=expected,
            hint="far_from_original",
        )


def furthest_moved(weights: Compression, *, clustered: bool) -> float | None:
    """The furthest that a weight of a dense layer was moved by training alone; None if no layer shows it.

    Adam moves a weight by at most about its learning rate per step. Kernels show this as long as only training moved
    them; biases of dense layers are neither compressed nor folded.
    """
    from graders.measure.compression import DENSE

    dense = [each for each in weights.weight_deltas if each.kind == DENSE]
    return max((each.largest for each in dense if not clustered or each.part == "bias"), default=None)


def _least_moved(evidence: CompressedEvidence, lab: Lab, usual: float) -> float:
    """The least share of the possible distance that the requested fine-tuning moves a dense layer's weights by.

    On another model than the embedded one, small gradients may move them less: the reference's file shows how far.
    """
    if not evidence.real:
        return usual
    clustered = evidence.clusters is not None
    theirs = furthest_moved(evidence.expected.get().compressed.weights, clustered=clustered)
    reach = evidence.steps * float(lab.settings["learning_rate"])
    return usual if theirs is None else min(usual, lab.settings["moved_of_reference"] * theirs / reach)


def require_accuracy(evidence: CompressedEvidence, lab: Lab, counted: Callable[[], None]) -> None:
    """Fails if the file is less accurate than the reference's for the same compression, or was not trained at all.

    :param counted: the check of the number of values or zeros; if it or that of the training fails, that is the cause.
    """
    require_touched(evidence, lab)
    require_trained(evidence, lab)
    found, expected = evidence.evaluation.get(), evidence.expected.get().evaluation
    allowed = lab.thresholds["accuracy"]
    measured = f"{found.accuracy:.1%} on {found.samples} images"
    wanted = (
        f"at least {expected.accuracy - allowed:.1%} (reference with {evidence.requested}: {expected.accuracy:.1%})"
    )
    holds = check_threshold(lab, "accuracy", expected.accuracy - found.accuracy)
    if not holds:
        fault = first_fault(lambda: require_tuned(evidence, lab), counted)
        if fault is not None:
            lose_for(fault, measured, wanted)
    check(holds, measured=measured, expected=wanted, hint="accuracy")


def unexpected(evidence: CompressedEvidence) -> list[Misplaced]:
    """Zeros where the reference has none; channels that vanish in the reference may vanish in any file."""
    found, expected = evidence.compressed.get().weights.misplaced, evidence.expected.get().compressed.weights.misplaced
    by_right = {(each.operator, each.part): each.zeros for each in expected}
    return [each for each in found if each.zeros > by_right.get((each.operator, each.part), 0)]


def places_of(zeros: Sequence[Misplaced]) -> str:
    """Where the zeros are, in words."""
    return join_names([f"{each.zeros} of {each.size} in a {each.part} of {each.kind}" for each in zeros])


def require_latency(evidence: CompressedEvidence, timing: Timing, benchmark: object) -> None:
    """Fails if the file is certainly slower than the FP32 file; it need not be faster."""
    timing.require(evidence.file.get().artifact.path, "fp32", benchmark)
