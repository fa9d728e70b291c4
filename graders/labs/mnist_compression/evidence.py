"""What is measured for the lab: plain data, none of it an object of the student's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graders.core.errors import RunError
from graders.core.result import Result
from graders.framework.model_tester.files import FileEvidence
from graders.labs.mnist_compression.network import Layers
from graders.measure.evaluation import Evaluation
from graders.submission.notebooks import Gap


@dataclass(frozen=True)
class CellFailure:
    """A statement that raised: the number of its cell, counted from 1 over all cells, its lines, and what it raised."""

    number: int
    error: RunError
    lines: tuple[int, int] = (1, 1)


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
class Origin:
    """What the run said of the model that a file was made of. It is a hint: nothing is earned by it.

    ``model``: a number. ``wrapped``: "aware", "pruning" and "stripped", in order. ``steps`` of training until then, and
    the accuracy that these reached, -1 if unknown.
    """

    model: int
    wrapped: tuple[str, ...]
    steps: int
    accuracy: float
    parameters: int


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
    origin: Origin | None = None


@dataclass(frozen=True)
class KerasModel:
    """A Keras model's file: its weights, how many numbers its arrays hold, wrappers left in it, its quality.

    ``accuracy`` is of what the weights compute, not of anything that the file describes. ``aware``: it holds ranges
    that quantisation-aware training learns.
    """

    name: str
    layers: Layers
    numbers: int
    wrapped: tuple[str, ...]
    optimizer: bool
    accuracy: float
    aware: bool = False
    origin: Origin | None = None


@dataclass(frozen=True)
class Value:
    """What a student's function returned, and the right value; ``given`` is None if it was not a number."""

    given: float | None
    right: float


@dataclass(frozen=True)
class ArchiveSize:
    """A file of the run, the stage that it belongs to, and what DEFLATE leaves of it; ``least`` at its best level."""

    stage: str
    name: str
    bytes: int
    deflated: int
    least: int


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
    """The executed notebook: its execution, its files, and its functions called with new inputs.

    ``baseline``: the trained baseline's Keras file, whatever its name. ``saved``: all Keras files of the plain network,
    trained or not, none of them pruned. ``reached``: the accuracy that the run's own training of it showed, -1 if it
    said nothing. ``gaps``: what is still to be written, by what depends on it: a file's constant or a function's name.
    """

    executed: Executed
    baseline: Result[KerasModel]
    saved: tuple[KerasModel, ...]
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
    reached: float = -1.0
    gaps: Mapping[str, tuple[Gap, ...]] = field(default_factory=dict)
