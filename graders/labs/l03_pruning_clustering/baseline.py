"""What lab 3 is measured against: the reference's file for the same number of clusters or the same sparsity."""

from __future__ import annotations

from pathlib import Path

from graders.framework.context import LabContext
from graders.framework.definition import Lab
from graders.framework.model_tester import files, references
from graders.labs.l03_pruning_clustering.evidence import Expected
from graders.labs.l03_pruning_clustering.runs import CLUSTERED, PRUNED
from graders.measure.scorer.results import Compressed

FOLDER = "compressed"


def make_reference_files(context: LabContext, folder: Path) -> list[Path]:
    """Makes the reference files that a profile ships: one for each shown value and each that may be drawn."""
    return [_make(context, folder / FOLDER / f"{name}.tflite", *value) for name, value in values(context.lab).items()]


def values(lab: Lab) -> dict[str, tuple[int | None, float | None]]:
    """Every number of clusters and sparsity that the reference's files are needed for, by the file's name."""
    settings = lab.settings
    clusters = (*settings["clusters"], *settings["drawn_clusters"])
    sparsities = (*settings["sparsities"], *settings["drawn_sparsities"])
    found: dict[str, tuple[int | None, float | None]] = {f"{CLUSTERED}-{number}": (number, None) for number in clusters}
    return found | {f"{PRUNED}-{share}": (None, share) for share in sparsities}


def reference_file(context: LabContext, clusters: int | None, sparsity: float | None) -> Path:
    """The reference's file: shipped for the embedded profile, else made by the reference's code."""
    name = f"{CLUSTERED}-{clusters}" if clusters is not None else f"{PRUNED}-{sparsity}"
    kept = context.profile.baseline
    if kept is not None and (kept / FOLDER / f"{name}.tflite").is_file():
        return kept / FOLDER / f"{name}.tflite"
    target = context.shared_cache.folder / FOLDER / f"{name}.tflite"
    return context.once(f"file {name}", lambda: _make(context, target, clusters, sparsity))


def _make(context: LabContext, target: Path, clusters: int | None, sparsity: float | None) -> Path:
    class_name = "ClusteredModel" if clusters is not None else "PrunedModel"
    arguments = {"num_clusters": clusters} if clusters is not None else {"target_sparsity": sparsity}
    return references.make(context, target, context.lab.student_module, class_name, arguments)


def expected(context: LabContext, clusters: int | None, sparsity: float | None) -> Expected:
    """The measurements of the reference's file with the same compression, made once."""

    def measure() -> Expected:
        path = reference_file(context, clusters, sparsity)
        return Expected(compressed(context, path, clusters, sparsity), files.evaluated(context, path))

    return context.once(f"expected {clusters} {sparsity}", measure)


def compressed(context: LabContext, path: Path, clusters: int | None, sparsity: float | None) -> Compressed:
    """A file's weights against the given model's."""
    original = references.reference_model(context).path
    with context.scorer.measure(path) as measurement:
        return measurement.compress(original, clusters=clusters, sparsity=sparsity)
