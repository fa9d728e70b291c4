"""What is measured for lab 3: plain data, none of it an object of the student's."""

from __future__ import annotations

from dataclasses import dataclass

from graders.core.result import Result
from graders.framework.model_tester.files import FileEvidence
from graders.framework.model_tester.runner import Agreement, InputReady
from graders.measure.evaluation import Evaluation
from graders.measure.scorer.results import Compressed


@dataclass(frozen=True)
class BaseEvidence:
    """TFMOTOptimizedModel with an uncompressed file: predictions against the file's own."""

    predictions: Result[Agreement]
    before_inference: Result[InputReady]


@dataclass(frozen=True)
class Expected:
    """The reference's file for the same compression: its weights, size and quality on the same images."""

    compressed: Compressed
    evaluation: Evaluation


@dataclass(frozen=True)
class CompressedEvidence:
    """ClusteredModel for a number of clusters, or PrunedModel for a sparsity; the other one of the two is None.

    ``steps``: the weight updates of the requested fine-tuning. ``given``: the given model's own quality. ``frozen``:
    the given model has layers that are not trainable. ``resting``: the parameters that did not move in the reference's
    file, since their layers are frozen and pruning leaves them so. ``real``: the model is that of a real profile.
    """

    clusters: int | None
    sparsity: float | None
    steps: int
    file: Result[FileEvidence]
    compressed: Result[Compressed]
    evaluation: Result[Evaluation]
    expected: Result[Expected]
    given: Result[Evaluation]
    frozen: bool = False
    resting: tuple[str, ...] = ()
    real: bool = False

    @property
    def requested(self) -> str:
        """The requested compression, in words."""
        return f"{self.clusters} clusters" if self.clusters is not None else f"a sparsity of {self.sparsity:.0%}"


Evidence = BaseEvidence | CompressedEvidence
