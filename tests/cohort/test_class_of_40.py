"""A class of 40 from the corpus: the two who copied are found, and nobody else is said to have."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.class_of_40 import RENAMED, VERBATIM, make_class
from graders.cohort.similarity.comparison import compare
from graders.cohort.similarity.sources import read_folder, read_given
from graders.core.paths import TEMPLATE

pytestmark = pytest.mark.e2e


def test_the_two_who_copied_are_found(tmp_path: Path) -> None:
    made = make_class(tmp_path)
    assert len(made) == 40
    found = compare({name: read_folder(tmp_path / name) for name in made}, read_given(TEMPLATE))
    origin = {where: name for name, where in made.items()}
    copied = {frozenset((pair.one, pair.other)) for pair in found.pairs if pair.copied}
    assert copied == {frozenset((name, origin[original])) for name, original in (VERBATIM, RENAMED)}
    assert found.found <= 6, "so many others are alike at most, although 30 of the class changed one solution"
