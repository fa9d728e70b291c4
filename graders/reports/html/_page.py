"""The whole page as data: a scorecard in, everything in the order and the words in which it is printed out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import _text
from ._charts import LineChart, line_chart
from ._criteria import Advice, Criterion, advice, criterion, faults
from ._evidence import scalar
from ._histograms import Histograms, histograms
from ._matrix import ConfusionMatrix, confusion_matrix
from ._scatter import Scatter, scatter
from ._static_review import Claims, History, claims, history
from ._text import Span, Tail
from ._verdicts import Look, look

_MOST_ROWS = 200
_MOST_COLUMNS = 24
_TIMINGS = {"wall_s": "Grading took", "student_cpu_s": "CPU time of your code"}
_ISOLATION = {
    "strict": "Your code ran in a sandbox: no network, no sight of other processes, one folder of its own to write to.",
    "confined": "Your code ran in a sandbox of those layers of protection that this machine allows.",
    "bare": "This is not a security boundary: your code ran with a clean environment and a time limit, nothing more. "
    "Use such a result for your own work; grade other people's code on a machine with a sandbox.",
}


@dataclass(frozen=True, kw_only=True)
class Share:
    """A stretch of a points bar, in points."""

    kind: Literal["earned", "lost", "unscored", "pending"]
    points: float


@dataclass(frozen=True, kw_only=True)
class Points:
    """The scorecard's four numbers, and how many of `automatic` are `unscored`: the grader failed to grade them."""

    earned: float
    automatic: float
    pending: float
    maximum: float
    unscored: float

    @property
    def lost(self) -> float:
        """Automatic points that were graded and not earned."""
        return round(max(self.automatic - self.earned - self.unscored, 0.0), 6)

    @property
    def is_full(self) -> bool:
        """Whether every automatic point is earned."""
        return self.automatic > 0 and self.unscored == 0 and self.earned >= self.automatic - 1e-6

    @property
    def shares(self) -> tuple[Share, ...]:
        """The stretches of the points bar that are not empty."""
        shares = (
            Share(kind="earned", points=self.earned),
            Share(kind="lost", points=self.lost),
            Share(kind="unscored", points=self.unscored),
            Share(kind="pending", points=self.pending),
        )
        return tuple(share for share in shares if share.points > 0)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of student code."""

    name: str
    title: str
    look: Look
    note: tuple[Span, ...]
    output: Tail
    size: str
    cpu: str
    wall: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A figure that is a table; `numeric[i]` tells whether column i is set to the right."""

    title: str
    caption: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawing and the name of the template macro that draws it."""

    kind: Literal["line", "scatter", "histograms", "table"]
    drawing: LineChart | Scatter | Histograms | Table


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Everything about one lab."""

    name: str
    title: str
    points: Points
    criteria: tuple[Criterion, ...]
    runs: tuple[Run, ...]
    figures: tuple[Figure, ...]
    matrices: tuple[ConfusionMatrix, ...]
    claims: tuple[Claims, ...]
    histories: tuple[History, ...]


