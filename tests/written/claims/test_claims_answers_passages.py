"""Which parts of a summary may be answers, where they end, and how they are quoted."""

from __future__ import annotations

import time

import pytest

from graders.written.claims import Answer, Question, find_answers, read_document

QUESTIONS = (
    Question("fp32", 1, ("fp32", "native")),
    Question("int8", 2, ("int8", "quanti*", "量化")),
    Question("calibration", 3, ("calib*", "images")),
)
INTRODUCTION = "This report tells what was measured on my own computer with everything that there is.\n\n"
FP32 = "Against the native model FP32 changes nothing in quality but\nit is faster by a third on my computer."
INT8 = "The quantised INT8 model is four times smaller and loses little, as\nits table of confusions shows as well."
CALIBRATION = "Calibration needs a few images only, and more of them\ndo not make the model any better."


def answers(text: str) -> tuple[Answer, ...]:
    return find_answers(read_document(text), QUESTIONS)


def quotes(text: str) -> list[str | None]:
    return [answer.quote.text if answer.quote else None for answer in answers(text)]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (
            "### INT8\n\nIt is smaller.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nIt loses little.\n\n### End\n\nThat is all.",
            "INT8\nIt is smaller.\na | b\n1 | 2\nIt loses little.",
        ),
        ("### INT8\n\n#### Size\n\nIt is a fourth.\n\n#### Time\n\nA half.\n\n" + "### End\n\nAll.\n\n" * 5,
         "INT8\nSize\nIt is a fourth.\nTime\nA half."),
        ("### INT8\n\nINT8 shrinks it and loses little.", "INT8 shrinks it and loses little."),
        ("2. INT8 shrinks it\n\n   and loses little.\n3. Nothing else.", "INT8 shrinks it\nand loses little."),
        ("2. INT8 shrinks it\n   and loses little.\n\n### End\n\nAll.", "INT8 shrinks it\nand loses little."),
        ("2. INT8 shrinks it by this:\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", "INT8 shrinks it by this:"),
        (f"{INTRODUCTION}{INT8}\n\nSo it is done and ready to be handed in, I hope, in time.", INT8),
        (f"{INT8.replace(chr(10), ' ')}\n\nSo it is.", INT8.replace("\n", " ")),
        (f"| a | b |\n|---|---|\n| 1 | 2 |\n\n{INT8}\n\n| a | b |\n|---|---|\n| 3 | 4 |\n", INT8),
        (f"### Results\n\n{INT8}\n- an item that stands below it", INT8),
    ],
    ids=["a heading's text and table", "its parts", "a heading said again", "a numbered item", "up to a heading",
         "up to a table", "a paragraph", "a paragraph of one line", "between tables", "up to a list"],
)  # fmt: skip
def test_an_answer_is_quoted_whole(text: str, quote: str) -> None:
    """From its beginning to its end, no more and no less, with its heading in front."""
    assert quotes(text)[1] == quote


def test_paragraphs_are_answers_each() -> None:
    """What stands in lines that follow each other is one; an empty line ends it."""
    assert quotes(f"{INTRODUCTION}{FP32}\n\n{INT8}\n\n{CALIBRATION}\n") == [FP32, INT8, CALIBRATION]


def test_the_end_of_a_paragraph_is_no_answer_of_its_own() -> None:
    """Though it names as much as the whole does."""
    text = (
        "There is one thing more to say,\nnamely that the quantised INT8 model is four times smaller and loses little."
    )
    assert quotes(text)[1] == text


def test_a_heading_without_text_is_no_answer() -> None:
    """What stands below the next heading is not its own, and a bare number answers nothing."""
    text = "### 1. FP32 against native\n\n### 2. INT8\n\nIt loses little and shrinks a lot.\n\n### 3. Calibration\n\n"
    text += "### End\n\nThat is all.\n\n" * 5
    assert quotes(text) == [None, "2. INT8\nIt loses little and shrinks a lot.", None]


@pytest.mark.parametrize(
    "parts",
    [
        "## Set-up\n\nEverything ran on a Ryzen with all images.\n\n## Results\n\nThey are in the table that follows.\n",
        "## Set-up\n\nEverything ran on a Ryzen with all of the images that there are.\n",
    ],
    ids=["two parts", "one part"],
)
def test_the_title_of_a_summary_answers_nothing(parts: str) -> None:
    """A heading over most of the text, with parts, is no answer, even where it names what a question asks for."""
    assert quotes(f"# INT8\n\n{parts}")[1] is None


