"""Lay out size against accuracy: a point for each file, those of one name in two series joined by a line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graders.core import charts
from graders.core.text import html_label, html_text

from . import _formatting
from ._formatting import Fitted
from ._line import Tick, round_ticks

WIDTH, HEIGHT = 800, 380
LEFT, RIGHT, TOP, BOTTOM = 58, 782, 20, 326
_NO_PATH = Fitted("")
_INSET = 26
_MOST_SERIES = 4
_MOST_POINTS = 80
_MOST_LABELS = 26
_LARGEST = 1e15
_CHARACTER = 6.6  # of a label, about, in the chart's units


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One point; `label_x` is None where its name found no free room."""

    x: float
    y: float
    label: str
    label_x: float | None
    label_y: float
    anchor: str
    tip: str


@dataclass(frozen=True, kw_only=True)
class ScatterSeries:
    """The points of one series; `style` (from 0) picks colour and shape."""

    name: str
    style: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True, kw_only=True)
class ScatterDrawing:
    """A scatter chart ready to draw; without points it has no series."""

    title: str
    caption: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    series: tuple[ScatterSeries, ...] = ()
    links: Fitted = _NO_PATH
    description: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class _Point:
    name: str
    size: float
    value: float


@dataclass(frozen=True)
class _Plane:
    """Maps both values to the chart's units; `byte` and `percent` say what they are."""

    x_high: float
    x_ticks: tuple[float, ...]
    y_ticks: tuple[float, ...]
    byte: bool
    percent: bool

    def at(self, point: _Point) -> tuple[float, float]:
        """The point's place."""
        return self.x(point.size), self.y(point.value)

    def x(self, size: float) -> float:
        """The place of a value on the x axis."""
        low, high = self.x_ticks[0], self.x_high
        return round(LEFT + (size - low) / (high - low) * (RIGHT - LEFT - _INSET), 1)

    def y(self, value: float) -> float:
        """The place of a value on the y axis."""
        low, high = self.y_ticks[0], self.y_ticks[-1]
        return round(BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP), 1)

    def size_text(self, size: float) -> str:
        """A value of the x axis in words."""
        return _formatting.size(size).replace(".0 ", " ") if self.byte else _formatting.number(size)

    def value_text(self, value: float) -> str:
        """A value of the y axis in words."""
        return _formatting.number(round(value, 2)) + (" %" if self.percent else "")


def draw_scatter(chart: charts.Scatter) -> ScatterDrawing:
    """Lay out a scatter chart; points without two finite numbers are left out."""
    title, caption = html_label(chart.title, 120), html_text(chart.caption, 600)
    x_label, y_label = html_label(chart.x_label, 60), html_label(chart.y_label, 40)
    series = {}
    for each in chart.series[:_MOST_SERIES]:
        points = _points(each)
        if points:
            series[html_label(each.name, 40)] = points
    if not series:
        return ScatterDrawing(title=title, caption=caption, x_label=x_label, y_label=y_label)
    plane = _plane(chart, [point for points in series.values() for point in points])
    return ScatterDrawing(
        title=title,
        caption=caption,
        x_label=x_label,
        y_label=y_label + (", %" if plane.percent else ""),
        x_ticks=tuple(Tick(plane.x(value), plane.size_text(value)) for value in plane.x_ticks),
        y_ticks=tuple(Tick(plane.y(value), _formatting.number(value)) for value in plane.y_ticks),
        series=_drawn_series(series, plane),
        links=_links(series, plane),
        description=_describe(x_label, y_label, series, plane),
        columns=("file", *(f"{name}, {what}" for name in series for what in (_x_name(x_label), y_label or "value"))),
        rows=_rows(series, plane),
    )


def _x_name(label: str) -> str:
    """What the x axis shows, in a column's heading."""
    return label if label and "size" not in label else "size"


def _points(series: charts.ScatterSeries) -> tuple[_Point, ...]:
    return tuple(
        _Point(html_label(point.name, 30), float(point.x), float(point.y))
        for point in series.points[:_MOST_POINTS]
        if all(math.isfinite(number) and abs(number) < _LARGEST for number in (point.x, point.y))
    )


