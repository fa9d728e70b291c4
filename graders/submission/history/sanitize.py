"""Texts out of a repository, made fit to be shown: one line, no control or direction-changing characters."""

from __future__ import annotations

import unicodedata

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
"""Needed to write some scripts, and some emoji, properly; they move nothing."""


def clean(text: str, most: int = 200) -> str:
    """``text`` in at most ``most`` characters of one line; what can't be seen is dropped, white space becomes one."""
    seen = "".join(character if _shown(character) else " " for character in text[: 8 * most])
    line = " ".join(seen.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _shown(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _DROPPED
