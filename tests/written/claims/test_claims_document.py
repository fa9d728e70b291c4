"""A text's blocks: what is a heading, a line or an item, where it stands, and what a reader does not see."""

from __future__ import annotations

import pytest

from graders.written.claims import Form, read_document
from graders.written.claims.document import Heading, Image, Line, Table


def headings(markdown: str) -> list[tuple[int, str, int]]:
    return [(one.level, one.text, one.line) for one in read_document(markdown).blocks if isinstance(one, Heading)]


def lines(markdown: str) -> list[tuple[str, int]]:
    return [(one.text, one.line) for one in read_document(markdown).blocks if isinstance(one, Line)]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# Results", [(1, "Results", 1)]),
        ("\ufeff# Results", [(1, "Results", 1)]),
        ("text\n\nResults\n=======\n", [(1, "Results", 3)]),
        ("text\n#Results\n\n###Sizes", [(1, "Results", 2), (3, "Sizes", 4)]),
        ("text\n\n**Results:**\n", [(7, "Results", 3)]),
        ("**Results**:\n\n__Sizes__\n", [(7, "Results", 1), (7, "Sizes", 3)]),
        ("**Results**\nof native\n", []),
        ("Of **native**\n", []),
    ],
    ids=["sign", "byte order mark", "underlined", "no space", "bold", "colon outside", "bold, then text", "a bold word"],
)  # fmt: skip
def test_headings(markdown: str, expected: list[tuple[int, str, int]]) -> None:
    """Whatever a reader takes for one: also a sign without a space behind it, and a line that is all bold."""
    assert headings(markdown) == expected


def test_a_heading_stands_below_those_of_a_higher_level() -> None:
    """Another one of the same level ends what came before; each line knows what it stands under."""
    document = read_document("# A\n\n## B\n\n### C\n\n## D\n\n**E**\n\nfirst\nsecond\n")
    assert [one.above for one in document.blocks if isinstance(one, Heading)] == [
        (), ("A",), ("A", "B"), ("A",), ("A", "D"),
    ]  # fmt: skip
    assert [(one.text, one.line, one.headings) for one in document.blocks if isinstance(one, Line)] == [
        ("first", 11, ("A", "D", "E")), ("second", 12, ("A", "D", "E")),
    ]  # fmt: skip


@pytest.mark.parametrize("item", ["**native**", "#native"], ids=["bold", "sign"])
@pytest.mark.parametrize("sign", ["-", "1."])
def test_items_are_no_headings(sign: str, item: str) -> None:
    """In a list, and behind a list within it, such lines are items; after the list they are headings again."""
    level = {"**native**": 7, "#native": 1}[item]
    inner = f"{sign} {item}\n{sign} other\n   - inner\n\n   {item}\n\n{item}\n"
    assert headings(inner) == [(level, "native", 7)]
    assert [line for _, line in lines(inner)] == [1, 2, 3, 5]
    assert headings(f"{inner}\n{inner}") == [(level, "native", 7), (level, "native", 15)]


def test_what_stands_in_a_list_is_a_line_and_what_follows_is_prose() -> None:
    """A list within a list ends before the outer one does."""
    blocks = read_document("before\n\n- one\n  - two\n\n  three\n\nafter\n").blocks
    assert [one.form for one in blocks if isinstance(one, Line)] == [Form.PROSE, *[Form.LINE] * 3, Form.PROSE]


@pytest.mark.parametrize(
    ("markdown", "numbers"),
    [
        ("1. one\n2. two", [1, 2]),
        ("10) ten\n11) eleven", [10, 11]),
        ("999. last", [999]),
        ("2024. was the year", [None]),
        ("- one\n\n3. three\n   more of it", [None, 3, None]),
    ],
    ids=["dots", "brackets", "three digits", "a year", "an item's second line"],
)  # fmt: skip
def test_numbers_of_items(markdown: str, numbers: list[int | None]) -> None:
    """An item's first line has its number; a year has none."""
    assert [one.number for one in read_document(markdown).blocks if isinstance(one, Line)] == numbers


@pytest.mark.parametrize(
    ("markdown", "first"), [("```\n{}\n```\n", 2), ("text\n\n    {}\n", 3), ("~~~text\n{}", 2)],
    ids=["fence", "indented", "fence left open"],
)  # fmt: skip
def test_code_is_taken_as_it_is(markdown: str, first: int) -> None:
    """Line by line, with its stars and its marks of images, which show no image."""
    code = "a = b*c*d  # __init__\n    ![a](b.png) <img src='c.png'>"
    document = read_document(markdown.format(code))
    found = [(one.text, one.line, one.form) for one in document.blocks[-2:] if isinstance(one, Line)]
    assert found == [
        ("a = b*c*d # __init__", first, Form.LINE),
        ("![a](b.png) <img src='c.png'>", first + 1, Form.LINE),
    ]
    assert document.images == ()


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("<!-- native: 0.5 -->\n\nafter\n", [("after", 3)]),
        ("  <!-- native: 0.5 -->\n\nafter\n", [("after", 3)]),
        ("before\n\n<!--\nnative: 0.5\n\nfp32: 0.6\n-->\n\nafter\n", [("before", 1), ("after", 9)]),
        ("<!-- old --> native: 0.9 <!-- new -->\n", [("native: 0.9", 1)]),
        ("<details>\n<!--\nnative: 0.5\n-->\nnative: 0.9\n</details>\n", [("native: 0.9", 5)]),
        ("before\n\n<!-- native: 0.5\n\nfp32: 0.6\n", [("before", 1)]),
    ],
    ids=["alone", "indented", "over lines", "before text", "within HTML", "left open"],
)  # fmt: skip
def test_comments_are_not_there(markdown: str, expected: list[tuple[str, int]]) -> None:
    """What stands around them is."""
    assert lines(markdown) == expected


def test_a_comment_within_a_table_is_not_there() -> None:
    """Neither as a row, nor does it change the lines of others."""
    table = "<table>\n<tr><td>a</td></tr>\n<!--\n<tr><td>b</td></tr>\n-->\n<tr><td>c</td></tr>\n</table>\n"
    (block,) = read_document(table).blocks
    assert isinstance(block, Table)
    assert [(row.cells, row.line) for row in (block.header, *block.rows)] == [(("a",), 2), (("c",), 6)]
    (behind,) = read_document("<!--\nold\n--><table><tr><td>a</td></tr></table>\n").blocks
    assert behind.line == 3


def test_texts_near_an_image() -> None:
    """The nearest first, each once, none empty."""
    assert read_document("![](a.png)").images == (Image("a.png", "", 1, ()),)
    (first, second) = read_document("# Results\n\n## native\n\nThe matrix:\n\n![](a.png)\n\nand ![](b.png)\n").images
    assert first.near == ("The matrix:", "native", "Results")
    assert second.near == ("and", "The matrix:", "native", "Results")
    assert read_document("## native ![](a.png)").images == (Image("a.png", "", 1, ("native",)),)
