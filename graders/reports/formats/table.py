"""Every criterion of every submission as CSV, for whoever teaches: what hidden values cost is shown in full."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from graders.reports.formats.card import Card, Item, written
from graders.reports.formats.sanitize import cell

COLUMNS = (
    "submission", "lab", "criterion", "title", "marked_by", "verdict", "earned", "maximum",
    "measured", "expected", "cause", "next", "profile", "seed", "isolation",
)  # fmt: skip


def criteria(cards: Sequence[Card]) -> str:
    """The file, in UTF-8 with quotes around every cell, so that no separator of any locale splits one.

    ``earned`` is empty for what is pending or unscored: neither is a zero.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(card, item) for card in cards for item in card.items)
    return sheet.getvalue()


def _row(card: Card, item: Item) -> list[str]:
    earned = "" if item.verdict in ("pending", "unscored") else written(item.earned)
    why = item.why
    reason = (why.measured, why.expected, why.cause, why.next) if why else ("",) * 4
    texts = (card.submission, item.lab, item.id, item.title, item.marked_by, item.verdict)
    return [
        *(cell(text) for text in texts),
        earned,
        written(item.maximum),
        *(cell(text) for text in reason),
        cell(card.profile),
        str(card.seed),
        cell(card.tier),
    ]
