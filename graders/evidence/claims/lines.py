"""Claims in lines: list items, pasted metrics, sentences.

A line states something of the variant that it names, or of the one that was named before it: in a heading, in
``Model type: …``, in the item that it stands under. A sentence is read with care: only where it names one variant and
does not speak of a difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graders.evidence.claims.columns import EITHER, named_quantity, quantity_words
from graders.evidence.claims.document import Document, Heading, Line
from graders.evidence.claims.items import Item, Run
from graders.evidence.claims.model import SHARES, SIZES, Basis, Claim, Form, Quantity
from graders.evidence.claims.normal import is_dense, normal
from graders.evidence.claims.numerals import Figure, Kind, Unit, figures
from graders.evidence.claims.tables import Reading, heading_names
from graders.evidence.claims.values import fits, size_unit, value_of
from graders.evidence.claims.variants import Mention, mentions
from graders.evidence.claims.vocabulary import finder

MAX_QUOTE = 300
MAX_FIGURES = 40
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|[\u3002\uff01\uff1f]")
_CLAUSE = re.compile(r",(?!\d)|;")
_LABELLED = re.compile(r"[:=|]|\s-\s")
_SHORT = 7
_WORDS = ("accuracy", "accuracy_or_precision", "precision", "sensitivity", "g_mean", "time_ms", "bytes", "zipped",
          "deflation", "parameters", "other")  # fmt: skip
_PERCENT = Unit(Kind.PERCENT, 0.01, 0.01)


@dataclass(frozen=True)
class _Word:
    """A word, or words side by side, that name a quantity (``None``: another one than those looked for)."""

    quantity: Quantity | None
    start: int
    end: int


@dataclass(frozen=True)
class _Part:
    """A sentence or a line: its text, what it names, and its figures that are no part of a name."""

    text: str
    form: Form
    named: tuple[Mention, ...]
    figures: tuple[Figure, ...]
    words: tuple[_Word, ...]


def line_claims(document: Document, reading: Reading) -> Iterator[Claim]:
    """The claims of a document's lines; tables are not looked at."""
    context: tuple[str, ...] = ()
    run = Run()
    for block in document.blocks:
        if not isinstance(block, Line):
            yield from run.end(document)
            if isinstance(block, Heading):
                context = heading_names((*block.above, block.text), reading.variants)
            continue
        for part in _parts(block, reading):
            names = _speaks_of(part, context)
            if not part.figures and len(names) == 1 and _introduces(part):
                context = names
            claims = list(_claims(part, names, block, document, reading))
            item = _item(part, names, block)
            if item is None or not run.goes_on(item):
                yield from run.end(document)
            if item is None:
                yield from claims
            else:
                run.add(item, claims, doubtful=finder(EITHER).names(part.text) != frozenset())
    yield from run.end(document)


def _item(part: _Part, names: tuple[str, ...], line: Line) -> Item | None:
    """A line with one figure and words before it that name no quantity."""
    if part.form is not Form.LINE or len(part.figures) != 1 or len(names) != 1 or part.named:
        return None
    figure = part.figures[0]
    return Item(names, part.text[: figure.start], figure, line.line, line.text) if figure.start else None


def _parts(line: Line, reading: Reading) -> Iterator[_Part]:
    text = normal(line.text)
    for sentence in _SENTENCE.split(text) if line.form is Form.PROSE else [text]:
        whole = _part(sentence, _form(sentence, line.form), reading)
        clauses = _CLAUSE.split(sentence) if whole.form is Form.PROSE else [sentence]
        if len(clauses) == 1:
            yield whole
            continue
        # What a sentence is about holds for its later clauses, if it is one variant; else each must name its own.
        alone = len({mention.names for mention in whole.named}) == 1
        before: tuple[Mention, ...] = ()
        for clause in clauses:
            part = _part(clause, Form.PROSE, reading)
            yield replace(part, named=part.named or before)
            before = part.named or before if alone else ()
            before = tuple(replace(mention, start=0, end=0) for mention in before)


def _part(text: str, form: Form, reading: Reading) -> _Part:
    named = mentions(text, reading.variants)
    found = [one for one in figures(text, reading.commas) if one.kind() is not Kind.OTHER]
    free = tuple(one for one in found if not any(name.start <= one.start < name.end for name in named))
    return _Part(text, form, named, free, _words(text, named))


def _form(text: str, form: Form) -> Form:
    """A line that puts a name before a figure, or is very short, is a label with its figure, not a sentence."""
    words = len(text.split()) + sum(is_dense(character) for character in text) // 2
    if finder("comparison").names(text):
        return Form.PROSE if form is Form.PROSE or words > _SHORT else form
    if words <= _SHORT or (words <= 2 * _SHORT and _LABELLED.search(text)):
        return Form.LINE
    return Form.PROSE if words > 4 * _SHORT else form


def _words(text: str, named: Sequence[Mention]) -> tuple[_Word, ...]:
    """Words for quantities outside of names; side by side they name one thing: "ZIP size", "Top-5 accuracy"."""
    hits = finder(*_WORDS).all(text)
    found = [hit for hit in hits if not any(name.start <= hit.start < name.end for name in named)]
    words: list[_Word] = []
    at = 0
    while at < len(found):
        until = at + 1
        names = {found[at].meaning}
        while until < len(found) and _joins(
            names, found[until].meaning, text[found[until - 1].end : found[until].start]
        ):
            names.add(found[until].meaning)
            until += 1
        words.append(_Word(_quantity(names), found[at].start, found[until - 1].end))
        at = until
    return tuple(words)


def _joins(names: set[str], other: str, between: str) -> bool:
    if between.strip(" -_"):
        return False
    sizes = {"bytes", "zipped"}
    return (names <= sizes and other in sizes) or "other" in names | {other}


