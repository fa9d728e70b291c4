"""Kenning's pruning and clustering optimizers, and the scenarios that use them."""

from __future__ import annotations

import importlib
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
    from graders.labs.kenning_compression.evidence import Evidence
    from graders.labs.kenning_compression.work import Overview


class KenningLab(LabPlugin["Evidence"]):
    """Each optimizer on several networks, with one parameter at a time, and in scenarios."""

    @property
    def run_names(self) -> Sequence[str]:
        """Runs of one optimizer, and scenarios."""
        return list(self.lab.settings["runs"])

    def plan_runs(self, context: LabContext) -> Sequence[PlannedRun[Evidence]]:
        """With parameters, weights and names of files that are drawn."""
        from graders.labs.kenning_compression import plan

        return plan.plan_runs(context)

    def prepare(self, context: LabContext) -> None:  # noqa: ARG002
        """Imports what writes models, while the runner's libraries are being imported."""
        importlib.import_module("h5py")

    def require_work(self, evidence: Evidence) -> None:
        """A file of the given network, with other weights."""
        from graders.labs.kenning_compression import work

        work.require_work(evidence)

    def describe(self, evidence: Evidence) -> dict[str, Any]:
        """The parameters, and what the file shows of each."""
        from graders.labs.kenning_compression import charts

        return charts.describe(evidence)

    def charts(self, context: LabContext, results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:  # noqa: ARG002
        """Sizes of all files, and their weights."""
        from graders.labs.kenning_compression import charts

        return charts.charts(results)

    def static_review(self, root: Path, lab: Lab, results: Mapping[str, RunResult[Evidence]]) -> Overview:  # noqa: ARG002
        """What all runs show together."""
        from graders.labs.kenning_compression import work

        return work.overview(each.evidence for each in results.values())

    def drawn_values(self, context: LabContext) -> Mapping[str, str]:
        """The name of each run's file."""
        from graders.labs.kenning_compression.runs import file_name

        return {run: file_name(context, run) for run in self.run_names}


LAB = KenningLab(load(Path(__file__).parent))
