"""Lab 3 of the course: weight clustering and pruning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.core.charts import Chart
from graders.framework.lab_toml import load
from graders.framework.model_tester.lab import ModelTesterLab

if TYPE_CHECKING:
    from graders.framework.context import LabContext
    from graders.framework.runner import PlannedRun, RunResult
    from graders.labs.l03_pruning_clustering.evidence import Evidence


class CompressionLab(ModelTesterLab["Evidence"]):
    """ClusteredModel for each number of clusters, PrunedModel for each sparsity."""

    @property
    def run_names(self) -> Sequence[str]:
        """The base class alone, then each variant."""
        settings = self.lab.settings
        clustered = [f"clustered-{clusters}" for clusters in (*settings["clusters"], "drawn")]
        return ["base", *clustered, *(f"pruned-{sparsity}" for sparsity in (*settings["sparsities"], "drawn"))]

    def plan_runs(self, context: LabContext) -> Sequence[PlannedRun[Evidence]]:
        """With one drawn number of clusters and one drawn sparsity."""
        from graders.labs.l03_pruning_clustering import plan

        return plan.plan_runs(context)

    def require_work(self, evidence: Evidence) -> None:
        """Predictions of the given model's file, or a compressed file of its network."""
        from graders.labs.l03_pruning_clustering import work

        work.require_work(evidence, self.lab)

    def describe(self, evidence: Evidence) -> dict[str, Any]:
        """The file, its quality, its weights, and the reference's metrics beside them."""
        from graders.labs.l03_pruning_clustering import charts

        return charts.describe(evidence)

    def charts(self, context: LabContext, results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
        """Size, clusters and sparsity against accuracy, every variant's metrics, weights, confusion matrices."""
        from graders.labs.l03_pruning_clustering import charts

        return charts.charts(context, results)

    def make_reference_files(self, context: LabContext, folder: Path) -> list[Path]:
        """A file for each value that the assignment shows or that may be drawn."""
        from graders.labs.l03_pruning_clustering import plan

        return plan.make_reference_files(context, folder)


LAB = CompressionLab(load(Path(__file__).parent))