def _plane(chart: charts.Scatter, points: Sequence[_Point]) -> _Plane:
    byte, percent = chart.x_unit == "bytes", chart.y_unit == "percent"
    sizes = [point.size for point in points]
    ticks = round_ticks(sizes, percent=False)
    shown = tuple(tick for tick in ticks if tick <= max(sizes)) if max(sizes) > ticks[1] else ticks
    return _Plane(
        max(*sizes, shown[-1]),
        shown,
        round_ticks([point.value for point in points], percent=percent),
        byte,
        percent,
    )


def _drawn_series(series: Mapping[str, Sequence[_Point]], plane: _Plane) -> tuple[ScatterSeries, ...]:
    taken = [(x - 7, y - 7, x + 7, y + 7) for points in series.values() for x, y in map(plane.at, points)]
    labelled: set[str] = set()
    drawn = []
    for style, (name, points) in enumerate(series.items()):
        dots = []
        for point in points:
            x, y = plane.at(point)
            wanted = point.name and point.name not in labelled and len(labelled) < _MOST_LABELS
            room = _free_room(x, y, point.name, taken) if wanted else None
            if room is not None:
                labelled.add(point.name)
            label_x, label_y, anchor = room or (None, 0.0, "start")
            tip = f"{name}, {point.name}: {plane.size_text(point.size)}, {plane.value_text(point.value)}"
            dots.append(Dot(x=x, y=y, label=point.name, label_x=label_x, label_y=label_y, anchor=anchor, tip=tip))
        drawn.append(ScatterSeries(name=name, style=style, dots=tuple(dots)))
    return tuple(drawn)


def _free_room(
    x: float, y: float, name: str, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float, str] | None:
    """A place beside, above or below the point where its name covers no point and no other name."""
    width = _CHARACTER * len(name)
    places = (
        (x + 9, y + 4, "start"),
        (x - 9, y + 4, "end"),
        (x, y - 11, "middle"),
        (x, y + 20, "middle"),
        (x + 9, y - 10, "start"),
        (x + 9, y + 18, "start"),
    )
    for label_x, label_y, anchor in places:
        left = label_x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        box = (left, label_y - 10, left + width, label_y + 3)
        inside = left > LEFT and left + width < WIDTH and box[1] > TOP - 12 and box[3] < BOTTOM
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return round(label_x, 1), round(label_y, 1), anchor
    return None


def _overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _links(series: Mapping[str, Sequence[_Point]], plane: _Plane) -> Fitted:
    """Lines from each point of the first series to that of the same name in the second."""
    first, *others = series.values()
    partners = {point.name: point for point in others[0]} if others else {}
    parts = []
    for point in first:
        partner = partners.get(point.name)
        if partner is not None and plane.at(partner) != plane.at(point):
            (x, y), (to_x, to_y) = plane.at(point), plane.at(partner)
            parts.append(f"M{x:g} {y:g}L{to_x:g} {to_y:g}")
    return Fitted("".join(parts))


def _describe(x_label: str, y_label: str, series: Mapping[str, Sequence[_Point]], plane: _Plane) -> str:
    parts = []
    for name, points in series.items():
        best = max(points, key=lambda point: point.value)
        small = min(points, key=lambda point: point.size)
        parts.append(
            f"{name}: {_formatting.counted(len(points), 'file')}, the best {best.name} with "
            f"{plane.value_text(best.value)}, the smallest {small.name} with {plane.size_text(small.size)}"
        )
    return f"{y_label} by {x_label}. " + "; ".join(parts) + ". The numbers follow as a table."


def _rows(series: Mapping[str, Sequence[_Point]], plane: _Plane) -> tuple[tuple[str, ...], ...]:
    names = dict.fromkeys(point.name for points in series.values() for point in points)
    known = [{point.name: point for point in points} for points in series.values()]
    rows = []
    for name in names:
        cells = [name]
        for points in known:
            point = points.get(name)
            values = (
                (plane.size_text(point.size), plane.value_text(point.value)) if point else (_formatting.MISSING,) * 2
            )
            cells += values
        rows.append(tuple(cells))
    return tuple(rows)
