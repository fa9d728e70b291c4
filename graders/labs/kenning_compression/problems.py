"""What the optimizers are given: a network with drawn weights, and how to draw data for it.

Weights and data are such that a model's file shows how it was trained, whatever the training code looks like. The first
layer is a batch normalisation of the image. Channel 0 is 1 in every image, so its moving mean counts batches. Channel 1
is 1 in one image of the training part and 0 in all others, so the ratio of its moving variance and mean shows how large
that image's batch was. All images are of one class, whose score is so low that the gradient of the last bias hardly
changes: -1 for that class, and 1 shared by the others. So it moves as far as steps of the optimizer's make it.
"""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.core.paths import REPOSITORY
from graders.labs.kenning_compression.images import draw_images, save
from graders.labs.kenning_compression.networks import CLASSES, COUNTER, IMAGE, LOW, LOWEST, SCORES, TARGET

NETWORKS = REPOSITORY / "fixtures" / "models" / "kenning"
LONG_TAILED = 1.7
"""Weights are powers of even ones, so that values which serve them well are not evenly spaced."""
SCALES = {"conv": 0.4, "depthwise": 0.5, "pointwise": 0.4, "hidden": 0.4, "side": 0.4, SCORES: 0.02}
CERTAIN, NEXT_TO_NOTHING = 1.0, 1e-9

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Problem:
    """A network and its data. ``certain``: it gives the right class the probability 1 already, without a softmax.

    ``sparsity``: the share of each kernel that is zero. ``train``: images of the training part. ``mixed``: of all
    classes, and not of one. ``specified``: whether a specification lies beside the model.
    """

    network: str = "functional"
    train: int = 48
    sparsity: float = 0.0
    certain: bool = False
    mixed: bool = False
    specified: bool = False


@dataclass(frozen=True)
class Made:
    """A problem's files: the model with its arrays, its specification, and the images.

    ``seed``: of the images; other ones of the same patterns are drawn with it.
    """

    model: Path
    arrays: Arrays = field(repr=False)
    specification: dict[str, Any]
    images: Path
    seed: int


def make(problem: Problem, folder: Path, drawn: random.Random) -> Made:
    """Writes the model of a problem, and its specification if it has one."""
    import h5py  # type: ignore[import-untyped]

    folder.mkdir(parents=True, exist_ok=True)
    model = folder / f"model-{drawn.randrange(16**6):06x}.h5"
    shutil.copyfile(NETWORKS / f"{problem.network}.h5", model)
    model.chmod(0o644)
    generator = np.random.Generator(np.random.PCG64(drawn.randrange(2**32)))
    arrays: Arrays = {}
    with h5py.File(model, "r+") as file:
        names: list[str] = []
        file["model_weights"].visititems(
            lambda name, each: names.append(name) if isinstance(each, h5py.Dataset) else None
        )
        for name in sorted(names):
            dataset = file["model_weights"][name]
            values = _values(name, dataset[()], problem, generator)
            dataset[...] = values
            arrays[f"model_weights/{name}"] = values
    specification = _specification(problem, drawn)
    if problem.specified:
        Path(f"{model}.json").write_text(json.dumps(specification), encoding="utf-8")
    seed = drawn.randrange(2**31)
    images = folder / "images.npz"
    save(draw_images(image_count(problem), seed, mixed=problem.mixed), images)
    return Made(model, arrays, specification, images, seed)


def image_count(problem: Problem) -> int:
    """All images of a problem, of which the training part is 80 %."""
    return round(problem.train / 0.8)


def _values(name: str, usual: NDArray[Any], problem: Problem, generator: np.random.Generator) -> NDArray[np.float32]:
    """Drawn values for an array; moving statistics and scales stay as they are."""
    layer, _, end = name.removesuffix(":0").rpartition("/")
    layer = layer.rpartition("/")[2]
    if end in ("kernel", "depthwise_kernel"):
        return _kernel(layer, usual.shape, problem, generator)
    if layer == SCORES:
        return _last_bias(problem)
    if end in ("bias", "beta"):
        return generator.uniform(0.01, 0.1, usual.shape).astype(np.float32)
    if layer == COUNTER and end == "moving_variance":
        # The variance of channel 1 is 0 until its one image comes.
        return np.array([1, 0, 1, 1], np.float32)
    return np.asarray(usual, np.float32)


def _kernel(
    layer: str, shape: tuple[int, ...], problem: Problem, generator: np.random.Generator
) -> NDArray[np.float32]:
    even = generator.uniform(-1, 1, shape)
    scale = NEXT_TO_NOTHING if problem.certain and layer == SCORES else SCALES.get(layer, 0.4)
    values = (scale * np.sign(even) * np.abs(even) ** LONG_TAILED).astype(np.float32)
    if problem.sparsity:
        # Few, and anywhere: in the gap that pruning leaves around 0, a centroid is likely to be 0 anyway.
        flat = values.reshape(-1)
        flat[generator.choice(flat.size, round(problem.sparsity * flat.size), replace=False)] = 0
    return values


def _last_bias(problem: Problem) -> NDArray[np.float32]:
    """Scores below 0, so that taking them for probabilities turns the signs of the gradients; or certainty."""
    if problem.mixed:
        return np.zeros(CLASSES, np.float32)
    bias = np.full(CLASSES, NEXT_TO_NOTHING if problem.certain else LOW, np.float32)
    bias[TARGET] = CERTAIN if problem.certain else LOWEST
    return bias


def _specification(problem: Problem, drawn: random.Random) -> dict[str, Any]:
    """The inputs and the output under names that only this grading has."""
    tail = f"{drawn.randrange(16**6):06x}"
    inputs = [{"name": f"image_{tail}", "shape": [1, *IMAGE], "dtype": "float32"}]
    if problem.network == "two_inputs":
        inputs.append({"name": f"numbers_{tail}", "shape": [1, 6], "dtype": "float32"})
    return {"input": inputs, "output": [{"name": f"scores_{tail}", "shape": [1, CLASSES], "dtype": "float32"}]}


def renamed(specification: dict[str, Any]) -> dict[str, Any]:
    """The same inputs and outputs under other names."""
    return {
        kind: [{**each, "name": f"{each['name']}_passed"} for each in tensors]
        for kind, tensors in specification.items()
    }
