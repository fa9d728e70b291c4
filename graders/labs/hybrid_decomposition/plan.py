"""The lab's runs: which function is called with what, and what is measured then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from graders.core.result import Result, measured
from graders.framework.context import LabContext
from graders.framework.runner import PlannedRun, RunLog
from graders.labs.hybrid_decomposition import measuring, models, problems, stand_ins
from graders.labs.hybrid_decomposition.evidence import (
    BudgetEvidence,
    DecomposeEvidence,
    Evidence,
    LossEvidence,
    Replaced,
    ReplaceEvidence,
    SparseEvidence,
)
from graders.labs.hybrid_decomposition.problems import Layer
from graders.labs.hybrid_decomposition.runs import Call, call_all
from graders.sandbox import Reply

C = TypeVar("C")
T = TypeVar("T")

SPARSE, DECOMPOSE, REPLACE = "sparse-drawn", "decompose-drawn", "replace-drawn"
LOSS, BUDGET = "loss-drawn", "budget-drawn"
MODEL_LOSS, MODEL_BUDGET = "model-loss", "model-budget"
IMAGES = 3


def plan_runs(context: LabContext) -> list[PlannedRun[Evidence]]:  # noqa: ARG001 - as for every lab
    """Every run of the lab."""
    return [
        PlannedRun(name=SPARSE, title="sparse_residual", execute=run_sparse),
        PlannedRun(name=DECOMPOSE, title="decompose_kernel", execute=run_decompose),
        PlannedRun(name=REPLACE, title="replace_layer", execute=run_replace, weight=8),
        PlannedRun(name=LOSS, title="choose_by_loss", execute=run_loss, weight=4),
        PlannedRun(name=BUDGET, title="layer_budgets and choose_by_budget", execute=run_budget, weight=2),
        PlannedRun(
            name=MODEL_LOSS, title="a model by loss", execute=partial(models.run_model, by_loss=True), weight=20
        ),
        PlannedRun(
            name=MODEL_BUDGET, title="a model by budget", execute=partial(models.run_model, by_loss=False), weight=7
        ),
    ]


def run_sparse(context: LabContext, log: RunLog) -> SparseEvidence:
    """``sparse_residual`` with each structure."""
    cases = problems.sparse_cases(problems.source(context, log.name))
    calls = [
        Call("sparse", {"share": each.share, "structure": each.structure.described}, {"residual": each.residual})
        for each in cases
    ]
    return SparseEvidence(_pairs(cases, call_all(context, log, calls), measuring.kept))


def run_decompose(context: LabContext, log: RunLog) -> DecomposeEvidence:
    """``decompose_kernel`` without one part or the other, and with both."""
    cases = problems.decompose_cases(problems.source(context, log.name))
    calls = [
        Call(
            "decompose",
            {
                "rank": each.rank,
                "share": each.share,
                "structure": each.structure.described,
                "stand_ins": stand_ins.sparse_alone(),
            },
            {"kernel": each.kernel},
        )
        for each in cases
    ]
    return DecomposeEvidence(_pairs(cases, call_all(context, log, calls), measuring.parts))


def run_replace(context: LabContext, log: RunLog) -> ReplaceEvidence:
    """``replace_layer`` with layers that differ in one thing each."""
    random = problems.source(context, log.name)
    layers = problems.layers(random, layer_name(context))
    images = random.normal(size=(IMAGES, *layers[0].image)).astype(np.float32)
    replies = call_all(context, log, [_replacing(each) for each in layers])

    def measure(layer: Layer, reply: Reply) -> Replaced:  # noqa: ARG001 - the files say it all
        return measuring.replaced(context, log.name, layer.name, layer, images)

    return ReplaceEvidence(measuring.with_twins(_pairs(layers, replies, measure)))


def layer_name(context: LabContext) -> str:
    """What the names of the layers begin with that are replaced."""
    return f"conv_{context.drawn('name of layers').randrange(16**6):06x}_"


def drawn_values(context: LabContext) -> Mapping[str, str]:
    """What must not show before it is used."""
    return {"layer": layer_name(context)}


def _replacing(layer: Layer) -> Call:
    names = ("core", "first", "last", "sparse")
    arrays = {name: part for name, part in zip(names, layer.parts, strict=True) if part is not None}
    if layer.bias is not None:
        arrays["bias"] = layer.bias
    parameters = {"file": layer.name, "layer": layer.options, "image": list(layer.image), "uses": layer.uses}
    return Call("replace", parameters, {**arrays, "kernel": layer.kernel})


def run_loss(context: LabContext, log: RunLog) -> LossEvidence:
    """``choose_by_loss`` with an accuracy that falls with the kernel's error."""
    cases = problems.loss_cases(problems.source(context, log.name))
    calls = [
        Call(
            "loss",
            {
                "scale": each.scale,
                "least": each.least,
                "settings": each.chooser.described,
                "tried": measuring.tried_by_loss(each),
                "stand_ins": stand_ins.both(),
            },
            {"kernel": each.kernel},
        )
        for each in cases
    ]
    replies = call_all(context, log, calls)
    best = context.once("cheapest factors", lambda: [measuring.cheapest(each) for each in cases])
    found = _pairs(list(zip(cases, best, strict=True)), replies, measuring.judged)
    return LossEvidence(tuple((case, result) for (case, _), result in found))


def run_budget(context: LabContext, log: RunLog) -> BudgetEvidence:
    """``layer_budgets`` with two factors, and ``choose_by_budget``."""
    random = problems.source(context, log.name)
    cases, kernels = problems.budget_cases(random), problems.layer_kernels(random)
    named = {f"kernel_{number}": each for number, each in enumerate(kernels)}
    factors = [round(float(random.uniform(0.3, 0.6)), 3), round(float(random.uniform(0.7, 0.9)), 3)]
    calls = [Call("budgets", {"factor": each}, named) for each in factors]
    calls += [
        Call(
            "budget",
            {
                "budget": each.budget,
                "settings": each.chooser.described,
                "tried": [] if each.budget >= 1 else measuring.tried_by_budget(each),
                "stand_ins": stand_ins.both(),
            },
            {"kernel": each.kernel},
        )
        for each in cases
    ]
    replies = call_all(context, log, calls)
    shared = _pairs(factors, replies[: len(factors)], partial(measuring.budgets, kernels))
    best = context.once("most exact factors", lambda: [measuring.most_exact(each) for each in cases])
    found = _pairs(list(zip(cases, best, strict=True)), replies[len(factors) :], measuring.judged)
    return BudgetEvidence(
        budgets=tuple(result for _, result in shared), found=tuple((case, result) for (case, _), result in found)
    )


def _pairs(
    cases: Sequence[C], replies: Sequence[Result[Reply]], measure: Callable[[C, Reply], T]
) -> tuple[tuple[C, Result[T]], ...]:
    """Each case with what was measured of its answer, or why there is nothing."""

    def one(case: C, reply: Result[Reply]) -> T:
        return measure(case, reply.get())

    return tuple((case, measured(partial(one, case, reply))) for case, reply in zip(cases, replies, strict=True))
