"""Checks that clustering and pruning share, and what tells one mistake from another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from graders.framework.checks import CheckFailed, check, check_threshold, observe, observing
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
MOST_NAMED = 3
MANY = 0.1


def join_names(names: list[str]) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def require_network(weights: Compression) -> None:
    """Fails where the file is of another network than the given one; wrappers left in do not make it another one."""
    other = bool(weights.difference) and not (weights.wrapper_residue.wrapper and weights.distinct)
    check(
        not other,
        measured=f"another network: {weights.difference}" if other else "the given network",
        expected="the given network, with other weights",
        hint="other_network",
        difference=weights.difference,
    )


def require_stripped(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails where wrappers, another type or anything else beside the weights is in the file, or never was any."""
    found = evidence.compressed.get().weights
    left = found.wrapper_residue
    extra = join_names([f"{each.count} {each.operator}" for each in left.extra])
    wrapper = left.wrapper or ""
    check(
        not wrapper,
        measured=f"{left.size_ratio:.1f} times the size of the FP32 file, with {extra}",
        expected="the FP32 file's operators, and about its size",
        hint="not_stripped",
        wrapper=wrapper,
        strip=STRIP.get(wrapper, ""),
    )
    require_network(found)
    types = types_of(evidence.file.get())
    check(
        types == FLOAT,
        measured=f"inputs, outputs and weights of {', '.join(sorted(types))}",
        expected="float32 throughout",
        hint="not_float",
    )
    most = lab.thresholds["size_ratio"]
    check(
        check_threshold(lab, "size_ratio", left.size_ratio),
        measured=f"{left.size_ratio:.2f} times the size of the FP32 file",
        expected=f"at most {most:g} times",
        hint="quantisation_aware" if quantisation_aware(found) else "too_large",
    )


def quantisation_aware(weights: Compression) -> bool:
    """Whether the file rounds its floats as quantisation would: wrappers of quantize_model were converted."""
    return any(each.operator in QUANTISING for each in weights.wrapper_residue.extra)


def types_of(file: FileEvidence) -> set[str]:
    """The types of a file's inputs, outputs and weights; shapes and axes, which are integers, are no weights."""
    stored = {tensor.dtype for tensor in file.model.main.tensors if tensor.constant and tensor.elements > 1}
    ends = io_dtypes(file.model)
    return {*ends.inputs, *ends.outputs, *(stored - {"int32", "int64", "bool"})}


