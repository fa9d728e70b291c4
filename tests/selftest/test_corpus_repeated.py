"""Changes that repeat themselves: a text so many times, a file so many times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graders.framework.registry import select_labs
from graders.selftest.corpus.builder import apply
from graders.selftest.corpus.changes import read_change
from graders.selftest.corpus.tables import CaseError

(LAB,) = select_labs(["l02"])


def made(folder: Path, **item: Any) -> dict[str, str]:
    """The files that a change makes."""
    apply(read_change(item, LAB.lab, "case"), folder, "case")
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_text_so_many_times(tmp_path: Path) -> None:
    """In one file."""
    assert made(tmp_path, file="a/b.md", content="x\n", times=3) == {"a/b.md": "x\nx\nx\n"}


def test_a_file_so_many_times(tmp_path: Path) -> None:
    """Each with its number in its name."""
    assert made(tmp_path, file="a/b#.md", content="x", copies=2) == {"a/b0.md": "x", "a/b1.md": "x"}


@pytest.mark.parametrize(
    "item",
    [{"content": "x", "copies": 2, "file": "a.md"}, {"content": "x", "times": "2"}, {"old": "x", "new": "y", "times": 2}],
)
def test_what_can_not_be_repeated(item: dict[str, Any]) -> None:
    """Copies of one name, what is no number, and what is no whole file."""
    with pytest.raises(CaseError):
        read_change(item, LAB.lab, "case")
