"""What the lab's evidence looks like in a report: plain facts of each run, and its charts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graders.core.charts import Chart, Scatter, ScatterPoint, ScatterSeries, Table
from graders.framework.runner import RunResult
from graders.labs.hybrid_decomposition.evidence import BudgetEvidence, Evidence, Judged, LossEvidence, ModelEvidence


def describe(evidence: Evidence) -> dict[str, Any]:
    """A run's facts for the scorecard."""
    if isinstance(evidence, ModelEvidence):
        return _of_model(evidence)
    answered = sum(result.error is None for _, result in evidence.found)
    facts: dict[str, Any] = {"calls": len(evidence.found), "answered": answered}
    if isinstance(evidence, LossEvidence | BudgetEvidence):
        facts["chosen"] = [
            _factors(case.chooser.kind, result.value) for case, result in evidence.found if result.value is not None
        ]
    return facts


def _factors(kind: str, found: Judged) -> dict[str, Any]:
    chosen = found.factors
    return {
        "type": kind,
        "rank": None if chosen is None else chosen.rank,
        "share": None if chosen is None else round(chosen.share, 4),
        "cost": round(found.cost, 4),
    }


def _of_model(evidence: ModelEvidence) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    layers, file = evidence.layers.value, evidence.file.value
    if layers is not None:
        facts["layers"] = {
            name: None if each is None else {"rank": each.rank, "share": round(each.share, 4)}
            for name, each in layers.items()
        }
    if file is not None:
        facts |= {
            "sha256": file.artifact.sha256,
            "bytes": file.artifact.size,
            "deflate_bytes": file.deflated,
            "parameters": file.parameters,
            "accuracy": round(file.accuracy, 4),
        }
    return facts


def charts(results: Mapping[str, RunResult[Evidence]]) -> list[Chart]:
    """Size against accuracy of both networks and the given one, and the factors of their layers."""
    found = {name: result.evidence for name, result in results.items() if isinstance(result.evidence, ModelEvidence)}
    return [*_trade_off(found), *_layers(found)]


def _trade_off(found: Mapping[str, ModelEvidence]) -> list[Chart]:
    points = [
        ScatterPoint(each.file.value.deflated, round(100 * each.file.value.accuracy, 2), name)
        for name, each in found.items()
        if each.file.value is not None
    ]
    if not points:
        return []
    original = next(iter(found.values())).original
    given = ScatterPoint(original.deflated, round(100 * original.accuracy, 2), "the given network")
    return [
        Scatter(
            title="Size against accuracy",
            caption="Up and to the left is better. Measured on digits that no run has seen.",
            x_label="size in a ZIP archive",
            y_label="accuracy",
            x_unit="bytes",
            y_unit="percent",
            series=(ScatterSeries("this submission", tuple(points)), ScatterSeries("given", (given,))),
        )
    ]


def _layers(found: Mapping[str, ModelEvidence]) -> list[Chart]:
    rows = [
        (run, name[:60], "" if each is None else each.rank, "as it is" if each is None else f"{each.share:.2%}")
        for run, evidence in found.items()
        for name, each in (evidence.layers.value or {}).items()
    ]
    if not rows:
        return []
    return [
        Table(
            title="Factors of each layer",
            caption="The rank of the Tucker decomposition, and the share of weights that the sparse part may keep.",
            columns=("run", "layer", "rank", "share"),
            rows=tuple(rows),
        )
    ]
