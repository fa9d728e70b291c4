"""Lab 3's checks: from what was measured of a file's weights to the hint that a student reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graders.core.errors import RunError, SourceLine
from graders.core.paths import LABS
from graders.core.result import Result, failure
from graders.core.verdicts import Verdict
from graders.framework.checks import CheckFailed, first_fault, observing
from graders.framework.lab_toml import load
from graders.framework.model_tester import runner
from graders.framework.model_tester.files import FileEvidence
from graders.framework.model_tester.tfmot_errors import explained
from graders.labs.l03_pruning_clustering import checks, test_clustering, test_pruning
from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence, Expected
from graders.measure.compression import (
    CentroidShift,
    Coherence,
    Compression,
    Distinct,
    Magnitudes,
    Misplaced,
    OperatorCount,
    Spacing,
    WeightDelta,
    WrapperResidue,
    Zeros,
    pruned,
)
from graders.measure.evaluation import Evaluation
from graders.measure.scorer.results import Compressed
from graders.measure.tflite.reader import read_model
from graders.submission import Artifact

LAB = load(LABS / "l03_pruning_clustering")
DATA = Path(__file__).resolve().parents[1] / "data" / "tflite"
STEPS, REACH = 224, 224e-5
PLAIN = WrapperResidue(None, (), 1.0)
CONV, DEPTHWISE, DENSE = "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"
WEIGHTS = {0: 1000, 1: 2000, 2: 800}
"""Weights by operator: two convolutions of 10 and 20 channels, and a dense layer."""
ROWS = {0: 10, 1: 20, 2: 8}


def distinct(*counts: int) -> tuple[Distinct, ...]:
    """The values of two convolutions, by channel, and of a dense layer."""
    stem, other, dense = counts
    return (
        Distinct(0, CONV, True, 100, 10 * stem, stem),
        Distinct(1, CONV, True, 100, 20 * other, other),
        Distinct(2, DENSE, False, 100, dense, dense),
    )


def zeros(*shares: float, near: float = 0.0) -> tuple[Zeros, ...]:
    """The zeros of the same layers, as shares of their weights."""
    return tuple(
        Zeros(
            operator=operator,
            kind=DENSE if operator == 2 else CONV,
            compressible=True,
            weights=WEIGHTS[operator],
            zeros=round(share * WEIGHTS[operator]),
            near_zeros=round(near * WEIGHTS[operator]),
            rows=ROWS[operator],
            zero_rows=0,
            bias_zeros=0,
            stored_sparse=False,
        )
        for operator, share in enumerate(shares)
    )


def magnitudes(residue: float) -> tuple[Magnitudes, ...]:
    return tuple(Magnitudes(operator, CONV, 0, residue) for operator in WEIGHTS)


def delta(part: str, kind: str, largest: float, shape_change: float = 0.0, operator: int = 2) -> WeightDelta:
    compressible = part == "kernel" and kind != DEPTHWISE
    return WeightDelta(operator, kind, part, compressible, 8, 8, 0 if largest else 8, largest, largest, shape_change)


def moved(kernel: float = 0.5, bias: float = 0.5, *, depthwise: float = 0.01, shape_change: float = 0.1) -> Any:
    """Movements of a dense layer, as shares of what fine-tuning can move, and of a depthwise kernel."""
    return (
        delta("kernel", DENSE, kernel * REACH, shape_change),
        delta("bias", DENSE, bias * REACH),
        delta("kernel", DEPTHWISE, depthwise, operator=1),
    )


def compression(**changes: Any) -> Compression:
    """A file with the requested 8 clusters, fine-tuned, without zeros."""
    found = Compression(
        difference="",
        wrapper_residue=PLAIN,
        distinct=distinct(8, 8, 8),
        spacing=tuple(Spacing(operator, CONV, 6, 0.006) for operator in WEIGHTS),
        shifts=(),
        zeros=zeros(0, 0, 0),
        misplaced=(),
        magnitudes=(),
        weight_deltas=moved(),
        clusters=8,
        coherence=(Coherence(1, DEPTHWISE, 99, 45.0),),
    )
    return replace(found, **changes)


PRUNED = compression(distinct=distinct(50, 50, 400), zeros=zeros(0.5, 0.5, 0.5), magnitudes=magnitudes(0.0))
UNTOUCHED: dict[str, Any] = {
    "distinct": distinct(100, 100, 800),
    "zeros": zeros(0, 0, 0),
    "magnitudes": magnitudes(1.0),
}


def evidence(
    weights: Compression,
    *,
    clusters: int | None = 8,
    deflated: int = 40_000,
    accuracy: float = 0.9,
    expected: Compression | None = None,
    file: str = "float32",
) -> CompressedEvidence:
    """A run's evidence; the reference's archive has 40,000 bytes, and its file is right for 90 % of the images."""
    path = DATA / f"{file}.tflite"
    model = read_model(path.read_bytes())
    entrance, exit_ = runner.encoding_of(model, "inputs"), runner.encoding_of(model, "outputs")
    quality = Evaluation(100, 0.9, 0.9, 0.9, 0.9, 0.9, ())
    return CompressedEvidence(
        clusters=clusters,
        sparsity=None if clusters is not None else 0.5,
        steps=STEPS,
        file=Result(FileEvidence(Artifact(path, path.stat().st_size, ""), model, entrance, exit_)),
        compressed=Result(Compressed(weights, 120_000, deflated)),
        evaluation=Result(replace(quality, accuracy=accuracy)),
        expected=Result(Expected(Compressed(expected or weights, 120_000, 40_000), quality)),
        given=Result(quality),
    )


def lost(judge: Callable[..., None], *arguments: Any) -> CheckFailed:
    with pytest.raises(CheckFailed) as raised:
        judge(*arguments)
    return raised.value


@pytest.mark.parametrize(
    "judge",
    [
        test_clustering.test_number_of_values,
        test_clustering.test_deflation,
        test_clustering.test_centroids_are_linear,
        test_clustering.test_parameters_moved,
        test_clustering.test_accuracy,
        test_clustering.test_file_is_plain,
    ],
)
def test_a_clustered_file_passes(judge: Callable[..., None]) -> None:
    """A correct file passes every check."""
    judge(evidence(compression()), LAB)


@pytest.mark.parametrize(
    "judge",
    [
        test_pruning.test_number_of_zeros,
        test_pruning.test_deflation,
        test_pruning.test_zeros_are_where_they_belong,
        test_pruning.test_parameters_moved,
        test_pruning.test_accuracy,
        test_pruning.test_file_is_plain,
    ],
)
def test_a_pruned_file_passes(judge: Callable[..., None]) -> None:
    """A correct file passes every check."""
    judge(evidence(PRUNED, clusters=None), LAB)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"distinct": distinct(100, 100, 800), "weight_deltas": moved(shape_change=0.001)}, "not_clustered"),
        ({"distinct": distinct(100, 100, 800)}, "trained_after_stripping"),
        ({"distinct": distinct(60, 15, 9), "zeros": zeros(0.4, 0.3, 0.0)}, "pruned_clusters"),
        ({"distinct": distinct(9, 9, 9), "zeros": zeros(0.4, 0.3, 0.4)}, "pruned_clusters"),
        ({"distinct": distinct(14, 16, 16), "clusters": 16}, "other_clusters"),
        # Within the number in one layer by chance: still another number, since the dense layer has few values too.
        ({"distinct": distinct(8, 12, 16), "clusters": 16}, "other_clusters"),
        ({"distinct": distinct(100, 100, 8)}, "clustered_partly"),
        ({"distinct": distinct(8, 100, 8)}, "clustered_partly"),
        ({"distinct": distinct(8, 8, 800)}, "clustered_partly"),
    ],
)
def test_why_there_are_more_values(changes: dict[str, Any], hint: str) -> None:
    """Each cause of too many values has its own hint."""
    assert lost(test_clustering.test_number_of_values, evidence(compression(**changes)), LAB).hint == hint


def test_layers_without_clusters_are_named() -> None:
    """If only some layers are clustered, the others are named."""
    error = lost(test_clustering.test_number_of_values, evidence(compression(distinct=distinct(9, 90, 8))), LAB)
    assert error.filling["without"] == "CONV_2D 0, CONV_2D 1"
    assert error.measured == "CONV_2D 0 has 9 distinct values per channel, CONV_2D 1 has 90 distinct values per channel"


def test_a_small_dense_layer_is_not_taken_for_clustered() -> None:
    """A dense layer with few weights has few values anyway, which alone is not another number of clusters."""
    small = replace(zeros(0, 0, 0)[2], weights=60)
    weights = compression(distinct=distinct(8, 8, 60), zeros=(*zeros(0, 0), small))
    assert lost(test_clustering.test_number_of_values, evidence(weights), LAB).hint == "clustered_partly"


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"zeros": zeros(0, 0, 0, near=0.5)}, "near_zeros"),
        ({**UNTOUCHED, "weight_deltas": moved(0, 0, depthwise=0)}, "never_fitted"),
        (UNTOUCHED, "not_pruned"),
        ({**UNTOUCHED, "magnitudes": ()}, "not_pruned"),
        ({**UNTOUCHED, "magnitudes": magnitudes(0.02)}, "trained_after_pruning"),
        ({**UNTOUCHED, "magnitudes": magnitudes(0.2)}, "trained_after_pruning"),
        ({**UNTOUCHED, "distinct": distinct(16, 16, 16)}, "clustered_zeros"),
        ({"zeros": zeros(0.5, 0.0, 0.5)}, "pruned_partly"),
        ({"zeros": zeros(0.8, 0.35, 0.5)}, "global_threshold"),
        ({"zeros": zeros(0.3, 0.3, 0.3)}, "other_sparsity"),
        ({"zeros": zeros(0.3, 0.4, 0.6)}, "zeros"),
        ({"zeros": zeros(0.495, 0.495, 0.495)}, "zeros"),
    ],
)
def test_why_there_are_other_zeros(changes: dict[str, Any], hint: str) -> None:
    """Each cause of a wrong number of zeros has its own hint."""
    found = evidence(replace(PRUNED, **changes), clusters=None, expected=PRUNED)
    assert lost(test_pruning.test_number_of_zeros, found, LAB).hint == hint


def test_channels_that_vanish_are_why_there_are_more_zeros() -> None:
    """If batch normalisation's scale was pruned, the hint names the channels that are zero."""
    gone = (Misplaced(0, CONV, "whole channel", 6, 10), Misplaced(1, CONV, "bias", 3, 20))
    weights = replace(PRUNED, zeros=zeros(0.8, 0.5, 0.5), misplaced=gone)
    error = lost(test_pruning.test_number_of_zeros, evidence(weights, clusters=None, expected=PRUNED), LAB)
    assert error.hint == "misplaced"
    assert error.filling["places"] == "6 of 10 in a whole channel of CONV_2D, 3 of 20 in a bias of CONV_2D"


