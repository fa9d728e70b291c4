"""Text from anywhere comes out clean and bounded, and numbers look as a person writes them."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.core import text
from graders.reports.html import _formatting
from graders.scoring import format_points

from . import hostile


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (1, "1"),
        (1.0, "1"),
        (0.75, "0.75"),
        (0.1 + 0.2, "0.3"),
        (0.7500000001, "0.75"),
        (11.5, "11.5"),
        (20, "20"),
        (100.0, "100"),
        (2 / 3, "0.67"),
        (-0.0, "0"),
        (-1e-9, "0"),
    ],
)
def test_points_are_written_to_the_cent_and_no_further(value: float, written: str) -> None:
    assert format_points(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (59912, "59912"),
        (0.9414414414, "0.941441"),
        (1e-5, "1e-05"),
        (True, "yes"),
        (10**400, _formatting.MISSING),
        (math.nan, _formatting.MISSING),
    ],
)
def test_measurements_have_six_digits(value: float, written: str) -> None:
    assert _formatting.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.04, "0.0 s"), (9.96, "10.0 s"), (59.9, "1 min 0 s"), (125.2, "2 min 5 s")]
)
def test_durations_are_written_in_minutes_and_seconds(value: float, written: str) -> None:
    assert _formatting.seconds(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0 B"), (999, "999 B"), (59912, "59.9 kB"), (2_500_000, "2.5 MB"), (7e9, "7.0 GB")]
)
def test_sizes_have_units(value: float, written: str) -> None:
    assert _formatting.size(value) == written


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("\x1b[1;31mError\x1b[0m", "Error"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\", "text"),
        ("\x9b31mred", "red"),
        ("1/10\r2/10\r10/10\n", "10/10\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("12\b\b34", "1234"),
        ("nul\x00bell\x07", "nul\ufffdbell\ufffd"),
        ("lone \ud800 half", "lone \ufffd half"),
        ("abc\u202edef", "abc⟨U+202E⟩def"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("\ufeffname", "name"),
        ("line\u2028end", "line\nend"),
        ("é 猫 شكرا 👩\u200d🔬", "é 猫 شكرا 👩\u200d🔬"),
        ("z" + "\u0301" * 50, "z" + "\u0301" * 3),
    ],
)
def test_what_escaping_leaves_alone_is_cleaned(raw: str, cleaned: str) -> None:
    assert text.visible_text(raw) == cleaned


@given(st.text() | st.text(st.sampled_from("\x1b[]m\x9b\x07\r\n\b;0a\u202e\ud800\u0301")))
def test_clean_text_can_be_written_and_stays_as_it_is(raw: str) -> None:
    cleaned = text.visible_text(raw)
    cleaned.encode("utf-8")
    assert not set(cleaned) & set("\x00\x07\x1b\x9b\r\u202e\u2066")
    assert text.visible_text(cleaned) == cleaned


def test_long_text_is_cut_and_says_so() -> None:
    cut = text.html_text(hostile.HUGE, 100)
    assert cut == "A" * 100 + "… (999,900 more characters)"
    assert text.html_text("short", 5) == "short"


def test_labels_are_one_short_line() -> None:
    assert text.html_label("two\nlines", 20) == "two lines"
    assert text.html_label("a" * 30, 8) == "aaaaaaa…"


def test_an_output_keeps_its_end_and_cuts_long_lines() -> None:
    tail = _formatting.tail("first\n" + "x" * 5000 + "\nlast line\n", limit=8000)
    assert tail.text.endswith("\nlast line")
    assert tail.text.startswith("first")
    assert "(4,000 more characters)" in tail.text
    assert tail.note == ""
    assert _formatting.tail("a" * 20, limit=5).note == "The last 5 of 20 characters."


@pytest.mark.parametrize("unit", ["\x1b", "\x1b]", "\x1b[0", "\r", "\x9b;", "\u0301", "`", "a"])
def test_no_text_takes_long(unit: str) -> None:
    begin = time.process_time()
    text.visible_text(unit * (300_000 // len(unit)))
    _formatting.spans(unit * (300_000 // len(unit)))
    assert time.process_time() - begin < 2


def test_code_in_running_text_is_between_backticks() -> None:
    spans = _formatting.spans("Use `np.clip` before, not ` after")
    assert [(span.text, span.is_code) for span in spans] == [
        ("Use ", False),
        ("np.clip", True),
        (" before, not ` after", False),
    ]
    assert _formatting.spans("  ") == ()