@dataclass(frozen=True)
class Setting:
    """A named line of the small print."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the template prints."""

    submission: str
    profile: str
    seed: str
    tier: str
    isolation: str
    missing_layers: tuple[Setting, ...]
    points: Points
    labs: tuple[Lab, ...]
    advice: tuple[Advice, ...]
    faults: tuple[Advice, ...]
    notices: tuple[tuple[Span, ...], ...]
    environment: tuple[Setting, ...]
    timing: tuple[Setting, ...]

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The criteria of all labs."""
        return tuple(item for lab in self.labs for item in lab.criteria)

    def with_verdict(self, verdict: str) -> tuple[Criterion, ...]:
        """Return the criteria that have this verdict."""
        return tuple(item for item in self.criteria if item.verdict == verdict)

    @property
    def verdicts(self) -> tuple[Look, ...]:
        """The verdicts that come up, each once."""
        return tuple({item.look.label: item.look for item in self.criteria}.values())

    @property
    def has_figures(self) -> bool:
        """Whether any lab has a figure."""
        return any(lab.figures or lab.matrices for lab in self.labs)

    @property
    def has_claims(self) -> bool:
        """Whether any figure of a summary was held against a measurement."""
        return any(lab.claims for lab in self.labs)

    @property
    def has_histories(self) -> bool:
        """Whether any git history was judged."""
        return any(lab.histories for lab in self.labs)

    @property
    def has_runs(self) -> bool:
        """Whether any code was run."""
        return any(lab.runs for lab in self.labs)


def lay_out(scorecard: Mapping[str, Any]) -> Page:
    """Make a scorecard ready to print."""
    labs = tuple(_lab(raw, index) for index, raw in enumerate(scorecard["labs"]))
    criteria = [item for lab in labs for item in lab.criteria]
    isolation = scorecard["isolation"]
    return Page(
        submission=_text.label(scorecard["submission"], 120),
        profile=_text.label(scorecard["profile"], 60),
        seed=scalar(scorecard["seed"]) + (" (with a secret)" if scorecard.get("seed_from") == "secret" else ""),
        tier=_text.label(isolation["tier"], 40),
        isolation=_ISOLATION.get(isolation["tier"], ""),
        missing_layers=tuple(
            Setting(_text.label(item["layer"], 80), _text.shorten(item["reason"], 400))
            for item in isolation.get("missing") or []
        ),
        points=_points(scorecard["points"], criteria),
        labs=labs,
        advice=advice(criteria),
        faults=faults(criteria),
        notices=tuple(_text.spans(notice, 800) for notice in scorecard.get("notices") or []),
        environment=tuple(
            Setting(_text.label(name, 80), _text.shorten(scalar(value), 400))
            for name, value in (scorecard.get("environment") or {}).items()
        ),
        timing=tuple(_timing(name, value) for name, value in (scorecard.get("timing") or {}).items()),
    )


def _points(raw: Mapping[str, Any], criteria: Iterable[Criterion]) -> Points:
    unscored = sum(item.maximum - item.earned for item in criteria if item.verdict == "unscored")
    known = {name: _text.finite(raw[name]) or 0.0 for name in ("earned", "automatic", "pending", "maximum")}
    return Points(**known, unscored=round(unscored, 6))


def _lab(raw: Mapping[str, Any], index: int) -> Lab:
    title = _text.label(raw.get("title") or raw["lab"], 120)
    criteria = tuple(criterion(item, f"og-c{index}-{place}", title) for place, item in enumerate(raw["criteria"]))
    drawn = raw.get("figures") or []
    return Lab(
        name=_text.label(raw["lab"], 80),
        title=title,
        points=_points(raw["points"], criteria),
        criteria=criteria,
        runs=tuple(_run(item) for item in raw.get("runs") or []),
        figures=tuple(figure for figure in map(_figure, drawn) if figure),
        matrices=tuple(confusion_matrix(each) for each in drawn if each.get("kind") == "confusion_matrix"),
        claims=tuple(claims(each) for each in drawn if each.get("kind") == "claims"),
        histories=tuple(history(each) for each in drawn if each.get("kind") == "history"),
    )


def _run(raw: Mapping[str, Any]) -> Run:
    return Run(
        name=_text.label(raw["run"], 80),
        title=_text.shorten(raw["title"], 200),
        look=look(raw["verdict"]),
        note=_text.spans(raw.get("note") or "", 800),
        output=_text.tail(raw.get("output_tail") or ""),
        size=_text.size(raw.get("output_bytes")),
        cpu=_text.seconds(raw.get("cpu_s")),
        wall=_text.seconds(raw.get("wall_s")),
    )


def _figure(raw: Mapping[str, Any]) -> Figure | None:
    match raw.get("kind"):
        case "line":
            return Figure(kind="line", drawing=line_chart(raw))
        case "scatter":
            return Figure(kind="scatter", drawing=scatter(raw))
        case "histograms":
            return Figure(kind="histograms", drawing=histograms(raw))
        case "table":
            return Figure(kind="table", drawing=_table(raw))
    return None


def _table(raw: Mapping[str, Any]) -> Table:
    columns = tuple(_text.shorten(column, 80) for column in raw["columns"][:_MOST_COLUMNS])
    rows = [row[: len(columns)] for row in raw["rows"][:_MOST_ROWS]]
    hidden = len(raw["rows"]) - len(rows)
    return Table(
        title=_text.label(raw["title"], 120),
        caption=_text.shorten(raw["caption"], 600),
        columns=columns,
        numeric=tuple(
            bool(rows) and all(_text.finite(row[i]) is not None for row in rows if i < len(row))
            for i in range(len(columns))
        ),
        rows=tuple(tuple(scalar(cell) for cell in row) + ("",) * (len(columns) - len(row)) for row in rows),
        note=f"{hidden:,} more rows not shown." if hidden > 0 else "",
    )


def _timing(name: str, value: Any) -> Setting:
    known = _TIMINGS.get(name) or _text.label(name.removesuffix("_s").replace("_", " "), 80).capitalize()
    return Setting(known, _text.seconds(value) if name.endswith("_s") else _text.number(value))
