"""Reports in the submission's own folder: nothing that lies there already is written through."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graders.core.errors import UsageError
from graders.reports.folder import prepare_folder

NAMES = ("report.html", "scorecard.json")


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A student's folder, with a file beside it that is not the student's."""
    (tmp_path / "student").mkdir()
    (tmp_path / "precious").write_text("mine")
    return tmp_path / "student"


def test_a_folder_is_made(submission: Path) -> None:
    """With those above it, in a submission and elsewhere; one that is there is left as it is."""
    for folder in (submission / "report", submission.parent / "out" / "ada"):
        prepare_folder(folder, submission, NAMES)
        (folder / "scorecard.json").write_text("{}")
        prepare_folder(folder, submission, NAMES)
        assert (folder / "scorecard.json").read_text() == "{}"


def test_what_is_no_file_goes(submission: Path) -> None:
    """Links and FIFOs under the names of reports are removed, and what they led to stays."""
    folder = submission / "report"
    folder.mkdir()
    (folder / "scorecard.json").symlink_to(submission.parent / "precious")
    os.mkfifo(folder / "report.html")
    (folder / "other").symlink_to(submission.parent / "precious")
    prepare_folder(folder, submission, NAMES)
    (folder / "scorecard.json").write_text("owned")
    assert [path.name for path in folder.iterdir() if not path.is_symlink()] == ["scorecard.json"]
    assert (submission.parent / "precious").read_text() == "mine"


def test_links_elsewhere_are_the_instructors(submission: Path) -> None:
    """Outside of a submission a link is whoever's who called, and stays."""
    folder = submission.parent / "out"
    folder.mkdir()
    (folder / "scorecard.json").symlink_to(submission.parent / "precious")
    prepare_folder(folder, submission, NAMES)
    assert (folder / "scorecard.json").is_symlink()


@pytest.mark.parametrize("inner", ["report", "report/deep"])
def test_a_folder_that_is_a_link(inner: str, submission: Path) -> None:
    """A link in a submission leads nowhere, whether it is the folder itself or above it."""
    (submission.parent / "elsewhere").mkdir()
    (submission / "report").symlink_to(submission.parent / "elsewhere")
    with pytest.raises(UsageError, match="report is a link in the submission"):
        prepare_folder(submission / inner, submission, NAMES)
    assert not list((submission.parent / "elsewhere").iterdir())


def test_what_can_not_be_made(submission: Path) -> None:
    """A file in the place of the folder, or a folder in that of a report, is told in one line."""
    (submission / "report").write_text("x")
    with pytest.raises(UsageError, match="can't be made"):
        prepare_folder(submission / "report", submission, NAMES)
    (submission / "out" / "report.html").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"report\.html in it is a folder"):
        prepare_folder(submission / "out", submission, NAMES)
