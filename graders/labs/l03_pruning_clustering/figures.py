"""What lab 3's evidence looks like in a report: plain facts of each run, and its figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graders.evidence.compression import overall, pruned
from graders.labs import references
from graders.labs.grading import Grading, RunResult
from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
from graders.labs.l03_pruning_clustering.runs import CLUSTERED, PRUNED
from graders.labs.tester_figures import file_facts, matrix, quality_facts, variants_table

MATRIX_RUNS = ("clustered-drawn", "clustered-16", "clustered-8", "pruned-drawn", "pruned-0.5", "pruned-0.4")
SPEED = (
    "Neither few values nor zeros make a dense file faster: every weight is still multiplied. Files are timed against "
    "the FP32 file to find those that are slower, as with wrappers in them."
)


def describe(evidence: Any) -> dict[str, Any]:
    """A run's facts for the scorecard: the file, its quality, its weights, and the reference's figures beside them."""
    if not isinstance(evidence, CompressedEvidence):
        return {}
    facts: dict[str, Any] = {"asked": evidence.asked}
    if evidence.file.value is not None:
        facts |= file_facts(evidence.file.value)
    if evidence.evaluation.value is not None:
        facts |= quality_facts(evidence.evaluation.value)
    if evidence.expected.value is not None:
        expected = evidence.expected.value
        facts["reference_accuracy"] = round(expected.evaluation.accuracy, 4)
        facts["reference_deflation"] = round(expected.compressed.deflation, 4)
    if evidence.compressed.value is not None:
        weights = evidence.compressed.value.weights
        facts["values"] = {f"{each.kind} {each.operator}": each.counted for each in weights.distinct}
        facts["zeros"] = {f"{each.kind} {each.operator}": each.zeros for each in weights.zeros if each.compressible}
        if evidence.clusters is not None:
            facts["centroids_off"] = round(overall(weights.spacing).off, 4)
        if evidence.sparsity is not None:
            found = pruned(weights.zeros, evidence.sparsity, 0.0)
            facts["sparsity"] = round(found.zeros / found.weights, 4) if found.weights else 0.0
    return facts


def figures(grading: Grading, results: Mapping[str, RunResult]) -> list[dict[str, Any]]:
    """Archive size against accuracy beside the reference's, every variant's figures, and a confusion matrix."""
    measured = {
        name: result.evidence
        for name, result in results.items()
        if result.error is None and isinstance(result.evidence, CompressedEvidence)
    }
    found = [figure for figure in (_sizes(grading, measured), variants_table(grading, _rows(measured))) if figure]
    for name in MATRIX_RUNS:
        evidence = measured.get(name)
        if evidence is not None and evidence.evaluation.value is not None:
            found.append(matrix(grading, name, evidence.evaluation.value))
            break
    return found


def _rows(measured: Mapping[str, CompressedEvidence]) -> Iterator[tuple[str, Any, Any]]:
    for name, evidence in measured.items():
        if evidence.evaluation.value is not None and evidence.file.value is not None:
            yield name, evidence.evaluation.value, evidence.file.value


def _sizes(grading: Grading, measured: Mapping[str, CompressedEvidence]) -> dict[str, Any] | None:
    series: dict[str, list[list[float]]] = {}
    for name, evidence in measured.items():
        kind = CLUSTERED if name.startswith(CLUSTERED) else PRUNED
        for who, compressed, quality in (
            (kind, evidence.compressed.value, evidence.evaluation.value),
            *(
                [(f"{kind} by the reference", evidence.expected.value.compressed, evidence.expected.value.evaluation)]
                if evidence.expected.value is not None
                else []
            ),
        ):
            if compressed is not None and quality is not None:
                series.setdefault(who, []).append([compressed.deflated, round(100 * quality.accuracy, 2)])
    if not any(kind in series for kind in (CLUSTERED, PRUNED)):
        return None
    fp32 = references.original_evaluation(grading)
    series["given model (FP32)"] = [[_fp32_archive(grading), round(100 * fp32.accuracy, 2)]]
    return {
        "kind": "line",
        "title": "Size of the archive against accuracy",
        "caption": f"Each variant's file in a ZIP archive, and its accuracy on {grading.profile.images}. {SPEED}",
        "x_label": "bytes in a ZIP archive",
        "y_label": "accuracy",
        "y_unit": "percent",
        "series": [{"name": name, "points": sorted(points)} for name, points in series.items()],
    }


def _fp32_archive(grading: Grading) -> int:
    from graders.evidence.sizes import deflate_size

    return deflate_size(references.original(grading).path.read_bytes())
