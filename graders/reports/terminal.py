"""The scorecard as lines for a terminal. Student text is escaped: no control character gets through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MARKS = {"earned": "✓", "partial": "◐", "pending": "…", "unscored": "!"}
WIDTH = 100


def clean(text: str) -> str:
    """Text without control characters, workflow commands or line breaks."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown.replace("::", ": :")


def points(value: float) -> str:
    """A number of points as short as it can be told: ``0.75``, ``2``."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def lost_lines(scorecard: Mapping[str, Any]) -> Iterator[str]:
    """What cost points, the dearest first, each with its four reasons."""
    criteria = [criterion for lab in scorecard["labs"] for criterion in lab["criteria"]]
    lost = [c for c in criteria if c["verdict"] not in ("earned", "pending")]
    lost.sort(key=lambda c: c["earned"] - c["maximum"])
    told: set[tuple[str, str]] = set()
    for criterion in lost:
        worth = f"{points(criterion['earned'])} of {points(criterion['maximum'])}"
        yield f"{MARKS.get(criterion['verdict'], '✗')} {criterion['id']}  {criterion['verdict']}, {worth}"
        yield f"    {clean(criterion['title'])}"
        reason = criterion["reason"]
        if reason is None:
            continue
        key = (reason["measured"], reason["cause"])
        if key in told:
            yield f"    the same: {clean(reason['measured'])[:WIDTH]}"
            continue
        told.add(key)
        yield f"    measured  {clean(reason['measured'])}"
        yield f"    expected  {clean(reason['expected'])}"
        yield f"    cause     {clean(reason['cause'])}"
        yield f"    next      {clean(reason['next'])}"


def score_lines(scorecard: Mapping[str, Any]) -> Iterator[str]:
    """The score by lab, and the sum where there is more than one lab."""
    rows = [(lab["lab"], lab["points"]) for lab in scorecard["labs"]]
    if len(rows) > 1:
        rows.append(("total", scorecard["points"]))
    width = max(len(name) for name, _ in rows)
    for name, sums in rows:
        pending = f", {points(sums['pending'])} more to be marked by a person" if sums["pending"] else ""
        yield f"{name:<{width}}  {points(sums['earned'])} of {points(sums['automatic'])} points{pending}"
