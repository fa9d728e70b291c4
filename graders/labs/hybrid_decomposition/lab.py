"""Hybrid compression: each function of the student's on its own, then a network with all of them."""

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
    from graders.framework.runner import PlannedRun, RunResult
    from graders.labs.hybrid_decomposition.evidence import Evidence
    from graders.labs.hybrid_decomposition.work import Overview

RUNS = (
    "sparse-drawn", "decompose-drawn", "replace-drawn", "loss-drawn", "budget-drawn", "model-loss", "model-budget",
)  # fmt: skip


class HybridLab(LabPlugin["Evidence"]):
    """A run for each function, and one for each way of choosing."""

    @property
    def run_names(self) -> Sequence[str]:
        """Functions first, then networks."""
        return RUNS

    def plan_runs(self, context: LabContext) -> Sequence[PlannedRun[Evidence]]:
        """With kernels, layers and settings that are drawn."""
        from graders.labs.hybrid_decomposition import plan

        return plan.plan_runs(context)

    def require_work(self, evidence: Evidence) -> None:
        """A function that returned something, or a network."""
        from graders.labs.hybrid_decomposition import work

        work.require_work(evidence)

    def describe(self, evidence: Evidence) -> dict[str, Any]:
        """What was called, and what came of it."""
        from graders.labs.hybrid_decomposition import charts

        return charts.describe(evidence)

    def charts(self, context: LabContext, results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:  # noqa: ARG002
        """The factors of each layer, and size against accuracy."""
        from graders.labs.hybrid_decomposition import charts

        return charts.charts(results)

    def static_review(self, root: Path, lab: Lab, results: Mapping[str, RunResult[Evidence]]) -> Overview:  # noqa: ARG002
        """Which functions have mistakes of their own, which a network must not cost again."""
        from graders.labs.hybrid_decomposition import work

        return work.overview(self.lab, results)

    def drawn_values(self, context: LabContext) -> Mapping[str, str]:
        """The names of the layers that are replaced."""
        from graders.labs.hybrid_decomposition import plan

        return plan.drawn_values(context)


LAB = HybridLab(load(Path(__file__).parent))
