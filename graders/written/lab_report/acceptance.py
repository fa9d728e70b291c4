"""A lab's acceptance list: what a report shows to be done, by metrics, ticked boxes, and text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graders.submission.notebooks.labels import StageLabels, begins_word, spaced
from graders.written.claims import Claims, Quote
from graders.written.claims.document import Block, Document, Heading, Line, Table

_BOX = re.compile(
    r"\[(?P<tick>[ xXv\u2713\u2714\u2611]?)\]\s*(?P<text>.+)"
    r"|(?P<sign>[\u2610\u2611\u2612\u2705\u2714\u274c])\s*(?P<rest>.+)"
)
MAX_LABEL = 200
SHOWN_BY = ("metrics", "tick", "text", "")
"""What may show an item, the strongest first."""
_FILE = re.compile(r"\S{1,120}\.ipynb")
_TICKED = frozenset("xXv\u2713\u2714\u2611\u2612\u2705")


@dataclass(frozen=True)
class ReportItem:
    """An item of the list. A report shows it by metrics of its ``stages``, or by words that begin with its ``stems``.

    ``unless_stage``: its words count only in a text that names no stage. ``always``: any report that can be read shows
    it.
    """

    id: str
    stages: tuple[str, ...] = ()
    stems: tuple[str, ...] = ()
    unless_stage: bool = False
    always: bool = False


@dataclass(frozen=True)
class Accepted:
    """What became of an item. ``by`` says what shows it: ``"metrics"``, ``"tick"``, ``"text"``; ``""`` if nothing does.

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


def acceptance(
    document: Document, claims: Claims, items: Sequence[ReportItem], labels: StageLabels, *, part: bool = False
) -> tuple[Accepted, ...]:
    """Each item, and what shows it: metrics of a stage count more than a tick, a tick more than a mention.

    :param part: the document is one of several files, so that its title may name a stage.
    """
    boxes = _boxes(document, items, labels)
    of_stage = {stage: item.id for item in items for stage in item.stages}
    metrics = {
        of_stage[claim.variants[0]]: claim.quote
        for claim in reversed(claims.claims)
        if len(claim.variants) == 1 and claim.variants[0] in of_stage
    }
    mentions = _mentions(document, items, labels, part=part)
    found = []
    for item in items:
        own = _own(item.id, boxes)
        ticked = next((box for box in own if box.ticked), None)
        unticked = bool(own) and ticked is None
        if item.id in metrics:
            found.append(Accepted(item.id, "metrics", metrics[item.id], unticked))
        elif ticked:
            found.append(Accepted(item.id, "tick", ticked.quote))
        elif item.always or (item.id in mentions and not unticked):
            found.append(Accepted(item.id, "text", mentions.get(item.id), unticked))
        else:
            found.append(Accepted(item.id, "", own[0].quote if own else None, unticked))
    return tuple(found)


def _own(item: str, boxes: Sequence[_Box]) -> list[_Box]:
    """The boxes of an item: those that are about the fewest others besides."""
    candidates = [box for box in boxes if item in box.items]
    least = min((len(box.items) for box in candidates), default=0)
    return [box for box in candidates if len(box.items) == least]


def _boxes(document: Document, items: Sequence[ReportItem], labels: StageLabels) -> list[_Box]:
    """The boxes of the report; if there are as many as items and some items are in none, they are in that order."""
    found = []
    for block in document.blocks:
        if isinstance(block, Line) and (box := _BOX.match(block.text[:500])):
            tick, text = (box.group("tick") or box.group("sign") or ""), box.group("text") or box.group("rest")
            quote = Quote(document.place(block.line), block.text[:300])
            found.append(_Box(tick in _TICKED and bool(tick), quote, items_of(text, items, labels)))
    covered = frozenset[str]().union(*(box.items for box in found))
    if len(found) == len(items) and not covered.issuperset(item.id for item in items):
        return [replace(box, items=frozenset({item.id})) for box, item in zip(found, items, strict=True)]
    return found


def items_of(text: str, items: Sequence[ReportItem], labels: StageLabels) -> frozenset[str]:
    """The items of the list that a line is about, by the stage that it names and by their words."""
    label = spaced(text[:MAX_LABEL])
    stage = labels.stage_of(_FILE.sub(" ", text[:MAX_LABEL]))
    of_stage = {item.id for item in items if stage in item.stages}
    by_words = {item.id for item in items if not (item.unless_stage and of_stage) and begins_word(label, item.stems)}
    return frozenset(of_stage | by_words)


def _mentions(document: Document, items: Sequence[ReportItem], labels: StageLabels, *, part: bool) -> dict[str, Quote]:
    """Where each item is mentioned first: in a heading below the title, a line without a box, a table's cell."""
    found: dict[str, Quote] = {}
    for block in document.blocks:
        if isinstance(block, Heading) and block.level == 1 and not (part and _is_of_stage(block.text, labels)):
            continue
        for line, text in _texts(block):
            for item in items_of(text, items, labels):
                found.setdefault(item, Quote(document.place(line), text[:300]))
    return found


def _is_of_stage(title: str, labels: StageLabels) -> bool:
    """Whether a title names a stage, and not the lab."""
    stage = labels.stage_of(title)
    return stage is not None and stage not in labels.titles


def _texts(block: Block) -> list[tuple[int, str]]:
    if isinstance(block, Table):
        return [(row.line, cell) for row in (block.header, *block.rows) for cell in row.cells]
    return [] if _BOX.match(block.text[:500]) else [(block.line, block.text)]
