"""Lab 3's runs: which there are for a seed, and how each is driven and measured."""

from __future__ import annotations

import importlib
from functools import partial
from math import ceil
from pathlib import Path

from graders.labs import references, testers
from graders.labs.grading import Grading, RunBooks, RunPlan
from graders.labs.held import held
from graders.labs.l03_pruning_clustering import baseline as base
from graders.labs.l03_pruning_clustering.evidence import BaseEvidence, CompressedEvidence
from graders.labs.l03_pruning_clustering.exceptions import explained
from graders.labs.l03_pruning_clustering.runs import BASE, CLUSTERED, DRAWN, PRUNED
from graders.labs.testers import Agreement

# About the seconds of each kind, for the order of runs.
BASE_S, CLUSTERED_S, PRUNED_S = 2, 5, 11
# The classes that may hold the four methods, the usual one first.
CLASSES = ("TFMOTOptimizedModel", "ClusteredModel", "PrunedModel")


def plans(grading: Grading) -> list[RunPlan]:
    """Every run of the lab for this grading's seed."""
    settings = grading.lab.settings
    found = [RunPlan(name=BASE, title="TFMOTOptimizedModel, not compressed", execute=run_base, weight=BASE_S)]
    drawn = {f"{CLUSTERED}-{DRAWN}": grading.drawn("clusters").choice(settings["drawn_clusters"])}
    for name, clusters in ({f"{CLUSTERED}-{number}": number for number in settings["clusters"]} | drawn).items():
        execute = partial(run_compressed, clusters=clusters, sparsity=None)
        title = f"ClusteredModel, {clusters} clusters"
        found.append(RunPlan(name=name, title=title, execute=execute, weight=CLUSTERED_S))
    drawn = {f"{PRUNED}-{DRAWN}": grading.drawn("sparsity").choice(settings["drawn_sparsities"])}
    for name, sparsity in ({f"{PRUNED}-{share}": share for share in settings["sparsities"]} | drawn).items():
        execute = partial(run_compressed, clusters=None, sparsity=sparsity)
        title = f"PrunedModel, {sparsity:.0%} zeros"
        found.append(RunPlan(name=name, title=title, execute=execute, weight=PRUNED_S))
    return found


def run_base(grading: Grading, books: RunBooks) -> BaseEvidence:
    """The class around a file that is only converted: what it predicts, against what the file gives."""
    reply, error = testers.drive_plain(grading, books, CLASSES)
    file = testers.file_of(grading, books, error)

    def agreement() -> Agreement:
        predictions = testers.predictions(reply.get(), len(grading.evaluation.shown))
        return testers.file_agreement(grading, file.get(), predictions)

    return BaseEvidence(held(agreement), held(lambda: testers.input_ready(reply.get())))


def run_compressed(
    grading: Grading, books: RunBooks, clusters: int | None, sparsity: float | None
) -> CompressedEvidence:
    """ClusteredModel or PrunedModel: its file against the given model and against the reference's."""
    class_name = "ClusteredModel" if clusters is not None else "PrunedModel"
    arguments = {"num_clusters": clusters} if clusters is not None else {"target_sparsity": sparsity}
    logs = {"logdir": str(grading.box(books.name) / "logs")}
    _, error = testers.drive(grading, books, class_name, logs | arguments, grading.profile.dataset_root, lambda _: None)
    file = testers.file_of(grading, books, explained(error))
    path = held(lambda: file.get().artefact.path)
    return CompressedEvidence(
        clusters=clusters,
        sparsity=sparsity,
        steps=_steps(grading, clusters),
        file=file,
        compressed=held(lambda: base.compressed(grading, path.get(), clusters, sparsity)),
        evaluation=held(lambda: testers.evaluated(grading, path.get())),
        expected=held(lambda: base.expected(grading, clusters, sparsity)),
        given=held(lambda: references.original_evaluation(grading)),
    )


def _steps(grading: Grading, clusters: int | None) -> int:
    """Batches of all epochs of fine-tuning."""
    settings = grading.lab.settings
    annotations = grading.profile.dataset_root / "annotations" / "trainval.txt"
    lines = annotations.read_text(encoding="utf-8-sig").splitlines()
    images = sum(bool(line.strip()) and not line.startswith("#") for line in lines)
    batches: int = ceil(settings["train_share"] * images / settings["batch_size"])
    return batches * (1 if clusters is not None else int(settings["pruning_epochs"]))


def prepare(grading: Grading) -> None:
    """Measures what runs are held against; meant to go on while the runner's libraries are still being imported."""
    importlib.import_module("sklearn.metrics")
    _ = grading.evaluation
    references.original(grading)


def baseline_file(grading: Grading, name: str) -> Path:
    """What latency is compared with: the given model's FP32 file, the only one here that has a name."""
    assert name == "fp32", name
    return references.original(grading).path