def test_a_channel_that_the_reference_loses_may_be_lost() -> None:
    """Only zeros beyond the reference's are misplaced."""
    one, two = (Misplaced(0, CONV, "whole channel", count, 10) for count in (1, 2))
    expected = replace(PRUNED, misplaced=(one,))
    judge = test_pruning.test_zeros_are_where_they_belong
    judge(evidence(expected, clusters=None), LAB)
    worse = evidence(replace(PRUNED, misplaced=(two,)), clusters=None, expected=expected)
    assert lost(judge, worse, LAB).hint == "misplaced"


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"zeros": zeros(0, 0, 0)}, "no_zeros"),
        ({"magnitudes": (Magnitudes(0, CONV, 60, 0.0),)}, "not_smallest"),
    ],
)
def test_why_zeros_are_misplaced(changes: dict[str, Any], hint: str) -> None:
    """Placement needs zeros, and the zeros must be the smallest weights."""
    found = evidence(replace(PRUNED, **changes), clusters=None)
    assert lost(test_pruning.test_zeros_are_where_they_belong, found, LAB).hint == hint


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"spacing": (Spacing(0, CONV, 6, 0.2),)}, "centroids"),
        ({"spacing": (), "shifts": (CentroidShift(2, DENSE, 2, 0.3, 0.2),)}, "centroids"),
        ({"distinct": distinct(100, 100, 800)}, "no_centroids"),
    ],
)
def test_why_centroids_are_not_even(changes: dict[str, Any], hint: str) -> None:
    """Uneven values fail, by their spacing or, with 2 clusters, by their distance from linear centroids."""
    assert lost(checks.require_even, evidence(compression(**changes)), LAB).hint == hint


