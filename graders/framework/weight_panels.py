"""A kernel's weights as a panel of a chart, for every lab that compresses weights."""

from __future__ import annotations

from graders.core.charts import Panel
from graders.measure.compression import Histogram


def weight_panel(name: str, requested: str, own: Histogram, reference: Histogram | None = None) -> Panel:
    """A file's kernel. :param requested: the compression, in words. :param reference: the reference's kernel."""
    return Panel(
        name=name,
        requested=requested,
        top=own.top,
        counts=tuple(own.counts),
        before=tuple(own.before),
        zeros=own.zeros,
        weights=own.weights,
        values=tuple(own.values),
        sizes=tuple(own.sizes),
        reference_values=() if reference is None else tuple(reference.values),
        reference_zeros=None if reference is None else reference.zeros,
    )
