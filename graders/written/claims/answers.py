"""Finding a summary's answers to a lab's questions, for manual grading. Nothing here judges an answer.

An answer stands below a heading, a bold line or a number. Which question it answers follows from the question's own
technical words (``deflation``, ``zip``, ``fp32``), by numbers, and by order: answers come in that of the questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from graders.written.claims.document import Block, Document, Heading, Line, Table
from graders.written.claims.model import Form, Place, Quote
from graders.written.claims.normalization import is_dense, normal
from graders.written.claims.trie import Words

MAX_PASSAGE = 2_000
MAX_PASSAGES = 200
_NUMBER = re.compile(r"\s*[^\d\s]{0,12}\s?(\d{1,2})(?=[\s.):\-,]|\Z)")
_LEAST = 2.0
_SHORT, _LONG = 5, 12
_FIGURES = re.compile(r"(?<!\S)[^\s\d]*+\d\S*")


@dataclass(frozen=True)
class Question:
    """A question of a lab. ``keys``: words that an answer's heading or text is likely to have in any language; a star
    stands for any ending. ``number`` counts from 1 in the lab's text.
    """

    id: str
    number: int
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """The passage that answers a question, as it was written; ``None`` if none was found.

    ``words`` is the length of the whole, also where the quote is cut off; one of a dense script's characters counts as
    half a word. ``matched_by`` says what matched: ``"words"``, ``"number"`` or ``"order"``.
    """

    question: str
    quote: Quote | None
    words: int = 0
    matched_by: str = ""


@dataclass(frozen=True)
class _Passage:
    """A part of a summary that may be an answer: its heading, what stands below, the beginning of that as text, where
    it stands, which part of what.
    """

    heading: str
    blocks: Sequence[Block]
    text: str
    line: int
    number: int | None
    above: tuple[str, ...]
    has_parts: bool = False


def find_answers(document: Document, questions: Sequence[Question]) -> tuple[Answer, ...]:
    """A passage for each question, in the order of the questions."""
    passages = _passages(document)
    chosen = _aligned(passages, questions)
    return tuple(
        Answer(question.id, None) if choice is None else _answer(question, *choice, document.place(choice[0].line))
        for question, choice in zip(questions, chosen, strict=True)
    )


def _answer(question: Question, passage: _Passage, matched_by: str, place: Place) -> Answer:
    """A passage as an answer, with its heading in front, unless the text begins with it."""
    heading = "" if passage.text.startswith(passage.heading) else f"{passage.heading}\n"
    text = heading + passage.text
    quoted = text if len(text) <= MAX_PASSAGE else text[: MAX_PASSAGE - 1] + "…"
    words = _count(heading) + _count("\n".join(_rows(passage.blocks, between=" ")))
    return Answer(question.id, Quote(place, quoted), words, matched_by)


def _passages(document: Document) -> list[_Passage]:
    """Each heading with what stands below it up to the next one that is no part of it; numbered items; paragraphs."""
    blocks = document.blocks
    found: list[_Passage] = []
    for at, block in enumerate(blocks):
        if isinstance(block, Heading):
            end = next((i for i in range(at + 1, len(blocks)) if _ends(blocks[i], block)), len(blocks))
            below = blocks[at + 1 : end]
            text = _text(below)
            inner = any(isinstance(one, Heading) for one in below)
            if text and not (inner and end - at > len(blocks) // 2):
                number = _leading_number(block.text)
                found.append(_Passage(block.text, below, text, block.line, number, block.above, inner))
        elif isinstance(block, Line) and block.number is not None:
            end = next((i for i in range(at + 1, len(blocks)) if _ends_item(blocks[i])), len(blocks))
            item = blocks[at:end]
            found.append(_Passage(block.text, item, _text(item), block.line, block.number, block.headings))
        elif isinstance(block, Line) and _begins_paragraph(block, blocks[at - 1] if at else None):
            end = next((i for i in range(at + 1, len(blocks)) if not _goes_on(blocks[i - 1], blocks[i])), len(blocks))
            text = _text(blocks[at:end])
            if _count(text) >= _LONG:
                above = ("paragraph", *block.headings)
                found.append(_Passage("", blocks[at:end], text, block.line, None, above))
        if len(found) >= MAX_PASSAGES:
            break
    return found


def _begins_paragraph(block: Line, before: Block | None) -> bool:
    return block.form is Form.PROSE and not _goes_on(before, block)


def _goes_on(one: Block | None, other: Block) -> bool:
    """Whether the second one is the next line of the same paragraph."""
    if not isinstance(one, Line) or not isinstance(other, Line):
        return False
    return one.form is other.form is Form.PROSE and other.line == one.line + 1


def _count(text: str) -> int:
    """Words, a character of a dense script counting half a one."""
    return len(text.split()) + sum(map(is_dense, text)) // 2


def _ends(block: Block, heading: Heading) -> bool:
    return isinstance(block, Heading) and block.level <= heading.level


def _ends_item(block: Block) -> bool:
    return not isinstance(block, Line) or block.number is not None


def _text(blocks: Sequence[Block]) -> str:
    """The beginning of what blocks say: a little more than a passage's quote has room for."""
    parts: list[str] = []
    size = 0
    for row in _rows(blocks):
        parts.append(row)
        size += len(row)
        if size > MAX_PASSAGE:
            break
    return "\n".join(parts)


