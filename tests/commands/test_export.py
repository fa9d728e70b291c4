"""``python -m graders export``: from files to files, with exit codes and one line of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graders import cli
from tests.reports import samples

SHEET = "Student,ID,SIS Login ID,Section,Lab (7)\nAda,1,ada-lovelace,S,\nAlan,2,alan-turing,S,4\nEve,3,eve,S,1\n"


def put(folder: Path, card: dict[str, Any]) -> Path:
    path = folder / card["submission"] / "scorecard.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(card), encoding="utf-8")
    return path


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    for sample in (samples.full_marks, samples.five_mistakes, samples.unscored):
        put(tmp_path / "cohort", sample())
    return tmp_path / "cohort"


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "grades.csv"
    path.write_text(SHEET, encoding="utf-8")
    return path


def export(*words: object) -> int:
    return cli.main(["export", *map(str, words)])


@pytest.mark.parametrize("format_", ["gradescope", "reporter", "classroom50", "junit", "csv", "markdown"])
def test_every_format_goes_to_a_file_or_to_standard_output(
    format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same text, byte for byte but for the hour of Classroom 50's."""
    for name, value in {
        "CLASSROOM": "c",
        "ASSIGNMENT": "a",
        "GITHUB_REPOSITORY": "o/r",
        "COMMIT_DATE": "2026-06-01T14:32:01Z",
    }.items():
        monkeypatch.setenv(name, value)
    card = put(tmp_path, samples.full_marks())
    assert export(card, "--to", format_) == 0
    told = capsys.readouterr().out
    assert export(card, "--to", format_, "-o", tmp_path / "new" / "out") == 0
    assert (tmp_path / "new" / "out").read_bytes().decode() == told
    assert len(told) > 100


def test_a_sheet_is_only_looked_at_until_asked(cohort: Path, sheet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --write nothing is written; with it, a new file beside the sheet; unscored is 3 and its cell stays."""
    words = (cohort, "--to", "canvas", "--sheet", sheet, "--assignment", "Lab", "--lab", "l02")
    assert export(*words) == 3
    told = capsys.readouterr().out
    assert "Ada: no mark → 18 (2 more to be graded manually)" in told
    assert "left alone: Alan: 3 criteria could not be graded, which is no zero; the cell is left as it is" in told
    assert "left alone: grace-hopper: no such student in the sheet; name one by --match" in told
    assert "1 marks change, 0 are there already, 2 left alone" in told
    assert "nothing was written" in told
    assert sorted(path.name for path in sheet.parent.iterdir()) == ["cohort", "grades.csv"]
    assert export(*words, "--write") == 3
    filled = sheet.with_suffix(".filled.csv").read_text(encoding="utf-8")
    assert filled == SHEET.replace("Ada,1,ada-lovelace,S,\n", '"Ada","1","ada-lovelace","S","18"\n')
    assert sheet.read_text(encoding="utf-8") == SHEET


def test_exit_code_tells_of_what_was_left_alone(tmp_path: Path, sheet: Path) -> None:
    """1 where a submission found no student, 0 where all is filled."""
    ada, grace = put(tmp_path, samples.full_marks()), put(tmp_path, samples.five_mistakes())
    words = ("--to", "canvas", "--sheet", sheet, "--assignment", "7")
    assert export(ada, *words) == 0
    assert export(ada, grace, *words) == 1
    match = tmp_path / "match.csv"
    match.write_text("submission,student\ngrace-hopper,eve\n", encoding="utf-8")
    assert export(ada, grace, *words, "--match", match) == 0


@pytest.mark.parametrize("format_", ["gradescope", "reporter", "classroom50"])
def test_what_is_no_mark_is_not_exported(format_: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, one line, and no file that a reader could take for a zero."""
    card = put(tmp_path, samples.unscored())
    assert export(card, "--to", format_, "-o", tmp_path / "out") == 3
    assert not (tmp_path / "out").exists()
    assert "could not be graded" in capsys.readouterr().err


@pytest.mark.parametrize("format_", ["junit", "csv", "markdown"])
def test_lists_name_who_has_no_mark(format_: str, cohort: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(cohort, "--to", format_) == 3
    told = capsys.readouterr()
    assert "alan-turing: 3 criteria could not be graded: no mark" in told.err
    assert "grace" in told.out


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in ("CLASSROOM", "ASSIGNMENT", "OWNER", "USERNAME", "SUBMISSION_TAG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_github_gets_its_four(
    runner: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A summary, outputs of one line each, annotations, and Classroom 50's file where its names are known."""
    card = put(runner, samples.five_mistakes())
    assert export(card, "--to", "github") == 0
    assert not (card.parent / "result.json").exists()
    assert (runner / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8").startswith("## grace-hopper: ")
    names = [line.partition("=")[0] for line in (runner / "GITHUB_OUTPUT").read_text(encoding="utf-8").splitlines()]
    assert names == ["earned", "automatic", "pending", "maximum", "result"]
    assert all(line.startswith("::error ") for line in capsys.readouterr().out.splitlines())
    monkeypatch.setenv("CLASSROOM", "c")
    monkeypatch.setenv("ASSIGNMENT", "a")
    monkeypatch.setenv("GITHUB_REPOSITORY", "o/r")
    monkeypatch.setenv("GITHUB_SHA", "abc")
    assert export(card, "--to", "github", "-o", runner / "there") == 0
    assert json.loads((runner / "there" / "result.json").read_text(encoding="utf-8"))["max-score"] == 32


def test_github_without_a_mark_has_a_summary_and_no_outputs(runner: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reader of the outputs finds none, which it takes for an error and not for a zero."""
    assert export(put(runner, samples.unscored()), "--to", "github") == 3
    assert not (runner / "GITHUB_OUTPUT").exists()
    assert "so this is no mark" in (runner / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert "::warning title=optgrade::3 criteria could not be graded" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere", "--to", "csv"), "no scorecard.json there; pytest graders --submission PATH writes one"),
        (("{cohort}", "--to", "gradescope"), "--to gradescope takes one scorecard, not 3"),
        (("{cohort}", "--to", "csv", "--lab", "l09"), "--lab l09: the scorecard has l02_quantization"),
        (("{cohort}", "--to", "canvas"), "download it, and give --sheet FILE"),
        (("{cohort}", "--to", "canvas", "--sheet", "{sheet}"), "needs --assignment TITLE"),
        (("{cohort}", "--to", "moodle", "--sheet", "{sheet}"), "not a Moodle grading worksheet"),
        (("{cohort}", "--to", "canvas", "--sheet", "nowhere.csv", "--assignment", "1"), "nowhere.csv: can't be read"),
        (("{sheet}", "--to", "csv"), "can't be read"),
        (("{cohort}", "--to", "csv", "-o", "{sheet}/x"), "can't be written"),
    ],
)
def test_wrong_words_are_told_in_one_line(
    words: tuple[str, ...], told: str, cohort: Path, sheet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(*(word.format(cohort=cohort, sheet=sheet) for word in words)) == 4
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
