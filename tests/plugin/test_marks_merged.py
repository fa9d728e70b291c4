"""Marks by a person: written out, filled in, merged by the next grading, and never the student's own."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = REPOSITORY / "reference"
LOST, USAGE = 1, 4
QUESTIONS = [f"l02.question.{number}" for number in range(1, 5)]
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission with a summary and a history, and no code, so that no run is needed."""
    folder = tmp_path_factory.mktemp("submissions") / "ada"
    shutil.copytree(REFERENCE / "summaries", folder / "summaries")
    shutil.copy(REFERENCE / "history.bundle", folder)
    return folder


def grade(run: Run, folder: Path, report: Path, *more: str | Path) -> tuple[Any, dict[str, Any]]:
    """Grades; how it ended, and the criteria by id."""
    ended = run("graders", f"--submission={folder}", "--lab=l02", f"--report-dir={report}", *more)
    path = report / "scorecard.json"
    if not path.exists():
        return ended, {}
    card = json.loads(path.read_text(encoding="utf-8"))
    return ended, {criterion["id"]: criterion for criterion in card["labs"][0]["criteria"]} | {"card": card}


def filled(text: str, marks: dict[str, tuple[str, str]]) -> str:
    """A marks file with these points and comments in it."""
    for criterion, (points, comment) in marks.items():
        pattern = rf'(\[marks\."{re.escape(criterion)}"\].*?)points = ""\ncomment = ""'
        text, count = re.subn(pattern, rf'\1points = {points}\ncomment = "{comment}"', text, count=1, flags=re.DOTALL)
        assert count == 1
    return text


@pytest.fixture(scope="module")
def first(run: Run, ada: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The report's folder of a first grading, and its criteria."""
    report = tmp_path_factory.mktemp("first") / "report"
    ended, criteria = grade(run, ada, report)
    assert ended.code == LOST
    assert f"For manual grading: {report / 'marks.toml'}" in ended.out
    return report, criteria


def test_answers_are_quoted(first: tuple[Path, dict[str, Any]]) -> None:
    """Every question is pending, with the student's passage in the scorecard and in the file for marks."""
    report, criteria = first
    text = (report / "marks.toml").read_text(encoding="utf-8")
    for criterion in QUESTIONS:
        found = criteria[criterion]
        assert found["verdict"] == "pending"
        (evidence,) = found["evidence"].values()
        assert "summaries/l02_quantization/summary.md" in evidence["place"]
        assert f'[marks."{criterion}"]' in text
        assert f"# > {evidence['passage'].splitlines()[0]}" in text
    # Without code, nothing of the submission supports the summary's numbers.
    assert criteria["l02.summary.figures"]["verdict"] == "pending"
    assert criteria["l02.history.commits"]["verdict"] == "earned"


@pytest.fixture(scope="module")
def marks(first: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with three of the four questions marked."""
    report, _ = first
    path = tmp_path_factory.mktemp("marks") / "ada.toml"
    given = {QUESTIONS[0]: ("0.5", ""), QUESTIONS[1]: ('"0,25"', "Speed is missing."), QUESTIONS[2]: ("0", "Empty.")}
    path.write_text(filled((report / "marks.toml").read_text(encoding="utf-8"), given), encoding="utf-8")
    return path


def test_marks_are_merged(run: Run, ada: Path, marks: Path, first: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """Marks become points, with the comment as the reason; what has none stays pending; the new file has the marks."""
    _, before = first
    ended, criteria = grade(run, ada, tmp_path, "--marks", marks)
    assert ended.code == LOST
    assert [criteria[name]["verdict"] for name in QUESTIONS] == ["earned", "partial", "lost", "pending"]
    assert [criteria[name]["earned"] for name in QUESTIONS] == [0.5, 0.25, 0, 0]
    assert criteria[QUESTIONS[1]]["reason"]["cause"] == "Speed is missing."
    points, old = criteria["card"]["points"], before["card"]["points"]
    assert points["earned"] == old["earned"] + 0.75
    assert (points["pending"], points["automatic"]) == (old["pending"] - 1.5, old["automatic"] + 1.5)
    assert points["automatic"] + points["pending"] == points["maximum"] == 20
    again = (tmp_path / "marks.toml").read_text(encoding="utf-8")
    assert "Speed is missing." in again
    assert 'points = "0.25"' in again or "points = 0.25" in again


def test_a_mark_holds_for_its_passage_alone(run: Run, ada: Path, marks: Path, tmp_path: Path) -> None:
    """Where the answer was rewritten after it was marked, the question is pending again and says so."""
    folder = tmp_path / "ada"
    shutil.copytree(ada, folder)
    summary = folder / "summaries" / "l02_quantization" / "summary.md"
    text = summary.read_text(encoding="utf-8")
    assert text.count("In quality nothing.") == 1
    summary.write_text(text.replace("In quality nothing.", "In quality nothing at all."), encoding="utf-8")
    _, criteria = grade(run, folder, tmp_path / "report", "--marks", marks)
    assert [criteria[name]["verdict"] for name in QUESTIONS] == ["pending", "partial", "lost", "pending"]
    assert "check it again" in criteria[QUESTIONS[0]]["reason"]["next"]


def test_marks_are_never_overwritten(run: Run, ada: Path, marks: Path, tmp_path: Path) -> None:
    """Graded again into the same folder without --marks, the marks that lie there are kept, not counted, and told of."""
    shutil.copy(marks, tmp_path / "marks.toml")
    _, criteria = grade(run, ada, tmp_path)
    assert (tmp_path / "marks.toml").read_bytes() == marks.read_bytes()
    assert {criteria[name]["verdict"] for name in QUESTIONS} == {"pending"}
    assert any("--marks" in notice for notice in criteria["card"]["notices"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("points = 0.5", "points = 0.75"), "l02.question.1: 0.75 points, but the maximum is 0.5"),
        (('submission = "ada"', 'submission = "bob"'), "these are marks for 'bob', not for 'ada'"),
        (("points = 0.5", 'points = "good"'), "points must be a number"),
        (("points = 0.5", "points = ["), "not TOML"),
    ],
)
def test_marks_that_can_not_be(
    change: tuple[str, str], told: str, run: Run, ada: Path, marks: Path, tmp_path: Path
) -> None:
    """Marks that are too many, somebody else's, or none at all are refused in one line before anything is graded."""
    path = tmp_path / "marks.toml"
    text = marks.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(change[0], change[1], 1), encoding="utf-8")
    ended, _ = grade(run, ada, tmp_path / "report", "--marks", path)
    assert ended.code == USAGE
    assert len(ended.lines) == 1
    assert told in ended.lines[0]


def test_a_students_own_marks_are_refused(run: Run, ada: Path, marks: Path, tmp_path: Path) -> None:
    """A marks file inside of the submission, also by way of a link, could be its author's."""
    folder = tmp_path / "ada"
    shutil.copytree(ada, folder)
    shutil.copy(marks, folder / "marks.toml")
    (tmp_path / "link.toml").symlink_to(folder / "marks.toml")
    for path in (folder / "marks.toml", tmp_path / "link.toml"):
        ended, _ = grade(run, folder, tmp_path / "report", "--marks", path)
        assert ended.code == USAGE
        assert "lies in the submission" in ended.lines[0]
