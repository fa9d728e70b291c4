"""Scenarios: every parameter can be set there, optimizers go one after the other, and the assigned ones are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework.checks import check, criterion
from graders.labs.kenning_compression.work import FEW, share_of_zeros

if TYPE_CHECKING:
    from graders.labs.kenning_compression.evidence import ScenarioEvidence


@criterion("kenning.scenarios.parameters", runs="scenario-drawn")
def test_parameters_of_scenarios(evidence: ScenarioEvidence) -> None:
    """A scenario with every parameter of both optimizers is executed, and each writes its file."""
    for file in evidence.files:
        file.get()
    pruning = evidence.weights[0].get()
    found = share_of_zeros(pruning)
    wanted = evidence.steps[0].parameters["target_sparsity"]
    check(
        found >= FEW,
        measured=f"{found:.1%} zeros",
        expected=f"{wanted:.0%}, as the scenario says",
        hint="scenario_ignored",
    )


@criterion("kenning.scenarios.parameters", runs="scenario-drawn")
def test_chain(evidence: ScenarioEvidence) -> None:
    """The second optimizer continues with what the first one wrote."""
    chained, last = evidence.chained.get(), evidence.weights[-1].get()
    check(
        not chained.changed and bool(last.changed),
        measured="the last model's biases are not those that the first optimizer wrote",
        expected="clustered weights of the pruned model, everything else as the pruned model has it",
        hint="not_chained",
    )


@criterion("kenning.scenarios.submitted", runs="scenario-0.15,scenario-0.3,scenario-clustered")
def test_assigned_scenarios(evidence: ScenarioEvidence) -> None:
    """The scenario has the parameters that the assignment names."""
    check(
        not evidence.faults,
        measured=f"{evidence.path}: {'; '.join(evidence.faults[:4])}"
        if evidence.faults
        else f"{evidence.path} is right",
        expected="the parameters that the assignment names",
        hint="scenario_differs",
        path=evidence.path,
    )


@criterion("kenning.scenarios.submitted", runs="scenario-0.15,scenario-0.3,scenario-clustered")
def test_scenarios_run(evidence: ScenarioEvidence) -> None:
    """The scenario is executed, and each of its optimizers writes another model."""
    for file, weights in zip(evidence.files, evidence.weights, strict=True):
        file.get()
        found = weights.get()
        check(
            bool(found.training.moved) or not all(each.same for each in found.layers),
            measured="an optimizer wrote the model that it was given",
            expected="compressed models",
            hint="scenario_ignored",
        )
