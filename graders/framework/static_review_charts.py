"""What is handed in beside the code, as charts for the report: claims beside measurements, the git history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from typing import TYPE_CHECKING, Any

from graders.framework.definition import Lab
from graders.framework.static_review import SummaryEvidence

if TYPE_CHECKING:
    from graders.submission.history import History, SubScore
    from graders.submission.history.records import Commit

MOST_COMMITS, LONGEST_SUBJECT = 40, 120


def claims_charts(summary: SummaryEvidence) -> list[dict[str, Any]]:
    """What the summary states beside what was measured; none where nothing was compared."""
    if not summary.compared:
        return []
    return [
        {
            "kind": "claims",
            "title": "The summary's figures beside the grader's",
            "caption": "The grader measures on other images, so qualities may differ by some points; sizes may not. "
            "What differs by more comes first.",
            "rows": [asdict(each) for each in sorted(summary.compared, key=lambda each: each.agrees)],
        }
    ]


def history_chart(history: History, scores: Mapping[str, SubScore], lab: Lab) -> dict[str, Any]:
    """The parts of a git history with the commits that cost them, and the lab's own commits, oldest first."""
    own = [commit for commit in history.commits if not commit.is_merge and commit.touches(lab.paths)]
    return {
        "kind": "history",
        "title": "The git history, part by part",
        "caption": "Commits of the student's own that touch this lab, without merges.",
        "parts": [_part(score) for score in scores.values()],
        "commits": [_commit(commit, lab) for commit in own[:MOST_COMMITS]],
        "more": max(0, len(own) - MOST_COMMITS),
    }


def _part(score: SubScore) -> dict[str, Any]:
    return {
        "name": score.name,
        "share": score.share,
        "holds": score.holds,
        "measured": score.measured,
        "expected": score.expected,
        "commits": [
            {"commit": each.short, "subject": each.subject[:LONGEST_SUBJECT], "why": each.why}
            for each in score.commits[:MOST_COMMITS]
        ],
        "more": max(0, len(score.commits) - MOST_COMMITS),
    }


def _commit(commit: Commit, lab: Lab) -> dict[str, Any]:
    from graders.submission.history.records import below

    return {
        "commit": commit.short,
        "time": commit.time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if commit.time is not None else "",
        "subject": commit.subject[:LONGEST_SUBJECT],
        "files": sum(below(change.path, lab.paths) for change in commit.files),
    }
