"""Labs outside of the repository: offered by --labs, collected from their own folders, never out of a submission."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

USAGE, LOST = 4, 1
Run = Callable[..., Any]
DEFINITION = """
id = "l90_doubling"
title = "Doubling"
student_file = "doubling/double.py"

[[criteria]]
id = "l90.double"
title = "double(x) returns twice its argument"
points = 1

[[criteria]]
id = "l90.history.commits"
title = "The work is split into several commits"
points = 1

[history]
min_commits = 2

[hints.double]
cause = "The value is not doubled."
next = "Return 2 * x."
"""
LAB = """
from graders.framework.functions.lab import Call, FunctionLab

LAB = FunctionLab(__file__, {"two": lambda context: Call("double", [2])})
"""
TEST = """
from graders.framework.checks import check, criterion

@criterion("l90.double", runs="*")
def test_twice(evidence):
    check(evidence.value == 4, measured=str(evidence.value), expected="4", hint="double")
"""


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    """A folder of labs with one lab in it."""
    lab = tmp_path / "labs" / "l90_doubling"
    lab.mkdir(parents=True)
    for name, text in (("lab.toml", DEFINITION), ("lab.py", LAB), ("test_lab.py", TEST)):
        (lab / name).write_text(text, encoding="utf-8")
    return lab.parent


def collected(ended: Any) -> list[str]:
    assert ended.code == 0, ended.out + ended.err
    return [line for line in ended.out.splitlines() if "::" in line]


def test_its_tests_are_collected_from_its_own_folder(run: Run, labs: Path) -> None:
    """Its test files and the checks of its lab.toml are collected, a check for each run, beside the repository's labs."""
    tests = collected(run("graders", "--labs", labs, "--collect-only", "-q"))
    outside = [test for test in tests if "l90_doubling" in test]
    assert [test.rpartition("/")[2] for test in outside] == [
        "lab.toml::test_history[several commits]",
        "test_lab.py::test_twice[two]",
    ]
    assert len(tests) > len(outside)
    assert not [test for test in collected(run("graders", "--collect-only", "-q")) if "l90" in test]


def test_a_lab_s_own_folder_may_be_named(run: Run, labs: Path) -> None:
    """--labs takes the folder of one lab as well, and --lab chooses it like any other."""
    tests = collected(run("graders", "--labs", labs / "l90_doubling", "--lab", "l90", "--collect-only", "-q"))
    assert len(tests) == 2
    assert all("l90_doubling" in test for test in tests)


def test_a_lab_that_was_not_requested_is_left_out(run: Run, labs: Path) -> None:
    """With --lab for another lab nothing of it is collected, and its absence is no deselection."""
    tests = collected(run("graders", "--labs", labs, "--lab", "l02", "--collect-only", "-q"))
    assert tests
    assert not [test for test in tests if "l90" in test]


def test_other_files_below_its_folder_are_no_tests(run: Run, labs: Path) -> None:
    """A submission that lies below a lab's folder is not searched for tests, and its conftest.py is not read."""
    submission = labs / "l90_doubling" / "students" / "ada"
    submission.mkdir(parents=True)
    (submission / "test_mine.py").write_text("def test_full_marks(): pass\n")
    (submission / "conftest.py").write_text(f"open({str(submission / 'READ')!r}, 'w').close()\n")
    arguments = ("graders", "--labs", labs, "--lab", "l90", f"--submission={submission}")
    assert len(collected(run(*arguments, "--collect-only", "-q"))) == 2
    assert not (submission / "READ").exists()


@pytest.mark.parametrize("place", ["labs", "labs/l90_doubling", ".", "link"])
def test_labs_of_the_submission_are_refused(place: str, run: Run, labs: Path, tmp_path: Path) -> None:
    """A folder of labs in the submission is refused in one line before any of it is imported, whatever way leads there."""
    submission = tmp_path / "ada"
    lab = submission / "labs" / "l90_doubling"
    shutil.copytree(labs / "l90_doubling", lab)
    for folder in (lab, submission):
        (folder / "lab.toml").write_text(DEFINITION, encoding="utf-8")
        (folder / "lab.py").write_text(f"open({str(submission / 'READ')!r}, 'w').close()\n", encoding="utf-8")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "l90_doubling").symlink_to(lab)
    # The submission itself is found as a lab, where its parent is taken for a folder of labs.
    folder = {".": tmp_path, "link": tmp_path / "others"}.get(place, submission / place)
    ended = run("graders", "--labs", folder, f"--submission={submission}", "--report-dir", tmp_path / "report")
    assert ended.code == USAGE
    assert len(ended.lines) == 1
    assert "lies in the submission: its author could have written it" in ended.lines[0]
    assert not (submission / "READ").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lab: (lab / "lab.py").unlink(), "no lab.py"),
        (lambda lab: (lab / "lab.py").write_text("LAB = 1\n"), "exports no LAB"),
        (lambda lab: (lab / "lab.py").write_text("raise ValueError('a slip')\n"), "ValueError: a slip"),
        (lambda lab: (lab / "lab.toml").write_text("id = 1\n"), "lab.toml"),
        (lambda lab: (lab / "lab.toml").unlink(), "no lab.toml"),
    ],
)
def test_a_lab_that_can_not_be_used(change: Callable[[Path], Any], expected: str, run: Run, labs: Path) -> None:
    """A lab that is incomplete or raises is refused in one line that names it."""
    change(labs / "l90_doubling")
    ended = run("graders", "--labs", labs, "--submission", "student_template")
    assert ended.code == USAGE
    assert len(ended.lines) == 1, ended.out + ended.err
    assert expected in ended.lines[0]


def test_a_submission_is_graded_for_it(run: Run, labs: Path, tmp_path: Path) -> None:
    """A submission without the lab's file is graded, as missing; no server is started for that."""
    submission = tmp_path / "ada"
    submission.mkdir()
    (submission / "README.md").write_text("My work\n")
    report = tmp_path / "report"
    arguments = ("graders", "--labs", labs, "--lab", "l90", f"--submission={submission}", f"--report-dir={report}")
    ended = run(*arguments, plugins=("unused_servers",))
    assert ended.code == LOST, ended.out + ended.err
    card = json.loads((report / "scorecard.json").read_text(encoding="utf-8"))
    (lab,) = card["labs"]
    assert lab["lab"] == "l90_doubling"
    verdicts = {criterion["id"]: criterion["verdict"] for criterion in lab["criteria"]}
    assert verdicts == {"l90.double": "missing", "l90.history.commits": "pending"}
