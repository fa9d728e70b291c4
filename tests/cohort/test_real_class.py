"""A class graded for real: the same points as ``pytest graders`` gives each of them alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from graders.core.exit_codes import ExitCode
from graders.core.paths import REFERENCE, REPOSITORY
from graders.scoring import Scorecard, without_times

pytestmark = pytest.mark.e2e


def graders(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)], cwd=REPOSITORY, capture_output=True, text=True, timeout=560, check=False
    )


def graded(report: Path) -> object:
    document = without_times(Scorecard.load(report / "scorecard.json").to_json())
    del document["environment"]
    return document["points"], [lab["criteria"] for lab in document["labs"]]


def test_a_class_gets_what_each_of_it_gets_alone(tmp_path: Path) -> None:
    """One is sent as an archive is, one is graded where it is, one is no submission at all."""
    place = tmp_path / "submissions"
    shutil.copytree(REFERENCE, place / "ada-lovelace")
    shutil.make_archive(str(place / "王小明"), "zip", REPOSITORY / "student_template")
    (place / "broken.zip").write_bytes(b"PK")
    out = tmp_path / "class"
    words = ("graders", "cohort", place, "--report-dir", out, "--lab", "l02", "--seed", 7)
    first = graders(*words)
    assert first.returncode == ExitCode.UNSCORED, first.stdout + first.stderr
    assert "2 graded, 1 not graded; graded now: 2" in first.stdout, first.stdout + first.stderr
    assert "no marks: broken: broken.zip is not a ZIP archive, or a damaged one" in first.stdout
    again = graders(*words)
    assert "2 graded already, 0 to grade, 1 can't be graded" in again.stdout
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "reports/ada-lovelace/report.html" in page

    alone = tmp_path / "alone"
    graders("pytest", "graders", "--submission", place / "ada-lovelace", "--lab", "l02", "--seed", 7, "--report-dir", alone)
    assert graded(out / "reports" / "ada-lovelace") == graded(alone)

    sheet = tmp_path / "grades.csv"
    sheet.write_text("Student,ID,SIS Login ID,Section,Lab 2 (101)\nAda,1,ada-lovelace,S,\nW,2,王小明,S,\n", encoding="utf-8")
    export = ("graders", "export", out / "reports", "--to", "canvas", "--sheet", sheet, "--assignment", 101)
    exported = graders(*export)
    assert "2 marks change" in exported.stdout, exported.stdout + exported.stderr
    earned = Scorecard.load(alone / "scorecard.json").points.earned
    assert f"Ada: no mark → {earned.normalize():f}" in exported.stdout