@pytest.mark.parametrize(("others", "found"), [(3, False), (4, True), (5, True)])
def test_a_section_with_parts_is_at_most_half_of_a_summary(others: int, found: bool) -> None:
    """Four blocks of eight are an answer; four of seven are the summary itself."""
    text = "- before\n" * others + "\n## INT8\n\nIt is done.\n\n### Size\n\nIt shrinks to a fourth of what it was.\n"
    quote = quotes(text)[1]
    assert (quote is not None and quote.startswith("INT8\nIt is done.\nSize\n")) is found


@pytest.mark.parametrize(("words", "found"), [(11, False), (12, True)])
def test_a_paragraph_without_a_heading_has_twelve_words(words: int, found: bool) -> None:
    """Fewer are a caption or a remark, as a rule."""
    text = "INT8 quantised " + "word " * (words - 2)
    assert any(quotes(text)) is found


@pytest.mark.parametrize(("others", "found"), [(199, True), (200, False)])
def test_passages_are_bounded(others: int, found: bool) -> None:
    """Two hundred passages are looked at, whatever a text is long."""
    text = "### Other\n\nNothing of the kind is here.\n\n" * others + "### INT8\n\nIt loses little and shrinks a lot.\n"
    assert (quotes(text)[1] is not None) is found


@pytest.mark.parametrize(
    ("length", "quoted", "end"), [(1999, 1999, "x"), (2000, 2000, "x"), (2001, 2000, "…"), (3000, 2000, "…")]
)
def test_a_long_quote_is_cut_off(length: int, quoted: int, end: str) -> None:
    """At two thousand characters, and it shows where."""
    text = ("The quantised INT8 is smaller and loses so little that nobody will notice " + "x" * 3000)[:length]
    assert text[-1] == "x"
    quote = quotes(text)[1]
    assert quote is not None
    assert len(quote) == quoted
    assert quote[-1] == end
    assert quote[:-1] == text[: quoted - 1]


def test_a_quote_shows_that_another_line_follows() -> None:
    """Also where the first one fills it."""
    line = "The quantised INT8 is smaller and loses so little that nobody will notice ".ljust(2000, "x")
    assert quotes(line)[1] == line
    assert quotes(f"{line}\nand more")[1] == line[:1999] + "…"


def test_an_answer_of_many_lines_is_cut_off_as_well() -> None:
    """Where the last line that fits ends at the limit, it shows that more lines follow."""
    lines = ["The quantised INT8 is so much smaller and so little worse that nobody", *["y" * 36] * 60]
    text = "\n".join(lines)
    for extra in range(40):
        quote = quotes("z" * extra + text)[1]
        assert quote is not None
        assert quote == ("z" * extra + text)[:1999] + "…"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("### INT8\n\nIt loses little and shrinks a lot.\n", 8),
        ("### INT8\n\nINT8 loses little and shrinks a lot.\n", 7),
        ("### INT8\n\nIt loses this:\n\n| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n", 10),
        ("### INT8\n\n" + "one two three four five\n" * 1000, 5001),
        ("### 量化\n\n模型变小了很多也快\n", 2 + 5),
        ("### 量化\n\n模型变小了很多也快了一\n", 2 + 6),
    ],
    ids=["with its heading", "its heading once", "cells, not their bars", "more than the quote has", "eleven characters",
         "thirteen characters"],
)  # fmt: skip
def test_how_long_an_answer_is(text: str, words: int) -> None:
    """In words, of the whole answer; scripts without spaces are counted by characters, two a word."""
    answer = answers(text)[1]
    assert answer.quote is not None
    assert answer.words == words
    assert isinstance(answer.words, int)


def test_what_stands_far_below_a_heading_does_not_tell_what_it_is_about() -> None:
    """The beginning of a long section is looked at, which bounds the time."""
    filling = "A line of a long log that says nothing at all.\n"
    assert quotes("### Log\n\n" + filling * 10 + "native and fp32\n")[0] is not None
    assert quotes("### Log\n\n" + filling * 60 + "native and fp32\n") == [None, None, None]


def test_long_lines_without_spaces_take_no_longer_than_others() -> None:
    """A script that is written without them fills whole paragraphs with one word."""
    begun = time.process_time()
    assert quotes(("量化" + "型" * 3_900 + "\n\n") * 40) == [None, None, None]
    assert time.process_time() - begun < 4
