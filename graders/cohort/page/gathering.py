"""Reads the store for the page, one scorecard at a time."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from graders.cohort.page.statistics import ClassStatistics
from graders.cohort.recorder import kind_of, reason_of
from graders.cohort.reports import FOLDER
from graders.cohort.similarity import Found
from graders.cohort.store import Attempt, CohortStore, Stored, read_scorecard
from graders.core.charts import Scatter
from graders.pipeline.output import PAGE_FILE
from graders.scoring import Points

NEXT = {
    "nothing": "There is nothing to grade: ask for it, or give marks by hand.",
    "not in time": "Nothing is lost: give it extension_days or submitted_at in the roster, or grade it without --at.",
    "problem": "Repair it, or ask for it again; then type the same command again.",
    "missing": "Type the same command again: it goes on where it stopped.",
    "died": "Grade it alone and watch the memory: pytest graders --submission PATH. Then type the same command again.",
    "fault": "Repair what the reason names; then type the same command again.",
    "unscored": "Open its report: it names what failed and how to repair it. Then type the same command again.",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A submission in the table. ``link``: its report's, empty if there is none; ``next``: what to do, if anything.

    ``points`` are what counts, after the late policy's deduction; ``late``: how late it was, in words.
    """

    id: int
    students: str
    name: str
    kind: str
    points: Points | None
    seconds: float
    link: str
    reason: str = ""
    next: str = ""
    group: str = ""
    notes: tuple[str, ...] = ()
    late: str = ""
    deducted: Decimal = Decimal(0)

    @property
    def before(self) -> Decimal:
        """Earned points before anything was deducted."""
        return self.deducted + (self.points.earned if self.points is not None else 0)

    @property
    def share(self) -> float:
        """The share of automatic points, for sorting; -1 for a submission without marks."""
        if self.points is None or not self.points.automatic:
            return -1.0
        return float(self.points.earned / self.points.automatic)


@dataclass(frozen=True, kw_only=True)
class ClassPage:
    """Everything that the page shows."""

    made_at: str
    rows: tuple[Row, ...]
    kinds: Counter[str]
    statistics: ClassStatistics
    environment: str
    similarity: Found | None = None
    policy: str = ""

    @property
    def unfinished(self) -> list[Row]:
        """The submissions without marks."""
        return [row for row in self.rows if row.next]

    @property
    def late(self) -> int:
        """How many lost points since they were late."""
        return sum(bool(row.deducted) for row in self.rows)

    @property
    def pending(self) -> Decimal:
        """Points that are still to be given by hand, over all submissions."""
        return sum((row.points.pending for row in self.rows if row.points is not None), Decimal(0))


def gather(store: CohortStore, similarity: Found | None = None, policy: str = "") -> ClassPage:
    """What the store knows of the class.

    :param similarity: what is on the page beside this one; None if there is none. :param policy: the late policy.
    """
    statistics = ClassStatistics()
    rows = []
    environment = ""
    for stored in store.submissions():
        attempt = None if stored.problem else store.latest(stored.id)
        result = store.result(stored.id) if attempt is not None else None
        text = store.scorecard(stored.id) if attempt is not None else None
        scorecard = None if text is None else read_scorecard(text, frozenset({Scatter.kind}))
        kind = kind_of(stored, attempt)
        if scorecard is not None and kind == "graded":
            statistics.add(stored.id, scorecard)
            environment = ", ".join(
                f"{name} {scorecard.environment[name]}"
                for name in ("python", "tensorflow", "ai-edge-litert")
                if name in scorecard.environment
            )
        rows.append(
            Row(
                id=stored.id,
                students=", ".join(stored.students) or stored.name,
                name=stored.name,
                kind=kind,
                points=None if scorecard is None else scorecard.points,
                seconds=attempt.seconds if attempt is not None else 0.0,
                link=f"{FOLDER}/{quote(stored.folder)}/{PAGE_FILE}" if scorecard is not None else "",
                reason=reason_of(stored, attempt) if kind != "graded" else "",
                next=_next(stored, attempt) if kind != "graded" else "",
                group=stored.group,
                notes=stored.notes,
                late=result.late if result is not None else "",
                deducted=result.deducted if result is not None else Decimal(0),
            )
        )
    return ClassPage(
        made_at=dt.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        rows=tuple(rows),
        kinds=Counter(row.kind for row in rows),
        statistics=statistics,
        environment=environment,
        similarity=similarity,
        policy=policy,
    )


def _next(stored: Stored, attempt: Attempt | None) -> str:
    """What to do about a submission without marks."""
    if not stored.in_time:
        return NEXT["not in time"]
    if stored.problem:
        return NEXT["nothing" if stored.problem == "nothing was submitted" else "problem"]
    if attempt is None:
        return NEXT["missing"]
    if attempt.scorecard is None:
        return NEXT["died" if "died" in attempt.fault else "fault"]
    return NEXT["unscored"]
