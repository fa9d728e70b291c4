"""Manual marks, merged into the scores of tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graders.core.errors import UsageError
from graders.core.verdicts import Verdict
from graders.scoring.criteria import CriterionScore
from graders.scoring.outcomes import MANUAL_MARK
from graders.scoring.reasons import Reason
from graders.scoring.scorecard import Scorecard

if TYPE_CHECKING:
    from graders.framework.definition import Lab
    from graders.scoring.marks import MarkRequest, Marks

NO_COMMENT = "No comment was given."


def mark_request(score: CriterionScore) -> MarkRequest:
    """What is needed to mark a pending criterion: what it is, and the passage, if there is one."""
    from graders.scoring.marks import MarkRequest, Passage

    evidence: Mapping[str, Any] = next((each for each in score.evidence.values() if "passage" in each), {})
    passage = Passage(str(evidence.get("place", "")), str(evidence.get("passage", "")))
    title = str(evidence.get("question") or score.title)
    return MarkRequest(score.id, title, score.maximum, passage)


def pending(scorecard: Scorecard) -> list[MarkRequest]:
    """Everything in a scorecard that is to be graded manually, in its order."""
    return [mark_request(score) for score in scorecard.scores if score.verdict is Verdict.PENDING]


def require_matching(marks: Marks, submission: str, labs: Sequence[Lab], where: str) -> None:
    """:raises UsageError: marks are another submission's, or more than a criterion is worth."""
    if marks.submission != submission:
        raise UsageError(f"{where}: these are marks for '{marks.submission}', not for '{submission}'")
    worth = {criterion.id: Decimal(str(criterion.points)) for lab in labs for criterion in lab.criteria}
    for mark in marks.marks.values():
        if mark.points > worth.get(mark.criterion, mark.points):
            most = worth[mark.criterion].normalize()
            raise UsageError(f"{where}: {mark.criterion}: {mark.points} points, but the maximum is {most}")


def merge_marks(scorecard: Scorecard, marks: Marks | None) -> Scorecard:
    """The scorecard with the valid marks; what has none, or one for another text, stays pending."""
    if marks is None:
        return scorecard
    labs = tuple(
        replace(lab, criteria=tuple(_marked(score, marks) for score in lab.criteria)) for lab in scorecard.labs
    )
    return replace(scorecard, labs=labs)


def _marked(score: CriterionScore, marks: Marks) -> CriterionScore:
    from graders.scoring.marks import NOT_MARKED, valid_mark

    if score.verdict is not Verdict.PENDING:
        return score
    mark, why = valid_mark(mark_request(score), marks)
    if mark is None:
        if why == NOT_MARKED or score.reason is None:
            return score
        return replace(score, reason=replace(score.reason, next=f"{why[:1].upper()}{why[1:]}."))
    most = score.maximum
    if mark.points == most:
        return replace(score, earned=mark.points, verdict=Verdict.EARNED, reason=None)
    measured = f"{mark.points} of {most} points, graded manually"
    reason = Reason(measured, MANUAL_MARK, mark.comment or NO_COMMENT, "Ask your instructor.")
    return replace(score, earned=mark.points, verdict=Verdict.PARTIAL if mark.points else Verdict.LOST, reason=reason)
