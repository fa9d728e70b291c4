"""Text made harmless: whatever it is, each destination gets nothing that is more than text there."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core import text

WILD = st.text(st.characters()) | st.text(
    st.sampled_from("\x1b[]m\x9b\x07\r\n\t\b\x00;0a:#%,=|`<&\u202e\u2066\u200b\u2028\ud800\u0301\uff1a\uff1d @")
)
ONE_LINE: dict[str, Callable[[str], str]] = {
    "plain": text.plain_line,
    "terminal": text.terminal_line,
    "report": text.report_line,
    "html": text.escaped_html_line,
    "label": lambda raw: text.html_label(raw, 100),
    "markdown": text.markdown_line,
    "cell": text.spreadsheet_cell,
    "message": text.workflow_message,
    "property": text.workflow_property,
}
MANY_LINES: dict[str, Callable[[str], str]] = {
    "unix": text.unix_text,
    "captured": text.captured_output,
    "displayed": lambda raw: text.displayed_output(raw, 1000),
    "reports": text.report_lines,
    "html": text.html_text,
    "visible": text.visible_text,
}
NO_COMMANDS = ("terminal", "report", "html", "markdown", "cell", "message", "property")


@pytest.mark.parametrize("name", ONE_LINE)
@given(raw=WILD)
def test_a_line_is_one_line_that_utf_8_can_hold(name: str, raw: str) -> None:
    """No destination of a line gets a line break, a control character or a lone surrogate."""
    shown = ONE_LINE[name](raw)
    shown.encode("utf-8")
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in shown)


@pytest.mark.parametrize("name", MANY_LINES)
@given(raw=WILD)
def test_lines_end_with_line_feeds(name: str, raw: str) -> None:
    """Text of several lines has line feeds alone, and can be written."""
    shown = MANY_LINES[name](raw)
    shown.encode("utf-8")
    assert "\r" not in shown


@pytest.mark.parametrize("name", ["captured", "displayed", "reports", "html", "visible"])
@given(raw=WILD)
def test_nothing_moves_the_cursor(name: str, raw: str) -> None:
    """No escape sequence and no control character gets through, but for line feeds and tabulators."""
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", MANY_LINES[name](raw))


@pytest.mark.parametrize("name", NO_COMMANDS)
@given(raw=WILD)
def test_no_line_is_a_command_to_a_workflow(name: str, raw: str) -> None:
    """Neither form of workflow commands gets through."""
    shown = ONE_LINE[name](raw)
    assert "::" not in shown
    assert "##[" not in shown


@given(WILD)
def test_xml_can_be_made_of_it(raw: str) -> None:
    """What a writer of XML gets can be read again, and says the same."""
    element = ET.Element("a", b=text.report_line(raw))
    assert ET.fromstring(ET.tostring(element)).get("b") == text.report_line(raw)


@given(WILD)
def test_html_has_no_markup(raw: str) -> None:
    """No tag, attribute or entity begins in an escaped line."""
    assert not re.search(r"[<>\"']|&(?!(?:lt|gt|amp|quot|#x27);)", text.escaped_html_line(raw))


@given(WILD)
def test_a_cell_starts_no_formula(raw: str) -> None:
    """A cell is a number, or begins with nothing that spreadsheets compute; CSV gives it back as it is."""
    cell = text.spreadsheet_cell(raw)
    assert not text.is_formula(cell)
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerow([cell])
    assert next(csv.reader(io.StringIO(file.getvalue()))) == [cell]


@given(WILD)
def test_a_property_ends_where_it_should(raw: str) -> None:
    """A workflow command's property holds none of the characters that end one."""
    assert not set(text.workflow_property(raw)) & set(":,\r\n")


@given(WILD, st.integers(1, 60))
def test_lengths_are_bounded(raw: str, most: int) -> None:
    """A line has no more characters than it may have, and says that it was cut."""
    for shown in (text.plain_line(raw, most), text.html_label(raw, most)):
        assert len(shown) <= most
    assert len(text.report_lines(raw, most).replace(": ", ":")) <= 2 * (most + 1)
    if len(" ".join(raw.split())) <= most and raw.isprintable():
        assert "…" not in text.plain_line(raw, most).replace(raw, "")


@given(WILD)
def test_what_is_harmless_is_left_alone(raw: str) -> None:
    """Making text harmless twice is the same as once."""
    for name in ("plain", "report", "label"):
        once = ONE_LINE[name](raw)
        assert ONE_LINE[name](once) == once


@pytest.mark.parametrize("unit", ["\x1b", "\x1b]", "\x1b[0", "\r", "\x9b;", "\u0301", "`", ":", "a"])
def test_a_megabyte_is_cut_before_it_is_read(unit: str) -> None:
    """Length costs no time where a limit is known."""
    huge = unit * (1_000_000 // len(unit))
    for shown in (text.plain_line(huge), text.report_line(huge), text.html_label(huge, 80)):
        assert len(shown) <= 2 * text.LINE + 2


def test_a_progress_bar_is_shown_as_it_was_left() -> None:
    """Captured output keeps every state of it as a line; displayed output has the last one."""
    bar = "1/3\r2/3\r3/3\ndone\x1b[0m"
    assert text.captured_output(bar) == "1/3\n2/3\n3/3\ndone"
    assert text.displayed_output(bar, 100) == "3/3\ndone"


def test_joiners_belong_to_words() -> None:
    """What some scripts and emoji need is kept; what reverses text is not."""
    assert text.plain_line("👩\u200d🔬 می\u200cخواهم \u202eabc") == "👩\u200d🔬 می\u200cخواهم abc"
