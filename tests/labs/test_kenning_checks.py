"""Kenning's checks: from what was measured of a file to the hint that a student reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from graders.core.paths import LABS
from graders.framework.checks import CheckFailed, first_fault, observing
from graders.framework.lab_toml import load
from graders.labs.kenning_compression import checks, test_clustering, test_pruning, training_checks
from graders.labs.kenning_compression.training import Training
from graders.labs.kenning_compression.work import Overview
from graders.measure.compression import Misplaced, Spacing

from .kenning_weights import layer, optimized, weights

LAB = load(LABS / "kenning_compression")
TRAINED = Training(24, 8, 24e-3, -24e-3, moved=True)


def fault(check: Callable[[], None]) -> CheckFailed | None:
    """What a check fails with; its hint has all that its texts need."""
    with observing():
        found = first_fault(check)
    if found is not None:
        hint = LAB.hint(found.hint)
        assert "{" not in (hint.cause + hint.next).format(**found.filling)
    return found


def hint(check: Callable[[], None]) -> str:
    """The hint of a failed check; empty if it holds."""
    found = fault(check)
    return "" if found is None else found.hint


@pytest.mark.parametrize(
    ("zeros", "others", "steps", "expected"),
    [
        ((30, 30), {}, 105, ""),
        ((29, 30), {}, 105, ""),
        ((0, 0), {}, 105, "not_pruned"),
        ((0, 0), {}, 99, "too_few_steps"),
        ((30, 0), {}, 105, "pruned_partly"),
        ((10, 50), {}, 105, "global_threshold"),
        ((50, 50), {}, 105, "other_sparsity"),
        ((5, 5), {"near_zeros": 25}, 105, "near_zeros"),
    ],
)
def test_zeros(zeros: tuple[int, int], others: dict[str, int], steps: int, expected: str) -> None:
    """Each kernel has 30 of 100 zeros, give or take one weight."""
    layers = [layer(each, number=number, **others) for number, each in enumerate(zeros)]
    found = weights(*layers, training=Training(steps, 32, 0.0, 0.0, moved=True))
    assert hint(lambda: checks.require_zeros(layers, 0.3, found, 100, LAB)) == expected


@pytest.mark.parametrize(
    ("values", "same", "expected"),
    [
        ((20, 20), (), ""),
        ((20, 12), (), ""),
        ((100, 100), (0, 1), "not_clustered"),
        ((20, 100), (1,), "clustered_partly"),
        ((20, 40), (), "more_values"),
        ((8, 8), (), "fewer_values"),
    ],
)
def test_values(values: tuple[int, int], same: tuple[int, ...], expected: str) -> None:
    """Each kernel has at most 20 values, and one of them about as many."""
    layers = [layer(values=each, same=number in same, number=number) for number, each in enumerate(values)]
    assert hint(lambda: checks.require_values(layers, 20, LAB)) == expected


@pytest.mark.parametrize(
    ("conv", "dense", "expected"),
    [
        ({"values": 100, "same": True}, {"zeros": 30}, ""),
        ({"values": 100}, {"values": 12}, ""),
        ({"zeros": 30}, {"zeros": 30}, "not_only_dense"),
        ({"values": 12}, {"values": 12}, "not_only_dense"),
        ({"values": 100}, {"values": 100}, "dense_not_compressed"),
    ],
)
def test_dense_layers_only(conv: dict[str, Any], dense: dict[str, Any], expected: str) -> None:
    """Training may move a convolution, and compression may not."""
    found = weights(layer(dense=False, **conv), layer(number=1, **dense))
    assert hint(lambda: checks.require_untouched(found, "prune_dense")) == expected


def test_misplaced_zeros() -> None:
    """Zeros of biases cost nothing but their own check, and without zeros nothing can be said."""
    placed = test_pruning.test_zeros_are_where_they_belong
    evidence = optimized(layer(30))
    assert hint(lambda: placed(evidence)) == ""
    assert hint(lambda: placed(optimized(layer()))) == "no_zeros"
    object.__setattr__(evidence.weights.get(), "misplaced", (Misplaced(0, "CONV_2D", "bias", 4, 16),))
    assert hint(lambda: placed(evidence)) == "misplaced"


def test_schedule() -> None:
    """Nothing pruned is right only after training, and only if anything is pruned at all."""
    parameters = {"pruning_frequency": 3, "pruning_end": 2}
    none, some = (optimized(layer(zeros), training=TRAINED, **parameters) for zeros in (0, 30))
    assert hint(lambda: test_pruning.test_end(none, Overview(True))) == ""
    assert hint(lambda: test_pruning.test_end(some, Overview(True))) == "end_ignored"
    assert hint(lambda: test_pruning.test_rare_pruning(some, Overview(True))) == "frequency_ignored"
    assert hint(lambda: test_pruning.test_end(none, Overview(False))) == "not_pruned"
    assert hint(lambda: test_pruning.test_end(optimized(layer(), **parameters), Overview(True))) == "not_trained"
    assert hint(lambda: test_pruning.test_frequency(none, LAB)) == "frequency_ignored"
    assert hint(lambda: test_pruning.test_frequency(some, LAB)) == ""
    random = optimized(layer(30, smallest=0.3), training=TRAINED, **parameters)
    assert hint(lambda: test_pruning.test_frequency(random, LAB)) == "not_smallest"


@pytest.mark.parametrize(
    ("off", "members", "error", "training", "expected"),
    [
        (0.26, 1.0, 0.5, False, ""),
        (0.26, 0.0, 0.001, False, ""),
        (0.26, 0.0, 0.2, False, "other_centroids"),
        (1e-6, 0.0, 0.001, False, "linear_centroids"),
        (0.26, 0.0, 0.2, True, ""),
    ],
)
def test_centroids(off: float, members: float, error: float, training: bool, expected: str) -> None:
    """Centroids are weights, or means of those around them; where training moved them is another criterion."""
    spaced = Spacing(0, "FULLY_CONNECTED", 18, off)
    found = layer(values=20, members=members, error=error, spacing=spaced)
    how = TRAINED if training else Training(0, 0, 0.0, 0.0, moved=False)
    evidence = optimized(found, training=how, pruning=False, clusters_number=20)
    assert hint(lambda: test_clustering.test_centroids(evidence, LAB)) == expected


def test_preserved_zeros() -> None:
    """With preserve_sparsity every zero stays; without it, not in every layer."""
    keeps, loses = (
        layer(values=20, given_zeros=3, kept_zeros=3),
        layer(values=20, given_zeros=3, kept_zeros=0, number=1),
    )
    same = layer(same=True, given_zeros=3, kept_zeros=3)
    preserved, plain = test_clustering.test_zeros_are_preserved, test_clustering.test_zeros_are_not_preserved
    assert hint(lambda: preserved(optimized(keeps))) == ""
    assert hint(lambda: preserved(optimized(keeps, loses))) == "sparsity_lost"
    assert hint(lambda: preserved(optimized(same))) == "no_centroids"
    assert hint(lambda: plain(optimized(keeps, loses))) == ""
    assert hint(lambda: plain(optimized(keeps, keeps))) == "always_preserved"
    assert hint(lambda: plain(optimized(same))) == "no_centroids"


def tuned(training: Training, **parameters: Any) -> list[str]:
    """The hints of the checks of a training: 7 epochs of 4 batches of 12 images, if nothing else is requested."""
    requested = {"epochs": 7, "batch_size": 12, "optimizer": "adam"} | parameters
    evidence = optimized(layer(values=20), training=training, **requested)
    every = (
        training_checks.require_batch_size, training_checks.require_epochs, training_checks.require_optimizer,
        training_checks.require_logits,
    )  # fmt: skip
    return [found for each in every if (found := hint(lambda each=each: each(evidence)))]


@pytest.mark.parametrize(
    ("training", "expected"),
    [
        (Training(28, 12, 28e-3, -28e-3, moved=True), []),
        (Training(0, 0, 28e-3, -28e-3, moved=True), []),
        (Training(35, 12, 35e-3, -35e-3, moved=True), []),
        (Training(14, 32, 14e-3, -14e-3, moved=True), ["batch_size"]),
        (Training(12, 12, 12e-3, -12e-3, moved=True), ["epochs"]),
        (Training(28, 12, 0.28, -0.07, moved=True), ["optimizer"]),
        (Training(0, 0, 0.28, -0.07, moved=True), ["optimizer"]),
        (Training(28, 12, -28e-3, 28e-3, moved=True), ["logits"]),
        (Training(0, 0, 0.0, 0.0, moved=False), ["not_trained"] * 4),
        (Training(28, 12, 0.4, -0.4, moved=True), ["optimizer"]),
    ],
)
def test_training(training: Training, expected: list[str]) -> None:
    """Each parameter that is not as requested costs its own check alone."""
    assert tuned(training) == expected


def test_probabilities() -> None:
    """Of a class that has all of the probability, nothing is left to learn."""
    check = training_checks.require_probabilities
    assert hint(lambda: check(optimized(layer(), training=Training(12, 8, 0.0, 0.0, moved=True)))) == ""
    assert hint(lambda: check(optimized(layer(), training=Training(12, 8, 0.01, -0.01, moved=True)))) == "probabilities"
