"""Training as the parameters say: batches, optimizer, loss; seen in what a pruned model's file counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import criterion
from graders.labs.kenning_compression import training_checks

if TYPE_CHECKING:
    from graders.labs.kenning_compression.evidence import OptimizedEvidence


@criterion("kenning.training.batch_size", runs="pruned-frequency-drawn,pruned-end-drawn")
def test_batch_size(evidence: OptimizedEvidence) -> None:
    """Batches have the requested number of images."""
    training_checks.require_batch_size(evidence)


@criterion("kenning.training.epochs", runs="pruned-frequency-drawn,pruned-end-drawn")
def test_epochs(evidence: OptimizedEvidence) -> None:
    """The training images were seen as many times as there are epochs."""
    training_checks.require_epochs(evidence)


@criterion("kenning.training.optimizer", runs="pruned-frequency-drawn,pruned-end-drawn,pruned-rare")
def test_optimizer(evidence: OptimizedEvidence) -> None:
    """The last bias, whose gradient is known, moved as the requested optimizer moves it."""
    training_checks.require_optimizer(evidence)


@criterion("kenning.training.loss", runs="pruned-frequency-drawn")
def test_scores_are_logits(evidence: OptimizedEvidence) -> None:
    """Without disable_from_logits, the loss takes the model's outputs for logits."""
    training_checks.require_logits(evidence)


@criterion("kenning.training.loss", runs="pruned-probabilities")
def test_outputs_are_probabilities(evidence: OptimizedEvidence) -> None:
    """With disable_from_logits, outputs are probabilities: for a class that has all of it, nothing is left to learn."""
    training_checks.require_probabilities(evidence)
