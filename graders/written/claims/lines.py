"""Claims in lines: list items, pasted metrics, sentences.

A line states something of the variant that it names, or of the one that was named before it: in a heading, in
``Model type: …``, in the item that it stands under. A sentence is read with care: only where it names one variant and
does not speak of a difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from graders.written.claims.archive_listings import archived_claims
from graders.written.claims.columns import EITHER, NO_VALUE, is_spread, named_quantity, quantity_words
from graders.written.claims.document import Block, Document, Heading, Line, Table
from graders.written.claims.items import Item, Run
from graders.written.claims.listings import listed_claims
from graders.written.claims.model import SHARES, SIZES, Basis, Blank, Claim, Form, Quantity
from graders.written.claims.normalization import is_dense, normal
from graders.written.claims.numerals import Figure, Kind, Unit, figures, unit_of
from graders.written.claims.tables import Reading, heading_names
from graders.written.claims.trie import LETTER
from graders.written.claims.values import fits, looks_like_ratio, size_or_bare_unit, value_of
from graders.written.claims.variants import Mention, mentions
from graders.written.claims.vocabulary import finder

MAX_QUOTE = 300
MAX_FIGURES = 40
_ASIDE_IN_BRACKETS = re.compile(r"\([^()]{1,80}\)")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|[\u3002\uff01\uff1f]")
_SENTENCE_ENDS = (".", "!", "?", ";", ":", "\u3002", "\uff01", "\uff1f")
_CLAUSE = re.compile(r",(?!\d)|;")
_LABELLED = re.compile(r"[:=|]|\s-\s")
_BEHIND_NAME = re.compile(r"[\s)\]]*+[:=|(-]")
_SEPARATOR = re.compile(r"[,;|/]|\((?![^()]*\))")
_NAN = re.compile(rf"(?<![{LETTER}0-9])nan(?![{LETTER}0-9])")
_SHORT = 7
_LITTLE = 2
_SECOND = 1e3
_WORDS = ("accuracy", "accuracy_or_precision", "precision", "sensitivity", "g_mean", "time_ms", "bytes", "zipped",
          "deflation", "parameters", "other", "ratio", "setting", "statistic")  # fmt: skip
_STATISTIC = "statistic"
_ASIDE = frozenset({"other", "ratio", "setting", _STATISTIC})
_SURELY_BYTES = 10_000
_PERCENT = Unit(Kind.PERCENT, 0.01, 0.01)


@dataclass(frozen=True)
class _Word:
    """A word, or words side by side, that name a quantity (``None``: another one than those looked for)."""

    quantity: Quantity | None
    start: int
    end: int
    statistic: Quantity | None = None
    """The quantity that it names a median, a minimum or the like of."""
    of_time: bool = False
    """Whether it names such a statistic and not of what: in the labs, of times."""


@dataclass(frozen=True)
class _Part:
    """A sentence or a line: its text, what it names, and its figures that are no part of a name."""

    text: str
    form: Form
    named: tuple[Mention, ...]
    figures: tuple[Figure, ...]
    words: tuple[_Word, ...]
    about: tuple[str, ...] = ()
    """The variant that an earlier clause of its sentence named."""
    before: str = ""
    """What the sentence says before this clause, if the clause names nothing itself."""
    quotients: bool = False
    """Whether it says how many times more or less something is."""

    def compared(self) -> bool:
        """Whether it speaks of a difference."""
        found = finder(*_WORDS, "comparison").names(self.text) | finder("comparison").names(self.before)
        return "comparison" in found


def line_claims(document: Document, reading: Reading) -> Iterator[Claim | Blank]:
    """The claims of a document's lines, and values that they say are not defined; tables are not looked at."""
    context: tuple[str, ...] = ()
    headed = False
    run = Run()
    for block in _unwrapped(document.blocks):
        if not isinstance(block, Line):
            yield from run.end(document)
            if isinstance(block, Heading):
                context = heading_names((*block.above, block.text), reading.variants)
                headed = bool(context)
            continue
        listed = archived_claims(block, document, reading)
        if listed is None:
            listed = listed_claims(block, document, reading)
        if listed is not None:
            yield from (*run.end(document), *listed)
            continue
        for part in (half for whole in _parts(block, reading) for half in _halves(whole, context, reading)):
            names = _speaks_of(part, context)
            if not part.figures and len(names) == 1 and _introduces(part, headed):
                context = names
            claims = list(_claims(part, names, block, document, reading))
            yield from _undefined(part, names, block, document)
            item = _item(part, names, block)
            if item is None or not run.goes_on(item):
                yield from run.end(document)
            if item is None:
                yield from claims
            else:
                run.add(item, claims, doubtful=finder(EITHER).names(part.text) != frozenset())
    yield from run.end(document)


