"""Lay out distributions of weights: a small plot for each file, before and after, with its values and zeros marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from graders.core import charts
from graders.core.text import html_label, html_text

from . import _formatting
from ._formatting import Fitted

WIDTH, HEIGHT = 260, 158
LEFT, RIGHT, TOP, BOTTOM = 8, 252, 22, 118
MARKS, REFERENCE_MARKS = 122, 130
_MOST_PANELS = 24
_MOST_BINS = 200
_MOST_VALUES = 64
_LARGEST = 1e30


@dataclass(frozen=True, kw_only=True)
class PanelDrawing:
    """One file's plot. Paths are in the plot's units; `zero_bar` is empty where there are no zeros."""

    name: str
    requested: str
    bars: Fitted
    before: Fitted
    zero_bar: Fitted
    zero_label: str
    marks: Fitted
    reference_marks: Fitted
    low: str
    high: str
    description: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class HistogramsDrawing:
    """Small plots of one kind, ready to draw; `note` says what was left out."""

    title: str
    caption: str
    x_label: str
    panels: tuple[PanelDrawing, ...]
    note: str
    has_reference: bool
    columns: tuple[str, ...] = ("file", "weights", "exact zeros", "the reference's", "values other than 0", "values")


@dataclass(frozen=True)
class _Numbers:
    """A panel's numbers, bounded in size and number."""

    top: float
    counts: tuple[float, ...]
    before: tuple[float, ...]
    values: tuple[float, ...]
    sizes: tuple[float, ...]
    reference: tuple[float, ...]
    zeros: int
    weights: int

    @property
    def highest(self) -> float:
        """The count that reaches the plot's upper end; zeros may be more."""
        return max(*self.counts, *self.before, *self.sizes, 1.0)

    def x(self, value: float) -> float:
        """The place of a weight."""
        share = min(max((value / self.top + 1) / 2, 0.0), 1.0)
        return LEFT + share * (RIGHT - LEFT)

    def y(self, count: float) -> float:
        """The place of a count."""
        return BOTTOM - min(count / self.highest, 1.0) * (BOTTOM - TOP)


def draw_histograms(chart: charts.Histograms) -> HistogramsDrawing:
    """Lay out histograms."""
    panels = tuple(_panel(each) for each in chart.panels[:_MOST_PANELS])
    return HistogramsDrawing(
        title=html_label(chart.title, 120),
        caption=html_text(chart.caption, 600),
        x_label=html_label(chart.x_label, 60),
        panels=panels,
        note=f"{len(chart.panels) - _MOST_PANELS:,} more files not drawn." if len(chart.panels) > _MOST_PANELS else "",
        has_reference=any(panel.reference_marks for panel in panels),
    )


def _panel(panel: charts.Panel) -> PanelDrawing:
    numbers = _numbers(panel)
    name = html_label(panel.name, 40)
    share = f"{100 * numbers.zeros / numbers.weights:.3g} %" if numbers.weights > 0 else ""
    zeros = f"{numbers.zeros:,.0f}"
    values = f"{len(numbers.values)}" if numbers.values else "many"
    written = (
        ", ".join(_formatting.number(round(value, 4)) for value in numbers.values)
        if numbers.values
        else _formatting.MISSING
    )
    reference = _formatting.MISSING if panel.reference_zeros is None else f"{panel.reference_zeros:,}"
    return PanelDrawing(
        name=name,
        requested=html_label(panel.requested, 60),
        bars=_lollipops(numbers) if numbers.values else _bars(numbers),
        before=_outline(numbers),
        zero_bar=Fitted(f"M{numbers.x(0):g} {BOTTOM}V{TOP}") if numbers.zeros else Fitted(""),
        zero_label=f"{share} zeros" if numbers.zeros else "no zeros",
        marks=_ticks(numbers, numbers.values, MARKS),
        reference_marks=_ticks(numbers, numbers.reference, REFERENCE_MARKS),
        low=f"{-numbers.top:.3g}",
        high=f"{numbers.top:.3g}",
        description=f"{name}: {values} values other than 0 in {numbers.weights:,.0f} weights, of which {zeros} are "
        f"exactly 0{f' ({share})' if share else ''}; the reference has {reference} zeros.",
        cells=(name, f"{numbers.weights:,.0f}", zeros, reference, values, written),
    )


def _numbers(panel: charts.Panel) -> _Numbers:
    values = _finite(panel.values, _MOST_VALUES)
    sizes = _finite(panel.sizes, _MOST_VALUES)
    return _Numbers(
        top=panel.top if 0 < panel.top < _LARGEST else 1.0,
        counts=_finite(panel.counts, _MOST_BINS),
        before=_finite(panel.before, _MOST_BINS),
        values=values if len(values) == len(sizes) else (),
        sizes=sizes if len(values) == len(sizes) else (),
        reference=_finite(panel.reference_values, _MOST_VALUES),
        zeros=max(panel.zeros, 0),
        weights=max(panel.weights, 0),
    )


def _finite(numbers: Sequence[float], most: int) -> tuple[float, ...]:
    return tuple(number if math.isfinite(number) and abs(number) < _LARGEST else 0.0 for number in numbers[:most])


def _bars(numbers: _Numbers) -> Fitted:
    width = (RIGHT - LEFT) / max(len(numbers.counts), 1)
    parts = []
    for index, count in enumerate(numbers.counts):
        if count > 0:
            x, y = LEFT + index * width + 0.4, numbers.y(count)
            parts.append(f"M{x:.1f} {BOTTOM}V{y:.1f}h{width - 0.8:.1f}V{BOTTOM}z")
    return Fitted("".join(parts))


def _lollipops(numbers: _Numbers) -> Fitted:
    parts = []
    for value, size in zip(numbers.values, numbers.sizes, strict=True):
        x, y = numbers.x(value) - 1.6, numbers.y(max(size, 0.0))
        parts.append(f"M{x:.1f} {BOTTOM}V{y:.1f}h3.2V{BOTTOM}z")
    return Fitted("".join(parts))


def _outline(numbers: _Numbers) -> Fitted:
    """The original's distribution as steps."""
    if not any(numbers.before):
        return Fitted("")
    width = (RIGHT - LEFT) / len(numbers.before)
    steps = "".join(f"V{numbers.y(max(count, 0.0)):.1f}h{width:.2f}" for count in numbers.before)
    return Fitted(f"M{LEFT} {BOTTOM}{steps}V{BOTTOM}")


def _ticks(numbers: _Numbers, values: Sequence[float], y: int) -> Fitted:
    return Fitted("".join(f"M{numbers.x(value):.1f} {y}v6" for value in values))
