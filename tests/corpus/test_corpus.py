"""Each case of the corpus, graded through the real plugin: it costs just what its file says, and is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graders.selftest.corpus.cases import Case, folders, load_all
from graders.selftest.corpus.taught import Taught, all_taught
from graders.selftest.regression import Record
from graders.selftest.regression.entries import name_of

CASES = [*all_taught(), *(case for folder in folders() for case in load_all(folder))]


@pytest.mark.parametrize("graded_case", CASES, ids=name_of)
def test_case(graded_case: Case | Taught, graded: Callable[[Case | Taught], Record]) -> None:
    """The mistake costs its criteria and no others, the feedback names it; nothing of ours fails or leaks on the way."""
    record = graded(graded_case)
    assert not record.fault
    assert not record.wrong, "\n".join([graded_case.title, *record.wrong])