def test_even_centroids_of_another_number_are_even() -> None:
    """16 even values instead of 8 fail the number of values, not the centroids."""
    checks.require_even(evidence(compression(distinct=distinct(14, 16, 16), clusters=16)), LAB)


@pytest.mark.parametrize(
    ("weights", "clusters", "hint"),
    [
        (compression(weight_deltas=moved(9, 0, depthwise=0)), 8, "not_tuned"),
        (compression(weight_deltas=moved(9, 0.5, depthwise=0)), 8, "frozen"),
        (compression(weight_deltas=moved(9, LAB.thresholds["moved_clustered"] / 2)), 8, "few_steps"),
        (compression(weight_deltas=moved(0.5, 5.0)), 8, "far_from_original"),
        (replace(PRUNED, weight_deltas=moved(*[LAB.thresholds["moved"] / 2] * 2)), None, "few_steps"),
        (replace(PRUNED, weight_deltas=moved(0.5, 5.0)), None, "far_from_original"),
        (replace(PRUNED, difference="the kernel of CONV_2D 0 has no counterpart"), None, "other_network"),
    ],
)
def test_why_it_is_not_tuned(weights: Compression, clusters: int | None, hint: str) -> None:
    """Each of these fails with its hint: nothing moved, only part did, or all moved too little or too far."""
    assert lost(checks.require_tuned, evidence(weights, clusters=clusters), LAB).hint == hint


