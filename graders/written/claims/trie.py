"""Many words as one pattern, shared beginnings written once: as quick to search for as a few words are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

# Latin, Greek, Cyrillic; what follows is written with spaces as well or does not join words to figures.
LETTER = "a-z\u00df-\u024f\u0370-\u052f"
START = f"(?<![{LETTER}])"
END = f"(?![{LETTER}])"
_IS_LETTER = re.compile(f"[{LETTER}]")
Meaning = TypeVar("Meaning")


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    whole: bool = False
    stem: bool = False


@dataclass(frozen=True)
class Hit(Generic[Meaning]):
    """A word found: what it means, and where it stands."""

    meaning: Meaning
    start: int
    end: int


class Words(Generic[Meaning]):
    """Words and what each means. A star at a word's end stands for any letters; the longest word that fits counts.

    :param words: in the normal form, so that texts must be too.
    :param inside: whether words may begin in the middle of another one, as units do behind figures.
    """

    def __init__(self, words: Mapping[str, Meaning], *, inside: bool = False) -> None:
        self._whole = {word: meaning for word, meaning in words.items() if not word.endswith("*")}
        self._stems = {word.rstrip("*"): meaning for word, meaning in words.items() if word.endswith("*")}
        lettered, others = _Node(), _Node()
        for word in words:
            _insert(lettered if _IS_LETTER.match(word) and not inside else others, word)
        parts = [START + _written(lettered)] if lettered.children else []
        parts += [_written(others)] if others.children else []
        self._pattern = re.compile("|".join(parts) or "(?!)")

    def all(self, text: str) -> Iterator[Hit[Meaning]]:
        """Every word in the text, in order; none within another one."""
        for found in self._pattern.finditer(text):
            yield Hit(self._meaning(found.group()), found.start(), found.end())

    def at(self, text: str, place: int) -> Hit[Meaning] | None:
        """The word that begins at ``place``."""
        found = self._pattern.match(text, place)
        return Hit(self._meaning(found.group()), found.start(), found.end()) if found else None

    def _meaning(self, text: str) -> Meaning:
        if text in self._whole:
            return self._whole[text]
        return next(self._stems[text[:end]] for end in range(len(text), -1, -1) if text[:end] in self._stems)


def _insert(node: _Node, word: str) -> None:
    for character in word.rstrip("*"):
        node = node.children.setdefault(character, _Node())
    node.stem |= word.endswith("*")
    node.whole |= not word.endswith("*")


def _written(node: _Node, last: str = "") -> str:
    """What may follow: the longer words first."""
    ways = [re.escape(character) + _written(child, character) for character, child in node.children.items()]
    if node.whole:
        ways.append(END if _IS_LETTER.match(last) else "")
    if node.stem:
        ways.append(f"[{LETTER}]*+")
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
