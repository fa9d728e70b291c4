"""Words of several lists, in the form in which texts are looked through."""

from __future__ import annotations

import pytest

from graders.written.claims.normalization import normal
from graders.written.claims.vocabulary import Finder, blank_words, finder

LISTS = {"size": ["Größe", "size*"], "other": ["size of images", "drop*"], "comparison": ["drop*", "than"]}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("GRÖSSE", [("size", 0, 6)]),
        ("sizes", [("size", 0, 5)]),
        ("size of images", [("other", 0, 14)]),
        ("size of files, dropped", [("size", 0, 4), ("other", 15, 22)]),
        ("less than size", [("comparison", 5, 9), ("size", 10, 14)]),
        ("oversize", []),
    ],
)
def test_words_of_lists(text: str, found: list[tuple[str, int, int]]) -> None:
    """The longest word counts; one of two lists is of the first of them."""
    lists = Finder(LISTS)
    assert [(hit.meaning, hit.start, hit.end) for hit in lists.all(normal(text))] == found
    assert lists.names(normal(text)) == {name for name, _, _ in found}


def test_only_the_lists_asked_for() -> None:
    """In all languages of each."""
    text = normal("Accuracy, Genauigkeit, 准确率; latency")
    assert [hit.meaning for hit in finder("accuracy").all(text)] == ["accuracy"] * 3
    assert finder("accuracy", "time_ms").names(text) == {"accuracy", "time_ms"}
    assert finder("deflation").names(text) == frozenset()


def test_what_stands_for_no_figure() -> None:
    """Words and signs, in the form of the texts."""
    assert {normal(word) for word in ("", "N/A", "–", "Keine Angabe", "无", "není")} <= blank_words()
    assert not {"0", "0.5"} & blank_words()
