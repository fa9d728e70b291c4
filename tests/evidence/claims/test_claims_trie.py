"""Many words as one pattern: where they may begin and end, and which of several counts."""

from __future__ import annotations

import pytest

from graders.evidence.claims.trie import Words

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
