"""What is measured for Kenning's lab: plain data, none of it an object of the student's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graders.core.result import Result
from graders.labs.kenning_compression.training import Training
from graders.measure.compression import Distinct, Histogram, Misplaced, Spacing, Zeros
from graders.submission import Artifact


@dataclass(frozen=True)
class LayerWeights:
    """A kernel that tfmot compresses, by its layer's name; its counterpart is that of the model that was given.

    ``same``: it is the given one. ``kept_zeros`` of ``given_zeros`` are zero still. ``smallest``: the share of zeros
    among as many of the given one's smallest weights. ``members``: the share of its values that are weights of the
    given one. ``error``: the mean squared distance from the given one, relative to its variance.
    """

    name: str
    dense: bool
    zeros: Zeros
    distinct: Distinct
    same: bool
    given_zeros: int
    kept_zeros: int
    smallest: float
    members: float
    error: float
    spacing: Spacing | None


@dataclass(frozen=True)
class Weights:
    """A file's weights against the given model's. ``changed``: arrays beside kernels that are others."""

    layers: tuple[LayerWeights, ...]
    misplaced: tuple[Misplaced, ...]
    changed: tuple[str, ...]
    training: Training
    histograms: tuple[Histogram, ...]


@dataclass(frozen=True)
class ModelFile:
    """An ``.h5`` file. ``deflated``: its size in a ZIP archive.

    ``difference``: why it is of another network, or ``""``.
    """

    artifact: Artifact
    deflated: int
    optimizer: bool
    network: bool
    wrappers: tuple[str, ...]
    difference: str


@dataclass(frozen=True)
class Archive:
    """A ZIP archive beside the model. ``holds``: whether its one file is the model's. ``method``: how it is packed."""

    name: str
    size: int
    holds: bool
    deflated: bool


@dataclass(frozen=True)
class Specification:
    """A file's specification of inputs and outputs, and the one that it should be; ``made`` if it was not given."""

    inputs: tuple[tuple[str, tuple[int, ...], str], ...]
    outputs: int
    expected: tuple[tuple[str, tuple[int, ...], str], ...]
    made: bool


@dataclass(frozen=True)
class OptimizedEvidence:
    """One optimizer, applied to a drawn model: what its parameters were, and what is in its file.

    ``parameters``: those passed. ``train``: images of the training part, of all images ``images``.
    """

    pruning: bool
    network: str
    parameters: Mapping[str, Any]
    train: int
    images: int
    file: Result[ModelFile]
    weights: Result[Weights]
    specification: Result[Specification]
    archive: Result[Archive]


@dataclass(frozen=True)
class Step:
    """An optimizer of a scenario: its type's last name and its parameters."""

    kind: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class ScenarioEvidence:
    """A scenario of the submission's, or one of the grader's own, executed on a drawn model.

    ``path``: where it is in the submission. ``faults``: what is not as the assignment says, in words. ``files``: what
    each optimizer wrote, in order; ``chained``: the weights of the last against what the first one wrote.
    ``accuracies``: of each file on images that the run did not have.
    """

    path: str
    steps: tuple[Step, ...]
    faults: tuple[str, ...]
    files: tuple[Result[ModelFile], ...]
    weights: tuple[Result[Weights], ...]
    chained: Result[Weights]
    accuracies: tuple[Result[float], ...] = ()


Evidence = OptimizedEvidence | ScenarioEvidence
