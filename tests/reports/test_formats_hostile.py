"""A student's text is text in every format: no formula, command, markup, control character, and never a megabyte of it."""

from __future__ import annotations

import base64
import csv
import io
import re
import time
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from graders.core.text import is_formula, markdown_line, report_line, report_lines
from graders.reports.formats import (
    classroom50,
    github,
    gradescope,
    junit,
    matching,
    moodle,
    reporter,
    sheet,
    summary,
    table,
)
from graders.scoring import Scorecard

from . import hostile
from .cards import COMMANDS, FORMULAS, TEXTS, texts
from .test_formats_contracts import IDENTITY

FORMATS = {
    "gradescope": gradescope.results,
    "junit": lambda card: junit.document([card]),
    "csv": lambda card: table.criteria([card]),
    "markdown": lambda card: summary.document([card]),
    "annotations": lambda card: "\n".join(github.notes(card)),
    "reporter": lambda card: base64.b64decode(reporter.result(card)).decode(),
    "classroom50": lambda card: classroom50.result(card, IDENTITY),
    "moodle": lambda card: _worksheet(card),
}
STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
ATTACKS = {**hostile.STRINGS, **{f"text {index}": text for index, text in enumerate((*FORMULAS, *COMMANDS, *TEXTS))}}


def _worksheet(card: Scorecard) -> str:
    data = b"Identifier,Full name,Grade,Last modified (grade),Feedback comments\nParticipant 1,A,,-,\n"
    worksheet = moodle.open_worksheet(sheet.parse(data, "sheet"))
    return moodle.fill(worksheet, matching.Matches({1: card}, ()), feedback=True).text


def card_of(text: str) -> Scorecard:
    """The sample with five mistakes, with the text in every place, of the lines of code too."""
    document = hostile.scorecard(text)
    for lab, name in zip(document["labs"], ("l02", "l03"), strict=True):
        lab["lab"] = name
        for index, item in enumerate(lab["criteria"]):
            item["id"] = f"{name}.c{index}"
            item["checks"] = [
                {
                    "name": "x",
                    "verdict": item["verdict"],
                    "reason": None,
                    "drawn": False,
                    "places": [{"file": text, "line": 7}],
                }
            ]
    return Scorecard.from_json(document)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_no_format_lets_text_be_more_than_text(format_: str, attack: str) -> None:
    """Written out, there are no control or direction characters, no commands for runners, and little of a megabyte."""
    begin = time.process_time()
    told = FORMATS[format_](card_of(ATTACKS[attack]))
    assert time.process_time() - begin < 2
    told.encode("utf-8")
    for character in set(told) - {"\n", "\r"}:
        assert unicodedata.category(character)[0] != "C" or character in "\u200c\u200d\u00ad", repr(character)
    assert len(told) < 300_000
    if format_ != "annotations":
        assert not re.search(r"(?m)^\s*(::|##\[)", told)
    assert "##[" not in told


@given(texts)
def test_no_cell_starts_a_formula(text: str) -> None:
    """Not in our own table, and not in what we write to a gradebook's sheet."""
    card = card_of(text or "y")
    rows = list(csv.reader(io.StringIO(table.criteria([card]))))
    rows += csv.reader(io.StringIO(_worksheet(card)))
    for cell in (cell for row in rows for cell in row):
        assert not cell.lstrip().startswith(STARTS) or re.fullmatch(r"-|-?\d+(\.\d+)?", cell), cell
        assert not cell.startswith(("\t", "\r", "\n"))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)


def _tags(markdown: str) -> set[str]:
    tags = _Tags()
    tags.feed(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown))
    return tags.found


PLAIN = _tags(summary.document([card_of("y")]))


@given(texts)
def test_markdown_has_no_markup_but_its_own(text: str) -> None:
    """Rendered with HTML allowed, a student's text adds no element: no link, image, script, heading or code."""
    assert _tags(summary.document([card_of(text or "y")])) <= PLAIN
    assert PLAIN.isdisjoint({"a", "img", "script", "h1"})


@given(
    st.lists(st.sampled_from(["`", "<b>", "a", "\\", "|", " ", "``", "[a](b)", "*", "&lt;", "$"]), max_size=14).map(
        "".join
    )
)
def test_backticks_open_no_way_out(text: str) -> None:
    """However they are paired, what stands in and between them is text."""
    assert _tags(markdown_line(text)) <= {"p", "code"}
    assert _tags(f"| {markdown_line(text)} | b |\n|---|---|\n") <= PLAIN


def test_names_of_code_are_set_as_code() -> None:
    assert markdown_line("Use `np.clip(x)`, not `a|b`.") == "Use `np.clip(x)`, not \\`a\\|b\\`\\."


def test_markdown_mentions_nobody() -> None:
    told = markdown_line("@everyone in #12 at www.evil.example or http://evil.example")
    assert "@everyone" not in told
    assert "#12" not in told
    assert "www.evil" not in told
    assert "http:" not in told


def test_markdown_rows_keep_their_cells() -> None:
    """A pipe in a title is no further column."""
    told = MarkdownIt("gfm-like", {"linkify": False}).render(summary.document([card_of("a | b")]))
    for row in re.findall(r"<tr>(.*?)</tr>", told, re.DOTALL):
        assert len(re.findall(r"<t[dh]", row)) == 4


@given(texts)
def test_feedback_is_html_with_paragraphs_only(text: str) -> None:
    """Moodle takes feedback as HTML."""
    tags = _Tags()
    tags.feed(list(csv.reader(io.StringIO(_worksheet(card_of(text or "y")))))[1][4])
    assert tags.found <= {"p"}


@given(texts)
def test_xml_can_be_read_whatever_is_in_it(text: str) -> None:
    ET.fromstring(junit.document([card_of(text or "y")]))


def test_a_summary_is_cut_before_github_drops_it() -> None:
    """What does not fit is left out from the end, and that is said."""
    cards = [card_of("é" * 400)] * 40
    told = summary.document(cards)
    assert 900_000 < len(told.encode()) < 1024 * 1024
    assert told.endswith(summary.CUT)


@given(st.text() | st.text(st.sampled_from("\x1b[]m\x9b\x07\r\n:#[a\u202e\ud800")))
def test_a_line_is_a_line(text: str) -> None:
    """Whatever comes in, one clean line of bounded length comes out, and cleaning it again changes nothing."""
    told = report_line(text, 50)
    told.encode("utf-8")
    assert "\n" not in told
    assert "::" not in told
    assert "##[" not in told
    assert report_line(told, 200) == told
    assert len(report_lines(text, 50).replace(": ", ":")) <= 2 * 51


@pytest.mark.parametrize(
    ("text", "formula"),
    [("=1", True), (" =1", True), ("-2+3", True), ("\tx", True), ("|x", True), ("-", False), ("-1.5", False), ("17.25", False),
     ("A-", False), ("\uff1d1", True), ("\ufeff=1", True), ("", False)],
)  # fmt: skip
def test_what_a_spreadsheet_takes_for_a_formula(text: str, formula: bool) -> None:
    assert is_formula(text) is formula
