"""Checks that clustering and pruning share, and what tells one mistake from another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.evidence.tflite import io_dtypes
from graders.labs.checks import check

if TYPE_CHECKING:
    from graders.evidence.compression import Compression
    from graders.labs.definition import Lab
    from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
    from graders.labs.timing import Timing

STRIP = {"clustering": "strip_clustering", "pruning": "strip_pruning"}
MOST_NAMED = 3


def named(names: list[str]) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def require_network(weights: Compression) -> None:
    """Fails where the file is of another network than the given one; wrappers left in do not make it another one."""
    other = bool(weights.difference) and not (weights.leftovers.wrapper and weights.distinct)
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
    left = found.leftovers
    extra = named([f"{each.count} {each.operator}" for each in left.extra])
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
    file = evidence.file.get()
    stored = {tensor.dtype for tensor in file.model.main.tensors if tensor.constant and tensor.elements > 1}
    types = {*io_dtypes(file.model).inputs, *io_dtypes(file.model).outputs, *(stored - {"int32", "int64", "bool"})}
    check(
        types == {"float32"},
        measured=f"inputs, outputs and weights of {', '.join(sorted(types))}",
        expected="float32 throughout",
        hint="not_float",
    )
    most = lab.thresholds["size_ratio"]
    check(
        left.size_ratio <= most,
        measured=f"{left.size_ratio:.2f} times the size of the FP32 file",
        expected=f"at most {most:g} times",
        hint="too_large",
    )


def require_touched(evidence: CompressedEvidence, lab: Lab, hint: str) -> None:
    """Fails for a file that was never compressed: that there are no wrappers in it earns nothing."""
    check(
        touched(evidence.compressed.get().weights, lab),
        measured="a file that was not compressed, and so had no wrappers",
        expected="a compressed file, stripped",
        hint=hint,
    )


def touched(weights: Compression, lab: Lab) -> bool:
    """Whether kernels differ from the original's by more than fine-tuning moves them: they were compressed once."""
    if weights.leftovers.wrapper:
        return True
    if any(each.zeros > each.weights / 20 for each in weights.zeros if each.compressible):
        return True
    least = lab.thresholds["touched"]
    return any((each.bent or 0.0) > least for each in weights.movements if each.compressible)


def require_archive(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails where an archive of the file is not about as large as that of the reference's file."""
    found, expected = evidence.compressed.get(), evidence.expected.get().compressed
    share, allowed = found.deflated / expected.deflated, lab.thresholds["archive"]
    wrapper = found.weights.leftovers.wrapper
    hint = "fewer_clusters" if share < 1 and evidence.clusters is not None else "archive"
    check(
        1 - allowed <= share <= 1 + allowed,
        measured=f"{found.deflated:,} bytes in an archive ({found.bytes:,} without, deflation {found.deflation:.1%})",
        expected=f"{expected.deflated:,} bytes, as the reference's, within {allowed:.0%}"
        f" (deflation {expected.deflation:.1%})",
        hint="not_stripped" if wrapper else hint,
        asked=str(evidence.clusters),
        wrapper=wrapper or "",
        strip=STRIP.get(wrapper or "", ""),
    )


def require_tuned(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails where parameters did not move, or by less or more than fine-tuning as asked moves them."""
    from graders.evidence.compression import DENSE, tuning

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
        still=named(list(found.still)),
    )
    # Adam moves a weight by about its rate in a step; biases of dense layers are never compressed nor folded.
    part = "bias" if clustered else "kernel"
    dense = [each.largest for each in weights.movements if each.kind == DENSE and each.part == part]
    if not dense:
        return
    reach = evidence.steps * float(lab.settings["learning_rate"])
    least = lab.thresholds["moved"]
    share = max(dense) / reach
    told = f"a dense layer's {part} moved by {share:.0%} of what {evidence.steps} steps at this rate can move it"
    within = f"{least:.0%} to 110 %"
    epochs = 1 if clustered else lab.settings["pruning_epochs"]
    check(share >= least, measured=told, expected=within, hint="few_steps", way=f"{share:.0%}", epochs=epochs)
    check(share <= 1.1, measured=told, expected=within, hint="far_from_original")


def require_accuracy(evidence: CompressedEvidence, lab: Lab) -> None:
    """Fails where the file is less accurate than the reference's for the same compression, on the same images."""
    found, expected = evidence.evaluation.get(), evidence.expected.get().evaluation
    allowed = lab.thresholds["accuracy"]
    check(
        found.accuracy >= expected.accuracy - allowed,
        measured=f"{found.accuracy:.1%} on {found.samples} images",
        expected=f"at least {expected.accuracy - allowed:.1%} ({evidence.asked} by the reference: "
        f"{expected.accuracy:.1%})",
        hint="accuracy",
    )


def require_latency(evidence: CompressedEvidence, timing: Timing, benchmark: object) -> None:
    """Fails where the file is certainly slower than the FP32 file; that it is faster is not expected."""
    timing.require(evidence.file.get().artefact.path, "fp32", benchmark)