def _unwrapped(blocks: Sequence[Block]) -> Iterator[Block]:
    """The blocks, with a line that begins with a number joined to the line of its sentence before it."""
    waiting: Block | None = None
    for block in blocks:
        if isinstance(waiting, Line) and isinstance(block, Line) and _goes_on(waiting, block):
            waiting = replace(waiting, text=f"{waiting.text} {block.text}")
            continue
        if waiting is not None:
            yield waiting
        waiting = block
    if waiting is not None:
        yield waiting


def _goes_on(line: Line, following: Line) -> bool:
    prose = line.form is following.form is Form.PROSE and not (line.code or following.code)
    beside = following.line == line.line + 1 and following.number is None
    return prose and beside and following.text[:1].isdigit() and not line.text.rstrip().endswith(_SENTENCE_ENDS)


def _item(part: _Part, names: tuple[str, ...], line: Line) -> Item | None:
    """A line with one figure and words before it that name no quantity."""
    if part.form is not Form.LINE or len(part.figures) != 1 or len(names) != 1 or part.named:
        return None
    figure = part.figures[0]
    return Item(names, part.text[: figure.start], figure, line.line, line.text) if figure.start else None


def _parts(line: Line, reading: Reading) -> Iterator[_Part]:
    text = _ASIDE_IN_BRACKETS.sub(_without_comparison, normal(line.text))
    for sentence in _SENTENCE.split(text) if line.form is Form.PROSE else [text]:
        whole = _part(sentence, _form(sentence, line.form), reading)
        clauses = _CLAUSE.split(sentence) if whole.form is Form.PROSE else [sentence]
        if len(clauses) == 1:
            yield whole
            continue
        # What a sentence is about holds for its later clauses, if it is one variant; else each must name its own.
        alone = len({mention.names for mention in whole.named}) == 1
        about: tuple[str, ...] = ()
        said = ""
        for clause in clauses:
            part = replace(_part(clause, Form.PROSE, reading), about=about)
            yield replace(part, before=said) if not part.named and _only_units(part) else part
            about = _speaks_of(part, ()) if alone else ()
            said = f"{said} {_unnamed(part)}"


def _without_comparison(aside: re.Match[str]) -> str:
    """Spaces for "(2.05 times smaller)", which says nothing of what stands before it but how it compares."""
    return " " * len(aside.group()) if finder("comparison").names(aside.group()) else aside.group()


def _unnamed(part: _Part) -> str:
    """A part's text without the names in it, of which "16 clusters" would be read as something else."""
    text = part.text
    for mention in reversed(part.named):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    return text


def _only_units(part: _Part) -> bool:
    """Whether its words are no more than the units of its figures."""
    return all(any(one.start < word.start and word.end <= one.end for one in part.figures) for word in part.words)


def _halves(part: _Part, context: tuple[str, ...], reading: Reading) -> Iterator[_Part]:
    """Of "53.5 KB (FP32: 112.9 KB)", below another variant's name, what is that one's, and what is FP32's."""
    one = len({mention.names for mention in part.named}) == 1 and part.form is Form.LINE and context
    if not one or not part.figures or part.named[0].start < part.figures[0].end or not _beside(part):
        yield part
        return
    at = part.named[0].start
    yield _part(part.text[:at], Form.LINE, reading)
    if part.figures[-1].start >= at:
        yield _part(part.text[at:], Form.LINE, reading)


def _beside(part: _Part) -> bool:
    """Whether the variant named is another one than that of the figure before it: it has its own, or is compared."""
    return part.figures[-1].start >= part.named[-1].end or part.compared()


def _part(text: str, form: Form, reading: Reading) -> _Part:
    named = mentions(text, reading.variants)
    every = figures(text, reading.commas)
    found = [one for one in every if one.kind() is not Kind.OTHER]
    free = tuple(one for one in found if not any(name.start <= one.start < name.end for name in named))
    others = [one for one in every if one.kind() is Kind.OTHER]
    quotients = any(not any(name.start <= one.start < name.end for name in named) for one in others)
    return _Part(text, form, named, free, _words(text, named, others), quotients=quotients)


