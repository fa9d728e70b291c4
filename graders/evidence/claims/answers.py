"""Finding a summary's answers to a lab's questions, for whoever marks them. Nothing here judges an answer.

An answer stands below a heading, a bold line or a number. Which question it is one to is told by the question's own
technical words (``deflation``, ``zip``, ``fp32``), by numbers, and by order: answers come in that of the questions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from graders.evidence.claims.document import Block, Document, Heading, Line, Table
from graders.evidence.claims.model import Form, Quote
from graders.evidence.claims.normal import is_dense, normal
from graders.evidence.claims.trie import Words

MAX_PASSAGE = 2_000
MAX_PASSAGES = 200
_NUMBER = re.compile(r"\s*[^\d\s]{0,12}\s?(\d{1,2})(?=[\s.):\-,]|\Z)")
_LEAST = 2.0
_SHORT, _LONG = 5, 12
_FIGURES = re.compile(r"\S*\d\S*")


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
    """The passage that answers a question, as it was written; ``None`` where none was found.

    ``words`` is its length; one of a dense script's characters counts as half a word. ``told_by`` says what told it:
    ``"words"``, ``"number"`` or ``"order"``.
    """

    question: str
    quote: Quote | None
    words: int = 0
    told_by: str = ""


@dataclass(frozen=True)
class _Passage:
    """A part of a summary that may be an answer: its heading, its text, where it stands, which part of what."""

    heading: str
    text: str
    line: int
    number: int | None
    above: tuple[str, ...]
    has_parts: bool = False


def find_answers(document: Document, questions: Sequence[Question]) -> tuple[Answer, ...]:
    """A passage for each question, in the order of the questions."""
    passages = _passages(document)
    chosen = _aligned(passages, questions)
    found = []
    for question, choice in zip(questions, chosen, strict=True):
        if choice is None:
            found.append(Answer(question.id, None))
            continue
        passage, told_by = choice
        text = passage.text if len(passage.text) <= MAX_PASSAGE else passage.text[: MAX_PASSAGE - 1] + "…"
        found.append(Answer(question.id, Quote(document.place(passage.line), text), _count(passage.text), told_by))
    return tuple(found)


def _passages(document: Document) -> list[_Passage]:
    """Each heading with what stands below it up to the next one that is no part of it; numbered items; paragraphs."""
    blocks = document.blocks
    found: list[_Passage] = []
    for at, block in enumerate(blocks):
        if isinstance(block, Heading):
            end = next((i for i in range(at + 1, len(blocks)) if _ends(blocks[i], block)), len(blocks))
            text = _text(blocks[at + 1 : end])
            inner = any(isinstance(one, Heading) for one in blocks[at + 1 : end])
            if text and not (inner and end - at > len(blocks) // 2):
                number = _leading_number(block.text)
                found.append(_Passage(block.text, text, block.line, number, block.above, inner))
        elif isinstance(block, Line) and block.number is not None:
            end = next((i for i in range(at + 1, len(blocks)) if _ends_item(blocks[i])), len(blocks))
            text = _text(blocks[at:end])
            found.append(_Passage(block.text, text, block.line, block.number, block.headings))
        elif _begins_paragraph(blocks, at):
            end = next((i for i in range(at + 1, len(blocks)) if not _goes_on(blocks[i - 1], blocks[i])), len(blocks))
            text = _text(blocks[at:end])
            if _count(text) >= _LONG:
                found.append(_Passage("", text, block.line, None, ("paragraph", *_headings(block))))
        if len(found) >= MAX_PASSAGES:
            break
    return found


def _begins_paragraph(blocks: Sequence[Block], at: int) -> bool:
    block = blocks[at]
    return isinstance(block, Line) and block.form is Form.PROSE and not (at and _goes_on(blocks[at - 1], block))


def _goes_on(one: Block, other: Block) -> bool:
    """Whether the second one is the next line of the same paragraph."""
    if not isinstance(one, Line) or not isinstance(other, Line):
        return False
    return one.form is other.form is Form.PROSE and other.line == one.line + 1


def _headings(block: Block) -> tuple[str, ...]:
    return block.headings if isinstance(block, Line) else ()


def _count(text: str) -> int:
    """Words, a character of a dense script counting half a one."""
    return len(text.split()) + sum(map(is_dense, text)) // 2


def _ends(block: Block, heading: Heading) -> bool:
    return isinstance(block, Heading) and block.level <= heading.level


def _ends_item(block: Block) -> bool:
    return not isinstance(block, Line) or block.number is not None


def _text(blocks: Sequence[Block]) -> str:
    parts: list[str] = []
    size = 0
    for block in blocks:
        rows = (
            [" | ".join(row.cells) for row in (block.header, *block.rows)] if isinstance(block, Table) else [block.text]
        )
        parts += rows
        size += sum(map(len, rows))
        if size > MAX_PASSAGE:
            break
    return "\n".join(parts)


def _leading_number(heading: str) -> int | None:
    found = _NUMBER.match(normal(heading))
    return int(found.group(1)) if found else None


@lru_cache(maxsize=256)
def _keys(keys: tuple[str, ...]) -> Words[str]:
    return Words({normal(key): key for key in keys})


def _score(passage: _Passage, question: Question, place: int | None) -> tuple[float, str]:
    """How well a passage fits a question, and what tells so most."""
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
        score, told_by = scores[q - 1][p - 1]
        if score >= _LEAST and best[q][p] == best[q - 1][p - 1] + score:
            chosen[q - 1] = (_body(passages[p - 1]), told_by)
            q, p = q - 1, p - 1
        elif best[q][p] == best[q][p - 1]:
            p -= 1
        else:
            q -= 1
    return chosen


def _body(passage: _Passage) -> _Passage:
    """The passage with its heading in front, unless the text begins with it."""
    if passage.text.startswith(passage.heading):
        return passage
    return replace(passage, text=f"{passage.heading}\n{passage.text}")
