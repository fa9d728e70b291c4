"""The lab's runs: which optimizer is applied to which model with which parameters, and what is measured then."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graders.core.result import measured
from graders.framework.context import LabContext
from graders.framework.runner import PlannedRun, RunLog
from graders.labs.kenning_compression import files, runs, scenarios
from graders.labs.kenning_compression.evidence import Evidence, OptimizedEvidence
from graders.labs.kenning_compression.problems import Problem, image_count, renamed
from graders.labs.kenning_compression.runs import CLUSTERING, PRUNING
from graders.sandbox import Session

SPARSITY, FREQUENCY, END = "target_sparsity", "pruning_frequency", "pruning_end"
# So many batches of 32 that the frequency of 100 prunes in three epochs, and in more of them as well.
LONG = 1120
FEW = 0.03
"""The share of zeros of a sparse model."""
BRIEF: Mapping[str, Any] = {"epochs": 2, "batch_size": 8}
ARGUMENT, BESIDE, ABSENT = "argument", "beside", "absent"


@dataclass(frozen=True)
class Target:
    """An optimizer with its parameters, the problem that it is applied to, and where its specification comes from."""

    title: str
    pruning: bool
    parameters: Mapping[str, Any]
    problem: Problem = field(default_factory=Problem)
    specified: str = BESIDE

    @property
    def class_name(self) -> str:
        """The student's class."""
        return PRUNING if self.pruning else CLUSTERING


def targets(drawn: random.Random) -> dict[str, Target]:
    """Every run with one optimizer, by its name; the values that the assignment does not show are drawn."""

    def sparsity() -> float:
        return drawn.randrange(22, 48) / 100

    def trained(optimizer: str) -> dict[str, Any]:
        return {"epochs": drawn.choice((2, 4)), "batch_size": drawn.choice((8, 12)), "optimizer": optimizer}

    def clusters() -> int:
        return drawn.randrange(13, 29)

    long = {"epochs": 3, "batch_size": 32}
    first, second = drawn.sample(("SGD", "RMSprop"), 2)
    frequency = drawn.choice((2, 3))
    few = drawn.choice((12, 14))
    return {
        "pruned-drawn": Target(
            "pruning, drawn sparsity", True, {**long, SPARSITY: sparsity()}, Problem(train=LONG, specified=True)
        ),
        "pruned-nested": Target(
            "pruning a model within a model, with an archive",
            True,
            {**long, SPARSITY: sparsity(), "save_to_zip": True},
            Problem("nested", train=LONG),
            ABSENT,
        ),
        "pruned-dense": Target(
            "pruning Dense layers only",
            True,
            {**long, SPARSITY: sparsity(), "prune_dense": True},
            Problem("sequential", LONG),
        ),
        "pruned-frequency-drawn": Target(
            "pruning at a drawn frequency",
            True,
            {**trained(first), SPARSITY: sparsity(), FREQUENCY: frequency, END: frequency + 1},
        ),
        "pruned-end-drawn": Target(
            "pruning that ends before it begins",
            True,
            {**trained(second), SPARSITY: sparsity(), FREQUENCY: frequency, END: frequency - 1},
            Problem("frozen"),
        ),
        "pruned-rare": Target(
            "pruning every 100 steps in fewer steps", True, {**BRIEF, SPARSITY: sparsity(), FREQUENCY: 100}
        ),
        "pruned-probabilities": Target(
            "pruning a model that gives probabilities",
            True,
            {**BRIEF, FREQUENCY: 100, "disable_from_logits": True},
            Problem(certain=True),
        ),
        "clustered-drawn": Target(
            "clustering, drawn number of clusters",
            False,
            {"clusters_number": clusters(), **BRIEF},
            # What is beside the model has other names.
            Problem(specified=True),
            ARGUMENT,
        ),
        "clustered-frozen": Target(
            "clustering frozen layers", False, {"clusters_number": clusters(), **BRIEF}, Problem("frozen")
        ),
        "clustered-dense": Target(
            "clustering Dense layers only",
            False,
            {"clusters_number": clusters(), **BRIEF, "cluster_dense": True},
            Problem("two_inputs", specified=True),
        ),
        "clustered-sparse": Target(
            "clustering with preserved sparsity",
            False,
            {"clusters_number": clusters(), **BRIEF, "preserve_sparsity": True},
            Problem("sequential", sparsity=FEW),
        ),
        "clustered-plain": Target(
            "clustering a sparse model without preserving",
            False,
            {"clusters_number": clusters(), **BRIEF},
            Problem(sparsity=FEW),
        ),
        "clustered-tuned-drawn": Target(
            "clustering with fine-tuning and an archive",
            False,
            {
                "clusters_number": clusters(), "epochs": drawn.choice((7, 11)), "batch_size": few, "optimizer": "adam",
                "fine_tune": True, "save_to_zip": True,
            },
            # Three batches an epoch: where only steps can be counted, 7 or 11 times 3 of them show what is wrong.
            Problem(train=3 * few, specified=True),
        ),
        "clustered-probabilities": Target(
            "fine-tuning a clustered model that gives probabilities",
            False,
            {
                "clusters_number": clusters(), **BRIEF, "optimizer": "SGD", "fine_tune": True,
                "disable_from_logits": True,
            },
            Problem(certain=True),
        ),
    }  # fmt: skip


def plan_runs(context: LabContext) -> list[PlannedRun[Evidence]]:
    """Every run of the lab for this grading's seed."""
    found: list[PlannedRun[Evidence]] = [
        PlannedRun(
            name=name, title=each.title, execute=partial(run_target, target=each), weight=4 if each.pruning else 3
        )
        for name, each in targets(context.drawn("parameters")).items()
    ]
    return [*found, *scenarios.plan_runs()]


def run_target(context: LabContext, log: RunLog, target: Target) -> OptimizedEvidence:
    """One optimizer, applied to a model of its own."""
    made = runs.problem_of(context, log, target.problem)
    name = runs.file_name(context, log.name)
    expected = renamed(made.specification) if target.specified == ARGUMENT else made.specification
    parameters = {
        "module": context.lab.student_module,
        "class_name": target.class_name,
        "model": str(made.model),
        "target": str(context.workdir(log.name) / name),
        "parameters": dict(target.parameters),
        "io_spec": expected if target.specified == ARGUMENT else None,
    }

    def use(session: Session) -> None:
        runs.define(session, made)
        session.call("optimize", parameters)

    error = runs.drive(context, log, use)
    file, pairs = files.model_file(context, log.name, name, made.arrays, error)
    clusters = target.parameters.get("clusters_number")
    return OptimizedEvidence(
        pruning=target.pruning,
        network=target.problem.network,
        parameters=target.parameters,
        train=target.problem.train,
        images=image_count(target.problem),
        file=file,
        weights=measured(lambda: files.weights(pairs.get(), made.arrays, clusters)),
        specification=measured(
            lambda: files.specification(context, log.name, name, expected, made=target.specified == ABSENT, error=error)
        ),
        archive=measured(lambda: files.archive(context, log.name, name, file)),
    )