def coherent(*deviations: float) -> Compression:
    """A file in which the weights of these kernels moved so far together."""
    return compression(
        coherence=tuple(Coherence(operator, DENSE, 99, each) for operator, each in enumerate(deviations))
    )


@pytest.mark.parametrize("judge", [checks.require_tuned, checks.require_accuracy])
def test_noise_is_no_fine_tuning(judge: Any) -> None:
    """Weights that moved one by one cost the whole criterion, where the reference's moved together."""
    least = LAB.thresholds["coherence"]
    counted: Any = (lambda: None,) if judge is checks.require_accuracy else ()
    for noise in (coherent(0.3, -1.0, 2.0), coherent(float("nan")), coherent()):
        for real in (False, True):
            found = replace(evidence(noise, expected=coherent(40, 50)), real=real)
            assert lost(judge, found, LAB, *counted).hint == "made_up"
    judge(evidence(coherent(least + 1)), LAB, *counted)
    wrapped = replace(PLAIN, wrapper="clustering")
    judge(evidence(replace(coherent(), difference="more operators", wrapper_residue=wrapped)), LAB, *counted)
    # What quantisation rounds away is noise as well.
    rounded = replace(PLAIN, extra=(OperatorCount("QUANTIZE", 4),))
    judge(evidence(replace(coherent(0.3), wrapper_residue=rounded)), LAB, *counted)
    # Where the reference's movement can't be told from noise.
    judge(replace(evidence(coherent(0.3), expected=coherent(least)), real=True), LAB, *counted)
    judge(replace(evidence(coherent(0.3), expected=coherent()), real=True), LAB, *counted)


