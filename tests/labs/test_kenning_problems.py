"""Drawn networks and images of Kenning's lab, and what a network computes of an image."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from graders.labs.kenning_compression.images import accuracy, draw_images, scores
from graders.labs.kenning_compression.networks import CLASSES, LOW, LOWEST, TARGET
from graders.labs.kenning_compression.problems import NETWORKS, Problem, image_count, make, renamed
from graders.measure.keras_files import read_keras_file

ALL = sorted(path.stem for path in NETWORKS.glob("*.h5"))


@pytest.mark.parametrize("network", ALL)
def test_a_problem_is_written(tmp_path: Path, network: str) -> None:
    """The file holds the drawn weights, the specification lies beside it, and the same draw gives the same files."""
    problem = Problem(network, specified=True)
    one, other = (make(problem, tmp_path / name, random.Random(3)) for name in "ab")
    found = read_keras_file(one.model)
    assert found.network
    assert found.arrays.keys() == one.arrays.keys()
    assert all(np.array_equal(found.arrays[name], one.arrays[name]) for name in one.arrays)
    assert one.model.read_bytes() == other.model.read_bytes()
    assert one.images.read_bytes() == other.images.read_bytes()
    specification = json.loads(Path(f"{one.model}.json").read_text(encoding="utf-8"))
    assert specification == one.specification != renamed(specification)
    assert len(specification["input"]) == 1 + (network == "two_inputs")
    assert make(problem, tmp_path / "c", random.Random(4)).arrays.keys() == one.arrays.keys()


def test_zeros_and_biases(tmp_path: Path) -> None:
    """A sparse problem has few zeros in each kernel, and the right class has by far the lowest score."""
    made = make(Problem(sparsity=0.03), tmp_path, random.Random(1))
    kernels = {name: array for name, array in made.arrays.items() if "kernel" in name}
    assert all(abs(float((array == 0).mean()) - 0.03) < 0.02 for array in kernels.values())
    bias = made.arrays["model_weights/scores/scores/bias:0"]
    assert bias[TARGET] == np.float32(LOWEST)
    assert (np.delete(bias, TARGET) == LOW).all()
    assert not Path(f"{made.model}.json").exists()


def test_images() -> None:
    """Other images of a problem have its patterns, and no image is given twice."""
    one, again, more = (draw_images(20, 5, mixed=True, draw=draw) for draw in (0, 0, 1))
    assert (one.images == again.images).all()
    assert not (one.images == more.images)[..., 2:].any()
    assert (one.images[..., 0] == 1).all()
    assert not one.images[..., 1].any()
    assert sorted(set(one.labels.tolist())) == list(range(CLASSES))
    assert set(draw_images(20, 5, mixed=False).labels.tolist()) == {TARGET}
    assert image_count(Problem(train=48)) == 60


def test_scores_are_those_of_the_network(tmp_path: Path) -> None:
    """Layer by layer, one place at a time."""
    made = make(Problem(mixed=True), tmp_path, random.Random(2))
    arrays = {
        name.removeprefix("model_weights/").removesuffix(":0"): each.astype(float) for name, each in made.arrays.items()
    }
    known = draw_images(3, 9, mixed=True)
    x = known.images[1].astype(float)
    x = (x - arrays["counter/counter/moving_mean"]) / np.sqrt(arrays["counter/counter/moving_variance"] + 1e-3)
    after = np.zeros((6, 6, 16))
    for row, column in np.ndindex(6, 6):
        near = x[row : row + 3, column : column + 3]
        after[row, column] = np.tensordot(near, arrays["conv/conv/kernel"], 3) + arrays["conv/conv/bias"]
    after = np.maximum(after, 0)
    deep = np.zeros((4, 4, 16))
    for row, column in np.ndindex(4, 4):
        near = after[row : row + 3, column : column + 3] * arrays["depthwise/depthwise/depthwise_kernel"][..., 0]
        deep[row, column] = near.sum(axis=(0, 1)) + arrays["depthwise/depthwise/bias"]
    point = np.maximum(deep, 0) @ arrays["pointwise/pointwise/kernel"][0, 0]
    norm = {name: arrays[f"norm/norm/{name}"] for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    point = (point - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3) * norm["gamma"] + norm["beta"]
    pooled = np.maximum(point, 0).mean(axis=(0, 1))
    hidden = np.maximum(pooled @ arrays["hidden/hidden/kernel"] + arrays["hidden/hidden/bias"], 0)
    expected = hidden @ arrays["scores/scores/kernel"] + arrays["scores/scores/bias"]
    assert np.allclose(scores(made.arrays, known.images)[1], expected)
    assert 0 <= accuracy(made.arrays, known) <= 1
