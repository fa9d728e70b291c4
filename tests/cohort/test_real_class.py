"""A class graded for real, by the command, with the lab of docs/adding-a-lab.md, which takes no TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graders.core.exit_codes import ExitCode
from graders.core.paths import REPOSITORY
from graders.scoring import Scorecard, without_times
from tests.cohort.classes import write, zipped
from tests.framework.test_labs_outside import RIGHT, WRONG, shown_files

pytestmark = pytest.mark.process


def graders(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, words)], cwd=REPOSITORY, capture_output=True, text=True, timeout=280, check=False
    )


def result(report: Path) -> object:
    document = without_times(Scorecard.load(report / "scorecard.json").to_json())
    return document["points"], document["labs"]


def test_a_class_gets_what_each_of_it_gets_alone(tmp_path: Path) -> None:
    lab = write(tmp_path / "labs" / "int8_arrays", shown_files())
    file = "int8_arrays/quantise.py"
    place = write(tmp_path / "class", {f"ada/{file}": RIGHT, f"bob/{file}": WRONG, "carol.zip": zipped({file: RIGHT})})
    write(place, {"broken.zip": b"PK"})
    out, options = tmp_path / "out", ("--labs", lab, "--lab", "int8_arrays", "--seed", 7)
    first = graders("graders", "cohort", place, "--report-dir", out, "--workers", 1, *options)
    assert first.returncode == ExitCode.UNSCORED, first.stdout + first.stderr
    assert "3 graded, 1 not graded; graded now: 3" in first.stdout, first.stdout + first.stderr
    assert "no marks: broken: broken.zip is not a ZIP archive, or a damaged one" in first.stdout
    assert "reports/bob/report.html" in (out / "index.html").read_text(encoding="utf-8")
    assert (out / "similarity.html").is_file()
    for name in ("ada", "bob"):
        alone = tmp_path / "alone" / name
        graders("pytest", "graders", "--submission", place / name, "--report-dir", alone, *options)
        assert result(out / "reports" / name) == result(alone)
    sheet = tmp_path / "grades.csv"
    sheet.write_text("Student,ID,SIS Login ID,Section,Lab (101)\nA,1,ada,S,\nC,2,carol,S,\n", encoding="utf-8")
    exported = graders("graders", "export", out / "reports", "--to", "canvas", "--sheet", sheet, "--assignment", 101)
    assert "2 marks change" in exported.stdout, exported.stdout + exported.stderr


def with_text(text: bytes, folder: Path) -> set[str]:
    """Files below a folder that have a text in them, at this moment."""
    found = set()
    # Unlike rglob, os.walk goes on where a folder has been removed meanwhile.
    for path in (Path(above, name) for above, _, names in os.walk(folder) for name in names):
        try:
            if path.is_file() and not path.is_symlink() and text in path.read_bytes():
                found.add(path.name)
        except OSError:
            continue
    return found


def test_a_secret_is_on_no_disk_while_a_class_is_graded(tmp_path: Path) -> None:
    secret = b"a-secret-that-no-disk-has-0123456789"
    lab = write(tmp_path / "labs" / "int8_arrays", shown_files())
    place = write(tmp_path / "class", {"ada/int8_arrays/quantise.py": RIGHT})
    (tmp_path / "secret").write_bytes(secret)
    written = tmp_path / "written"
    for name in ("out", "tmp", "cache"):
        (written / name).mkdir(parents=True)
    words = ("--secret-file", tmp_path / "secret", "--labs", lab, "--lab", "int8_arrays", "--workers", 1)
    command = [sys.executable, "-m", "graders", "cohort", place, "--report-dir", written / "out", *words]
    environment = {**os.environ, "TMPDIR": str(written / "tmp"), "OPTGRADE_CACHE": str(written / "cache"), "HOME": str(written)}
    seen, looks = set(), 0
    with subprocess.Popen([*map(str, command)], cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            seen |= with_text(secret, written)
            looks += 1
            time.sleep(0.02)
        assert process.stdout is not None
        said = process.stdout.read()
    assert "1 graded; graded now: 1" in said, said
    assert looks > 5
    assert not seen | with_text(secret, written)
    assert with_text(b"int8_arrays", written), "there are files to look at"
    assert secret.decode() not in said
