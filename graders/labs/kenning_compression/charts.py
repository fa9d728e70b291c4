"""What the lab's evidence looks like in a report: plain facts of each run, and its charts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graders.core.charts import Chart, Histograms, Panel, Scatter, ScatterPoint, ScatterSeries, Table
from graders.framework.runner import RunResult
from graders.framework.weight_panels import weight_panel
from graders.labs.kenning_compression.evidence import (
    Evidence,
    ModelFile,
    OptimizedEvidence,
    ScenarioEvidence,
    Weights,
)


def describe(evidence: Evidence) -> dict[str, Any]:
    """A run's facts for the scorecard."""
    if isinstance(evidence, ScenarioEvidence):
        found: dict[str, Any] = {"scenario": evidence.path, "optimizers": [each.kind for each in evidence.steps]}
        for number, (file, weights) in enumerate(zip(evidence.files, evidence.weights, strict=True), start=1):
            found[f"step_{number}"] = _facts(file.value, weights.value)
        return found
    parameters = dict(evidence.parameters)
    return {
        "network": evidence.network,
        "parameters": parameters,
        **_facts(evidence.file.value, evidence.weights.value),
    }


def _facts(file: ModelFile | None, weights: Weights | None) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if file is not None:
        size = file.artifact.size
        facts |= {"sha256": file.artifact.sha256, "bytes": size, "deflate_bytes": file.deflated}
        facts["deflation"] = round(1 - file.deflated / size, 4) if size else 0.0
    if weights is not None:
        training = weights.training
        facts["zeros"] = {each.name: each.zeros.zeros for each in weights.layers}
        facts["values"] = {each.name: each.distinct.in_all for each in weights.layers}
        facts["steps"], facts["batch_size"], facts["optimizer"] = (
            training.counted,
            training.batch,
            training.optimizer("adam"),
        )
    return facts


def charts(results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
    """Every file's size, zeros and values, and the weights of the largest layer in each."""
    return [*_trade_off(results), *_table(results), *_histograms(results)]


def _trade_off(results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
    """Archive size against accuracy, for what each optimizer of the submitted scenarios wrote."""
    points = []
    for name, result in results.items():
        evidence = result.evidence
        if not isinstance(evidence, ScenarioEvidence) or not evidence.path:
            continue
        for step, file, found in zip(evidence.steps, evidence.files, evidence.accuracies, strict=True):
            if file.value is not None and found.value is not None:
                label = name if step is evidence.steps[-1] else f"{name}, before"
                points.append(ScatterPoint(file.value.deflated, round(100 * found.value, 2), label))
    if not points:
        return []
    return [
        Scatter(
            title="Size against accuracy",
            caption="Up and to the left is better. The scenarios on a small network and drawn images of five classes.",
            x_label="size in a ZIP archive",
            y_label="accuracy",
            x_unit="bytes",
            y_unit="percent",
            series=(ScatterSeries("this submission", tuple(points)),),
        )
    ]


def _histograms(results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
    panels = [
        panel
        for name, result in results.items()
        if isinstance(result.evidence, OptimizedEvidence) and (panel := _panel(name, result.evidence)) is not None
    ]
    if not panels:
        return []
    caption = "Before compression (line) and after: each bar is a value in the layer. Zeros are counted separately."
    title = "Weights of the largest layer, by run"
    return [Histograms(title=title, caption=caption, x_label="weight", panels=tuple(panels))]


def _panel(name: str, evidence: OptimizedEvidence) -> Panel | None:
    weights = evidence.weights.value
    if weights is None or not weights.histograms:
        return None
    asked = evidence.parameters.get("target_sparsity") if evidence.pruning else evidence.parameters["clusters_number"]
    words = f"{asked} clusters" if not evidence.pruning else f"a sparsity of {asked:.0%}" if asked else "pruning"
    return weight_panel(name, words, weights.histograms[0])


def _table(results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
    rows = []
    for name, result in results.items():
        evidence = result.evidence
        if isinstance(evidence, OptimizedEvidence):
            rows.append(_row(name, evidence.file.value, evidence.weights.value))
        elif isinstance(evidence, ScenarioEvidence):
            for number, (file, weights) in enumerate(zip(evidence.files, evidence.weights, strict=True), start=1):
                rows.append(_row(f"{name}, step {number}", file.value, weights.value))
    found = tuple(row for row in rows if row is not None)
    if not found:
        return []
    return [
        Table(
            title="Every model, as measured by the grader",
            caption="Zeros in the kernels of convolutions and Dense layers; values of the layer with the most.",
            columns=("run", "bytes", "zipped", "deflation", "zeros", "values", "steps", "batch size"),
            rows=found,
        )
    ]


def _row(name: str, file: ModelFile | None, weights: Weights | None) -> tuple[str | int, ...] | None:
    if file is None or weights is None:
        return None
    size = file.artifact.size
    zeros = sum(each.zeros.zeros for each in weights.layers) / max(
        1, sum(each.zeros.weights for each in weights.layers)
    )
    values = max((each.distinct.in_all for each in weights.layers), default=0)
    training = weights.training
    deflation = f"{1 - file.deflated / size:.1%}" if size else ""
    return (name, size, file.deflated, deflation, f"{zeros:.1%}", values, training.counted, training.batch)
