"""Lab 3's runs: which there are for a seed, and how each is driven and measured."""

from __future__ import annotations

from functools import partial
from math import ceil

from graders.core.result import attempt
from graders.framework.context import LabContext
from graders.framework.model_tester import files, references, runner
from graders.framework.model_tester.runner import Agreement
from graders.framework.runner import PlannedRun, RunLog
from graders.labs.l03_pruning_clustering import baseline as base
from graders.labs.l03_pruning_clustering.evidence import BaseEvidence, CompressedEvidence, Evidence
from graders.labs.l03_pruning_clustering.exceptions import explained
from graders.labs.l03_pruning_clustering.runs import BASE, CLUSTERED, DRAWN, PRUNED

# About the seconds of each kind, for the order of runs.
BASE_S, CLUSTERED_S, PRUNED_S = 2, 5, 11
# The classes that may hold the four methods, the usual one first.
CLASSES = ("TFMOTOptimizedModel", "ClusteredModel", "PrunedModel")


def plan_runs(context: LabContext) -> list[PlannedRun[Evidence]]:
    """Every run of the lab for this grading's seed."""
    settings = context.lab.settings
    found: list[PlannedRun[Evidence]] = [
        PlannedRun(name=BASE, title="TFMOTOptimizedModel, not compressed", execute=run_base, weight=BASE_S)
    ]
    drawn = {f"{CLUSTERED}-{DRAWN}": context.drawn("clusters").choice(settings["drawn_clusters"])}
    for name, clusters in ({f"{CLUSTERED}-{number}": number for number in settings["clusters"]} | drawn).items():
        execute = partial(run_compressed, clusters=clusters, sparsity=None)
        title = f"ClusteredModel, {clusters} clusters"
        found.append(PlannedRun(name=name, title=title, execute=execute, weight=CLUSTERED_S))
    drawn = {f"{PRUNED}-{DRAWN}": context.drawn("sparsity").choice(settings["drawn_sparsities"])}
    for name, sparsity in ({f"{PRUNED}-{share}": share for share in settings["sparsities"]} | drawn).items():
        execute = partial(run_compressed, clusters=None, sparsity=sparsity)
        title = f"PrunedModel, {sparsity:.0%} zeros"
        found.append(PlannedRun(name=name, title=title, execute=execute, weight=PRUNED_S))
    return found


def run_base(context: LabContext, log: RunLog) -> BaseEvidence:
    """The class with an uncompressed file: its predictions against the file's own."""
    reply, error = runner.drive_plain(context, log, CLASSES)
    file = runner.file_of(context, log, error)

    def agreement() -> Agreement:
        predictions = runner.predictions(reply.get(), len(context.evaluation.shown))
        return runner.file_agreement(context, file.get(), predictions)

    return BaseEvidence(attempt(agreement), attempt(lambda: runner.input_ready(reply.get())))


def run_compressed(
    context: LabContext, log: RunLog, clusters: int | None, sparsity: float | None
) -> CompressedEvidence:
    """ClusteredModel or PrunedModel: its file against the given model and against the reference's."""
    class_name = "ClusteredModel" if clusters is not None else "PrunedModel"
    arguments = {"num_clusters": clusters} if clusters is not None else {"target_sparsity": sparsity}
    logs = {"logdir": str(context.workdir(log.name) / "logs")}
    _, error = runner.drive(context, log, class_name, logs | arguments, context.profile.dataset_root, lambda _: None)
    file = runner.file_of(context, log, explained(error))
    path = attempt(lambda: file.get().artifact.path)
    return CompressedEvidence(
        clusters=clusters,
        sparsity=sparsity,
        steps=_steps(context, clusters),
        file=file,
        compressed=attempt(lambda: base.compressed(context, path.get(), clusters, sparsity)),
        evaluation=attempt(lambda: files.evaluated(context, path.get())),
        expected=attempt(lambda: base.expected(context, clusters, sparsity)),
        given=attempt(lambda: references.original_evaluation(context)),
    )


def _steps(context: LabContext, clusters: int | None) -> int:
    """The number of batches in all epochs of fine-tuning."""
    settings = context.lab.settings
    annotations = context.profile.dataset_root / "annotations" / "trainval.txt"
    lines = annotations.read_text(encoding="utf-8-sig").splitlines()
    images = sum(bool(line.strip()) and not line.startswith("#") for line in lines)
    batches: int = ceil(settings["train_share"] * images / settings["batch_size"])
    return batches * (1 if clusters is not None else int(settings["pruning_epochs"]))
