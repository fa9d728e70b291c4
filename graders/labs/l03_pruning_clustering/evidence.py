"""What is measured for lab 3: plain data, none of it an object of the student's."""

from __future__ import annotations

from dataclasses import dataclass

from graders.evidence.evaluation import Evaluation
from graders.evidence.scorer import Compressed
from graders.labs.held import Held
from graders.labs.testers import Agreement, FileEvidence, InputReady


@dataclass(frozen=True)
class BaseEvidence:
    """TFMOTOptimizedModel with a file that was only converted: predictions against the file's own."""

    predictions: Held[Agreement]
    before_inference: Held[InputReady]


@dataclass(frozen=True)
class Expected:
    """The same compression by the reference: its file's weights and size, and its quality on the same images."""

    compressed: Compressed
    evaluation: Evaluation


@dataclass(frozen=True)
class CompressedEvidence:
    """ClusteredModel for a number of clusters, or PrunedModel for a sparsity; the other one of the two is None.

    ``steps``: how often fine-tuning updates the weights, if it goes as asked. ``given``: the given model's own quality.
    """

    clusters: int | None
    sparsity: float | None
    steps: int
    file: Held[FileEvidence]
    compressed: Held[Compressed]
    evaluation: Held[Evaluation]
    expected: Held[Expected]
    given: Held[Evaluation]

    @property
    def asked(self) -> str:
        """What was asked for, in words."""
        return f"{self.clusters} clusters" if self.clusters is not None else f"a sparsity of {self.sparsity:.0%}"