def test_frozen_layers_are_no_noise() -> None:
    """If no kernel moved because layers were frozen, that is what is said."""
    found = evidence(replace(coherent(), weight_deltas=moved(9, 0.5, depthwise=0)))
    assert lost(checks.require_tuned, found, LAB).hint == "frozen"
    checks.require_accuracy(found, LAB, lambda: None)
    checks.require_tuned(replace(found, frozen=True), LAB)


@pytest.mark.parametrize("weight_deltas", [moved(0.4, 0.1), moved(50, 0.5), moved(50, 1.25)])
def test_pruned_weights_may_move_far(weight_deltas: Any) -> None:
    """Weights that moved because they were retrained from zero or clustered do not count against fine-tuning."""
    checks.require_tuned(evidence(replace(PRUNED, weight_deltas=weight_deltas), clusters=None), LAB)


def test_frozen_layers_of_the_given_model_may_rest() -> None:
    """Pruning leaves parameters that rest in the reference's file as they are; others have to move."""
    resting = "kernel of DEPTHWISE_CONV_2D 1"
    found = evidence(replace(PRUNED, weight_deltas=moved(depthwise=0)), clusters=None)
    assert lost(checks.require_tuned, found, LAB).hint == "frozen"
    checks.require_tuned(replace(found, frozen=True, resting=(resting,)), LAB)
    error = lost(checks.require_tuned, replace(found, frozen=True, resting=("another",)), LAB)
    assert error.filling["still"] == resting


def test_layers_that_were_unfrozen_for_clustering_may_rest() -> None:
    """To cluster a frozen network, it is enough to unfreeze what tfmot clusters."""
    still = compression(weight_deltas=moved(9, 0.5, depthwise=0))
    assert lost(checks.require_tuned, evidence(still), LAB).hint == "frozen"
    checks.require_tuned(replace(evidence(still), frozen=True), LAB)
    nothing = replace(evidence(compression(weight_deltas=moved(9, 0, depthwise=0))), frozen=True)
    assert lost(checks.require_tuned, nothing, LAB).hint == "not_tuned"


@pytest.mark.parametrize(("share", "passes"), [(0.2, True), (0.1, True), (0.07, False)])
def test_small_steps_on_a_real_model(share: float, passes: bool) -> None:
    """Where the reference's weights move by a fifth of the way, others' may move less too, but not by a fourth of that."""
    theirs = replace(PRUNED, weight_deltas=moved(0.2, 0.2))
    ours = evidence(replace(PRUNED, weight_deltas=moved(share, share)), clusters=None)
    expected = ours.expected.get()
    beside = Result(replace(expected, compressed=replace(expected.compressed, weights=theirs)))
    assert lost(checks.require_tuned, replace(ours, expected=beside), LAB).hint == "few_steps"
    found = replace(ours, expected=beside, real=True)
    if passes:
        checks.require_tuned(found, LAB)
    else:
        assert lost(checks.require_tuned, found, LAB).hint == "few_steps"


def test_a_network_without_dense_layers_is_tuned_if_it_moved() -> None:
    """If no weight shows how far training went, it is enough that all moved."""
    only = (delta("bias", CONV, 0.01), delta("kernel", DEPTHWISE, 0.01))
    checks.require_tuned(evidence(compression(weight_deltas=only)), LAB)


@pytest.mark.parametrize(
    ("found", "hint"),
    [
        (evidence(compression(), accuracy=0.5), "accuracy"),
        (evidence(compression(weight_deltas=moved(9, 0, depthwise=0)), accuracy=0.5), "not_tuned"),
        (evidence(compression(distinct=distinct(16, 16, 16), clusters=16), accuracy=0.5), "other_clusters"),
        (evidence(compression(distinct=distinct(90, 90, 800), weight_deltas=moved(shape_change=0))), "not_clustered"),
        (evidence(replace(PRUNED, weight_deltas=moved(0.2, 0.2)), clusters=None, accuracy=0.5), "few_steps"),
        (evidence(replace(PRUNED, zeros=zeros(0.7, 0.7, 0.7)), clusters=None, accuracy=0.5), "other_sparsity"),
        (evidence(replace(PRUNED, **UNTOUCHED, weight_deltas=moved(shape_change=0.001)), clusters=None), "not_pruned"),
    ],
)
def test_why_it_is_less_accurate(found: CompressedEvidence, hint: str) -> None:
    """A loss of accuracy is explained by the file's other faults; an uncompressed file earns nothing."""
    judge = test_clustering.test_accuracy if found.clusters is not None else test_pruning.test_accuracy
    error = lost(judge, found, LAB)
    assert error.hint == hint
    assert error.measured in ("50.0% on 100 images", "the file was not compressed") or hint == "not_tuned"


