"""Many words as one pattern: where they may begin and end, and which of several counts."""

from __future__ import annotations

import pytest

from graders.written.claims.trie import Words

WORDS = {"prun*": "stem", "pruned": "whole", "size": "size", "劣*": "worse", "±": "sign", "kb": "unit"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pruned", ["whole"]),
        ("pruning", ["stem"]),
        ("prunedness", ["stem"]),
        ("unpruned", []),
        ("sizes", []),
        ("the size, pruned", ["size", "whole"]),
        ("劣化", ["worse"]),
        ("劣", ["worse"]),
        ("a±b", ["sign"]),
        ("3kb", ["unit"]),
        ("xkb", []),
    ],
)
def test_words_of_a_text(text: str, found: list[str]) -> None:
    """A word is no part of another one; a stem goes on as long as letters do; signs may stand anywhere."""
    assert [hit.meaning for hit in Words(WORDS).all(text)] == found


def test_words_inside_of_others() -> None:
    """Where words may begin inside of others, they still have to end with them."""
    words = Words(WORDS, inside=True)
    assert [hit.meaning for hit in words.all("xkb kbx")] == ["unit"]
    hit = words.at("a3kb", 2)
    assert hit is not None
    assert (hit.meaning, hit.start, hit.end) == ("unit", 2, 4)
    assert words.at("a3kb", 0) is None


@pytest.mark.parametrize("words", [{"size": "whole", "size*": "stem"}, {"size*": "stem", "size": "whole"}])
def test_a_word_and_its_stem(words: dict[str, str]) -> None:
    """Whichever stands first in a list, the word itself counts as such, and longer ones as the stem."""
    assert [hit.meaning for hit in Words(words).all("size sizes sized")] == ["whole", "stem", "stem"]


def test_the_longest_stem_counts() -> None:
    """In any order of the list."""
    words = Words({"prun*": "short", "pruning ra*": "long", "pruning*": "middle"})
    assert [hit.meaning for hit in words.all("pruned, prunings, pruning rate")] == ["short", "middle", "long"]


def test_no_words() -> None:
    """Nothing is found where nothing is looked for."""
    words: Words[str] = Words({})
    assert list(words.all("size")) == []
    assert words.at("size", 0) is None
