"""The figures that a report states of each stage.

Which stage a label speaks of is told as for a notebook's printed figures; the rest, quantities, units, decimals and
tables that lie on their side, is read as in any other summary. For that a sign is put before each label that names a
stage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from graders.submission.notebooks.stages import PRUNED_QUANTIZED, QUANTIZED, STAGES, stage_of
from graders.written.claims import Claims, Document, Quantity, Variant, find_claims
from graders.written.claims.document import Block, Heading, Line, Row, Table
from graders.written.claims.model import Form

MAX_LABEL = 160
LABEL_COLUMNS = 2
MEASURED = {"accuracy": Quantity.ACCURACY, "size": Quantity.BYTES, "zipped": Quantity.ZIP_BYTES}
_SIGNS = {stage: f"qq{chr(ord('a') + number)}qq" for number, stage in enumerate(STAGES)}
_SIGN = re.compile(r"\bqq[a-h]qq ?")
_STAGES = {sign: stage for stage, sign in _SIGNS.items()}
# Called by their signs alone: "pruned" within another stage's label names nothing.
_VARIANTS = tuple(Variant(sign, "stage", required=False) for sign in _STAGES)
_LABEL = re.compile(r"[^:=|]{2,160}(?=\s*[:=|])")


def report_claims(document: Document) -> Claims:
    """The figures of a report, each with the stage that it is of. What stands in a sentence is never sure."""
    first = next((block for block in document.blocks if isinstance(block, Heading)), None)
    title = first.text if first and first.level == 1 else ""
    signed = replace(document, blocks=tuple(_block(block, title) for block in document.blocks))
    found = find_claims(signed, _VARIANTS)
    claims = (
        replace(claim, variants=tuple(_STAGES[sign] for sign in claim.variants), text=unsigned(claim.text))
        for claim in found.claims
        if claim.variants and (claim.quantity is not Quantity.ACCURACY or claim.value <= 1)
    )
    # What is left open has no text but "TODO" or the like, so no sign.
    blanks = (replace(blank, variant=_STAGES[blank.variant]) for blank in found.blanks)
    return Claims(tuple(claims), tuple(blanks))


def unsigned(text: str) -> str:
    """A text as the student wrote it."""
    return _SIGN.sub("", text)


def by_quantity(measured: Mapping[str, Mapping[str, float]]) -> dict[str, dict[Quantity, float]]:
    """What a lab measured of each stage, by the names of ``MEASURED``."""
    return {
        stage: {MEASURED[name]: value for name, value in facts.items() if name in MEASURED}
        for stage, facts in measured.items()
    }


def _signed(text: str, label: str | None = None) -> str:
    """The text with the sign of the stage before it that the label names, if it names one."""
    stage = stage_of((text if label is None else label)[:MAX_LABEL])
    return text if stage is None or stage == QUANTIZED else f"{_SIGNS[stage]} {text}"


def _heading(text: str, title: str) -> str:
    """A heading with its sign; the title, and one on quantisation and pruning, speak of the lab and of no stage."""
    return text if text == title or stage_of(text[:MAX_LABEL]) == PRUNED_QUANTIZED else _signed(text)


def _block(block: Block, title: str) -> Block:
    if isinstance(block, Heading):
        return replace(block, text=_heading(block.text, title))
    if isinstance(block, Line):
        label = _LABEL.match(block.text) if block.form is Form.LINE else None
        return replace(block, text=_signed(block.text, label.group()) if label else block.text)
    headings = tuple(_heading(heading, title) for heading in block.headings)
    rows = tuple(_row(row, LABEL_COLUMNS) for row in block.rows)
    return Table(_row(block.header, len(block.header.cells)), rows, headings)


def _row(row: Row, columns: int) -> Row:
    return replace(row, cells=tuple(_signed(text) if at < columns else text for at, text in enumerate(row.cells)))
