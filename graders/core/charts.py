"""What reports can draw: a class for each kind of chart, to and from the scorecard's JSON.

Labs make these from what they measured; reports lay them out. Numbers may be anything a measurement gives: what is not
finite is left out when a chart is drawn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from graders.core.json_value import FormError, JsonValue

Unit = Literal["percent", "number"]
SizeUnit = Literal["bytes", "number"]
Cell = str | int | float


@dataclass(frozen=True, kw_only=True)
class Chart(ABC):
    """A chart of any kind. ``caption`` says what is measured on what, in a sentence or two."""

    kind: ClassVar[str]
    title: str
    caption: str

    def to_json(self) -> dict[str, Any]:
        """The chart as the scorecard holds it."""
        return {"kind": self.kind, "title": self.title, "caption": self.caption, **self._content()}

    @abstractmethod
    def _content(self) -> dict[str, Any]:
        """What this kind has besides a title and a caption."""


@dataclass(frozen=True, kw_only=True)
class Table(Chart):
    """Rows of texts and numbers below column names."""

    kind = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def _content(self) -> dict[str, Any]:
        return {"columns": list(self.columns), "rows": [list(row) for row in self.rows]}

    @classmethod
    def from_json(cls, value: JsonValue) -> Table:
        """The table in its JSON form."""
        rows = tuple(tuple(_cell(cell) for cell in row.items()) for row in value.at("rows").items())
        return cls(**_heading(value), columns=value.at("columns").texts(), rows=rows)


@dataclass(frozen=True)
class LinePoint:
    """A value ``y`` at a place ``x``, which may be a number or a name."""

    x: float | str
    y: float


@dataclass(frozen=True)
class LineSeries:
    """The points of one line."""

    name: str
    points: tuple[LinePoint, ...]


@dataclass(frozen=True, kw_only=True)
class Line(Chart):
    """Lines over evenly spaced places. With the unit ``percent``, 93.7 is 93.7 %."""

    kind = "line"
    x_label: str
    y_label: str
    y_unit: Unit
    series: tuple[LineSeries, ...]

    def _content(self) -> dict[str, Any]:
        series = [{"name": each.name, "points": [[one.x, one.y] for one in each.points]} for each in self.series]
        return {"x_label": self.x_label, "y_label": self.y_label, "y_unit": self.y_unit, "series": series}

    @classmethod
    def from_json(cls, value: JsonValue) -> Line:
        """The chart in its JSON form."""
        return cls(
            **_heading(value),
            x_label=value.at("x_label").text(),
            y_label=value.at("y_label").text(),
            y_unit=_unit(value.at("y_unit")),
            series=tuple(
                LineSeries(each.at("name").text(), tuple(map(_line_point, each.at("points").items())))
                for each in value.at("series").items()
            ),
        )


@dataclass(frozen=True)
class ScatterPoint:
    """A file: its size, its quality and its name."""

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class ScatterSeries:
    """The files of one origin, such as the submission or the reference."""

    name: str
    points: tuple[ScatterPoint, ...]


@dataclass(frozen=True, kw_only=True)
class Scatter(Chart):
    """A point for each file; points of one name in the first two series belong together."""

    kind = "scatter"
    x_label: str
    y_label: str
    x_unit: SizeUnit
    y_unit: Unit
    series: tuple[ScatterSeries, ...]

    def _content(self) -> dict[str, Any]:
        labels = {"x_label": self.x_label, "y_label": self.y_label, "x_unit": self.x_unit, "y_unit": self.y_unit}
        series = [
            {"name": each.name, "points": [[one.x, one.y, one.name] for one in each.points]} for each in self.series
        ]
        return {**labels, "series": series}

    @classmethod
    def from_json(cls, value: JsonValue) -> Scatter:
        """The chart in its JSON form."""
        return cls(
            **_heading(value),
            x_label=value.at("x_label").text(),
            y_label=value.at("y_label").text(),
            x_unit="bytes" if value.at("x_unit").text() == "bytes" else "number",
            y_unit=_unit(value.at("y_unit")),
            series=tuple(
                ScatterSeries(each.at("name").text(), tuple(map(_scatter_point, each.at("points").items())))
                for each in value.at("series").items()
            ),
        )


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The weights of one kernel in one file.

    ``counts`` and ``before`` are bins of equal width from ``-top`` to ``top`` without exact zeros, in this file and in
    the given model. ``values`` are the distinct values other than 0 if there are few, ``sizes`` how many weights have
    each. ``requested`` says what the file was to be.
    """

    name: str
    requested: str
    top: float
    counts: tuple[float, ...]
    before: tuple[float, ...]
    zeros: int
    weights: int
    values: tuple[float, ...]
    sizes: tuple[float, ...]
    reference_values: tuple[float, ...]
    reference_zeros: int | None

    @classmethod
    def from_json(cls, value: JsonValue) -> Panel:
        """The panel in its JSON form."""
        reference_zeros = value.get("reference_zeros")
        return cls(
            name=value.at("name").text(),
            requested=value.at("asked").text(),
            top=value.at("top").number(),
            counts=value.at("counts").numbers(),
            before=value.at("before").numbers(),
            zeros=value.at("zeros").whole(),
            weights=value.at("weights").whole(),
            values=value.at("values").numbers(),
            sizes=value.at("sizes").numbers(),
            reference_values=value.at("reference_values").numbers(),
            reference_zeros=reference_zeros.whole() if reference_zeros else None,
        )


