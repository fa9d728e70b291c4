"""Staging: what a submission is found to have, before anything is run."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from graders import profiles, sandbox
from graders.core.errors import RunError
from graders.framework.registry import select_labs
from graders.pipeline.config import GradingConfig
from graders.pipeline.stage import StagedSubmission, stage

L02 = "dl_in_iot_course/l02_quantization/quantization_experiments.py"


def staged(submission: Path, work: Path, lab: str = "l02", **options: object) -> StagedSubmission:
    config = GradingConfig(
        submission=submission,
        labs=tuple(select_labs([lab])),
        profile=profiles.choose("embedded", None, None),
        isolation=sandbox.choose("bare"),
        **options,  # type: ignore[arg-type]
    )
    work.mkdir()
    return stage(config, work)


@pytest.fixture
def ada(tmp_path: Path) -> Path:
    """A submission with a file of lab 2, in a subfolder."""
    file = tmp_path / "ada" / "work" / L02
    file.parent.mkdir(parents=True)
    file.write_text("class FP32Model: ...\n")
    return tmp_path / "ada"


def test_a_submission_is_staged(ada: Path, tmp_path: Path) -> None:
    """Its root is found, its copy has the starter code, and its lab is there."""
    found = staged(ada, tmp_path / "work")
    (lab,) = found.labs
    assert (found.submission.name, found.root, found.fault, lab.absent) == ("ada", "work", None, None)
    assert (found.view.root / L02).read_text() == "class FP32Model: ...\n"
    assert (found.view.root / "dl_in_iot_course" / "misc").is_dir()
    assert found.seed_from == "submission"
    found.require_readable()


def test_staging_changes_nothing(ada: Path, tmp_path: Path) -> None:
    """The submission is as before, and staging it again gives the same seeds."""
    before = sorted(ada.rglob("*"))
    first, second = staged(ada, tmp_path / "one"), staged(ada, tmp_path / "two")
    assert (first.seed, first.labs[0].seed) == (second.seed, second.labs[0].seed)
    assert sorted(ada.rglob("*")) == before


def test_an_archive_is_staged(ada: Path, tmp_path: Path) -> None:
    """A ZIP archive has the name of its file and the seed of its contents."""
    archive = tmp_path / "grace.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(ada / "work" / L02, f"work/{L02}")
    found = staged(archive, tmp_path / "work")
    assert found.submission.name == "grace"
    assert found.labs[0].absent is None
    assert found.seed == staged(ada, tmp_path / "other").seed


def test_what_is_absent_says_why(ada: Path, tmp_path: Path) -> None:
    """A lab without its file is absent, with the path that was looked for; the submission can be read all the same."""
    found = staged(ada, tmp_path / "work", lab="l03")
    absent = found.labs[0].absent
    assert absent is not None
    assert absent.message == f"no {found.labs[0].lab.student_file} in the submission"
    assert found.fault is None


def test_an_unreadable_submission_is_a_fault(tmp_path: Path) -> None:
    """An empty folder raises nothing: it is a fault, and all labs are absent for it."""
    (tmp_path / "empty").mkdir()
    found = staged(tmp_path / "empty", tmp_path / "work")
    assert found.fault is not None
    assert found.root == ""
    assert str(found.labs[0].absent) == str(found.fault)
    with pytest.raises(RunError, match="empty"):
        found.require_readable()


def test_options_of_the_grading_hold(ada: Path, tmp_path: Path) -> None:
    """A given seed is every lab's, a secret changes it, and a time limit takes the place of the lab's."""
    given = staged(ada, tmp_path / "one", seed=7, wall_limit_s=3.0)
    assert (given.seed, given.labs[0].seed, given.seed_from) == (7, 7, "option")
    assert given.labs[0].lab.limits.wall_s == 3.0
    secret = staged(ada, tmp_path / "two", secret=b"0123456789abcdef")
    assert secret.seed_from == "secret"
    assert secret.seed != staged(ada, tmp_path / "three").seed
