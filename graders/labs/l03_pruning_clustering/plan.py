"""Lab 3's runs: how each is driven and measured, and the reference's files that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from graders.core.result import Result, attempt, measured
from graders.framework.context import LabContext
from graders.framework.definition import Lab
from graders.framework.model_tester import files, references, runner
from graders.framework.model_tester.references import ReferenceFile
from graders.framework.model_tester.tfmot_errors import explained
from graders.framework.runner import PlannedRun, RunLog
from graders.labs.l03_pruning_clustering.evidence import BaseEvidence, CompressedEvidence, Evidence, Expected
from graders.measure.compression import tuning
from graders.measure.scorer.results import Compressed

FOLDER = "compressed"
# The seconds that a run of each kind takes, roughly, for the order of runs.
BASE_S, CLUSTERED_S, PRUNED_S = 2, 5, 11
# The classes that may hold the four methods, the usual one first.
CLASSES = ("TFMOTOptimizedModel", "ClusteredModel", "PrunedModel")


@dataclass(frozen=True)
class Target:
    """A number of clusters or a sparsity; the other one of the two is None."""

    clusters: int | None = None
    sparsity: float | None = None

    @property
    def name(self) -> str:
        """The name of its run, unless it is drawn, and of the reference's file."""
        return f"clustered-{self.clusters}" if self.clusters is not None else f"pruned-{self.sparsity}"

    @property
    def class_name(self) -> str:
        """The student's class."""
        return "ClusteredModel" if self.clusters is not None else "PrunedModel"

    @property
    def arguments(self) -> dict[str, Any]:
        """The argument of the class."""
        return {"num_clusters": self.clusters} if self.clusters is not None else {"target_sparsity": self.sparsity}


def plan_runs(context: LabContext) -> list[PlannedRun[Evidence]]:
    """Every run of the lab for this grading's seed."""
    settings = context.lab.settings
    clusters = {f"clustered-{number}": Target(clusters=number) for number in settings["clusters"]}
    clusters["clustered-drawn"] = Target(clusters=context.drawn("clusters").choice(settings["drawn_clusters"]))
    sparsities = {f"pruned-{share}": Target(sparsity=share) for share in settings["sparsities"]}
    sparsities["pruned-drawn"] = Target(sparsity=context.drawn("sparsity").choice(settings["drawn_sparsities"]))
    found: list[PlannedRun[Evidence]] = [
        PlannedRun(name="base", title="TFMOTOptimizedModel, not compressed", execute=run_base, weight=BASE_S)
    ]
    for name, target in (clusters | sparsities).items():
        execute = partial(run_compressed, target=target)
        asked = f"{target.clusters} clusters" if target.clusters is not None else f"{target.sparsity:.0%} zeros"
        weight = CLUSTERED_S if target.clusters is not None else PRUNED_S
        found.append(PlannedRun(name=name, title=f"{target.class_name}, {asked}", execute=execute, weight=weight))
    return found


def run_base(context: LabContext, log: RunLog) -> BaseEvidence:
    """The class with an uncompressed file: its predictions against the file's own."""
    limits = references.reference_model(context).file.limits(context.lab.limits)
    reply, error = runner.drive_plain(context, log, CLASSES, limits)
    file = runner.file_of(context, log, error)
    # The file was converted from the given model by the driver, unless the student's code saw to another one.
    return BaseEvidence(
        measured(lambda: runner.class_agreement(context, file.get().of_given(), reply.get())),
        measured(lambda: runner.input_ready(reply.get())),
    )