def require_touched(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails for a file that was never compressed: that it is plain, quick or accurate earns nothing."""
    weights = evidence.compressed.get().weights
    check(
        plainly_compressed(weights) or check_threshold(lab, "touched", shape_change(weights), at_least=True),
        measured="a file that was not compressed",
        expected="a compressed file",
        hint="not_clustered" if evidence.clusters is not None else why_untouched(weights),
    )


def why_untouched(weights: Compression) -> str:
    """Why a file has no zeros: fitting makes them, so where nothing was trained either, nothing was fitted."""
    from graders.measure.compression import tuning

    return "not_pruned" if tuning(weights.movements, clustered=False).tuned else "never_fitted"


def touched(weights: Compression, lab: Lab) -> bool:
    """Whether kernels differ from the original's by more than fine-tuning moves them: they were compressed once."""
    return plainly_compressed(weights) or shape_change(weights) >= lab.thresholds["touched"]


def plainly_compressed(weights: Compression) -> bool:
    """Whether wrappers or many zeros say that kernels were compressed, however far they are from the original's."""
    many = any(each.zeros > each.weights / 20 for each in weights.zeros if each.compressible)
    return bool(weights.wrapper_residue.wrapper) or many


def shape_change(weights: Compression) -> float:
    """How far the kernel that differs most from the original's does so, relative to its largest weight."""
    return max((each.bent or 0.0 for each in weights.movements if each.compressible), default=0.0)


def require_even(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails where values don't lie where linear initialisation puts centroids, give or take a little fine-tuning.

    They are judged as centroids of as many clusters as were made, whatever was asked for: the number is another matter.
    """
    from graders.measure.compression import clusters_used, overall

    assert evidence.clusters is not None
    weights = evidence.compressed.get().weights
    require_network(weights)
    clusters = clusters_used(weights.distinct, evidence.clusters)
    few = {each.operator for each in weights.distinct if each.counted <= clusters}
    check(
        bool(few),
        measured="no layer with few enough values",
        expected=f"layers of at most {evidence.clusters} values",
        hint="no_centroids",
    )
    spaced = overall([each for each in weights.spacing if each.operator in few])
    shifts = [each.mean for each in weights.shifts if each.operator in few]
    most, furthest = lab.thresholds["spacing"], lab.thresholds["shift"]
    if spaced.points:
        even, limit = check_threshold(lab, "spacing", spaced.off), most
        told = f"values are {spaced.off:.3f} spacings off even places"
    else:
        shift = max(shifts, default=0.0)
        even, limit = check_threshold(lab, "shift", shift), furthest
        told = f"values are {shift:.3f} spacings off linear centroids"
    hint = "quantisation_aware" if quantisation_aware(weights) else "centroids"
    check(even, measured=told, expected=f"at most {limit:g} spacings", hint=hint)


def require_archive(evidence: CompressedEvidence, lab: Lab, counted: Callable[[], None]) -> None:
    """Fails where an archive of the file is not about as large as that of the reference's file.

    :param counted: the check of the number of values or zeros; where it fails too, that is why.
    """
    found, expected = evidence.compressed.get(), evidence.expected.get().compressed
    wrapper = found.weights.wrapper_residue.wrapper
    floats = types_of(evidence.file.get()) == FLOAT
    threshold = "archive"
    told = f"{found.deflated:,} bytes in an archive ({found.bytes:,} without, deflation {found.deflation:.1%})"
    fault = None
    if not wrapper and floats:
        fault = first_fault(counted)
        # Other centroids share the weights out otherwise, which is another criterion's matter.
        if fault is None and evidence.clusters is not None and first_fault(lambda: require_even(evidence, lab)):
            threshold = "archive_uneven"
    allowed = lab.thresholds[threshold]
    wanted = (
        f"{expected.deflated:,} bytes, as the reference's, within {allowed:.0%} (deflation {expected.deflation:.1%})"
    )
    share = found.deflated / expected.deflated
    holds = check_threshold(lab, threshold, abs(share - 1))
    if fault is not None and not holds:
        lose_for(fault, told, wanted)
    hint = "fewer_clusters" if share < 1 and evidence.clusters is not None else "archive"
    if not floats:
        hint = "not_float"
    check(
        holds,
        measured=told,
        expected=wanted,
        hint="not_stripped" if wrapper else hint,
        asked=str(evidence.clusters),
        wrapper=wrapper or "",
        strip=STRIP.get(wrapper or "", ""),
    )


def first_fault(*checks: Callable[[], None]) -> CheckFailed | None:
    """The first failure of these checks, which leave nothing in the evidence of the one that is under way."""
    for each in checks:
        try:
            with observing():
                each()
        except CheckFailed as fault:
            return fault
    return None


def lose_for(cause: CheckFailed, measured: str, expected: str) -> None:
    """Fails a check for the cause that another one has found."""
    observe(measured=measured, expected=expected)
    cause.measured, cause.expected = measured, expected
    raise cause


def require_tuned(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails where parameters did not move, or by less or more than fine-tuning as asked moves them."""
    from graders.measure.compression import DENSE, tuning

    weights = evidence.compressed.get().weights
    require_network(weights)
    clustered = evidence.clusters is not None
    found = tuning(weights.movements, clustered=clustered)
    counted = len(found.moved) + len(found.still)
    check(
        found.tuned,
        measured=f"none of {counted} parameters that compression leaves alone has moved",
        expected="all of them have",
        hint="not_tuned",
    )
    check(
        not found.frozen,
        measured=f"{len(found.still)} of {counted} parameters did not move",
        expected="all of them moved",
        hint="frozen",
        still=join_names(list(found.still)),
    )
    # Adam moves a weight by at most about its rate in a step. Kernels tell it as long as only training moved them;
    # biases of dense layers are never compressed nor folded.
    dense = [each for each in weights.movements if each.kind == DENSE]
    biases = [each.largest for each in dense if each.part == "bias"]
    either = biases if clustered else [each.largest for each in dense]
    reach = evidence.steps * float(lab.settings["learning_rate"])
    # One epoch leaves more to chance than four.
    least = "moved_clustered" if clustered else "moved"
    most = lab.thresholds["moved_most"]
    expected = f"{lab.thresholds[least]:.0%} to {most:.0%}"
    if either:
        share = max(either) / reach
        check(
            check_threshold(lab, least, share, at_least=True),
            measured=f"a dense layer's weights moved by {share:.0%} of what {evidence.steps} steps can move them",
            expected=expected,
            hint="few_steps",
            way=f"{share:.0%}",
            epochs=1 if clustered else lab.settings["pruning_epochs"],
        )
    if biases:
        share = max(biases) / reach
        check(
            check_threshold(lab, "moved_most", share),
            measured=f"a dense layer's bias moved by {share:.0%} of what {evidence.steps} steps can move it",
            expected=expected,
            hint="far_from_original",
        )


def require_accuracy(evidence: CompressedEvidence, lab: Lab, counted: Callable[[], None]) -> None:
    """Fails where the file is less accurate than the reference's for the same compression, on the same images.

    :param counted: the check of the number of values or zeros; where it or that of the training fails, that is why.
    """
    require_touched(evidence, lab)
    found, expected = evidence.evaluation.get(), evidence.expected.get().evaluation
    allowed = lab.thresholds["accuracy"]
    told = f"{found.accuracy:.1%} on {found.samples} images"
    wanted = f"at least {expected.accuracy - allowed:.1%} ({evidence.asked} by the reference: {expected.accuracy:.1%})"
    holds = check_threshold(lab, "accuracy", expected.accuracy - found.accuracy)
    if not holds:
        fault = first_fault(lambda: require_tuned(evidence, lab), counted)
        if fault is not None:
            lose_for(fault, told, wanted)
    check(holds, measured=told, expected=wanted, hint="accuracy")


def unexpected(evidence: CompressedEvidence) -> list[Misplaced]:
    """Zeros where the reference has none: a small channel may vanish by right, and what it loses, anybody may lose."""
    found, expected = evidence.compressed.get().weights.misplaced, evidence.expected.get().compressed.weights.misplaced
    by_right = {(each.operator, each.part): each.zeros for each in expected}
    return [each for each in found if each.zeros > by_right.get((each.operator, each.part), 0)]


def places_of(zeros: Sequence[Misplaced]) -> str:
    """Where they are, in words."""
    return join_names([f"{each.zeros} of {each.size} in a {each.part} of {each.kind}" for each in zeros])


def require_latency(evidence: CompressedEvidence, timing: Timing, benchmark: object) -> None:
    """Fails where the file is certainly slower than the FP32 file; that it is faster is not expected."""
    timing.require(evidence.file.get().artifact.path, "fp32", benchmark)
