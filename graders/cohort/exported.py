"""A class's results as they are exported: from its store, with marks and deductions, and whose each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from graders.cohort.recorder import kind_of, reason_of
from graders.cohort.store import FILE, CohortStore, Stored, open_finished
from graders.core.text import plain_line
from graders.reports.formats.matching import normal
from graders.scoring import Scorecard

UNFINISHED = "the last run did not end: type its command again, then export"


@dataclass(frozen=True)
class ClassResults:
    """The scorecards that count; the students of submissions that are not called after one; who has none, and why."""

    scorecards: tuple[Scorecard, ...]
    students: Mapping[str, tuple[str, ...]]
    without: tuple[str, ...]


def is_class(path: Path) -> bool:
    """Whether a path is a class's folder, or its store."""
    return path.name == FILE or (path / FILE).is_file()


def read_class(path: Path) -> ClassResults:
    """What a class's folder holds. :raises UsageError: its store can't be read."""
    scorecards: list[Scorecard] = []
    students: dict[str, tuple[str, ...]] = {}
    without: list[str] = []
    with open_finished(path.parent if path.name == FILE else path) as store:
        for stored in store.submissions():
            text, why = _scorecard(store, stored)
            if text is None:
                without.append(f"{plain_line(', '.join(stored.students) or stored.name, 80)}: {why}")
                continue
            scorecards.append(Scorecard.loads(text.decode()))
            if stored.students not in ((), (stored.name,)):
                students[normal(stored.name)] = tuple(map(normal, stored.students))
    return ClassResults(tuple(scorecards), students, tuple(without))


def _scorecard(store: CohortStore, stored: Stored) -> tuple[bytes | None, str]:
    """The file of a submission's scorecard that counts, or why there is none."""
    attempt = None if stored.problem else store.latest(stored.id)
    if kind_of(stored, attempt) not in ("graded", "unscored") or attempt is None:
        return None, reason_of(stored, attempt)
    result = store.result(stored.id)
    if result is None or result.attempt != attempt.number:
        return None, UNFINISHED
    return store.scorecard(stored.id), ""
