"""Submissions that hold nothing of the lab: graded all the same, as missing, with one line that says what was sought."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.scoring import without_times

REPOSITORY = Path(__file__).resolve().parents[2]
STUDENT_FILE = "dl_in_iot_course/l02_quantization/quantization_experiments.py"
LOST, PASSED, UNSCORED = 1, 0, 3
SCHEMA = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))


def empty(folder: Path) -> str:
    return "the folder is empty"


def other_work(folder: Path) -> str:
    (folder / "README.md").write_text("My work\n")
    (folder / "main.py").write_text("raise SystemExit\n")
    return f"no {STUDENT_FILE} in the submission"


def elsewhere(folder: Path) -> str:
    (folder / "lab2").mkdir()
    (folder / "lab2" / "quantization_experiments.py").write_text("class FP32Model: ...\n")
    return f"no {STUDENT_FILE} in the submission; found lab2/quantization_experiments.py instead"


def a_link_of_that_name(folder: Path) -> str:
    (folder / STUDENT_FILE).parent.mkdir(parents=True)
    (folder / STUDENT_FILE).symlink_to("/etc/hostname")
    return f"no {STUDENT_FILE} in the submission"


@dataclass(frozen=True)
class Graded:
    """One call of pytest, the scorecard that it wrote, the folder of its reports, and what the submission lacked."""

    ended: Any
    card: Any
    report: Path
    lacks: str


Grade = Callable[..., Graded]


@pytest.fixture(scope="module")
def graded(run: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Grade:
    """Grades a folder that a function filled; the same call is made once. No server is started."""

    @cache
    def grade(fill: Callable[[Path], str], *arguments: str) -> Graded:
        folder = tmp_path_factory.mktemp("submissions") / "ada"
        folder.mkdir()
        lacks, report = fill(folder), folder.parent / "report"
        told = (f"--submission={folder}", "--lab=l02", f"--report-dir={report}", *arguments)
        ended = run("graders", *told, plugins=("unused_servers", "imported"))
        card = json.loads((report / "scorecard.json").read_text(encoding="utf-8"))
        return Graded(ended, card, report, lacks)

    return grade


LACKING = [empty, other_work, elsewhere, a_link_of_that_name]


@pytest.mark.parametrize("fill", LACKING)
def test_everything_is_missing(fill: Callable[[Path], str], graded: Grade) -> None:
    """Every measured criterion is missing, with a reason that says what was sought; the scorecard is written; exit 1."""
    found = graded(fill)
    assert found.ended.code == LOST
    jsonschema.Draft202012Validator(SCHEMA).validate(found.card)
    assert found.card["submission"] == "ada"
    # Outside of any repository there is no history to judge; in an empty folder there is nothing at all.
    pending = 2 if fill is empty else 4
    assert found.card["points"] == {"earned": 0, "automatic": 20 - pending, "pending": pending, "maximum": 20}
    (lab,) = found.card["labs"]
    assert {criterion["verdict"] for criterion in lab["criteria"]} == {"missing", "pending"}
    for criterion in lab["criteria"]:
        if criterion["verdict"] == "missing" and criterion["id"].split(".")[1] != "summary":
            assert criterion["reason"]["measured"].startswith(found.lacks)


@pytest.mark.parametrize("fill", LACKING)
def test_one_line_says_what_was_sought(fill: Callable[[Path], str], graded: Grade) -> None:
    """A reason is told once for all criteria that it holds for; the output ends with the report's place and the score."""
    found = graded(fill)
    reasons = [line.split(maxsplit=1)[1] for line in found.ended.lines if line.split()[0] == "measured"]
    assert reasons[0].startswith(found.lacks)
    lacking = ["no summary in summaries/l02_quantization", "the submission is not in a git repository"]
    assert reasons[1:] == ([] if fill is empty else lacking)
    points = "0 of 18 points, 2 more" if fill is empty else "0 of 16 points, 4 more"
    assert found.ended.lines[-1] == f"l02_quantization  {points} to be graded manually"
    assert found.ended.lines[-2] == f"For manual grading: {found.report / 'marks.toml'}"
    assert found.ended.lines[-3] == f"report: {found.report / 'report.html'}"
    assert "Traceback" not in found.ended.out + found.ended.err


@pytest.mark.parametrize("fill", LACKING)
def test_nothing_is_imported_for_nothing(fill: Callable[[Path], str], graded: Grade) -> None:
    """The grader imports neither TensorFlow nor scikit-learn nor LiteRT for a submission without the lab."""
    assert not {name.split(".")[0] for name in graded(fill).ended.imported} & {
        "tensorflow",
        "sklearn",
        "ai_edge_litert",
    }


def test_the_report_is_there(graded: Grade) -> None:
    """The HTML report is written too, and names the submission."""
    assert "ada" in (graded(other_work).report / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("arguments", "code"), [(["--exit-zero"], PASSED), (["--fail-under=0"], PASSED)])
def test_exit_codes_can_be_asked_for(arguments: list[str], code: int, graded: Grade) -> None:
    """--exit-zero and --fail-under decide the exit code of a real call too."""
    assert graded(empty, *arguments).ended.code == code


@pytest.mark.parametrize("arguments", [["-k", "fp32"], ["--benchmark-only"]])
def test_what_was_not_asked_for_is_no_pass(arguments: list[str], graded: Grade) -> None:
    """Criteria whose tests were deselected or skipped are unscored, and the exit code says that something is."""
    found = graded(other_work, *arguments)
    verdicts = {criterion["id"]: criterion["verdict"] for criterion in found.card["labs"][0]["criteria"]}
    assert set(verdicts.values()) == {"missing", "unscored", "pending"}
    pending = {name for name, verdict in verdicts.items() if verdict == "pending"}
    assert pending == {f"l02.question.{number}" for number in range(1, 5)}
    assert found.ended.code == UNSCORED


def test_graded_again_it_is_the_same(graded: Grade) -> None:
    """Graded twice, a folder has the same scorecard but for durations; the command line's seed is all that differs."""
    again, before = graded(other_work, "--seed=77").card, graded(other_work).card
    assert again["seed"] == 77
    for card in (again, before):
        del card["seed"], card["seed_from"]
        for lab in card["labs"]:
            del lab["seed"]
    assert without_times(again) == without_times(before)
