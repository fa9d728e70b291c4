"""Training as the parameters say: batches, optimizer, loss; seen in what the model's file counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, criterion
from graders.labs.kenning_compression import checks
from graders.labs.kenning_compression.counting import STILL

if TYPE_CHECKING:
    from graders.labs.kenning_compression.counting import Training
    from graders.labs.kenning_compression.evidence import OptimizedEvidence


def _trained(evidence: OptimizedEvidence) -> Training:
    training = evidence.weights.get().training
    check(training.moved, measured="the model was not trained", expected="a trained model", hint="not_trained")
    return training


@criterion("kenning.training.batch_size", runs="pruned-frequency-drawn,pruned-end-drawn,clustered-tuned-drawn")
def test_batch_size(evidence: OptimizedEvidence) -> None:
    """Batches have the requested number of images."""
    training, wanted = _trained(evidence), evidence.parameters["batch_size"]
    steps = training.steps(evidence.parameters["optimizer"])
    # Where no batch was seen, epochs are made of whole numbers of batches, whatever the number of epochs is.
    in_epoch = checks.steps_of(evidence, epochs=1)
    right = training.batch == wanted if training.counted else any(steps % each == 0 for each in in_epoch)
    check(
        right and steps > 0,
        measured=f"batches of {training.batch} images" if training.batch else _shown(steps),
        expected=f"batches of {wanted} images, {in_epoch[0]} in an epoch",
        hint="batch_size",
        wanted=wanted,
    )


def _shown(steps: int) -> str:
    return f"{steps} steps" if steps else "a number of steps that can't be told, since the optimizer is another one"


@criterion("kenning.training.epochs", runs="pruned-frequency-drawn,pruned-end-drawn,clustered-tuned-drawn")
def test_epochs(evidence: OptimizedEvidence) -> None:
    """The training images were seen as many times as there are epochs."""
    training, epochs = _trained(evidence), evidence.parameters["epochs"]
    steps = training.steps(evidence.parameters["optimizer"])
    # Whatever the size of the batches is, which is another criterion.
    wanted = checks.steps_of(evidence, batch_size=training.batch or evidence.parameters["batch_size"])
    check(
        steps > 0 and (steps in wanted if training.counted else steps % epochs == 0),
        measured=f"{steps} batches of {training.batch} images" if training.batch else _shown(steps),
        expected=f"{wanted[0]} of them: {epochs} epochs of {evidence.train} images",
        hint="epochs",
        wanted=epochs,
    )


@criterion("kenning.training.optimizer", runs="pruned-frequency-drawn,pruned-end-drawn,clustered-tuned-drawn")
def test_optimizer(evidence: OptimizedEvidence) -> None:
    """The last bias, whose gradient is known, moved as the requested optimizer moves it."""
    training, wanted = _trained(evidence), evidence.parameters["optimizer"]
    found = training.optimizer(wanted)
    check(
        found == wanted,
        measured=f"the last bias moved by {abs(training.target):.4f} and {abs(training.others):.4f}, as "
        + (f"{found} moves it" if found else "none of adam, SGD and RMSprop moves it"),
        expected=f"steps of {wanted} with its usual learning rate",
        hint="optimizer",
        wanted=wanted,
    )


@criterion("kenning.training.loss", runs="pruned-frequency-drawn,pruned-end-drawn,clustered-tuned-drawn")
def test_scores_are_logits(evidence: OptimizedEvidence) -> None:
    """Without disable_from_logits, the loss takes the model's outputs for logits."""
    training = _trained(evidence)
    check(
        training.target > 0 > training.others,
        measured="the scores of wrong classes were raised by the training",
        expected="the score of the right class raised and all others lowered, as with from_logits=True",
        hint="logits",
    )


@criterion("kenning.training.loss", runs="pruned-probabilities,clustered-probabilities")
def test_outputs_are_probabilities(evidence: OptimizedEvidence) -> None:
    """With disable_from_logits, outputs are probabilities: for a class that has all of it, nothing is left to learn."""
    training = _trained(evidence)
    check(
        abs(training.others) <= STILL,
        measured=f"the bias of wrong classes moved by {abs(training.others):.4f}, though their probability was 0",
        expected="no movement: the model was certain of the right class",
        hint="probabilities",
    )
