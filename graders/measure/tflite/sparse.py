"""TensorFlow Lite's sparse tensors, made dense.

The format is that of *Format Abstraction for Sparse Tensor Algebra Compilers* (Chou, Kjolstad and Amarasinghe, 2018)
as TensorFlow Lite's ``SparsityParameters`` writes it:
one level per dimension in traversal order, block dimensions last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.measure.tflite.model import MalformedModel

Array = NDArray[Any]


@dataclass(frozen=True)
class Level:
    """One level of storage: ``size`` children for each parent, or ``indices`` in ``segments`` of one per parent."""

    size: int
    segments: Array | None = None
    indices: Array | None = None


@dataclass(frozen=True)
class Axis:
    """What one step of a level means: the coordinates it may take, and elements of the dense array per step."""

    size: int
    step: int


def densify(
    values: Array,
    shape: tuple[int, ...],
    traversal_order: tuple[int, ...],
    block_map: tuple[int, ...],
    levels: tuple[Level, ...],
) -> Array:
    """The dense array of stored ``values``.

    :param shape: of the dense array; its size must have been bounded by the caller
    :param levels: outermost first; the sizes of the block levels are the block's
    :raises MalformedModel: the parts contradict each other
    """
    axes = _axes(shape, traversal_order, block_map, levels)
    bound = max(values.size, *(level.segments.size for level in levels if level.segments is not None), 1)
    positions = np.zeros(1, np.int64)
    for level, axis in zip(levels, axes, strict=True):
        if level.segments is None or level.indices is None:
            positions = _dense_level(positions, level, axis, bound)
        else:
            positions = _csr_level(positions, level.segments, level.indices, axis)
    if positions.size != values.size:
        raise MalformedModel(f"a sparse tensor has {values.size} stored values for {positions.size} places")
    dense = np.zeros(int(np.prod(shape, dtype=np.int64)), values.dtype)
    dense[positions] = values
    return dense.reshape(shape)


def _axes(
    shape: tuple[int, ...], order: tuple[int, ...], block_map: tuple[int, ...], levels: tuple[Level, ...]
) -> tuple[Axis, ...]:
    rank = len(shape)
    if sorted(order) != list(range(rank + len(block_map))) or len(levels) != len(order) or not rank:
        raise MalformedModel(f"a sparse tensor's traversal order {order} does not fit its {rank} dimensions")
    if len(set(block_map)) != len(block_map) or not set(block_map) <= set(range(rank)):
        raise MalformedModel(f"a sparse tensor's block map {block_map} does not fit its {rank} dimensions")
    if any(entry >= rank for entry in order[:rank]):
        raise MalformedModel("a sparse tensor's block dimensions do not come last")
    blocks = _block_sizes(shape, order, block_map, levels)
    strides = [int(np.prod(shape[axis + 1 :], dtype=np.int64)) for axis in range(rank)]
    outer = [Axis(shape[axis] // blocks[axis], strides[axis] * blocks[axis]) for axis in range(rank)]
    inner = [Axis(blocks[axis], strides[axis]) for axis in block_map]
    return tuple((outer + inner)[entry] for entry in order)


def _block_sizes(
    shape: tuple[int, ...], order: tuple[int, ...], block_map: tuple[int, ...], levels: tuple[Level, ...]
) -> list[int]:
    blocks = [1] * len(shape)
    for entry, level in zip(order, levels, strict=True):
        if entry < len(shape):
            continue
        axis = block_map[entry - len(shape)]
        if level.segments is not None or level.size < 1 or shape[axis] % level.size:
            raise MalformedModel(f"a block of {level.size} does not divide a sparse dimension of {shape[axis]}")
        blocks[axis] = level.size
    return blocks


def _dense_level(positions: Array, level: Level, axis: Axis, bound: int) -> Array:
    if level.size != axis.size:
        raise MalformedModel(f"a dense level of a sparse tensor has size {level.size}, its dimension {axis.size}")
    if positions.size * level.size > bound:
        raise MalformedModel("a sparse tensor has more places than anything stored for them")
    steps = np.arange(level.size, dtype=np.int64) * axis.step
    return (positions[:, None] + steps).reshape(-1)


def _csr_level(positions: Array, segments: Array, indices: Array, axis: Axis) -> Array:
    counts = np.diff(segments)
    if segments.size != positions.size + 1 or segments[0] != 0 or segments[-1] != indices.size or (counts < 0).any():
        raise MalformedModel("the segments of a sparse tensor do not divide its indices")
    if indices.size and (indices.min() < 0 or indices.max() >= axis.size):
        raise MalformedModel(f"an index of a sparse tensor is outside its dimension of {axis.size}")
    placed: Array = np.repeat(positions, counts) + indices * axis.step
    return placed
