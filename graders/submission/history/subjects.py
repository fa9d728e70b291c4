"""Whether the subject of a commit says what the commit does, in any language.

Only what is empty of content in itself is named: nothing, a word or two that fit every commit ("fix", "Änderungen",
"правки", "更新", "part 2"), random keys, or the subject of another commit again. A single word that names a part of the
work ("summary", "INT8Model") says what changes, though not how: it is brief, and counts.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_PREFIX = re.compile(
    r"(?:feat|fix|docs?|chore|refactor|test|style|perf|build|ci|wip)(?:\([^()]{0,40}\))?!?:\s*", re.IGNORECASE
)
_WEB_DEFAULT = re.compile(r"(?:add files via upload|(?:update|create|delete|rename) \S+\.\w{1,8})\Z", re.IGNORECASE)
_FIRST = re.compile(
    r"(?:initial|first) commit\b|init\Z|pierwszy commit|erster commit|premier commit|初始提交|初始化", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
# Scripts that are written without spaces, or where a character holds a syllable or a word.
_DENSE = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7FF), (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)  # fmt: skip
_ROWS = (
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "yxcvbnm", "azertyuiop", "qsdfghjklm", "1234567890",
    "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "фівапролджє",
)  # fmt: skip

_DATA = Path(__file__).with_name("empty_subjects.toml")


@cache
def empty_words() -> frozenset[str]:
    """The words that fit every commit, of all languages, in lower case."""
    lists = tomllib.loads(_DATA.read_text(encoding="utf-8")).values()
    return frozenset(word for words in lists for word in words.split())


def why_empty(subject: str, min_letters: int) -> str:
    """Why a subject says nothing, as ``"too short"``, ``"generic"`` …; ``""`` if it says something.

    :param min_letters: the fewest letters of a subject; a character of a dense script, such as Chinese, counts four.
    """
    text = unicodedata.normalize("NFKC", subject).strip()
    if is_first(text):
        return ""
    if _WEB_DEFAULT.match(text):
        return "the web page's default"
    # A conventional prefix alone is as empty as nothing.
    words = [word.casefold() for word in _words(_PREFIX.sub("", text, count=1))]
    informative = [word for word in words if not _is_empty(word)]
    if not words:
        return "no words"
    if not informative:
        return "generic"
    if all(_mashed(word) for word in informative):
        return "random keys"
    if _letters("".join(words)) < min_letters:
        return "too short"
    return ""


def is_first(subject: str) -> bool:
    """Whether it is the customary subject of a repository's first commit, which is as good as any."""
    return _FIRST.match(subject) is not None


def repeated(subjects: Sequence[str]) -> tuple[bool, ...]:
    """For each subject whether an earlier one says the same, case and punctuation aside."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for subject in subjects:
        words = tuple(_WORD.findall(unicodedata.normalize("NFKC", subject).casefold()))
        found.append(bool(words) and words in seen)
        seen.add(words)
    return tuple(found)


def _words(text: str) -> list[str]:
    """Words; where a dense script meets another one, a word ends."""
    parts: list[str] = []
    for word in _WORD.findall(text):
        start = 0
        for at in range(1, len(word)):
            if _is_dense(word[at]) != _is_dense(word[at - 1]):
                parts.append(word[start:at])
                start = at
        parts.append(word[start:])
    return parts


def _is_empty(word: str) -> bool:
    if word.rstrip("0123456789") in {"", *empty_words()}:
        return True
    if not _is_dense(word[0]):
        return False
    for known in sorted(empty_words(), key=len, reverse=True):
        if _is_dense(known[0]):
            word = word.replace(known, "")
    return not word


def _letters(text: str) -> int:
    return sum(4 if _is_dense(character) else 1 for character in text if character.isalnum())


def _is_dense(character: str) -> bool:
    return any(low <= ord(character) <= high for low, high in _DENSE)


def _mashed(word: str) -> bool:
    """Neighbouring keys in a row, or the same few characters over and over."""
    length = len(word)
    chunks = (word[:size] * (length // size) for size in (1, 2, 3) if length >= max(4, 2 * size))
    return word in chunks or (length >= 4 and any(word in row or word[::-1] in row for row in _ROWS))
