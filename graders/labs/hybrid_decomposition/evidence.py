"""What is measured for the decomposition lab: plain data, none of it an object of the student's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from graders.core.result import Result
from graders.labs.hybrid_decomposition.problems import BudgetCase, DecomposeCase, Layer, LossCase, SparseCase
from graders.submission import Artifact

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Kept:
    """What ``sparse_residual`` returned. ``given``: its argument afterwards."""

    kept: Array
    given: Array


@dataclass(frozen=True, eq=False)
class Parts:
    """What ``decompose_kernel`` returned; None for a part that is not there. ``given``: its argument afterwards."""

    core: Array | None
    first: Array | None
    last: Array | None
    sparse: Array
    given: Array


@dataclass(frozen=True, eq=False)
class Replaced:
    """A network with a replaced layer.

    ``kernels``: by the name of their layer, as the file of weights has them; ``names``: of all its layers. ``error``:
    the largest difference of an output from the right one, relative to the outputs' largest. ``alike``: the name of
    the mistake whose outputs they are, or ``""``. ``numbers``: of an output, and of the right one. ``weights``: of all
    its kernels that are not next to nothing. ``by_twin``: the error against what the same layer without a bias and an
    activation, used once, computes with these added; None if that one failed.
    """

    kernels: Mapping[str, Array]
    names: tuple[str, ...]
    numbers: tuple[int, int]
    weights: int
    outputs: Array
    error: float
    alike: str
    by_twin: float | None = None


@dataclass(frozen=True)
class Factors:
    """Rank and share; a layer that stays as it is has none of both."""

    rank: int
    share: float


@dataclass(frozen=True, eq=False)
class SparseEvidence:
    """``sparse_residual``, case by case."""

    found: tuple[tuple[SparseCase, Result[Kept]], ...]


@dataclass(frozen=True, eq=False)
class DecomposeEvidence:
    """``decompose_kernel``, case by case."""

    found: tuple[tuple[DecomposeCase, Result[Parts]], ...]


@dataclass(frozen=True, eq=False)
class ReplaceEvidence:
    """``replace_layer``, layer by layer."""

    found: tuple[tuple[Layer, Result[Replaced]], ...]


@dataclass(frozen=True)
class Judged:
    """Chosen factors: what they cost and how good they are, beside the best of all that may be tried.

    ``accuracy``, ``error``: of the kernel that they give. ``best``: the lowest cost, or the least error; None if no
    factors are good enough, or none fits.
    """

    factors: Factors | None
    cost: float
    accuracy: float
    error: float
    best: Factors | None
    best_cost: float
    best_error: float


@dataclass(frozen=True, eq=False)
class LossEvidence:
    """``choose_by_loss``, case by case."""

    found: tuple[tuple[LossCase, Result[Judged]], ...]


@dataclass(frozen=True)
class Budgets:
    """What ``layer_budgets`` returned, and what it should be."""

    factor: float
    found: tuple[float, ...]
    expected: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class BudgetEvidence:
    """``layer_budgets``, and ``choose_by_budget`` case by case."""

    budgets: tuple[Result[Budgets], ...]
    found: tuple[tuple[BudgetCase, Result[Judged]], ...]


@dataclass(frozen=True)
class CompressedFile:
    """A ``.tflite`` file. ``parameters``: weights that are not zero. ``deflated``: its size in a ZIP archive."""

    artifact: Artifact
    deflated: int
    parameters: int
    accuracy: float


@dataclass(frozen=True)
class Original:
    """The same of the model that was given."""

    bytes: int
    deflated: int
    parameters: int
    accuracy: float


@dataclass(frozen=True)
class ModelEvidence:
    """A whole model. ``layers``: the factors of each layer that can be compressed, by its name."""

    by_loss: bool
    images: int
    original: Original
    layers: Result[Mapping[str, Factors | None]]
    file: Result[CompressedFile] = field(repr=False)


Evidence = SparseEvidence | DecomposeEvidence | ReplaceEvidence | LossEvidence | BudgetEvidence | ModelEvidence
