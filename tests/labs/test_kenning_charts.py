"""Kenning's charts: tables and weights of what runs wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema

from graders.core.paths import LABS
from graders.core.result import Result
from graders.framework.runner import PlannedRun, RunLog, RunResult
from graders.labs.kenning_compression import charts
from graders.labs.kenning_compression.evidence import ModelFile, OptimizedEvidence, ScenarioEvidence, Step
from graders.measure.compression import Histogram
from graders.submission import Artifact

from .kenning_weights import NONE, layer, optimized

SCHEMA = json.loads((LABS.parents[1] / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
FIGURES = jsonschema.Draft202012Validator({"$ref": "#/$defs/figure", "$defs": SCHEMA["$defs"]})
HISTOGRAM = Histogram(3, "FULLY_CONNECTED", False, 1.2, (1, 2, 3), (2, 2, 2), 30, 100, (), ())


def measured(evidence: OptimizedEvidence) -> OptimizedEvidence:
    """With a file and a histogram."""
    file = ModelFile(Artifact(LABS, 1000, "0" * 64), 400, optimizer=False, network=True, wrappers=(), difference="")
    found = replace(evidence.weights.get(), histograms=(HISTOGRAM,))
    return replace(evidence, file=Result(file), weights=Result(found))


def result(evidence: Any) -> RunResult[Any]:
    """A run that was executed."""
    plan: PlannedRun[Any] = PlannedRun(name="a", title="A", execute=lambda *_: None)
    return RunResult(plan, evidence, None, RunLog("a"))


def test_tables_and_weights() -> None:
    """Each run is a row and a panel, with what was requested of it."""
    runs = {
        "pruned": result(measured(optimized(layer(30), target_sparsity=0.3))),
        "rare": result(measured(optimized(layer(0)))),
        "clustered": result(measured(optimized(layer(values=20), pruning=False, clusters_number=20))),
        "failed": result(None),
        "without": result(replace(optimized(layer()), weights=NONE)),
    }
    table, weights = (chart.to_json() for chart in charts.charts(runs))
    for figure in (table, weights):
        FIGURES.validate(figure)
    assert [row[:5] for row in table["rows"]] == [
        ["pruned", 1000, 400, "60.0%", "30.0%"],
        ["rare", 1000, 400, "60.0%", "0.0%"],
        ["clustered", 1000, 400, "60.0%", "0.0%"],
    ]
    assert [each["asked"] for each in weights["panels"]] == ["a sparsity of 30%", "pruning", "20 clusters"]
    assert charts.charts({"failed": result(None)}) == []


def test_size_against_accuracy() -> None:
    """A point for what each optimizer of a submitted scenario wrote; the grader's own scenario has none."""
    one = measured(optimized(layer(30)))
    steps = (Step("TensorFlowPruningOptimizer", {}), Step("TensorFlowClusteringOptimizer", {}))
    both = {"files": (one.file, one.file), "weights": (one.weights, one.weights), "chained": one.weights}
    scenario = ScenarioEvidence("a.json", steps, (), **both, accuracies=(Result(0.9), Result(0.85)))
    runs = {"scenario-a": result(scenario), "scenario-b": result(replace(scenario, path=""))}
    chart, table = (each.to_json() for each in charts.charts(runs))
    FIGURES.validate(chart)
    (series,) = chart["series"]
    assert series["points"] == [[400, 90.0, "scenario-a, before"], [400, 85.0, "scenario-a"]]
    assert len(table["rows"]) == 4


def test_facts_of_a_run() -> None:
    """The parameters, and what the file shows of each."""
    facts = charts.describe(measured(optimized(layer(30), target_sparsity=0.3)))
    assert (facts["parameters"], facts["zeros"], facts["deflation"]) == ({"target_sparsity": 0.3}, {"layer_0": 30}, 0.6)