def _rows(blocks: Sequence[Block], between: str = " | ") -> Iterator[str]:
    """Line by line what blocks say; ``between`` parts the cells of tables."""
    for block in blocks:
        if isinstance(block, Table):
            yield from (between.join(row.cells) for row in (block.header, *block.rows))
        else:
            yield block.text


def _leading_number(heading: str) -> int | None:
    found = _NUMBER.match(normal(heading))
    return int(found.group(1)) if found else None


@lru_cache(maxsize=256)
def _keys(keys: tuple[str, ...]) -> Words[str]:
    return Words({normal(key): key for key in keys})


def _score(passage: _Passage, question: Question, place: int | None) -> tuple[float, str]:
    """How well a passage fits a question, and the strongest sign of it."""
    words = _keys(question.keys)
    in_heading = {hit.meaning for hit in words.all(normal(passage.heading[:500]))}
    in_text = {hit.meaning for hit in words.all(normal(passage.text))} - in_heading
    parts = {
        "words": 3.0 * len(in_heading) + len(in_text),
        "number": 2.5 if passage.number == question.number else 0.0,
        "order": 2.0 if place == question.number else 0.0,
    }
    if not (parts["number"] or parts["order"]) and _count(_FIGURES.sub(" ", passage.text)) < _SHORT:
        return 0.0, ""
    return sum(parts.values()) - passage.has_parts, max(parts, key=lambda name: parts[name])


def _places(passages: Sequence[_Passage], count: int) -> list[int | None]:
    """For passages of a group with as many members as there are questions: which of them each is."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, passage in enumerate(passages):
        groups.setdefault(passage.above, []).append(index)
    places: list[int | None] = [None] * len(passages)
    for members in groups.values():
        if len(members) == count and count > 1:
            for place, index in enumerate(members, start=1):
                places[index] = place
    return places


def _aligned(passages: Sequence[_Passage], questions: Sequence[Question]) -> list[tuple[_Passage, str] | None]:
    """The assignment with the highest sum of scores in which answers come in the order of the questions."""
    places = _places(passages, len(questions))
    scores = [
        [_score(passage, question, place) for passage, place in zip(passages, places, strict=True)]
        for question in questions
    ]
    # best[q][p]: the highest sum for the first q questions within the first p passages.
    best = [[0.0] * (len(passages) + 1) for _ in range(len(questions) + 1)]
    for q in range(1, len(questions) + 1):
        for p in range(len(passages) + 1):
            best[q][p] = best[q - 1][p]
            if p:
                score = scores[q - 1][p - 1][0]
                taken = best[q - 1][p - 1] + score if score >= _LEAST else 0.0
                best[q][p] = max(best[q][p], best[q][p - 1], taken)
    chosen: list[tuple[_Passage, str] | None] = [None] * len(questions)
    q, p = len(questions), len(passages)
    while q and p:
        # Of equal sums the later passage: answers stand after results.
        score, matched_by = scores[q - 1][p - 1]
        if score >= _LEAST and best[q][p] == best[q - 1][p - 1] + score:
            chosen[q - 1] = (passages[p - 1], matched_by)
            q, p = q - 1, p - 1
        elif best[q][p] == best[q - 1][p]:
            q -= 1
        else:
            p -= 1
    return chosen
