"""The kernels in two Keras files of one network, in pairs: batch normalisation is a layer of its own there.

So a kernel is as tfmot clusters and prunes it: weights that are equal are equal in the file, whatever their channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.core.text import plain_line
from graders.measure.compression.kernels import DENSE, DEPTHWISE, Kernel, KernelPair, as_rows

Arrays = Mapping[str, NDArray[Any]]
CONVOLUTION = "CONV_2D"
SUFFIX = ":0"
KERNEL, DEPTHWISE_KERNEL, BIAS = "kernel", "depthwise_kernel", "bias"
# What a clustering wrapper stores for a weight of its layer, whose names go on with the weight's.
CENTROIDS, INDICES, CLUSTERING = "cluster_centroids_", "pulling_indices_", "cluster_"
# By the rank of a kernel: (height, width, inputs, outputs) and (inputs, outputs).
KINDS = {4: CONVOLUTION, 2: DENSE}
# What tfmot's wrappers store beside a kernel.
OF_WRAPPERS = (
    "mask", "threshold", "pruning_step", "cluster_centroids", "pulling_indices", "original_weights", "pulling",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class KerasPairs:
    """The kernels of a network with those of the original, by the names of their layers, in the original's order.

    ``changed``: the layers' arrays that are neither kernels nor equal to the original's. ``difference`` says why the
    file is of another network. ``wrappers``: what tfmot's wrappers left in it.
    """

    pairs: Mapping[str, KernelPair]
    changed: tuple[str, ...]
    difference: str
    wrappers: tuple[str, ...]
    arrays: Arrays


def pair_keras(found: Arrays, original: Arrays) -> KerasPairs:
    """Matches the arrays of a file with the original's: by name, else by the end of the name and the shape.

    Kernels of layers that are still wrapped are those that the wrappers compute. A file with further arrays is of
    another network: it may compute with those, whatever the others are.
    """
    matched, left, difference = _matched(_computed(found), original)
    wrappers = tuple(name for name in found if any(word in _end(name) for word in OF_WRAPPERS))
    if left and not wrappers:
        difference = f"an array {plain_line(left[0])[:100]}, which belongs to no layer of it"
    if difference:
        return KerasPairs({}, (), difference, wrappers, {})
    pairs: dict[str, KernelPair] = {}
    for name, before in original.items():
        if _end(name) not in (KERNEL, DEPTHWISE_KERNEL):
            continue
        bias = name.replace(f"{_end(name)}{SUFFIX}", f"{BIAS}{SUFFIX}")
        ours, theirs = (
            _kernel(len(pairs), each[name], each.get(bias) if bias in original else None, _end(name))
            for each in (matched, {**original, name: before})
        )
        pairs[layer_of(name)] = KernelPair(ours, theirs)
    kernels = (KERNEL, DEPTHWISE_KERNEL)
    changed = tuple(
        name for name in original if _end(name) not in kernels and not np.array_equal(matched[name], original[name])
    )
    return KerasPairs(pairs, changed, "", wrappers, matched)


def _computed(found: Arrays) -> Arrays:
    """The arrays of a file with each kernel as tfmot's wrapper computes it in each step: a centroid for each weight."""
    computed = dict(found)
    for name, centroids in found.items():
        if not _end(name).startswith(CENTROIDS) or centroids.ndim != 1:
            continue
        weight, layer = _end(name).removeprefix(CENTROIDS), layer_of(name).removeprefix(CLUSTERING)
        indices = found.get(f"{name.rsplit('/', 1)[0]}/{INDICES}{weight}{SUFFIX}")
        kernel = next((each for each in found if _end(each) == weight and layer_of(each) == layer), None)
        if indices is None or kernel is None or found[kernel].shape != indices.shape or indices.dtype.kind not in "iu":
            continue
        if ((indices >= 0) & (indices < centroids.size)).all():
            computed[kernel] = centroids[indices].astype(found[kernel].dtype)
    return computed


def layer_of(name: str) -> str:
    """The layer that an array belongs to: ``conv`` for ``model_weights/conv/conv/kernel:0``."""
    parts = name.split("/")
    return parts[-2] if len(parts) > 1 else name


def _end(name: str) -> str:
    return name.rsplit("/", 1)[-1].removesuffix(SUFFIX)


def _matched(found: Arrays, original: Arrays) -> tuple[dict[str, NDArray[Any]], list[str], str]:
    """The file's arrays by the original's names, those that are left, and what has no counterpart."""
    matched: dict[str, NDArray[Any]] = {}
    left = dict(found)
    for name, before in original.items():
        candidates = [name, *(each for each in left if _alike(each, name)), *(each for each in left)]
        ends = _end(name)
        partner = next(
            (each for each in candidates if each in left and _end(each) == ends and left[each].shape == before.shape),
            None,
        )
        if partner is None:
            shape = " x ".join(str(side) for side in before.shape)
            return {}, [], f"no {ends} of {shape} numbers, as the layer {layer_of(name)} has"
        matched[name] = left.pop(partner)
    return matched, list(left), ""


def _alike(name: str, other: str) -> bool:
    return layer_of(name) == layer_of(other)


def _kernel(number: int, values: NDArray[Any], bias: NDArray[Any] | None, end: str) -> Kernel:
    kind = DEPTHWISE if end == DEPTHWISE_KERNEL else KINDS.get(values.ndim, CONVOLUTION)
    # Depthwise kernels are (height, width, channels, multiplier).
    axis = 2 if kind == DEPTHWISE else values.ndim - 1
    return Kernel(number, kind, as_rows(values, axis), bias, rowwise=False, stored_sparse=False)
