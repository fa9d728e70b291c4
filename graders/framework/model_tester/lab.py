"""What every lab of the course's ModelTester classes has alike."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from graders.framework.lab_plugin import LabPlugin

if TYPE_CHECKING:
    from graders.framework.context import LabContext
    from graders.framework.model_stats import ModelStats

E = TypeVar("E")


class ModelTesterLab(LabPlugin[E]):
    """A lab that optimises the given model, and compares with files that the reference makes of it."""

    makes_reference_files: ClassVar[bool] = True

    def prepare(self, context: LabContext) -> None:
        """Draws the evaluation images and makes the given model's FP32 file."""
        from graders.framework.model_tester import references

        # Slow to import: meanwhile the runner's libraries load.
        importlib.import_module("sklearn.metrics")
        _ = context.evaluation
        references.reference_model(context)

    def drawn_values(self, context: LabContext) -> Mapping[str, str]:
        """The name of each run's file."""
        from graders.framework.model_tester.runner import file_name

        return {run: file_name(context, run) for run in self.run_names}

    def latency_baseline(self, context: LabContext, name: str) -> Path:
        """``"fp32"``: the given model's FP32 file."""
        from graders.framework.model_tester import references

        return references.reference_model(context).path if name == "fp32" else super().latency_baseline(context, name)

    def model_stats(self, context: LabContext) -> ModelStats | None:
        """The given model's FP32 file."""
        # With scikit-learn, which is not needed if nothing was submitted.
        from graders.framework.model_tester import references

        return references.model_stats(context)
