"""Which passage answers which question: what words, numbers and order weigh against each other."""

from __future__ import annotations

import pytest

from graders.written.claims import Answer, Question, find_answers, read_document

QUESTIONS = (
    Question("fp32", 1, ("fp32", "native")),
    Question("int8", 2, ("int8", "quanti*")),
    Question("calibration", 3, ("calib*", "images")),
    Question("imbalanced", 4, ("imb*", "class")),
)
BODY = "It stays as it was, and is faster by far."
OTHER = "Nothing of all that has been seen on this computer."


def answers(text: str, questions: tuple[Question, ...] = QUESTIONS) -> tuple[Answer, ...]:
    return find_answers(read_document(text), questions)


def lines(text: str, questions: tuple[Question, ...] = QUESTIONS) -> list[int | None]:
    """The lines where the answers begin."""
    return [answer.quote.place.line if answer.quote else None for answer in answers(text, questions)]


def sections(*headings: str) -> str:
    """A section in four lines each: the first begins in line 1, the second in line 5."""
    return "".join(f"### {heading}\n\n{BODY}\n\n" for heading in headings)


@pytest.mark.parametrize(
    ("headings", "expected", "matched_by"),
    [
        (("FP32 or native", "INT8", "Calibration", "Imbalanced"), [1, 5, 9, 13], "words"),
        (("1. FP32", "2. INT8", "3. Calibration", "4. Imbalanced"), [1, 5, 9, 13], "words"),
        (("Pytanie 1", "Pytanie 2", "Pytanie 3", "Pytanie 4"), [1, 5, 9, 13], "number"),
        (("Alpha", "Beta", "Gamma", "Delta"), [1, 5, 9, 13], "order"),
        (("Pytanie 1", "Pytanie 2", "Pytanie 4"), [1, 5, None, 9], "number"),
        (("Pytanie 2", "Pytanie 3", "Inne", "Pytanie 4", "Koniec"), [None, 1, 5, 13], "number"),
        (("Alpha", "Beta", "Gamma"), [None, None, None, None], ""),
    ],
    ids=["words", "words and numbers", "numbers and order", "order", "a number left out", "others in between",
         "fewer than questions"],
)  # fmt: skip
def test_what_tells_an_answer(headings: tuple[str, ...], expected: list[int | None], matched_by: str) -> None:
    """A word of the trade in a heading before its number, and its number before its place."""
    text = sections(*headings)
    assert lines(text) == expected
    assert {answer.matched_by for answer in answers(text) if answer.quote} <= {matched_by}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("### 2. FP32\n\nIt stays as it was, and is faster by far.\n", [1, None]),
        ("### 2. FP32\n\nThe INT8 model stays as it was, and is faster.\n", [None, 1]),
        ("### 2. FP32 and native\n\nThe INT8 model stays as it was, and is faster.\n", [1, None]),
    ],
    ids=["a word in the heading", "a number with a word in the text", "two words in the heading"],
)
def test_words_against_numbers(text: str, expected: list[int | None]) -> None:
    """A word in the heading outweighs another question's number, but not together with a word in the text."""
    assert lines(text)[:2] == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The INT8 model stays as it was, and is faster by far than it.", False),
        ("The quantised INT8 model stays as it was, and is faster by far than it.", True),
        ("### Size\n\nThe INT8 model stays as it was, and is faster.", False),
        ("### Size\n\nThe INT8 model, quantised, stays as it was.", True),
        ("### INT8\n\n0.93 0.95 4.7 ms", False),
        ("### INT8\n\nIt gets a bit 0.93", False),
        ("### INT8\n\nIt gets a bit smaller.", True),
        ("### 2.\n\nSmaller.", True),
    ],
    ids=["a word", "two words", "a word below a heading", "two words below a heading", "figures only",
         "four words with a figure", "five words", "two words below a number"],
)  # fmt: skip
def test_what_is_too_little_for_an_answer(text: str, found: bool) -> None:
    """One word in passing tells nothing, nor does a heading above figures; what has the question's number may be short."""
    assert (lines(text)[1] == 1) is found


@pytest.mark.parametrize(("words", "expected"), [("INT8", [None, 1, None, None]), ("4", [None, None, None, 1])])
def test_one_of_four_may_be_all_that_is_answered(words: str, expected: list[int | None]) -> None:
    """Without the others, by a word or by a number."""
    assert lines(sections(words)) == expected


@pytest.mark.parametrize(
    ("headings", "expected"),
    [(("Summary",), [None]), (("Calibration",), [1]), (("One", "Two"), [None])],
    ids=["a heading", "a word", "two headings"],
)
def test_the_only_question_is_not_told_by_order(headings: tuple[str, ...], expected: list[int | None]) -> None:
    """Any summary with one heading would answer it."""
    assert lines(sections(*headings), (Question("calibration", 1, ("calib*",)),)) == expected


def test_two_questions_are_told_by_order() -> None:
    """Two sections for two questions."""
    text = f"### Alpha\n\n{BODY}\n\n### Beta\n\n{OTHER}\n"
    assert lines(text, QUESTIONS[:2]) == [1, 5]


def test_paragraphs_below_a_heading_are_told_by_order() -> None:
    """As many as there are questions, whatever stands above the heading."""
    paragraph = "It stays as it was, and is faster by far on my own computer.\n\n"
    text = f"# Report\n\n{paragraph}## Answers\n\n{paragraph * 4}## Thanks\n\n{paragraph}"
    assert lines(text) == [7, 9, 11, 13]
    assert {answer.matched_by for answer in answers(text)} == {"order"}


def test_a_part_is_preferred_to_the_section_around_it() -> None:
    """The section names both, but each has a part of its own."""
    text = (
        f"- before\n\n## INT8 and calibration\n\n### INT8\n\n{BODY}\n\n### Calibration\n\n{BODY}\n\n## End\n\n"
        + "- x\n" * 9
    )
    assert lines(text) == [None, 5, 9, None]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (sections("INT8", "2. Also"), 1),
        (sections("INT8", "INT8"), 5),
        (sections("INT8", "INT8 quantised"), 5),
        (sections("INT8 quantised", "INT8"), 1),
    ],
    ids=["a word before a number", "of equal ones the later", "the later", "the earlier"],
)
def test_the_passage_that_fits_best_is_taken(text: str, line: int) -> None:
    """Answers stand after results, so of equal ones the later passage counts."""
    assert lines(text)[1] == line


def test_of_a_section_and_its_paragraph_the_paragraph_is_taken() -> None:
    """It fits as well, and the section has other things too, whether or not later questions have answers."""
    paragraph = "The quantised INT8 model is four times smaller and loses little of its quality."
    text = f"### Results\n\n{paragraph}\n- an item that stands below it\n\n"
    assert lines(text) == [None, 3, None, None]
    assert lines(text + sections("Imbalanced")) == [None, 3, None, 6]
