"""The summary: complete, sound, with its images; its answers are quoted for a person to mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graders.framework import static_review
from graders.framework.checks import criterion

if TYPE_CHECKING:
    from graders.framework.static_review import SummaryEvidence


@criterion("l02.summary.figures")
def test_figures(summary: SummaryEvidence) -> None:
    """Each variant has its accuracy, precision, sensitivity, G-mean and time."""
    static_review.require_figures(summary, sizes=False)


@criterion("l02.summary.sizes")
def test_sizes(summary: SummaryEvidence) -> None:
    """Files have their sizes."""
    static_review.require_figures(summary, sizes=True)


@criterion("l02.summary.images")
def test_images(summary: SummaryEvidence) -> None:
    """Each variant's confusion matrix is shown."""
    static_review.require_images(summary)


@criterion("l02.summary.sound")
def test_sound(summary: SummaryEvidence) -> None:
    """Figures are possible, agree with each other and with the models; nothing was left to be filled in."""
    static_review.require_sound(summary)


@criterion("l02.question.1")
def test_question_1(summary: SummaryEvidence) -> None:
    """The first answer, for a person."""
    static_review.quote_answer(summary, "l02.question.1")


@criterion("l02.question.2")
def test_question_2(summary: SummaryEvidence) -> None:
    """The second answer, for a person."""
    static_review.quote_answer(summary, "l02.question.2")


@criterion("l02.question.3")
def test_question_3(summary: SummaryEvidence) -> None:
    """The third answer, for a person."""
    static_review.quote_answer(summary, "l02.question.3")


@criterion("l02.question.4")
def test_question_4(summary: SummaryEvidence) -> None:
    """The fourth answer, for a person."""
    static_review.quote_answer(summary, "l02.question.4")
