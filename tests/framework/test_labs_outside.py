"""Labs outside of this repository: the one that docs/adding-a-lab.md shows grades right, wrong and missing work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graders.core.paths import REPOSITORY

PAGE = REPOSITORY / "docs" / "adding-a-lab.md"
RIGHT = """import numpy as np


def quantise(values, scale, zero_point):
    return np.clip(np.round(values / scale) + zero_point, -128, 127).astype(np.int8)
"""
WRONG = """import numpy as np


def quantise(values, scale, zero_point):
    return np.clip(values / scale + zero_point, -128, 127).astype(np.int8)
"""


@dataclass
class Graded:
    """How a grading ended: exit code, output, and the scorecard, if there is one."""

    code: int
    output: str
    card: dict[str, Any] | None

    def verdicts(self) -> dict[str, str]:
        """The verdict of each criterion."""
        assert self.card is not None, self.output
        (lab,) = self.card["labs"]
        return {each["id"]: each["verdict"] for each in lab["criteria"]}


def shown_files() -> dict[str, str]:
    """The files of the page's lab, by their names."""
    found = re.findall(
        r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return dict(found)


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """The lab of the page, pasted into a folder that is no part of this repository."""
    folder = tmp_path / "labs" / "int8_arrays"
    folder.mkdir(parents=True)
    for name, text in shown_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def grade(tmp_path: Path, lab: Path) -> Callable[..., Graded]:
    """Grades a submission that has this code, if any, with the lab."""

    def run(code: str | None, *options: str, labs: Path = lab) -> Graded:
        submission, report = tmp_path / "student", tmp_path / "report"
        (submission / "int8_arrays").mkdir(parents=True, exist_ok=True)
        (submission / "readme.txt").write_text("mine", encoding="utf-8")
        if code is not None:
            (submission / "int8_arrays" / "quantise.py").write_text(code, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            str(REPOSITORY / "pyproject.toml"),
            str(REPOSITORY / "graders"),
        ]
        command += [
            f"--labs={labs}",
            "--lab=int8_arrays",
            f"--submission={submission}",
            f"--report-dir={report}",
            *options,
        ]
        ended = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}
        )
        file = report / "scorecard.json"
        card = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        return Graded(ended.returncode, ended.stdout + ended.stderr, card)

    return run


def test_the_page_shows_a_whole_lab() -> None:
    """Three files, as many as a lab needs, in not many more than 60 lines of text."""
    files = shown_files()
    assert set(files) == {"lab.toml", "lab.py", "test_lab.py"}
    assert sum(bool(line.strip()) for text in files.values() for line in text.splitlines()) <= 60


def test_right_work_earns_everything(grade: Callable[..., Graded]) -> None:
    """Full points, from runs in the sandbox; graded once more, they come out of the cache."""
    graded = grade(RIGHT)
    assert graded.code == 0, graded.output
    assert graded.verdicts() == {"int8.values": "earned", "int8.saturation": "earned"}
    assert graded.card is not None
    assert graded.card["points"]["earned"] == 3.0
    assert graded.card["timing"]["student_runs"] == 2
    again = grade(RIGHT)
    assert again.verdicts() == graded.verdicts()
    assert again.card is not None
    assert again.card["timing"]["kept_runs"] == 2


def test_wrong_work_loses_what_is_wrong(grade: Callable[..., Graded], lab: Path) -> None:
    """Truncation costs its criterion, with its hint, and no other; a change of the lab's code is graded again."""
    graded = grade(WRONG)
    assert graded.code == 1, graded.output
    assert graded.verdicts()["int8.values"] in ("lost", "partial")
    assert graded.verdicts()["int8.saturation"] == "earned"
    assert "Values are truncated" in graded.output
    changed = (lab / "lab.py").read_text(encoding="utf-8").replace("uniform(-9.0, 9.0)", "uniform(-8.0, 8.0)")
    (lab / "lab.py").write_text(changed, encoding="utf-8")
    again = grade(WRONG)
    assert again.card is not None
    assert again.card["timing"]["kept_runs"] == 0


MISSING = {
    "no file": (None, "missing"),
    "no function": ("import numpy as np\n", "missing"),
    "not written yet": ("def quantise(*_):\n    raise NotImplementedError('write quantise')\n", "missing"),
    "it raises": ("def quantise(*_):\n    return 1 / 0\n", "failed"),
    "it returns something else": ("def quantise(*_):\n    return 7\n", "failed"),
    "it returns what can't be sent": ("def quantise(*_):\n    return object()\n", "failed"),
}


@pytest.mark.parametrize("case", MISSING)
def test_missing_and_failing_work(case: str, grade: Callable[..., Graded]) -> None:
    """What is not there is missing, what raises has failed, and neither is a fault of the grader."""
    code, verdict = MISSING[case]
    graded = grade(code)
    assert graded.code == 1, graded.output
    assert set(graded.verdicts().values()) == {verdict}


def test_what_is_run_is_sandboxed(grade: Callable[..., Graded], tmp_path: Path) -> None:
    """A student's function can't read the lab's own files."""
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    code = f"def quantise(*_):\n    return open({str(tmp_path / 'labs' / 'int8_arrays' / 'lab.py')!r}).read()\n"
    graded = grade(code)
    assert set(graded.verdicts().values()) == {"failed"}
    assert "returned str" not in graded.output


SLIPS = {
    'title = "Quantise an array to int8"': (
        'titel = "Quantise an array to int8"',
        "line 2: unknown key 'titel'; did you mean 'title'?",
    ),
    "points = 2": ("points = 2\npoitns = 3", "line 9: unknown key 'poitns' in [[criteria]]; did you mean 'points'?"),
    'id = "int8_arrays"': ('id = "int8"', "the lab's id is 'int8'; call its folder so, too"),
}


@pytest.mark.parametrize("right", SLIPS)
def test_a_slip_in_lab_toml_is_one_line(right: str, grade: Callable[..., Graded], lab: Path) -> None:
    """File, line and key are named, and nothing is graded."""
    wrong, message = SLIPS[right]
    (lab / "lab.toml").write_text(shown_files()["lab.toml"].replace(right, wrong), encoding="utf-8")
    graded = grade(RIGHT)
    assert graded.code == 4
    assert graded.card is None
    (line,) = [line for line in graded.output.splitlines() if line.strip()]
    assert str(lab / "lab.toml") in line
    assert message in line


def test_a_folder_of_labs_and_a_folder_of_none(grade: Callable[..., Graded], lab: Path, tmp_path: Path) -> None:
    """--labs takes the folder that labs lie in as well; one without any is refused."""
    assert grade(RIGHT, "--collect-only", "-q", labs=lab.parent).code == 0
    (tmp_path / "empty").mkdir()
    assert "no lab.toml" in grade(RIGHT, labs=tmp_path / "empty").output
    graded = grade(RIGHT, "--collect-only", "-q", "-k", "saturation")
    assert "test_saturation[values-drawn]" in graded.output
    assert "test_values" not in graded.output