def _form(text: str, form: Form) -> Form:
    """A line that puts a name before a figure, or is very short, is a label with its figure, not a sentence."""
    words = len(text.split()) + sum(is_dense(character) for character in text) // 2
    if finder("comparison").names(text):
        return Form.PROSE if form is Form.PROSE or words > _SHORT else form
    if words <= _SHORT or (words <= 2 * _SHORT and _LABELLED.search(text)):
        return Form.LINE
    return Form.PROSE if words > 4 * _SHORT else form


def _words(text: str, named: Sequence[Mention], others: Sequence[Figure]) -> tuple[_Word, ...]:
    """Words for quantities outside of names; side by side they name one thing: "ZIP size", "Top-5 accuracy"."""
    hits = finder(*_WORDS).all(text)
    found = [hit for hit in hits if not any(name.start <= hit.start < name.end for name in named)]
    found = [hit for hit in found if not (hit.meaning == "ratio" and any(o.start < hit.start < o.end for o in others))]
    found = [hit for hit in found if not is_spread(text, hit.start, hit.meaning)]
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
        statistic = _quantity(names - {_STATISTIC}) if _STATISTIC in names else None
        alone = names == {_STATISTIC}
        words.append(_Word(_quantity(names), found[at].start, found[until - 1].end, statistic, alone))
        at = until
    return tuple(words)


def _joins(names: set[str], other: str, between: str) -> bool:
    if between.strip(" -_"):
        return False
    sizes = {"bytes", "zipped"}
    return (names <= sizes and other in sizes) or bool((names | {other}) & _ASIDE)


def _quantity(names: set[str]) -> Quantity | None:
    if names & _ASIDE and not names <= {"deflation", "ratio"}:
        return None
    if "accuracy_or_precision" in names:
        return Quantity.ACCURACY
    return named_quantity(names)


def _speaks_of(part: _Part, context: tuple[str, ...]) -> tuple[str, ...]:
    """The variants that a part states something of: the named ones; without a name, the one before it."""
    if part.named:
        return part.named[0].names if len({mention.names for mention in part.named}) == 1 else _label_of_several(part)
    return context if part.form is Form.LINE else part.about


def _label_of_several(part: _Part) -> tuple[str, ...]:
    """The variants of "int8-0.01, int8-0.08: 64", which has one figure for all of them."""
    if part.form is not Form.LINE or len(part.figures) != 1 or part.named[-1].end > part.figures[0].start:
        return ()
    rest = _unnamed(replace(part, text=part.text[: part.figures[0].start]))
    if not rest.rstrip().endswith((":", "=")) or rest.strip(" ,;&+/:=-*"):
        return ()
    return tuple(dict.fromkeys(name for mention in part.named for name in mention.names))


def _introduces(part: _Part, headed: bool) -> bool:
    """Whether what follows is about the one that it names: "Model type: native", an item that is only a name. Below a
    heading that names one already ("same speed as FP32"), only what says little else.
    """
    if part.form is not Form.LINE or not part.named or part.compared():
        return False
    rest = part.text[: part.named[0].start] + part.text[part.named[-1].end :]
    return not headed or len(rest.split()) <= _LITTLE


def _claims(part: _Part, names: tuple[str, ...], line: Line, document: Document, reading: Reading) -> Iterator[Claim]:
    if len(part.figures) > MAX_FIGURES:
        return
    prose = part.form is Form.PROSE
    compared = prose and bool(finder("comparison").names(part.text) or finder("comparison").names(part.before))
    doubtful = not prose and part.compared()
    stated: set[Quantity] = set()
    for figure, quantity, basis in _paired(part, line):
        variants = () if quantity is Quantity.PARAMETERS else names
        if quantity is not Quantity.PARAMETERS and (not names or compared):
            continue
        # In a sentence the name comes first, and only one figure of a kind is a statement: "131 KB become 60 KB".
        late = bool(part.named) and part.named[0].start >= figure.end
        if prose and (quantity in stated or late):
            continue
        if doubtful and _is_difference(figure, part):
            continue
        stated.add(quantity)
        claim = _claim(figure, quantity, Basis.GUESS if doubtful else basis, variants, part, line, document, reading)
        if claim is not None:
            yield claim
    if not names and not compared:
        yield from _in_turn(part, line, document, reading)
        yield from _of_all(part, line, document, reading)


