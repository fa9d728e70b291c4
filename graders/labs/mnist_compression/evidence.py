"""What is measured for the lab: plain data, none of it an object of the student's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graders.core.errors import RunError
from graders.core.result import Result
from graders.framework.model_tester.files import FileEvidence
from graders.labs.mnist_compression.network import Layers
from graders.measure.evaluation import Evaluation


@dataclass(frozen=True)
class CellFailure:
    """A statement that raised: its cell's number, counted from 1 over all cells, its lines in it, and what it raised.

    ``unknown``: the name that was not defined, if it was that.
    """

    number: int
    error: RunError
    lines: tuple[int, int] = (1, 1)
    unknown: str = ""


@dataclass(frozen=True)
class Executed:
    """How the notebook's execution went. ``ended``: what ended the process, and in which cell, if anything did."""

    cells: int
    done: int
    failures: tuple[CellFailure, ...]
    skipped: tuple[str, ...]
    ended: RunError | None
    ended_in: int


@dataclass(frozen=True)
class StoredKernel:
    """How a kernel is stored in a ``.tflite`` file: its type, and its largest scale, 0 if it is not quantised."""

    dtype: str
    scale: float


@dataclass(frozen=True)
class LiteFile:
    """A ``.tflite`` file of the lab: what it says, its weights, how they are stored, its quality on hidden digits."""

    name: str
    file: FileEvidence
    layers: Layers
    kernels: Mapping[str, StoredKernel]
    quality: Result[Evaluation]


@dataclass(frozen=True)
class KerasModel:
    """A Keras model's file: its weights, how many numbers its arrays hold, wrappers left in it, its quality.

    ``accuracy`` is of what the weights compute, not of anything that the file describes.
    """

    name: str
    layers: Layers
    numbers: int
    wrapped: tuple[str, ...]
    optimizer: bool
    accuracy: float


@dataclass(frozen=True)
class Value:
    """What a student's function returned, and the right value; ``given`` is None if it was not a number."""

    given: float | None
    right: float


@dataclass(frozen=True)
class ArchiveSize:
    """A file of the run, by its constant, and what DEFLATE leaves of it; ``least`` at its best level.

    ``optimizer``: it holds an optimizer's state.
    """

    constant: str
    name: str
    bytes: int
    deflated: int
    least: int
    optimizer: bool = False


@dataclass(frozen=True)
class ExtraFile:
    """A ``.tflite`` file beyond the required ones, by its path from the working directory.

    ``layers``: None if it contains another network than the lab's. ``network``: its kernels' numbers of weights, in
    order. ``kernels``: the types that they are stored in, ``largest`` that of the largest one. ``zeros``: the share of
    zeros of the kernel with the fewest. ``accuracy``: on hidden digits.
    """

    name: str
    file: FileEvidence
    layers: Layers | None
    network: tuple[int, ...]
    kernels: frozenset[str]
    largest: str
    zeros: float
    accuracy: float


@dataclass(frozen=True)
class Figures:
    """Numbers from the executed notebook: by the keys of its dicts, and printed ones."""

    sizes: Mapping[str, float]
    accuracies: Mapping[str, float]
    printed: tuple[float, ...]


@dataclass(frozen=True)
class NotebookEvidence:
    """The executed notebook: its execution, its files, and its functions called with new inputs."""

    executed: Executed
    baseline: Result[KerasModel]
    non_quantised: Result[LiteFile]
    post_training: Result[LiteFile]
    quantisation_aware: Result[LiteFile]
    pruned: Result[KerasModel]
    pruned_quantised: Result[LiteFile]
    fresh: Result[Layers]
    converted: Result[LiteFile]
    converted_quantised: Result[LiteFile]
    evaluated: Result[Value]
    archived: Result[Value]
    archives: tuple[ArchiveSize, ...]
    figures: Result[Figures]
    parameters: Mapping[str, int]
    extras: tuple[ExtraFile, ...] = ()
