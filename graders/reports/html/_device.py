"""Lay out what files cost on a microcontroller: a table for each lab, and the arena against accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graders.core import charts
from graders.core.text import html_label, html_text
from graders.measure.device.results import Agreement
from graders.scoring.device import DeviceFile, DeviceSetup

from . import _formatting
from ._scatter import ScatterDrawing, draw_scatter

KIB = 1024
_MOST_NAMES = 40


@dataclass(frozen=True, kw_only=True)
class Row:
    """Files that cost the same; ``fits`` and ``short`` list boards, ``reason`` says why the arena is unknown."""

    names: tuple[str, ...]
    flash: str
    arena: str
    macs: str
    parameters: str
    note: str
    runtimes: str
    fits: str
    short: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True)
class LabDevice:
    """A lab's files; ``chart`` is None if fewer than two files have both an arena and an accuracy."""

    rows: tuple[Row, ...]
    chart: ScatterDrawing | None


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """A board of the table."""

    name: str
    flash: str
    ram: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the costs were measured with; ``runtime`` is empty if it was not installed."""

    runtime: str
    rest_flash: str
    rest_ram: str
    boards: tuple[BoardRow, ...]


def lay_out_setup(setup: DeviceSetup) -> Setup:
    """Make the boards and the rule ready to print."""
    return Setup(
        runtime=html_label(setup.runtime, 60),
        rest_flash=_kib(setup.rest.flash),
        rest_ram=_kib(setup.rest.ram),
        boards=tuple(
            BoardRow(
                name=html_label(each.name, 60),
                flash=_kib(each.flash),
                ram=_kib(each.ram),
                source=html_text(each.source, 300),
            )
            for each in setup.boards
        ),
    )


def lay_out_device(files: Sequence[DeviceFile]) -> LabDevice | None:
    """Make a lab's files ready to print; None if it has none. Files of equal cost share a row."""
    rows: dict[Row, list[str]] = {}
    for file in files:
        rows.setdefault(_row(file), []).append(html_label(file.name, 60))
    named = tuple(_named(row, tuple(dict.fromkeys(names))) for row, names in rows.items())
    return LabDevice(rows=named, chart=_chart(files)) if named else None


def _named(row: Row, names: tuple[str, ...]) -> Row:
    return Row(**{**vars(row), "names": names[:_MOST_NAMES]})


def _row(file: DeviceFile) -> Row:
    fits = [html_label(name, 60) for name, fit in file.boards.items() if fit == "fits"]
    return Row(
        names=(),
        flash=_formatting.size(file.flash),
        arena=_formatting.MISSING if file.arena is None else _formatting.size(file.arena.total),
        macs=_count(file.macs),
        parameters=_count(file.parameters),
        note=f"without {', '.join(html_label(each, 60) for each in file.uncounted)}" if file.uncounted else "",
        runtimes=_runtimes(file.agreement),
        fits=f"all {len(fits)} boards" if fits and len(fits) == len(file.boards) else ", ".join(fits),
        short=tuple(_short(file)),
        reason=html_text(file.reason, 400),
    )


def _short(file: DeviceFile) -> list[str]:
    """The boards that it does not fit on, by what these have too little of."""
    by_lack: dict[str, list[str]] = {}
    for name, fit in file.boards.items():
        if fit not in ("fits", "unknown"):
            by_lack.setdefault(fit, []).append(html_label(name, 60))
    return [f"too little {html_label(lack, 20)}: {', '.join(names)}" for lack, names in by_lack.items()]


def _runtimes(agreement: Agreement | None) -> str:
    if agreement is None:
        return _formatting.MISSING
    if agreement.agree:
        return "agree"
    worst = max(agreement.reference, agreement.xnnpack)
    much = f"{worst:.3g} codes" if agreement.unit == "codes" else f"{worst:.2%} of the largest output"
    return f"differ by {much}: a matter of the runtimes, not of your file"


def _chart(files: Sequence[DeviceFile]) -> ScatterDrawing | None:
    points = tuple(
        charts.ScatterPoint(file.arena.total, round(100 * file.accuracy, 2), file.name)
        for file in files
        if file.arena is not None and file.accuracy is not None
    )
    if len({point.x for point in points}) < 2:
        return None
    return draw_scatter(
        charts.Scatter(
            title="RAM against accuracy",
            caption="Up and to the left is better. RAM is the arena that TensorFlow Lite Micro needs.",
            x_label="arena",
            y_label="accuracy",
            x_unit="bytes",
            y_unit="percent",
            series=(charts.ScatterSeries("your files", points),),
        )
    )


def _count(value: int | None) -> str:
    """A count in thousands or millions: `13.8 M`."""
    if value is None:
        return _formatting.MISSING
    for limit, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}" if value < 1000 * limit else f"{value // limit:,} {unit}"
    return str(value)


def _kib(value: int) -> str:
    """A board's memory as vendors write it: `256 KiB`, `64 MiB`."""
    whole, rest = divmod(value, KIB * KIB)
    return f"{whole:,} MiB" if whole and not rest else f"{value // KIB:,} KiB"
