"""How the weights of lab 3's files are distributed, as charts for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graders.core.charts import Histograms, Panel
from graders.core.result import Result
from graders.framework.weight_panels import weight_panel
from graders.labs.l03_pruning_clustering.evidence import CompressedEvidence
from graders.measure.compression import Histogram
from graders.measure.scorer.results import Compressed


def weight_charts(measured: Mapping[str, CompressedEvidence]) -> list[Histograms]:
    """A chart of the largest kernel with one scale, in which clusters show, and one of the largest convolution."""
    plain = _chart(
        "Weights of {kernel}, by variant",
        "Before compression (line) and after: each bar is a value in the layer. Below the axis are this file's "
        "values, then the reference's. Zeros are counted separately.",
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
    return [chart for chart in (plain, rowwise) if chart is not None]


@dataclass(frozen=True)
class _KernelPanel:
    kernel: str
    panel: Panel


def _chart(title: str, caption: str, label: str, panels: Sequence[_KernelPanel]) -> Histograms | None:
    if not panels:
        return None
    kernels = {each.kernel for each in panels}
    # A file with wrappers left in has more operators, so the same layer has another number there.
    kernel = kernels.pop() if len(kernels) == 1 else f"the largest {kernels.pop().partition(' ')[0]}"
    return Histograms(
        title=title.format(kernel=kernel),
        caption=caption,
        x_label=label,
        panels=tuple(each.panel for each in panels),
    )


def _panels(measured: Mapping[str, CompressedEvidence], *, rowwise: bool) -> list[_KernelPanel]:
    found = []
    for name, evidence in measured.items():
        own = _chosen(evidence.compressed, rowwise)
        if own is None:
            continue
        expected = evidence.expected.value
        reference = None if expected is None else _of(expected.compressed, rowwise)
        panel = weight_panel(name, evidence.requested, own, reference)
        found.append(_KernelPanel(f"{own.kind} {own.operator}", panel))
    return found


def _chosen(compressed: Result[Compressed], rowwise: bool) -> Histogram | None:
    return None if compressed.value is None else _of(compressed.value, rowwise)


def _of(compressed: Compressed, rowwise: bool) -> Histogram | None:
    return next((each for each in compressed.weights.histograms if each.rowwise == rowwise), None)