def _undefined(part: _Part, names: tuple[str, ...], line: Line, document: Document) -> Iterator[Blank]:
    """Each NaN as the value of the quantity whose word is the last one before it."""
    if len(names) != 1:
        return
    for found in islice(_NAN.finditer(part.text), MAX_FIGURES):
        before = [word for word in part.words if word.end <= found.start()]
        if before and before[-1].quantity is not None:
            yield Blank(names[0], before[-1].quantity, document.place(line.line), found.group())


def _is_difference(figure: Figure, part: _Part) -> bool:
    """Whether a word such as "faster" stands right behind a figure: "0.02 ms faster"."""
    hits = finder(*_WORDS, "comparison").all(part.text)
    return any(hit.meaning == "comparison" and 0 <= hit.start - figure.end <= 1 for hit in hits)


def _paired(part: _Part, line: Line) -> Iterator[tuple[Figure, Quantity, Basis]]:
    """Each figure with the quantity whose word stands nearest before it, or behind it, or that its unit implies."""
    used: set[int] = set()
    last = 0
    for figure in part.figures:
        until = _until(part, figure)
        before = [w for w in part.words if last <= w.start and w.end <= figure.start and w.start not in used]
        behind = [word for word in part.words if figure.end <= word.start and word.end <= until]
        behind = [word for word in behind if word.quantity is None or fits(figure, word.quantity)]
        last = figure.end
        if figure.kind() not in (None, Kind.TIME):
            before, behind = ([word for word in words if not word.of_time] for words in (before, behind))
        word = _nearest(before, behind, figure, part)
        if word is not None:
            used.add(word.start)
            if word.statistic is not None and part.form is Form.LINE and fits(figure, word.statistic):
                yield figure, word.statistic, Basis.GUESS
            if word.quantity is not None and fits(figure, word.quantity):
                yield figure, word.quantity, Basis.WORD
            continue
        quantity = _by_unit(figure, part, line)
        if quantity is not None and not before:
            # Seconds with nothing that says of what may be those of training.
            long = figure.unit is not None and figure.kind() is Kind.TIME and figure.unit.factor >= _SECOND
            # A line of a paragraph may be half a sentence, of which the other half says that it is a median.
            half = figure.kind() is Kind.TIME and line.form is Form.PROSE and not _is_label(part, figure)
            # "Median of 1500 calls: 0.105 ms" is still a median.
            other = figure.kind() is Kind.TIME and any(w.quantity is None and w.end <= figure.start for w in part.words)
            # Of two sizes one is the archive's: "53.5 KB (54,784 bytes) zipped" has it behind both.
            sizes = [one for one in part.figures if one.kind() is Kind.BYTES]
            mixed = quantity in SIZES and len(sizes) > 1 and any(w.quantity is Quantity.ZIP_BYTES for w in part.words)
            yield figure, quantity, Basis.GUESS if long or half or other or mixed else Basis.UNIT


def _until(part: _Part, figure: Figure) -> int:
    """Where the words end that may be a figure's own: in "131 KB (zip: 53.5 KB)" before the bracket."""
    following = next((one.start for one in part.figures if one.start > figure.start), None)
    if following is None:
        return len(part.text)
    return max((found.start() for found in _SEPARATOR.finditer(part.text, figure.end, following)), default=following)


def _is_label(part: _Part, figure: Figure) -> bool:
    """Whether a variant's name is the label of a figure: "FP32: 4.2 ms"."""
    before = [mention.end for mention in part.named if mention.end <= figure.start]
    return bool(before) and _BEHIND_NAME.match(part.text, before[-1]) is not None


def _nearest(before: Sequence[_Word], behind: Sequence[_Word], figure: Figure, part: _Part) -> _Word | None:
    """The word that goes with a figure; where words come first in the part, none behind a figure is its own."""
    if before:
        return before[-1]
    if not behind:
        return None
    figures_first = part.figures[0].start < part.words[0].start
    return behind[0] if figures_first or behind[0].start - figure.end <= 2 else None


