"""The whole page as data: a scorecard in, everything in the order and the words in which it is printed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from graders import scoring
from graders.core import charts
from graders.core.charts import Chart
from graders.core.text import html_label, html_text
from graders.core.verdicts import RunVerdict, Verdict
from graders.reports.verdicts import FINISHED, WORDING, VerdictWording
from graders.scoring import CriterionScore, LabScore, RunSummary, Scorecard
from graders.scoring.points import left_out_points

from . import _formatting
from ._criteria import Advice, Criterion, advice, criterion, faults
from ._device import LabDevice, lay_out_device, lay_out_setup
from ._device import Setup as DeviceSetup
from ._evidence import scalar
from ._formatting import Span, Tail
from ._histograms import HistogramsDrawing, draw_histograms
from ._line import LineDrawing, draw_line
from ._matrix import MatrixDrawing, draw_matrix
from ._scatter import ScatterDrawing, draw_scatter
from ._static_review import Claims, History, lay_out_claims, lay_out_history

_MOST_ROWS = 200
_MOST_COLUMNS = 24
_TIMINGS = {"wall_s": "Grading took", "student_cpu_s": "CPU time of your code", "device_s": "Costs on a device took"}
_ISOLATION = {
    "strict": "Your code ran in a sandbox: no network, no sight of other processes, one folder of its own to write to.",
    "confined": "Your code ran in a sandbox of those layers of protection that this machine allows.",
    "bare": "This is not a security boundary: your code ran with a clean environment and a time limit, nothing more. "
    "Use such a result for your own work; grade other people's code on a machine with a sandbox.",
}


@dataclass(frozen=True, kw_only=True)
class Share:
    """A stretch of a points bar, in points."""

    kind: Literal["earned", "lost", "unscored", "left_out", "pending"]
    points: Decimal


@dataclass(frozen=True, kw_only=True)
class Points:
    """The scorecard's four numbers, and how many of `automatic` have no verdict.

    `unscored`: the grader failed to grade them. `left_out`: a quick look did not look at them. `deducted`: of what was
    earned, since it was late.
    """

    earned: Decimal
    automatic: Decimal
    pending: Decimal
    maximum: Decimal
    unscored: Decimal
    left_out: Decimal
    deducted: Decimal = Decimal(0)

    @property
    def before(self) -> Decimal:
        """What was earned before anything was deducted."""
        return self.earned + self.deducted

    @property
    def looked_at(self) -> Decimal:
        """Automatic points that were not left out."""
        return self.automatic - self.left_out

    @property
    def lost(self) -> Decimal:
        """Automatic points that were graded and not earned."""
        return max(self.looked_at - self.earned - self.unscored, Decimal(0))

    @property
    def is_full(self) -> bool:
        """Whether every automatic point that was looked at is earned."""
        return self.looked_at > 0 and self.unscored == 0 and self.earned >= self.looked_at

    @property
    def shares(self) -> tuple[Share, ...]:
        """The stretches of the points bar that are not empty."""
        shares = (
            Share(kind="earned", points=self.earned),
            Share(kind="lost", points=self.lost),
            Share(kind="unscored", points=self.unscored),
            Share(kind="left_out", points=self.left_out),
            Share(kind="pending", points=self.pending),
        )
        return tuple(share for share in shares if share.points > 0)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of student code."""

    name: str
    title: str
    wording: VerdictWording
    note: tuple[Span, ...]
    output: Tail
    size: str
    cpu: str
    wall: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A chart that is a table; `numeric[i]` says whether column i is set to the right."""

    title: str
    caption: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A chart ready to draw, and the name of the template macro that draws it."""

    kind: Literal["line", "scatter", "histograms", "table"]
    content: LineDrawing | ScatterDrawing | HistogramsDrawing | Table


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Everything about one lab."""

    name: str
    title: str
    points: Points
    criteria: tuple[Criterion, ...]
    runs: tuple[Run, ...]
    drawings: tuple[Drawing, ...]
    matrices: tuple[MatrixDrawing, ...]
    claims: tuple[Claims, ...]
    histories: tuple[History, ...]
    device: LabDevice | None


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
    device: DeviceSetup | None
    quick: bool

    @property
    def left_out(self) -> tuple[Criterion, ...]:
        """The criteria that a quick look left out as a whole."""
        return tuple(item for item in self.criteria if item.score.verdict is Verdict.NOT_LOOKED_AT)

    @property
    def so_far(self) -> tuple[Criterion, ...]:
        """The criteria of which a quick look left out some runs."""
        return tuple(item for item in self.criteria if item.score.so_far)

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """The criteria of all labs."""
        return tuple(item for lab in self.labs for item in lab.criteria)

    @property
    def pending(self) -> tuple[Criterion, ...]:
        """The criteria that are graded manually and have no mark yet."""
        return tuple(item for item in self.criteria if item.score.verdict is Verdict.PENDING)

    @property
    def verdicts(self) -> tuple[VerdictWording, ...]:
        """The verdicts that come up, each once."""
        return tuple({item.wording.label: item.wording for item in self.criteria}.values())

    @property
    def has_charts(self) -> bool:
        """Whether any lab has a chart."""
        return any(lab.drawings or lab.matrices for lab in self.labs)

    @property
    def has_device(self) -> bool:
        """Whether it is known of any file what it costs on a microcontroller."""
        return any(lab.device for lab in self.labs)

    @property
    def has_claims(self) -> bool:
        """Whether any number in a summary was compared with a measurement."""
        return any(lab.claims for lab in self.labs)

    @property
    def has_histories(self) -> bool:
        """Whether any git history was graded."""
        return any(lab.histories for lab in self.labs)

    @property
    def has_runs(self) -> bool:
        """Whether any code was run."""
        return any(lab.runs for lab in self.labs)


def lay_out(scorecard: Scorecard) -> Page:
    """Make a scorecard ready to print."""
    labs = tuple(_lab(lab, index) for index, lab in enumerate(scorecard.labs))
    criteria = [item for lab in labs for item in lab.criteria]
    return Page(
        submission=html_label(scorecard.submission, 120),
        profile=html_label(scorecard.profile, 60),
        seed=scalar(scorecard.seed) + (" (with a secret)" if scorecard.seed_from == "secret" else ""),
        tier=html_label(scorecard.tier, 40),
        isolation=_ISOLATION.get(scorecard.tier, ""),
        missing_layers=tuple(
            Setting(html_label(each.layer, 80), html_text(each.reason, 400)) for each in scorecard.missing
        ),
        points=_points(scorecard.points, scorecard.scores),
        labs=labs,
        advice=advice(criteria),
        faults=faults(criteria),
        notices=tuple(_formatting.spans(notice, 800) for notice in scorecard.notices),
        environment=tuple(
            Setting(html_label(name, 80), html_text(value, 400)) for name, value in scorecard.environment.items()
        ),
        timing=tuple(_timing(name, value) for name, value in scorecard.timing.items()),
        device=None if scorecard.device is None else lay_out_setup(scorecard.device),
        quick=scorecard.quick,
    )


def _points(points: scoring.Points, scores: Sequence[CriterionScore]) -> Points:
    unscored = [score for score in scores if score.verdict is Verdict.UNSCORED]
    return Points(
        earned=points.earned,
        automatic=points.automatic,
        pending=points.pending,
        maximum=points.maximum,
        unscored=sum((score.maximum - score.earned for score in unscored), Decimal(0)),
        left_out=left_out_points(scores),
        deducted=-sum((score.earned for score in scores if score.is_deduction), Decimal(0)),
    )


def _lab(lab: LabScore, index: int) -> Lab:
    title = html_label(lab.title or lab.lab, 120)
    scores = lab.scores
    return Lab(
        name=html_label(lab.lab, 80),
        title=title,
        points=_points(lab.points, scores),
        criteria=tuple(criterion(score, f"og-c{index}-{place}", title) for place, score in enumerate(scores)),
        runs=tuple(_run(run) for run in lab.runs),
        drawings=tuple(drawing for drawing in map(_drawing, lab.charts) if drawing),
        matrices=tuple(draw_matrix(each) for each in lab.charts if isinstance(each, charts.ConfusionMatrix)),
        claims=tuple(lay_out_claims(each) for each in lab.charts if isinstance(each, charts.Claims)),
        histories=tuple(lay_out_history(each) for each in lab.charts if isinstance(each, charts.History)),
        device=lay_out_device(lab.device),
    )


def _run(run: RunSummary) -> Run:
    return Run(
        name=html_label(run.run, 80),
        title=html_text(run.title, 200),
        wording=FINISHED if run.verdict is RunVerdict.FINISHED else WORDING[Verdict(run.verdict)],
        note=_formatting.spans(run.note or "", 800),
        output=_formatting.tail(run.output_tail),
        size=_formatting.size(run.output_bytes),
        cpu=_formatting.seconds(run.cpu_s),
        wall=_formatting.seconds(run.wall_s),
    )


def _drawing(chart: Chart) -> Drawing | None:
    match chart:
        case charts.Line():
            return Drawing(kind="line", content=draw_line(chart))
        case charts.Scatter():
            return Drawing(kind="scatter", content=draw_scatter(chart))
        case charts.Histograms():
            return Drawing(kind="histograms", content=draw_histograms(chart))
        case charts.Table():
            return Drawing(kind="table", content=_table(chart))
    return None


def _table(table: charts.Table) -> Table:
    columns = tuple(html_text(column, 80) for column in table.columns[:_MOST_COLUMNS])
    rows = [row[: len(columns)] for row in table.rows[:_MOST_ROWS]]
    hidden = len(table.rows) - len(rows)
    return Table(
        title=html_label(table.title, 120),
        caption=html_text(table.caption, 600),
        columns=columns,
        numeric=tuple(
            bool(rows) and all(_formatting.finite(row[i]) is not None for row in rows if i < len(row))
            for i in range(len(columns))
        ),
        rows=tuple(tuple(scalar(cell) for cell in row) + ("",) * (len(columns) - len(row)) for row in rows),
        note=f"{hidden:,} more rows not shown." if hidden > 0 else "",
    )


def _timing(name: str, value: float) -> Setting:
    known = _TIMINGS.get(name) or html_label(name.removesuffix("_s").replace("_", " "), 80).capitalize()
    return Setting(known, _formatting.seconds(value) if name.endswith("_s") else _formatting.number(value))
