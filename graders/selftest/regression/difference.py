"""What is different between two runs: by submission and criterion, by how much, and which changes may be why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graders.cohort.against import changed_parts
from graders.selftest.regression.records import Criterion, Record, Regression

NOTHING = "no part of it"


@dataclass(frozen=True)
class Change:
    """A criterion with another outcome than before. ``why``: what changed between the runs, in words."""

    submission: str
    criterion: str
    before: str
    after: str
    points: float
    measured: str
    why: str


def differences(before: Regression, after: Regression) -> list[Change]:
    """Every criterion whose verdict or points changed, and every entry that was added or removed."""
    found: list[Change] = []
    for name in sorted(before.records.keys() | after.records.keys()):
        old, new = before.records.get(name), after.records.get(name)
        if old is None or new is None:
            record = new or old
            assert record is not None
            states = ("new", f"{record.earned:g} points") if old is None else (f"{record.earned:g} points", "gone")
            points = record.earned if old is None else -record.earned
            found.append(Change(name, "", *states, points, "", "it was not graded both times"))
        else:
            found += _between(old, new)
    return found


def why(old: Record, new: Record) -> str:
    """Which of the parts that an outcome depends on have changed."""
    return ", ".join(changed_parts(old.parts, new.parts)) or NOTHING


def _between(old: Record, new: Record) -> Iterator[Change]:
    reason = why(old, new)
    if old.fault != new.fault:
        yield Change(old.name, "", old.fault or "graded", new.fault or "graded", new.earned - old.earned, "", reason)
    for criterion in dict.fromkeys([*old.criteria, *new.criteria]):
        was, now = old.criteria.get(criterion), new.criteria.get(criterion)
        if was is not None and now is not None and (was.verdict, was.earned) == (now.verdict, now.earned):
            continue
        points = round((now.earned if now else 0.0) - (was.earned if was else 0.0), 2)
        measured = next((text for text in (now and now.measured, was and was.measured) if text), "")
        yield Change(old.name, criterion, _stated(was), _stated(now), points, measured, reason)


def _stated(criterion: Criterion | None) -> str:
    if criterion is None:
        return "not graded"
    return f"{criterion.verdict}, {criterion.earned:g} of {criterion.maximum:g}"
