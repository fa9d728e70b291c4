"""What GitHub Actions shows of a grading: annotations on the student's own lines, and outputs for later steps."""

from __future__ import annotations

from collections.abc import Iterator

from graders.reports.formats.card import Card, Item
from graders.reports.formats.sanitize import command, value
from graders.reports.formats.wording import WORDS, parts, worth

# GitHub shows ten errors of a step.
MOST_ANNOTATIONS = 10
TOLD = ("verdict", "measured", "cause", "next")


def notes(card: Card) -> Iterator[str]:
    """Workflow commands for what cost points, the dearest first; those beyond ten are counted in the tenth."""
    told = sorted((item for item in card.items if item.lost), key=lambda item: -item.lost)
    shown = told if len(told) <= MOST_ANNOTATIONS else told[: MOST_ANNOTATIONS - 1]
    for item in shown:
        yield _annotation(item)
    if len(shown) < len(told):
        yield f"::error title=optgrade::{len(told) - len(shown)} more criteria lost points: see the run's summary"
    if card.unscored:
        yield f"::warning title=optgrade::{len(card.unscored)} criteria could not be graded; this is no mark"


def outputs(card: Card) -> dict[str, str]:
    """Outputs of a step, one line each; nothing of them is a submission's text."""
    return {name: f"{points:.2f}" for name, points in vars(card.sums).items()}


def _annotation(item: Item) -> str:
    where = ""
    # The innermost of the student's own lines is where the exception was raised.
    if item.lines:
        place = item.lines[-1]
        where = f"file={value(place.file, 300)},line={place.line},"
    texts = {"verdict": WORDS.get(item.verdict, item.verdict), **dict(parts(item))}
    told = ". ".join(texts[name].rstrip(" .") for name in TOLD if texts.get(name))
    return f"::error {where}title={value(f'{item.id}: {worth(item)}', 200)}::{command(told, 900)}"
