"""The page's two charts as numbers in their own coordinates; the template writes them as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from graders.cohort.page.statistics import Variant, Variants
from graders.scoring import format_points

WIDTH, HEIGHT = 640.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 16.0, 16.0, 44.0
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
# Points that are nearer than this are drawn once.
GRID = 2.0


@dataclass(frozen=True)
class Bar:
    """A bar of the distribution: its place, its size, and what it says."""

    x: float
    y: float
    width: float
    height: float
    count: int
    label: str


@dataclass(frozen=True)
class Tick:
    """A mark of an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    """A variant's place, and what it says."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class ScatterDrawing:
    """Size against accuracy of one lab."""

    lab: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    own: tuple[Dot, ...]
    reference: tuple[Dot, ...]
    front: str
    best: tuple[Variant, ...]
    count: int


def draw_bars(distribution: Sequence[tuple[Decimal, Decimal, int]]) -> list[Bar]:
    """The distribution of totals."""
    most = max((count for _, _, count in distribution), default=0) or 1
    step = INNER_WIDTH / max(1, len(distribution))
    bars = []
    for number, (low, high, count) in enumerate(distribution):
        height = INNER_HEIGHT * count / most
        label = f"{format_points(low)} to {format_points(high)}"
        x, y = _short(LEFT + number * step + 3), _short(TOP + INNER_HEIGHT - height)
        bars.append(Bar(x, y, _short(step - 6), _short(height), count, label))
    return bars


def draw_scatter(variants: Variants) -> ScatterDrawing | None:
    """Size against accuracy, sizes on a logarithmic axis; None if there is nothing to draw."""
    every = [each for each in (*variants.own, *variants.reference) if each.size > 0]
    if not every:
        return None
    sizes = [math.log2(each.size) for each in every]
    low, high = min(sizes), max(sizes)
    low, high = (low - 0.25, high + 0.25) if high - low < 0.5 else (low, high)
    bottom, top = min(each.accuracy for each in every), max(each.accuracy for each in every)
    bottom, top = (bottom - 1, top + 1) if top - bottom < 1 else (bottom, top)

    def place(each: Variant) -> tuple[float, float]:
        x = LEFT + (math.log2(each.size) - low) / (high - low) * INNER_WIDTH
        y = TOP + (top - each.accuracy) / (top - bottom) * INNER_HEIGHT
        return _short(x), _short(y)

    front = [each for each in variants.front if each.size > 0]
    return ScatterDrawing(
        lab=variants.lab,
        x_label=variants.x_label,
        y_label=variants.y_label,
        x_ticks=tuple(
            Tick(_short(LEFT + share * INNER_WIDTH), size_text(2 ** (low + share * (high - low)))) for share in SHARES
        ),
        y_ticks=tuple(
            Tick(_short(TOP + (1 - share) * INNER_HEIGHT), f"{bottom + share * (top - bottom):.1f} %")
            for share in SHARES
        ),
        own=tuple(_dots([each for each in variants.own if each.size > 0], place)),
        reference=tuple(_dots([each for each in variants.reference if each.size > 0], place)),
        front=_staircase([place(each) for each in front]),
        best=tuple(front),
        count=len(variants.own),
    )


def _dots(variants: Sequence[Variant], place: Callable[[Variant], tuple[float, float]]) -> list[Dot]:
    """One dot for each place; several variants at one are counted."""
    cells: dict[tuple[float, float], list[Variant]] = {}
    for each in variants:
        x, y = place(each)
        cells.setdefault((round(x / GRID) * GRID, round(y / GRID) * GRID), []).append(each)
    dots = []
    for (x, y), there in cells.items():
        first = there[0]
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        dots.append(Dot(x, y, f"{first.name[:60]}{more}: {size_text(first.size)}, {first.accuracy:.1f} %"))
    return dots


def _staircase(places: Sequence[tuple[float, float]]) -> str:
    """The front as a path: up where a larger file is better."""
    parts: list[str] = []
    for number, (x, y) in enumerate(places):
        parts.append(f"M{x} {y}" if number == 0 else f"H{x}V{y}")
    return "".join(parts)


def _short(value: float) -> float:
    return round(value, 1)


def size_text(size: float) -> str:
    """A file's size for people."""
    return f"{size / 1024:,.0f} KiB" if size < 1 << 20 else f"{size / (1 << 20):,.1f} MiB"
