"""What a line shows: its images in the order in which they stand, and its text without their marks."""

from __future__ import annotations

import pytest

from graders.written.claims.inline import ImageMark, images, plain_text, whole_lines, without_data

NAMED = {"PLOT": "img/plot.png", "MY PLOT": "img/my.png"}


@pytest.mark.parametrize(
    ("line", "target", "alternative"),
    [
        ("![of *native*](img/a.png)", "img/a.png", "of native"),
        ("![of native][plot]", "img/plot.png", "of native"),
        ("![of native][My  Plot]", "img/my.png", "of native"),
        ("![plot]", "img/plot.png", "plot"),
        ("![plot][]", "img/plot.png", "plot"),
        ("![[img/a.png|300]]", "img/a.png", ""),
        ("<img src='img/a.png' alt='of native'>", "img/a.png", "of native"),
        ("<img src=img/a.png>", "img/a.png", ""),
    ],
)
def test_images(line: str, target: str, alternative: str) -> None:
    """Its address and its own words, whichever way it is written, and no word of either in the text."""
    assert images(f"FP32 {line} 131 KB", NAMED) == (ImageMark(target, alternative),)
    assert plain_text(f"FP32 {line} 131 KB") == "FP32 131 KB"


def test_images_come_in_the_order_of_the_line() -> None:
    """Whatever each is written in."""
    line = "<img src='1'> ![b][plot] ![c](3) ![[4]] <img src='5'> ![f](6)"
    assert [mark.target for mark in images(line, NAMED)] == ["1", "img/plot.png", "3", "4", "5", "6"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a ![x](b.png) c", "a c"),
        ("a ![x][b] c", "a c"),
        ("a ![[b.png]] c", "a c"),
        ("a [c](b.html) d", "a c d"),
        ("a [c][b] d", "a c d"),
        ("**a** _b_ `c` ~~d~~ e_f", "a b c d e_f"),
        ("a<br>b <b>c</b><!-- d -->", "a b c"),
        (r"4.2 $\pm$ 0.1 \%", "4.2 ± 0.1 %"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        (r"\*a\* 1 < 2", "a 1 < 2"),
    ],
)
def test_a_line_as_a_reader_sees_it(text: str, plain: str) -> None:
    """Links as their text, signs as signs, everything else of its marks gone."""
    assert plain_text(text) == plain


def test_data_of_an_image_is_taken_out() -> None:
    """Its kind is left, in small letters."""
    assert without_data("![a](data:image/PNG;base64,iVBORw0KGgo=) b") == "![a](data:image/png) b"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\nb", [(0, "a"), (1, "b")]),
        ("<IMG\nsrc='a'>\nb", [(0, "<IMG src='a'>"), (2, "b")]),
        ("a\n![of\nnative](b.png)\nc\nd", [(0, "a"), (1, "![of native](b.png)"), (3, "c"), (4, "d")]),
        ("<img src='a'>\nb", [(0, "<img src='a'>"), (1, "b")]),
    ],
)
def test_lines_of_a_block(content: str, expected: list[tuple[int, str]]) -> None:
    """An image over several lines makes them one, and what follows keeps its number."""
    assert list(whole_lines(content)) == expected