@dataclass(frozen=True, kw_only=True)
class Histograms(Chart):
    """How the weights of one kernel are distributed, a panel for each file."""

    kind = "histograms"
    x_label: str
    panels: tuple[Panel, ...]

    def _content(self) -> dict[str, Any]:
        panels = [
            {
                "asked" if name == "requested" else name: list(value) if isinstance(value, tuple) else value
                for name, value in vars(panel).items()
            }
            for panel in self.panels
        ]
        return {"x_label": self.x_label, "panels": panels}

    @classmethod
    def from_json(cls, value: JsonValue) -> Histograms:
        """The chart in its JSON form."""
        panels = tuple(Panel.from_json(each) for each in value.at("panels").items())
        return cls(**_heading(value), x_label=value.at("x_label").text(), panels=panels)


@dataclass(frozen=True, kw_only=True)
class ConfusionMatrix(Chart):
    """``matrix[i][j]`` counts the images of class i that were taken for class j; ``labels[i]`` names class i."""

    kind = "confusion_matrix"
    labels: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]

    def _content(self) -> dict[str, Any]:
        return {"labels": list(self.labels), "matrix": [list(row) for row in self.matrix]}

    @classmethod
    def from_json(cls, value: JsonValue) -> ConfusionMatrix:
        """The chart in its JSON form."""
        matrix = tuple(row.wholes() for row in value.at("matrix").items())
        return cls(**_heading(value), labels=value.at("labels").texts(), matrix=matrix)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A number in the summary beside the grader's own. ``place``: its line in the summary."""

    variant: str
    quantity: str
    stated: str
    place: str
    measured: str
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class Claims(Chart):
    """The numbers in a summary beside the grader's own."""

    kind = "claims"
    rows: tuple[Claim, ...]

    def _content(self) -> dict[str, Any]:
        return {"rows": [asdict(row) for row in self.rows]}

    @classmethod
    def from_json(cls, value: JsonValue) -> Claims:
        """The chart in its JSON form."""
        names = ("variant", "quantity", "stated", "place", "measured")
        rows = tuple(
            Claim(**{name: row.at(name).text() for name in names}, agrees=row.at("agrees").flag())
            for row in value.at("rows").items()
        )
        return cls(**_heading(value), rows=rows)


@dataclass(frozen=True, kw_only=True)
class CostlyCommit:
    """A commit that cost points, and ``why``."""

    commit: str
    subject: str
    why: str


@dataclass(frozen=True, kw_only=True)
class HistoryPart:
    """One of the sub-scores of a history: its ``share`` of the points, and how much of it ``holds``, 0 to 1.

    ``holds`` is None if it has to be graded manually. ``more``: how many costly commits were left out.
    """

    name: str
    share: float
    holds: float | None
    measured: str
    expected: str
    commits: tuple[CostlyCommit, ...]
    more: int

    @classmethod
    def from_json(cls, value: JsonValue) -> HistoryPart:
        """The part in its JSON form."""
        holds = value.get("holds")
        commits = tuple(
            CostlyCommit(**{name: each.at(name).text() for name in ("commit", "subject", "why")})
            for each in value.at("commits").items()
        )
        return cls(
            **{name: value.at(name).text() for name in ("name", "measured", "expected")},
            share=value.at("share").number(),
            holds=holds.number() if holds else None,
            commits=commits,
            more=value.at("more").whole(),
        )


@dataclass(frozen=True, kw_only=True)
class LabCommit:
    """A commit of the student's for this lab; ``files`` counts the lab's files that it changes."""

    commit: str
    time: str
    subject: str
    files: int


@dataclass(frozen=True, kw_only=True)
class History(Chart):
    """The parts of a git history's points, and the lab's own commits, oldest first; ``more`` were left out."""

    kind = "history"
    parts: tuple[HistoryPart, ...]
    commits: tuple[LabCommit, ...]
    more: int

    def _content(self) -> dict[str, Any]:
        parts = [{**vars(part), "commits": [asdict(each) for each in part.commits]} for part in self.parts]
        return {"parts": parts, "commits": [asdict(each) for each in self.commits], "more": self.more}

    @classmethod
    def from_json(cls, value: JsonValue) -> History:
        """The chart in its JSON form."""
        commits = tuple(
            LabCommit(
                **{name: each.at(name).text() for name in ("commit", "time", "subject")}, files=each.at("files").whole()
            )
            for each in value.at("commits").items()
        )
        parts = tuple(HistoryPart.from_json(each) for each in value.at("parts").items())
        return cls(**_heading(value), parts=parts, commits=commits, more=value.at("more").whole())


KINDS: Mapping[str, Callable[[JsonValue], Chart]] = {
    kind.kind: kind.from_json for kind in (Table, Line, Scatter, Histograms, ConfusionMatrix, Claims, History)
}


def read_charts(value: JsonValue) -> Iterator[Chart]:
    """The charts of a list; those of a kind that is not known yet are left out.

    :raises FormError: one is not of its kind's form.
    """
    for each in value.items():
        read = KINDS.get(each.at("kind").text())
        if read is not None:
            yield read(each)


def _heading(value: JsonValue) -> dict[str, str]:
    return {"title": value.at("title").text(), "caption": value.at("caption").text()}


def _unit(value: JsonValue) -> Unit:
    return "percent" if value.text() == "percent" else "number"


def _cell(value: JsonValue) -> Cell:
    return value.text() if isinstance(value.raw, str) else value.number()


def _line_point(value: JsonValue) -> LinePoint:
    x, y = _parts(value, 2)
    return LinePoint(_cell(x), y.number())


def _scatter_point(value: JsonValue) -> ScatterPoint:
    x, y, name = _parts(value, 3)
    return ScatterPoint(x.number(), y.number(), name.text())


def _parts(value: JsonValue, count: int) -> list[JsonValue]:
    parts = list(value.items())
    if len(parts) != count:
        raise FormError(f"{value.place}: expected {count} values, not {len(parts)}")
    return parts
