"""What a file's first layer and last bias show of a training: steps, batches, optimizer, loss."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graders.labs.kenning_compression.counting import training
from graders.labs.kenning_compression.networks import CLASSES, LOW, LOWEST, MOMENTUM, PIXELS, TARGET
from graders.labs.kenning_compression.training import ADAM, MISTAKEN, RMSPROP, SGD, Training

Arrays = dict[str, NDArray[Any]]
COUNTER, SCORES = "model_weights/counter/counter/", "model_weights/scores/scores/"


def arrays(
    steps: int = 0, batch: int = 8, marked: tuple[int, ...] = (), target: float = 0, others: float = 0
) -> Arrays:
    """The arrays that training leaves: the moving statistics of so many batches, and the last bias.

    :param marked: the steps whose batch had the marked image in it.
    """
    mean, variance = np.zeros(4), np.array([1.0, 0, 1, 1])
    for step in range(steps):
        numbers = batch * PIXELS
        has = step in marked
        batch_mean = np.array([1, 1 / batch if has else 0, 0, 0])
        spread = (batch - 1) / batch**2 * numbers / (numbers - 1) if has else 0
        mean = MOMENTUM * mean + (1 - MOMENTUM) * batch_mean
        variance = MOMENTUM * variance + (1 - MOMENTUM) * np.array([0, spread, 1, 1])
    bias = np.full(CLASSES, LOW + others, np.float32)
    bias[TARGET] = LOWEST + target
    return {
        f"{COUNTER}moving_mean:0": mean.astype(np.float32),
        f"{COUNTER}moving_variance:0": variance.astype(np.float32),
        f"{SCORES}bias:0": bias,
    }


def trained(**how: Any) -> Training:
    """What is read from these arrays."""
    return training(arrays(**how), arrays(), changed=True)


@pytest.mark.parametrize("steps", [1, 2, 12, 105, 235])
@pytest.mark.parametrize("batch", [1, 6, 8, 32, 127, 128])
def test_steps_and_batches(steps: int, batch: int) -> None:
    """Both are exact, wherever the marked image was."""
    found = trained(steps=steps, batch=batch, marked=(0, steps // 2))
    assert (found.counted, found.batch) == (steps, batch)


def test_nothing_was_trained() -> None:
    """Untouched statistics have seen no batch."""
    found = training(arrays(), arrays(), changed=False)
    assert (found.counted, found.batch, found.steps(ADAM), found.optimizer(ADAM)) == (0, 0, 0, "")


def rms(steps: int) -> float:
    """The way of RMSprop's steps."""
    return sum(1e-3 / sqrt(1 - 0.9**step) for step in range(1, steps + 1))


WAYS = {
    ADAM: lambda steps: (steps * 1e-3,) * 2,
    RMSPROP: lambda steps: (rms(steps),) * 2,
    SGD: lambda n: (n / 100, n / 400),
}


@pytest.mark.parametrize("steps", [4, 12, 16, 24])
@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("wanted", WAYS)
def test_optimizer_of_counted_steps(name: str, steps: int, wanted: str) -> None:
    """Each optimizer is recognised by how far it moved the bias, whichever was requested."""
    target, others = WAYS[name](steps)
    assert trained(steps=steps, marked=(0,), target=target, others=-others).optimizer(wanted) == name


@pytest.mark.parametrize("steps", [3, 14, 21, 30, 33, 77, 110])
@pytest.mark.parametrize("name", WAYS)
def test_steps_by_the_way_of_the_bias(name: str, steps: int) -> None:
    """Where no batch was counted, the way of the bias shows the steps."""
    target, others = WAYS[name](steps)
    found = trained(target=target, others=-others)
    assert (found.steps(name), found.optimizer(name)) == (steps, name)


@pytest.mark.parametrize("name", [ADAM, SGD])
def test_scores_taken_for_probabilities(name: str) -> None:
    """The optimizer is recognised though the gradients have other signs and sizes."""
    way = 12e-3 if name == ADAM else 0.12 * MISTAKEN
    found = trained(steps=12, marked=(0,), target=-way, others=way)
    assert found.optimizer(name) == name


def test_another_learning_rate_is_none_of_them() -> None:
    """Ten times the learning rate is no optimizer's usual one."""
    assert trained(steps=12, marked=(0,), target=0.12, others=-0.12).optimizer(ADAM) == ""
