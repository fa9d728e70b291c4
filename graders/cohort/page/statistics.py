"""What a class's scorecards say together, gathered from one after the other: none has to stay in memory."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from graders.core.charts import Scatter
from graders.scoring import CriterionScore, LabScore, Scorecard

BINS = 10
LEAST_FOR_CORRELATION = 5
REFERENCE = "reference"


@dataclass
class CriterionStatistics:
    """How a criterion went: its share of points earned, and how that goes with the rest of the total.

    Sums of ``x``, the criterion's points, and of ``y``, the submission's other points.
    """

    id: str
    title: str
    maximum: Decimal
    count: int = 0
    full: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    yy: float = 0.0
    xy: float = 0.0

    def add(self, score: CriterionScore, rest: float) -> None:
        """Counts one submission's."""
        x = float(score.earned)
        self.count += 1
        self.full += score.passed
        self.x += x
        self.y += rest
        self.xx += x * x
        self.yy += rest * rest
        self.xy += x * rest

    @property
    def share(self) -> float:
        """The share of its points that the class earned."""
        return self.x / (self.count * float(self.maximum))

    @property
    def discrimination(self) -> float | None:
        """Its correlation with the rest of the total; None if there are too few submissions, or all have the same."""
        spread = (self.count * self.xx - self.x**2) * (self.count * self.yy - self.y**2)
        if self.count < LEAST_FOR_CORRELATION or spread <= 1e-9 * (1 + self.xx * self.yy):
            return None
        return max(-1.0, min(1.0, (self.count * self.xy - self.x * self.y) / math.sqrt(spread)))


@dataclass(frozen=True)
class Cause:
    """A likely cause, and the submissions that it cost points, by id."""

    text: str
    criterion: str
    submissions: tuple[int, ...]


@dataclass(frozen=True)
class Variant:
    """A file's size and accuracy. ``submissions``: whose it is, by id; none for the reference's."""

    size: float
    accuracy: float
    name: str
    submissions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Variants:
    """The variants of one lab, and which of the class's no other is better than in both respects."""

    lab: str
    x_label: str
    y_label: str
    own: tuple[Variant, ...]
    reference: tuple[Variant, ...]

    @property
    def front(self) -> tuple[Variant, ...]:
        """The class's Pareto front, from the smallest file to the largest."""
        found: list[Variant] = []
        for each in sorted(self.own, key=lambda one: (one.size, -one.accuracy)):
            if not found or each.accuracy > found[-1].accuracy:
                found.append(each)
        return tuple(found)


@dataclass
class _LabVariants:
    chart: Scatter
    own: dict[tuple[float, float, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    reference: dict[tuple[float, float, str], None] = field(default_factory=dict)


@dataclass
class ClassStatistics:
    """Everything that is counted over scorecards of which all was graded."""

    criteria: dict[str, CriterionStatistics] = field(default_factory=dict)
    totals: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    _causes: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    _titles: dict[str, str] = field(default_factory=dict)
    _variants: dict[str, _LabVariants] = field(default_factory=dict)

    def add(self, submission: int, scorecard: Scorecard) -> None:
        """Counts a submission's scorecard."""
        points = scorecard.points
        self.totals.append((points.earned, points.automatic))
        self.seconds.append(scorecard.wall_s)
        # How somebody works says nothing of when it was submitted.
        worked = points.earned + scorecard.deducted
        for score in scorecard.decided:
            if score.is_deduction:
                continue
            if score.maximum > 0:
                known = CriterionStatistics(score.id, score.title, score.maximum)
                self.criteria.setdefault(score.id, known).add(score, float(worked - score.earned))
            if not score.passed and score.reason is not None:
                self._titles[score.id] = score.title
                self._causes[score.reason.cause, score.id].add(submission)
        for lab in scorecard.labs:
            self._add_variants(submission, lab)

    def _add_variants(self, submission: int, lab: LabScore) -> None:
        for chart in lab.charts:
            if not isinstance(chart, Scatter) or chart.x_unit != "bytes":
                continue
            known = self._variants.setdefault(lab.title, _LabVariants(chart))
            for series in chart.series:
                for point in series.points:
                    if not (math.isfinite(point.x) and math.isfinite(point.y)):
                        continue
                    place = (point.x, point.y, point.name)
                    if series.name == REFERENCE:
                        known.reference[place] = None
                    else:
                        known.own[place].add(submission)

    def causes(self, most: int) -> Sequence[Cause]:
        """The most frequent causes, each with the criteria that it cost; the most frequent first."""
        order = sorted(self._causes.items(), key=lambda each: (-len(each[1]), each[0]))
        return [Cause(text, self._titles[criterion], tuple(sorted(who))) for (text, criterion), who in order[:most]]

    def variants(self) -> Iterator[Variants]:
        """Size against accuracy, by lab."""
        for lab, found in sorted(self._variants.items()):
            own = tuple(Variant(*place, tuple(sorted(who))) for place, who in sorted(found.own.items()))
            reference = tuple(Variant(*place) for place in sorted(found.reference))
            yield Variants(lab, found.chart.x_label, found.chart.y_label, own, reference)

    def distribution(self) -> list[tuple[Decimal, Decimal, int]]:
        """How many totals lie between which points: bins of equal width, the last with its upper end."""
        most = max((automatic for _, automatic in self.totals), default=Decimal(0))
        if most <= 0:
            return []
        width = most / BINS
        counts = [0] * BINS
        for earned, _ in self.totals:
            counts[min(BINS - 1, max(0, int(earned / width)))] += 1
        return [(width * number, width * (number + 1), count) for number, count in enumerate(counts)]


def median(values: Iterable[float]) -> float:
    """The middle of some values, 0 for none."""
    order = sorted(values)
    if not order:
        return 0.0
    middle = len(order) // 2
    return order[middle] if len(order) % 2 else (order[middle - 1] + order[middle]) / 2
