"""What is measured for the lab: plain data, none of it an object of the student's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graders.errors import RunError
from graders.evidence.evaluation import Evaluation
from graders.labs.held import Held
from graders.labs.mnist_compression.network import Layers
from graders.labs.testers import FileEvidence


@dataclass(frozen=True)
class CellFailure:
    """A cell that raised: its number, counted from 1 over all cells, and what it raised."""

    number: int
    error: RunError


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
    """How a kernel is stored in a ``.tflite`` file: its type, and its largest scale, 0 where it is not quantised."""

    dtype: str
    scale: float


@dataclass(frozen=True)
class LiteFile:
    """A ``.tflite`` file of the lab: what it says, its weights, how they are stored, its quality on hidden digits."""

    name: str
    file: FileEvidence
    layers: Layers
    kernels: Mapping[str, StoredKernel]
    quality: Held[Evaluation]


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
    """What a function of the student's gave, and what is right; ``given`` is None where it was no number."""

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
class Figures:
    """Numbers that the notebook gave when it was executed: by the keys of its dicts, and printed ones."""

    sizes: Mapping[str, float]
    accuracies: Mapping[str, float]
    printed: tuple[float, ...]


@dataclass(frozen=True)
class NotebookEvidence:
    """The notebook executed: how that went, its files, its functions tried on what they have never seen."""

    executed: Executed
    baseline: Held[KerasModel]
    non_quantised: Held[LiteFile]
    post_training: Held[LiteFile]
    quantisation_aware: Held[LiteFile]
    pruned: Held[KerasModel]
    pruned_quantised: Held[LiteFile]
    fresh: Held[Layers]
    converted: Held[LiteFile]
    converted_quantised: Held[LiteFile]
    evaluated: Held[Value]
    archived: Held[Value]
    archives: tuple[ArchiveSize, ...]
    figures: Held[Figures]
    parameters: Mapping[str, int]
