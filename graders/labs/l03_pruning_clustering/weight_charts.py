"""How the weights of lab 3's files are distributed, as charts for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graders.core.result import Result
from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
from graders.measure.compression import Histogram
from graders.measure.scorer.client import Compressed


def weight_charts(measured: Mapping[str, CompressedEvidence]) -> list[dict[str, Any]]:
    """A chart of the largest kernel with one scale, in which clusters show, and one of the largest convolution."""
    plain = _chart(
        "Weights of {kernel}, by variant",
        "Before compression (line) and after: each bar is a value that the layer has. Below the axis stand this file's "
        "values, and under them the reference's. Zeros are counted by themselves.",
        "weight",
        _panels(measured, rowwise=False),
    )
    rowwise = _chart(
        "Weights of {kernel}, by variant",
        "Before compression (line) and after (bars), as shares of the largest weight of each output channel: batch "
        "normalisation is folded into a convolution and gives each channel a scale of its own.",
        "share of the channel's largest weight",
        _panels(measured, rowwise=True),
    )
    return [figure for figure in (plain, rowwise) if figure is not None]


def _chart(title: str, caption: str, label: str, panels: list[dict[str, Any]]) -> dict[str, Any] | None:
    if not panels:
        return None
    kernels = {panel.pop("kernel") for panel in panels}
    # A file with wrappers left in has more operators, so the same layer has another number there.
    kernel = kernels.pop() if len(kernels) == 1 else f"the largest {kernels.pop().partition(' ')[0]}"
    return {
        "kind": "histograms",
        "title": title.format(kernel=kernel),
        "caption": caption,
        "x_label": label,
        "panels": panels,
    }


def _panels(measured: Mapping[str, CompressedEvidence], *, rowwise: bool) -> list[dict[str, Any]]:
    found = []
    for name, evidence in measured.items():
        own = _chosen(evidence.compressed, rowwise)
        if own is None:
            continue
        expected = evidence.expected.value
        reference = None if expected is None else _of(expected.compressed, rowwise)
        found.append(_panel(name, evidence.requested, own, reference))
    return found


def _chosen(compressed: Result[Compressed], rowwise: bool) -> Histogram | None:
    return None if compressed.value is None else _of(compressed.value, rowwise)


def _of(compressed: Compressed, rowwise: bool) -> Histogram | None:
    return next((each for each in compressed.weights.histograms if each.rowwise == rowwise), None)


def _panel(name: str, asked: str, own: Histogram, reference: Histogram | None) -> dict[str, Any]:
    return {
        "kernel": f"{own.kind} {own.operator}",
        "name": name,
        "asked": asked,
        "top": own.top,
        "counts": list(own.counts),
        "before": list(own.before),
        "zeros": own.zeros,
        "weights": own.weights,
        "values": list(own.values),
        "sizes": list(own.sizes),
        "reference_values": [] if reference is None else list(reference.values),
        "reference_zeros": None if reference is None else reference.zeros,
    }
