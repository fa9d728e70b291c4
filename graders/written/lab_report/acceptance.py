"""The lab's acceptance list: what a report shows to be done, by ticks, figures, and file names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graders.submission.notebooks.stages import has, spaced, stage_of
from graders.written.claims import Claims, Quote
from graders.written.claims.document import Block, Document, Heading, Line, Table
from graders.written.lab_report.words import words

CONVERT, PTQ, QAT, PRUNE, NOTEBOOK, REPORT = "convert", "ptq", "qat", "prune", "notebook", "report"
ITEMS = (CONVERT, PTQ, QAT, PRUNE, NOTEBOOK, REPORT)
_BOX = re.compile(
    r"\[(?P<tick>[ xXv\u2713\u2714\u2611]?)\]\s*(?P<text>.+)"
    r"|(?P<sign>[\u2610\u2611\u2612\u2705\u2714\u274c])\s*(?P<rest>.+)"
)
MAX_LABEL = 200
_FILE = re.compile(r"\S{1,120}\.ipynb")
_TICKED = frozenset("xXv\u2713\u2714\u2611\u2612\u2705")
_OF_STAGE = {
    "tflite": CONVERT,
    "ptq": PTQ,
    "qat": QAT,
    "qat_tflite": QAT,
    "pruned": PRUNE,
    "pruned_tflite": PRUNE,
    "pruned_quantized": PRUNE,
}


@dataclass(frozen=True)
class Accepted:
    """An item of the list. ``by`` says what shows it: ``"figures"``, ``"tick"``, ``"text"``; ``""`` where nothing does.

    ``unticked``: its box is there and is empty. ``quote`` is where it is shown.
    """

    item: str
    by: str
    quote: Quote | None = None
    unticked: bool = False

    @property
    def shown(self) -> bool:
        """Whether the report shows it."""
        return bool(self.by)


@dataclass(frozen=True)
class _Box:
    ticked: bool
    quote: Quote
    items: frozenset[str]


def acceptance(document: Document, claims: Claims, items: Sequence[str] = ITEMS) -> tuple[Accepted, ...]:
    """Each item, and what shows it. Figures of a stage show more than a tick, a tick more than that it is spoken of.

    A report that can be read is one: the item ``"report"`` is shown by the text itself.
    """
    boxes = _boxes(document, items)
    figures = {_OF_STAGE[claim.variants[0]]: claim.quote for claim in reversed(claims.claims) if _tells(claim.variants)}
    spoken = _spoken(document)
    found = []
    for item in items:
        own = _own(item, boxes)
        ticked = next((box for box in own if box.ticked), None)
        unticked = bool(own) and ticked is None
        if item in figures:
            found.append(Accepted(item, "figures", figures[item], unticked))
        elif ticked:
            found.append(Accepted(item, "tick", ticked.quote))
        elif item == REPORT or (item in spoken and not unticked):
            found.append(Accepted(item, "text", spoken.get(item), unticked))
        else:
            found.append(Accepted(item, "", own[0].quote if own else None, unticked))
    return tuple(found)


def _tells(variants: Sequence[str]) -> bool:
    return len(variants) == 1 and variants[0] in _OF_STAGE


def _own(item: str, boxes: Sequence[_Box]) -> list[_Box]:
    """The boxes of an item: those that speak of the fewest others besides."""
    named = [box for box in boxes if item in box.items]
    least = min((len(box.items) for box in named), default=0)
    return [box for box in named if len(box.items) == least]


def _boxes(document: Document, items: Sequence[str]) -> list[_Box]:
    """The boxes of the report; where there are as many as items and not each tells its own, they are in that order."""
    found = []
    for block in document.blocks:
        if isinstance(block, Line) and (box := _BOX.match(block.text[:500])):
            tick, text = (box.group("tick") or box.group("sign") or ""), box.group("text") or box.group("rest")
            quote = Quote(document.place(block.line), block.text[:300])
            found.append(_Box(tick in _TICKED and bool(tick), quote, items_of(text)))
    told = frozenset[str]().union(*(box.items for box in found))
    if len(found) == len(items) and not told.issuperset(items):
        return [replace(box, items=frozenset({item})) for box, item in zip(found, items, strict=True)]
    return found


def items_of(text: str) -> frozenset[str]:
    """The items of the list that a line speaks of: a stage, the notebook, the report; else the conversion as such."""
    label = spaced(text[:MAX_LABEL])
    item = _OF_STAGE.get(stage_of(_FILE.sub(" ", text[:MAX_LABEL])) or "")
    found = {item} if item else set()
    if not found and has(label, words()[CONVERT]):
        found.add(CONVERT)
    return frozenset(found | {name for name in (NOTEBOOK, REPORT) if has(label, words()[name])})


def _spoken(document: Document) -> dict[str, Quote]:
    """Where each item is spoken of first: in a heading below the title, a line without a box, a table's cell."""
    found: dict[str, Quote] = {}
    for block in document.blocks:
        for line, text in _texts(block):
            for item in items_of(text):
                found.setdefault(item, Quote(document.place(line), text[:300]))
    return found


def _texts(block: Block) -> list[tuple[int, str]]:
    if isinstance(block, Table):
        return [(row.line, cell) for row in (block.header, *block.rows) for cell in row.cells]
    title = isinstance(block, Heading) and block.level == 1
    return [] if title or _BOX.match(block.text[:500]) else [(block.line, block.text)]
