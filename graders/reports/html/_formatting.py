"""Running text in pieces, and numbers as people write them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from graders.core.text import html_text, visible_text

LONGEST_LINE = 1000
LONGEST_OUTPUT = 16_000

# Names with underscores, attributes of well-known objects, and calls, with one level of brackets within.
_CODE = re.compile(
    r"(?<![\w`/.-])((?:(?:self|np|tf|tfmot|converter)(?:\.\w{1,60}){1,5}|[A-Za-z]\w{0,60}(?:\.\w{1,60}){0,4}(?=\()"
    r"|[A-Z][A-Za-z0-9]{0,40}\.[A-Za-z]\w{0,60}|[A-Za-z][A-Za-z0-9]{0,40}_\w{1,60}(?:\.\w{1,60}){0,4})"
    r"(?:\((?:[^()\n]|\([^()\n]{0,80}\)){0,160}\)(?:\.\w{1,40}\([^()\n]{0,80}\))?)?)"
)
MISSING = "\N{EN DASH}"  # shown if there is no value


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


def spans(text: str, limit: int = 1200) -> tuple[Span, ...]:
    """Split running text at its backticks, so that `names` of code can be set as code; an odd backtick stays text."""
    parts = re.split(r"`([^`\n]{1,200})`", html_text(text, limit).strip())
    return tuple(Span(part, index % 2 == 1) for index, part in enumerate(parts) if part)


def code_spans(text: str, limit: int = 1200) -> tuple[Span, ...]:
    """Split running text as `spans` does; where it has no backticks, what is plainly code is set as code."""
    found = spans(text, limit)
    if any(span.is_code for span in found):
        return found
    parts = _CODE.split("".join(span.text for span in found))
    return tuple(Span(part, index % 2 == 1) for index, part in enumerate(parts) if part)


def tail(output: str, limit: int = LONGEST_OUTPUT) -> Tail:
    """Return the last `limit` characters of an output, cleaned, with no line longer than `LONGEST_LINE`."""
    whole = output
    text = visible_text(whole[-limit:])
    lines = [line if len(line) <= LONGEST_LINE else html_text(line, LONGEST_LINE) for line in text.split("\n")]
    note = f"The last {limit:,} of {len(whole):,} characters." if len(whole) > limit else ""
    return Tail(text=Fitted("\n".join(lines).rstrip()), note=note)


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
