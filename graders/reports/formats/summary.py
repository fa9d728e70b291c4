"""A summary in Markdown, for a workflow's run, a pull request or a mail. No text of a submission's is markup in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.core.text import markdown_line
from graders.core.verdicts import Verdict
from graders.reports.formats.wording import parts, total, verdict, worth
from graders.reports.verdicts import OPTIONAL, WORDING
from graders.scoring import Scorecard, format_points
from graders.scoring.points import left_out_points

# GitHub takes a mebibyte for a step's summary and drops all of a larger one.
MOST_BYTES = 1024 * 1024 - 4096
CUT = "\n\nThe rest did not fit; the report has all of it.\n"


def document(scorecards: Sequence[Scorecard]) -> str:
    """The summary of one or more submissions, within :data:`MOST_BYTES`: what does not fit is left out from the end."""
    pieces: list[str] = []
    size = 0
    for piece in (piece for scorecard in scorecards for piece in _pieces(scorecard)):
        size += len(piece.encode()) + 1
        if size > MOST_BYTES:
            return "\n".join(pieces) + CUT
        pieces.append(piece)
    return "\n".join(pieces) + "\n"


def _pieces(scorecard: Scorecard) -> Iterator[str]:
    yield f"## {markdown_line(scorecard.submission, 120)}: {total(scorecard)}\n"
    for notice in scorecard.notices:
        yield f"> {markdown_line(notice)}\n"
    yield "| lab | earned | automatic | graded manually |\n|---|---:|---:|---:|"
    for lab in scorecard.labs:
        points = lab.points
        automatic = points.automatic - left_out_points(lab.scores)
        sums = " | ".join(format_points(each) for each in (points.earned, automatic, points.pending))
        yield f"| {markdown_line(lab.title)} | {sums} |"
    yield ""
    yield "| | criterion | points | |\n|---|---|---:|---|"
    for score in scorecard.scores:
        mark = (OPTIONAL if score.bonus else WORDING[score.verdict]).emoji
        yield f"| {mark} | {markdown_line(score.title)} | {worth(score)} | {markdown_line(verdict(score))} |"
    yield ""
    yield from _reasons(scorecard)
    tier, profile = markdown_line(scorecard.tier, 20), markdown_line(scorecard.profile, 60)
    yield f"Isolation tier `{tier}`, profile {profile}, seed {scorecard.seed}.\n"


def _reasons(scorecard: Scorecard) -> Iterator[str]:
    """Why points were lost, the costliest criterion first."""
    shown = [score for score in scorecard.scores if score.lost or score.verdict is Verdict.UNSCORED]
    for score in sorted(shown, key=lambda score: -score.lost):
        yield f"### {markdown_line(score.title)} ({worth(score)})\n"
        for name, text in parts(score):
            yield f"- **{name}**: {markdown_line(text)}"
        for place in score.lines[:3]:
            yield f"- **line**: {markdown_line(scorecard.path(place.file))}, {place.line}"
        yield ""
