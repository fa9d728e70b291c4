"""What lab 3's evidence looks like in a report: plain facts of each run, and its charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graders.core.charts import Chart, Line, LinePoint, LineSeries, Scatter
from graders.framework.context import LabContext
from graders.framework.model_tester import references
from graders.framework.model_tester.charts import (
    FileQuality,
    file_facts,
    matrices,
    quality_facts,
    trade_off,
    variants_table,
)
from graders.framework.runner import RunResult
from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence, Evidence
from graders.labs.l03_pruning_clustering.weight_charts import weight_charts
from graders.measure.compression import overall, pruned

MATRIX_RUNS = ("clustered-drawn", "clustered-16", "clustered-8", "pruned-drawn", "pruned-0.5", "pruned-0.4")
SPEED = (
    "Neither clusters nor zeros make a dense file faster: every weight is still multiplied. Files are timed against "
    "the FP32 file to find slower ones, such as those with wrappers in them."
)


def describe(evidence: Evidence) -> dict[str, Any]:
    """A run's facts for the scorecard: the file, its quality, its weights, and the reference's metrics beside them."""
    if not isinstance(evidence, CompressedEvidence):
        return {}
    facts: dict[str, Any] = {"asked": evidence.requested}
    if evidence.file.value is not None:
        facts |= file_facts(evidence.file.value)
    if evidence.evaluation.value is not None:
        facts |= quality_facts(evidence.evaluation.value)
    if evidence.expected.value is not None:
        expected = evidence.expected.value
        facts["reference_accuracy"] = round(expected.evaluation.accuracy, 4)
        facts["reference_deflation"] = round(expected.compressed.deflation, 4)
    if evidence.compressed.value is not None:
        weights = evidence.compressed.value.weights
        facts["values"] = {f"{each.kind} {each.operator}": each.counted for each in weights.distinct}
        facts["zeros"] = {f"{each.kind} {each.operator}": each.zeros for each in weights.zeros if each.compressible}
        if evidence.clusters is not None:
            facts["centroids_off"] = round(overall(weights.spacing).off, 4)
        if evidence.sparsity is not None:
            found = pruned(weights.zeros, evidence.sparsity, 0.0)
            facts["sparsity"] = round(found.zeros / found.weights, 4) if found.weights else 0.0
    return facts


def charts(context: LabContext, results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
    """Size, clusters and sparsity against accuracy, beside the reference's; every variant's metrics; the weights of
    each file; confusion matrices.
    """
    measured = {
        name: result.evidence
        for name, result in results.items()
        if result.error is None and isinstance(result.evidence, CompressedEvidence)
    }
    clustered: dict[float, CompressedEvidence] = {
        each.clusters: each for each in measured.values() if each.clusters is not None
    }
    pruned_ones: dict[float, CompressedEvidence] = {
        each.sparsity: each for each in measured.values() if each.sparsity is not None
    }
    found = [
        _trade_off(context, measured),
        _line(context, "Clusters against accuracy", "distinct weights per layer", clustered),
        _line(context, "Sparsity against accuracy", "share of zeros per layer", pruned_ones),
        variants_table(context, _rows(measured)),
        *weight_charts(measured),
    ]
    qualities = {name: quality for name, quality, _ in _rows(measured)}
    return [*(chart for chart in found if chart is not None), *matrices(context, qualities, MATRIX_RUNS)]


def _trade_off(context: LabContext, measured: Mapping[str, CompressedEvidence]) -> Scatter | None:
    """Archive size against accuracy: every compressed file saves its space in an archive alone."""
    own, reference = [], []
    for name, evidence in measured.items():
        quality, weighed, expected = evidence.evaluation.value, evidence.compressed.value, evidence.expected.value
        if quality is not None and weighed is not None:
            own.append(FileQuality(name, weighed.deflated, quality.accuracy))
        if expected is not None:
            reference.append(FileQuality(name, expected.compressed.deflated, expected.evaluation.accuracy))
    if not own:
        return None
    given = next((each.given.value for each in measured.values() if each.given.value is not None), None)
    whole = []
    if given is not None:
        whole.append(FileQuality("fp32", references.model_stats(context).deflated, given.accuracy))
    series = {"this submission": own, "reference": reference, "given model": whole}
    return trade_off(context, "size in a ZIP archive", series)


def _rows(measured: Mapping[str, CompressedEvidence]) -> Iterator[tuple[str, Any, Any]]:
    for name, evidence in measured.items():
        if evidence.evaluation.value is not None and evidence.file.value is not None:
            yield name, evidence.evaluation.value, evidence.file.value


def _line(context: LabContext, title: str, label: str, found: Mapping[float, CompressedEvidence]) -> Line | None:
    """The accuracy of the submission's files beside that of the reference's and of the given model."""
    own, reference = [], []
    for value in sorted(found):
        quality, expected = found[value].evaluation.value, found[value].expected.value
        if quality is not None:
            own.append(LinePoint(value, round(100 * quality.accuracy, 2)))
        if expected is not None:
            reference.append(LinePoint(value, round(100 * expected.evaluation.accuracy, 2)))
    if not own:
        return None
    given = next((each.given.value for each in found.values() if each.given.value is not None), None)
    series = {
        "this submission": own,
        "reference": reference,
        "given model": [LinePoint(value, round(100 * given.accuracy, 2)) for value in sorted(found)] if given else [],
    }
    return Line(
        title=title,
        caption=f"On {context.profile.images}. {SPEED}",
        x_label=label,
        y_label="accuracy",
        y_unit="percent",
        series=tuple(LineSeries(name, tuple(points)) for name, points in series.items() if points),
    )
