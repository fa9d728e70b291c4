"""What is submitted beside the code, as charts for the report: claims beside measurements, the git history."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from graders.core.charts import Claim, Claims, CostlyCommit, History, HistoryPart, LabCommit
from graders.framework.static_review import ReviewedHistory, SummaryEvidence

if TYPE_CHECKING:
    from graders.submission.history import SubScore
    from graders.submission.history.records import Commit

MOST_COMMITS, LONGEST_SUBJECT = 40, 120


def claims_charts(summary: SummaryEvidence) -> list[Claims]:
    """What the summary states beside what was measured; none if nothing was compared."""
    if not summary.compared:
        return []
    claims = Claims(
        title="The summary's numbers beside the grader's",
        caption="The grader measures on other images, so quality metrics may differ by some points; sizes may not. "
        "Numbers that differ by more come first.",
        rows=tuple(
            Claim(
                variant=each.variant,
                quantity=each.quantity,
                stated=each.stated,
                place=each.place,
                measured=each.measured,
                agrees=each.agrees,
            )
            for each in sorted(summary.compared, key=lambda each: each.agrees)
        ),
    )
    return [claims]


def history_chart(reviewed: ReviewedHistory) -> History:
    """The parts of a git history with the commits that cost them, and the lab's own commits, oldest first."""
    own, paths = reviewed.scope.work, reviewed.scope.paths
    return History(
        title="The git history, part by part",
        caption="The student's own commits that touch this lab, without merges.",
        parts=tuple(_part(score) for score in reviewed.scores.values()),
        commits=tuple(_commit(commit, paths) for commit in own[:MOST_COMMITS]),
        more=max(0, len(own) - MOST_COMMITS),
    )


def _part(score: SubScore) -> HistoryPart:
    return HistoryPart(
        name=score.name,
        share=score.share,
        holds=score.holds,
        measured=score.measured,
        expected=score.expected,
        commits=tuple(
            CostlyCommit(commit=each.short, subject=each.subject[:LONGEST_SUBJECT], why=each.why)
            for each in score.commits[:MOST_COMMITS]
        ),
        more=max(0, len(score.commits) - MOST_COMMITS),
    )


def _commit(commit: Commit, paths: tuple[str, ...]) -> LabCommit:
    from graders.submission.history.records import below

    return LabCommit(
        commit=commit.short,
        time=commit.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if commit.time is not None else "",
        subject=commit.subject[:LONGEST_SUBJECT],
        files=sum(below(change.path, paths) for change in commit.files),
    )
