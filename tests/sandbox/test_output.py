"""What is kept of a run's output."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.sandbox.host.output import Output

SOON_S = 10.0
"""Far above what any of these takes, far below a hang."""


def printed(data: bytes, cap: int = 1000) -> str:
    """The text that is shown for these bytes."""
    output = Output(cap)
    output.write(data)
    return output.text()


@given(st.lists(st.binary(max_size=60), max_size=40), st.integers(0, 64))
def test_head_and_tail_are_kept(pieces: list[bytes], cap: int) -> None:
    """Of any bytes in any pieces, the first and the last half of the cap are kept and the rest is counted."""
    output = Output(cap)
    whole = b"".join(pieces)
    for piece in pieces:
        output.write(piece)
        assert len(output._head) + len(output._tail) <= cap
    half = cap // 2
    kept = bytes(output._head) + bytes(output._tail)
    assert output.total == len(whole)
    assert output.dropped == max(0, len(whole) - 2 * half)
    assert kept == (whole if len(whole) <= 2 * half else whole[:half] + whole[len(whole) - half :])


def test_a_line_says_what_was_dropped() -> None:
    """Between the head and the tail stands a line with the number of bytes that were dropped."""
    text = printed(b"a" * 500 + b"b" * 123_456 + b"c" * 500)
    assert text == "a" * 500 + "\n[… 123,456 bytes dropped …]\n" + "c" * 500


def test_nothing_is_said_where_nothing_was_dropped() -> None:
    """Output that fits is shown as it is, up to the last byte of the cap."""
    assert printed(b"x" * 1000) == "x" * 1000
    assert "1 bytes dropped" in printed(b"x" * 1001)


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"a\x1b[31mred\x1b[0mb", "aredb"),
        (b"\x1b[2J\x1b[Hclear", "clear"),
        (b"\x1b[1;2;3;4;5 qx", "x"),
        (b"\x1b]0;a title\x07x", "x"),
        (b"\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"a\x00b\x07c\x08d\x0be\x0cf\x7fg", "abcdefg"),
        ("a\x9b31mb\x85c".encode(), "a31mbc"),
        (b"one\rtwo\r\nthree\n", "one\ntwo\nthree\n"),
        (b"tab\tstays\n", "tab\tstays\n"),
        (b"\x1b\x1b[31m[32mx", "[32mx"),
        (b"\x1b[", "["),
        ("žluťoučký 猫 🐈".encode(), "žluťoučký 猫 🐈"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_control_characters_are_removed(data: bytes, shown: str) -> None:
    """Escape sequences and control characters go; text of any script, tabs and line ends stay."""
    assert printed(data) == shown


@given(st.binary(max_size=200) | st.text(alphabet="\x1b[]0;31m\x07\\\x9b\r\nab", max_size=80).map(str.encode))
def test_no_control_character_gets_through(data: bytes) -> None:
    """Whatever is printed, no control character but tab and line end is shown, and no half of a pair of surrogates."""
    text = printed(data, cap=50)
    assert not [char for char in text if char not in "\t\n" and (ord(char) < 32 or 0x7F <= ord(char) < 0xA0)]
    text.encode()


@pytest.mark.parametrize("piece", [b"\x1b]", b"\x1b[0;", b"\x1b", b"0123;", b"\r"])
def test_hostile_sequences_take_no_time(piece: bytes) -> None:
    """Sequences that never end are cleaned in time that grows with their length alone."""
    started = time.perf_counter()
    printed(b"\x1b[" + piece * 50_000, cap=1 << 18)
    assert time.perf_counter() - started < SOON_S


def test_characters_cut_in_half() -> None:
    """A character cut where bytes were dropped is shown as a replacement, not as an error."""
    text = printed("é".encode() * 1000, cap=10)
    assert text.startswith("éé\ufffd\n[…")
    assert text.endswith("\ufffdéé")


@given(st.text(alphabet="aé猫🐈\n", max_size=20))
def test_text_that_fits_is_whole(text: str) -> None:
    """Text of up to the cap is shown as it is, wherever its characters lie."""
    cap = len(text.encode()) + len(text.encode()) % 2
    assert printed(text.encode(), cap) == text
