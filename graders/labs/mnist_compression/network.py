"""The lab's network as arrays: which of a file's weights are which, and what the network computes with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.measure.compression import neighbour_coherence, unexplained

SIDE, FILTERS, CLASSES = 28, 12, 10
POOLED = (SIDE - 2) // 2
FEATURES = POOLED * POOLED * FILTERS
# As TensorFlow Lite has them: (filters, height, width, channels) and (classes, features).
SHAPES = {
    "convolution's kernel": (FILTERS, 3, 3, 1),
    "convolution's bias": (FILTERS,),
    "dense layer's kernel": (CLASSES, FEATURES),
    "dense layer's bias": (CLASSES,),
}
KERNELS = ("convolution's kernel", "dense layer's kernel")
PARAMETERS = 20_410
QUANTISATION_AWARE = 20_448
PRUNING_WRAPPED = 40_805
# tfmot's wrappers have these beside the kernels, and layers that learn ranges have those.
WRAPPERS = ("mask", "threshold", "pruning_step", "prune_low_magnitude")
RANGES = ("quantize_layer", "quantizer_vars", "optimizer_step", "kernel_min", "kernel_max")
BATCH = 100
REACH = 1.25
"""How many places apart inputs of the dense layer are alike: strokes are about two of its places wide."""

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layers:
    """The four arrays of the network, in TensorFlow Lite's layout, by the names of :data:`SHAPES`."""

    arrays: Mapping[str, Array]

    def zeros(self, name: str) -> int:
        """How many of an array's weights are exactly zero."""
        return int((self.arrays[name] == 0).sum())

    def size(self, name: str) -> int:
        """How many weights an array has."""
        return int(self.arrays[name].size)

    def moved(self, before: Layers, name: str) -> float:
        """How far an array is from another's, as a share of the other's root mean square."""
        difference = self.arrays[name].astype(np.float64) - before.arrays[name]
        size = float(np.sqrt(np.mean(np.square(before.arrays[name], dtype=np.float64))))
        return float(np.sqrt(np.mean(np.square(difference)))) / (size or 1.0)

    def worst(self, other: Layers, name: str) -> float:
        """The largest difference of a weight."""
        return float(np.abs(self.arrays[name].astype(np.float64) - other.arrays[name]).max())

    def is_same(self, other: Layers, tolerance: float) -> bool:
        """Whether all weights are another's, up to a share of the largest one of each array."""
        sizes = {name: float(np.abs(values).max()) or 1.0 for name, values in other.arrays.items()}
        return all(self.worst(other, name) <= tolerance * size for name, size in sizes.items())

    def sparsest(self) -> float:
        """The share of zeros of the kernel with the most."""
        return max(self.zeros(name) / self.size(name) for name in KERNELS)

    def coherence(self, known: Sequence[Layers]) -> float:
        """How much neighbouring weights of the dense layer moved together, in standard deviations of noise.

        The strokes of digits cover several places and filters, so training moves their weights together. What counts is
        what does not follow from the known weights; weights that are zero do not count.
        """
        name = KERNELS[1]
        now = self.arrays[name]
        moved = unexplained(now, [each.arrays[name] for each in known], now != 0)
        return neighbour_coherence(moved.reshape(CLASSES, POOLED, POOLED, FILTERS).transpose(0, 3, 1, 2), REACH)

    def kept_moved(self, known: Sequence[Layers]) -> float:
        """How far the dense layer's weights that are not zero are from the closest of the known ones.

        As a share of the largest of them.
        """
        name = KERNELS[1]
        now = self.arrays[name].astype(np.float64)
        kept = now != 0
        off = [np.abs(now - each.arrays[name])[kept].max(initial=0.0) for each in known]
        return float(min(off)) / (float(np.abs(now).max()) or 1.0)

    def scores(self, pixels: NDArray[np.uint8], scale: float = 1 / 255) -> Array:
        """What the network gives for grey digits, (n, 28, 28), before softmax: (n, 10)."""
        kernel = self.arrays["convolution's kernel"].reshape(FILTERS, 9).T
        dense = self.arrays["dense layer's kernel"].T
        found = []
        for start in range(0, len(pixels), BATCH):
            images = pixels[start : start + BATCH].astype(np.float32) * np.float32(scale)
            windows = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2))
            maps = windows.reshape(*windows.shape[:3], 9) @ kernel + self.arrays["convolution's bias"]
            pooled = maps.reshape(len(images), POOLED, 2, POOLED, 2, FILTERS).max(axis=(2, 4))
            features = np.maximum(pooled, 0).reshape(len(images), FEATURES)
            found.append(features @ dense + self.arrays["dense layer's bias"])
        return np.concatenate(found)


def layers_of(arrays: Iterable[NDArray[np.generic]]) -> Layers | str:
    """The network's arrays among those of a file, whichever layout they are in; or why it is another network.

    Arrays of a single number (steps, thresholds, ranges) and all-or-nothing ones (masks) are passed over.
    """
    found: dict[str, Array] = {}
    for array in arrays:
        name = _name(array.shape)
        if name is None and array.size > CLASSES + FILTERS:
            return f"an array of shape {' x '.join(str(side) for side in array.shape)}"
        if name is None or name in found:
            continue
        values = array.astype(np.float32)
        if array.shape != SHAPES[name]:
            values = np.transpose(values, (3, 0, 1, 2) if array.ndim == 4 else (1, 0))
        found[name] = np.ascontiguousarray(values)
    missing = [name for name in KERNELS if name not in found]
    if missing:
        return f"no {missing[0]} of the lab's network"
    # The converter leaves out a bias that is zero throughout.
    return Layers({name: found.get(name, np.zeros(shape, np.float32)) for name, shape in SHAPES.items()})


def _name(shape: tuple[int, ...]) -> str | None:
    """Which of the network's arrays has this shape, in Keras's layout or in TensorFlow Lite's."""
    for name, own in SHAPES.items():
        keras = (*own[1:], own[0]) if len(own) == 4 else own[::-1]
        if shape in (own, keras):
            return name
    return None
