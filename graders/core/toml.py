"""Parsing TOML of somebody else's in bounded time, with one kind of error for whatever is wrong with it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

MAX_PARTS = 100
# Strings and comments, in which dots mean nothing.
_STRINGS = (
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}',
    r"'''(?:[^']|'(?!''))*+'{3,5}",
    r'"(?:[^"\\\n]|\\.)*+"',
    r"'[^'\n]*+'",
)
_QUIET = re.compile("|".join((*_STRINGS, r"#[^\n]*+")), re.DOTALL)


class NotToml(ValueError):
    """The text is no TOML, or none that is accepted; the message says why and where."""


def parse_toml(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The document in a text.

    The time that tomllib takes for a name of parts, ``a.b.c``, grows with the square of their number.

    :raises NotToml: for anything that is wrong.
    """
    bare = _QUIET.sub(lambda found: "x" + "\n" * found[0].count("\n"), text)
    for number, line in enumerate(bare.split("\n"), start=1):
        if line.count(".") > MAX_PARTS:
            raise NotToml(f"a name of more than {MAX_PARTS} parts, or as many numbers with a point (at line {number})")
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        last = f"at line {len(text.splitlines())}, the last"
        raise NotToml(str(error).replace("at end of document", last)) from None
    except (ValueError, RecursionError):
        raise NotToml("a number too long, or lists in lists without end") from None
