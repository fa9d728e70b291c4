"""The metrics that a report claims for each stage.

A lab's :class:`StageLabels` say which stage a label names; the rest, quantities, units, decimals and transposed tables,
is read as in any other summary. For that a sign is put before each label that names a stage.

Outputs that were pasted have titles over all entries of a dictionary, which say nothing of a single one: of "gzipped
model size in bytes for baseline: 98928" only other entries of the same title can tell that it is no archive's size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from graders.submission.notebooks.labels import StageLabels
from graders.submission.notebooks.quantities import names, split_title
from graders.written.claims import Claims, Document, Quantity, Variant, find_claims
from graders.written.claims.document import Block, Heading, Line, Row, Table
from graders.written.claims.model import Form

MAX_LABEL = 160
LABEL_COLUMNS = 2
MOST_WORDS = 8
_LABEL = re.compile(r"[^:=|]{2,160}(?=\s*[:=|])")
_DIGIT = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class _Signs:
    """The signs that stand for stages, ``qqaqq`` and so on, and what they are replaced by again."""

    labels: StageLabels
    by_stage: dict[str, str]
    pattern: re.Pattern[str]

    @property
    def stages(self) -> dict[str, str]:
        return {sign: stage for stage, sign in self.by_stage.items()}

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Called by their signs alone: "pruned" within another stage's label names nothing."""
        return tuple(Variant(sign, "stage", required=False) for sign in self.by_stage.values())

    def removed(self, text: str) -> str:
        """A text as the student wrote it."""
        return self.pattern.sub("", text)

    def added(self, text: str, label: str | None = None) -> str:
        """The text with the sign of the stage before it that the label names, if it names one."""
        stage = self.labels.certain((text if label is None else label)[:MAX_LABEL])
        return text if stage is None else f"{self.by_stage[stage]} {text}"

    def heading(self, text: str, title: str) -> str:
        """A heading with its sign; the title, and one that is called like the lab, name no stage."""
        is_title = text == title or self.labels.stage_of(text[:MAX_LABEL]) in self.labels.titles
        return text if is_title else self.added(text)

    def block(self, block: Block, title: str, naming: frozenset[str]) -> Block:
        """A block with signs before its labels. :param naming: titles with entries that name archives themselves."""
        if isinstance(block, Heading):
            return replace(block, text=self.heading(block.text, title))
        if isinstance(block, Line):
            label = _LABEL.match(block.text) if block.form is Form.LINE else None
            return replace(block, text=self._line(block.text, label.group(), naming) if label else block.text)
        headings = tuple(self.heading(heading, title) for heading in block.headings)
        rows = tuple(self._row(row, LABEL_COLUMNS) for row in block.rows)
        return Table(self._row(block.header, len(block.header.cells)), rows, headings)

    def captioned(self, table: Table, caption: Line | None) -> Table:
        """A table of one column of sizes, which the caption or heading above it may call those of archives."""
        label, *columns = table.header.cells
        above = (caption.text if caption and _is_caption(caption.text) else "", *table.headings[-1:])
        plain = not any(names(text, group) for text in table.header.cells for group in ("zipped", "accuracy"))
        if len(columns) != 1 or not plain or not any(names(text, "zipped") for text in above):
            return table
        return replace(table, header=replace(table.header, cells=(label, f"{columns[0]} (zip)")))

    def _line(self, text: str, label: str, naming: frozenset[str]) -> str:
        """A line with its sign; without one if it is open whether it is about a file or its archive."""
        if not names(label, "zipped"):
            return self.added(text, label)
        title, own = split_title(label[:MAX_LABEL], self.labels)
        if not names(title, "zipped") or names(own, "zipped"):
            return self.added(text, label)
        if title not in naming:
            return text
        plain = _LETTERS.sub(lambda word: "" if names(word.group(), "zipped") else word.group(), label)
        return self.added(plain + text[len(label) :], label)

    def naming(self, document: Document) -> frozenset[str]:
        """The titles of lines with entries that say themselves that they are archives."""
        labels = (_LABEL.match(block.text) for block in document.blocks if isinstance(block, Line))
        zipped = (label.group()[:MAX_LABEL] for label in labels if label and names(label.group(), "zipped"))
        parts = (split_title(label, self.labels) for label in zipped)
        return frozenset(title for title, own in parts if names(own, "zipped") and title)

    def _row(self, row: Row, columns: int) -> Row:
        cells = (self.added(text) if at < columns else text for at, text in enumerate(row.cells))
        return replace(row, cells=tuple(cells))


def _is_caption(text: str) -> bool:
    return text.rstrip().endswith(":") or len(_LETTERS.findall(text)) <= MOST_WORDS


def _is_sentence(text: str) -> bool:
    """Whether a line of a list is one of an answer's text: its first number has no label, or far more than one."""
    number = _DIGIT.search(text)
    before = text[: number.start()] if number else ""
    words = _LETTERS.findall(before)
    return number is not None and not any(sign in before for sign in ":=|") and (not words or len(words) > MOST_WORDS)


@lru_cache(maxsize=16)
def _signs(labels: StageLabels) -> _Signs:
    letters = [chr(ord("a") + number) for number in range(len(labels.stages))]
    by_stage = {stage: f"qq{letter}qq" for stage, letter in zip(labels.stages, letters, strict=True)}
    return _Signs(labels, by_stage, re.compile(rf"\bqq[a-{letters[-1]}]qq ?"))


def report_claims(document: Document, labels: StageLabels, *, part: bool = False) -> Claims:
    """The metrics of a report, each with the stage that it is of. Those in sentences are never sure.

    :param part: the document is one of several files, so that its title may name a stage.
    """
    signs = _signs(labels)
    stages = signs.stages
    first = next((block for block in document.blocks if isinstance(block, Heading)), None)
    title = first.text if first and first.level == 1 and not part else ""
    naming = signs.naming(document)
    captioned = (
        signs.captioned(block, above if isinstance(above, Line) else None) if isinstance(block, Table) else block
        for above, block in zip((None, *document.blocks), document.blocks, strict=False)
    )
    signed = replace(document, blocks=tuple(signs.block(block, title, naming) for block in captioned))
    found = find_claims(signed, signs.variants)
    lines = (block for block in document.blocks if isinstance(block, Line) and not block.code)
    sentences = {document.place(line.line) for line in lines if _is_sentence(line.text)}
    claims = (
        replace(
            claim,
            variants=tuple(stages[sign] for sign in claim.variants),
            text=signs.removed(claim.text),
            form=Form.PROSE if claim.place in sentences else claim.form,
        )
        for claim in found.claims
        if claim.variants and (claim.quantity is not Quantity.ACCURACY or claim.value <= 1)
    )
    # What is left open has no text but "TODO" or the like, so no sign.
    blanks = (replace(blank, variant=stages[blank.variant]) for blank in found.blanks)
    return Claims(tuple(claims), tuple(blanks))
