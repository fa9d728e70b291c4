"""Lab 2 of the course: TensorFlow Lite conversion and INT8 quantisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.core.charts import Chart
from graders.framework.lab_toml import load
from graders.framework.model_tester.lab import ModelTesterLab
from graders.labs.l02_quantization import runs

if TYPE_CHECKING:
    from graders.framework.context import LabContext
    from graders.framework.runner import PlannedRun, RunResult
    from graders.labs.l02_quantization.evidence import Evidence


class QuantizationLab(ModelTesterLab["Evidence"]):
    """NativeModel, FP32Model, INT8Model and ImbalancedINT8Model."""

    @property
    def run_names(self) -> Sequence[str]:
        """One of each class, INT8Model for each calibration share."""
        return runs.run_names(self.lab.settings)

    def plan_runs(self, context: LabContext) -> Sequence[PlannedRun[Evidence]]:
        """See :mod:`plan`."""
        from graders.labs.l02_quantization import plan

        return plan.plan_runs(context)

    def prepare(self, context: LabContext) -> None:
        """Measures the activation ranges that calibration is compared with."""
        from graders.labs.l02_quantization import plan

        plan.prepare(context)

    def require_work(self, evidence: Evidence) -> None:
        """Predictions, weights or calibration that belong to the given model."""
        from graders.labs.l02_quantization import work

        work.require_work(evidence, self.lab)

    def describe(self, evidence: Evidence) -> dict[str, Any]:
        """The file's hash, size and types, and its quality."""
        from graders.labs.l02_quantization import charts

        return charts.describe(evidence)

    def comparable(self, results: Mapping[str, RunResult[Evidence]]) -> dict[str, dict[str, Any]]:
        """Without the quality of files that the submission's own conversions make worse: its numbers show that too."""
        facts = super().comparable(results)
        if not facts:
            return facts
        from graders.labs.l02_quantization import charts

        return charts.comparable(facts, results)

    def charts(self, context: LabContext, results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
        """Size and calibration share against accuracy, every variant's metrics, confusion matrices."""
        from graders.labs.l02_quantization import charts

        return charts.charts(context, results)

    def latency_baseline(self, context: LabContext, name: str) -> Path:
        """``"fp32"`` or ``"int8"``: the reference's file."""
        from graders.labs.l02_quantization import baseline

        return baseline.baseline(context).int8 if name == "int8" else super().latency_baseline(context, name)

    def drawn_values(self, context: LabContext) -> Mapping[str, str]:
        """The calibration share, besides the names of files."""
        from graders.labs.l02_quantization import baseline

        return {**super().drawn_values(context), "share": str(baseline.drawn_share(context))}

    def make_reference_files(self, context: LabContext, folder: Path) -> list[Path]:
        """The INT8 file, and the activation ranges of all training images."""
        from graders.labs.l02_quantization import baseline

        return baseline.make_reference_files(context, folder)


LAB = QuantizationLab(load(Path(__file__).parent))
