"""What formats for students say of a criterion. Of values that were drawn for the grading, only their kind."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from graders.core.verdicts import Verdict
from graders.reports.verdicts import WORDING
from graders.scoring import CriterionScore, Scorecard, format_points
from graders.scoring.reasons import PARTS

HIDDEN = "it fails for a value that was drawn for this grading and is not shown"


def parts(score: CriterionScore) -> Iterator[tuple[str, str]]:
    """The parts of a criterion's reason by name; none for what was earned."""
    reason = score.reason
    if reason is None or score.verdict is Verdict.EARNED or score.bonus:
        return
    if score.hidden:
        yield "measured", HIDDEN
        if not any(character.isdigit() for character in reason.next):
            yield "next", reason.next
        return
    for name in PARTS:
        text = getattr(reason, name)
        if text:
            yield name, text


def verdict(score: CriterionScore) -> str:
    """How a criterion came out, in words."""
    if score.bonus:
        return "a bonus" if score.earned else "a bonus, which counts nothing here and costs nothing"
    return WORDING[score.verdict].sentence + (" so far" if score.so_far else "")


def worth(score: CriterionScore) -> str:
    """What a criterion earned, in words: ``0.3 of 1.5``."""
    if score.verdict is Verdict.PENDING:
        return f"{format_points(score.maximum)} to be graded manually"
    if score.verdict is Verdict.NOT_LOOKED_AT:
        return f"{format_points(score.maximum)} not looked at"
    if score.verdict is Verdict.UNSCORED:
        return f"{format_points(score.maximum)} not graded"
    if score.bonus:
        return f"{format_points(score.earned)} as a bonus"
    if score.is_deduction:
        return f"{format_points(-score.earned)} deducted"
    return f"{format_points(score.earned)} of {format_points(score.maximum)}"


def total(scorecard: Scorecard) -> str:
    """The score in one sentence."""
    points = scorecard.points
    left_out = scorecard.left_out_points
    text = f"{format_points(points.earned)} of {format_points(points.automatic - left_out)} points"
    if scorecard.quick:
        text += f" so far in a quick look, which is no mark; {format_points(left_out)} not looked at"
    if scorecard.deducted:
        text += f", after {format_points(scorecard.deducted)} were deducted since it was late"
    if points.pending:
        text += f", {format_points(points.pending)} more to be graded manually"
    if scorecard.unscored:
        unscored = format_points(sum((score.maximum for score in scorecard.unscored), Decimal(0)))
        text += f"; {unscored} of them could not be graded, so this is no mark"
    return text
