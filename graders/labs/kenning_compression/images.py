"""The images of a problem, and how well a network's arrays tell their classes apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graders.labs.kenning_compression.counting import Arrays
from graders.labs.kenning_compression.networks import CLASSES, COUNTER, IMAGE, SCORES, TARGET

Images = NDArray[np.float32]
NOISE = 4.0
SIDE = 3
EPSILON = 1e-3
"""What Keras adds to a variance."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images, (n, height, width, channels), and the class of each."""

    images: Images
    labels: NDArray[np.int64]


def draw_images(count: int, seed: int, *, mixed: bool, draw: int = 0) -> ImageSet:
    """Images of one class, or of all in turn: a pattern of the class in two channels, with noise.

    Channel 0 is 1, and channel 1 is 0. :param draw: other images of the same patterns.
    """
    patterns = np.random.Generator(np.random.PCG64([seed, 0])).normal(0, 1, (CLASSES, *IMAGE[:2], 2))
    noise = np.random.Generator(np.random.PCG64([seed, 1, draw])).normal(0, NOISE, (count, *IMAGE[:2], 2))
    labels = np.arange(count) % CLASSES if mixed else np.full(count, TARGET)
    images = np.zeros((count, *IMAGE), np.float32)
    images[..., 2:] = patterns[labels] + noise
    images[..., 0] = 1
    return ImageSet(images, labels)


def save(found: ImageSet, path: Path) -> None:
    """Writes a set of images for a run."""
    np.savez(path, images=found.images, labels=found.labels)


def accuracy(arrays: Arrays, known: ImageSet) -> float:
    """The share of images whose class a functional network with these arrays gets right."""
    return float((scores(arrays, known.images).argmax(axis=1) == known.labels).mean())


def scores(arrays: Arrays, images: Images) -> NDArray[np.float64]:
    """What the functional network computes of images, (n, classes)."""
    named = {
        "/".join(name.removesuffix(":0").split("/")[-2:]): array.astype(np.float64) for name, array in arrays.items()
    }
    x = _normalised(images.astype(np.float64), named, COUNTER)
    windows = _windows(x, SIDE)
    kernel = named["conv/kernel"]
    x = np.maximum(
        windows.reshape(*windows.shape[:3], -1) @ kernel.reshape(-1, kernel.shape[-1]) + named["conv/bias"], 0
    )
    kernel = named["depthwise/depthwise_kernel"][..., 0]
    x = np.maximum(np.einsum("nhwijc,ijc->nhwc", _windows(x, SIDE), kernel) + named["depthwise/bias"], 0)
    x = _normalised(x @ named["pointwise/kernel"][0, 0], named, "norm")
    pooled = np.maximum(x, 0).mean(axis=(1, 2))
    hidden = np.maximum(pooled @ named["hidden/kernel"] + named["hidden/bias"], 0)
    found: NDArray[np.float64] = hidden @ named[f"{SCORES}/kernel"] + named[f"{SCORES}/bias"]
    return found


def _normalised(x: NDArray[np.float64], named: dict[str, NDArray[np.float64]], layer: str) -> NDArray[np.float64]:
    mean, variance = named[f"{layer}/moving_mean"], named[f"{layer}/moving_variance"]
    scaled = (x - mean) / np.sqrt(variance + EPSILON) * named.get(f"{layer}/gamma", 1.0)
    return scaled + named.get(f"{layer}/beta", 0.0)


def _windows(x: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Each place's surroundings: (n, height, width, side, side, channels)."""
    found = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))
    return np.moveaxis(found, 3, -1)
