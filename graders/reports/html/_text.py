"""Make text of any origin fit for a page, and numbers look as a person writes them.

Everything a submission can influence reaches the report as text: names, output, messages, labels. Escaping is the
template's job; this module removes what escaping leaves alone (terminal sequences, control and direction characters)
and bounds the length.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

LONGEST_TEXT = 4000
LONGEST_LINE = 1000
LONGEST_OUTPUT = 16_000

_TERMINAL_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS and other strings
    r"|\x1b[ -/]*[0-~]?"
)
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_STACKED_MARKS = re.compile(f"([{_MARKS}]{{3}})[{_MARKS}]+")
_KEPT_FORMAT_CHARACTERS = {"\u200c", "\u200d", "\u00ad"}  # joiners and the soft hyphen belong to ordinary words
# Names with underscores, attributes of well-known objects, and calls, with one level of brackets within.
_CODE = re.compile(
    r"(?<![\w`/.-])((?:(?:self|np|tf|tfmot|converter)(?:\.\w{1,60}){1,5}|[A-Za-z]\w{0,60}(?:\.\w{1,60}){0,4}(?=\()"
    r"|[A-Z][A-Za-z0-9]{0,40}\.[A-Za-z]\w{0,60}|[A-Za-z][A-Za-z0-9]{0,40}_\w{1,60}(?:\.\w{1,60}){0,4})"
    r"(?:\((?:[^()\n]|\([^()\n]{0,80}\)){0,160}\)(?:\.\w{1,40}\([^()\n]{0,80}\))?)?)"
)
MISSING = "\N{EN DASH}"  # stands where there is no value


class Fitted(str):
    """Text that is already clean and bounded, so that the template's safety net lets it through as it is."""

    __slots__ = ()


@dataclass(frozen=True)
class Span:
    """A piece of running text; code where the author put it between backticks."""

    text: str
    is_code: bool


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The last part of a captured output, and what was left out of it (empty if nothing was)."""

    text: Fitted
    note: str


class _Replacements(dict[int, str | int]):
    """For `str.translate`: what stands in the page for each code point, worked out when it first comes up."""

    def __missing__(self, code: int) -> str | int:
        self[code] = replacement = _replacement(code)
        return replacement


def _replacement(code: int) -> str | int:
    character = chr(code)
    category = unicodedata.category(character)
    if character in "\n\t" or character in _KEPT_FORMAT_CHARACTERS:
        return code
    if character in "\b\ufeff":
        return ""
    if category in ("Zl", "Zp"):
        return "\n"
    if category in ("Cc", "Cs"):
        return "\ufffd"
    return f"⟨U+{code:04X}⟩" if category == "Cf" else code


_REPLACEMENTS = _Replacements()


def clean(text: object) -> str:
    """Drop terminal sequences and what carriage returns overwrote, and make hidden characters visible.

    The result can be encoded as UTF-8 and reads in the order it is stored in: direction overrides and isolates become
    their code point's name.
    """
    plain = _TERMINAL_SEQUENCE.sub("", str(text))
    if "\r" in plain:
        plain = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n"))
    return _STACKED_MARKS.sub(r"\1", plain.translate(_REPLACEMENTS))


def shorten(text: object, limit: int = LONGEST_TEXT) -> str:
    """Return `text` cleaned and at most `limit` characters long, with a note of how many were cut."""
    whole = str(text)
    cleaned = clean(whole[: 4 * limit])
    hidden = max(len(cleaned) - limit, 0) + max(len(whole) - 4 * limit, 0)
    return f"{cleaned[:limit]}… ({hidden:,} more characters)" if hidden else cleaned


def label(text: object, limit: int) -> str:
    """Return one line of at most `limit` characters for where there is no room for a note, as inside a figure."""
    line = " ".join(clean(str(text)[: 8 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def spans(text: object, limit: int = 1200) -> tuple[Span, ...]:
    """Split running text at its backticks, so that `names` of code can be set as code; an odd backtick stays text."""
    parts = re.split(r"`([^`\n]{1,200})`", shorten(text, limit).strip())
    return tuple(Span(part, index % 2 == 1) for index, part in enumerate(parts) if part)


def code_spans(text: object, limit: int = 1200) -> tuple[Span, ...]:
    """Split running text as `spans` does; where it has no backticks, what is plainly code is set as code."""
    found = spans(text, limit)
    if any(span.is_code for span in found):
        return found
    parts = _CODE.split("".join(span.text for span in found))
    return tuple(Span(part, index % 2 == 1) for index, part in enumerate(parts) if part)


def tail(output: object, limit: int = LONGEST_OUTPUT) -> Tail:
    """Return the last `limit` characters of an output, cleaned, with no line longer than `LONGEST_LINE`."""
    whole = str(output)
    text = clean(whole[-limit:])
    lines = [line if len(line) <= LONGEST_LINE else shorten(line, LONGEST_LINE) for line in text.split("\n")]
    note = f"The last {limit:,} of {len(whole):,} characters." if len(whole) > limit else ""
    return Tail(text=Fitted("\n".join(lines).rstrip()), note=note)


def points(value: Any) -> str:
    """Write points as a person does: `0.75`, `1`, `11.5`; never `0.7500000001` or `-0`."""
    number = finite(value)
    if number is None:
        return MISSING
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def number(value: Any) -> str:
    """Write a measured number with at most six significant digits, and a whole number in full."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) < 10**15:
        return str(value)
    known = finite(value)
    return MISSING if known is None else f"{known:.6g}"


def seconds(value: Any) -> str:
    """Write a duration: `0.4 s`, `12 s`, `2 min 5 s`."""
    known = finite(value)
    if known is None:
        return MISSING
    if known < 10:
        return f"{known:.1f} s"
    minutes, rest = divmod(round(known), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def size(value: Any) -> str:
    """Write a number of bytes in units of 1,000: `0 B`, `59.9 kB`."""
    known = finite(value)
    if known is None:
        return MISSING
    for unit in ("B", "kB", "MB"):
        if abs(known) < 1000:
            return f"{known:.0f} {unit}" if unit == "B" else f"{known:.1f} {unit}"
        known /= 1000
    return f"{known:.1f} GB"


def finite(value: Any) -> float | None:
    """Return `value` as a float, or None if it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun: `1 criterion`, `3 criteria`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
