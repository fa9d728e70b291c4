"""What reports show of ModelTester files, for every lab that has them: facts of a file, tables, confusion matrices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graders.core.charts import ConfusionMatrix, Scatter, ScatterPoint, ScatterSeries, Table
from graders.framework.context import LabContext
from graders.framework.model_tester.files import FileEvidence
from graders.measure.evaluation import Evaluation
from graders.measure.sizes import deflate_size
from graders.submission import Artifact


def file_facts(file: FileEvidence) -> dict[str, Any]:
    """A file's hash, its size as it is and in an archive, and the types of its ends."""
    deflated, size = _deflated(file.artifact), file.artifact.size
    return {
        "sha256": file.artifact.sha256,
        "bytes": size,
        "deflate_bytes": deflated,
        "deflation": round(1.0 - deflated / size if size else 0.0, 4),
        "input": file.input.dtype,
        "output": file.output.dtype,
    }


@lru_cache(maxsize=512)
def _deflated(artifact: Artifact) -> int:
    """A copy that was taken in stays as it is, and its facts are needed more than once."""
    return deflate_size(artifact.path.read_bytes())


def quality_facts(quality: Evaluation) -> dict[str, Any]:
    """A file's quality on the evaluation images."""
    return {
        "accuracy": round(quality.accuracy, 4),
        "precision": round(quality.precision, 4),
        "sensitivity": round(quality.sensitivity, 4),
        "g_mean": round(quality.g_mean, 4),
        "top_5": round(quality.top_5, 4),
        "images": quality.samples,
    }


def variants_table(context: LabContext, rows: Iterable[tuple[str, Evaluation, FileEvidence]]) -> Table | None:
    """Quality and sizes of each variant; None where there is none."""
    found = []
    for name, quality, file in rows:
        facts = file_facts(file)
        values = (quality.accuracy, quality.precision, quality.sensitivity, quality.g_mean, quality.top_5)
        shares = [f"{value:.1%}" for value in values]
        found.append((name, *shares, facts["bytes"], facts["deflate_bytes"], f"{facts['deflation']:.1%}"))
    if not found:
        return None
    return Table(
        title="Every variant, as measured by the grader",
        caption=f"On {context.profile.images}; the file's size in bytes, uncompressed and in a ZIP archive.",
        columns=("run", "accuracy", "precision", "sensitivity", "G-mean", "top-5", "bytes", "zipped", "deflation"),
        rows=tuple(found),
    )


@dataclass(frozen=True)
class FileQuality:
    """A variant's file: ``size`` in bytes, ``accuracy`` as a share of 1."""

    name: str
    size: int
    accuracy: float


def trade_off(context: LabContext, size: str, series: Mapping[str, Iterable[FileQuality]]) -> Scatter | None:
    """Size against accuracy, a series for each origin of files; None if the first series is empty."""
    found = [
        ScatterSeries(name, tuple(ScatterPoint(file.size, round(100 * file.accuracy, 2), file.name) for file in files))
        for name, files in series.items()
    ]
    if not found or not found[0].points:
        return None
    return Scatter(
        title="Size against accuracy",
        caption=f"Up and to the left is better. Accuracy on {context.profile.images}.",
        x_label=size,
        y_label="accuracy",
        x_unit="bytes",
        y_unit="percent",
        series=tuple(each for each in found if each.points),
    )


def matrices(context: LabContext, qualities: Mapping[str, Evaluation], first: Sequence[str]) -> list[ConfusionMatrix]:
    """The confusion matrix of every run, those named first at the front."""
    order = sorted(qualities, key=lambda name: first.index(name) if name in first else len(first))
    return [matrix(context, name, qualities[name]) for name in order]


def matrix(context: LabContext, name: str, quality: Evaluation) -> ConfusionMatrix:
    """The confusion matrix of a run."""
    return ConfusionMatrix(
        title=f"Confusion matrix of {name}",
        caption=f"On {context.profile.images} ({quality.samples}); rows are true classes, columns predictions.",
        labels=tuple(context.profile.class_names),
        matrix=tuple(tuple(row) for row in quality.confusion),
    )
