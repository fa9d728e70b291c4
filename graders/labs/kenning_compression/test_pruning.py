"""TensorFlowPruningOptimizer: the requested zeros, at the requested steps, in the requested layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, check_threshold, criterion, join_names
from graders.framework.definition import Lab
from graders.labs.kenning_compression import checks
from graders.labs.kenning_compression.networks import SCORES
from graders.labs.kenning_compression.work import FEW, Overview, share_of_zeros

if TYPE_CHECKING:
    from graders.labs.kenning_compression.evidence import OptimizedEvidence


@criterion("kenning.pruning.zeros", runs="pruned-drawn,pruned-nested")
def test_number_of_zeros(evidence: OptimizedEvidence, lab: Lab) -> None:
    """Each kernel of a convolution or Dense layer has the requested number of exact zeros."""
    weights = evidence.weights.get()
    checks.require_zeros(weights.layers, evidence.parameters["target_sparsity"], weights, checks.DEFAULT_FREQUENCY, lab)
    _require_trained(evidence)


@criterion("kenning.pruning.zeros", runs="pruned-dense")
def test_number_of_zeros_of_dense_layers(evidence: OptimizedEvidence, lab: Lab) -> None:
    """Each kernel of a Dense layer has the requested number of exact zeros."""
    weights = evidence.weights.get()
    dense = [each for each in weights.layers if each.dense]
    checks.require_zeros(dense, evidence.parameters["target_sparsity"], weights, checks.DEFAULT_FREQUENCY, lab)
    _require_trained(evidence)


@criterion("kenning.pruning.zeros", runs="pruned-drawn")
def test_zeros_are_where_they_belong(evidence: OptimizedEvidence) -> None:
    """Biases and depthwise kernels have no zeros."""
    weights = evidence.weights.get()
    check(
        share_of_zeros(weights) >= FEW,
        measured="hardly any zeros",
        expected="zeros, so that their places can be checked",
        hint="no_zeros",
    )
    wrong = join_names([f"{each.zeros} of {each.size} in a {each.part}" for each in weights.misplaced])
    check(
        not weights.misplaced,
        measured=f"zeros outside of prunable kernels: {wrong}" if wrong else "none outside of prunable kernels",
        expected="zeros in the kernels of convolutions and Dense layers alone",
        hint="misplaced",
    )


@criterion("kenning.pruning.dense", runs="pruned-dense")
def test_dense_layers_only(evidence: OptimizedEvidence) -> None:
    """With prune_dense, Dense layers are pruned and no others."""
    checks.require_untouched(evidence.weights.get(), "prune_dense")
    _require_trained(evidence)


@criterion("kenning.pruning.schedule", runs="pruned-frequency-drawn")
def test_frequency(evidence: OptimizedEvidence, lab: Lab) -> None:
    """With a frequency that is less than the number of steps, weights are pruned, the smallest ones."""
    weights = evidence.weights.get()
    found, every = share_of_zeros(weights), evidence.parameters["pruning_frequency"]
    check(
        found >= FEW,
        measured=f"{found:.1%} zeros after {weights.training.counted} steps",
        expected=f"zeros: every {every} steps the model is pruned",
        hint="frequency_ignored",
        frequency=every,
    )
    # The last layer's weights are so small that a few steps reorder them.
    larger = [each for each in weights.layers if each.name != SCORES and each.zeros.zeros]
    zeros = sum(each.zeros.zeros for each in larger)
    share = sum(each.smallest * each.zeros.zeros for each in larger) / zeros if zeros else 0.0
    check(
        check_threshold(lab, "smallest", share, at_least=True),
        measured=f"{share:.0%} of the zeros are among the smallest weights of the given model",
        expected=f"at least {lab.thresholds['smallest']:.0%}",
        hint="not_smallest",
    )


@criterion("kenning.pruning.schedule", runs="pruned-rare")
def test_rare_pruning(evidence: OptimizedEvidence, static_review: Overview) -> None:
    """With a frequency of 100 and fewer steps, nothing is pruned."""
    weights = evidence.weights.get()
    _require_pruning(evidence, static_review)
    found = share_of_zeros(weights)
    check(
        found < FEW,
        measured=f"{found:.1%} zeros after {weights.training.counted} steps",
        expected="none: a frequency of 100 prunes for the first time after 100 steps",
        hint="frequency_ignored",
        frequency=100,
    )


@criterion("kenning.pruning.schedule", runs="pruned-end-drawn")
def test_end(evidence: OptimizedEvidence, static_review: Overview) -> None:
    """If pruning ends before its first step comes, nothing is pruned."""
    weights = evidence.weights.get()
    _require_pruning(evidence, static_review)
    found, end = share_of_zeros(weights), evidence.parameters["pruning_end"]
    every = evidence.parameters["pruning_frequency"]
    check(
        found < FEW,
        measured=f"{found:.1%} zeros after {weights.training.counted} steps",
        expected=f"none: pruning ends at step {end} and would begin at step {every}",
        hint="end_ignored",
        end=end,
    )


def _require_pruning(evidence: OptimizedEvidence, overview: Overview) -> None:
    """A model without zeros shows nothing unless it was trained, and others are pruned."""
    _require_trained(evidence)
    check(
        overview.prunes,
        measured="no run pruned a model, whatever the schedule was",
        expected="pruning at the steps of the schedule and at no others",
        hint="not_pruned",
    )


def _require_trained(evidence: OptimizedEvidence) -> None:
    """Pruning happens in training: zeros alone are set in no time."""
    check(
        evidence.weights.get().training.moved,
        measured="the model was not trained",
        expected="a model that was trained for the requested epochs",
        hint="not_trained",
    )