@pytest.mark.parametrize(
    ("found", "hint"),
    [
        (evidence(compression(), deflated=30_000), "fewer_clusters"),
        (evidence(compression(), deflated=50_000), "archive"),
        (evidence(compression(), deflated=20_000, file="dynamic_range"), "not_float"),
        (
            evidence(compression(wrapper_residue=WrapperResidue("clustering", (), 8.6)), deflated=900_000),
            "not_stripped",
        ),
        (evidence(compression(distinct=distinct(16, 16, 16), clusters=16), deflated=52_000), "other_clusters"),
        (evidence(compression(spacing=(Spacing(0, CONV, 6, 0.2),)), deflated=60_000), "archive"),
        (evidence(PRUNED, clusters=None, deflated=50_000), "archive"),
        (evidence(replace(PRUNED, zeros=zeros(0.3, 0.3, 0.3)), clusters=None, deflated=50_000), "other_sparsity"),
    ],
)
def test_why_the_archive_has_another_size(found: CompressedEvidence, hint: str) -> None:
    """A wrong ZIP size is explained by the number of values or zeros, or by what is left in the file."""
    judge = test_clustering.test_deflation if found.clusters is not None else test_pruning.test_deflation
    error = lost(judge, found, LAB)
    assert error.hint == hint
    assert "bytes in a ZIP" in error.measured


@pytest.mark.parametrize("deflated", [49_000, 36_000])
def test_other_centroids_may_take_more_room(deflated: int) -> None:
    """Uneven centroids belong to another criterion, so the ZIP size has a wider tolerance with them."""
    uneven = compression(spacing=(Spacing(0, CONV, 6, 0.2),))
    test_clustering.test_deflation(evidence(uneven, deflated=deflated), LAB)
    assert lost(test_clustering.test_deflation, evidence(compression(), deflated=deflated), LAB)


@pytest.mark.parametrize(
    ("weights", "file", "hint"),
    [
        (
            compression(wrapper_residue=WrapperResidue("clustering", (OperatorCount("GATHER", 9),), 8.6)),
            "float32",
            "not_stripped",
        ),
        (compression(difference="another number of operators"), "float32", "other_network"),
        (compression(), "dynamic_range", "not_float"),
        (compression(), "int8", "not_float"),
        (compression(wrapper_residue=WrapperResidue(None, (), 1.5)), "float32", "too_large"),
        (
            compression(wrapper_residue=WrapperResidue(None, (OperatorCount("QUANTIZE", 9),), 1.2)),
            "float32",
            "quantisation_aware",
        ),
        (compression(distinct=distinct(90, 90, 800), weight_deltas=moved(shape_change=0)), "float32", "not_clustered"),
    ],
)
def test_why_a_file_is_not_plain(weights: Compression, file: str, hint: str) -> None:
    """Wrappers, a different network or type, extra content and an uncompressed file each fail with their hint."""
    assert lost(test_clustering.test_file_is_plain, evidence(weights, file=file), LAB).hint == hint


def test_wrappers_say_which_function_takes_them_off() -> None:
    """The hint about wrappers names the strip function for the kind of compression."""
    left = WrapperResidue("pruning", (OperatorCount("READ_VARIABLE", 9), OperatorCount("MUL", 9)), 2.0)
    error = lost(test_pruning.test_file_is_plain, evidence(replace(PRUNED, wrapper_residue=left), clusters=None), LAB)
    assert error.filling == {"wrapper": "pruning", "strip": "strip_pruning"}
    assert error.measured == "2.0 times the size of the FP32 file, with 9 READ_VARIABLE, 9 MUL"


