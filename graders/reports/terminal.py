"""The scorecard as lines for a terminal. Student text is escaped: no control character gets through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from time import monotonic

from graders.core.text import terminal_line
from graders.core.verdicts import Verdict
from graders.framework.definition import PERSON
from graders.reports.verdicts import WORDING
from graders.scoring import CriterionScore, Reason, Scorecard, format_points
from graders.scoring.points import left_out_points
from graders.scoring.reasons import PARTS

QUICK = "A quick look: some runs of each lab. It is no full grading and gives no mark."


def verdict_line(score: CriterionScore) -> str:
    """What a criterion came to, in one line; of a quick look, that it is so far."""
    so_far = " so far" if score.so_far else ""
    mark = WORDING[score.verdict].mark
    return f"{mark} {score.id:<28} {_worth(score):>13}  {score.verdict}{so_far}: {terminal_line(score.title)}"


def _worth(score: CriterionScore) -> str:
    bonus = "+" if score.bonus else ""
    return f"{bonus}{format_points(score.earned)} of {format_points(score.worth)}"


UNLISTED = (Verdict.EARNED, Verdict.NOT_LOOKED_AT)


class ProgressPrinter:
    """Progress of runs: at most one line for each in some seconds."""

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
            self._write(f"        {run}: {terminal_line(text)[:110]}")


def lost_lines(scorecard: Scorecard) -> Iterator[str]:
    """What cost points, the costliest reason first; criteria that were lost for one reason are grouped.

    What is always graded manually is left out; what has to be this time, for instance without a git history, is not.
    A bonus costs nothing.
    """
    groups: dict[Reason | None, list[CriterionScore]] = {}
    for score in scorecard.scores:
        expected = score.verdict is Verdict.PENDING and score.marked_by == PERSON
        if score.verdict not in UNLISTED and not expected and not score.bonus:
            groups.setdefault(score.reason, []).append(score)
    for reason, scores in sorted(
        groups.items(), key=lambda group: sum(each.earned - each.maximum for each in group[1])
    ):
        for score in scores:
            yield verdict_line(score)
        for part in PARTS if reason else ():
            text = getattr(reason, part)
            if text:
                yield f"      {part:<9} {terminal_line(text)}"
        places = dict.fromkeys(place for score in scores for place in _places(score))
        if places:
            yield f"      {'where':<9} {terminal_line('; '.join(places))}"


def left_out_lines(scorecard: Scorecard) -> Iterator[str]:
    """What a quick look left out as a whole, a line for each lab; nothing for a full grading."""
    if not scorecard.quick:
        return
    yield ""
    for lab in scorecard.labs:
        names = [score.id for score in lab.scores if score.verdict is Verdict.NOT_LOOKED_AT]
        if names:
            yield f"not looked at in quick mode: {', '.join(names)}"
    yield f"{QUICK} Leave out --quick for both."


def _balance(scores: Iterable[CriterionScore]) -> Decimal:
    return sum((score.earned - score.maximum for score in scores), Decimal(0))


def _places(score: CriterionScore) -> Iterator[str]:
    for place in score.where.places if score.where else ():
        line = f", line {place.line}" if place.line else ""
        yield f"{score.where.file if score.where else ''}{line}: {place.name}"


def score_lines(scorecard: Scorecard) -> Iterator[str]:
    """The score by lab, and the sum if there is more than one lab."""
    rows = [(lab.lab, lab.points, _bonus(lab.scores), left_out_points(lab.scores)) for lab in scorecard.labs]
    if len(rows) > 1:
        rows.append(("total", scorecard.points, _bonus(scorecard.scores), scorecard.left_out_points))
    width = max((len(name) for name, *_ in rows), default=0)
    for name, points, bonus, left_out in rows:
        by_bonus = f", {format_points(bonus)} of them by a bonus" if bonus else ""
        pending = f", {format_points(points.pending)} more to be graded manually" if points.pending else ""
        earned, automatic = format_points(points.earned), format_points(points.automatic - left_out)
        so_far = f" so far{by_bonus}, {format_points(left_out)} not looked at" if scorecard.quick else by_bonus
        yield f"{name:<{width}}  {earned} of {automatic} points{so_far}{pending}"


def _bonus(scores: Iterable[CriterionScore]) -> Decimal:
    return sum((score.earned for score in scores if score.bonus), Decimal(0))