def _quantity(names: set[str]) -> Quantity | None:
    if "other" in names:
        return None
    if "accuracy_or_precision" in names:
        return Quantity.ACCURACY
    return named_quantity(names)


def _speaks_of(part: _Part, context: tuple[str, ...]) -> tuple[str, ...]:
    """The variants that a part states something of: the named ones; in a line without a name, the one before it."""
    if part.named:
        return part.named[0].names if len({mention.names for mention in part.named}) == 1 else ()
    return context if part.form is Form.LINE else ()


def _introduces(part: _Part) -> bool:
    """Whether what follows is about the one that it names: "Model type: native", an item that is only a name."""
    return part.form is Form.LINE and bool(part.named)


def _claims(part: _Part, names: tuple[str, ...], line: Line, document: Document, reading: Reading) -> Iterator[Claim]:
    if not 0 < len(part.figures) <= MAX_FIGURES:
        return
    prose = part.form is Form.PROSE
    compared = prose and bool(finder("comparison").names(part.text))
    stated: set[Quantity] = set()
    for figure, quantity, basis in _paired(part, line):
        variants = () if quantity is Quantity.PARAMETERS else names
        if quantity is not Quantity.PARAMETERS and (not names or compared):
            continue
        # In a sentence the name comes first, and only one figure of a kind is a statement: "131 KB become 60 KB".
        late = bool(part.named) and part.named[0].start >= figure.end
        if prose and (quantity in stated or late):
            continue
        stated.add(quantity)
        claim = _claim(figure, quantity, basis, variants, part, line, document, reading)
        if claim is not None:
            yield claim
    if not names and not compared:
        yield from _in_turn(part, line, document, reading)


def _paired(part: _Part, line: Line) -> Iterator[tuple[Figure, Quantity, Basis]]:
    """Each figure with the quantity whose word stands nearest before it, or behind it, or that its unit tells."""
    used: set[int] = set()
    last = 0
    for position, figure in enumerate(part.figures):
        following = part.figures[position + 1].start if position + 1 < len(part.figures) else len(part.text)
        before = [w for w in part.words if last <= w.start and w.end <= figure.start and w.start not in used]
        behind = [word for word in part.words if figure.end <= word.start and word.end <= following]
        last = figure.end
        word = _nearest(before, behind, figure, used, part)
        if word is not None:
            used.add(word.start)
            if word.quantity is not None and fits(figure, word.quantity):
                yield figure, word.quantity, Basis.WORD
            continue
        quantity = _by_unit(figure, part, line)
        if quantity is not None and not before:
            yield figure, quantity, Basis.UNIT


def _nearest(
    before: Sequence[_Word], behind: Sequence[_Word], figure: Figure, used: set[int], part: _Part
) -> _Word | None:
    """The word that goes with a figure; where words come first in the part, none behind a figure is its own."""
    if before:
        return before[-1]
    free = [word for word in behind if word.start not in used]
    first_word = part.words[0].start if part.words else len(part.text)
    return free[0] if free and (first_word > part.figures[0].start or free[0].start - figure.end <= 2) else None


def _by_unit(figure: Figure, part: _Part, line: Line) -> Quantity | None:
    """What a figure without a word is of: its unit tells, or the heading that it stands under."""
    if figure.kind() is Kind.TIME:
        return Quantity.TIME_MS
    if figure.kind() is Kind.BYTES:
        return Quantity.ZIP_BYTES if "zipped" in finder("zipped").names(part.text) else Quantity.BYTES
    alike = [one for one in part.figures if one.kind() is figure.kind()]
    if part.form is not Form.LINE or len(alike) != 1:
        return None
    for heading in reversed(line.headings):
        words = quantity_words(normal(heading))
        if words:
            quantity = named_quantity(words) if "other" not in words or "deflation" in words else None
            return quantity if quantity is not None and fits(figure, quantity) else None
    return None


def _in_turn(part: _Part, line: Line, document: Document, reading: Reading) -> Iterator[Claim]:
    """Several variants, each followed by its own figure: "FP32: 93.7 %, INT8: 92.1 %"."""
    quantities = {word.quantity for word in part.words}
    if part.named and part.named[-1].end > len(part.text):
        return
    if len(part.named) != len(part.figures) or len(part.named) < 2 or len(quantities) > 1:
        return
    ends = [mention.start for mention in part.named[1:]] + [len(part.text)]
    for mention, figure, end in zip(part.named, part.figures, ends, strict=True):
        if not (mention.end <= figure.start < end):
            return
    word = next(iter(quantities), None)
    for mention, figure in zip(part.named, part.figures, strict=True):
        quantity = word or (None if part.words else _by_unit(figure, part, line))
        if quantity is not None and fits(figure, quantity):
            claim = _claim(figure, quantity, Basis.ORDER, mention.names, part, line, document, reading)
            if claim is not None:
                yield claim


def _claim(
    figure: Figure,
    quantity: Quantity,
    basis: Basis,
    variants: tuple[str, ...],
    part: _Part,
    line: Line,
    document: Document,
    reading: Reading,
) -> Claim | None:
    bare = None
    if quantity in SHARES and figure.unit is None and figure.value > 1:
        bare = _PERCENT
    if quantity in SIZES and figure.unit is None:
        bare = size_unit([figure], reading.parameters)
    value = value_of(figure, quantity, bare)
    if value is None or (quantity is Quantity.PARAMETERS and value.value < 100):
        return None
    text = line.text if len(line.text) <= MAX_QUOTE else line.text[: MAX_QUOTE - 1] + "…"
    place = document.place(line.line)
    return Claim(variants, quantity, value.value, value.low, value.high, place, text, part.form, basis)