def _by_unit(figure: Figure, part: _Part, line: Line) -> Quantity | None:
    """What a figure without a word is of: its unit decides, or the heading above it."""
    if part.before and finder(*_WORDS).names(part.before) & _ASIDE:
        return None
    if figure.kind() is Kind.TIME:
        return Quantity.TIME_MS
    if figure.kind() is Kind.BYTES:
        zipped = "zipped" in finder("bytes", "zipped").names(f"{part.before} {part.text[: _until(part, figure)]}")
        return Quantity.ZIP_BYTES if zipped else Quantity.BYTES
    alike = [one for one in part.figures if one.kind() is figure.kind()]
    if part.form is not Form.LINE or len(alike) != 1:
        return None
    for heading in reversed(line.headings):
        words = quantity_words(normal(heading))
        if words:
            quantity = named_quantity(words) if not words & NO_VALUE or "deflation" in words else None
            return None if quantity in SIZES and part.quotients else quantity
    return None


def _in_turn(part: _Part, line: Line, document: Document, reading: Reading) -> Iterator[Claim]:
    """Several variants, each followed by its own figure: "FP32: 93.7 %, INT8: 92.1 %"."""
    quantities = {word.quantity for word in part.words}
    if len(part.named) != len(part.figures) or len(part.named) < 2 or len(quantities) > 1:
        return
    ends = [mention.start for mention in part.named[1:]] + [len(part.text)]
    for mention, figure, end in zip(part.named, part.figures, ends, strict=True):
        if not (mention.end <= figure.start < end):
            return
    word = next(iter(quantities), None)
    for mention, figure in zip(part.named, part.figures, strict=True):
        quantity = word or (None if part.words else _by_unit(figure, part, line))
        claim = quantity and _claim(figure, quantity, Basis.ORDER, mention.names, part, line, document, reading)
        if claim:
            yield claim


def _of_all(part: _Part, line: Line, document: Document, reading: Reading) -> Iterator[Claim]:
    """One size of several variants that are named before it: "every INT8 file (imbint8 too) has 60.2 KiB"."""
    sizes = [figure for figure in part.figures if figure.kind() is Kind.BYTES]
    if len(sizes) != 1 or len(part.named) < 2 or part.named[-1].end > sizes[0].start or part.compared():
        return
    quantity = _by_unit(sizes[0], part, line)
    variants = tuple(dict.fromkeys(name for mention in part.named for name in mention.names))
    claim = quantity and _claim(sizes[0], quantity, Basis.GUESS, variants, part, line, document, reading)
    if claim:
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
    bare, is_open = None, False
    if quantity in SHARES and figure.unit is None and figure.value > 1:
        bare = _PERCENT
    if quantity in SIZES and figure.unit is None:
        bare = _unit_before(figure, part, line, Kind.BYTES)
        if bare is None:
            if looks_like_ratio([figure]) and "bytes" not in finder("bytes").names(part.text):
                return None
            bare, is_open = size_or_bare_unit([figure], reading.parameters)
            basis = basis if figure.step >= 1 and figure.value >= _SURELY_BYTES else Basis.GUESS
    if quantity is Quantity.TIME_MS and figure.unit is None:
        bare = _unit_before(figure, part, line, Kind.TIME)
    value = value_of(figure, quantity, bare)
    if value is None or (quantity is Quantity.PARAMETERS and value.value < 100):
        return None
    text = line.text if len(line.text) <= MAX_QUOTE else line.text[: MAX_QUOTE - 1] + "…"
    place = document.place(line.line)
    bounds = (value.value, value.low, value.high)
    return Claim(variants, quantity, *bounds, place, text, part.form, basis, bare=is_open)


def _unit_before(figure: Figure, part: _Part, line: Line, kind: Kind) -> Unit | None:
    """The unit that stands before a figure, or in the heading above: "time [µs]: 107", "Sizes (KB)"."""
    last = max((one.end for one in part.figures if one.end <= figure.start), default=0)
    texts = (part.text[last : figure.start], *(normal(heading) for heading in reversed(line.headings)))
    units = (unit_of(text) for text in texts)
    return next((unit for unit in units if unit is not None and unit.kind is kind), None)


def parameter_claims(table: Table, document: Document, reading: Reading) -> Iterator[Claim]:
    """Numbers of parameters in a table that is about something else: "| model | MobileNet, 32,021 parameters |"."""
    for row in (table.header, *table.rows):
        texts = [*row.cells, ": ".join(row.cells)] if len(row.cells) == 2 else row.cells
        found = []
        for text in texts:
            line = Line(text, row.line, Form.PROSE, ())
            parts = _parts(line, reading)
            found += [claim for part in parts for claim in _claims(part, (), line, document, reading)]
        yield from [claim for claim in found if claim.quantity is Quantity.PARAMETERS][:1]
