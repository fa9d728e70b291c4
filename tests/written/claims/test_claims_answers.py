"""Answers are found for a marker, whatever their language: by words of the trade, by numbers, by order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.written.claims import Answer, Question, find_answers, read_document

QUESTIONS = (
    Question("fp32", 1, ("fp32", "native")),
    Question("int8", 2, ("int8",)),
    Question("calibration", 3, ("calib*", "kalib*")),
    Question("imbalanced", 4, ("imb*", "class", "klas*")),
)
RESULTS = "# Report\n\n## Results\n\n| variant | accuracy |\n|---|---|\n| native | 0.9 |\n| tflite-fp32 | 0.9 |\n\n"
BODIES = ("It stays the same and is faster by far.", "It loses little and shrinks a lot.", "More images do not help much.",
          "Everything else saturates, so it is worse.")  # fmt: skip


def answers(text: str) -> tuple[Answer, ...]:
    return find_answers(read_document(text), QUESTIONS)


def found(text: str) -> list[str | None]:
    """Which of the bodies each question got."""
    return [
        next((body for body in BODIES if answer.quote and body in answer.quote.text), None) for answer in answers(text)
    ]


@pytest.mark.parametrize(
    "headings",
    [
        ("### FP32 vs native", "### Best INT8", "### Calibration", "### Imbalanced"),
        (
            "### 1. Ob die Umwandlung etwas ändert",
            "### 2. Das beste Modell",
            "### 3. Wie viele Bilder",
            "### 4. Und warum",
        ),
        ("### Pytanie 1", "### Pytanie 2", "### Pytanie 3", "### Pytanie 4"),
        ("**Q1:**", "**Q2:**", "**Q3:**", "**Q4:**"),
        ("### 问题一", "### 问题二", "### 问题三", "### 问题四"),
        ("### Alpha", "### Beta", "### Gamma", "### Delta"),
        ("1.", "2.", "3.", "4."),
        ("1)", "2)", "3)", "4)"),
    ],
)
def test_answers_under_any_headings(headings: tuple[str, ...]) -> None:
    """Words, numbers, or only the order."""
    parts = [
        f"{heading} {body}" if heading[0].isdigit() else f"{heading}\n\n{body}\n"
        for heading, body in zip(headings, BODIES, strict=True)
    ]
    assert found(RESULTS + "## Answers\n\n" + "\n".join(parts)) == list(BODIES)


def test_paragraphs_without_headings_are_told_by_words() -> None:
    """Plain paragraphs in the order of the questions."""
    text = [
        "Converting to FP32 changes nothing against the native model, " + BODIES[0],
        "For INT8 one can say that the file is four times smaller. " + BODIES[1],
        "We calibrated with 1 %, 8 %, 30 % and 80 % of the images, calibration is quick. " + BODIES[2],
        "The imbalanced model has seen one class in its whole life. " + BODIES[3],
    ]
    got = found(RESULTS + "\n\n".join(text))
    assert got[0] == BODIES[0]
    assert got[3] == BODIES[3]
    assert all(body is None or body == BODIES[index] for index, body in enumerate(got))


def test_a_question_without_an_answer_is_left_open() -> None:
    """No passage is better than another question's."""
    text = RESULTS + f"## Answers\n\n### FP32 vs native\n\n{BODIES[0]}\n\n### Calibration\n\n{BODIES[2]}\n"
    assert found(text) == [BODIES[0], None, BODIES[2], None]


def test_passages_are_quoted_as_they_are() -> None:
    """With their place, in bounded length, and how long they are."""
    text = RESULTS + "## FP32 vs native\n\n" + "word " * 5000
    (first, *_) = answers(text)
    assert first.quote is not None
    assert first.quote.place.line == 10
    assert len(first.quote.text) <= 2000
    assert first.words >= 400


def test_nothing_to_find() -> None:
    """An empty summary has no answers."""
    assert all(answer.quote is None for answer in answers(""))
    assert find_answers(read_document("# a\n\nb"), ()) == ()


@given(st.permutations(range(4)), st.integers(0, 4))
def test_answers_come_in_the_order_of_the_questions(order: list[int], count: int) -> None:
    """Whatever the headings are, quoted lines never run backwards."""
    names = ("FP32", "INT8", "Calibration", "Imbalanced")
    text = RESULTS + "".join(f"### {names[i]}\n\n{BODIES[i]}\n\n" for i in order[:count])
    lines = [answer.quote.place.line for answer in answers(text) if answer.quote]
    assert lines == sorted(lines)
    assert len(set(lines)) == len(lines)
