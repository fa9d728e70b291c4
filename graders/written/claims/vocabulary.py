"""The words of ``words.toml`` and ``units.toml``, to be found in normalised text."""

from __future__ import annotations

import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graders.written.claims.normalization import normal
from graders.written.claims.trie import Hit, Words

_FOLDER = Path(__file__).parent


class Finder:
    """Finds words of several lists; where words overlap, the longest one counts."""

    def __init__(self, lists: dict[str, list[str]]) -> None:
        names: dict[str, str] = {}
        for name, words in lists.items():
            for word in words:
                names.setdefault(normal(word), name)
        self._words = Words(names)
        self._all = lru_cache(maxsize=2048)(self._find)

    def all(self, text: str) -> tuple[Hit[str], ...]:
        """Every word in a normalised text, in order, with the name of its list."""
        return self._all(text)

    def names(self, text: str) -> frozenset[str]:
        """The lists that have a word in the text."""
        return frozenset(found.meaning for found in self.all(text))

    def _find(self, text: str) -> tuple[Hit[str], ...]:
        return tuple(self._words.all(text))


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


def is_blank(text: str) -> bool:
    """Whether a text is one that is written where a figure would stand."""
    return normal(text).strip() in blank_words() or is_undefined(text)


def is_undefined(text: str) -> bool:
    """Whether a text is how programs write a value that is not defined: NaN."""
    return normal(text).strip(" *`%") in _undefined_words()


@cache
def _undefined_words() -> frozenset[str]:
    return frozenset(normal(word) for word in units_data()["undefined"]["words"])
