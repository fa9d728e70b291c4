"""Which commit of a history was the last one at a time, and what of its dates an instructor has to know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from graders.core.text import plain_line
from graders.submission.history.timeline import DatedCommit, Timeline

MOST_NAMED = 3
# Clocks of two machines may differ by that much, and nobody has changed a date.
SKEW = dt.timedelta(minutes=2)
OLDEST = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class Choice:
    """The commit that is graded, None if there is none; lines about the dates."""

    commit: DatedCommit | None
    notes: tuple[str, ...]


def choose(timeline: Timeline, at: dt.datetime, *, without_head: bool = False) -> Choice:
    """The last commit that is dated before a time, or at it.

    Of lines of work that were not yet merged then, the one with the newest commit.

    :param without_head: whether it is known from elsewhere that the newest commit came later.
    """
    zone = at.tzinfo
    late = [each for each in timeline.commits if each.time is None or each.time > at]
    excluded = {each.id for each in late} | ({timeline.head.id} if without_head else set())
    tips = _without_descendants(timeline, {each.id for each in timeline.commits} - excluded)
    chosen = max(tips, key=lambda each: (each.time or OLDEST, each.id), default=None)
    notes = []
    if late:
        notes.append(f"after {stated(at, zone)}: {_named(late, zone)}")
    if len(tips) > 1 and chosen is not None:
        others = [each for each in tips if each is not chosen]
        notes.append(f"not merged yet at that time, and not graded: {_named(others, zone)}")
    return Choice(chosen, (*notes, *doubts(timeline, zone)))


def doubts(timeline: Timeline, zone: dt.tzinfo | None) -> list[str]:
    """A line about commits that are dated later than their own descendants: one of the dates is wrong."""
    earliest: dict[str, DatedCommit] = {}
    found: list[tuple[DatedCommit, DatedCommit]] = []
    for commit in timeline.commits:
        below = earliest.get(commit.id)
        if below is not None and commit.time is not None and below.time is not None and commit.time - below.time > SKEW:
            found.append((commit, below))
        first = _earlier(commit, below)
        for parent in commit.parents:
            earliest[parent] = _earlier(first, earliest.get(parent))
    if not found:
        return []
    pairs = [
        f"{shown(commit, zone)} is dated later than its descendant {shown(below, zone)}" for commit, below in found
    ]
    more = f"; {len(pairs) - MOST_NAMED} more such commits" if len(pairs) > MOST_NAMED else ""
    return [f"dates of commits can't be right: {'; '.join(pairs[:MOST_NAMED])}{more}"]


def shown(commit: DatedCommit, zone: dt.tzinfo | None) -> str:
    """A commit in a line: its hash and its date."""
    return f"{commit.short} ({stated(commit.time, zone)})" if commit.time else f"{commit.short} (no valid date)"


def stated(time: dt.datetime | None, zone: dt.tzinfo | None) -> str:
    """A time in a zone."""
    return time.astimezone(zone).isoformat(sep=" ", timespec="minutes") if time else "no valid date"


def _earlier(one: DatedCommit, other: DatedCommit | None) -> DatedCommit:
    if other is None or other.time is None:
        return one
    return other if one.time is None or other.time < one.time else one


def _without_descendants(timeline: Timeline, candidates: set[str]) -> list[DatedCommit]:
    """The candidates that no other one of them is built on, be it through commits that are none."""
    built_on: set[str] = set()
    found = []
    for commit in timeline.commits:
        candidate = commit.id in candidates
        if candidate and commit.id not in built_on:
            found.append(commit)
        if candidate or commit.id in built_on:
            built_on.update(commit.parents)
    return found


def _named(commits: Sequence[DatedCommit], zone: dt.tzinfo | None) -> str:
    some = [f"{shown(each, zone)} {plain_line(each.subject, 50)}".strip() for each in commits[:MOST_NAMED]]
    more = f" and {len(commits) - MOST_NAMED} more" if len(commits) > MOST_NAMED else ""
    count = "1 commit" if len(commits) == 1 else f"{len(commits)} commits"
    return f"{count}: {', '.join(some)}{more}"
