"""What measuring a file gives: plain values, which cross from the scorer's process to the grader's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from graders.measure.compression import Compression


@dataclass(frozen=True)
class WeightDifference:
    """How far the weights of a file are from those expected: ``worst`` is relative to a tensor's largest weight.

    ``difference`` says why there is nothing to compare: the file has other tensors altogether.
    """

    tensors: int
    changed: int
    worst: float
    where: str
    difference: str = ""


@dataclass(frozen=True)
class Compressed:
    """What was done to a file's weights, its size, and the size of its data in a ZIP archive (DEFLATE, level 6)."""

    weights: Compression
    bytes: int
    deflated: int

    @property
    def deflation(self) -> float:
        """The share that an archive saves."""
        return 1 - self.deflated / self.bytes if self.bytes else 0.0


@dataclass(frozen=True)
class WeightLineage:
    """How alike a file's kernels are to those of the model that was given, and to those of another file: -1 to 1.

    ``other`` is 0 where there is no other file. ``finite``: none of the weights is NaN or infinite.
    """

    given: float
    other: float = 0.0
    finite: bool = True


@dataclass(frozen=True)
class StoredAs:
    """How a kernel or a bias is stored in a ``.tflite`` file: its type, and its largest scale, 0 for none."""

    part: str
    dtype: str
    scale: float


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A kernel or a bias of a ``.tflite`` file as real numbers; how it is stored, and its largest scale, 0 for none."""

    part: str
    dtype: str
    scale: float
    values: NDArray[Any]


@dataclass(frozen=True, eq=False)
class KerasWeights:
    """The arrays of a Keras model's file by their paths in it; whether an optimizer's state is there as well.

    ``network``: whether a model can be loaded from the file alone; ``layers``: the classes of its layers;
    ``groups``: the names at the file's top.
    """

    arrays: Mapping[str, NDArray[Any]]
    optimizer: bool
    network: bool
    layers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class PairedTimes:
    """Seconds of one inference of a file and of its baseline, measured in turn."""

    ours: float
    baseline: float
