"""What GitHub Actions shows of a grading: annotations on the student's own lines, and outputs for later steps."""

from __future__ import annotations

from collections.abc import Iterator

from graders.core.text import workflow_message, workflow_property
from graders.reports.formats.wording import parts, worth
from graders.reports.verdicts import WORDING
from graders.scoring import CriterionScore, Scorecard

# GitHub shows ten errors of a step.
MOST_ANNOTATIONS = 10
SHOWN = ("verdict", "measured", "cause", "next")


def notes(scorecard: Scorecard) -> Iterator[str]:
    """Workflow commands for what cost points, the costliest first; those beyond ten are counted in the tenth."""
    lost = sorted((score for score in scorecard.scores if score.lost), key=lambda score: -score.lost)
    shown = lost if len(lost) <= MOST_ANNOTATIONS else lost[: MOST_ANNOTATIONS - 1]
    for score in shown:
        yield _annotation(scorecard, score)
    if len(shown) < len(lost):
        yield f"::error title=optgrade::{len(lost) - len(shown)} more criteria lost points: see the run's summary"
    if scorecard.unscored:
        yield f"::warning title=optgrade::{len(scorecard.unscored)} criteria could not be graded; this is no mark"


def outputs(scorecard: Scorecard) -> dict[str, str]:
    """Outputs of a step, one line each; nothing of them is a submission's text."""
    return {name: f"{points:.2f}" for name, points in scorecard.points.to_json().items()}


def _annotation(scorecard: Scorecard, score: CriterionScore) -> str:
    where = ""
    # The innermost of the student's own lines is where the exception was raised.
    if score.lines:
        place = score.lines[-1]
        where = f"file={workflow_property(scorecard.path(place.file), 300)},line={place.line},"
    texts = {"verdict": WORDING[score.verdict].sentence, **dict(parts(score))}
    text = ". ".join(texts[name].rstrip(" .") for name in SHOWN if texts.get(name))
    return (
        f"::error {where}title={workflow_property(f'{score.id}: {worth(score)}', 200)}::{workflow_message(text, 900)}"
    )
