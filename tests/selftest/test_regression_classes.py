"""A class that was graded before is what a regression over the same submissions is compared with."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.cohort.engine.cluster import ClusterOptions
from graders.cohort.engine.options import GradingOptions
from graders.cohort.run import CohortRequest, grade_class
from graders.core.errors import UsageError
from graders.sandbox import choose
from graders.selftest.regression import Regression, differences, read_class, run_all, submission_entries
from tests.cohort import stand_ins
from tests.cohort.classes import submission

pytestmark = pytest.mark.process


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a class of two, one of whom could not be graded."""
    (tmp_path / "book").touch()
    monkeypatch.setenv(stand_ins.BOOK, str(tmp_path / "book"))
    submission(tmp_path / "autumn" / "Ada L")
    submission(tmp_path / "autumn" / "bob", "fail")
    options = GradingOptions(isolation="bare", seed=7)
    request = CohortRequest(
        sources=(tmp_path / "autumn",),
        folder=tmp_path / "out",
        grading=options,
        cluster=ClusterOptions(workers=2),
        similarity=False,
    )
    assert grade_class(request, stand_ins.graded).kinds == {"graded": 1, "not graded": 1}
    return tmp_path / "out"


def again(folder: Path, earlier: Path) -> tuple[Regression, Regression]:
    """The class as it was graded before, and its regression now."""
    isolation = choose("bare")
    entries = submission_entries([folder], isolation)
    now = run_all(entries, isolation, 2, None, lambda *_: None, stand_ins.graded)
    return read_class(earlier, entries), now


def test_what_is_different_from_the_class(graded: Path, tmp_path: Path) -> None:
    before, now = again(tmp_path / "autumn", graded)
    assert list(before.records) == ["autumn/Ada L", "autumn/bob"]
    assert before.records["autumn/Ada L"].criteria == now.records["autumn/Ada L"].criteria
    # That of bob says why in the class's own words.
    assert {change.submission for change in differences(before, now)} == {"autumn/bob"}
    submission(tmp_path / "autumn" / "bob", "x = 2\n")
    before, now = again(tmp_path / "autumn", graded)
    found = differences(before, now)
    assert {change.submission for change in found} == {"autumn/bob"}
    assert {change.why for change in found} == {"the submission"}
    assert sum(change.points for change in found if change.criterion) == now.records["autumn/bob"].earned > 0


def test_another_folder(tmp_path: Path) -> None:
    """One line says that no class was graded there."""
    with pytest.raises(UsageError, match=r"--against .*: ") as caught:
        read_class(tmp_path, [])
    assert "\n" not in str(caught.value)
