"""Checks of the training: batches, optimizer, loss."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from graders.framework.checks import check
from graders.labs.kenning_compression.training import ADAM, STILL

if TYPE_CHECKING:
    from graders.labs.kenning_compression.evidence import OptimizedEvidence
    from graders.labs.kenning_compression.training import Training


def _trained(evidence: OptimizedEvidence) -> Training:
    training = evidence.weights.get().training
    check(training.moved, measured="the model was not trained", expected="a trained model", hint="not_trained")
    return training


def require_batch_size(evidence: OptimizedEvidence) -> None:
    """Fails if batches do not have the requested number of images."""
    training, wanted = _trained(evidence), evidence.parameters["batch_size"]
    steps = training.steps(evidence.parameters.get("optimizer", ADAM))
    # Where no batch was seen, epochs are made of whole numbers of batches, whatever the number of epochs is.
    in_epoch = _steps_of(evidence, epochs=1)
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


def require_epochs(evidence: OptimizedEvidence) -> None:
    """Fails if the training images were not seen as many times as there are epochs."""
    training, epochs = _trained(evidence), evidence.parameters["epochs"]
    steps = training.steps(evidence.parameters.get("optimizer", ADAM))
    # Whatever the size of the batches is, which is another criterion.
    wanted = _steps_of(evidence, batch_size=training.batch or evidence.parameters["batch_size"])
    check(
        steps > 0 and (steps in wanted if training.counted else steps % epochs == 0),
        measured=f"{steps} batches of {training.batch} images" if training.batch else _shown(steps),
        expected=f"{wanted[0]} of them: {epochs} epochs of {evidence.train} images",
        hint="epochs",
        wanted=epochs,
    )


def require_optimizer(evidence: OptimizedEvidence) -> None:
    """Fails if the last bias, whose gradient is known, did not move as the requested optimizer moves it."""
    training, wanted = _trained(evidence), evidence.parameters.get("optimizer", ADAM)
    found = training.optimizer(wanted)
    check(
        found == wanted,
        measured=f"the last bias moved by {abs(training.target):.4f} and {abs(training.others):.4f}, as "
        + (f"{found} moves it" if found else "none of adam, SGD and RMSprop moves it"),
        expected=f"steps of {wanted} with its usual learning rate",
        hint="optimizer",
        wanted=wanted,
    )


def require_logits(evidence: OptimizedEvidence) -> None:
    """Fails if the loss took the model's outputs for probabilities."""
    training = _trained(evidence)
    check(
        training.target > 0 > training.others,
        measured="the scores of wrong classes were raised by the training",
        expected="the score of the right class raised and all others lowered, as with from_logits=True",
        hint="logits",
    )


def require_probabilities(evidence: OptimizedEvidence) -> None:
    """Fails if the loss took outputs for logits: it learned though the right class has all of the probability."""
    training = _trained(evidence)
    check(
        abs(training.others) <= STILL,
        measured=f"the bias of wrong classes moved by {abs(training.others):.4f}, though their probability was 0",
        expected="no movement: the model was certain of the right class",
        hint="probabilities",
    )


def _steps_of(evidence: OptimizedEvidence, **others: int) -> tuple[int, ...]:
    """The batches of a training: of the training part, or of all images. :param others: in place of its parameters."""
    asked = {**evidence.parameters, **others}
    return tuple(asked["epochs"] * ceil(count / asked["batch_size"]) for count in (evidence.train, evidence.images))
