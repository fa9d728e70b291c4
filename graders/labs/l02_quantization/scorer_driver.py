"""The scorer's operations, and those with which lab 2 learns what the starter code makes of the data set."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from graders.measure.float_noise import computations as computations_of
from graders.measure.scorer.operations.answers import Answer, Array
from graders.measure.scorer.operations.inference import activation_ranges
from graders.measure.scorer.worker import OPERATIONS as SCORER_OPERATIONS

SIDE = 224


def ranges(
    path: str,
    starter: str,
    images: list[str],
    activations: list[int],
    transform: str,
    mean: list[float],
    std: list[float],
) -> Answer:
    """Smallest and largest value of each activation for each image: float32 (images, activations), twice.

    :param starter: the folder of the starter code. :param activations: tensor numbers in the float file at ``path``.
    :param transform: ``"prepared"`` as the starter code's loader gives images; ``"pixels"`` and ``"unit"`` without
        normalisation, in 0..255 and 0..1.
    """
    sys.path.insert(0, starter)
    from dl_in_iot_course.misc import pet_dataset

    loader = object.__new__(pet_dataset.PetDataset)
    loader.mean, loader.std = np.array(mean, np.float32), np.array(std, np.float32)

    def samples() -> Iterator[Array]:
        for image in images:
            if transform == "prepared":
                yield loader.prepare_input_sample(image)
                continue
            with Image.open(image) as opened:
                pixels = np.asarray(opened.convert("RGB").resize((SIDE, SIDE)), dtype=np.float32)[None]
            yield pixels if transform == "pixels" else pixels / np.float32(255)

    return activation_ranges(path, samples(), len(images), activations)


def samples(starter: str, root: str, splits: list[list[float]]) -> Answer:
    """What the starter code says of a data set: images, their classes, the valid parts of ``[share, seed]`` splits.

    Images are named by their files alone.
    """
    sys.path.insert(0, starter)
    from dl_in_iot_course.misc import pet_dataset

    dataset = pet_dataset.PetDataset(Path(root))

    def names(paths: list[str]) -> list[str]:
        return [Path(path).name for path in paths]

    parts = [names(dataset.split_dataset(share, int(seed))[1]) for share, seed in splits]
    test_parts = [names(dataset.split_dataset(share, int(seed), usetest=True)[1]) for share, seed in splits]
    return {
        "train": names(dataset.dataX),
        "labels": dataset.dataY,
        "test": names(dataset.testX),
        "test_labels": dataset.testY,
        "splits": parts,
        "test_splits": test_parts,
    }, {}


def computations(path: str) -> Answer:
    """How the float file at ``path`` computes each activation."""
    return {"computations": [asdict(each) for each in computations_of(Path(path).read_bytes())]}, {}


OPERATIONS = {**SCORER_OPERATIONS, "ranges": ranges, "samples": samples, "computations": computations}
