"""PrunedModel: the smallest weights of each layer are zero, the others fine-tuned, in a plain file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graders.framework.checks import check, check_threshold, criterion, join_names
from graders.framework.definition import Lab
from graders.labs.l03_pruning_clustering import checks

if TYPE_CHECKING:
    from graders.framework.timing import Timing
    from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
    from graders.measure.compression import Compression, Misplaced, Pruned, Zeros

FEW = 0.02
ALIKE = 0.02
SHARED = 4


@criterion("l03.pruning.zeros", runs="pruned-*")
def test_number_of_zeros(evidence: CompressedEvidence, lab: Lab) -> None:
    """Each kernel of a convolution or dense layer has the requested number of exact zeros."""
    _require_zeros(evidence, lab)


def _require_zeros(evidence: CompressedEvidence, lab: Lab) -> None:
    from graders.measure.compression import pruned

    assert evidence.sparsity is not None
    weights = evidence.compressed.get().weights
    checks.require_network(weights)
    found = pruned(weights.zeros, evidence.sparsity, lab.thresholds["zeros"])
    near = f", {found.near_zeros:,} nearly zero" if found.near_zeros else ""
    measured = f"{found.zeros:,} zeros in {found.weights:,} weights{near}"
    if not found.each and found.kernels:
        measured += f"; {found.within} of {found.kernels} layers correct; {found.worst} has {found.worst_zeros:,}"
    wrong = checks.unexpected(evidence)
    check(
        found.kernels > 0 and check_threshold(lab, "zeros", found.furthest),
        measured=measured,
        expected=f"{found.expected:,} zeros, {evidence.sparsity:.0%} of each layer"
        + ("" if found.each else f"; {found.worst_expected:,} in {found.worst}"),
        hint=_why_others(weights, found, evidence.sparsity, wrong, lab),
        requested=f"{evidence.sparsity:.0%}",
        found=f"{found.least:.0%}",
        without=join_names(_without(weights.zeros)),
        places=checks.places_of(wrong),
    )


def _without(zeros: tuple[Zeros, ...]) -> list[str]:
    """Compressible kernels with hardly any zeros."""
    return [f"{each.kind} {each.operator}" for each in zeros if each.compressible and each.share < FEW]


def _why_others(weights: Compression, found: Pruned, sparsity: float, wrong: Sequence[Misplaced], lab: Lab) -> str:
    if checks.quantisation_aware(weights):
        return "quantisation_aware"
    if found.near_zeros > found.expected / 4:
        return "near_zeros"
    if found.most < FEW:
        return _why_none(weights, lab)
    if _without(weights.zeros):
        return "pruned_partly"
    vanished = sum(each.zeros for each in wrong if each.part == "whole channel")
    if vanished > checks.MANY * sum(each.rows for each in weights.zeros):
        return "misplaced"
    if found.global_threshold:
        return "global_threshold"
    if found.most - found.least < ALIKE and abs(found.least - sparsity) > ALIKE:
        return "other_sparsity"
    return "zeros"


def _why_none(weights: Compression, lab: Lab) -> str:
    if _few_values(weights):
        return "clustered_zeros"
    residues = [each.residue for each in weights.magnitudes if each.residue is not None]
    typical = sorted(residues)[len(residues) // 2] if residues else 1.0
    if check_threshold(lab, "residue", typical):
        return "trained_after_pruning"
    return checks.why_untouched(weights)


def _few_values(weights: Compression) -> bool:
    """Whether the kernels have few distinct values, so that they were clustered."""
    sizes = {each.operator: each.weights for each in weights.zeros}
    dense = [each for each in weights.distinct if not each.rowwise]
    return bool(dense) and all(each.in_all * SHARED <= sizes.get(each.operator, 0) for each in dense)


@criterion("l03.pruning.zeros", runs="pruned-*")
def test_deflation(evidence: CompressedEvidence, lab: Lab) -> None:
    """A ZIP of the file is as small as that of the reference's file."""
    checks.require_archive(evidence, lab, lambda: _require_zeros(evidence, lab))


@criterion("l03.pruning.placed", runs="pruned-*")
def test_zeros_are_where_they_belong(evidence: CompressedEvidence, lab: Lab) -> None:
    """Zeros are the kernels' smallest weights; biases, batch normalisation and depthwise kernels have none."""
    from graders.measure.compression import pruned

    assert evidence.sparsity is not None
    weights = evidence.compressed.get().weights
    checks.require_network(weights)
    found = pruned(weights.zeros, evidence.sparsity, lab.thresholds["zeros"])
    check(
        found.zeros > found.expected / 4,
        measured=f"{found.zeros:,} zeros in {found.weights:,} weights",
        expected=f"{found.expected:,} zeros, so that their placement can be checked",
        hint="no_zeros",
    )
    wrong = checks.unexpected(evidence)
    places = checks.places_of(wrong)
    check(
        not wrong,
        measured=f"zeros outside prunable kernels: {places}" if wrong else "no zeros outside prunable kernels",
        expected="zeros only in kernels of convolutions and dense layers",
        hint="quantisation_aware" if checks.quantisation_aware(weights) else "misplaced",
        places=places,
    )
    misordered = sum(each.misordered for each in weights.magnitudes)
    check(
        check_threshold(lab, "misordered", misordered / found.zeros),
        measured=f"{misordered:,} of {found.zeros:,} pruned weights were larger than remaining weights",
        expected="the smallest weights of each layer pruned",
        hint="not_smallest",
    )


@criterion("l03.pruning.tuned", runs="pruned-*")
def test_parameters_moved(evidence: CompressedEvidence, lab: Lab) -> None:
    """The parameters that were not pruned were fine-tuned."""
    checks.require_tuned(evidence, lab)


@criterion("l03.pruning.tuned", runs="pruned-0.4,pruned-0.5,pruned-drawn")
def test_accuracy(evidence: CompressedEvidence, lab: Lab) -> None:
    """The file is about as accurate as the reference's with the same sparsity."""
    checks.require_accuracy(evidence, lab, lambda: _require_zeros(evidence, lab))


@criterion("l03.pruning.stripped", runs="pruned-*")
def test_file_is_plain(evidence: CompressedEvidence, lab: Lab) -> None:
    """The file has no wrappers, is float32, and is as large as the FP32 file."""
    checks.require_stripped(evidence, lab)
    checks.require_touched(evidence, lab)


@criterion("l03.pruning.stripped", runs="pruned-drawn")
def test_latency(evidence: CompressedEvidence, lab: Lab, timing: Timing, benchmark: Any) -> None:
    """One inference takes no longer than with the FP32 file."""
    checks.require_touched(evidence, lab)
    checks.require_latency(evidence, timing, benchmark)