def run_compressed(context: LabContext, log: RunLog, target: Target) -> CompressedEvidence:
    """ClusteredModel or PrunedModel: its file against the given model and against the reference's."""
    logs = {"logdir": str(context.workdir(log.name) / "logs")}
    dataset = context.profile.dataset_root
    reference = attempt(lambda: _reference_file(context, target))
    limits = None if reference.value is None else reference.value.limits(context.lab.limits)
    arguments = logs | target.arguments
    _, error = runner.drive(context, log, target.class_name, arguments, dataset, lambda _: None, limits)
    found = runner.file_of(context, log, explained(error))
    file = attempt(lambda: found.get().of_given())
    path = attempt(lambda: file.get().artifact.path)
    compressed = measured(lambda: _compressed(context, path.get(), target))
    expected = attempt(lambda: _expected(context, target))
    resting = _resting(context, target, expected)
    if _unfrozen(compressed, resting):
        expected = attempt(lambda: _expected(context, target, unfrozen=True))
    return CompressedEvidence(
        clusters=target.clusters,
        sparsity=target.sparsity,
        steps=_steps(context, target),
        file=file,
        compressed=compressed,
        evaluation=measured(lambda: files.evaluated(context, path.get())),
        expected=expected,
        given=attempt(lambda: references.original_evaluation(context)),
        frozen=bool(context.given_model.frozen),
        resting=resting,
        real=context.profile.real,
    )


def _resting(context: LabContext, target: Target, expected: Result[Expected]) -> tuple[str, ...]:
    """The parameters that pruning a model with frozen layers leaves as they were: those of the reference's file."""
    if not context.given_model.frozen or target.sparsity is None or expected.value is None:
        return ()
    return tuning(expected.value.compressed.weights.weight_deltas, clustered=False).still


def _unfrozen(compressed: Result[Compressed], resting: tuple[str, ...]) -> bool:
    """Whether a submission made layers trainable that are frozen in the given model, which it may do and need not."""
    if not resting or compressed.value is None:
        return False
    return not set(resting).isdisjoint(tuning(compressed.value.weights.weight_deltas, clustered=False).moved)


def _steps(context: LabContext, target: Target) -> int:
    """The number of batches in all epochs of fine-tuning."""
    settings = context.lab.settings
    annotations = context.profile.dataset_root / "annotations" / "trainval.txt"
    lines = annotations.read_text(encoding="utf-8-sig").splitlines()
    images = sum(bool(line.strip()) and not line.startswith("#") for line in lines)
    batches: int = ceil(settings["train_share"] * images / settings["batch_size"])
    return batches * (1 if target.clusters is not None else int(settings["pruning_epochs"]))


def targets(lab: Lab) -> list[Target]:
    """Every number of clusters and sparsity that the reference's files are needed for."""
    settings = lab.settings
    clusters = [Target(clusters=each) for each in (*settings["clusters"], *settings["drawn_clusters"])]
    return clusters + [Target(sparsity=each) for each in (*settings["sparsities"], *settings["drawn_sparsities"])]


def make_reference_files(context: LabContext, folder: Path) -> list[Path]:
    """Makes the reference files that a profile ships: one for each shown value and each that may be drawn."""
    made = [
        references.make(context, folder / _file(each), each.class_name, each.arguments) for each in targets(context.lab)
    ]
    return [file.path for file in made]


def _file(target: Target) -> str:
    return f"{FOLDER}/{target.name}.tflite"


def _reference_file(context: LabContext, target: Target, *, unfrozen: bool = False) -> ReferenceFile:
    """The reference's file with the same compression.

    :param unfrozen: of the given model with every layer made trainable.
    """
    name = _file(target)
    return references.shipped_or_made(context, name, target.class_name, target.arguments, unfrozen=unfrozen)


def _expected(context: LabContext, target: Target, *, unfrozen: bool = False) -> Expected:
    """The measurements of :func:`_reference_file`, made once."""

    def measure() -> Expected:
        path = _reference_file(context, target, unfrozen=unfrozen).path
        return Expected(_compressed(context, path, target, own=True), files.evaluated(context, path, own=True))

    which = " unfrozen" if unfrozen else ""
    return context.once(f"expected {target.clusters} {target.sparsity}{which}", measure)


def _compressed(context: LabContext, path: Path, target: Target, *, own: bool = False) -> Compressed:
    """A file's weights against the given model's."""
    original = references.reference_model(context).path
    with context.scorer.measure(path, own=own) as measurement:
        return measurement.compress(original, clusters=target.clusters, sparsity=target.sparsity)
