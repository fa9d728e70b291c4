"""Every criterion of every submission as CSV, for the instructor: what hidden values cost is shown in full."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from graders.core.text import spreadsheet_cell
from graders.scoring import CriterionScore, LabScore, Reason, Scorecard, format_points

COLUMNS = (
    "submission", "lab", "criterion", "title", "marked_by", "verdict", "earned", "maximum",
    "measured", "expected", "cause", "next", "profile", "seed", "isolation",
)  # fmt: skip


def criteria(scorecards: Sequence[Scorecard]) -> str:
    """The file, in UTF-8 with quotes around every cell, so that no separator of any locale splits one.

    ``earned`` is empty for what is pending or unscored: neither is a zero.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        _row(scorecard, lab, score) for scorecard in scorecards for lab in scorecard.labs for score in lab.scores
    )
    return sheet.getvalue()


def _row(scorecard: Scorecard, lab: LabScore, score: CriterionScore) -> list[str]:
    earned = format_points(score.earned) if score.decided else ""
    reason = score.reason or Reason("", "", "", "")
    texts = (scorecard.submission, lab.lab, score.id, score.title, score.marked_by, score.verdict.value)
    return [
        *(spreadsheet_cell(text) for text in texts),
        earned,
        format_points(score.maximum),
        *(spreadsheet_cell(text) for text in (reason.measured, reason.expected, reason.cause, reason.next)),
        spreadsheet_cell(scorecard.profile),
        str(scorecard.seed),
        spreadsheet_cell(scorecard.tier),
    ]
