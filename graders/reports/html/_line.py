"""Lay out a line chart: the numbers in, positions and labels out; the template draws them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graders.core import charts
from graders.core.text import html_label, html_text

from . import _formatting
from ._formatting import Fitted

WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 500, 24, 246
_LARGEST = 1e15
_MOST_SERIES = 8
_MOST_PLACES = 400
_MOST_MARKS = 60
_MOST_X_LABELS = 10
_MOST_VALUES_WRITTEN = 40


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in the chart's own units."""

    at: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One point of a series; `label_y` is None where its value found no free room."""

    x: float
    y: float
    label: str
    label_y: float | None
    tip: str


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line; `style` (from 0) picks colour, dashes and shape of the marks."""

    name: str
    style: int
    path: Fitted
    marks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True)
class LineDrawing:
    """A line chart ready to draw; without points it has no series."""

    title: str
    caption: str
    x_label: str
    y_label: str
    unit: str
    x_ticks: tuple[Tick, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    series: tuple[Series, ...] = ()
    description: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""


@dataclass(frozen=True)
class _Line:
    name: str
    values: dict[str, float]


@dataclass(frozen=True)
class _Scale:
    """Maps places (evenly spaced, whatever their number) and values to the chart's units."""

    places: Mapping[str, int]
    low: float
    high: float

    def x(self, place: str) -> float:
        index, count = self.places[place], len(self.places)
        inset = 30 if count <= _MOST_X_LABELS else 8
        share = index / (count - 1) if count > 1 else 0.5
        return round(LEFT + inset + share * (RIGHT - LEFT - 2 * inset), 1)

    def y(self, value: float) -> float:
        return round(BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP), 1)


def draw_line(line: charts.Line) -> LineDrawing:
    """Lay out a line chart. Points without a finite y are left out; x values are spaced evenly, in order."""
    percent = line.y_unit == "percent"
    chart = LineDrawing(
        title=html_label(line.title, 120),
        caption=html_text(line.caption, 600),
        x_label=html_label(line.x_label, 60),
        y_label=html_label(line.y_label, 40),
        unit="%" if percent else "",
    )
    drawn = line.series[:_MOST_SERIES]
    lines = [found for found in map(_line, drawn) if found.values]
    if not lines:
        return chart
    places = _places(drawn, lines)
    ticks = round_ticks([value for found in lines for value in found.values.values()], percent=percent)
    scale = _Scale({place: index for index, place in enumerate(places)}, ticks[0], ticks[-1])
    every = math.ceil(len(places) / _MOST_X_LABELS)
    return LineDrawing(
        title=chart.title,
        caption=chart.caption,
        x_label=chart.x_label,
        y_label=chart.y_label,
        unit=chart.unit,
        x_ticks=tuple(Tick(scale.x(place), html_label(place, 14)) for place in places[::every]),
        y_ticks=tuple(Tick(scale.y(value), _formatting.number(value)) for value in ticks),
        series=_draw(lines, scale, chart.unit),
        description=_describe(chart, lines),
        columns=(chart.x_label or "x", *(found.name for found in lines)),
        rows=tuple((place, *(_value(found, place) for found in lines)) for place in places),
        note=_left_out(line.series),
    )


def _line(series: charts.LineSeries) -> _Line:
    values: dict[str, float] = {}
    for point in _points(series):
        if len(values) < _MOST_PLACES:
            values[_place_name(point.x)] = float(point.y)
    return _Line(html_label(series.name, 40), values)


def _points(series: charts.LineSeries) -> list[charts.LinePoint]:
    return [point for point in series.points if math.isfinite(point.y) and abs(point.y) < _LARGEST]


def _place_name(place: float | str) -> str:
    return html_label(place, 40) if isinstance(place, str) else _formatting.number(place)


def _places(all_series: Sequence[charts.LineSeries], lines: Sequence[_Line]) -> tuple[str, ...]:
    """The x values of all lines: by size if all are numbers, in order of appearance otherwise."""
    known = {name for line in lines for name in line.values}
    raw = {_place_name(point.x): point.x for series in all_series for point in _points(series)}
    places = [name for name in raw if name in known]
    sizes = [_formatting.finite(raw[name]) for name in places]
    if None not in sizes:
        places.sort(key=lambda name: _formatting.finite(raw[name]) or 0.0)
    return tuple(places)


def round_ticks(values: Sequence[float], *, percent: bool) -> tuple[float, ...]:
    """Round numbers that enclose all values, at most seven of them; percentages stay within 0 and 100."""
    low, high = min(values), max(values)
    least = 10.0 if percent else max(abs(high), 1e-9) * 0.02
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    if percent and min(values) >= 0 and max(values) <= 100:
        low, high = max(low, 0.0), min(high, 100.0)
    elif 0 <= min(values) < 0.5 * max(values):
        low = 0.0
    step = _round_step((high - low) / 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(index * step, 12) for index in range(first, last + 1))


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def _draw(lines: Sequence[_Line], scale: _Scale, unit: str) -> tuple[Series, ...]:
    labelled = sum(len(line.values) for line in lines) <= _MOST_VALUES_WRITTEN
    places_taken = [(scale.x(place), scale.y(value)) for line in lines for place, value in line.values.items()]
    labels_taken: list[tuple[float, float]] = []
    drawn = []
    for style, line in enumerate(lines):
        places = [place for place in scale.places if place in line.values]
        spots = [(scale.x(place), scale.y(line.values[place])) for place in places]
        marks = []
        for place, (x, y) in zip(places, spots, strict=True) if len(places) <= _MOST_MARKS else ():
            label_y = _free_room(x, y, places_taken, labels_taken) if labelled else None
            value = _value(line, place)
            tip = f"{line.name}, {place}: {value}{' ' + unit if unit else ''}"
            marks.append(Mark(x=x, y=y, label=value, label_y=label_y, tip=tip))
        path = Fitted("M" + "L".join(f"{x:g} {y:g}" for x, y in spots))
        drawn.append(Series(name=line.name, style=style, path=path, marks=tuple(marks)))
    return tuple(drawn)


def _free_room(
    x: float, y: float, places: Sequence[tuple[float, float]], labels: list[tuple[float, float]]
) -> float | None:
    """A baseline above or below the point that touches no other point and no other label."""
    for baseline in (y - 10, y + 19):
        middle = baseline - 4
        hits_point = any(abs(px - x) < 22 and abs(py - middle) < 11 for px, py in places if (px, py) != (x, y))
        hits_label = any(abs(lx - x) < 38 and abs(ly - middle) < 13 for lx, ly in labels)
        if not hits_point and not hits_label and TOP - 14 < middle < BOTTOM - 4:
            labels.append((x, middle))
            return round(baseline, 1)
    return None


def _value(line: _Line, place: str) -> str:
    return _formatting.number(round(line.values[place], 4)) if place in line.values else _formatting.MISSING


def _describe(chart: LineDrawing, lines: Sequence[_Line]) -> str:
    unit = f" {chart.unit}" if chart.unit else ""
    parts = []
    for line in lines:
        low, high = min(line.values.values()), max(line.values.values())
        extent = f"from {_formatting.number(round(low, 4))} to {_formatting.number(round(high, 4))}{unit}"
        parts.append(f"{line.name}: {_formatting.counted(len(line.values), 'point')}, {extent}")
    return f"{chart.y_label} by {chart.x_label}. " + "; ".join(parts) + ". The numbers follow as a table."


def _left_out(all_series: Sequence[charts.LineSeries]) -> str:
    extra = len(all_series) - _MOST_SERIES
    return f"{_formatting.counted(extra, 'more line', 'more lines')} not drawn." if extra > 0 else ""