def test_a_cause_that_another_check_found_leaves_no_evidence_of_it() -> None:
    """A check that runs other checks keeps only its own evidence."""
    with observing() as observed:
        lost(
            test_pruning.test_accuracy,
            evidence(replace(PRUNED, zeros=zeros(0, 0.5, 0.5)), clusters=None, accuracy=0),
            LAB,
        )
    assert observed["measured"] == "0.0% on 100 images"
    with observing() as observed:
        assert first_fault(lambda: checks.require_even(evidence(compression()), LAB)) is None
    assert observed == {}


def test_every_check_raises_the_runs_error() -> None:
    """Without a file, each check raises the run's error."""
    error = RunError(Verdict.MISSING, "not written yet")
    nothing = replace(
        evidence(PRUNED, clusters=None), file=failure(error), compressed=failure(error), evaluation=failure(error)
    )
    for name, judge in vars(test_pruning).items():
        if name.startswith("test_") and name != "test_latency":
            with pytest.raises(RunError, match="not written yet"):
                judge(nothing, LAB)


def test_a_file_is_touched_by_zeros_wrappers_or_bent_kernels() -> None:
    """Fine-tuning alone does not count as compression."""
    assert checks.touched(PRUNED, LAB)
    assert checks.touched(compression(), LAB)
    assert checks.touched(compression(wrapper_residue=WrapperResidue("pruning", (), 2.0), weight_deltas=()), LAB)
    assert not checks.touched(compression(weight_deltas=moved(shape_change=0.003)), LAB)


def test_the_worst_layer_is_named() -> None:
    """The reason gives the number of zeros and of correct layers, and names the worst layer."""
    weights = replace(PRUNED, zeros=zeros(0.5, 0.4, 0.5))
    error = lost(test_pruning.test_number_of_zeros, evidence(weights, clusters=None), LAB)
    assert error.measured == "1,700 zeros in 3,800 weights; 2 of 3 layers correct; CONV_2D 1 has 800"
    assert error.expected == "1,900 zeros, 50% of each layer; 1,000 in CONV_2D 1"
    assert pruned(weights.zeros, 0.5, 0.0).worst == "CONV_2D 1"


@pytest.mark.parametrize(
    ("kind", "message", "explanation"),
    [
        (
            "ValueError",
            "Layer stem has no weights to cluster.",
            "no weights to cluster. Its layers are frozen (trainable = False): set model.trainable = True",
        ),
        ("ValueError", "target_sparsity must be in range [0,1)", "range [0,1): sparsity is a fraction, 0.5 and not 50"),
        (
            "TypeError",
            "in user code: '_DictWrapper' object is not callable",
            "passed to prune_low_magnitude as one dict",
        ),
        (
            "InvalidArgumentError",
            "Graph execution error: [Prune() wrapper requires the UpdatePruningStep callback to be provided]",
            "the wrapped model was fitted without UpdatePruningStep() among the callbacks",
        ),
    ],
)
def test_exceptions_of_tfmot_are_explained(kind: str, message: str, explanation: str) -> None:
    """A known exception of tfmot's is explained, and keeps its verdict and place."""
    places = (SourceLine("a.py", 7, "fit()"),)
    found = explained(RunError(Verdict.FAILED, f"{kind}: {message}", places, exception=kind))
    assert found is not None
    assert explanation in found.message
    assert found.message.startswith(f"{kind}: ")
    assert found.message.count(f"{kind}: ") == 1
    assert (found.verdict, found.places, found.exception) == (Verdict.FAILED, places, kind)


def test_other_exceptions_stay_as_they_are() -> None:
    """An unknown exception is shown unchanged."""
    error = RunError(Verdict.FAILED, "KeyError: 'a'", exception="KeyError")
    assert explained(error) is error
    assert explained(None) is None
