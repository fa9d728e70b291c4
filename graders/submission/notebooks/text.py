"""A student's text made fit for a line of a message, and an output's text made plain."""

from __future__ import annotations

import re

MAX_SHOWN = 160
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)|[@-Z\\^_])")
_CONTROL = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
_GAP = "\n…\n"


def one_line(text: str, most: int = MAX_SHOWN) -> str:
    """``text`` as one printable line of at most ``most`` characters."""
    cut = text[: 4 * most]
    line = " ".join("".join(char if char.isprintable() else " " for char in cut).split())
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def clean(text: str) -> str:
    """``text`` with line feeds as its only line ends, and nothing that UTF-8 can't hold."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def plain(text: str, most: int) -> str:
    """An output as a terminal shows it: without escape codes, a progress bar as it was left; the middle of a long one
    is left out.
    """
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")
    text = _CONTROL.sub("", _ESCAPES.sub("", text))
    if "\r" in text or "\b" in text:
        text = "\n".join(map(_overwritten, text.split("\n")))
    return text if len(text) <= most else text[: most // 2] + _GAP + text[-(most // 2) :]


def _overwritten(line: str) -> str:
    """What is left of a line that was written over: the last thing written, backspaces taken as one jump back."""
    parts = [part.strip("\b") for part in re.split(r"[\r\x08]{2,}|\r", line)]
    kept = next((part for part in reversed(parts) if part.strip()), "")
    return kept.replace("\b", "")
