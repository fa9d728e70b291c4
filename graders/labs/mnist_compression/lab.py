"""The MNIST notebook: conversion, quantisation and pruning, with a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.core.charts import Chart
from graders.framework.definition import Lab
from graders.framework.lab_plugin import LabPlugin
from graders.framework.lab_toml import load

if TYPE_CHECKING:
    from graders.framework.context import LabContext
    from graders.framework.model_files import ModelFile
    from graders.framework.runner import PlannedRun, RunResult
    from graders.labs.mnist_compression.evidence import NotebookEvidence
    from graders.labs.mnist_compression.static_review import StaticReview


class NotebookLab(LabPlugin["NotebookEvidence"]):
    """One notebook, read as submitted and executed again."""

    @property
    def run_names(self) -> Sequence[str]:
        """One notebook, one run."""
        return ["notebook"]

    def plan_runs(self, context: LabContext) -> Sequence[PlannedRun[NotebookEvidence]]:  # noqa: ARG002
        """The notebook, executed."""
        from graders.framework.runner import PlannedRun
        from graders.labs.mnist_compression import plan

        (name,) = self.run_names
        return [PlannedRun(name=name, title="The notebook, executed", execute=plan.run_notebook, weight=30)]

    def prepare(self, context: LabContext) -> None:
        """Draws the digits that quality is measured on."""
        from graders.labs.mnist_compression import plan

        plan.prepare(context)

    def require_work(self, evidence: NotebookEvidence) -> None:
        """A file of a trained network, beside the baseline's weights."""
        from graders.labs.mnist_compression import work

        work.require_work(evidence, self.lab)

    def describe(self, evidence: NotebookEvidence) -> dict[str, Any]:
        """How the cells went, and each stage's file."""
        from graders.labs.mnist_compression import charts

        return charts.describe(evidence)

    def charts(self, context: LabContext, results: Mapping[str, RunResult[NotebookEvidence]]) -> list[Chart]:
        """The stages side by side."""
        from graders.labs.mnist_compression import charts

        return charts.charts(context, results)

    def model_files(self, results: Mapping[str, RunResult[NotebookEvidence]]) -> Sequence[ModelFile]:
        """Without those that the submission's functions were called for with weights of the grader's."""
        found = [each.evidence for each in results.values() if each.evidence is not None]
        made = {each.value.name for one in found for each in (one.converted, one.converted_quantised) if each.value}
        return [file for file in super().model_files(results) if file.artifact.path.name not in made]

    def static_review(self, root: Path, lab: Lab, results: Mapping[str, RunResult[NotebookEvidence]]) -> StaticReview:
        """The notebook as submitted, and the report."""
        from graders.labs.mnist_compression import static_review

        return static_review.read(root, lab, results)

    def unstarted(self, root: Path, lab: Lab) -> str:
        """A gap of a notebook in which nothing was written and nothing executed."""
        from graders.labs.mnist_compression.unstarted import unstarted_notebook

        return unstarted_notebook(root, lab)


LAB = NotebookLab(load(Path(__file__).parent))
