"""What is different from the last grading, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from graders.core.text import terminal_line
from graders.core.verdicts import Verdict
from graders.reports.verdicts import WORDING
from graders.scoring import CriterionScore, Scorecard, format_points

SHOWN = ("measured", "next")


def difference_lines(before: Scorecard, after: Scorecard) -> Iterator[str]:
    """A line for each criterion that came out differently, and why it lost points, if it did."""
    known = {score.id: score for score in before.scores}
    for score in after.scores:
        yield from _lines(known.get(score.id), score)


def _lines(before: CriterionScore | None, after: CriterionScore) -> Iterator[str]:
    what = _what(before, after)
    if not what:
        return
    yield f"{WORDING[after.verdict].mark} {after.id}: {what}"
    if after.reason is not None and after.lost:
        for part in SHOWN:
            if text := getattr(after.reason, part):
                yield f"      {part:<9} {terminal_line(text)}"


def _what(before: CriterionScore | None, after: CriterionScore) -> str:
    """What has become of a criterion; ``""`` if nothing has."""
    if before is None or _came_out(before) != _came_out(after):
        return f"now {_came_out(after)}" + (f", was {_came_out(before)}" if before is not None else "")
    other_reason = after.lost and before.reason != after.reason
    return f"still {_came_out(after)}, for another reason" if other_reason else ""


def _came_out(score: CriterionScore) -> str:
    label = WORDING[score.verdict].label
    if score.verdict is Verdict.PARTIAL:
        return f"{label} ({format_points(score.earned)} of {format_points(score.maximum)})"
    return label
