"""What the lab's evidence looks like in a report: plain facts of the run, and its charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graders.core.charts import Cell, Chart, Table
from graders.framework.context import LabContext
from graders.framework.runner import RunResult
from graders.labs.mnist_compression.evidence import CellFailure, LiteFile, NotebookEvidence
from graders.labs.mnist_compression.stages import accuracy_of, staged

DISTURBED = "held-back MNIST digits, distorted at random for this grading"


def describe(evidence: NotebookEvidence) -> dict[str, Any]:
    """The run's facts for the scorecard."""
    executed = evidence.executed
    facts: dict[str, Any] = {
        "cells": executed.cells,
        "executed": executed.done,
        "failed": [_failed(failure) for failure in executed.failures[:20]],
        "not_run": list(executed.skipped[:40]),
        "parameters": dict(evidence.parameters),
    }
    facts["files"] = {
        row[0]: dict(zip(("bytes", "deflate_bytes", "accuracy"), row[1:], strict=True)) for row in _rows(evidence)
    }
    for _, result in staged(evidence).values():
        file = result.value
        if isinstance(file, LiteFile) and file.name in facts["files"]:
            facts["files"][file.name]["sha256"] = file.file.artifact.sha256
    if evidence.pruned.value is not None:
        layers = evidence.pruned.value.layers
        facts["zeros"] = {name: layers.zeros(name) for name in layers.arrays}
    return facts


def _failed(failure: CellFailure) -> str:
    places = failure.error.places
    return f"{places[0] if places else f'cell {failure.number}'}: {failure.error.message[:200]}"


def _rows(evidence: NotebookEvidence) -> Iterator[tuple[str, int, int, float | None]]:
    """Each stage's file: its name, its bytes, those of its archive's data, its accuracy."""
    for archive, result in staged(evidence).values():
        file = result.value
        if file is None or archive is None:
            continue
        accuracy = accuracy_of(file)
        yield file.name, archive.bytes, archive.deflated, None if accuracy is None else round(accuracy, 4)


def charts(context: LabContext, results: Mapping[str, RunResult[NotebookEvidence]]) -> list[Chart]:
    """The stages side by side."""
    found: list[Chart] = []
    for result in results.values():
        if result.error is None and isinstance(result.evidence, NotebookEvidence):
            rows = tuple(
                (name, size, deflated, "-" if accuracy is None else f"{accuracy:.1%}")
                for name, size, deflated, accuracy in _rows(result.evidence)
            )
            if rows:
                found.append(_table(context, rows))
    return found


def _table(context: LabContext, rows: tuple[tuple[Cell, ...], ...]) -> Table:
    return Table(
        title="Every stage, as measured by the grader",
        caption=f"Accuracy on {context.lab.settings['graded_images']} {DISTURBED}; the file's size in bytes, "
        "uncompressed and in a ZIP archive.",
        columns=("file", "bytes", "zipped", "accuracy"),
        rows=rows,
    )
