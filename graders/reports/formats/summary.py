"""A summary in Markdown, for a workflow's run, a pull request or a mail. No text of a submission's is markup in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from graders.reports.formats.card import Card, Item, written
from graders.reports.formats.sanitize import markup
from graders.reports.formats.wording import parts, total, verdict, worth

MARKS = {"earned": "✅", "partial": "🟠", "pending": "✏️", "unscored": "⚠️"}
# GitHub takes a mebibyte for a step's summary and drops all of a larger one.
MOST_BYTES = 1024 * 1024 - 4096
CUT = "\n\nThe rest did not fit; the report has all of it.\n"


def document(cards: Sequence[Card]) -> str:
    """The summary of one or more submissions, within :data:`MOST_BYTES`: what does not fit is left out from the end."""
    pieces: list[str] = []
    size = 0
    for piece in (piece for card in cards for piece in _pieces(card)):
        size += len(piece.encode()) + 1
        if size > MOST_BYTES:
            return "\n".join(pieces) + CUT
        pieces.append(piece)
    return "\n".join(pieces) + "\n"


def _pieces(card: Card) -> Iterator[str]:
    yield f"## {markup(card.submission, 120)}: {total(card)}\n"
    for notice in card.notices:
        yield f"> {markup(notice)}\n"
    yield "| lab | earned | automatic | to be marked |\n|---|---:|---:|---:|"
    for lab, title in card.labs.items():
        sums = card.only([lab]).sums
        yield f"| {markup(title)} | {written(sums.earned)} | {written(sums.automatic)} | {written(sums.pending)} |"
    yield ""
    yield "| | criterion | points | |\n|---|---|---:|---|"
    for item in card.items:
        mark = "🎁" if item.bonus else MARKS.get(item.verdict, "❌")
        yield f"| {mark} | {markup(item.title)} | {worth(item)} | {markup(verdict(item))} |"
    yield ""
    yield from _reasons(card.items)
    yield f"Graded in the tier `{markup(card.tier, 20)}`, profile {markup(card.profile, 60)}, seed {card.seed}.\n"


def _reasons(items: Sequence[Item]) -> Iterator[str]:
    """Why points were lost, the dearest criterion first."""
    told = [item for item in items if item.lost or item.verdict == "unscored"]
    for item in sorted(told, key=lambda item: -item.lost):
        yield f"### {markup(item.title)} ({worth(item)})\n"
        for name, text in parts(item):
            yield f"- **{name}**: {markup(text)}"
        for place in item.lines[:3]:
            yield f"- **line**: {markup(place.file)}, {place.line}"
        yield ""
