"""What lab 2's evidence looks like in a report: plain facts of each run, and its charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graders.core.charts import Chart, Line, LinePoint, LineSeries
from graders.core.result import Result, attempt
from graders.framework.context import LabContext
from graders.framework.model_tester.charts import (
    FileQuality,
    file_facts,
    matrices,
    quality_facts,
    trade_off,
    variants_table,
)
from graders.framework.model_tester.files import FileEvidence, evaluated
from graders.framework.runner import RunResult
from graders.labs.l02_quantization import baseline as base
from graders.labs.l02_quantization.evidence import Evidence, Fp32Evidence, Int8Evidence
from graders.measure.evaluation import Evaluation

QUALITY = frozenset({"accuracy", "precision", "sensitivity", "g_mean"})
MATRIX_RUNS = ("int8-0.8", "int8-drawn", "int8-0.3", "int8-0.08", "int8-0.01", "fp32")


def describe(evidence: Evidence) -> dict[str, Any]:
    """A run's facts for the scorecard: the file's hash, size and types, and its quality."""
    if not isinstance(evidence, Fp32Evidence | Int8Evidence):
        return {}
    facts: dict[str, Any] = {}
    if evidence.file.value is not None:
        facts |= file_facts(evidence.file.value)
    if evidence.evaluation.value is not None:
        facts |= quality_facts(evidence.evaluation.value)
    if isinstance(evidence, Int8Evidence):
        facts["calibration_asked"] = evidence.requested
        calibrated = evidence.calibration.value
        if calibrated is not None and calibrated.recognised:
            facts["calibration_recognised"] = calibrated.recognised
    return facts


def comparable(
    facts: dict[str, dict[str, Any]], results: Mapping[str, RunResult[Evidence]]
) -> dict[str, dict[str, Any]]:
    """The facts of runs without the quality that the student's class can't have measured.

    A file is measured with right conversions; a class that converts wrongly is less accurate with the same file.
    """
    evidence = {name: results[name].evidence for name in facts}
    if not any(map(_converts_wrongly, evidence.values())):
        return facts
    return {
        name: {key: value for key, value in own.items() if key not in QUALITY}
        if isinstance(evidence[name], Int8Evidence)
        else own
        for name, own in facts.items()
    }


def _converts_wrongly(evidence: Evidence | None) -> bool:
    if not isinstance(evidence, Int8Evidence):
        return False
    found = (evidence.quantise, evidence.dequantise)
    return any(each.value is None or each.value.example is not None for each in found)


def charts(context: LabContext, results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
    """Size and calibration share against accuracy, every variant's metrics, and confusion matrices."""
    measured = {name: result.evidence for name, result in results.items() if result.error is None}
    own = [FileQuality(name, file.artifact.size, quality.accuracy) for name, quality, file in _rows(measured)]
    found = [
        trade_off(context, "size of the file", {"this submission": own, "reference": _reference(context, measured)}),
        _share_line(context, measured),
        variants_table(context, _rows(measured)),
    ]
    qualities = {name: quality for name, evidence in measured.items() if (quality := _quality(evidence)) is not None}
    return [*(chart for chart in found if chart is not None), *matrices(context, qualities, MATRIX_RUNS)]


def _reference(context: LabContext, measured: Mapping[str, Any]) -> list[FileQuality]:
    """The reference's FP32 file and its INT8 file for one share, if a submission has more than one of the latter."""
    quantised = [each for each in measured.values() if isinstance(each, Int8Evidence) and _quality(each) is not None]
    if len(quantised) < 2:
        return []
    found = [FileQuality("fp32", quantised[0].fp32_size, quantised[0].fp32_accuracy)]
    int8 = attempt(lambda: context.cache.once("reference int8", lambda: _reference_int8(context))).value
    return found if int8 is None else [*found, int8]


def _reference_int8(context: LabContext) -> FileQuality:
    file = base.baseline(context).int8
    return FileQuality(f"int8-{base.INT8_SHARE}", file.stat().st_size, evaluated(context, file, own=True).accuracy)


def _quality(evidence: Any) -> Evaluation | None:
    result: Result[Evaluation] | None = getattr(evidence, "evaluation", None)
    return result.value if result is not None else None


def _share_line(context: LabContext, measured: Mapping[str, Any]) -> Line | None:
    points = []
    for evidence in measured.values():
        quality = _quality(evidence)
        if isinstance(evidence, Int8Evidence) and evidence.share is not None and quality is not None:
            points.append((evidence.share, quality.accuracy, evidence.fp32_accuracy))
    if not points:
        return None
    points.sort()
    int8 = tuple(LinePoint(share, round(100 * accuracy, 2)) for share, accuracy, _ in points)
    given = tuple(LinePoint(share, round(100 * fp32, 2)) for share, _, fp32 in points)
    return Line(
        title="Calibration share against accuracy",
        caption=f"Accuracy of each INT8 file and of the given model on {context.profile.images}.",
        x_label="share of the training images used for calibration",
        y_label="accuracy",
        y_unit="percent",
        series=(LineSeries("INT8", int8), LineSeries("given model (FP32)", given)),
    )


def _rows(measured: Mapping[str, Any]) -> Iterator[tuple[str, Evaluation, FileEvidence]]:
    for name, evidence in measured.items():
        quality = _quality(evidence)
        file: FileEvidence | None = evidence.file.value if hasattr(evidence, "file") else None
        if quality is not None and file is not None:
            yield name, quality, file
