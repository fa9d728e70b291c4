"""ClusteredModel: few distinct weights in each layer, evenly spaced, fine-tuned, in a plain file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.framework.checks import check, criterion, join_names
from graders.framework.definition import Lab
from graders.labs.l03_pruning_clustering import checks

if TYPE_CHECKING:
    from graders.framework.timing import Timing
    from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
    from graders.measure.compression import Compression, Distinct


@criterion("l03.clustering.values", runs="clustered-*")
def test_number_of_values(evidence: CompressedEvidence, lab: Lab) -> None:
    """Each kernel has at most the requested number of distinct values, per output channel if BatchNorm is folded in."""
    _require_values(evidence, lab)


def _require_values(evidence: CompressedEvidence, lab: Lab) -> None:
    assert evidence.clusters is not None
    weights = evidence.compressed.get().weights
    checks.require_network(weights)
    counted = [each for each in weights.distinct if each.is_conclusive(evidence.clusters)]
    wrong = [each for each in counted if each.counted > evidence.clusters]
    check(
        bool(counted) and not wrong,
        measured=join_names([_describe(each) for each in wrong])
        or f"{len(counted)} kernels have at most {evidence.requested}",
        expected=f"at most {evidence.clusters} distinct values per kernel",
        hint=_why_more(weights, wrong, counted, evidence.clusters, lab),
        without=join_names([f"{each.kind} {each.operator}" for each in wrong]),
    )


def _describe(each: Distinct) -> str:
    where = " per channel" if each.rowwise else ""
    return f"{each.kind} {each.operator} has {each.counted:,} distinct values{where}"


def _why_more(weights: Compression, wrong: list[Distinct], counted: list[Distinct], clusters: int, lab: Lab) -> str:
    if not checks.touched(weights, lab):
        return "not_clustered"
    if checks.quantisation_aware(weights):
        return "quantisation_aware"
    zeros = {each.operator: each.share for each in weights.zeros}
    # Clusters that hold more weights than pruning takes stay whole, so not every layer gets zeros.
    if 2 * sum(zeros.get(each.operator, 0.0) > checks.MANY for each in wrong) > len(wrong):
        return "pruned_clusters"
    if _another_number(weights, clusters):
        return "other_clusters"
    if len(wrong) < len(counted):
        return "clustered_partly"
    return "trained_after_stripping"


def _another_number(weights: Compression, clusters: int) -> bool:
    """Whether the layers have few values, but more than requested; only dense layers, which are not folded, show it."""
    sizes = {each.operator: each.weights for each in weights.zeros}
    dense = [each for each in weights.distinct if not each.rowwise]
    repeated = all(2 * each.in_all <= sizes.get(each.operator, 0) for each in dense)
    return repeated and weights.clusters is not None and weights.clusters > clusters


@criterion("l03.clustering.values", runs="clustered-*")
def test_deflation(evidence: CompressedEvidence, lab: Lab) -> None:
    """A ZIP of the file is as small as that of the reference's file."""
    checks.require_archive(evidence, lab, lambda: _require_values(evidence, lab))


@criterion("l03.clustering.centroids", runs="clustered-*")
def test_centroids_are_linear(evidence: CompressedEvidence, lab: Lab) -> None:
    """The values are where linear initialisation puts centroids, allowing for some fine-tuning."""
    checks.require_even(evidence, lab)


@criterion("l03.clustering.tuned", runs="clustered-*")
def test_parameters_moved(evidence: CompressedEvidence, lab: Lab) -> None:
    """The parameters that clustering does not touch were fine-tuned."""
    checks.require_tuned(evidence, lab)


@criterion("l03.clustering.tuned", runs="clustered-8,clustered-16,clustered-32,clustered-drawn")
def test_accuracy(evidence: CompressedEvidence, lab: Lab) -> None:
    """The file is about as accurate as the reference's with the same number of clusters."""
    checks.require_accuracy(evidence, lab, lambda: _require_values(evidence, lab))


@criterion("l03.clustering.stripped", runs="clustered-*")
def test_file_is_plain(evidence: CompressedEvidence, lab: Lab) -> None:
    """The file has no wrappers, is float32, and is as large as the FP32 file."""
    checks.require_stripped(evidence, lab)
    checks.require_touched(evidence, lab)


@criterion("l03.clustering.stripped", runs="clustered-drawn")
def test_latency(evidence: CompressedEvidence, lab: Lab, timing: Timing, benchmark: Any) -> None:
    """One inference takes no longer than with the FP32 file."""
    checks.require_touched(evidence, lab)
    checks.require_latency(evidence, timing, benchmark)
