"""Lay out what was submitted beside the code: claims beside measurements, and the git history part by part."""

from __future__ import annotations

import math
from dataclasses import dataclass

from graders.core import charts
from graders.core.text import html_label, html_text
from graders.core.verdicts import Verdict
from graders.reports.verdicts import WORDING, VerdictWording

from . import _formatting

_MOST_CLAIMS = 300
_MOST_COMMITS = 60
_MOST_PARTS = 20


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All of them; those that differ come first."""

    title: str
    caption: str
    differing: tuple[charts.Claim, ...]
    agreeing: tuple[charts.Claim, ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit of the lab's, or one that cost points and `why`."""

    id: str
    subject: str
    time: str = ""
    files: int = 0
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the sub-scores of a history; `percent` is how much of it was earned, None if it is graded manually."""

    name: str
    share: str
    percent: int | None
    wording: VerdictWording
    measured: str
    expected: str
    commits: tuple[Commit, ...]
    note: str


@dataclass(frozen=True, kw_only=True)
class History:
    """The parts of a history, and the lab's commits in their order."""

    title: str
    caption: str
    parts: tuple[Part, ...]
    commits: tuple[Commit, ...]
    note: str


def lay_out_claims(chart: charts.Claims) -> Claims:
    """Lay out claims; those that differ are apart."""
    rows = [_claim(row) for row in chart.rows[:_MOST_CLAIMS]]
    return Claims(
        title=html_label(chart.title, 120),
        caption=html_text(chart.caption, 600),
        differing=tuple(row for row in rows if not row.agrees),
        agreeing=tuple(row for row in rows if row.agrees),
        note=_more(len(chart.rows) - len(rows), "claim"),
    )


def _claim(row: charts.Claim) -> charts.Claim:
    """The same claim with its texts fit for a page."""
    return charts.Claim(
        variant=html_label(row.variant, 80),
        quantity=html_label(row.quantity, 80),
        stated=html_label(row.stated, 80),
        place=html_label(row.place, 80),
        measured=html_label(row.measured, 80),
        agrees=row.agrees,
    )


def lay_out_history(chart: charts.History) -> History:
    """Lay out a git history."""
    commits = tuple(_lab_commit(each) for each in chart.commits[:_MOST_COMMITS])
    return History(
        title=html_label(chart.title, 120),
        caption=html_text(chart.caption, 600),
        parts=tuple(_part(each) for each in chart.parts[:_MOST_PARTS]),
        commits=commits,
        note=_more(max(chart.more, 0) + len(chart.commits) - len(commits), "commit"),
    )


def _part(part: charts.HistoryPart) -> Part:
    holds = part.holds if part.holds is not None and math.isfinite(part.holds) else None
    commits = tuple(_costly_commit(each) for each in part.commits[:_MOST_COMMITS])
    return Part(
        name=html_label(part.name, 40),
        share=f"{100 * part.share:.0f} %" if math.isfinite(part.share) else _formatting.MISSING,
        percent=None if holds is None else round(100 * min(max(holds, 0.0), 1.0)),
        wording=WORDING[_verdict(holds)],
        measured=html_text(part.measured, 400),
        expected=html_text(part.expected, 400),
        commits=commits,
        note=_more(max(part.more, 0) + len(part.commits) - len(commits), "commit"),
    )


def _verdict(holds: float | None) -> Verdict:
    if holds is None:
        return Verdict.PENDING
    return Verdict.EARNED if holds >= 1 else Verdict.PARTIAL if holds > 0 else Verdict.LOST


def _costly_commit(commit: charts.CostlyCommit) -> Commit:
    return Commit(
        id=html_label(commit.commit, 40),
        subject=html_label(commit.subject, 160),
        why=html_text(commit.why, 300),
    )


def _lab_commit(commit: charts.LabCommit) -> Commit:
    return Commit(
        id=html_label(commit.commit, 40),
        subject=html_label(commit.subject, 160),
        time=html_label(commit.time, 40),
        files=max(commit.files, 0),
    )


def _more(count: int, noun: str) -> str:
    return f"{_formatting.counted(count, f'more {noun}')} not shown." if count > 0 else ""
