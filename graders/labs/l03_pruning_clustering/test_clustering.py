"""ClusteredModel: few values in each layer, evenly spaced, fine-tuned, in a plain file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graders.labs.checks import check, criterion
from graders.labs.definition import Lab
from graders.labs.l03_pruning_clustering import judging

if TYPE_CHECKING:
    from graders.evidence.compression import Compression, Distinct
    from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
    from graders.labs.timing import Timing

SLIGHTLY_MORE = 4


@criterion("l03.clustering.values", runs="clustered-*")
def test_number_of_values(evidence: CompressedEvidence, lab: Lab) -> None:
    """At most so many values in each kernel; in each output channel where batch normalisation was folded in."""
    assert evidence.clusters is not None
    weights = evidence.compressed.get().weights
    judging.require_network(weights)
    telling = [each for each in weights.distinct if each.tells(evidence.clusters)]
    wrong = [each for each in telling if each.counted > evidence.clusters]
    check(
        bool(telling) and not wrong,
        measured=judging.named([_told(each) for each in wrong]) or f"{len(telling)} kernels within {evidence.asked}",
        expected=f"at most {evidence.clusters} values",
        hint=_why_more(weights, wrong, telling, evidence.clusters, lab),
        without=judging.named([f"{each.kind} {each.operator}" for each in wrong]),
    )


def _told(each: Distinct) -> str:
    where = "in a channel" if each.rowwise else "in all"
    return f"{each.kind} {each.operator} has {each.counted:,} values {where}"


def _why_more(weights: Compression, wrong: list[Distinct], telling: list[Distinct], clusters: int, lab: Lab) -> str:
    if not judging.touched(weights, lab):
        return "not_clustered"
    zeros = {each.operator: each.share for each in weights.zeros}
    if wrong and all(zeros.get(each.operator, 0.0) > 0.1 and each.counted <= clusters + 1 for each in wrong):
        return "pruned_clusters"
    clustered = [each for each in weights.distinct if each not in wrong and each.tells(clusters)]
    if clustered:
        return "clustered_partly"
    dense = [each for each in telling if not each.rowwise]
    if dense and all(each.counted <= SLIGHTLY_MORE * clusters + 32 for each in dense):
        return "other_clusters"
    return "trained_after_stripping"


@criterion("l03.clustering.values", runs="clustered-*")
def test_deflation(evidence: CompressedEvidence, lab: Lab) -> None:
    """An archive of the file is as small as that of the reference's file."""
    judging.require_archive(evidence, lab)


@criterion("l03.clustering.centroids", runs="clustered-*")
def test_centroids_are_linear(evidence: CompressedEvidence, lab: Lab) -> None:
    """The values lie where linear initialisation puts centroids, give or take a little fine-tuning."""
    from graders.evidence.compression import overall

    assert evidence.clusters is not None
    weights = evidence.compressed.get().weights
    judging.require_network(weights)
    within = {each.operator for each in weights.distinct if each.counted <= evidence.clusters}
    check(
        bool(within),
        measured="no layer with few enough values",
        expected=f"layers of at most {evidence.clusters} values",
        hint="no_centroids",
    )
    spaced = overall([each for each in weights.spacing if each.operator in within])
    shifts = [each.mean for each in weights.shifts if each.operator in within]
    most, furthest = lab.thresholds["spacing"], lab.thresholds["shift"]
    uneven = spaced.points > 0 and spaced.off > most
    shifted = not spaced.points and bool(shifts) and max(shifts) > furthest
    told = f"values are {spaced.off:.3f} spacings off even places"
    if not spaced.points:
        told = f"values are {max(shifts, default=0.0):.3f} spacings off linear centroids"
    limit = most if spaced.points else furthest
    check(not (uneven or shifted), measured=told, expected=f"at most {limit:g} spacings", hint="centroids")


@criterion("l03.clustering.tuned", runs="clustered-*")
def test_parameters_moved(evidence: CompressedEvidence, lab: Lab) -> None:
    """What clustering leaves alone was fine-tuned with it."""
    judging.require_tuned(evidence, lab)


@criterion("l03.clustering.tuned", runs="clustered-8,clustered-16,clustered-32,clustered-drawn")
def test_accuracy(evidence: CompressedEvidence, lab: Lab) -> None:
    """The file is about as accurate as the reference's with as many clusters."""
    judging.require_accuracy(evidence, lab)


@criterion("l03.clustering.stripped", runs="clustered-*")
def test_file_is_plain(evidence: CompressedEvidence, lab: Lab) -> None:
    """No wrappers, float32, the FP32 file's size."""
    judging.require_stripped(evidence, lab)
    judging.require_touched(evidence, lab, "not_clustered")


@criterion("l03.clustering.stripped", runs="clustered-drawn")
def test_latency(evidence: CompressedEvidence, lab: Lab, timing: Timing, benchmark: Any) -> None:
    """One inference takes no longer than the FP32 file takes; few values do not make it faster."""
    judging.require_touched(evidence, lab, "not_clustered")
    judging.require_latency(evidence, timing, benchmark)
