"""The words of ``words.toml`` and ``units.toml``, as patterns over normalised text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graders.evidence.claims.normal import normal

_FOLDER = Path(__file__).parent
# Latin, Greek, Cyrillic; what follows is written with spaces as well or does not join words to figures.
LETTER = "a-z\u00df-\u024f\u0370-\u052f"
START = f"(?<![{LETTER}])"
END = f"(?![{LETTER}])"


@dataclass(frozen=True)
class Found:
    """A word found in a text: the name of its list, and where it stands."""

    name: str
    start: int
    end: int


class Finder:
    """Finds words of several lists in normalised text; where words overlap, the longest one counts."""

    def __init__(self, lists: dict[str, list[str]]) -> None:
        names: dict[str, str] = {}
        for name, words in lists.items():
            for word in words:
                names.setdefault(normal(word), name)
        ordered = sorted(names, key=len, reverse=True)
        self._names = [names[word] for word in ordered]
        self._pattern = re.compile("|".join(f"({pattern(word)})" for word in ordered))

    def all(self, text: str) -> tuple[Found, ...]:
        """Every word found, in order."""
        return tuple(
            Found(self._names[match.lastindex - 1], match.start(), match.end())
            for match in self._pattern.finditer(text)
            if match.lastindex
        )

    def names(self, text: str) -> frozenset[str]:
        """The lists that have a word in the text."""
        return frozenset(found.name for found in self.all(text))


def pattern(word: str) -> str:
    """A word of the lists as a pattern: whole, or with any ending where a star stands."""
    stem = word.rstrip("*")
    spaced = r"\s+".join(re.escape(part) for part in stem.split(" "))
    before = START if stem[:1].isalpha() else ""
    if word.endswith("*"):
        return f"{before}{spaced}[{LETTER}]*+"
    return f"{before}{spaced}{END if stem[-1:].isalpha() else ''}"


@cache
def units_data() -> dict[str, Any]:
    """What stands in ``units.toml``."""
    return tomllib.loads((_FOLDER / "units.toml").read_text(encoding="utf-8"))


@cache
def _lists() -> dict[str, list[str]]:
    """The word lists, all languages of each together."""
    data = tomllib.loads((_FOLDER / "words.toml").read_text(encoding="utf-8"))
    return {name: [word for words in languages.values() for word in words] for name, languages in data.items()}


@cache
def finder(*names: str) -> Finder:
    """A finder of these lists."""
    return Finder({name: _lists()[name] for name in names})


@cache
def blank_words() -> frozenset[str]:
    """What is written where a figure would stand."""
    return frozenset(normal(word) for word in units_data()["blank"]["words"])


def alternatives(words: Iterable[str]) -> str:
    """One pattern of several words, the longest first."""
    ordered = sorted({normal(word) for word in words}, key=len, reverse=True)
    return "|".join(pattern(word) for word in ordered)
