"""The scorecard as lines for a terminal. Student text is escaped: no control character gets through."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import Any

MARKS = {"earned": "✓", "partial": "◐", "pending": "…", "unscored": "!"}
PARTS = ("measured", "expected", "cause", "next")


class ProgressPrinter:
    """How far runs have come, for whoever waits: a line for one that has said nothing for some seconds."""

    def __init__(
        self, write: Callable[[str], None], pause_s: float = 5.0, clock: Callable[[], float] = monotonic
    ) -> None:
        """:param write: takes a line. :param pause_s: the least time between two lines of a run."""
        self._write = write
        self._pause_s = pause_s
        self._clock = clock
        self._last: dict[str, float] = {}

    def say(self, run: str, text: str) -> None:
        """A run has come so far; of its first step the time is only remembered."""
        now = self._clock()
        if now - self._last.setdefault(run, now) >= self._pause_s:
            self._last[run] = now
            self._write(f"        {run}: {clean(text)[:110]}")


def clean(text: str) -> str:
    """Text without control characters, workflow commands or line breaks."""
    return disarmed("".join(char if char.isprintable() else " " for char in text))


def disarmed(text: str) -> str:
    """Text without commands: runners of workflows take them from any line that has these."""
    return re.sub(r":(?=:)", ": ", text).replace("##[", "## [")


def points(value: float) -> str:
    """A number of points as short as it can be told: ``0.75``, ``2``."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def lost_lines(scorecard: Mapping[str, Any]) -> Iterator[str]:
    """What cost points, the dearest reason first; criteria that were lost for one reason stand together.

    What a person always marks is left out; what one has to mark this time, as where there is no history, is not.
    Neither does a bonus cost anything.
    """
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for lab in scorecard["labs"]:
        for criterion in lab["criteria"]:
            expected = criterion["verdict"] == "pending" and criterion["marked_by"] == "person"
            if criterion["verdict"] != "earned" and not expected and criterion.get("bonus") is None:
                reason = criterion["reason"] or {}
                groups.setdefault(tuple(reason.get(part, "") for part in PARTS), []).append(criterion)
    for texts, criteria in sorted(groups.items(), key=lambda group: sum(c["earned"] - c["maximum"] for c in group[1])):
        for criterion in criteria:
            worth = f"{points(criterion['earned'])} of {points(criterion['maximum'])}"
            mark = MARKS.get(criterion["verdict"], "✗")
            yield f"{mark} {criterion['id']:<28} {worth:>13}  {criterion['verdict']}: {clean(criterion['title'])}"
        for part, text in zip(PARTS, texts, strict=True):
            if text:
                yield f"      {part:<9} {clean(text)}"
        places = dict.fromkeys(place for criterion in criteria for place in _places(criterion))
        if places:
            yield f"      {'where':<9} {clean('; '.join(places))}"


def _places(criterion: Mapping[str, Any]) -> Iterator[str]:
    where: Mapping[str, Any] = criterion.get("where") or {"places": ()}
    for place in where["places"]:
        line = f", line {place['line']}" if place["line"] else ""
        yield f"{where['file']}{line}: {place['name']}"


def score_lines(scorecard: Mapping[str, Any]) -> Iterator[str]:
    """The score by lab, and the sum where there is more than one lab."""
    rows = [(lab["lab"], lab["points"], _bonus(lab)) for lab in scorecard["labs"]]
    if len(rows) > 1:
        rows.append(("total", scorecard["points"], sum(bonus for *_, bonus in rows)))
    width = max(len(name) for name, *_ in rows)
    for name, sums, bonus in rows:
        made_up = f", {points(bonus)} of them by a bonus" if bonus else ""
        pending = f", {points(sums['pending'])} more to be marked by a person" if sums["pending"] else ""
        yield f"{name:<{width}}  {points(sums['earned'])} of {points(sums['automatic'])} points{made_up}{pending}"


def _bonus(lab: Mapping[str, Any]) -> float:
    return sum((criterion["earned"] for criterion in lab["criteria"] if criterion.get("bonus") is not None), 0.0)
