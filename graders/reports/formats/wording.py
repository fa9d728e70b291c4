"""What formats for students tell of a criterion. Of values that were drawn for the grading, only their kind."""

from __future__ import annotations

from collections.abc import Iterator

from graders.reports.formats.card import PARTS, Card, Item, most, written

HIDDEN = "it fails for a value that was drawn for this grading and is not shown"
WORDS = {
    "earned": "earned",
    "partial": "partly earned",
    "lost": "lost",
    "missing": "nothing was handed in",
    "failed": "the code raised an exception",
    "timeout": "the code ran too long",
    "out_of_memory": "the code took too much memory",
    "crashed": "the code's process ended before its time",
    "tampered": "the code wrote to what is the grader's",
    "pending": "a person marks this",
    "unscored": "the grader could not decide this; no fault of the submission's",
}


def parts(item: Item) -> Iterator[tuple[str, str]]:
    """The parts of a criterion's reason by name; none for what was earned."""
    if item.why is None or item.verdict == "earned" or item.bonus:
        return
    if item.drawn:
        yield "measured", HIDDEN
        if not any(character.isdigit() for character in item.why.next):
            yield "next", item.why.next
        return
    for name in PARTS:
        text = getattr(item.why, name)
        if text:
            yield name, text


def verdict(item: Item) -> str:
    """How a criterion came out, in words."""
    if item.bonus:
        return "a bonus" if item.earned else "a bonus, which counts nothing here and costs nothing"
    return WORDS.get(item.verdict, item.verdict)


def worth(item: Item) -> str:
    """What a criterion earned, in words: ``0.3 of 1.5``."""
    if item.verdict == "pending":
        return f"{written(item.maximum)} to be marked"
    if item.verdict == "unscored":
        return f"{written(item.maximum)} not graded"
    if item.bonus:
        return f"{written(item.earned)} as a bonus"
    return f"{written(item.earned)} of {written(item.maximum)}"


def total(card: Card) -> str:
    """The score in one sentence."""
    sums = card.sums
    told = f"{written(sums.earned)} of {written(sums.automatic)} points"
    if sums.pending:
        told += f", {written(sums.pending)} more to be marked by a person"
    if card.unscored:
        told += f"; {written(most(card.unscored))} of them could not be graded, so this is no mark"
    return told
